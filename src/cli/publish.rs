//! `static-assets publish`: an app, a folder that is built already, or what a build has kept.

use super::args::{Format, Publish, Source, UsageError};
use super::env_file::EnvFile;
use super::report;
use crate::app::{App, HookPlace, NodeSupply};
use crate::config::{Inject, Off, Origin, Phase, Platform, Publishing, Setting};
use crate::env::{Env, own_program};
use crate::fs::{lies_in, write_for_all};
use crate::interrupt::Interrupt;
use crate::launch::Launch;
use crate::launch::pin::{self, PIN_FILE};
use crate::log::{Log, data};
use crate::message::{Explain, Message};
use crate::messages::{cli_message, env_file_message, pin_file_message};
use crate::publish::{Intent, Outcome, PublishError, publish, publish_kept};
use crate::release::deferred::{Deferred, save_nothing};
use crate::setup::{PREPARED, Setup, scratch, title};
use fs_err as fs;
use std::path::{Path, PathBuf};

pub(super) fn run(command: &Publish, log: &mut Log) -> Result<(), Message> {
    let env_file = env_file(command)?;
    let outcome = match &command.source {
        Source::Prepared(folder) => {
            of_prepared(folder.as_deref(), command.intent, log).map_err(Message::in_release)?
        }
        source => of_app(source, command, env_file.as_ref(), log)?,
    };
    let launch = match &outcome {
        Outcome::Done(done) => &done.launch,
        // What an earlier run pinned would be linked to by an image that was not published.
        Outcome::Nothing => &Launch::default(),
    };
    if command.intent == Intent::Publish {
        if let Some(file) = &command.pin {
            write_pin(file, launch).map_err(|error| pin_file_message(file, &error))?;
            if !outcome.is_kept() {
                save_nothing(&file.with_file_name(PREPARED))
                    .map_err(|error| PublishError::from(error).explain())?;
            }
            log.bullet(&match &outcome {
                Outcome::Done(_) => format!("Pinned in {}", file.display()),
                Outcome::Nothing => format!("{} pins nothing", file.display()),
            });
            tell_of_the_image(&outcome, file, log);
        }
        if let Some(file) = &env_file {
            file.write(launch)
                .map_err(|error| env_file_message(&pin::lines(launch), &error))?;
            log.bullet(&format!("Written to {}", file.path().display()));
        }
    }
    if command.format == Format::Json {
        data(&report::json(&outcome));
    }
    Ok(())
}

/// One that can't be written is known before any work.
fn env_file(command: &Publish) -> Result<Option<EnvFile>, Message> {
    let Some(path) = &command.env_file else {
        return Ok(None);
    };
    if let Source::Dir(folder) = &command.source
        && lies_in(place_of(path), folder)
    {
        return Err(UsageError::EnvFileInside.explain());
    }
    let opened = match command.intent {
        Intent::Publish => EnvFile::open(path),
        Intent::Rehearse => EnvFile::read(path),
    };
    opened
        .map(Some)
        .map_err(|error| cli_message("The env file can't be opened for writing", &error))
}

fn of_app(
    source: &Source,
    command: &Publish,
    env_file: Option<&EnvFile>,
    log: &mut Log,
) -> Result<Outcome, Message> {
    let env = Env::of_process();
    let app = match source {
        Source::App(folder) => folder.as_path(),
        // `project.toml` is where the command is called.
        Source::Dir(_) | Source::Prepared(_) => Path::new("."),
    };
    let app = fs::canonicalize(app)
        .map_err(|error| cli_message("The app's folder can't be read", &error))?;
    let setup = Setup::read(&env, Platform::default(), &app, &Phase::Build, log)?;
    let mut config = setup.config;
    if let Source::Dir(folder) = source {
        config.dir = Some(Setting {
            value: here(folder),
            origin: Origin::Flag("--dir"),
        });
    }
    if config.inject == Inject::Auto && command.pin.is_none() {
        config.inject = Inject::Nowhere;
    }
    if let Publishing::Off(Off::NotConfigured) = config.publishing {
        return Err(PublishError::NoStore.explain());
    }
    if matches!(config.publishing, Publishing::Later(_)) && command.pin.is_none() {
        return Err(UsageError::NowhereToKeep.explain());
    }
    if let (Source::Dir(folder), Some(pin)) = (source, &command.pin)
        && lies_in(place_of(pin), folder)
    {
        return Err(UsageError::PinInside.explain());
    }
    log.header(&title());
    if let (Some(pin), Intent::Publish) = (&command.pin, command.intent) {
        // One that can't be written is known before any work, and what an earlier layer pinned does not stay.
        write_pin(pin, &Launch::default()).map_err(|error| pin_file_message(pin, &error))?;
    }
    let scratch = scratch()?;
    let beside_pin = command.pin.as_deref().and_then(Path::parent);
    let app = App {
        dir: app,
        scratch: scratch.path().to_owned(),
        injected: scratch.path().join("injected"),
        hook: match command.intent {
            Intent::Publish => HookPlace::SitePackages {
                within: None,
                pin: command.pin.as_deref().map(here),
            },
            // A rehearsal puts nothing anywhere.
            Intent::Rehearse => HookPlace::PythonPath,
        },
        prepared: beside_pin.unwrap_or(scratch.path()).join(PREPARED),
        node: NodeSupply::Platform,
        cache: None,
        previous: env_file.and_then(EnvFile::version),
        env: setup.children,
    };
    let interrupt = Interrupt::listen();
    publish(&app, &config, command.intent, &interrupt, log).map_err(|error| error.explain())
}

fn of_prepared(folder: Option<&Path>, intent: Intent, log: &mut Log) -> Result<Outcome, Message> {
    let folder = folder.map_or_else(kept_by_the_image, Path::to_owned);
    let kept = Deferred::read(&folder);
    let env = Env::of_process();
    let phase = Phase::Release {
        pinned: kept.as_ref().ok().and_then(Deferred::pinned).cloned(),
    };
    // The app's own settings were the build's; `project.toml` may have been left out of the image.
    let setup = Setup::read(&env, Platform::default(), Path::new("."), &phase, log)?;
    log.header(&title());
    let interrupt = Interrupt::listen();
    publish_kept(kept, &setup.config, intent, &interrupt, log).map_err(|error| error.explain())
}

/// Where the doors put it: beside the folder of this program (`publisher/bin`), or beside the pin file.
fn kept_by_the_image() -> PathBuf {
    let beside_program = own_program()
        .and_then(|program| Some(program.ancestors().nth(3)?.join(PREPARED)))
        .filter(|folder| folder.is_dir());
    beside_program.unwrap_or_else(|| Path::new(PIN_FILE).with_file_name(PREPARED))
}

fn write_pin(file: &Path, launch: &Launch) -> std::io::Result<()> {
    write_for_all(file, pin::render(launch).as_bytes())
}

/// What of an image's build can't be seen from inside of it.
fn tell_of_the_image(outcome: &Outcome, pin: &Path, log: &mut Log) {
    if let Outcome::Nothing = outcome {
        return;
    }
    let named = if pin == Path::new(PIN_FILE) {
        String::new()
    } else {
        format!("\"--pin={}\", ", here(pin).display())
    };
    log.detail(&format!(
        "processes get it by ENTRYPOINT [\"static-assets\", \"exec\", {named}\"--\"]; another stage needs {} as well",
        here(pin).parent().unwrap_or(pin).display()
    ));
    if outcome.is_kept() && pin != Path::new(PIN_FILE) {
        log.detail(&format!(
            "here: static-assets publish --prepared={}",
            here(pin).with_file_name(PREPARED).display()
        ));
    }
    log.detail(
        "Docker caches this step: it runs again after a change of a file or ARG before it, not of a secret alone",
    );
}

/// A file that is not there yet will be where its folder is.
fn place_of(file: &Path) -> &Path {
    let folders = file.ancestors().filter(|path| !path.as_os_str().is_empty());
    let there = folders.into_iter().find(|path| path.exists());
    there.unwrap_or_else(|| Path::new("."))
}

/// Relative to where the command was called, whatever the app's folder is.
fn here(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}
