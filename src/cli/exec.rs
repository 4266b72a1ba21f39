//! `static-assets exec`: gives a container's process what its image has pinned, and becomes that process. It needs
//! no shell, and none of the settings.

use super::args::Exec;
use crate::command::replace_process;
use crate::env::Env;
use crate::fs::read_file;
use crate::launch::pin;
use crate::log::Log;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

#[derive(Debug)]
pub(crate) enum ExecError {
    /// The image has no pin file.
    NoPin {
        file: PathBuf,
    },
    Pin {
        file: PathBuf,
        error: io::Error,
    },
    Command {
        program: OsString,
        error: io::Error,
    },
}

/// Gives back only why it could not.
pub(super) fn run(command: &Exec, log: &mut Log) -> ExecError {
    let file = command.pin.clone();
    let pin = match read_file(&file) {
        Ok(pin) => String::from_utf8_lossy(&pin).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return ExecError::NoPin { file },
        Err(error) => return ExecError::Pin { file, error },
    };
    if let [missing, ..] = pin::missing(&pin)[..] {
        log.warning(&format!(
            "{} is not there: this image's Python lacks what makes its pages link to the version. In the Dockerfile, copy \
             the environment that the step was run with, or run the step after the last installation of packages.",
            missing.display()
        ));
    }
    let own = Env::of_process();
    let more = pin::environment(&pin, |name| own.text(name));
    let error = replace_process(&command.program, &command.arguments, &more);
    ExecError::Command {
        program: command.program.clone(),
        error,
    }
}
