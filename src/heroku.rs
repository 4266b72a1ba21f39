//! Heroku's classic buildpack API, behind the stubs in `bin/`:
//! <https://devcenter.heroku.com/articles/buildpack-api>.

mod compile;
mod config_vars;
mod dirs;
mod last_build;
mod procfile;
mod profile_d;

use crate::log::{Log, Style, data};
use crate::message::Message;
use crate::messages::cli::FileError;
use crate::messages::heroku::HerokuError;
use compile::{Purpose, compile};
use dirs::Dirs;
use fs_err as fs;
use last_build::LastBuild;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

/// Runs `classic ACTION BUILDPACK_DIR BUILD_DIR [CACHE_DIR [ENV_DIR]]`.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let log = Log::to(io::stdout())
        .with_errors_to(io::stderr())
        .in_style(Style::HEROKU);
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let Err(message) = dispatch(&arguments, &log) else {
        return ExitCode::SUCCESS;
    };
    log.error(&message);
    ExitCode::FAILURE
}

fn dispatch(arguments: &[OsString], log: &Log) -> Result<(), Message> {
    let [action, buildpack, build, rest @ ..] = arguments else {
        return Err(HerokuError::Usage.into());
    };
    let dirs = Dirs::new(buildpack, build, rest)?;
    match action.to_str() {
        Some("compile") if !rest.is_empty() => compile(&dirs, Purpose::Deploy, log)?,
        Some("test-compile") if !rest.is_empty() => compile(&dirs, Purpose::Test, log)?,
        Some("release") => print_process_types(&dirs).map_err(FileError::Output)?,
        Some("report") => print_report(&dirs).map_err(FileError::Output)?,
        _ => return Err(HerokuError::Usage.into()),
    }
    Ok(())
}

/// Prints the command that runs a Phoenix app whose Procfile names none. Django has no such command.
fn print_process_types(dirs: &Dirs) -> io::Result<()> {
    let has_web = procfile::process(&dirs.build, "web").is_some();
    match fs::read_to_string(dirs.phoenix_root()) {
        Ok(root) if !has_web => {
            let mut web = "elixir --sname server -S mix phx.server".to_owned();
            if !root.is_empty() {
                web = format!("cd {} && {web}", shell_words::quote(&root));
            }
            let web = serde_json::Value::from(web);
            data(&format!("---\ndefault_process_types:\n  web: {web}\n"))
        }
        _ => data("--- {}\n"),
    }
}

/// Prints what this build published, for the platform.
fn print_report(dirs: &Dirs) -> io::Result<()> {
    let last = LastBuild::read(&dirs.cache).filter(|_| profile_d::exists_in(&dirs.build));
    last.map_or(Ok(()), |last| data(&last.report()))
}
