//! Texts of files that are not published.

use super::{Explain, Kind, Message, listed};
use crate::log::bytes;
use crate::manifest::{PlaceholderError, ScanError, Violation};
use crate::release::ReleaseError;
use indoc::formatdoc;

impl Explain for ReleaseError {
    fn explain(&self) -> Message {
        match self {
            Self::Scan(error) => error.explain(),
            Self::Placeholder(error) => error.explain(),
            Self::LooksLikeDigest { given, computed } => Message::new(
                Kind::Configuration,
                "RELEASE_VERSION names other content",
                formatdoc! {"
                    RELEASE_VERSION is {version} ({origin}), which has the form of a version made from
                    content, but this content is {computed}. Was it set for a rollback? A rollback is the
                    start of the old image: unset it, then build.",
                    version = given.value, origin = given.origin
                },
            ),
        }
    }
}

impl Explain for ScanError {
    fn explain(&self) -> Message {
        match self {
            Self::NoFolder { root } => Message::new(
                Kind::App,
                "Nothing was compiled",
                format!("There is no folder {} to publish.", root.display()),
            ),
            Self::Empty => Message::new(
                Kind::Refused,
                "No static file at all",
                formatdoc! {"
                    There is no file to publish. Django: are the settings those of production, and are the apps
                    with static files in INSTALLED_APPS? A folder: was it built before? A version that is meant to be empty:
                      STATIC_ASSETS_ALLOW_EMPTY=1"
                },
            ),
            Self::Refused(refused) => refused_message(refused),
            Self::Io(error) => Message::new(
                Kind::Machine,
                "A file can't be read",
                "A compiled file could not be read.",
            )
            .with_details(error.to_string()),
        }
    }
}

fn refused_message(refused: &[(String, Violation)]) -> Message {
    let list = listed(refused, |(path, refusal)| {
        format!("{}: {}", path.escape_debug(), refusal_text(refusal))
    });
    let mut body = format!("These files would be public and are refused:\n{list}");
    if refused.iter().any(|(_, refusal)| refusal.can_be_allowed()) {
        let reviewed: Vec<&str> = refused
            .iter()
            .filter(|(_, refusal)| refusal.can_be_allowed())
            .map(|(path, _)| path.as_str())
            .take(3)
            .collect();
        let reviewed = reviewed.join(" ");
        body.push_str(
            "\n\nTake them out of the static folders. One that was reviewed and is meant to be ",
        );
        body.push_str("public:\n  STATIC_ASSETS_ALLOW=\"");
        body.push_str(&reviewed);
        body.push('"');
    }
    Message::new(Kind::Refused, "A file must not be published", body)
}

fn refusal_text(refusal: &Violation) -> String {
    match refusal {
        Violation::Link { target } => {
            format!("a link to {target}, not to a file inside the folder")
        }
        Violation::NotAFile => "neither a file nor a folder".to_owned(),
        Violation::SecretName => "the name of a secret".to_owned(),
        Violation::PrivateKey => "holds a private key".to_owned(),
        Violation::StorageCredential => {
            "holds a storage credential of this build: replace that key now".to_owned()
        }
        Violation::ControlCharacter => "a control character in the name".to_owned(),
        Violation::NotUtf8 => "the name is not UTF-8".to_owned(),
        Violation::Segment => "a name that URLs and stores read as a path".to_owned(),
        Violation::SameAs { other } => format!(
            "the same as {} on stores that ignore case or normal form: rename one",
            other.escape_debug()
        ),
        Violation::TrailingDot => "a name that ends in a dot, which Azure drops".to_owned(),
        Violation::TooLong => "the path is longer than the store takes".to_owned(),
        Violation::TooLarge { size } => {
            format!("{}, more than the store takes at once", bytes(*size))
        }
    }
}

impl Explain for PlaceholderError {
    fn explain(&self) -> Message {
        let why = match self {
            Self::InName { path } => format!("the name of {path} holds the version"),
            Self::InBase64 { path } => format!("{path} holds the version's URL in base64"),
            Self::InCompressed { path } => {
                format!("{path} holds the version's URL and is compressed")
            }
            Self::Integrity { path, user } => format!(
                "{path} holds the version's URL, and {user} holds its integrity hash, which would change"
            ),
            Self::Io(error) => {
                return Message::new(
                    Kind::Machine,
                    "A file can't be read or written",
                    "A file that holds its own URL could not be rewritten.",
                )
                .with_details(error.to_string());
            }
        };
        Message::new(
            Kind::Refused,
            "The version can't be made from the content",
            formatdoc! {"
                The version is made from the files, but {why}. Two ways on:
                  RELEASE_VERSION=v42   a version that is known before the compile
                  relative URLs in that file, such as url(../img/logo.svg)"
            },
        )
    }
}
