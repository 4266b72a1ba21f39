//! Texts about files that can't be published.

use super::{Explain, Kind, Message, listed};
use crate::config::env_vars::{ALLOW, ALLOW_EMPTY};
use crate::log::bytes;
use crate::manifest::{PlaceholderError, RefusedFile, ScanError, Violation};
use crate::release::ReleaseError;
use indoc::formatdoc;

impl Explain for ReleaseError {
    fn explain(&self) -> Message {
        match self {
            Self::Scan(error) => error.explain(),
            Self::Placeholder(error) => error.explain(),
            Self::OtherContent { given, computed } => Message::new(
                Kind::Configuration,
                format!("RELEASE_VERSION={} names other files", given.value),
                formatdoc! {"
                    RELEASE_VERSION={version} ({origin}) has the form of a hash of the files, but these files give
                    {computed}. Was it set for a rollback? A rollback needs no build: start the old image. To publish
                    these files, unset RELEASE_VERSION and build again.",
                    version = given.value, origin = given.origin
                },
            ),
        }
    }
}

impl Explain for ScanError {
    fn explain(&self) -> Message {
        match self {
            Self::NoDirectory(dir) => Message::new(
                Kind::App,
                format!("The compile left no directory {}", dir.display()),
                "There is nothing to publish. The compile may write to another directory, or it did not run.",
            ),
            Self::Empty => Message::new(
                Kind::Refused,
                "There is no static file to publish",
                formatdoc! {"
                    Django: do the settings of the build equal those of production, and are the apps with static files
                    in INSTALLED_APPS? Otherwise: was the directory built? If the version is meant to be empty:
                      {empty}=1",
                    empty = ALLOW_EMPTY.name
                },
            ),
            Self::Refused(refused) => refused_message(refused),
            Self::Io(error) => Message::new(Kind::Machine, "A compiled file can't be read", "")
                .with_details(error.to_string()),
        }
    }
}

fn refused_message(refused: &[RefusedFile]) -> Message {
    let list = listed(refused, |RefusedFile { path, violation }| {
        format!("{}: {}", path.escape_debug(), violation_text(violation))
    });
    let title = match refused {
        [one] => format!("{} must not be published", one.path.escape_debug()),
        several => format!("{} files must not be published", several.len()),
    };
    let body = format!(
        "These files would be public:\n{list}\n\nRemove them from the static directories, or rename them."
    );
    let message = Message::new(Kind::Refused, title, body);
    let can_be_allowed = |file: &&RefusedFile| file.violation.can_be_allowed();
    let files = refused.iter().filter(can_be_allowed).take(3);
    let files: Vec<&str> = files.map(|file| file.path.as_str()).collect();
    if files.is_empty() {
        return message;
    }
    message.with_line(&format!(
        "If you have reviewed a file and it is meant to be public:\n  {}=\"{}\"",
        ALLOW.name,
        files.join(" ")
    ))
}

fn violation_text(violation: &Violation) -> String {
    let text = match violation {
        Violation::Link { target } => {
            return format!("a link to {target}, which is no file in the same directory");
        }
        Violation::SameAs { other } => {
            let other = other.escape_debug();
            return format!(
                "the same name as {other} on stores that ignore case or Unicode normal form"
            );
        }
        Violation::TooLarge { size } => {
            return format!("{}, which is too large for the store", bytes(*size));
        }
        Violation::NotAFile => "neither a file nor a directory",
        Violation::SecretName => "the name of a secret",
        Violation::PrivateKey => "holds a private key",
        Violation::StorageCredential => {
            "holds a storage credential of this build: replace that key now"
        }
        Violation::ControlCharacter => "a control character in the name",
        Violation::NotUtf8 => "the name is not UTF-8",
        Violation::Segment => "URLs and stores read the name as another path",
        Violation::TrailingDot => "the name ends in a dot, which Azure drops",
        Violation::TooLong => "the path is too long for the store",
    };
    text.to_owned()
}

impl Explain for PlaceholderError {
    fn explain(&self) -> Message {
        let (path, why) = match self {
            Self::InName { path } => (path, "its name holds the version".to_owned()),
            Self::InBase64 { path } => (path, "it holds the version's URL in base64".to_owned()),
            Self::InCompressed { path } => (
                path,
                "it is compressed and holds the version's URL".to_owned(),
            ),
            Self::Integrity { path, user } => (
                path,
                format!(
                    "it holds the version's URL, and {user} holds its integrity hash, which would change"
                ),
            ),
            Self::Io(error) => {
                let title = "A file that holds its own URL can't be rewritten";
                return Message::new(Kind::Machine, title, "").with_details(error.to_string());
            }
        };
        Message::new(
            Kind::Refused,
            format!("{path} prevents a version made from the files"),
            formatdoc! {"
                The version is a hash of the files, and {path} can't get it afterwards: {why}.
                Use relative URLs in that file, such as url(../img/logo.svg). Or choose the version before the compile:
                  RELEASE_VERSION=v42"
            },
        )
    }
}
