//! Texts of the command line.

use super::{Explain, Kind, Message};
use crate::cli::{ExecError, UsageError};
use indoc::formatdoc;
use std::io;
use std::path::Path;

const USAGE: &str = "static-assets publish (--app DIR | --dir DIR | --prepared[=DIR]) [--pin[=FILE]] [--json] \
                     [--env-file FILE] [--dry-run]\n  static-assets exec -- COMMAND [ARGUMENT…]";

impl Explain for UsageError {
    fn explain(&self) -> Message {
        let why = match self {
            Self::NoCommand => "No command was given.".to_owned(),
            Self::UnknownCommand(name) => format!("There is no command '{}'.", name.escape_debug()),
            Self::NoSource => {
                "Name what to publish: --app DIR, --dir DIR for a folder that is built already, or --prepared in a \
                 release phase."
                    .to_owned()
            }
            Self::TwoSources => "--app, --dir and --prepared name what to publish: give one, once.".to_owned(),
            Self::EmptyFolder(flag) => {
                format!("{flag} is empty. Is the variable that names the folder set?")
            }
            Self::EnvFileInside => {
                "The env file lies in the folder that is published: it would be public, and make \
                 another version each time. Put it elsewhere."
                    .to_owned()
            }
            Self::PinPath => {
                "The path of the pin is written into the image's own files, so it has to be UTF-8 text, of one line."
                    .to_owned()
            }
            Self::PinInside => {
                "The pin lies in the folder that is published: it would be public, and make another version each time. \
                 Put it elsewhere, such as its own place: --pin"
                    .to_owned()
            }
            Self::Argument(error) => format!("{error}."),
            Self::NothingToExec => "Name the command to start, after --.".to_owned(),
            Self::PinOfPrepared => {
                "--pin is of the build, which has pinned this image already: leave it out.".to_owned()
            }
            Self::NowhereToKeep => {
                return Message::new(
                    Kind::Configuration,
                    "Nowhere to keep the files",
                    "STATIC_ASSETS_PUBLISH=release keeps the files in an image until its release phase. In a \
                     Dockerfile:\n  RUN static-assets publish --app . --pin\nOutside of an image's build, publish \
                     now: unset STATIC_ASSETS_PUBLISH.",
                );
            }
        };
        Message::new(
            Kind::Configuration,
            "Usage",
            format!("{why}\n  {USAGE}\nMore: static-assets publish --help"),
        )
    }
}

impl Explain for ExecError {
    fn explain(&self) -> Message {
        match self {
            Self::NoPin { file } => Message::new(
                Kind::Configuration,
                "This image has no pin",
                formatdoc! {"
                    {file} is not there, so nothing tells which version this image belongs to. It is written by
                      RUN static-assets publish --app . --pin
                    and has to be copied where that is done in another stage of the Dockerfile:
                      COPY --from=build {folder} {folder}
                    One in another place is named here, too: static-assets exec --pin=FILE -- …
                    Without it: take \"static-assets exec --\" out of the ENTRYPOINT.",
                    file = file.display(),
                    folder = file.parent().unwrap_or(file).display(),
                },
            ),
            Self::Pin { file, error } => Message::new(
                Kind::Configuration,
                "The pin can't be read",
                format!("{} has to be readable by the user of the process.", file.display()),
            )
            .with_details(error.to_string()),
            Self::Command { program, error } => Message::new(
                match error.kind() {
                    io::ErrorKind::NotFound => Kind::NoCommand,
                    _ => Kind::NotStartable,
                },
                "The command can't be started",
                format!(
                    "'{}' is not on PATH, is no program, or may not be run by this user. Shell syntax needs a \
                     shell: static-assets exec -- sh -c 'exec …'",
                    program.to_string_lossy().escape_debug()
                ),
            )
            .with_details(error.to_string()),
        }
    }
}

pub(crate) fn cli_message(title: &str, error: &io::Error) -> Message {
    Message::new(Kind::Configuration, title, error.to_string())
}

/// The version is published all the same.
pub(crate) fn env_file_message(lines: &str, error: &io::Error) -> Message {
    let body = if lines.is_empty() {
        "Nothing was published; the lines of an earlier run may still be in it.".to_owned()
    } else {
        format!("The version is published. These lines belong into it:\n{lines}")
    };
    Message::new(Kind::Machine, "The env file can't be written", body)
        .with_details(error.to_string())
}

/// The version may be published all the same; the image would not know it.
pub(crate) fn pin_file_message(file: &Path, error: &io::Error) -> Message {
    Message::new(
        Kind::Machine,
        "The pin can't be written",
        format!(
            "{} tells the processes of this image which version is theirs. Does this step run as a user who may \
             write there? In the Dockerfile:\n  USER root\nor another place, which \"static-assets exec\" is told as \
             well:\n  --pin=/app/.static-assets/pin.env",
            file.display()
        ),
    )
    .with_details(error.to_string())
}
