//! Why a collectstatic failed: from what the runner saw of the exception, not from its prose.

use super::DjangoError;
use super::detect::settings_beside;
use super::report::{Failure, Report, Step};
use super::runner::Runner;
use crate::command::Finished;
use crate::config::env_vars::DJANGO_SETTINGS_MODULE;

#[derive(Debug)]
pub(crate) struct DjangoFailure {
    pub(crate) command: String,
    pub(crate) status: Option<i32>,
    pub(crate) reason: DjangoFailureReason,
    /// `path:line` of the app.
    pub(crate) place: Option<String>,
    /// The end of what the command printed.
    pub(crate) output: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DjangoFailureReason {
    MissingVariable {
        name: String,
    },
    MissingModule {
        name: String,
        settings: Option<String>,
    },
    /// `DJANGO_SETTINGS_MODULE` names nothing.
    NoSuchSettings {
        module: String,
        beside: Vec<String>,
    },
    /// `django.contrib.staticfiles` is not installed: there is no such command.
    UnknownCommand {
        settings: Option<String>,
    },
    /// A stylesheet or module refers to a file that is not there.
    MissingReference {
        message: String,
    },
    BadSettings {
        message: String,
    },
    SettingsNotConfigured,
    Permission {
        message: String,
    },
    Compress {
        message: String,
    },
    SyntaxError {
        message: String,
    },
    Other {
        kind: String,
        message: String,
    },
    /// The process ended without a word that the runner could hear.
    Died,
}

/// How much of a command's output an error shows.
const SHOWN_LINES: usize = 25;

pub(super) fn diagnose(
    command: String,
    report: Option<Report>,
    finished: &Finished,
    runner: &Runner<'_>,
) -> DjangoError {
    let failure = report.as_ref().and_then(|report| report.failure.clone());
    let settings = report.and_then(|report| report.settings_module);
    if let Some(failure) = &failure
        && failure.missing_module.as_deref() == Some("django")
    {
        return DjangoError::NoDjango {
            python: runner.python.clone(),
        };
    }
    let place = failure.as_ref().and_then(|failure| failure.file.clone());
    DjangoError::Failed(Box::new(DjangoFailure {
        command,
        status: finished.status.code(),
        reason: failure.map_or(DjangoFailureReason::Died, |failure| {
            no_such_settings(&failure, runner).unwrap_or_else(|| reason(failure, settings))
        }),
        place,
        output: last_lines(&finished.output),
    }))
}

/// Where the module that can't be imported is the one that was chosen.
fn no_such_settings(failure: &Failure, runner: &Runner<'_>) -> Option<DjangoFailureReason> {
    let chosen = runner.env.text(DJANGO_SETTINGS_MODULE.name)?;
    (failure.missing_module.as_deref() == Some(chosen)).then(|| {
        DjangoFailureReason::NoSuchSettings {
            module: chosen.to_owned(),
            beside: settings_beside(runner.folder(), chosen),
        }
    })
}

fn reason(failure: Failure, settings: Option<String>) -> DjangoFailureReason {
    let is = |class: &str| failure.mro.iter().any(|name| name == class);
    let message = failure.message;
    if let Some(name) = failure.missing_variable {
        return DjangoFailureReason::MissingVariable { name };
    }
    if let Some(name) = failure.missing_module {
        return DjangoFailureReason::MissingModule { name, settings };
    }
    if message.contains("Unknown command") {
        return if message.contains("No Django settings specified") {
            DjangoFailureReason::SettingsNotConfigured
        } else {
            DjangoFailureReason::UnknownCommand { settings }
        };
    }
    if message.contains("You must either define the environment variable DJANGO_SETTINGS_MODULE") {
        return DjangoFailureReason::SettingsNotConfigured;
    }
    if is("PermissionError") {
        return DjangoFailureReason::Permission { message };
    }
    if is("SyntaxError") {
        return DjangoFailureReason::SyntaxError { message };
    }
    if failure.step == Step::Compress {
        return DjangoFailureReason::Compress { message };
    }
    if failure.step == Step::Collectstatic && message.contains("could not be found") {
        return DjangoFailureReason::MissingReference { message };
    }
    if is("django.core.exceptions.ImproperlyConfigured") {
        return DjangoFailureReason::BadSettings { message };
    }
    DjangoFailureReason::Other {
        kind: failure.kind,
        message,
    }
}

fn last_lines(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(step: Step, kind: &str, message: &str) -> Failure {
        Failure {
            step,
            kind: kind.to_owned(),
            mro: vec![kind.to_owned()],
            message: message.to_owned(),
            missing_module: None,
            missing_variable: None,
            file: None,
        }
    }

    #[test]
    fn reasons_of_what_the_runner_saw() {
        const IMPROPER: &str = "django.core.exceptions.ImproperlyConfigured";
        const COMMAND: &str = "django.core.management.base.CommandError";
        for (step, kind, message, expected) in [
            (
                Step::Settings,
                COMMAND,
                "Unknown command: 'collectstatic'",
                DjangoFailureReason::UnknownCommand { settings: None },
            ),
            (
                Step::Settings,
                COMMAND,
                "No Django settings specified. Unknown command: 'collectstatic'",
                DjangoFailureReason::SettingsNotConfigured,
            ),
            (
                Step::Collectstatic,
                "ValueError",
                "The file 'a.png' could not be found with <…>.",
                DjangoFailureReason::MissingReference {
                    message: "The file 'a.png' could not be found with <…>.".to_owned(),
                },
            ),
            (
                Step::Settings,
                IMPROPER,
                "The X setting",
                DjangoFailureReason::BadSettings {
                    message: "The X setting".to_owned(),
                },
            ),
            (
                Step::Settings,
                "RuntimeError",
                "no",
                DjangoFailureReason::Other {
                    kind: "RuntimeError".to_owned(),
                    message: "no".to_owned(),
                },
            ),
        ] {
            assert_eq!(reason(failure(step, kind, message), None), expected);
        }
    }

    #[test]
    fn last_lines_keeps_the_end() {
        let output: Vec<String> = (0..100).map(|line| line.to_string()).collect();
        let kept = last_lines(&output.join("\n"));
        assert_eq!(kept.lines().count(), SHOWN_LINES);
        assert!(kept.ends_with("99"));
    }
}
