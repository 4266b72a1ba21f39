//! Texts of the command line.

use super::{title, titled};
use crate::log::{Event, Log};
use crate::message::{Explain, Kind, Message};
use indoc::formatdoc;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// The commands, each with its arguments.
const USAGES: [(&str, &str); 11] = [
    (
        "publish",
        "(--app DIR | --dir DIR | --prepared[=DIR]) [--pin[=FILE]] [--json] [--env-file FILE] [--dry-run]",
    ),
    ("doctor", "[--app DIR | --dir DIR] [--json]"),
    ("check", "URL [--json]"),
    ("exec", "-- COMMAND [ARGUMENT…]"),
    (
        "list",
        "[--json | --html FILE [--keep-last N] [--keep-within AGE]]",
    ),
    ("show", "VERSION [--json]"),
    (
        "verify",
        "(VERSION… | --all) [--read] [--repair DIR] [--json]",
    ),
    ("pin", "VERSION --reason TEXT [--name NAME]"),
    ("unpin", "VERSION [--name NAME]"),
    (
        "prune",
        "[--keep-last N] [--keep-within AGE] [--in-use URL|-]… [--apply [--force]] [--json]",
    ),
    ("discard", "VERSION…"),
];

#[derive(Debug, derive_more::From)]
pub(crate) enum UsageError {
    NoCommand,
    UnknownCommand(OsString),
    NoSource,
    TwoSources,
    /// The flag has an empty value.
    EmptyDir(&'static str),
    EnvFileInside,
    PinInside,
    /// The path of the pin can't stand on a line of a script.
    PinPath,
    #[from]
    Argument(lexopt::Error),
    NothingToExec,
    VersionMissing,
    VersionsOrAll,
    NoReason,
    /// `check` has no URL.
    PageMissing,
    /// The URL of a page holds a user.
    PasswordInUrl,
    /// `--force` without `--apply`.
    NothingToForce,
    /// `list` with a policy, or with `--json`, and `--html` or not.
    PolicyOfPage,
    /// `--in-use` has neither a URL nor `-`.
    InUse(OsString),
    /// The argument can't be the name of a version.
    NoVersion(OsString),
    /// `STATIC_ASSETS_PUBLISH=release` without `--pin`.
    NowhereToSave,
    PinOfPrepared,
}

/// Arguments of a command, or of none that exists, with which nothing can be done.
#[derive(Debug)]
pub(crate) struct WrongArguments {
    pub(crate) command: Option<&'static str>,
    pub(crate) error: UsageError,
}

#[derive(Debug)]
pub(crate) enum ExecError {
    NoPin(PathBuf),
    UnreadablePin(PathBuf, io::Error),
    NotStarted(OsString, io::Error),
}

/// A file or directory that a command needs is out of reach.
#[derive(Debug)]
pub(crate) enum FileError {
    App(PathBuf, io::Error),
    /// What the command found can't be written to stdout.
    Output(io::Error),
    /// Standard input can't be read.
    Input(io::Error),
    /// The page of `list --html` can't be written.
    Page(PathBuf, io::Error),
    EnvFile(PathBuf, io::Error),
    /// Holds the lines that the env file should hold. The version may be published already.
    EnvFileNotWritten(PathBuf, String, io::Error),
    /// The version may be published already, but the image would not know it.
    PinNotWritten(PathBuf, io::Error),
}

pub(crate) enum CliEvent<'a> {
    Title,
    EarlierPinRemoved(&'a Path),
    Pinned(&'a Path),
    /// Nothing was published.
    PinsNothing(&'a Path),
    /// What the processes of the image need besides the pin.
    PinnedImage {
        pin: &'a Path,
        is_default: bool,
        /// Where the release phase looks for the deferred upload, if that has to be said.
        deferred: Option<&'a PathBuf>,
    },
    Written(&'a Path),
    /// A file without which the image's pages do not link to the version.
    MissingFile(&'a Path),
}

impl UsageError {
    pub(crate) fn in_command(self, command: &'static str) -> WrongArguments {
        WrongArguments {
            command: Some(command),
            error: self,
        }
    }
}

impl WrongArguments {
    /// Shows the arguments of the command, or of all if none is known.
    fn usage(&self) -> String {
        let is_shown = |name: &str| self.command.is_none_or(|command| command == name);
        let shown = USAGES.iter().filter(|(name, _)| is_shown(name));
        let lines = shown.map(|(name, arguments)| format!("  static-assets {name} {arguments}\n"));
        let lines: String = lines.collect();
        let command = self.command.map(|command| format!("{command} "));
        format!(
            "{lines}More: static-assets {}--help",
            command.unwrap_or_default()
        )
    }
}

impl Explain for WrongArguments {
    #[allow(clippy::too_many_lines, reason = "one text for each case")]
    fn explain(&self) -> Message {
        let why = match &self.error {
            UsageError::NoCommand => "No command was given.",
            UsageError::UnknownCommand(name) => &format!(
                "There is no command '{}'.",
                name.to_string_lossy().escape_debug()
            ),
            UsageError::NoSource => {
                "Nothing says what to publish: give --app DIR, --dir DIR for a directory that is already built, or \
                 --prepared in a release phase."
            }
            UsageError::TwoSources => {
                "--app, --dir and --prepared each say what to publish. Give one of them, once."
            }
            UsageError::EmptyDir(flag) => {
                &format!("{flag} is empty. Is the variable that holds the directory set?")
            }
            UsageError::EnvFileInside => {
                "The env file is in the directory that is published: it would be public and change the version each \
                 time. Choose a path outside of it."
            }
            UsageError::PinPath => {
                "The path of the pin is written into files of the image, so it must be UTF-8 text on one line."
            }
            UsageError::PinInside => {
                "The pin is in the directory that is published: it would be public and change the version each time. \
                 Choose a path outside of it, such as the default: --pin"
            }
            UsageError::Argument(error) => &format!("{error}."),
            UsageError::VersionMissing => "Give the version. static-assets list names them.",
            UsageError::NoReason => "Give the reason of the pin: --reason \"rollback target\".",
            UsageError::PasswordInUrl => {
                "The URL holds a user or a password, which would be shown in logs. Name a page that everyone can read."
            }
            UsageError::PageMissing => {
                "Give the URL of a page: static-assets check https://shop.example.com/"
            }
            UsageError::NothingToForce => {
                "--force belongs to --apply: without it, nothing is deleted."
            }
            UsageError::PolicyOfPage => {
                "--keep-last and --keep-within belong to --html, which takes no --json. To see a plan: static-assets prune"
            }
            UsageError::InUse(value) => &format!(
                "--in-use can't be '{}': give the URL of a page, or - to read versions, URLs and image labels from standard \
                 input.",
                value.to_string_lossy().escape_debug()
            ),
            UsageError::VersionsOrAll => {
                "Give the versions to verify, or --all, but not both. static-assets list names them."
            }
            UsageError::NoVersion(name) => &format!(
                "'{}' can't be a version: a version has up to 63 letters, digits, '.', '_' and '-'.",
                name.to_string_lossy().escape_debug()
            ),
            UsageError::NothingToExec => "Give the command to start after --.",
            UsageError::PinOfPrepared => {
                "--pin belongs to the build, which has already pinned this image. Leave it out."
            }
            UsageError::NowhereToSave => {
                return titled(
                    Kind::Configuration,
                    "STATIC_ASSETS_PUBLISH=release without --pin\nThe files would be saved in an image until its release \
                     phase uploads them. In a Dockerfile:\n  RUN static-assets publish --app . --pin\nIf this is not the \
                     build of an image, unset STATIC_ASSETS_PUBLISH to publish now.",
                );
            }
        };
        let body = format!("{why}\n{}", self.usage());
        let message = Message::new(Kind::Configuration, "Wrong arguments", body);
        match self.command {
            Some("publish") => message,
            _ => message.alone(),
        }
    }
}

impl Explain for ExecError {
    fn explain(&self) -> Message {
        match self {
            Self::NoPin(file) => Message::new(
                Kind::Configuration,
                format!("This image has no pin: {}", file.display()),
                formatdoc! {"
                    Without it, nothing says which version this image belongs to. This line of the Dockerfile writes it:
                      RUN static-assets publish --app . --pin
                    If another stage runs that line, copy the directory:
                      COPY --from=build {dir} {dir}
                    If the pin has another path: static-assets exec --pin=FILE -- …
                    If the image needs no pin, remove \"static-assets exec --\" from the ENTRYPOINT.",
                    dir = file.parent().unwrap_or(file).display(),
                },
            ),
            Self::UnreadablePin(file, error) => {
                let title = format!("The pin can't be read: {}", file.display());
                let body = "The user that runs the process must be able to read it.";
                Message::new(Kind::Configuration, title, body).with_details(error.to_string())
            }
            Self::NotStarted(program, error) => {
                let kind = match error.kind() {
                    io::ErrorKind::NotFound => Kind::NoCommand,
                    _ => Kind::NotStartable,
                };
                let program = program.to_string_lossy();
                let title = format!("The command can't be started: '{}'", program.escape_debug());
                let body = "It is not on PATH, it is not a program, or this user may not run it. Shell syntax needs a \
                            shell: static-assets exec -- sh -c 'exec …'";
                Message::new(kind, title, body).with_details(error.to_string())
            }
        }
    }
}

impl Explain for FileError {
    fn explain(&self) -> Message {
        match self {
            Self::Output(error) => Message::new(
                Kind::Machine,
                "The output can't be written",
                "The command is done, but stdout did not take what it says.",
            )
            .with_details(error.to_string())
            .alone(),
            Self::Input(error) => Message::new(
                Kind::Machine,
                "Standard input can't be read",
                "Nothing was deleted: --in-use - reads from it what is in use.",
            )
            .with_details(error.to_string())
            .alone(),
            Self::Page(file, error) => Message::new(
                Kind::Machine,
                format!("The page can't be written: {}", file.display()),
                error.to_string(),
            )
            .alone(),
            Self::App(dir, error) => {
                let title = format!("The app's directory can't be read: {}", dir.display());
                Message::new(Kind::Configuration, title, error.to_string())
            }
            Self::EnvFile(file, error) => {
                let title = format!("The env file can't be opened for writing: {}", file.display());
                Message::new(Kind::Configuration, title, error.to_string())
            }
            Self::EnvFileNotWritten(file, lines, error) => {
                let body = if lines.is_empty() {
                    "Nothing was published. The file may still hold the lines of an earlier run."
                } else {
                    &format!("The version is published. The file should hold these lines:\n{lines}")
                };
                let title = format!("The env file can't be written: {}", file.display());
                Message::new(Kind::Machine, title, body)
                    .with_details(error.to_string())
            }
            Self::PinNotWritten(file, error) => Message::new(
                Kind::Machine,
                format!("The pin can't be written: {}", file.display()),
                "The pin tells the processes of this image which version is theirs. Does this step run as a user who \
                 may write there? In the Dockerfile:\n  USER root\nOr choose another path, and give it to \
                 \"static-assets exec\" as well:\n  --pin=/app/.static-assets/pin.env",
            )
            .with_details(error.to_string()),
        }
    }
}

impl Event for CliEvent<'_> {
    fn write_to(&self, log: &Log) {
        match self {
            Self::Title => log.header(&title()),
            Self::EarlierPinRemoved(file) => log.bullet(&format!(
                "Removed the earlier pin from {}. If this command fails, the app serves its own files",
                file.display()
            )),
            Self::Pinned(file) => log.bullet(&format!("Pinned in {}", file.display())),
            Self::PinsNothing(file) => log.bullet(&format!("{} pins nothing", file.display())),
            Self::PinnedImage { pin, is_default, deferred } => {
                if *is_default {
                    log.detail(&format!(
                        "Processes read it if the Dockerfile has ENTRYPOINT [\"static-assets\", \"exec\", \"--\"]. Another \
                         stage must copy {}",
                        pin.parent().unwrap_or(pin).display()
                    ));
                    log.detail(
                        "Docker caches this step. It runs again if a file or ARG before it changes, not if a secret does",
                    );
                } else {
                    log.detail(&format!(
                        "Processes read it if they are started by: static-assets exec \"--pin={}\" -- COMMAND",
                        pin.display()
                    ));
                }
                if let Some(dir) = deferred {
                    let dir = dir.display();
                    log.detail(&format!("The release phase runs: static-assets publish --prepared={dir}"));
                }
            }
            Self::Written(file) => log.bullet(&format!("Written to {}", file.display())),
            Self::MissingFile(file) => log.warning(&format!(
                "{} is missing, so pages do not link to the version. Run 'publish --pin' after the last installation of \
                 packages. In a Dockerfile, copy the Python environment in which it ran.",
                file.display()
            )),
        }
    }
}
