//! Heroku's classic buildpack API, behind the stubs in `bin/`:
//! <https://devcenter.heroku.com/articles/buildpack-api>.

mod config_vars;
mod export;
mod last;
mod profile_d;

use crate::app::{App, HookPlace, NodeSupply};
use crate::config::{Config, Local, Off, Phase, Platform, Publishing, names};
use crate::env::Env;
use crate::errors::{Explain, Message};
use crate::framework::Framework;
use crate::interrupt::Interrupt;
use crate::output::{Log, Style, data};
use crate::publish::{Done, Intent, Outcome, Upload, publish};
use crate::setup::{PREPARED, PROGRAM, Setup, install_program, scratch, title};
use config_vars::ConfigVars;
use fs_err as fs;
use last::Last;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The folder of ours in a slug.
const IN_SLUG: &str = ".static-assets";
/// The folder of ours in the cache, which all buildpacks of an app share.
const IN_CACHE: &str = "static-assets";
/// What compile leaves beside `export` for `bin/release`.
const RELEASE: &str = "release.yml";

#[derive(Debug)]
pub(crate) enum ClassicError {
    /// Not called as the API says.
    Usage,
    BuildDir(io::Error),
    EnvDir(io::Error),
    /// What the buildpacks that follow, or the dynos, would find.
    NotWritten(io::Error),
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
    let done = match &arguments[..] {
        [action, buildpack, build, rest @ ..] => {
            let place = Place::of(buildpack, build, rest);
            match (action.to_str(), place) {
                (Some("compile"), Ok(place)) => compile(&place, Purpose::Deploy, &mut log),
                (Some("test-compile"), Ok(place)) => compile(&place, Purpose::Test, &mut log),
                (Some("release"), Ok(place)) => {
                    release(&place);
                    Ok(())
                }
                (Some("report"), Ok(place)) => {
                    report(&place);
                    Ok(())
                }
                (_, Err(error)) => Err(error.explain()),
                (_, Ok(_)) => Err(ClassicError::Usage.explain()),
            }
        }
        _ => Err(ClassicError::Usage.explain()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            log.error(&message);
            ExitCode::FAILURE
        }
    }
}

impl Place {
    fn of(buildpack: &OsString, build: &OsString, rest: &[OsString]) -> Result<Self, ClassicError> {
        let cache = rest.first().map_or_else(PathBuf::new, PathBuf::from);
        Ok(Self {
            buildpack: buildpack.into(),
            build: fs::canonicalize(build).map_err(ClassicError::BuildDir)?,
            cache: cache.join(IN_CACHE),
            env: rest.get(1).map(PathBuf::from),
        })
    }

    /// Of the running app, where it asks for one.
    fn node(&self) -> PathBuf {
        self.build.join(IN_SLUG).join("node")
    }

    fn procfile(&self) -> Option<String> {
        fs::read_to_string(self.build.join("Procfile")).ok()
    }
}

fn compile(place: &Place, purpose: Purpose, log: &mut Log) -> Result<(), Message> {
    let vars = ConfigVars::read(place.env.as_deref())
        .map_err(|error| ClassicError::EnvDir(error).explain())?;
    let process = Env::of_process();
    let env = vars.over(&process);
    let platform = Platform::config_vars(vars.names());
    let phase = match purpose {
        Purpose::Deploy => Phase::Build,
        Purpose::Test => Phase::Test,
    };
    log.header(&title());
    export::forget(&place.buildpack).map_err(not_written)?;
    let mut setup = Setup::read(&env, platform, &place.build, &phase, log)?;
    if vars.disable_collectstatic() && setup.config.does_something() {
        log.detail(&format!(
            "{} is for heroku/python's own collectstatic (STATIC_ASSETS_DISABLE=1 switches this buildpack off)",
            names::DISABLE_COLLECTSTATIC.name
        ));
    }
    let found = Framework::choose(&place.build, &setup.config);
    if let Ok(Some(Framework::Phoenix(_))) = found {
        fs::write(place.buildpack.join(RELEASE), "phoenix\n").map_err(not_written)?;
        compile_as_the_buildpack_before_us_did(&mut setup.config);
    }
    if let Ok(None) = found
        && setup.config.does_something()
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
        previous: Last::read(&place.cache).and_then(|last| last.version.parse().ok()),
        env: setup.children,
    };
    let interrupt = Interrupt::listen();
    let outcome = publish(&app, &setup.config, Intent::Publish, &interrupt, log)
        .map_err(|error| error.explain())?;
    profile_d::add_node(&place.build, &place.node()).map_err(not_written)?;
    match outcome {
        Outcome::Nothing => Ok(()),
        Outcome::Done(done) => {
            deploy(place, &done).map_err(not_written)?;
            if let Upload::Kept = done.upload {
                warn_of_a_release_phase_that_publishes_nothing(place, log);
            }
            Ok(())
        }
    }
}

fn not_written(error: io::Error) -> Message {
    ClassicError::NotWritten(error).explain()
}

/// Users of Phoenix replace a buildpack that compiled, store or not.
fn compile_as_the_buildpack_before_us_did(config: &mut Config) {
    if let Publishing::Off(Off::NotConfigured) = config.publishing {
        config.publishing = Publishing::Local(Local::NoStore);
    }
}

fn deploy(place: &Place, done: &Done) -> io::Result<()> {
    let keeps = matches!(done.upload, Upload::Kept);
    let publisher = Path::new(IN_SLUG).join("publisher/bin");
    if keeps {
        install_program(&place.build.join(&publisher).join(PROGRAM))?;
    }
    for file in &done.launch.files {
        let path = place.build.join(IN_SLUG).join("inject").join(&file.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, &file.content)?;
    }
    profile_d::write(
        &place.build,
        &done.launch,
        keeps.then_some(publisher.as_path()),
    )?;
    export::write(&place.buildpack, &done.launch)?;
    Last::of(&done.release, &done.framework).write(&place.cache)
}

/// A script of the app's may do it where no one sees, so this is no error.
fn warn_of_a_release_phase_that_publishes_nothing(place: &Place, log: &mut Log) {
    let publishes = |text: &str| text.contains("publish --prepared");
    let app_json = fs::read_to_string(place.build.join("app.json")).unwrap_or_default();
    if publishes(&place.procfile().unwrap_or_default()) || publishes(&app_json) {
        return;
    }
    log.warning(
        "nothing here publishes what was kept: STATIC_ASSETS_PUBLISH=release needs this line in the Procfile, before \
         any other command of its release phase, or every page of this release will link to files that are not \
         there:\nrelease: static-assets publish --prepared",
    );
}

/// What runs a Phoenix app that does not say it itself. Django has no such command.
fn release(place: &Place) {
    let is_phoenix = place.buildpack.join(RELEASE).is_file();
    if is_phoenix && place.procfile().is_none() {
        data("---\ndefault_process_types:\n  web: elixir --sname server -S mix phx.server\n");
    } else {
        data("--- {}\n");
    }
}

/// What this build has published, for the platform's eyes.
fn report(place: &Place) {
    if profile_d::is_in(&place.build)
        && let Some(last) = Last::read(&place.cache)
    {
        data(&last.report());
    }
}
