//! `static-assets exec`: gives a container's process what its image pinned, and becomes that process. It needs no shell
//! and none of the settings.

use super::args::ExecArgs;
use crate::command::replace_process;
use crate::env::Env;
use crate::fs::read_file;
use crate::launch::pin;
use crate::log::Log;
use crate::messages::cli::{CliEvent, ExecError};
use std::io;

/// Returns only why it could not become the process.
pub(super) fn run(args: &ExecArgs, log: &Log) -> ExecError {
    let pin = match read_file(&args.pin) {
        Ok(pin) => String::from_utf8_lossy(&pin).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return ExecError::NoPin(args.pin.clone());
        }
        Err(error) => return ExecError::UnreadablePin(args.pin.clone(), error),
    };
    if let [missing, ..] = pin::missing(&pin)[..] {
        log.event(&CliEvent::MissingFile(missing));
    }
    let own = Env::of_process();
    let more = pin::environment(&pin, |name| own.text(name));
    let error = replace_process(&args.program, &args.arguments, &more);
    ExecError::NotStarted(args.program.clone(), error)
}
