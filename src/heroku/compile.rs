//! `bin/compile` and `bin/test-compile`.

use super::config_vars::ConfigVars;
use super::dirs::{Dirs, IN_SLUG};
use super::last_build::LastBuild;
use super::{procfile, profile_d};
use crate::config::{FrameworkSettings, Phase, Platform, Sources};
use crate::context::{BuildContext, DryRun, HookPlace, ImagePlaces, NodeSupply};
use crate::env::Env;
use crate::framework::{Detected, Framework};
use crate::interrupt::Interrupt;
use crate::launch::publisher::{DEFERRED_DIR, PROGRAM, install_program};
use crate::log::Log;
use crate::message::Message;
use crate::messages::heroku::{HerokuError, HerokuEvent};
use crate::publish::{PublishError, PublishEvent, Published, Setup, publish, scratch_dir};
use crate::release::deferred::save_nothing;
use fs_err as fs;
use std::io;
use std::path::Path;
use std::time::{Instant, SystemTime};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Deploy,
    /// Heroku CI runs the app's tests.
    Test,
}

pub(super) fn compile(dirs: &Dirs, purpose: Purpose, log: &Log) -> Result<(), Message> {
    let started = Instant::now();
    let vars = ConfigVars::read(dirs.env.as_deref()).map_err(HerokuError::EnvDir)?;
    log.event(&HerokuEvent::Title);
    dirs.refuse_links()?;
    profile_d::forget(dirs).map_err(HerokuError::NotWritten)?;
    let setup = read_setup(dirs, &vars, purpose, log)?;
    let is_off = setup.config.mode.is_off();
    if vars.disable_collectstatic() && !is_off {
        log.event(&HerokuEvent::CollectstaticDisabled);
    }
    if let Ok(Some(Framework::Phoenix(phoenix))) = &setup.app {
        let root = phoenix.root().to_string_lossy().into_owned();
        fs::write(dirs.phoenix_root(), root).map_err(HerokuError::NotWritten)?;
    }
    if matches!(setup.app, Ok(None)) && !is_off {
        log.event(&HerokuEvent::NoFramework);
        return Ok(());
    }
    let is_django = matches!(setup.app, Ok(Some(Framework::Django(_))));
    let published = publish_slug(dirs, setup, log)?;
    if vars.disable_collectstatic() && is_off && is_django && purpose == Purpose::Deploy {
        log.event(&HerokuEvent::NobodyCollects);
    }
    install_into_slug(dirs, published.as_ref(), log).map_err(HerokuError::NotWritten)?;
    install_publisher(dirs, published.as_ref(), log)?;
    if let Some(published) = &published {
        log.event(&PublishEvent::Done(published, started.elapsed()));
    }
    Ok(())
}

fn read_setup(
    dirs: &Dirs,
    vars: &ConfigVars,
    purpose: Purpose,
    log: &Log,
) -> Result<Setup, PublishError> {
    let env = vars.over(&Env::of_process());
    let sources = Sources::read(&env, Platform::config_vars(vars.names()), &dirs.build)?;
    let phase = |app: &Detected| match purpose {
        Purpose::Test => Phase::Test,
        // A Phoenix app's users replace a buildpack that compiled even without a store.
        Purpose::Deploy => Phase::Build {
            compile_without_store: is_phoenix(app, &dirs.build, &sources),
        },
    };
    Setup::read(&sources, &dirs.build, phase, log)
}

/// Whether the app is Phoenix. It also is if `STATIC_ASSETS_DIR` names a directory to publish.
fn is_phoenix(app: &Detected, dir: &Path, sources: &Sources<'_>) -> bool {
    match app {
        Ok(Some(Framework::Prebuilt(_))) => {
            let mut settings = FrameworkSettings::read(sources);
            settings.dir = None;
            matches!(
                Framework::detect(dir, &settings),
                Ok(Some(Framework::Phoenix(_)))
            )
        }
        app => matches!(app, Ok(Some(Framework::Phoenix(_)))),
    }
}

fn publish_slug(dirs: &Dirs, setup: Setup, log: &Log) -> Result<Option<Published>, PublishError> {
    let scratch = scratch_dir()?;
    let ctx = BuildContext {
        app_dir: dirs.build.clone(),
        scratch: scratch.path().to_owned(),
        env: setup.children,
        image: ImagePlaces {
            root: dirs.build.clone(),
            injected: dirs.in_slug("inject"),
            hook: HookPlace::SitePackages {
                within: Some(dirs.build.clone()),
                pin: None,
            },
            deferred_dir: dirs.in_slug(DEFERRED_DIR),
            release_command: "static-assets publish --prepared",
            node: NodeSupply::Official { kept: dirs.node() },
            takes_injection: true,
        },
        cache: Some(dirs.cache.join("build")),
        previous: LastBuild::read(&dirs.cache).and_then(LastBuild::into_previous),
        config: setup.config,
        started: SystemTime::now(),
        dry_run: DryRun::No,
        interrupt: &Interrupt::listen(),
        log,
    };
    publish(&ctx, setup.app)
}

/// Writes what dynos and the next buildpacks find.
fn install_into_slug(dirs: &Dirs, published: Option<&Published>, log: &Log) -> io::Result<()> {
    if dirs.node().is_dir() {
        let bin = Path::new(IN_SLUG).join("node/bin");
        profile_d::add_path(&dirs.build, "node", &bin)?;
    }
    let Some(published) = published else {
        return Ok(());
    };
    profile_d::write(dirs, &published.launch)?;
    // The next build needs it only to tell what is new.
    let last = LastBuild::of(published);
    if let Err(error) = last.write(&dirs.cache) {
        log.event(&HerokuEvent::CacheNotWritten(&error));
    }
    Ok(())
}

/// Puts this program into the slug if its release phase calls it.
fn install_publisher(dirs: &Dirs, published: Option<&Published>, log: &Log) -> Result<(), Message> {
    let is_deferred = published.is_some_and(Published::is_deferred);
    let is_called = procfile::calls_publisher(&dirs.build);
    if is_deferred && !is_called {
        let release = procfile::process(&dirs.build, "release");
        log.event(&HerokuEvent::NothingCallsPublisher(release));
    }
    // A release phase with nothing to do must not fail because the program is missing.
    if is_called && !is_deferred {
        save_nothing(&dirs.in_slug(DEFERRED_DIR)).map_err(PublishError::from)?;
    }
    if is_deferred || is_called {
        let dir = Path::new(IN_SLUG).join("publisher/bin");
        install_program(&dirs.build.join(&dir).join(PROGRAM))
            .and_then(|()| profile_d::add_path(&dirs.build, "publisher", &dir))
            .map_err(HerokuError::NotWritten)?;
    }
    Ok(())
}
