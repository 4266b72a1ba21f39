//! Heroku's classic buildpack API, behind the stubs in `bin/`:
//! <https://devcenter.heroku.com/articles/buildpack-api>.

mod config_vars;
mod export;
mod last_build;
mod profile_d;

use crate::app::{App, HookPlace, NodeSupply};
use crate::config::{FrameworkSettings, Phase, Platform, Sources, env_vars};
use crate::env::Env;
use crate::framework::Framework;
use crate::fs::read_file;
use crate::interrupt::Interrupt;
use crate::log::{Log, Style, data};
use crate::message::{Explain, Message};
use crate::publish::{Done, Intent, Outcome, PublishError, publish};
use crate::release::deferred::save_nothing;
use crate::setup::{PREPARED, PROGRAM, Setup, install_program, scratch, title};
use config_vars::ConfigVars;
use fs_err as fs;
use last_build::LastBuild;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The folder of ours in a slug.
const IN_SLUG: &str = ".static-assets";
/// The folder of ours in the cache, which all buildpacks of an app share.
const IN_CACHE: &str = "static-assets";
/// What compile leaves beside `export` for `bin/release`: the folder of a Phoenix app.
const RELEASE: &str = "phoenix-app";

#[derive(Debug)]
pub(crate) enum ClassicError {
    /// Not called as the API says.
    Usage,
    BuildDir(io::Error),
    EnvDir(io::Error),
    /// What the buildpacks that follow, or the dynos, would find.
    NotWritten(io::Error),
    /// In the place of a folder that is written into.
    Link(PathBuf),
}

/// Where a build happens.
struct Place {
    buildpack: PathBuf,
    build: PathBuf,
    cache: PathBuf,
    env: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Deploy,
    /// Heroku CI.
    Test,
}

/// `classic ACTION BUILDPACK_DIR BUILD_DIR [CACHE_DIR [ENV_DIR]]`.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut log = Log::to(io::stdout())
        .with_errors_to(io::stderr())
        .in_style(Style::Heroku);
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    match dispatch(&arguments, &mut log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            log.error(&message);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[OsString], log: &mut Log) -> Result<(), Message> {
    let [action, buildpack, build, rest @ ..] = arguments else {
        return Err(ClassicError::Usage.explain());
    };
    let place = Place::of(buildpack, build, rest).map_err(|error| error.explain())?;
    match action.to_str() {
        Some("compile") if !rest.is_empty() => compile(&place, Purpose::Deploy, log)?,
        Some("test-compile") if !rest.is_empty() => compile(&place, Purpose::Test, log)?,
        Some("release") => release(&place),
        Some("report") => report(&place),
        _ => return Err(ClassicError::Usage.explain()),
    }
    Ok(())
}

impl Place {
    fn of(buildpack: &OsString, build: &OsString, rest: &[OsString]) -> Result<Self, ClassicError> {
        Ok(Self {
            buildpack: buildpack.into(),
            build: fs::canonicalize(build).map_err(ClassicError::BuildDir)?,
            cache: rest
                .first()
                .map(|cache| Path::new(cache).join(IN_CACHE))
                .unwrap_or_default(),
            env: rest.get(1).map(PathBuf::from),
        })
    }

    /// Of the running app, where it asks for one.
    fn node(&self) -> PathBuf {
        self.build.join(IN_SLUG).join("node")
    }

    /// A folder of the app's that is a link leads out of what is deployed.
    fn refuse_links(&self) -> Result<(), ClassicError> {
        let folders = [IN_SLUG, ".profile.d"].map(|folder| self.build.join(folder));
        match folders.into_iter().find(|folder| folder.is_symlink()) {
            Some(link) => Err(ClassicError::Link(link)),
            None => Ok(()),
        }
    }

    fn procfile(&self) -> Option<String> {
        let procfile = read_file(&self.build.join("Procfile")).ok()?;
        Some(String::from_utf8_lossy(&procfile).into_owned())
    }

    /// The command of a process, by the Procfile.
    fn process(&self, name: &str) -> Option<String> {
        let procfile = self.procfile()?;
        let mut processes = procfile.lines().filter_map(|line| line.split_once(':'));
        let (_, command) = processes.find(|(found, _)| found.trim() == name)?;
        Some(command.trim().to_owned())
    }

    /// Whether a release phase does, or a script of `app.json`.
    fn calls_publisher(&self) -> bool {
        let app_json = fs::read_to_string(self.build.join("app.json")).unwrap_or_default();
        let release = self.process("release").unwrap_or_default();
        [release, app_json]
            .iter()
            .any(|text| text.contains("publish --prepared"))
    }
}

fn compile(place: &Place, purpose: Purpose, log: &mut Log) -> Result<(), Message> {
    let vars = ConfigVars::read(place.env.as_deref())
        .map_err(|error| ClassicError::EnvDir(error).explain())?;
    let process = Env::of_process();
    let env = vars.over(&process);
    let platform = Platform::config_vars(vars.names());
    let recognised = recognised(&env, &platform, &place.build);
    let phase = match (purpose, &recognised) {
        (Purpose::Test, _) => Phase::Test,
        // Its users replace a buildpack that compiled, store or not.
        (Purpose::Deploy, Some(Framework::Phoenix(_))) => Phase::BuildInAnyCase,
        (Purpose::Deploy, _) => Phase::Build,
    };
    log.header(&title());
    place.refuse_links().map_err(|error| error.explain())?;
    export::forget(&place.buildpack).map_err(not_written)?;
    profile_d::forget(&place.build).map_err(not_written)?;
    let setup = Setup::read(&env, platform, &place.build, &phase, log)?;
    if vars.disable_collectstatic() && setup.config.does_something() {
        log.detail(&format!(
            "{} is for heroku/python's own collectstatic (STATIC_ASSETS_DISABLE=1 switches this buildpack off)",
            env_vars::DISABLE_COLLECTSTATIC.name
        ));
    }
    if let (Some(Framework::Phoenix(phoenix)), None) = (&recognised, &setup.config.dir) {
        let folder = phoenix.root().to_string_lossy().into_owned();
        fs::write(place.buildpack.join(RELEASE), folder).map_err(not_written)?;
    }
    // What is wrong with one that can't be recognised, the build tells.
    if recognised.is_none()
        && setup.config.does_something()
        && let Ok(None) = Framework::choose(&place.build, &setup.config)
    {
        log.warning(
            "nothing is published: a store is set, but no Django and no Phoenix app was found here. A folder that is \
             built already, such as dist:\nSTATIC_ASSETS_DIR=dist",
        );
        return Ok(());
    }
    let scratch = scratch()?;
    let app = App {
        dir: place.build.clone(),
        scratch: scratch.path().to_owned(),
        injected: place.build.join(IN_SLUG).join("inject"),
        hook: HookPlace::SitePackages {
            within: Some(place.build.clone()),
            pin: None,
        },
        prepared: place.build.join(IN_SLUG).join(PREPARED),
        node: NodeSupply::Official { kept: place.node() },
        cache: Some(place.cache.join("build")),
        previous: LastBuild::read(&place.cache).and_then(|last| last.version.parse().ok()),
        env: setup.children,
    };
    let interrupt = Interrupt::listen();
    let outcome = publish(&app, &setup.config, Intent::Publish, &interrupt, log)
        .map_err(|error| error.explain())?;
    if place.node().is_dir() {
        let bin = Path::new(IN_SLUG).join("node/bin");
        profile_d::add_path(&place.build, "node", &bin).map_err(not_written)?;
    }
    if let Outcome::Done(done) = &outcome {
        deploy(place, done).map_err(not_written)?;
        // It only tells the next build what is new.
        if let Err(error) = LastBuild::of(&done.release, &done.framework).write(&place.cache) {
            log.warning(&format!(
                "nothing could be kept for the next build: {error}"
            ));
        }
    }
    let is_called = place.calls_publisher();
    if outcome.is_kept() && !is_called {
        warn_of_a_release_phase_that_publishes_nothing(place, log);
    }
    // A release phase that has nothing to do must not fail for want of the program.
    if is_called && !outcome.is_kept() {
        save_nothing(&app.prepared).map_err(|error| PublishError::from(error).explain())?;
    }
    if outcome.is_kept() || is_called {
        add_publisher(place).map_err(not_written)?;
    }
    Ok(())
}

fn not_written(error: io::Error) -> Message {
    ClassicError::NotWritten(error).explain()
}

/// As far as settings that may be wrong can tell.
fn recognised(env: &Env, platform: &Platform, build: &Path) -> Option<Framework> {
    let sources = Sources::read(env, platform.clone(), build).ok()?;
    Framework::detect(build, &FrameworkSettings::read(&sources)).ok()?
}

fn deploy(place: &Place, done: &Done) -> io::Result<()> {
    profile_d::write(&place.build, &done.launch)?;
    export::write(&place.buildpack, &done.launch)
}

fn add_publisher(place: &Place) -> io::Result<()> {
    let folder = Path::new(IN_SLUG).join("publisher/bin");
    install_program(&place.build.join(&folder).join(PROGRAM))?;
    profile_d::add_path(&place.build, "publisher", &folder)
}

/// A script of the app's may do it where no one sees, so this is no error.
fn warn_of_a_release_phase_that_publishes_nothing(place: &Place, log: &mut Log) {
    let then = match place.process("release") {
        Some(own) => format!(" && {own}"),
        None => String::new(),
    };
    log.warning(&format!(
        "nothing that could be seen publishes what was kept. STATIC_ASSETS_PUBLISH=release needs it in the release \
         phase, first, or every page of this release will link to files that are not there. In the Procfile (a script \
         of yours may do it, too):\nrelease: static-assets publish --prepared{then}"
    ));
}

/// What runs a Phoenix app that does not say it itself. Django has no such command.
fn release(place: &Place) {
    let folder = fs::read_to_string(place.buildpack.join(RELEASE)).ok();
    match folder.filter(|_| place.process("web").is_none()) {
        Some(folder) => {
            let enter = match folder.as_str() {
                "" => String::new(),
                folder => format!("cd {} && ", shell_words::quote(folder)),
            };
            let web = format!("{enter}elixir --sname server -S mix phx.server");
            let web = serde_json::Value::from(web);
            data(&format!("---\ndefault_process_types:\n  web: {web}\n"));
        }
        None => data("--- {}\n"),
    }
}

/// What this build has published, for the platform's eyes.
fn report(place: &Place) {
    if profile_d::is_in(&place.build)
        && let Some(last) = LastBuild::read(&place.cache)
    {
        data(&last.report());
    }
}
