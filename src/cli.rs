//! The command line, for Dockerfiles, release phases, CI jobs and people.

mod args;
mod env_file;
mod exec;
mod json;
mod publish;

use crate::log::{Log, data};
use crate::message::{Explain, Message};
use args::Parsed;
use std::ffi::OsString;
use std::process::ExitCode;

pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let log = Log::to(std::io::stderr());
    let failed = |message: &Message| {
        log.error(message);
        ExitCode::from(message.exit_code())
    };
    match args::parse(arguments) {
        Ok(Parsed::Help(text)) => {
            data(text);
            ExitCode::SUCCESS
        }
        Ok(Parsed::Version) => {
            data(concat!("static-assets ", env!("CARGO_PKG_VERSION"), "\n"));
            ExitCode::SUCCESS
        }
        Ok(Parsed::Publish(args)) => match publish::run(&args, &log) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => failed(&message),
        },
        // It returns only if the process could not be replaced.
        Ok(Parsed::Exec(args)) => failed(&exec::run(&args, &log).explain().alone()),
        Err(error) => failed(&error.explain()),
    }
}
