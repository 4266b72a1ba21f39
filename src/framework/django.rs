//! Django: runs the app's own collectstatic and checks that its pages will link to the version. One start of the app's
//! code does both, and the Python in `python/` reports facts only: what follows from them is decided here.

mod compressor;
mod dependency;
mod detect;
mod embedded;
mod error;
mod event;
mod failure;
mod fallback;
mod hook;
mod links;
mod procfile;
mod python;
mod report;
mod runner;
mod settings_module;

use crate::config::{DjangoSettings, env_vars};
use crate::context::BuildContext;
use crate::framework::{CompileTarget, Compiled, DetectError, Links, RuntimeFile};
use crate::fs::files_below;
use compressor::check_compressor;
use detect::{DjangoEvidence, find_django};
pub(crate) use error::{
    DjangoError, DjangoFailure, DjangoFailureReason, DjangoLinkProblem, HookDirProblem,
};
pub(crate) use event::DjangoEvent;
use fallback::choose_fallback;
use hook::HookDir;
use links::{DjangoLinkCheck, needs_pin, verify_links};
use procfile::processes_without_hook;
use python::AppPython;
pub(crate) use report::{CollectReport, DjangoCheck, StaticfilesStorage};
use runner::{Collected, collected_dir, run_collectstatic};
pub(crate) use settings_module::{ServerSettings, SettingsSource};
use std::collections::BTreeSet;
use std::path::Path;

#[derive(Debug)]
pub(crate) struct Django {
    evidence: DjangoEvidence,
}

impl Django {
    pub(crate) fn detect(
        app: &Path,
        settings: &DjangoSettings,
    ) -> Result<Option<Self>, DetectError> {
        Ok(find_django(app, settings)?.map(|evidence| Self { evidence }))
    }

    pub(crate) fn evidence(&self) -> &str {
        &self.evidence.because
    }

    /// Collects the static files. `None` if the app asks for no collect.
    pub(crate) fn compile(
        &self,
        ctx: &BuildContext<'_>,
        target: Option<&CompileTarget>,
    ) -> Result<Option<Compiled>, DjangoError> {
        let settings = &ctx.config.framework.django;
        if let Some(origin) = &settings.disabled {
            let evidence = self.evidence();
            ctx.log.event(&DjangoEvent::Disabled { evidence, origin });
            return Ok(None);
        }
        let python = AppPython::find(&self.evidence.entry, ctx)?;
        if let Some(line) = &settings.before_collect {
            run_user_command(&python, env_vars::BEFORE_COLLECT.name, line)?;
        }
        let hook = HookDir::find(&python)?;
        let (collected, load_problem) = std::thread::scope(|scope| {
            let trial = target.map(|_| scope.spawn(|| hook.try_load(&python)));
            let collected = run_collectstatic(&python, target, &hook);
            let load_problem = trial.map(|trial| {
                trial
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            (collected, load_problem)
        });
        let Collected { report, duration } = collected?;
        if let Some(line) = &settings.after_collect {
            run_user_command(&python, env_vars::AFTER_COLLECT.name, line)?;
        }
        ctx.log.event(&DjangoEvent::Collected {
            evidence: self.evidence(),
            settings: &python.settings,
            report: &report,
            files: files_below(&collected_dir(ctx))?.len(),
            duration,
        });
        let Some((target, load_problem)) = target.zip(load_problem) else {
            let unpublished = DjangoLinkCheck {
                links: Links::Unverified,
                injection: None,
            };
            return Ok(Some(compiled(report, unpublished, ctx)));
        };
        check_compressor(&report, &ctx.app_dir)?;
        let check = verify_links(&report, target, &hook, load_problem?, ctx)?;
        warn_of_processes(&check, ctx);
        Ok(Some(compiled(report, check, ctx)))
    }
}

fn run_user_command(
    python: &AppPython<'_>,
    setting: &'static str,
    line: &str,
) -> Result<(), DjangoError> {
    let finished = python.run_shell(&python.env, setting, line)?;
    if finished.status.success() {
        return Ok(());
    }
    Err(DjangoError::Command {
        setting,
        line: line.to_owned(),
        status: finished.status.code(),
        output: finished.output,
    })
}

fn warn_of_processes(check: &DjangoLinkCheck, ctx: &BuildContext<'_>) {
    if let Links::ByInjection { .. } = check.links {
        for line in processes_without_hook(&ctx.app_dir, &ctx.image.hook) {
            ctx.log
                .event(&DjangoEvent::ProcessWithoutHook { line: &line });
        }
    } else if check.injection.is_none() && needs_pin(ctx) {
        ctx.log.event(&DjangoEvent::PinOnlyByEntrypoint);
    }
}

fn compiled(report: CollectReport, check: DjangoLinkCheck, ctx: &BuildContext<'_>) -> Compiled {
    let collected = collected_dir(ctx);
    let release_version = env_vars::RELEASE_VERSION.name;
    Compiled {
        assets: collected.as_path().into(),
        fallback: choose_fallback(&report, &check.links, ctx),
        links: check.links,
        injection: check.injection,
        reads_release_version: report.read.iter().any(|name| name == release_version),
        stays: None,
        by_products: report.by_products,
        unpublished: BTreeSet::new(),
        runtime_files: report
            .runtime_files
            .into_iter()
            .map(|file| RuntimeFile {
                source: collected.join(file.path),
                destination: file.destination,
            })
            .collect(),
    }
}
