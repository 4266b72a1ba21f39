//! Texts of programs that can't be started.

use super::{Explain, Kind, Message};
use crate::command::CommandError;

impl Explain for CommandError {
    fn explain(&self) -> Message {
        match self {
            Self::NotFound { program, path } => Message::new(
                Kind::App,
                format!("'{program}' is not on PATH"),
                format!("The build could not start '{program}'. PATH is:\n  {path}"),
            ),
            Self::Io { command, error } => Message::new(
                Kind::Machine,
                "A program can't be started",
                format!("The build could not start this command:\n  {command}"),
            )
            .with_details(error.to_string()),
            Self::Interrupted => Message::new(
                Kind::Interrupted,
                "Interrupted",
                "The build was told to stop while it compiled the assets.",
            ),
        }
    }
}
