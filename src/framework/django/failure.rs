//! Finds why a collectstatic failed, from the class of the exception if that tells.

use super::detect::DjangoEntry;
use super::error::{DjangoError, DjangoFailure, DjangoFailureReason};
use super::python::AppPython;
use super::report::{CollectReport, PythonFailure};
use super::settings_module::{guess_settings_package, settings_package};
use super::stand_in::StandIn;
use crate::command::Finished;
use crate::config::env_vars::{COLLECT_COMMAND, DJANGO_SETTINGS_MODULE};

/// How many lines of a command's output an error shows.
const SHOWN_LINES: usize = 25;
const NO_SETTINGS: &str = "You must either define the environment variable DJANGO_SETTINGS_MODULE";

pub(super) fn diagnose(
    report: Option<CollectReport>,
    finished: Finished,
    missing_variables: Vec<StandIn>,
    python: &AppPython<'_>,
) -> Result<DjangoError, DjangoError> {
    let (failure, settings, django) = report.map_or((None, None, None), |it| {
        (it.failure, it.settings_module, it.django)
    });
    let died = failure.is_none();
    if let Some(line) = &python.ctx.config.framework.django.collect_command
        && died
    {
        return Ok(DjangoError::Command(
            COLLECT_COMMAND.name,
            line.clone(),
            finished,
        ));
    }
    let failure = failure.unwrap_or_default();
    let missing = failure.missing_module.as_deref();
    if missing.is_some() && django.is_none() && !has_django(python)? {
        return Ok(DjangoError::NoDjango(python.program.clone()));
    }
    let named = python.env.text(DJANGO_SETTINGS_MODULE.name);
    // The missing module is the settings module, or a package of its path.
    let named = named.filter(|named| {
        let rest = missing.and_then(|missing| named.strip_prefix(missing));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    let likely = guess_settings_package(&python.ctx.app_dir);
    let beside = |module| settings_package(python.command(), python.ctx, module);
    let mut other_settings = beside(named.or(settings.as_deref()).or(likely.as_deref()))?.others;
    if named.is_some() && other_settings.is_empty() {
        other_settings = beside(likely.as_deref())?.others;
    }
    let reason = match missing {
        _ if died => DjangoFailureReason::Died,
        Some(_) if let Some(named) = named => DjangoFailureReason::NoSuchSettings(named.to_owned()),
        _ if !missing_variables.is_empty() => {
            DjangoFailureReason::MissingVariables(missing_variables)
        }
        _ => reason_of(&failure),
    };
    let own_command = python.ctx.config.framework.django.collect_command.clone();
    let failure = DjangoFailure {
        command: own_command.unwrap_or_else(|| shown_command(python.entry)),
        status: finished.status.code(),
        reason,
        message: failure.message,
        settings,
        other_settings,
        build_env: python.ctx.config.framework.django.build_env.clone(),
        place: failure.place,
        output: last_lines(&finished.output),
    };
    Ok(Box::new(failure).into())
}

/// Whether this Python has Django. If it does not, the first package that is missing says little.
fn has_django(python: &AppPython<'_>) -> Result<bool, DjangoError> {
    const FIND: &str =
        "import importlib.util, sys; sys.exit(importlib.util.find_spec('django') is None)";
    Ok(python.run_code(&python.env, FIND)?.status.success())
}

/// Shows the command as the user would type it: the runner runs the same one.
fn shown_command(entry: &DjangoEntry) -> String {
    let program = match entry {
        DjangoEntry::ManagePy(path) => path.display().to_string(),
        DjangoEntry::Module => "-m django".to_owned(),
    };
    format!("python {program} collectstatic --noinput")
}

fn reason_of(failure: &PythonFailure) -> DjangoFailureReason {
    let is = |class: &str| failure.mro.iter().any(|name| name == class);
    let says = |text: &str| failure.message.contains(text);
    match failure.step.as_str() {
        _ if let Some(name) = &failure.missing_module => {
            DjangoFailureReason::MissingModule(name.clone())
        }
        _ if says("No Django settings specified") || says(NO_SETTINGS) => {
            DjangoFailureReason::SettingsNotConfigured
        }
        _ if says("Unknown command") => DjangoFailureReason::UnknownCommand,
        _ if is("PermissionError") => DjangoFailureReason::Permission,
        _ if is("SyntaxError") => DjangoFailureReason::SyntaxError,
        "observed" => DjangoFailureReason::Observing(failure.class.clone()),
        "compress" => DjangoFailureReason::Compress,
        "collectstatic" if says("could not be found") => DjangoFailureReason::MissingReference,
        _ if is("django.core.exceptions.ImproperlyConfigured") => DjangoFailureReason::BadSettings,
        _ => DjangoFailureReason::Other(failure.class.clone()),
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

    #[test]
    fn reason_follows_from_the_exception() {
        const IMPROPER: &str = "django.core.exceptions.ImproperlyConfigured";
        const COMMAND: &str = "django.core.management.base.CommandError";
        for (step, class, message, expected) in [
            (
                "settings",
                COMMAND,
                "Unknown command: 'collectstatic'",
                DjangoFailureReason::UnknownCommand,
            ),
            (
                "settings",
                COMMAND,
                "No Django settings specified. Unknown command: 'collectstatic'",
                DjangoFailureReason::SettingsNotConfigured,
            ),
            (
                "collectstatic",
                "ValueError",
                "The file 'a.png' could not be found with <…>.",
                DjangoFailureReason::MissingReference,
            ),
            (
                "settings",
                IMPROPER,
                "The X setting",
                DjangoFailureReason::BadSettings,
            ),
            (
                "settings",
                "RuntimeError",
                "no",
                DjangoFailureReason::Other("RuntimeError".to_owned()),
            ),
            (
                "observed",
                "AttributeError",
                "no",
                DjangoFailureReason::Observing("AttributeError".to_owned()),
            ),
        ] {
            let failure = PythonFailure {
                step: step.to_owned(),
                class: class.to_owned(),
                mro: vec![class.to_owned()],
                message: message.to_owned(),
                ..PythonFailure::default()
            };
            assert_eq!(reason_of(&failure), expected);
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
