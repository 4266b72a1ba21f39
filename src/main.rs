//! Publishes a web app's static assets under an immutable, versioned URL while it is built.
//!
//! One binary with several front ends; the name it is called by chooses.

mod app;
mod check;
mod classic;
mod cli;
mod cnb;
mod command;
mod config;
mod env;
mod errors;
mod fetch;
mod framework;
mod hex;
mod interrupt;
mod launch;
mod manifest;
mod output;
mod parallel;
mod paths;
mod percent;
mod plan;
mod prefix;
mod publish;
mod release;
mod setup;
mod store;
mod version;
mod walk;

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
                Some(front) if front == "classic" => classic::run(arguments),
                _ => cli::run(std::env::args_os()),
            }
        }
    }
}
