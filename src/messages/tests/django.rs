use super::*;
use crate::command::Finished;
use crate::framework::django::StandIn;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

const PYTHON_PACKAGES: &str = "/usr/lib/python3/dist-packages";

#[test]
fn django() {
    let errors = failures().chain(other_errors()).chain(link_errors());
    let messages: Vec<Message> = errors.map(|error| error.explain()).collect();
    compare("django", &messages);
}

fn failures() -> impl Iterator<Item = DjangoError> {
    let reasons = [
        DjangoFailureReason::MissingVariables(vec![StandIn::of("DATABASE_URL")]),
        DjangoFailureReason::MissingVariables(vec![
            StandIn::of("DATABASE_URL"),
            StandIn::of("SMTP_PORT"),
        ]),
        DjangoFailureReason::NoSuchSettings("config.prod".to_owned()),
        DjangoFailureReason::MissingModule("debug_toolbar".to_owned()),
        DjangoFailureReason::UnknownCommand,
        DjangoFailureReason::SettingsNotConfigured,
        DjangoFailureReason::MissingReference,
        DjangoFailureReason::Other("RuntimeError".to_owned()),
        DjangoFailureReason::Observing("AttributeError".to_owned()),
    ];
    reasons.into_iter().map(|reason| {
        DjangoError::Failed(Box::new(DjangoFailure {
            command: "python manage.py collectstatic --noinput".to_owned(),
            status: Some(1),
            reason,
            message: "The message of the app.".to_owned(),
            settings: Some("config.settings".to_owned()),
            other_settings: vec!["config.production".to_owned(), "config.local".to_owned()],
            build_env: vec![("A".to_owned(), "1".to_owned())],
            place: Some("config/settings.py:12".to_owned()),
            output: "The end of the output.".to_owned(),
        }))
    })
}

fn other_errors() -> impl Iterator<Item = DjangoError> {
    [
        DjangoError::NoPython("/usr/bin:/bin".to_owned()),
        DjangoError::NoDjango("/usr/bin/python3".into()),
        DjangoError::Command(
            "STATIC_ASSETS_BEFORE_COLLECT",
            "npm run build".to_owned(),
            finished(9, "sh: npm: not found"),
        ),
        DjangoError::Command(
            "STATIC_ASSETS_COLLECT_COMMAND",
            "make static".to_owned(),
            finished(0, ""),
        ),
        DjangoError::Start(CommandError::NotFound {
            program: "sh".to_owned(),
            path: "/nowhere".to_owned(),
        }),
    ]
    .into_iter()
}

fn finished(raw_status: i32, output: &str) -> Finished {
    Finished {
        status: ExitStatus::from_raw(raw_status),
        output: output.to_owned(),
        duration: Duration::ZERO,
    }
}

fn link_errors() -> impl Iterator<Item = DjangoError> {
    link_problems().into_iter().map(|why| {
        let snippet = match &why {
            DjangoLinkProblem::CompressesAtRunTime(_) => "COMPRESS_OFFLINE = True",
            _ => "STATIC_URL = os.environ.get(\"STATIC_URL\", \"/static/\")",
        };
        let snippet = snippet.to_owned();
        DjangoError::NotFollowing(Box::new(NotFollowing { why, snippet }))
    })
}

fn link_problems() -> [DjangoLinkProblem; 10] {
    let storage = || "shop.storage.Hashed".to_owned();
    [
        DjangoLinkProblem::InjectOff,
        DjangoLinkProblem::InjectNowhere,
        DjangoLinkProblem::Debug {
            settings: Some("config.settings".to_owned()),
            beside: vec!["config.production".to_owned()],
            variable: Some("DJANGO_DEBUG".to_owned()),
        },
        DjangoLinkProblem::Debug {
            settings: Some("shop.settings".to_owned()),
            beside: Vec::new(),
            variable: None,
        },
        DjangoLinkProblem::Emits {
            name: "web/app.css".to_owned(),
            url: "https://elsewhere.example.com/web/app.css".to_owned(),
            storage: storage(),
        },
        DjangoLinkProblem::StaticFails {
            error: "ValueError: no such entry".to_owned(),
            storage: storage(),
        },
        DjangoLinkProblem::CompressesAtRunTime("web/templates/base.html".into()),
        DjangoLinkProblem::PackagesNotDeployed(PYTHON_PACKAGES.into()),
        DjangoLinkProblem::PackagesNotWritable {
            packages: PYTHON_PACKAGES.into(),
            error: denied_io().to_string(),
        },
        DjangoLinkProblem::PackagesUnknown("Segmentation fault".to_owned()),
    ]
}
