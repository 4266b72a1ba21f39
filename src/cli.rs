//! The command line: `static-assets publish`, for Dockerfiles, CI jobs and people.

mod args;
mod env_file;
mod report;

use crate::app::App;
use crate::config::{self, Config, Inject, Origin, Publishing, Setting, Sources, names};
use crate::env::Env;
use crate::errors::{Explain, Message, cli_message, config_message, env_file_message};
use crate::interrupt::Interrupt;
use crate::launch::Launch;
use crate::output::{Log, data};
use crate::paths::lies_in;
use crate::publish::{Intent, Outcome, PublishError, publish};
pub(crate) use args::UsageError;
use args::{Command, Format, Publish, Source};
use env_file::EnvFile;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut log = Log::to(std::io::stderr());
    match args::parse(arguments) {
        Ok(Command::Help(text)) => {
            data(text);
            ExitCode::SUCCESS
        }
        Ok(Command::Version) => {
            data(concat!("static-assets ", env!("CARGO_PKG_VERSION"), "\n"));
            ExitCode::SUCCESS
        }
        Ok(Command::Publish(command)) => match run_publish(&command, &mut log) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => failed(&message, &mut log),
        },
        Err(error) => failed(&error.explain(), &mut log),
    }
}

fn failed(message: &Message, log: &mut Log) -> ExitCode {
    log.error(message);
    ExitCode::from(message.exit_code())
}

fn run_publish(command: &Publish, log: &mut Log) -> Result<(), Message> {
    let env = Env::of_process();
    let app = match &command.source {
        Source::App(folder) => folder.clone(),
        // `project.toml` is where the command is called.
        Source::Dir(_) => PathBuf::from("."),
    };
    let app = fs_err::canonicalize(&app)
        .map_err(|error| cli_message("The app's folder can't be read", &error))?;
    let sources = Sources::read(&env, None, &app).map_err(|problems| config_message(&problems))?;
    let secrets = sources.secrets();
    log.redact(secrets.in_log());
    for warning in config::warnings(&sources) {
        log.warning(&warning.text());
    }
    let mut config = Config::read(&sources).map_err(|problems| config_message(&problems))?;
    if let Source::Dir(folder) = &command.source {
        config.dir = Some(Setting {
            value: here(folder),
            origin: Origin::Flag("--dir"),
        });
    }
    if config.inject == Inject::Auto {
        config.inject = Inject::Nowhere;
    }
    if let Publishing::Off(config::Off::NotConfigured) = config.publishing {
        return Err(UsageError::NoStore.explain());
    }
    log.header(&format!("Static assets {}", env!("CARGO_PKG_VERSION")));
    if let (Source::Dir(folder), Some(env_file)) = (&command.source, &command.env_file)
        && lies_in(place_of(env_file), folder)
    {
        return Err(UsageError::EnvFileInside.explain());
    }
    let open = match command.intent {
        Intent::Publish => EnvFile::open,
        Intent::Rehearse => EnvFile::read,
    };
    let env_file = command.env_file.as_deref().map(open).transpose();
    let env_file = env_file
        .map_err(|error| cli_message("The env file can't be opened for writing", &error))?;
    let scratch = tempfile::Builder::new()
        .prefix("static-assets-")
        .tempdir()
        .map_err(|error| PublishError::Install(error).explain())?;
    let app = App {
        dir: app,
        scratch: scratch.path().to_owned(),
        injected: scratch.path().join("injected"),
        cache: None,
        previous: env_file.as_ref().and_then(EnvFile::version),
        env: env.for_children(&names::secrets(), secrets.all()),
    };
    let interrupt = Interrupt::listen();
    let outcome =
        publish(&app, &config, command.intent, &interrupt, log).map_err(|error| error.explain())?;
    if let (Some(env_file), Intent::Publish) = (&env_file, command.intent) {
        let launch = match &outcome {
            Outcome::Done(done) => &done.launch,
            // What an earlier run pinned would be linked to by an image that was not published.
            Outcome::Nothing => &Launch::default(),
        };
        env_file
            .write(launch)
            .map_err(|error| env_file_message(&env_file::lines(launch), &error))?;
        log.bullet(&format!("Written to {}", env_file.path().display()));
    }
    if command.format == Format::Json {
        data(&report::json(&outcome));
    }
    Ok(())
}

/// A file that is not there yet will be where its folder is.
fn place_of(file: &Path) -> &Path {
    if file.exists() {
        return file;
    }
    file.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}

/// Relative to where the command was called, whatever the app's folder is.
fn here(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}
