//! Runs the app's own collectstatic by the runner, `python/runner.py`.

use super::detect::DjangoEntry;
use super::embedded::{ATTACHMENT, HOOK, RUNNER, write_files};
use super::error::DjangoError;
use super::event::DjangoEvent;
use super::failure::diagnose;
use super::hook::{HookDir, dir_beside_hook, hook_files};
use super::python::AppPython;
use super::report::CollectReport;
use super::stand_in::{NUMBER, StandIn};
use crate::command::{Command, Finished};
use crate::config::env_vars::{self, STATIC_ASSETS_VERSION, STATIC_URL};
use crate::context::BuildContext;
use crate::framework::CompileTarget;
use crate::fs::remove_file_if_exists;
use fs_err as fs;
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What the runner reads.
#[derive(Serialize)]
struct CollectRequest<'a> {
    manage: Option<PathBuf>,
    into: PathBuf,
    /// `None` if nothing is published: the app then keeps its own URL.
    url: Option<&'a str>,
    report: &'a Path,
    /// Where the runner writes the hook, where the hook is at launch, and where it then finds files.
    hook_dir: PathBuf,
    hook_at: &'a Path,
    dir_beside_hook: &'a str,
    pin: Option<&'a Path>,
    app: &'a Path,
    /// The directory that becomes the image.
    image: &'a Path,
    /// Ends the run once the settings and the apps are loaded.
    only_settings: bool,
}

/// Returns where files are collected: outside of the app, so that files of an earlier build are not published.
pub(super) fn collected_dir(ctx: &BuildContext<'_>) -> PathBuf {
    ctx.scratch.join("collected")
}

/// How one run of the app's code ended.
struct Run {
    finished: Finished,
    /// `None` if the process ended before it could report.
    report: Option<CollectReport>,
}

pub(super) fn run_collectstatic(
    python: &AppPython<'_>,
    target: Option<&CompileTarget>,
    hook: &HookDir,
) -> Result<CollectReport, DjangoError> {
    let run = start_runner(python, target, hook, None)?;
    let duration = run.finished.duration;
    match run.report {
        Some(report) if run.finished.status.success() && report.collected => {
            Ok(CollectReport { duration, ..report })
        }
        report => {
            let missing = find_missing_variables(python, target, hook, report.as_ref())?;
            Err(diagnose(report, run.finished, missing, python)?)
        }
    }
}

/// Loads the settings and the apps, and nothing else. What is reported is that.
pub(super) fn load_settings(
    python: &AppPython<'_>,
    target: Option<&CompileTarget>,
    hook: &HookDir,
) -> Result<CollectReport, DjangoError> {
    let run = start_runner(python, target, hook, Some(&[]))?;
    match run.report {
        Some(report) if run.finished.status.success() && report.failure.is_none() => Ok(report),
        report => {
            let missing = find_missing_variables(python, target, hook, report.as_ref())?;
            Err(diagnose(report, run.finished, missing, python)?)
        }
    }
}

/// Lists all variables that the settings miss, so that one failed build names them all. Loads the settings again with a
/// stand-in for each that is known by now; what follows from a stand-in is thrown away.
fn find_missing_variables(
    python: &AppPython<'_>,
    target: Option<&CompileTarget>,
    hook: &HookDir,
    report: Option<&CollectReport>,
) -> Result<Vec<StandIn>, DjangoError> {
    /// How long the settings are loaded again.
    const PATIENCE: Duration = Duration::from_mins(1);
    let start = Instant::now();
    let mut missing: Vec<StandIn> = Vec::new();
    let mut failure = report.and_then(|report| report.failure.clone());
    while let Some(failed) = &failure
        && start.elapsed() < PATIENCE
    {
        match &failed.missing_variable {
            Some(name) if missing.iter().all(|known| known.name != *name) => {
                missing.push(StandIn::of(name));
            }
            _ => match missing
                .iter_mut()
                .rfind(|known| known.is_refused(&failed.message))
            {
                Some(refused) => NUMBER.clone_into(&mut refused.value),
                None => break,
            },
        }
        if missing.len() == 1 {
            python.ctx.log.event(&DjangoEvent::SettingsAgain);
        }
        let run = start_runner(python, target, hook, Some(&missing))?;
        failure = run.report.and_then(|report| report.failure);
    }
    Ok(missing)
}

/// Starts the app's collectstatic, or only its settings with these stand-ins.
fn start_runner(
    python: &AppPython<'_>,
    target: Option<&CompileTarget>,
    hook: &HookDir,
    stand_ins: Option<&[StandIn]>,
) -> Result<Run, DjangoError> {
    let ctx = python.ctx;
    let scripts = ctx.scratch.join("python");
    let request = ctx.scratch.join("request.json");
    let report = ctx.scratch.join("report.json");
    fs::create_dir_all(collected_dir(ctx))?;
    remove_file_if_exists(&report)?;
    write_files(RUNNER, &scripts)?;
    write_files(HOOK, &hook_files(ctx))?;
    let content = serde_json::to_vec(&CollectRequest {
        manage: match python.entry {
            DjangoEntry::ManagePy(manage_py) => Some(ctx.app_dir.join(manage_py)),
            DjangoEntry::Module => None,
        },
        into: collected_dir(ctx),
        url: target.map(|target| target.prefix.url()),
        report: &report,
        hook_dir: hook_files(ctx),
        hook_at: &hook.path,
        dir_beside_hook: dir_beside_hook(ctx),
        pin: ctx.image.hook.pin(),
        app: &ctx.app_dir,
        image: &ctx.image.root,
        only_settings: stand_ins.is_some(),
    })?;
    fs::write(&request, content)?;

    let mut env = python.env.clone();
    if let Some(target) = target {
        env = env
            .with(STATIC_URL, target.prefix.url())
            .with(STATIC_ASSETS_VERSION, target.version.as_str())
            .with(env_vars::RELEASE_VERSION.name, target.version.as_str());
    }
    for StandIn { name, value } in stand_ins.unwrap_or_default() {
        env = env.with(name, value);
    }
    let command = ctx.config.framework.django.collect_command.as_ref();
    let finished = if let Some(line) = command.filter(|_| stand_ins.is_none()) {
        write_files(ATTACHMENT, &scripts)?;
        let env = env
            .with("STATIC_ASSETS_RUNNER_REQUEST", &request)
            .with_first("PYTHONPATH", scripts.as_os_str());
        python.run_shell(&env, env_vars::COLLECT_COMMAND.name, line)?
    } else {
        Command::new(&python.program, &ctx.app_dir, &env)
            .argument(scripts.join("runner.py"))
            .argument(&request)
            .run(ctx.interrupt)?
    };
    let report = match fs::read(&report) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        json => Some(serde_json::from_slice(&json?)?),
    };
    Ok(Run { finished, report })
}
