//! Django: runs the app's own collectstatic and checks that its pages will link to the version. One start of the app's
//! code does both, and the Python in `python/` reports facts only: what follows from them is decided here.

mod compressor;
mod content_policy;
mod dependency;
mod detect;
mod embedded;
mod error;
mod event;
mod failure;
mod hook;
mod links;
mod procfile;
mod python;
mod references;
mod report;
mod runner;
mod settings_module;
mod settings_source;
mod stand_in;
mod static_root;

use crate::config::Keep;
use crate::config::env_vars::{AFTER_COLLECT, BEFORE_COLLECT, RELEASE_VERSION, Variable};
use crate::context::BuildContext;
use crate::framework::{
    BlockingPolicy, CompileTarget, Compiled, Fallback, LinkReason, Links, RuntimeFile, Stays,
};
use crate::fs::{files_below, lies_in};
use content_policy::judge_policies;
pub(crate) use detect::Django;
pub(crate) use error::{DjangoError, DjangoFailure, DjangoFailureReason, DjangoLinkProblem};
pub(crate) use event::{BrokenLink, BrokenLinkCause, DjangoEvent};
use fs_err as fs;
use hook::HookDir;
use links::{DjangoLinkCheck, needs_pin, refuse_debug, verify_links};
use python::AppPython;
pub(crate) use report::{CollectReport, DjangoCheck, StaticfilesStorage};
use runner::{collected_dir, load_settings, run_collectstatic};
pub(crate) use settings_source::{ServerSettings, SettingsSource};
pub(crate) use stand_in::StandIn;
use static_root::StaticRootFiles;
pub(crate) use static_root::WrittenFiles;
use std::path::{Path, PathBuf};

impl Django {
    /// Collects the static files. `None` if the app asks for no collect.
    pub(crate) fn compile(
        &self,
        ctx: &BuildContext<'_>,
        target: Option<&CompileTarget>,
    ) -> Result<Option<Compiled>, DjangoError> {
        let config = &ctx.config.framework.django;
        if let Some(origin) = &config.disabled {
            ctx.log
                .event(&DjangoEvent::Disabled(&self.evidence, origin));
            return Ok(None);
        }
        let python = AppPython::find(&self.entry, ctx)?;
        run_user_command(&python, &BEFORE_COLLECT, config.before_collect.as_deref())?;
        let hook = HookDir::find(&python)?;
        let mut load_problem = None;
        let report = std::thread::scope(|scope| {
            if target.is_some() {
                scope.spawn(|| load_problem = Some(hook.try_load(&python)));
            }
            run_collectstatic(&python, target, &hook)
        })?;
        run_after_collect(&python, report.static_root.as_deref())?;
        ctx.log.event(&DjangoEvent::Collected {
            evidence: &self.evidence,
            settings: &python.settings,
            report: &report,
            files: files_below(&collected_dir(ctx))?.len(),
        });
        python.require_chosen_settings(&report)?;
        let Some((target, load_problem)) = target.zip(load_problem) else {
            return Ok(Some(compiled(report, DjangoLinkCheck::default(), ctx)));
        };
        compressor::check_compressor(&report, &ctx.app_dir)?;
        let check = verify_links(&report, target, &hook, load_problem?, &python)?;
        warn_of_processes(&check, ctx);
        Ok(Some(compiled(report, check, ctx)))
    }
}

impl Django {
    /// Loads the settings, as a build does before it collects anything, and judges the policies of the app for such files.
    pub(crate) fn prepare(
        &self,
        ctx: &BuildContext<'_>,
        target: Option<&CompileTarget>,
        files: &[PathBuf],
    ) -> Result<Vec<BlockingPolicy>, DjangoError> {
        let python = AppPython::find(&self.entry, ctx)?;
        let report = load_settings(&python, target, &HookDir::find(&python)?)?;
        if let Some(target) = target {
            refuse_debug(&report, target, &python)?;
        }
        let origin = target.and_then(|target| target.prefix.origin());
        let policies = origin.map(|origin| judge_policies(&report, origin, files, ctx));
        Ok(policies.map_or_else(Vec::new, |found| found.blocking))
    }
}

fn run_user_command(
    python: &AppPython<'_>,
    setting: &Variable,
    line: Option<&str>,
) -> Result<(), DjangoError> {
    let Some(line) = line else { return Ok(()) };
    let finished = python.run_shell(&python.env, setting.name, line)?;
    if finished.status.success() {
        return Ok(());
    }
    Err(DjangoError::Command(
        setting.name,
        line.to_owned(),
        finished,
    ))
}

/// What the command adds to `STATIC_ROOT` is published, too.
fn run_after_collect(
    python: &AppPython<'_>,
    static_root: Option<&Path>,
) -> Result<(), DjangoError> {
    let ctx = python.ctx;
    let Some(line) = ctx.config.framework.django.after_collect.as_deref() else {
        return Ok(());
    };
    // Commands expect the directory that collectstatic makes. This build's own collect writes elsewhere. Of a directory
    // that can't be made, the command says more.
    let made = static_root.filter(|root| !root.exists() && is_in_image(root, &ctx.image.root));
    let made = made.filter(|root| fs::create_dir_all(root).is_ok());
    let files = static_root.map(StaticRootFiles::list).transpose()?;
    let ran = run_user_command(python, &AFTER_COLLECT, Some(line));
    if let Some(made) = made {
        // Fails if the command has written something.
        let _ = fs::remove_dir(made);
    }
    ran?;
    if let Some(files) = files {
        let written = files.copy_written(&collected_dir(ctx))?;
        ctx.log.event(&DjangoEvent::WrittenAfterwards(written));
    }
    Ok(())
}

fn warn_of_processes(check: &DjangoLinkCheck, ctx: &BuildContext<'_>) {
    if let Links::ByInjection { .. } = check.links {
        for line in procfile::processes_without_hook(&ctx.app_dir, &ctx.image.hook) {
            ctx.log.event(&DjangoEvent::ProcessWithoutHook(&line));
        }
    } else if check.injection.is_none() && needs_pin(ctx) {
        ctx.log.event(&DjangoEvent::PinOnlyByEntrypoint);
    }
}

fn compiled(report: CollectReport, check: DjangoLinkCheck, ctx: &BuildContext<'_>) -> Compiled {
    let collected = collected_dir(ctx);
    let is_named = report.read.iter().any(|name| name == RELEASE_VERSION.name);
    let by_storage = matches!(check.links, Links::ByApp(LinkReason::OwnStorage(_)));
    let fallback = choose_fallback(&report, &check.links, ctx);
    let runtime_files = report.runtime_files.into_iter();
    let runtime_files = runtime_files.map(|(path, destination)| RuntimeFile {
        source: collected.join(path),
        destination,
    });
    Compiled {
        assets: collected.as_path().into(),
        links: check.links,
        injection: check.injection,
        reads_release_version: is_named || by_storage,
        by_products: report.by_products,
        runtime_files: runtime_files.collect(),
        fallback,
        stays: check.stays.map(Stays::Link),
        ..Compiled::default()
    }
}

/// Chooses the copy of the static files from which the app can serve if the store can't be used.
fn choose_fallback(report: &CollectReport, links: &Links, ctx: &BuildContext<'_>) -> Fallback {
    // `STATIC_ASSETS_KEEP` has no effect on a build that publishes nothing.
    let trims = ctx.config.keep == Keep::Manifests && !matches!(links, Links::Unverified);
    match &report.static_root {
        None => Fallback::NoFolder,
        // Trimming it would delete the app's own files.
        Some(_) if trims && report.static_root_holds_sources => Fallback::NoFolder,
        Some(path) if !is_in_image(path, &ctx.image.root) => Fallback::OutsideImage(path.clone()),
        Some(path) => Fallback::Folder {
            path: path.clone(),
            url: report.own_path.clone(),
            served_by: report.server.as_ref().map(|server| server.name.clone()),
        },
    }
}

/// Whether a path that may not exist yet lies in the image. A link on its way may lead out of it.
fn is_in_image(path: &Path, image: &Path) -> bool {
    let existing = path.ancestors().find(|path| path.exists());
    existing.is_some_and(|path| lies_in(path, image))
}
