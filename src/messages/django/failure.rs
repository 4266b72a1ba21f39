//! Texts of a collectstatic that failed.

use super::{Explain, Kind, Message, listed, status_text};
use crate::framework::django::{DjangoFailure, DjangoFailureReason, StandIn};
use indoc::{formatdoc, indoc};

impl Explain for DjangoFailure {
    fn explain(&self) -> Message {
        let status = status_text(self.status);
        let place = self.place.as_ref();
        let place = place.map_or_else(String::new, |place| format!(" at {place}"));
        let text = reason_text(self);
        let (title, text) = text.split_once('\n').unwrap_or((&text, ""));
        let (command, text) = (&self.command, text.trim_start());
        let body = format!("'{command}' failed with {status}{place}.\n\n{text}");
        Message::new(Kind::App, title, body).with_details(&self.output)
    }
}

/// Composes a title and, from the next line on, a text.
#[allow(clippy::too_many_lines, reason = "one text for each reason")]
fn reason_text(failure: &DjangoFailure) -> String {
    let of_exception = |title: &str, fix: &str| format!("{title}\n{}\n\n{fix}", failure.message);
    let settings = failure.settings.as_deref().unwrap_or("the settings");
    // Settings of tests or development are beside those of production.
    let other = failure
        .other_settings
        .first()
        .filter(|it| it.contains("prod"));
    let if_other = || match other {
        Some(_) => format!("If production has other settings{}", choose_settings(other)),
        None => "If production has other settings, name them in DJANGO_SETTINGS_MODULE.".to_owned(),
    };
    match &failure.reason {
        DjangoFailureReason::MissingVariables(missing) => {
            missing_variables(missing, &failure.build_env)
        }
        DjangoFailureReason::NoSuchSettings(module) => {
            let beside = &failure.other_settings;
            let list = listed(beside, |module| format!("DJANGO_SETTINGS_MODULE={module}"));
            let text = match beside.as_slice() {
                [] => {
                    "It names the app's settings by their dotted path, relative to the directory of manage.py."
                }
                _ => "It names the app's settings by their dotted path. The app has these:\n",
            };
            format!("DJANGO_SETTINGS_MODULE={module}: no such module\n{text}{list}")
        }
        DjangoFailureReason::MissingModule(name) => formatdoc! {"
            Python can't import '{name}'
            If production needs '{name}', add it to the dependencies that production installs. If only development
            needs it, build with the settings of production in place of {settings}{}",
            choose_settings(other)
        },
        DjangoFailureReason::UnknownCommand => formatdoc! {"
            'django.contrib.staticfiles' is not in INSTALLED_APPS
            Without it, Django has no command 'collectstatic' ({settings}). If the app has static files, add it:
              INSTALLED_APPS = [..., \"django.contrib.staticfiles\"]
            If the app has no static files:
              STATIC_ASSETS_DISABLE=1
            {}",
            if_other()
        },
        DjangoFailureReason::SettingsNotConfigured => {
            let found = &failure.other_settings;
            let list = listed(found, |module| format!("DJANGO_SETTINGS_MODULE={module}"));
            let text = match found.as_slice() {
                [] => "Django does not know which settings to use. Name them by their dotted path.",
                _ => "Django does not know which settings to use. The app has these:\n",
            };
            of_exception(
                "DJANGO_SETTINGS_MODULE is not set",
                &format!("{text}{list}"),
            )
        }
        DjangoFailureReason::MissingReference => of_exception(
            "A stylesheet or script refers to a missing file",
            indoc! {"
                The storage in the settings hashes file names, so it follows every url(...) and source map. Add the
                file, remove the reference, or use a storage that keeps the names. Browsers still load changed files,
                because each version has its own URL:
                  STORAGES[\"staticfiles\"] = {
                      \"BACKEND\": \"django.contrib.staticfiles.storage.StaticFilesStorage\"}"},
        ),
        DjangoFailureReason::BadSettings => of_exception(
            "The settings can't be used in the build",
            &formatdoc! {"
                If only the build lacks a value, give it to the build alone:
                  STATIC_ASSETS_BUILD_ENV=\"NAME=value\"
                {}", if_other()},
        ),
        DjangoFailureReason::Permission => of_exception(
            "collectstatic may not use a file",
            "Likeliest cause: the build does not run as root, and the settings or an installed app use this path at \
             start. A path under the app's directory works.",
        ),
        DjangoFailureReason::Compress => of_exception(
            "django-compressor failed",
            indoc! {"
                COMPRESS_OFFLINE is on, so 'compress' ran after collectstatic. If a block asks for a file that another
                command writes, run both in STATIC_ASSETS_COLLECT_COMMAND. If a template needs variables that only a
                request has, set them in COMPRESS_OFFLINE_CONTEXT. Or switch compression off, if no block has a type
                of COMPRESS_PRECOMPILERS:
                  COMPRESS_ENABLED = False"},
        ),
        DjangoFailureReason::SyntaxError => of_exception(
            "This Python can't read the app's code",
            "Likeliest cause: the app is written for another version of Python. .python-version chooses it.",
        ),
        DjangoFailureReason::Other(class) => of_exception(
            &format!("collectstatic failed: {class}"),
            &format!(
                "To see the whole traceback on your machine, give collectstatic the option --traceback. The build ran:\n  {}",
                failure.command
            ),
        ),
        DjangoFailureReason::Observing(class) => of_exception(
            &format!("The links of the app can't be checked: {class}"),
            "collectstatic itself succeeded. Then this build asked Django and the app's storage where links lead, and \
             that raised. If it is the app's own code, the end of the output shows where. Otherwise please report it, \
             with the versions of Python and Django:\n  https://github.com/static-assets/static-assets/issues",
        ),
        DjangoFailureReason::Died => of_exception(
            "collectstatic ended without a report",
            "The process was killed or exited by itself before it could report. Likeliest cause: it ran out of \
             memory. The end of its output follows.",
        ),
    }
}

/// Ends a sentence that asks for other settings. Only a module that exists is named.
pub(super) fn choose_settings(module: Option<&String>) -> String {
    match module {
        Some(module) => format!(":\n  DJANGO_SETTINGS_MODULE={module}"),
        None => ", by DJANGO_SETTINGS_MODULE.".to_owned(),
    }
}

fn missing_variables(missing: &[StandIn], given: &[(String, String)]) -> String {
    let names: Vec<&str> = missing.iter().map(|it| it.name.as_str()).collect();
    let names = names.join(", ");
    let (verb, real, default, them) = match missing {
        [_] => ("is", "no real value of it", "it a default", "it"),
        _ => ("are", "no real values of them", "them defaults", "them"),
    };
    // The line replaces the one that is set already.
    let given = given
        .iter()
        .map(|(name, value)| shell_words::quote(&format!("{name}={value}")).into_owned());
    let pairs: Vec<String> = given
        .chain(missing.iter().map(StandIn::to_string))
        .collect();
    formatdoc! {"
        {names} {verb} not set in the build
        The settings need {them}. collectstatic needs {real}, but the running app does. To set a stand-in for the
        build alone:
          STATIC_ASSETS_BUILD_ENV=\"{}\"
        Or give {default} in the settings.",
        pairs.join(" ")
    }
}
