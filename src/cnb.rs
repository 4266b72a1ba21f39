//! The Cloud Native Buildpack: `bin/detect` and `bin/build`.

mod build_plan;
mod exec_d;
mod layers;
mod sbom;

use crate::config::{BUILD_CONFIG, FrameworkSettings, Phase, Platform, Sources};
use crate::context::{BuildContext, DryRun, HookPlace, ImagePlaces, NodeSupply};
use crate::env::Env;
use crate::framework::{DetectError, Framework, InstallError};
use crate::interrupt::Interrupt;
use crate::launch::publisher::DEFERRED_DIR;
use crate::log::Log;
use crate::message::Explain;
use crate::messages::cnb::CnbEvent;
use crate::publish::{PublishError, PublishEvent, Published, Setup, publish, scratch_dir};
pub(crate) use exec_d::{REBASE, rebase};
use layers::{CACHE, INJECT, keep_cache};
use libcnb::Buildpack;
use libcnb::build::{BuildResult, BuildResultBuilder};
use libcnb::data::build_plan::BuildPlan;
use libcnb::detect::{DetectContext, DetectResult, DetectResultBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

pub(crate) fn run() {
    libcnb::libcnb_runtime(&StaticAssets);
}

struct StaticAssets;

/// The platform's directory alone. libcnb's own type fails on a variable that is not UTF-8.
struct PlatformDir(PathBuf, libcnb::Env);

impl libcnb::Platform for PlatformDir {
    fn env(&self) -> &libcnb::Env {
        &self.1
    }

    fn from_path(path: impl AsRef<Path>) -> io::Result<Self> {
        Ok(Self(path.as_ref().to_owned(), libcnb::Env::new()))
    }
}

/// A failure of the build. libcnb prints what it holds, so it holds no cause that could show a secret.
#[derive(Debug, derive_more::From)]
enum BuildError {
    /// The log has shown the error.
    Logged,
    NotWritten(io::Error),
}

fn not_written(error: io::Error) -> libcnb::Error<BuildError> {
    libcnb::Error::BuildpackError(error.into())
}

impl Buildpack for StaticAssets {
    type Platform = PlatformDir;
    type Metadata = Option<toml::Table>;
    type Error = BuildError;

    /// Passes or fails, and never errs: the lifecycle drops an optional buildpack whose detect errs without a word. An
    /// ambiguous app passes, and the build reports it.
    fn detect(&self, context: DetectContext<Self>) -> libcnb::Result<DetectResult, BuildError> {
        let log = Log::to(io::stdout());
        let env = Env::of_process();
        let platform = Platform::folder(&context.platform.0, BUILD_CONFIG.as_ref());
        let Ok(sources) = Sources::read(&env, platform, &context.app_dir) else {
            log.event(&CnbEvent::UnreadableSettings);
            return pass(BuildPlan::default());
        };
        let dir = &context.app_dir;
        match Framework::detect(dir, &FrameworkSettings::read(&sources)) {
            Ok(None) | Err(DetectError::NotFound(_)) => {
                log.event(&CnbEvent::NoFramework);
                DetectResultBuilder::fail().build()
            }
            Ok(Some(app)) => {
                log.event(&CnbEvent::Detected(&app, dir, &sources));
                pass(build_plan::for_app(&app, dir, &sources))
            }
            Err(error) => {
                log.event(&CnbEvent::Ambiguous(&error));
                pass(build_plan::for_error(&error, &sources))
            }
        }
    }

    fn build(
        &self,
        context: libcnb::build::BuildContext<Self>,
    ) -> libcnb::Result<BuildResult, BuildError> {
        let log = Log::to(io::stdout()).with_errors_to(io::stderr());
        let started = Instant::now();
        let published = build(&context, &log).map_err(|error| {
            log.error(&error.explain());
            libcnb::Error::BuildpackError(BuildError::Logged)
        })?;
        keep_cache(&context.layers_dir).map_err(not_written)?;
        let Some(published) = published else {
            return BuildResultBuilder::new().build();
        };
        let launch = layers::write(&context, &published)?;
        log.event(&PublishEvent::Done(&published, started.elapsed()));
        BuildResultBuilder::new().launch(launch).build()
    }

    fn on_error(&self, error: libcnb::Error<BuildError>) {
        let log = Log::to(io::stderr());
        match error {
            libcnb::Error::BuildpackError(BuildError::Logged) => {}
            libcnb::Error::BuildpackError(BuildError::NotWritten(error)) => {
                log.error(&PublishError::Install(InstallError::Io(error)).explain());
            }
            other => log.event(&CnbEvent::Failed(other.to_string())),
        }
    }
}

fn build(
    context: &libcnb::build::BuildContext<StaticAssets>,
    log: &Log,
) -> Result<Option<Published>, PublishError> {
    let (layers, app_dir) = (&context.layers_dir, context.app_dir.clone());
    let scratch = scratch_dir()?;
    let setup = read_setup(context, log);
    // If publishing is off, the log is one line without a title.
    if !matches!(&setup, Ok(setup) if setup.config.mode.is_off()) {
        log.event(&CnbEvent::Title);
    }
    let setup = setup?;
    let ctx = BuildContext {
        app_dir,
        scratch: scratch.path().to_owned(),
        env: setup.children,
        image: ImagePlaces {
            root: context.app_dir.clone(),
            injected: layers.join(INJECT),
            hook: HookPlace::PythonPath,
            deferred_dir: layers.join(DEFERRED_DIR),
            release_command: "docker run --entrypoint static-assets-publish IMAGE",
            node: NodeSupply::Platform,
            takes_injection: true,
        },
        cache: Some(layers.join(CACHE)),
        previous: layers::previous_build(layers),
        config: setup.config,
        started: SystemTime::now(),
        dry_run: DryRun::No,
        interrupt: &Interrupt::listen(),
        log,
    };
    publish(&ctx, setup.app)
}

fn read_setup(
    context: &libcnb::build::BuildContext<StaticAssets>,
    log: &Log,
) -> Result<Setup, PublishError> {
    let (platform, dir) = (
        Platform::folder(&context.platform.0, BUILD_CONFIG.as_ref()),
        &context.app_dir,
    );
    let env = Env::of_process();
    let sources = Sources::read(&env, platform, dir)?;
    Setup::read(&sources, dir, |_| Phase::BUILD, log)
}

fn pass(plan: BuildPlan) -> libcnb::Result<DetectResult, BuildError> {
    DetectResultBuilder::pass().build_plan(plan).build()
}
