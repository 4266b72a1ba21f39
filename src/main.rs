//! Publishes a web app's static assets under an immutable, versioned URL while it is built.
//!
//! One binary with several front ends; the name it is called by chooses.

mod check;
mod cli;
mod cnb;
mod command;
mod config;
mod context;
mod doctor;
mod encoding;
mod env;
mod framework;
mod fs;
mod gzip;
mod heroku;
mod http;
mod interrupt;
mod inventory;
mod launch;
mod log;
mod manifest;
mod message;
mod messages;
mod operate;
mod page;
mod parallel;
mod plan;
mod prefix;
mod publish;
mod redaction;
mod release;
mod sha256;
mod store;
mod version;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    match Path::new(&name).file_name().and_then(|name| name.to_str()) {
        Some("detect" | "build") => cnb::run(),
        Some(cnb::REBASE) => cnb::rebase(),
        _ if arguments.next().is_some_and(|front| front == "classic") => {
            return heroku::run(arguments);
        }
        _ => return cli::run(std::env::args_os()),
    }
    ExitCode::SUCCESS
}
