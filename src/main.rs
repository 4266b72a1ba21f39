//! Publishes a web app's static assets under an immutable, versioned URL while it is built.
//!
//! One binary with several front ends; the name it is called by chooses.

mod app;
mod check;
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
mod store;
mod version;
mod walk;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let name = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&name).file_name().and_then(|name| name.to_str());
    if let Some("detect" | "build") = name {
        cnb::run();
        return ExitCode::SUCCESS;
    }
    cli::run(std::env::args_os())
}
