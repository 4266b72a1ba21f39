//! Texts of the store: why it does not hold a release.

mod request;

use super::{Explain, Kind, Message, listed};
use crate::manifest::UnreadableMarker;
use crate::plan::{Conflict, ConflictWith, Difference};
use crate::prefix::Key;
use crate::store::StoreError;
use indoc::formatdoc;
use std::path::Path;

pub(super) fn asset_changed(path: &Path) -> Message {
    Message::new(
        Kind::Temporary,
        format!("A file changed while it was published: {}", path.display()),
        "It is missing, or its content is not what was scanned. Most likely a process of the build still writes it: wait \
         for that process before publishing.",
    )
}

impl Explain for StoreError {
    #[allow(clippy::too_many_lines, reason = "one text for each case")]
    fn explain(&self) -> Message {
        match self {
            Self::Request(failed) => failed.explain(),
            Self::NoRoot(root) => Message::new(
                Kind::Missing,
                format!("No such directory: {}", root.display()),
                formatdoc! {"
                    STATIC_ASSETS_STORE names this directory. It is never created here: what is written while its volume
                    is not mounted would be lost. Mount the volume, or create the directory:
                      mkdir -p {root}",
                    root = root.display()
                },
            ),
            Self::LinkInStore(path) => Message::new(
                Kind::Configuration,
                format!("A directory of the store is a symbolic link: {}", path.display()),
                "What is behind it would be written by builds and not be seen by prunes. Put the directory itself there, or \
                 name the directory that holds the whole store:\n  STATIC_ASSETS_STORE=file:///…",
            ),
            Self::Conflict(conflict) => conflict.explain(),
            Self::BeingPruned => Message::new(
                Kind::Temporary,
                "This version is being pruned",
                "A prune is deleting it. If that prune was killed, the next one completes it, or spares the version because of \
                 this run:\n  static-assets prune --apply",
            ),
            Self::AnotherPrune(then, lease) => Message::new(
                Kind::Temporary,
                "Another prune runs, or has just run",
                format!(
                    "Two prunes at once could delete what a build has just published, so this one has deleted nothing. A \
                     prune that was stopped may still have requests on their way. Run again after {} UTC.\nIts lease: {lease}",
                    then.format("%Y-%m-%d %H:%M")
                ),
            ),
            Self::HeldUp => Message::new(
                Kind::Temporary,
                "The prune stood still for more than 30 minutes",
                "Another one may have begun meanwhile, so this one stopped. Was the machine asleep? Run the same command \
                 again in 70 minutes: it goes on where this one stopped.",
            ),
            Self::NoClock => Message::new(
                Kind::Machine,
                "The store does not say what time it is",
                "Ages are measured by the store's own clock, and its answers have no header 'Date'. Does a proxy in front of \
                 it remove that header?",
            ),
            Self::UnreadableObject(key, reason) => unreadable(key, reason),
            Self::ReadBackMismatch(key) => Message::new(
                Kind::Temporary,
                format!("The store does not show what was uploaded: {key}"),
                "The store confirmed this upload, but reading it back shows something else. Does another program write \
                 to this prefix?",
            ),
            Self::AssetChanged(path) => asset_changed(path),
            Self::NoCertificateAuthorities => Message::new(
                Kind::Machine,
                "No certificate authorities on this machine",
                "Without them no https server can be trusted. Slim base images leave them out. In the Dockerfile, before \
                 this step:\n  \
                 RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates\n\
                 If a private authority signed the certificate of your store, name the authority instead:\n  \
                 STATIC_ASSETS_CA_FILE=/path/to/ca.pem",
            ),
            Self::NoRename(root) => Message::new(
                Kind::Configuration,
                format!("This file system can't hold a store: {}", root.display()),
                "It can't rename a directory without replacing another one (RENAME_NOREPLACE). Use ext4, xfs, btrfs, \
                 overlay or a bucket.",
            ),
            Self::LocalFile(error) => Message::new(
                Kind::Machine,
                format!("A file can't be read or written: {error}"),
                "The user that runs this must be able to read the assets, and to read and write the store.",
            ),
            Self::MalformedCredentials(cause) => Message::new(
                Kind::Configuration,
                "The credentials are malformed",
                "They can't sign requests. Was the key copied whole, with its line ends (\\n in JSON)?",
            )
            .with_details(cause),
            Self::Internal(cause) => Message::new(
                Kind::Internal,
                "The upload ended unexpectedly",
                "Something in this program failed.",
            )
            .with_details(cause.to_string()),
            Self::NoResources(error) => Message::new(
                Kind::Machine,
                format!("The upload can't start: {error}"),
                "The machine gave no threads or no random numbers. Is a limit on processes set for the build?",
            ),
            Self::TooLong => Message::new(
                Kind::Temporary,
                "The upload took more than 6 hours",
                "A run that takes longer gives up, because a prune may delete what it uploads.",
            ),
            Self::Stalled => Message::new(
                Kind::Temporary,
                "The upload stalled for 10 minutes",
                "Nothing was sent and no answer came. Are the files on a network file system that does not answer?",
            ),
            Self::Interrupted => Message::new(
                Kind::Interrupted,
                "Interrupted",
                "The build was told to stop while it published the assets.",
            ),
        }
    }
}

fn unreadable(key: &Key, reason: &UnreadableMarker) -> Message {
    let cause = match reason {
        UnreadableMarker::UnknownSchema(schema) => {
            format!("It has schema {schema}: a newer buildpack wrote it. Use that buildpack.")
        }
        UnreadableMarker::NotJson(error) => format!(
            "It is not what was written ({error}). Somebody changed it, or the store lost part of it."
        ),
    };
    let body = formatdoc! {"
        {cause}
        Or publish the assets under another version: set a new RELEASE_VERSION. If none is set, a new salt:
          STATIC_ASSETS_SALT=2"
    };
    let title = format!("The store holds an object that can't be read: {key}");
    Message::new(Kind::Machine, title, body)
}

impl Explain for Conflict {
    fn explain(&self) -> Message {
        let version = &self.version;
        let (title, body) = match &self.with {
            ConflictWith::Published(differing) => (
                format!("{version} is already published with other content"),
                format!(
                    "This build differs in these {} files:\n{}\n{}A published version never changes, because browsers hold \
                     it for a year.",
                    differing.len(),
                    listed(differing, difference_text),
                    if differing.iter().any(|it| matches!(it, Difference::Encoded(_))) {
                        "Of 'encoded' files, one is stored gzip-encoded, and the other is not: STATIC_ASSETS_COMPRESS was \
                         set differently, or the file changed. "
                    } else {
                        ""
                    }
                ),
            ),
            ConflictWith::Claimed => (
                format!("{version} was started with other content"),
                "Another build started to publish other content under this version. It failed, or it is still running."
                    .to_owned(),
            ),
            ConflictWith::Foreign(path) => (
                format!("The store already holds another file at {version}/{path}"),
                "It does not come from a build of this content, so it is not touched.".to_owned(),
            ),
            ConflictWith::Pruned => (
                format!("{version} was pruned with other content"),
                "Browsers may still hold the files of the pruned version, so it accepts only its old content."
                    .to_owned(),
            ),
        };
        let fix = if version.looks_like_digest() {
            "A value that was not set before gives the same files another version:\n  STATIC_ASSETS_SALT=2"
        } else {
            "Set another RELEASE_VERSION, or unset it: the version is then a hash of the files."
        };
        let discard = matches!(self.with, ConflictWith::Claimed).then(|| {
            format!(
                "\nOr free the name, a day after the last build of it, with a key that may delete:\n  \
                 static-assets discard {version}"
            )
        });
        let discard = discard.unwrap_or_default();
        Message::new(Kind::Conflict, title, format!("{body} {fix}{discard}"))
    }
}

fn difference_text(difference: &Difference) -> String {
    match difference {
        Difference::Changed(path) => format!("changed  {path}"),
        Difference::Encoded(path) => format!("encoded  {path}"),
        Difference::Added(path) => format!("added    {path}"),
        Difference::Removed(path) => format!("removed  {path}"),
    }
}
