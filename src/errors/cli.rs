//! Texts of the command line.

use super::{Explain, Kind, Message};
use crate::cli::UsageError;
use crate::config::names::STORE;
use std::io;

const USAGE: &str =
    "static-assets publish (--app DIR | --dir DIR) [--json] [--env-file FILE] [--dry-run]";

impl Explain for UsageError {
    fn explain(&self) -> Message {
        let why = match self {
            Self::NoCommand => "No command was given.".to_owned(),
            Self::UnknownCommand(name) => format!("There is no command '{}'.", name.escape_debug()),
            Self::NoSource => {
                "Name what to publish: --app DIR, or --dir DIR for a folder that is built already."
                    .to_owned()
            }
            Self::TwoSources => "--app and --dir name what to publish: give one, once.".to_owned(),
            Self::EmptyFolder(flag) => {
                format!("{flag} is empty. Is the variable that names the folder set?")
            }
            Self::EnvFileInside => {
                "The env file lies in the folder that is published: it would be public, and make \
                 another version each time. Put it elsewhere."
                    .to_owned()
            }
            Self::Argument(error) => format!("{error}."),
            Self::NoStore => {
                return Message::new(
                    Kind::Configuration,
                    "No store",
                    format!(
                        "{name} is not set. It says where to publish:\n  \
                         {name}=s3://bucket/prefix\nand az://container/prefix, gs://bucket/prefix or \
                         file:///folder.",
                        name = STORE.name
                    ),
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
