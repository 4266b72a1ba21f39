//! Texts of a collectstatic that failed.

use super::{Explain, Kind, Message, listed, status_text};
use crate::config::env_vars::DJANGO_SETTINGS_MODULE;
use crate::framework::django::{DjangoFailure, DjangoFailureReason};
use indoc::formatdoc;

const VARIABLE: &str = DJANGO_SETTINGS_MODULE.name;

impl Explain for DjangoFailure {
    fn explain(&self) -> Message {
        let status = status_text(self.status);
        let place = self.place.as_ref();
        let place = place.map_or_else(String::new, |place| format!(" at {place}"));
        let header = format!("'{}' failed with {status}{place}.", self.command);
        let (title, text) = reason_text(&self.reason);
        Message::new(Kind::App, title, format!("{header}\n\n{text}")).with_details(&self.output)
    }
}

#[allow(
    clippy::too_many_lines,
    reason = "one text for each reason, in one place"
)]
fn reason_text(reason: &DjangoFailureReason) -> (String, String) {
    let (title, text) = match reason {
        DjangoFailureReason::MissingVariable { name } => {
            return (
                format!("{name} is not set in the build"),
                formatdoc! {"
                    The settings need {name}. collectstatic needs no real value of it. To give one to the build alone,
                    never to the running app:
                      STATIC_ASSETS_BUILD_ENV=\"{name}=unused-while-collecting\"
                    Or give {name} a default in the settings."
                },
            );
        }
        DjangoFailureReason::NoSuchSettings { module, beside } => {
            let list = listed(beside, |module| format!("{VARIABLE}={module}"));
            let text = if beside.is_empty() {
                format!("Name the settings of production:\n  {VARIABLE}=shop.settings")
            } else {
                format!("The same directory holds these settings:\n{list}")
            };
            return (format!("{VARIABLE}={module}: no such module"), text);
        }
        DjangoFailureReason::MissingModule { name, settings } => {
            let now = settings.as_ref();
            let now = now.map_or_else(String::new, |module| format!(" (now {module})"));
            return (
                format!("Python can't import '{name}'"),
                formatdoc! {"
                    Is '{name}' among the dependencies that production installs? If only development needs it, build
                    with the settings of production{now}:
                      {VARIABLE}=config.settings.production"
                },
            );
        }
        DjangoFailureReason::UnknownCommand { settings } => {
            let of = settings.as_ref();
            let of = of.map_or_else(String::new, |module| format!(" of {module}"));
            (
                "Django has no collectstatic here",
                formatdoc! {"
                    'django.contrib.staticfiles' is not in INSTALLED_APPS{of}. If the app has static files, add it:
                      INSTALLED_APPS = [..., \"django.contrib.staticfiles\"]
                    If production has other settings:
                      {VARIABLE}=config.settings.production
                    If the app has no static files:
                      STATIC_ASSETS_DISABLE=1"
                },
            )
        }
        DjangoFailureReason::SettingsNotConfigured => (
            "DJANGO_SETTINGS_MODULE is not set",
            format!("Django does not know which settings to use. Name them:\n  {VARIABLE}=shop.settings"),
        ),
        DjangoFailureReason::MissingReference { message } => (
            "A stylesheet refers to a missing file",
            formatdoc! {"
                {message}

                The storage in the settings hashes file names, so it follows every url(...) and source map. Add the
                file, remove the reference, or use a storage that keeps the names. Browsers still load changed files,
                because each version has its own URL:
                  STORAGES[\"staticfiles\"] = {{
                      \"BACKEND\": \"django.contrib.staticfiles.storage.StaticFilesStorage\"}}"
            },
        ),
        DjangoFailureReason::BadSettings { message } => (
            "The settings can't be used in the build",
            formatdoc! {"
                {message}

                If only the build lacks a value, give it to the build alone:
                  STATIC_ASSETS_BUILD_ENV=\"NAME=value\"
                If production has other settings:
                  {VARIABLE}=config.settings.production"
            },
        ),
        DjangoFailureReason::Permission { message } => (
            "collectstatic may not use a file",
            formatdoc! {"
                {message}

                Most builds don't run as root. The settings or an installed app use a path at start that this user
                can't use. A path under the app's directory works."
            },
        ),
        DjangoFailureReason::Compress { message } => (
            "django-compressor failed",
            formatdoc! {"
                {message}

                COMPRESS_OFFLINE is on, so 'compress' ran after collectstatic. If a template needs variables that only
                a request has, set them in COMPRESS_OFFLINE_CONTEXT. Or switch compression off:
                  COMPRESS_ENABLED = False"
            },
        ),
        DjangoFailureReason::SyntaxError { message } => (
            "This Python can't read the app's code",
            formatdoc! {"
                {message}

                Likeliest cause: the app is written for another version of Python. .python-version chooses it."
            },
        ),
        DjangoFailureReason::Other { kind, message } => (
            "collectstatic failed",
            formatdoc! {"
                {kind}: {message}

                To see the whole traceback on your machine:
                  python manage.py collectstatic --noinput --traceback"
            },
        ),
        DjangoFailureReason::Died => (
            "collectstatic ended without a report",
            "The process was killed or exited by itself before it could report. Likeliest cause: it ran out of \
             memory. The end of its output is below."
                .to_owned(),
        ),
    };
    (title.to_owned(), text)
}
