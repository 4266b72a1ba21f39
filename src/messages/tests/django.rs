use super::*;

#[test]
#[allow(clippy::too_many_lines, reason = "one line for each text")]
fn django() {
    let module = || Some("config.settings".to_owned());
    let message = || "The message of the app.".to_owned();
    let reasons = [
        Reason::MissingVariable {
            name: "DATABASE_URL".to_owned(),
        },
        Reason::NoSuchSettings {
            module: "config.prod".to_owned(),
            beside: vec!["config.production".to_owned(), "config.local".to_owned()],
        },
        Reason::MissingModule {
            name: "debug_toolbar".to_owned(),
            settings: module(),
        },
        Reason::UnknownCommand { settings: module() },
        Reason::MissingReference {
            message: "The file 'web/missing.png' could not be found.".to_owned(),
        },
        Reason::BadSettings { message: message() },
        Reason::SettingsNotConfigured,
        Reason::Permission { message: message() },
        Reason::Compress { message: message() },
        Reason::SyntaxError { message: message() },
        Reason::Other {
            kind: "RuntimeError".to_owned(),
            message: message(),
        },
        Reason::Died,
    ];
    let failures = reasons.map(|reason| {
        DjangoError::Failed(Box::new(DjangoFailure {
            command: "python manage.py collectstatic --noinput".to_owned(),
            status: Some(1),
            reason,
            place: Some("config/settings.py:12".to_owned()),
            output: "The end of the output.".to_owned(),
        }))
    });
    let causes = [
        NotFollowingCause::InjectOff,
        NotFollowingCause::InjectNowhere,
        NotFollowingCause::Debug {
            settings: module(),
            beside: vec!["config.production".to_owned()],
        },
        NotFollowingCause::Emits {
            name: "web/app.css".to_owned(),
            url: "https://elsewhere.example.com/web/app.css".to_owned(),
        },
        NotFollowingCause::StaticFails {
            error: "ValueError: no such entry".to_owned(),
        },
        NotFollowingCause::Unreachable {
            output: String::new(),
        },
        NotFollowingCause::CompressesAtRunTime {
            template: "web/templates/base.html".into(),
        },
        NotFollowingCause::HookBlocked(HookBlocked::NotDeployed {
            packages: "/usr/lib/python3/dist-packages".into(),
        }),
        NotFollowingCause::HookBlocked(HookBlocked::NotWritable {
            packages: "/usr/lib/python3/dist-packages".into(),
            error: denied_io(),
        }),
        NotFollowingCause::HookBlocked(HookBlocked::Unknown {
            output: "Segmentation fault".to_owned(),
        }),
    ];
    let not_following = causes.map(|cause| {
        DjangoError::NotFollowing(Box::new(NotFollowing {
            cause,
            own_url: Some("/static/".to_owned()),
            snippet: "STATIC_URL = os.environ.get(\"STATIC_URL\", \"/static/\")".to_owned(),
        }))
    });
    let others = [
        DjangoError::NoPython {
            path: "/usr/bin:/bin".to_owned(),
        },
        DjangoError::NoDjango {
            python: "/usr/bin/python3".into(),
        },
        DjangoError::Command {
            setting: "STATIC_ASSETS_BEFORE_COLLECT",
            line: "npm run build".to_owned(),
            status: Some(127),
            output: "sh: npm: not found".to_owned(),
        },
        DjangoError::NothingCollected {
            line: "make static".to_owned(),
            output: String::new(),
        },
        DjangoError::Start(CommandError::NotFound {
            program: "sh".to_owned(),
            path: "/nowhere".to_owned(),
        }),
        DjangoError::Start(CommandError::Io {
            command: "python x".to_owned(),
            error: denied_io(),
        }),
        DjangoError::Start(CommandError::Interrupted),
        DjangoError::Report(serde_json::from_str::<u8>("{").unwrap_err()),
        DjangoError::Io(denied_io()),
    ];
    let messages: Vec<Message> = failures
        .iter()
        .chain(&not_following)
        .chain(&others)
        .map(Explain::explain)
        .collect();
    compare("django", &messages);
}
