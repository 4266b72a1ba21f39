//! Texts of a version that exists, or was started, with other content.

use super::{Explain, Kind, Message, listed};
use crate::plan::{Conflict, ConflictWith, Difference};

impl Explain for Conflict {
    fn explain(&self) -> Message {
        let version = &self.version;
        let (title, body) = match &self.with {
            ConflictWith::Published(differing) => (
                format!("{version} is already published with other content"),
                format!(
                    "This build differs in these {} files:\n{}\nA published version never changes, because browsers hold \
                     it for a year.",
                    differing.len(),
                    listed(differing, difference_text)
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
            "This gives the same files another version:\n  STATIC_ASSETS_SALT=2"
        } else {
            "Set another RELEASE_VERSION, or unset it: the version is then a hash of the files."
        };
        Message::new(Kind::Conflict, title, format!("{body} {fix}"))
    }
}

fn difference_text(difference: &Difference) -> String {
    match difference {
        Difference::Changed(path) => format!("changed  {path}"),
        Difference::Added(path) => format!("added    {path}"),
        Difference::Removed(path) => format!("removed  {path}"),
    }
}
