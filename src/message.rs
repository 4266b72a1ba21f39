//! An error as a person reads it. The texts are in `messages/`.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    title: String,
    body: String,
    details: Option<String>,
    /// What helps a build or a release, and nobody else.
    build_advice: Option<String>,
    kind: Kind,
    outcome: Outcome,
}

/// An error holds causes and no sentences. `messages/` implements this trait and holds the sentences.
pub(crate) trait Explain {
    fn explain(&self) -> Message;
}

/// What sort of failure it is. It alone decides the closing paragraph and the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Configuration,
    NoCredentials,
    Credentials,
    Missing,
    Conflict,
    /// A safety rule said no.
    Refused,
    Temporary,
    /// The version was published before the failure showed.
    Published,
    /// The app's own code or commands failed.
    App,
    Machine,
    Interrupted,
    Internal,
    /// The command that this process should become does not exist. The exit code is that of `env`:
    /// <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/env.html>.
    NoCommand,
    /// The command that this process should become can't be started.
    NotStartable,
}

/// What the closing paragraph speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Build,
    /// The image is built and pinned, and its release phase runs.
    Release,
    /// The process publishes nothing.
    None,
}

impl Message {
    pub(crate) fn new(kind: Kind, title: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            body: body.into(),
            details: None,
            build_advice: None,
            kind,
            outcome: Outcome::Build,
        }
    }

    /// The message of a process that publishes nothing.
    pub(crate) fn alone(mut self) -> Self {
        self.outcome = Outcome::None;
        self
    }

    pub(crate) fn in_release(mut self) -> Self {
        self.outcome = Outcome::Release;
        self
    }

    pub(crate) fn with_line(mut self, line: &str) -> Self {
        self.body = format!("{}\n\n{line}", self.body.trim_end());
        self
    }

    pub(crate) fn advising_builds(mut self, advice: impl Into<String>) -> Self {
        self.build_advice = Some(advice.into());
        self
    }

    pub(crate) fn with_details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into()).filter(|details| !details.trim().is_empty());
        self
    }

    /// Another text with the exit code of this one.
    pub(crate) fn of_same_kind(&self, title: impl Into<String>, body: impl Into<String>) -> Self {
        Self::new(self.kind, title, body)
    }

    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// The exit code of the command line (`docs/contract.md`).
    pub(crate) fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Published | Kind::App | Kind::Machine | Kind::Internal => 1,
            Kind::Configuration => 2,
            Kind::Temporary => 5,
            Kind::Missing => 10,
            Kind::Conflict => 11,
            Kind::NoCredentials | Kind::Credentials => 12,
            Kind::Refused => 13,
            Kind::NotStartable => 126,
            Kind::NoCommand => 127,
            Kind::Interrupted => 130,
        }
    }

    fn closing(&self) -> Option<&'static str> {
        let [build, release] = match self.kind {
            Kind::Machine | Kind::NoCommand | Kind::NotStartable => return None,
            Kind::Configuration | Kind::NoCredentials | Kind::Missing => [
                "Nothing was published or pinned. After the fix, run this again.",
                "Nothing was published. After the fix, run the release again.",
            ],
            Kind::Credentials => [
                "Nothing is visible or pinned. Fix the key and build again: only what is missing is uploaded.",
                "Nothing new is visible. Fix the key and run the release again: only what is missing is uploaded.",
            ],
            Kind::Conflict => [
                "What is published stays as it is, and nothing was pinned.",
                "What is published stays as it is.",
            ],
            Kind::Refused => ["Nothing was sent."; 2],
            Kind::Published => [
                "The version is published and stays, but nothing was pinned: no image uses it.",
                "The version is published and stays. The release stops here, before its processes start.",
            ],
            Kind::Temporary => [
                "Nothing is visible yet. Build again: only what is missing is uploaded.",
                "Run the release again: only what is missing is uploaded.",
            ],
            // The interrupt may come after the last upload.
            Kind::Interrupted => [
                "Nothing was pinned. Build again: only what is missing is uploaded.",
                "Run the release again: only what is missing is uploaded.",
            ],
            Kind::App => ["Nothing was sent or pinned."; 2],
            Kind::Internal => {
                ["This is not your app's fault. Please report it with this log:\n\
                 https://github.com/static-assets/static-assets/issues"; 2]
            }
        };
        match self.outcome {
            Outcome::Build => Some(build),
            Outcome::Release => Some(release),
            Outcome::None => None,
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.body.trim_end())?;
        if let Some(details) = &self.details {
            writeln!(formatter, "\nDetails:")?;
            let mut lines = details.trim_end().lines();
            lines.try_for_each(|line| writeln!(formatter, "  {line}"))?;
        }
        let advice = self.build_advice.as_deref();
        let advice = advice.filter(|_| self.outcome != Outcome::None);
        let paragraphs = advice.into_iter().chain(self.closing());
        for paragraph in paragraphs {
            writeln!(formatter, "\n{paragraph}")?;
        }
        Ok(())
    }
}
