//! Runs the app's own collectstatic by the runner, `python/runner.py`.

use super::detect::DjangoEntry;
use super::embedded::{ATTACHMENT, HOOK, RUNNER, write_files};
use super::error::DjangoError;
use super::failure::diagnose;
use super::hook::{HookDir, dir_beside_hook, hook_files};
use super::python::AppPython;
use super::report::CollectReport;
use crate::command::Command;
use crate::config::env_vars::{self, STATIC_ASSETS_VERSION, STATIC_URL};
use crate::context::BuildContext;
use crate::framework::CompileTarget;
use fs_err as fs;
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};

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
) -> Result<CollectReport, DjangoError> {
    let ctx = python.ctx;
    let scripts = ctx.scratch.join("python");
    let request = ctx.scratch.join("request.json");
    let report = ctx.scratch.join("report.json");
    fs::create_dir_all(collected_dir(ctx))?;
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
    })?;
    fs::write(&request, content)?;

    let mut env = python.env.clone();
    if let Some(target) = target {
        env = env
            .with(STATIC_URL, target.prefix.url())
            .with(STATIC_ASSETS_VERSION, target.version.as_str())
            .with(env_vars::RELEASE_VERSION.name, target.version.as_str());
    }
    let finished = if let Some(line) = &ctx.config.framework.django.collect_command {
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
    let report: Option<CollectReport> = match fs::read(&report) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        json => Some(serde_json::from_slice(&json?)?),
    };
    let duration = finished.duration;
    match report {
        Some(report) if finished.status.success() && report.collected => {
            Ok(CollectReport { duration, ..report })
        }
        report => Err(diagnose(report, finished, python)),
    }
}
