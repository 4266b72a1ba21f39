//! `static-assets publish`: an app, a directory that is already built, or what a build saved for its release phase.

use super::args::{AssetSource, Format, PublishArgs};
use super::env_file::EnvFile;
use super::json;
use crate::config::{ConfigProblem, Mode, Phase, Platform, Sources, Unpublished};
use crate::context::{BuildContext, DryRun, HookPlace, ImagePlaces, NodeSupply};
use crate::env::{Env, own_program};
use crate::fs::{lies_in, write_for_all};
use crate::interrupt::Interrupt;
use crate::launch::Launch;
use crate::launch::pin::{self, PIN_FILE};
use crate::launch::publisher::DEFERRED_DIR;
use crate::log::Log;
use crate::message::{Explain, Message};
use crate::messages::cli::{CliEvent, FileError, UsageError};
use crate::publish::{
    PublishError, PublishEvent, Published, Setup, publish, publish_deferred, read_config,
    scratch_dir, warn,
};
use crate::release::deferred::{Deferred, save_nothing};
use fs_err as fs;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

pub(super) fn run(args: &PublishArgs, log: &Log) -> Result<(), Message> {
    let started = Instant::now();
    let env_file = open_env_file(args)?;
    let published = match &args.source {
        AssetSource::Prepared(dir) => publish_prepared(dir.as_deref(), args, log)
            .map_err(|error| error.explain().in_release())?,
        AssetSource::App(_) | AssetSource::Dir(_) => publish_app(args, env_file.as_ref(), log)?,
    };
    let published = published.as_ref();
    if args.dry_run == DryRun::No {
        // If nothing was published, what an earlier run pinned must not stay.
        let nothing = Launch::default();
        let launch = published.map_or(&nothing, |published| &published.launch);
        if let Some(file) = &args.pin {
            write_pin(file, launch)?;
            log_pin(file, published, log)?;
        }
        if let Some(file) = &env_file {
            let failed = |error| {
                FileError::EnvFileNotWritten(file.path().to_owned(), pin::lines(launch), error)
            };
            file.write(launch).map_err(failed)?;
            log.event(&CliEvent::Written(file.path()));
        }
        if let Some(published) = published {
            log.event(&PublishEvent::Done(published, started.elapsed()));
        }
    }
    if args.format == Format::Json {
        log.data(&json::render(published, args.dry_run))
            .map_err(FileError::Output)?;
    }
    Ok(())
}

/// Opens the env file before any work, so that one that can't be written is known then.
fn open_env_file(args: &PublishArgs) -> Result<Option<EnvFile>, Message> {
    let Some(path) = &args.env_file else {
        return Ok(None);
    };
    if lies_in_published_dir(path, args) {
        return Err(UsageError::EnvFileInside.in_command("publish").into());
    }
    let opened = match args.dry_run {
        DryRun::No => EnvFile::open(path),
        DryRun::Yes => EnvFile::read(path),
    };
    Ok(Some(opened.map_err(|error| {
        FileError::EnvFile(path.clone(), error)
    })?))
}

fn publish_app(
    args: &PublishArgs,
    env_file: Option<&EnvFile>,
    log: &Log,
) -> Result<Option<Published>, Message> {
    let app_dir = match &args.source {
        AssetSource::App(dir) => dir.as_path(),
        // `project.toml` is in the directory in which the command is called.
        AssetSource::Dir(_) | AssetSource::Prepared(_) => Path::new("."),
    };
    let app_dir =
        fs::canonicalize(app_dir).map_err(|error| FileError::App(app_dir.to_owned(), error))?;
    let setup = read_setup(&app_dir, args, log)?;
    let pin = args.pin.as_deref();
    match setup.config.mode {
        Mode::Off(Unpublished::NoStore) => {
            warn(&setup.config.warnings, log);
            return Err(PublishError::NoStore.into());
        }
        // Who calls this command wants the app to take part.
        Mode::Off(Unpublished::Nameless(_, id)) => {
            return Err(PublishError::from(vec![ConfigProblem::AppMissing(id)]).into());
        }
        Mode::Defer(_) if pin.is_none() => {
            return Err(UsageError::NowhereToSave.in_command("publish").into());
        }
        _ if pin.is_some_and(|pin| lies_in_published_dir(pin, args)) => {
            return Err(UsageError::PinInside.in_command("publish").into());
        }
        _ => log.event(&CliEvent::Title),
    }
    if let (Some(pin), DryRun::No) = (pin, args.dry_run) {
        // A pin that can't be written is known before any work, and what an earlier layer pinned does not stay.
        let had_version = fs::read_to_string(pin).is_ok_and(|text| pin::has_version(&text));
        write_pin(pin, &Launch::default())?;
        if had_version {
            log.event(&CliEvent::EarlierPinRemoved(pin));
        }
    }
    let scratch = scratch_dir()?;
    let ctx = BuildContext {
        env: setup.children,
        image: image_places(args, &app_dir, scratch.path()),
        cache: None,
        previous: env_file.and_then(EnvFile::previous_build),
        config: setup.config,
        app_dir,
        scratch: scratch.path().to_owned(),
        started: SystemTime::now(),
        dry_run: args.dry_run,
        interrupt: &Interrupt::listen(),
        log,
    };
    Ok(publish(&ctx, setup.app)?)
}

fn read_setup(app_dir: &Path, args: &PublishArgs, log: &Log) -> Result<Setup, PublishError> {
    let env = Env::of_process();
    let mut sources = Sources::read(&env, Platform::default(), app_dir)?;
    if let AssetSource::Dir(dir) = &args.source {
        sources = sources.with_dir(absolute(dir));
    }
    Setup::read(&sources, app_dir, |_| Phase::BUILD, log)
}

fn image_places(args: &PublishArgs, app_dir: &Path, scratch: &Path) -> ImagePlaces {
    let beside_pin = args.pin.as_deref().and_then(Path::parent);
    let root = args.pin.as_ref().map_or(app_dir, |_| Path::new("/"));
    ImagePlaces {
        root: root.to_owned(),
        injected: scratch.join("injected"),
        hook: match args.dry_run {
            // A dry run puts nothing into the interpreter's packages.
            DryRun::Yes => HookPlace::PythonPath,
            DryRun::No => HookPlace::SitePackages {
                within: None,
                pin: args.pin.as_deref().map(absolute),
            },
        },
        deferred_dir: beside_pin.unwrap_or(scratch).join(DEFERRED_DIR),
        release_command: "static-assets publish --prepared",
        node: NodeSupply::Platform,
        takes_injection: args.pin.is_some(),
    }
}

fn publish_prepared(
    dir: Option<&Path>,
    args: &PublishArgs,
    log: &Log,
) -> Result<Option<Published>, PublishError> {
    let dir = dir.map_or_else(deferred_dir_of_image, Path::to_owned);
    let deferred = Deferred::read(&dir);
    let env = Env::of_process();
    let pinned = deferred.as_ref().ok().and_then(Deferred::pinned).cloned();
    // The build judged the app's own settings, and the image may lack `project.toml`.
    let sources = Sources::read(&env, Platform::default(), Path::new("."))?;
    let config = read_config(&sources, &Phase::Release { pinned }, log);
    log.event(&CliEvent::Title);
    match (config, deferred) {
        (Ok(config), deferred) => {
            let interrupt = Interrupt::listen();
            publish_deferred(deferred, &config, args.dry_run, &interrupt, log)
        }
        // The settings of an image without a deferred upload need not be right.
        (Err(_), Ok(Deferred::Nothing)) => {
            log.event(&PublishEvent::NothingDeferred);
            Ok(None)
        }
        // Without what the build has saved, settings seem to be missing that it holds.
        (Err(_), Err(error)) => Err(error.into()),
        (Err(error), Ok(Deferred::Release(_))) => Err(error),
    }
}

/// The directory that a build made: beside the directory of this program (`publisher/bin`), or beside the pin.
fn deferred_dir_of_image() -> PathBuf {
    let beside_program = own_program()
        .and_then(|program| Some(program.ancestors().nth(3)?.join(DEFERRED_DIR)))
        .filter(|dir| dir.is_dir());
    beside_program.unwrap_or_else(|| Path::new(PIN_FILE).with_file_name(DEFERRED_DIR))
}

fn write_pin(file: &Path, launch: &Launch) -> Result<(), FileError> {
    let written = write_for_all(file, pin::render(launch).as_bytes());
    written.map_err(|error| FileError::PinNotWritten(file.to_owned(), error))
}

/// Logs the pin and what the image needs besides, and tells a release phase if it has nothing to do.
fn log_pin(file: &Path, published: Option<&Published>, log: &Log) -> Result<(), PublishError> {
    let is_deferred = published.is_some_and(Published::is_deferred);
    if !is_deferred {
        save_nothing(&file.with_file_name(DEFERRED_DIR))?;
    }
    if published.is_none() {
        log.event(&CliEvent::PinsNothing(file));
        return Ok(());
    }
    log.event(&CliEvent::Pinned(file));
    let (pin, is_default) = (absolute(file), file == Path::new(PIN_FILE));
    let deferred = pin.with_file_name(DEFERRED_DIR);
    log.event(&CliEvent::PinnedImage {
        pin: &pin,
        is_default,
        deferred: (is_deferred && !is_default).then_some(&deferred),
    });
    Ok(())
}

/// Whether a file would be published with the directory of `--dir`. A file that does not exist yet will be where the
/// nearest directory above it is.
fn lies_in_published_dir(file: &Path, args: &PublishArgs) -> bool {
    let mut paths = file.ancestors().filter(|path| !path.as_os_str().is_empty());
    let existing = paths.find(|path| path.exists());
    let existing = existing.unwrap_or_else(|| Path::new("."));
    matches!(&args.source, AssetSource::Dir(dir) if lies_in(existing, dir))
}

/// Resolves a path against the directory in which the command is called, whatever the app's directory is.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
