//! The command line, for Dockerfiles, release phases, CI jobs and people.

mod args;
mod doctor;
mod env_file;
mod exec;
mod help;
mod inspect;
mod json;
mod page;
mod pin;
mod prune;
mod publish;
mod verify;

use crate::log::{Log, data};
use crate::message::{Explain, Message};
use crate::messages::cli::FileError;
use crate::messages::settings::settings;
use args::Parsed;
use std::ffi::OsString;
use std::process::ExitCode;

pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let log = Log::to(std::io::stderr());
    let parsed = args::parse(arguments).map_err(Message::from);
    let done = parsed.and_then(|parsed| match parsed {
        Parsed::Data(text) => Ok(data(text).map_err(FileError::Output)?),
        Parsed::Settings => Ok(data(&settings()).map_err(FileError::Output)?),
        Parsed::List(args) => inspect::list(args, &log),
        Parsed::Pin(args) => pin::pin(&args, &log),
        Parsed::Unpin(name) => pin::unpin(&name, &log),
        Parsed::Prune(args) => prune::prune(args, &log),
        Parsed::Discard(versions) => prune::discard(&versions, &log),
        Parsed::Check(args) => page::run(&args, &log),
        Parsed::Doctor(args) => doctor::run(&args, &log),
        Parsed::Verify(args) => verify::run(&args, &log),
        Parsed::Show(args) => inspect::show(&args, &log),
        Parsed::Publish(args) => publish::run(&args, &log),
        // It returns only if the process could not be replaced.
        Parsed::Exec(args) => Err(exec::run(&args, &log).explain().alone()),
    });
    let Err(message) = done else {
        return ExitCode::SUCCESS;
    };
    log.error(&message);
    ExitCode::from(message.exit_code())
}
