//! Runs the app's own collectstatic by the runner, `python/runner.py`.

use super::detect::DjangoEntry;
use super::embedded::{write_attachment, write_hook, write_runner};
use super::error::DjangoError;
use super::failure::diagnose;
use super::hook::{HookDir, hook_files};
use super::python::AppPython;
use super::report::CollectReport;
use crate::command::Command;
use crate::config::env_vars::{
    COLLECT_COMMAND, RELEASE_VERSION, STATIC_ASSETS_VERSION, STATIC_URL,
};
use crate::context::BuildContext;
use crate::framework::CompileTarget;
use fs_err as fs;
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) struct Collected {
    pub(super) report: CollectReport,
    pub(super) duration: Duration,
}

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
}

/// Returns where files are collected: outside of the app, so that files of an earlier build are not published.
pub(super) fn collected_dir(ctx: &BuildContext<'_>) -> PathBuf {
    ctx.scratch.join("collected")
}

pub(super) fn run_collectstatic(
    python: &AppPython<'_>,
    target: Option<&CompileTarget>,
    hook: &HookDir,
) -> Result<Collected, DjangoError> {
    let ctx = python.ctx;
    let scripts = ctx.scratch.join("python");
    let request = ctx.scratch.join("request.json");
    let report = ctx.scratch.join("report.json");
    fs::create_dir_all(collected_dir(ctx))?;
    write_runner(&scripts)?;
    write_hook(&hook_files(ctx))?;
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
        dir_beside_hook: hook.beside,
        pin: ctx.image.hook.pin(),
        app: &ctx.app_dir,
    })?;
    fs::write(&request, content)?;

    let mut env = python.env.clone();
    if let Some(target) = target {
        env = env
            .with(STATIC_URL, target.prefix.url())
            .with(STATIC_ASSETS_VERSION, target.version.as_str())
            .with(RELEASE_VERSION.name, target.version.as_str());
    }
    let finished = if let Some(line) = &ctx.config.framework.django.collect_command {
        write_attachment(&scripts)?;
        let env = env
            .with("STATIC_ASSETS_RUNNER_REQUEST", &request)
            .with_first("PYTHONPATH", scripts.as_os_str());
        python.run_shell(&env, COLLECT_COMMAND.name, line)?
    } else {
        Command::new(&python.program, &ctx.app_dir, &env)
            .argument(scripts.join("runner.py"))
            .argument(&request)
            .run(ctx.interrupt)?
    };
    match read_report(&report)? {
        Some(report) if finished.status.success() && report.collected => Ok(Collected {
            report,
            duration: finished.duration,
        }),
        report => Err(diagnose(report, finished, python)),
    }
}

fn read_report(path: &Path) -> Result<Option<CollectReport>, DjangoError> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        json => Ok(Some(serde_json::from_slice(&json?)?)),
    }
}
