//! Django: one start of the app's own code collects, reports and proves.

mod compressor;
mod detect;
mod failure;
mod hook;
mod links;
mod report;
mod runner;

use crate::command::{Command, CommandError, program_on_path};
use crate::config::{DjangoSettings, Inject, Keep, Origin, env_vars};
use crate::context::BuildContext;
use crate::framework::{
    CompileTarget, Compiled, DetectError, Fallback, Links, NotFollowing, RuntimeFile,
};
use crate::interrupt::Interrupt;
use crate::log::{Log, count, seconds};
use detect::Evidence;
pub(crate) use failure::{DjangoFailure, DjangoFailureReason};
use fs_err as fs;
pub(crate) use hook::HookBlocked;
use hook::{Place, Reach};
pub(crate) use links::DjangoLinkProblem;
use links::{Hook, Verdict};
use report::Report;
use runner::Runner;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Django {
    evidence: Evidence,
}

#[derive(Debug, derive_more::From)]
pub(crate) enum DjangoError {
    NoPython {
        path: String,
    },
    NoDjango {
        python: PathBuf,
    },
    /// The app's own code, or Django, said no.
    Failed(Box<DjangoFailure>),
    /// A command of the user's ended with another status than 0.
    Command {
        setting: &'static str,
        line: String,
        status: Option<i32>,
        output: String,
    },
    /// The command that stands in for collectstatic ran none that could be seen.
    NothingCollected {
        line: String,
        output: String,
    },
    NotFollowing(Box<NotFollowing<DjangoLinkProblem>>),
    #[from]
    Start(CommandError),
    Report(serde_json::Error),
    #[from]
    Io(io::Error),
}

impl Django {
    pub(crate) fn detect(
        app: &Path,
        settings: &DjangoSettings,
    ) -> Result<Option<Self>, DetectError> {
        Ok(detect::find(app, settings)?.map(|evidence| Self { evidence }))
    }

    pub(crate) fn evidence(&self) -> &str {
        &self.evidence.because
    }

    /// Collects the static files; `None` where the app asks for that not to be done.
    pub(crate) fn compile(
        &self,
        ctx: &BuildContext<'_>,
        target: Option<&CompileTarget>,
    ) -> Result<Option<Compiled>, DjangoError> {
        if let Some(origin) = &ctx.config.framework.django.disabled {
            log_disabled(&self.evidence, origin, ctx.log);
            return Ok(None);
        }
        let python = program_on_path(&ctx.env, &["python", "python3"]).ok_or_else(|| {
            DjangoError::NoPython {
                path: ctx.env.text("PATH").unwrap_or_default().to_owned(),
            }
        })?;
        let runner = Runner::new(
            &self.evidence.entry,
            python,
            ctx,
            &ctx.config.framework.django,
            ctx.log,
        )?;
        runner.run_shell(&env_vars::BEFORE_COLLECT, ctx)?;
        let place = Place::find(&runner, ctx.interrupt)?;
        let (collected, reach) = collect(&runner, target, place, ctx);
        let (report, duration) = collected?;
        runner.run_shell(&env_vars::AFTER_COLLECT, ctx)?;
        self.log_collected(&report, duration, &runner, ctx.log)?;
        let (Some(target), Some(reach)) = (target, reach) else {
            let unpublished = Verdict {
                links: Links::Unverified,
                injection: None,
            };
            let place = (ctx, Keep::All);
            return Ok(Some(compiled(report, unpublished, &runner, place)));
        };

        compressor::refuse_at_run_time(&report, &ctx.app_dir)?;
        let hook = Hook {
            folder: runner.hook(),
            reach: reach?,
            app: ctx.app_dir.clone(),
            collected: runner.collected(),
            pins: ctx.image.hook.pin().is_some() && ctx.inject() == Inject::Auto,
        };
        let pins = hook.pins;
        let verdict = links::judge(&report, target, ctx.inject(), hook)?;
        match (&verdict.links, &verdict.injection) {
            (Links::ByInjection { .. }, _) => {
                hook::warn_of_unreachable_processes(&ctx.app_dir, &ctx.image.hook, ctx.log);
            }
            (_, None) if pins => ctx.log.warning(
                "Python loads nothing of ours here, so a process whose ENTRYPOINT is replaced finds no pin. Start it \
                 by: static-assets exec -- COMMAND",
            ),
            _ => {}
        }
        Ok(Some(compiled(
            report,
            verdict,
            &runner,
            (ctx, ctx.config.keep),
        )))
    }

    fn log_collected(
        &self,
        report: &Report,
        duration: Duration,
        runner: &Runner<'_>,
        log: &Log,
    ) -> io::Result<()> {
        let files = runner.collected_files()?;
        let settings = report.settings_module.as_deref().unwrap_or("no module");
        log.bullet(&format!(
            "Django {}: {}, {settings}{}",
            report.django.as_deref().unwrap_or("of unknown version"),
            self.evidence.because,
            runner.settings_origin()
        ));
        log.bullet(&format!(
            "Collected {} in {}{}",
            count(files, "file"),
            seconds(duration),
            report.storage_note()
        ));
        for note in report.notes() {
            log.detail(&note);
        }
        for warning in report.warnings() {
            log.warning(&warning);
        }
        Ok(())
    }
}

type Collected = Result<(Report, Duration), DjangoError>;
type Reached = Result<Reach, DjangoError>;

/// Whether Python loads the hook needs nothing of the collect, so it is tried beside it; where nothing
/// is published, not at all.
fn collect(
    runner: &Runner<'_>,
    target: Option<&CompileTarget>,
    place: Result<Place, HookBlocked>,
    ctx: &BuildContext<'_>,
) -> (Collected, Option<Reached>) {
    let (place, obstacle) = match place {
        Ok(place) => (place, None),
        Err(obstacle) => (Place::none(runner), Some(obstacle)),
    };
    std::thread::scope(|scope| {
        let interrupt = ctx.interrupt;
        let is_tried = target.is_some() && obstacle.is_none();
        let reach = is_tried.then(|| scope.spawn(|| place.try_reach(runner, interrupt)));
        let collected = runner.collect(target, &place.folder, ctx);
        let reach = reach.map(|reach| {
            reach
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        (collected, reach.or(obstacle.map(|why| Ok(Reach::No(why)))))
    })
}

fn compiled(
    report: Report,
    verdict: Verdict,
    runner: &Runner<'_>,
    (ctx, keep): (&BuildContext<'_>, Keep),
) -> Compiled {
    let Verdict { links, injection } = verdict;
    let fallback = fallback(&report, &links, runner, (ctx, keep));
    Compiled {
        assets: runner.collected().as_path().into(),
        links,
        injection,
        reads_release_version: report
            .read
            .iter()
            .any(|name| name == env_vars::RELEASE_VERSION.name),
        fallback,
        stays: None,
        by_products: report.by_products,
        unpublished: BTreeSet::new(),
        runtime_files: report
            .runtime_files
            .into_iter()
            .map(|file| RuntimeFile {
                source: runner.collected().join(file.path),
                destination: file.destination,
            })
            .collect(),
    }
}

fn log_disabled(evidence: &Evidence, origin: &Origin, log: &Log) {
    log.bullet(&format!("Django: {}", evidence.because));
    log.bullet(&format!(
        "Nothing collected, published or pinned: {} is set ({origin}). Unset it to publish.",
        env_vars::DISABLE_COLLECTSTATIC.name
    ));
}

fn fallback(
    report: &Report,
    emission: &Links,
    runner: &Runner<'_>,
    (ctx, keep): (&BuildContext<'_>, Keep),
) -> Fallback {
    // An app that follows has taken the URL of this very build.
    let follows = matches!(emission, Links::ByApp { .. });
    match &report.static_root {
        // Trimming it would take the app's own files.
        Some(_) if keep == Keep::Manifests && report.static_root_holds_sources => {
            Fallback::NoFolder
        }
        None => Fallback::NoFolder,
        Some(path) if is_in_app(path, ctx) => Fallback::Folder {
            from: runner.collected(),
            path: path.clone(),
            url: match report.static_url.own.as_deref() {
                Some(own) if own.starts_with('/') && !follows => own.to_owned(),
                _ => "/static/".to_owned(),
            },
            served: report.whitenoise,
        },
        Some(path) => Fallback::OutsideApp { path: path.clone() },
    }
}

/// By where the path really leads, as far as it is there: a link may lead out of the image.
fn is_in_app(path: &Path, ctx: &BuildContext<'_>) -> bool {
    let there = path
        .ancestors()
        .find_map(|path| fs::canonicalize(path).ok());
    match (there, fs::canonicalize(&ctx.app_dir)) {
        (Some(there), Ok(app)) => there.starts_with(app),
        _ => false,
    }
}

impl Runner<'_> {
    fn run_shell(
        &self,
        setting: &env_vars::Variable,
        ctx: &BuildContext<'_>,
    ) -> Result<(), DjangoError> {
        let Some((line, command)) = self.shell(setting) else {
            return Ok(());
        };
        ctx.log
            .bullet(&format!("Running {line} ({})", setting.name));
        finish(&command, setting.name, line, ctx.interrupt).map(drop)
    }
}

fn finish(
    command: &Command<'_>,
    setting: &'static str,
    line: &str,
    interrupt: &Interrupt,
) -> Result<String, DjangoError> {
    let finished = command.run(interrupt)?;
    if finished.status.success() {
        Ok(finished.output)
    } else {
        Err(DjangoError::Command {
            setting,
            line: line.to_owned(),
            status: finished.status.code(),
            output: finished.output,
        })
    }
}
