//! The command line: `static-assets publish` and `exec`, for Dockerfiles, release phases, CI jobs and people.

mod args;
mod env_file;
mod exec;
mod publish;
mod report;

use crate::log::{Log, data};
use crate::message::{Explain, Message};
use args::Command;
pub(crate) use args::UsageError;
pub(crate) use exec::ExecError;
use std::ffi::OsString;
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
        Ok(Command::Publish(command)) => match publish::run(&command, &mut log) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => failed(&message, &mut log),
        },
        // It returns only where the process could not be replaced.
        Ok(Command::Exec(command)) => {
            failed(&exec::run(&command, &mut log).explain().alone(), &mut log)
        }
        Err(error) => failed(&error.explain(), &mut log),
    }
}

fn failed(message: &Message, log: &mut Log) -> ExitCode {
    log.error(message);
    ExitCode::from(message.exit_code())
}
