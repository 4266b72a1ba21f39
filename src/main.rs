//! Publishes a web app's static assets under an immutable, versioned URL while it is built.
//!
//! One binary with several front ends; the name it is called by chooses.

mod app;
mod check;
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
    output::Log::to(std::io::stderr()).bullet(&format!(
        "static-assets {}: a Cloud Native Buildpack. It is called as bin/detect and bin/build; \
         script/package makes the folder for `pack build --buildpack`.",
        env!("CARGO_PKG_VERSION")
    ));
    ExitCode::from(2)
}
