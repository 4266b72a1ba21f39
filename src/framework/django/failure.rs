//! Finds why a collectstatic failed, from the class of the exception if that tells.

use super::detect::DjangoEntry;
use super::error::{DjangoError, DjangoFailure, DjangoFailureReason};
use super::python::AppPython;
use super::report::{CollectReport, CollectStep, PythonFailure};
use super::settings_module::settings_beside;
use crate::command::Finished;
use crate::config::env_vars::{COLLECT_COMMAND, DJANGO_SETTINGS_MODULE};

/// How many lines of a command's output an error shows.
const SHOWN_LINES: usize = 25;

pub(super) fn diagnose(
    report: Option<CollectReport>,
    finished: Finished,
    python: &AppPython<'_>,
) -> DjangoError {
    let status = finished.status.code();
    let output = finished.output;
    let (failure, settings) = match report {
        Some(report) => (report.failure, report.settings_module),
        None => (None, None),
    };
    let command = python.ctx.config.framework.django.collect_command.clone();
    if let (None, Some(line)) = (&failure, command) {
        return if finished.status.success() {
            DjangoError::NothingCollected { line, output }
        } else {
            DjangoError::Command {
                setting: COLLECT_COMMAND.name,
                line,
                status,
                output,
            }
        };
    }
    let missing = failure
        .as_ref()
        .and_then(|failure| failure.missing_module.as_deref());
    if missing == Some("django") {
        let python = python.program.clone();
        return DjangoError::NoDjango { python };
    }
    let chosen = python.env.text(DJANGO_SETTINGS_MODULE.name);
    let no_such_settings = missing.filter(|missing| Some(*missing) == chosen);
    let no_such_settings = no_such_settings.map(|module| DjangoFailureReason::NoSuchSettings {
        module: module.to_owned(),
        beside: settings_beside(&python.ctx.app_dir, module),
    });
    let place = failure.as_ref().and_then(|failure| failure.place.clone());
    let reason = failure.map(|failure| reason_of(failure, settings));
    DjangoError::Failed(Box::new(DjangoFailure {
        command: shown_command(python.entry),
        status,
        reason: no_such_settings
            .or(reason)
            .unwrap_or(DjangoFailureReason::Died),
        place,
        output: last_lines(&output),
    }))
}

/// Shows the command as the user would type it: the runner runs the same one.
fn shown_command(entry: &DjangoEntry) -> String {
    let program = match entry {
        DjangoEntry::ManagePy(path) => path.display().to_string(),
        DjangoEntry::Module => "-m django".to_owned(),
    };
    format!("python {program} collectstatic --noinput")
}

fn reason_of(failure: PythonFailure, settings: Option<String>) -> DjangoFailureReason {
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
    if failure.step == CollectStep::Compress {
        return DjangoFailureReason::Compress { message };
    }
    if failure.step == CollectStep::Collectstatic && message.contains("could not be found") {
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

/// Returns the last lines of an output.
fn last_lines(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python_failure(step: CollectStep, kind: &str, message: &str) -> PythonFailure {
        PythonFailure {
            step,
            kind: kind.to_owned(),
            mro: vec![kind.to_owned()],
            message: message.to_owned(),
            missing_module: None,
            missing_variable: None,
            place: None,
        }
    }

    #[test]
    fn reason_follows_from_the_exception() {
        const IMPROPER: &str = "django.core.exceptions.ImproperlyConfigured";
        const COMMAND: &str = "django.core.management.base.CommandError";
        for (step, kind, message, expected) in [
            (
                CollectStep::Settings,
                COMMAND,
                "Unknown command: 'collectstatic'",
                DjangoFailureReason::UnknownCommand { settings: None },
            ),
            (
                CollectStep::Settings,
                COMMAND,
                "No Django settings specified. Unknown command: 'collectstatic'",
                DjangoFailureReason::SettingsNotConfigured,
            ),
            (
                CollectStep::Collectstatic,
                "ValueError",
                "The file 'a.png' could not be found with <…>.",
                DjangoFailureReason::MissingReference {
                    message: "The file 'a.png' could not be found with <…>.".to_owned(),
                },
            ),
            (
                CollectStep::Settings,
                IMPROPER,
                "The X setting",
                DjangoFailureReason::BadSettings {
                    message: "The X setting".to_owned(),
                },
            ),
            (
                CollectStep::Settings,
                "RuntimeError",
                "no",
                DjangoFailureReason::Other {
                    kind: "RuntimeError".to_owned(),
                    message: "no".to_owned(),
                },
            ),
        ] {
            assert_eq!(
                reason_of(python_failure(step, kind, message), None),
                expected
            );
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
