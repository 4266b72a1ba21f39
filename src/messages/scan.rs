//! Texts about files that can't be published.

use super::store::asset_changed;
use super::{Explain, Kind, Message, listed};
use crate::config::env_vars::{ALLOW, ALLOW_EMPTY, COMPRESS};
use crate::log::{bytes, count};
use crate::manifest::{CompressError, PlaceholderError, RefusedFile, ScanError, Violation};
use crate::release::ReleaseError;
use indoc::formatdoc;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;

/// A longer path is only in the list under the title.
const LONGEST_IN_TITLE: usize = 100;

impl Explain for ReleaseError {
    fn explain(&self) -> Message {
        match self {
            Self::Scan(error) => error.explain(),
            Self::Placeholder(error) => error.explain(),
            Self::Compress(CompressError::Interrupted) => Message::new(
                Kind::Interrupted,
                "Interrupted",
                "The build was told to stop while it compressed the files.",
            ),
            Self::Compress(CompressError::Changed(path)) => asset_changed(path),
            Self::Compress(CompressError::Io(error)) => Message::new(
                Kind::Machine,
                "A compressed copy can't be written",
                formatdoc! {"
                    {error}
                    Text is stored gzip-encoded, and the copies are kept in a temporary directory until they are uploaded.
                    Is the disk full? Another directory, or no copies:
                      TMPDIR=/path/with/space
                      {compress}=off",
                    compress = COMPRESS.name
                },
            ),
            Self::OtherContent { given, computed } => Message::new(
                Kind::Configuration,
                format!("RELEASE_VERSION={} names other files", given.value),
                formatdoc! {"
                    RELEASE_VERSION={version} ({origin}) has the form of a hash of the files, but these files
                    give {computed}. Was it set for a rollback? A rollback needs no build: start the old image.
                    To publish these files, unset RELEASE_VERSION and build again.",
                    version = given.value, origin = given.origin
                },
            ),
        }
    }
}

impl Explain for ScanError {
    fn explain(&self) -> Message {
        match self {
            Self::Interrupted => Message::new(
                Kind::Interrupted,
                "Interrupted",
                "The build was told to stop while it read the files.",
            ),
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
            Self::Io(error) => unreadable(error),
        }
    }
}

fn refused_message(refused: &[RefusedFile]) -> Message {
    let list = listed(refused, |RefusedFile { path, violation }| {
        format!("{}: {}", path.escape_debug(), violation_text(violation))
    });
    let title = match refused {
        [one] if one.path.len() <= LONGEST_IN_TITLE => {
            format!("{} must not be published", one.path.escape_debug())
        }
        several => format!("{} must not be published", count(several.len(), "file")),
    };
    let body = format!(
        "The safety rules refuse:\n{list}\n\nRemove or correct them in the static directories."
    );
    let message = Message::new(Kind::Refused, title, body);
    let files: BTreeSet<&str> = refused.iter().filter_map(reviewable).collect();
    let files: Vec<&str> = files.into_iter().take(3).collect();
    if files.is_empty() {
        return message;
    }
    let (allow, files) = (ALLOW.name, files.join(" "));
    message.with_line(&format!(
        "If you have reviewed it and it is meant to be public:\n  {allow}=\"{files}\""
    ))
}

/// What to allow after a review: the file, or the variable whose value it holds. A name that a shell would read is left
/// out.
fn reviewable(file: &RefusedFile) -> Option<&str> {
    let is_plain = |name: &&str| {
        let mut bytes = name.bytes();
        bytes.all(|byte| byte.is_ascii_alphanumeric() || b"._-/@+".contains(&byte))
    };
    let name = match &file.violation {
        Violation::AppSecret(variable) => variable,
        violation if violation.can_be_allowed() => &file.path,
        _ => return None,
    };
    Some(name.as_str()).filter(is_plain)
}

fn violation_text(violation: &Violation) -> Cow<'static, str> {
    match violation {
        Violation::Link(target) => {
            format!("a link to {target}: the target is not a file in the same directory").into()
        }
        Violation::SameAs(other) => {
            let other = other.escape_debug();
            format!("the same name as {other} on stores that ignore case or Unicode normal form")
                .into()
        }
        Violation::TooLarge(size, most) => format!(
            "{}, and this store takes {} (without RELEASE_VERSION it takes more)",
            bytes(*size),
            bytes(*most)
        )
        .into(),
        Violation::NotAFile => "neither a file nor a directory".into(),
        Violation::SecretName => "the name of a secret".into(),
        Violation::PrivateKey => "holds a private key".into(),
        Violation::StorageCredential => {
            "holds a storage credential of this build: replace that key now".into()
        }
        Violation::Token(issuer) => format!("holds a token of {issuer}").into(),
        Violation::AppSecret(name) => format!("holds the value of {name}").into(),
        Violation::Database => "a database, or a dump of one".into(),
        Violation::AppCode => "code that configures the app".into(),
        Violation::SecretTarget(target) => format!(
            "a link to {}, which has the name of a secret",
            target.escape_debug()
        )
        .into(),
        Violation::ControlCharacter => "a control character in the name".into(),
        Violation::NotUtf8 => "the name is not UTF-8".into(),
        Violation::Segment => "URLs and stores read the name as another path".into(),
        Violation::TrailingDot => "the name ends in a dot, which Azure drops".into(),
        Violation::TooLong => "the path is too long for the store".into(),
    }
}

impl Explain for PlaceholderError {
    fn explain(&self) -> Message {
        let integrity =
            |user| format!("it holds the version's URL, and {user} holds its integrity hash");
        let (path, why): (_, Cow<'_, str>) = match self {
            Self::InName(path) => (path, "its name holds the version".into()),
            Self::InBase64(path) => (path, "it holds the version's URL in base64".into()),
            Self::InCompressed(path) => {
                (path, "it is compressed and holds the version's URL".into())
            }
            Self::Integrity { path, user } => (path, integrity(user).into()),
            Self::Io(error) => return unreadable(error),
        };
        Message::new(
            Kind::Refused,
            format!("{path} can't hold the version"),
            formatdoc! {"
                The version is a hash of the files, so it is filled in afterwards. {path} doesn't allow that:
                {why}.
                Use relative URLs in that file, such as url(../img/logo.svg). Or choose the version before the compile:
                  RELEASE_VERSION=v42"
            },
        )
    }
}

fn unreadable(error: &io::Error) -> Message {
    let title = "A compiled file can't be read or copied";
    Message::new(Kind::Machine, title, "The build stopped at it.").with_details(error.to_string())
}
