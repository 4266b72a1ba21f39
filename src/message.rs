//! An error as a person reads it. The texts are in `messages/`.

use std::fmt;

/// An error as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    title: String,
    body: String,
    details: Option<String>,
    kind: Kind,
    step: Step,
}

/// What the closing paragraph speaks of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Build,
    /// Of an image that is pinned.
    Release,
    /// Nothing is published.
    None,
}

/// Decides the closing paragraph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Configuration,
    NoCredentials,
    Credentials,
    Missing,
    Conflict,
    Refused,
    Temporary,
    /// What is wrong came to light after the version was published.
    Published,
    /// The app's own code or commands.
    App,
    Machine,
    Interrupted,
    Internal,
    /// A command to become that is not there, or can't be started: as `env` ends,
    /// <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/env.html>.
    NoCommand,
    NotStartable,
}

/// Implemented in `errors/` only: errors themselves hold causes, no sentences.
pub(crate) trait Explain {
    fn explain(&self) -> Message;
}

impl Message {
    pub(crate) fn new(kind: Kind, title: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            body: body.into(),
            details: None,
            kind,
            step: Step::Build,
        }
    }

    /// Of a process that publishes nothing.
    pub(crate) fn alone(mut self) -> Self {
        self.step = Step::None;
        self
    }

    /// Of a release phase: the image is there, and pinned.
    pub(crate) fn in_release(mut self) -> Self {
        self.step = Step::Release;
        self
    }

    pub(crate) fn with_line(mut self, line: &str) -> Self {
        self.body = format!("{}\n\n{line}", self.body.trim_end());
        self
    }

    pub(crate) fn with_details(mut self, details: impl Into<String>) -> Self {
        let details = details.into();
        if !details.trim().is_empty() {
            self.details = Some(details);
        }
        self
    }

    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    pub(crate) fn exit_code(&self) -> u8 {
        self.kind.exit_code()
    }
}

impl Kind {
    /// Of the command line (`docs/contract.md`).
    fn exit_code(self) -> u8 {
        match self {
            Self::Published | Self::App | Self::Machine | Self::Internal => 1,
            Self::Configuration => 2,
            Self::Temporary => 5,
            Self::Missing => 10,
            Self::Conflict => 11,
            Self::NoCredentials | Self::Credentials => 12,
            Self::Refused => 13,
            Self::NotStartable => 126,
            Self::NoCommand => 127,
            Self::Interrupted => 130,
        }
    }

    fn closing(self, step: Step) -> Option<&'static str> {
        match step {
            Step::Build => self.closing_of_build(),
            Step::Release => self.closing_of_release(),
            Step::None => None,
        }
    }

    fn closing_of_release(self) -> Option<&'static str> {
        match self {
            Self::Configuration | Self::NoCredentials | Self::Missing => {
                Some("Nothing was sent. Fix the setting and run the release again.")
            }
            Self::Credentials => Some(
                "Nothing new is visible. Fix the key and run the release again: it puts only what is missing.",
            ),
            Self::Conflict => Some("What is published stays as it is."),
            Self::Published => Some(
                "The version is published and stays. The release ends here, before a process of it starts.",
            ),
            Self::Temporary | Self::Interrupted => {
                Some("Run the release again: it puts only what is missing.")
            }
            _ => self.closing_of_build(),
        }
    }

    fn closing_of_build(self) -> Option<&'static str> {
        match self {
            Self::Configuration | Self::NoCredentials | Self::Missing => {
                Some("Nothing was sent or pinned. Fix the setting and run this again.")
            }
            Self::Credentials => Some(
                "Nothing is visible or pinned. Fix the key and build again: it puts only what is missing.",
            ),
            Self::Conflict => Some("What is published stays as it is, and nothing was pinned."),
            Self::Refused => Some("Nothing was sent."),
            Self::Published => Some(
                "The version is published and stays, but nothing was pinned: no image uses it.",
            ),
            Self::Temporary => {
                Some("Nothing is visible yet. Build again: it puts only what is missing.")
            }
            // Also after the last file was put.
            Self::Interrupted => {
                Some("Nothing was pinned. Build again: it puts only what is missing.")
            }
            Self::App => Some("Nothing was sent or pinned."),
            Self::Machine | Self::NoCommand | Self::NotStartable => None,
            Self::Internal => Some(
                "This is not your app's fault. Please report it with this log:\n\
                 https://github.com/static-assets/static-assets/issues",
            ),
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.body.trim_end())?;
        if let Some(details) = &self.details {
            writeln!(formatter, "\nDetails:")?;
            for line in details.trim_end().lines() {
                writeln!(formatter, "  {line}")?;
            }
        }
        if let Some(closing) = self.kind.closing(self.step) {
            writeln!(formatter, "\n{closing}")?;
        }
        Ok(())
    }
}
