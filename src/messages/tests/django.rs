use super::*;

#[test]
#[allow(clippy::too_many_lines, reason = "one line for each text")]
fn django() {
    let module = || Some("config.settings".to_owned());
    let message = || "The message of the app.".to_owned();
    let reasons = [
        DjangoFailureReason::MissingVariable {
            name: "DATABASE_URL".to_owned(),
        },
        DjangoFailureReason::NoSuchSettings {
            module: "config.prod".to_owned(),
            beside: vec!["config.production".to_owned(), "config.local".to_owned()],
        },
        DjangoFailureReason::MissingModule {
            name: "debug_toolbar".to_owned(),
            settings: module(),
        },
        DjangoFailureReason::UnknownCommand { settings: module() },
        DjangoFailureReason::MissingReference {
            message: "The file 'web/missing.png' could not be found.".to_owned(),
        },
        DjangoFailureReason::BadSettings { message: message() },
        DjangoFailureReason::SettingsNotConfigured,
        DjangoFailureReason::Permission { message: message() },
        DjangoFailureReason::Compress { message: message() },
        DjangoFailureReason::SyntaxError { message: message() },
        DjangoFailureReason::Other {
            kind: "RuntimeError".to_owned(),
            message: message(),
        },
        DjangoFailureReason::Died,
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
        DjangoLinkProblem::InjectOff,
        DjangoLinkProblem::InjectNowhere,
        DjangoLinkProblem::Debug {
            settings: module(),
            beside: vec!["config.production".to_owned()],
        },
        DjangoLinkProblem::Emits {
            name: "web/app.css".to_owned(),
            url: "https://elsewhere.example.com/web/app.css".to_owned(),
        },
        DjangoLinkProblem::StaticFails {
            error: "ValueError: no such entry".to_owned(),
        },
        DjangoLinkProblem::Unreachable {
            output: String::new(),
        },
        DjangoLinkProblem::CompressesAtRunTime {
            template: "web/templates/base.html".into(),
        },
        DjangoLinkProblem::HookBlocked(HookBlocked::NotDeployed {
            packages: "/usr/lib/python3/dist-packages".into(),
        }),
        DjangoLinkProblem::HookBlocked(HookBlocked::NotWritable {
            packages: "/usr/lib/python3/dist-packages".into(),
            error: denied_io(),
        }),
        DjangoLinkProblem::HookBlocked(HookBlocked::Unknown {
            output: "Segmentation fault".to_owned(),
        }),
    ];
    let not_following = causes.map(|why| {
        DjangoError::NotFollowing(Box::new(NotFollowing {
            why,
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
