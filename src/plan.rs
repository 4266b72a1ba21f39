//! Plans an upload: pure values between reading a store and changing it.

use crate::manifest::{Asset, Marker};
use crate::release::Release;
use crate::version::Version;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The objects under a prefix, by the rest of their key.
pub(crate) type Listing = BTreeMap<String, ListedObject>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedObject {
    pub(crate) size: u64,
    pub(crate) etag: Option<String>,
    /// By the store's clock.
    pub(crate) modified: DateTime<Utc>,
}

impl ListedObject {
    /// Whether the object stands for a directory: stores on file systems list those as empty objects.
    pub(crate) fn is_folder(&self, path: &str, release: &Release) -> bool {
        let below = format!("{path}/");
        let holds_assets = |asset: &Asset| asset.path.starts_with(&*below);
        self.size == 0 && (path.is_empty() || release.manifest.assets().iter().any(holds_assets))
    }
}

/// A version exists, or is being made, with other content.
#[derive(Debug)]
pub(crate) struct Conflict {
    pub(crate) version: Version,
    pub(crate) with: ConflictWith,
}

#[derive(Debug)]
pub(crate) enum ConflictWith {
    /// The version is published. It differs in these paths.
    Published(Vec<Difference>),
    /// Another build, earlier or at the same time, claimed the version for other content.
    Claimed,
    /// The version's prefix holds an object that the protocol did not put there.
    Foreign(String),
    /// The version was pruned. It accepts only its old content, because browsers cache that for a year.
    Pruned,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    Changed(String),
    /// It is stored compressed, and the published one is not, or the other way round.
    Encoded(String),
    Added(String),
    Removed(String),
}

impl Conflict {
    pub(crate) fn published(release: &Release, marker: &Marker) -> Self {
        let files = marker.files.iter();
        let mut published: BTreeMap<_, _> = files.map(|file| (file.path.as_str(), file)).collect();
        let mut differing = Vec::new();
        for asset in release.manifest.assets() {
            match published.remove(&*asset.path) {
                Some(there) if (there.size, there.sha256) == (asset.size, asset.sha256) => {}
                Some(there) if there.encoding.as_deref() != asset.encoding() => {
                    differing.push(Difference::Encoded(asset.path.to_string()));
                }
                Some(_) => differing.push(Difference::Changed(asset.path.to_string())),
                None => differing.push(Difference::Added(asset.path.to_string())),
            }
        }
        let removed = published.into_keys().map(str::to_owned);
        differing.extend(removed.map(Difference::Removed));
        Self::new(release, ConflictWith::Published(differing))
    }

    pub(crate) fn new(release: &Release, with: ConflictWith) -> Self {
        let version = release.version.clone();
        Self { version, with }
    }
}

/// What to do with which assets, by their index in the manifest.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The store lacks these, or holds them cut.
    pub(crate) missing: Vec<usize>,
    /// The store holds something of the same size under this `ETag`. It has to be compared.
    pub(crate) present: Vec<(usize, Option<String>)>,
}

impl Plan {
    pub(crate) fn of(release: &Release, mut listing: Listing) -> Self {
        let mut plan = Self::default();
        for (index, asset) in release.manifest.assets().iter().enumerate() {
            let object = listing.remove(&*asset.path);
            match object.filter(|object| object.size == asset.size) {
                Some(object) => plan.present.push((index, object.etag)),
                None => plan.missing.push(index),
            }
        }
        plan
    }

    pub(crate) fn missing_bytes(&self, release: &Release) -> u64 {
        let assets = release.manifest.assets();
        self.missing.iter().map(|index| assets[*index].size).sum()
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) put: usize,
    pub(crate) put_bytes: u64,
    pub(crate) present: usize,
    /// The version was already published, and nothing had to be uploaded.
    pub(crate) unchanged: bool,
    pub(crate) requests: Requests,
    pub(crate) duration: Duration,
}

impl Summary {
    /// The summary of a run that uploads `put` of the files and finds the others.
    pub(crate) fn of(release: &Release, put: usize, put_bytes: u64) -> Self {
        Self {
            put,
            put_bytes,
            present: release.manifest.assets().len() - put,
            ..Self::default()
        }
    }

    pub(crate) fn of_unchanged(release: &Release) -> Self {
        let mut summary = Self::of(release, 0, 0);
        summary.unchanged = true;
        summary
    }
}

/// What is uploaded so far of what is known to be missing. The caller of a publish gets it ten times a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) files: usize,
    pub(crate) of_files: usize,
    pub(crate) bytes: u64,
    pub(crate) of_bytes: u64,
    pub(crate) elapsed: Duration,
}

/// What a version changes for visitors of the previous one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) since: String,
    /// The number of new files and files with other content.
    pub(crate) new: usize,
    pub(crate) equal: usize,
}

impl Change {
    pub(crate) fn between(before: &Marker, release: &Release) -> Self {
        let files = before.files.iter();
        let files = files.map(|file| (file.path.as_str(), file.sha256));
        let known: BTreeSet<_> = files.collect();
        let assets = release.manifest.assets();
        let is_equal = |asset: &&Asset| known.contains(&(&*asset.path, asset.sha256));
        let equal = assets.iter().filter(is_equal).count();
        Self {
            since: before.version.clone(),
            new: assets.len() - equal,
            equal,
        }
    }
}

/// The number of requests to the store, by what they cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Requests {
    pub(crate) get: usize,
    pub(crate) head: usize,
    pub(crate) list: usize,
    pub(crate) put: usize,
}

impl Requests {
    pub(crate) fn all(self) -> usize {
        self.get + self.head + self.list + self.put
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            get: self.get - before.get,
            head: self.head - before.head,
            list: self.list - before.list,
            put: self.put - before.put,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::of_json;
    use crate::prefix::Site;
    use crate::release::release_of;

    fn release(files: &[(&str, &str)]) -> Release {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            fs_err::write(folder.path().join(path), content).unwrap();
        }
        let site = Site {
            store: "file:///x".parse().unwrap(),
            public: "/v/".parse().unwrap(),
        };
        release_of(folder.path(), &site, None)
    }

    #[test]
    fn a_plan_puts_what_is_missing_or_short_and_compares_what_may_be_equal() {
        let release = release(&[("a", "1"), ("b", "22"), ("c", "333")]);
        let stored = |size| ListedObject {
            size,
            etag: None,
            modified: DateTime::UNIX_EPOCH,
        };
        let there = BTreeMap::from([
            ("a".to_owned(), stored(1)),
            ("b".to_owned(), stored(1)),
            ("of another".to_owned(), stored(9)),
        ]);
        let plan = Plan::of(&release, there);
        assert_eq!(plan.missing, [1, 2]);
        assert_eq!(plan.present, [(0, None)]);
        assert_eq!(plan.missing_bytes(&release), 5);
    }

    #[test]
    fn a_change_counts_what_is_new_and_what_is_equal() {
        let before = release(&[("a", "1"), ("b", "2"), ("gone", "3")]);
        let marker = of_json::<Marker>(&before.marker).unwrap();
        let change = Change::between(&marker, &release(&[("a", "1"), ("b", "x"), ("d", "4")]));
        assert_eq!(change.since, before.version.to_string());
        assert_eq!((change.new, change.equal), (2, 1));
    }

    #[test]
    fn a_conflict_says_what_differs() {
        let published = release(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let marker = of_json::<Marker>(&published.marker).unwrap();
        let conflict =
            Conflict::published(&release(&[("a", "1"), ("b", "x"), ("d", "4")]), &marker);
        let ConflictWith::Published(differing) = conflict.with else {
            panic!("{conflict:?}");
        };
        assert_eq!(
            differing,
            [
                Difference::Changed("b".to_owned()),
                Difference::Added("d".to_owned()),
                Difference::Removed("c".to_owned())
            ]
        );
    }
}
