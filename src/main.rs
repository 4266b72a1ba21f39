//! Publishes a web app's static assets under an immutable, versioned URL while it is built.
//!
//! One binary with several front ends; the name it is called by chooses.

mod check;
mod cli;
mod cnb;
mod command;
mod config;
mod context;
mod encoding;
mod env;
mod framework;
mod fs;
mod heroku;
mod http;
mod interrupt;
mod launch;
mod log;
mod manifest;
mod message;
mod messages;
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
    let name = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&name).file_name().and_then(|name| name.to_str());
    match name {
        Some("detect" | "build") => {
            cnb::run();
            ExitCode::SUCCESS
        }
        Some(cnb::REBASE) => {
            cnb::rebase();
            ExitCode::SUCCESS
        }
        _ => {
            let mut arguments = std::env::args_os();
            match arguments.nth(1) {
                Some(front) if front == "classic" => heroku::run(arguments),
                _ => cli::run(std::env::args_os()),
            }
        }
    }
}
