//! What is in a store: its versions, with what the protocol's objects say of each. Pure values between listing a store
//! and showing or changing it.

mod retention;
mod verification;

use crate::manifest::{
    Marker, StoredPin, StoredRef, Tombstone, TombstoneState, VersionKind, of_json,
};
use crate::plan::{ListedObject, Listing};
use crate::prefix::PROBE;
use crate::sha256::Sha256;
use crate::version::Version;
use chrono::{DateTime, Utc};
pub(crate) use retention::{
    Deletion, DeletionReason, HalfRule, KeepReason, Kept, NotDiscarded, Policy, PrunePlan,
};
use std::collections::{BTreeMap, BTreeSet};
pub(crate) use verification::{
    Comparison, FileProblem, LocalCopies, LocalCopy, StoredFile, StoredHeaders, Verification,
};

/// The group of the refs that repairs write. `STATIC_ASSETS_GROUP` can't have this name.
pub(crate) const REPAIRS: &str = "_repair";

/// The versions of a store, the one that was built last first.
#[derive(Debug)]
pub(crate) struct Inventory {
    pub(crate) versions: Vec<VersionEntry>,
    /// Objects of the protocol whose names no version has.
    pub(crate) unknown: Vec<String>,
}

/// What the store holds of one version.
#[derive(Debug)]
pub(crate) struct VersionEntry {
    pub(crate) version: Version,
    pub(crate) state: VersionState,
    /// Whether it has a marker that can be read.
    pub(crate) has_marker: bool,
    /// The content of that marker.
    content: Option<Sha256>,
    /// That marker, if everything was asked for.
    pub(crate) marker: Option<Marker>,
    /// When the marker was created.
    pub(crate) published: Option<DateTime<Utc>>,
    /// The runs that built it, the last one first.
    pub(crate) refs: Vec<RefEntry>,
    /// What keeps it from a prune.
    pub(crate) pins: Vec<PinEntry>,
    /// The refs of repairs, which are no builds.
    repairs: Vec<RefEntry>,
    /// When its last claim was put.
    claimed: Option<DateTime<Utc>>,
    pub(crate) files: usize,
    pub(crate) bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VersionState {
    Published,
    /// It has a marker or a tombstone that this program can't read, such as one of a newer schema.
    Unreadable,
    /// It has no marker: a build runs, or one ended before its last request.
    Unfinished,
    Deleting,
    Deleted,
}

/// One run that built a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefEntry {
    /// The name of the object under the protocol's directory.
    pub(crate) name: String,
    pub(crate) group: String,
    /// By the store's clock.
    pub(crate) at: DateTime<Utc>,
    /// The commit, if the object was read and has one.
    pub(crate) commit: Option<String>,
    /// The content that the run brought, if the object was read.
    content: Option<Sha256>,
    is_unreadable: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PinEntry {
    pub(crate) name: String,
    /// If the object was read.
    pub(crate) reason: Option<String>,
}

/// The names of the protocol's objects by version, before any of them is read.
#[derive(Debug, Default)]
pub(crate) struct MetaNames {
    versions: BTreeMap<Version, NamesOfVersion>,
    unknown: Vec<String>,
}

#[derive(Debug, Default)]
struct NamesOfVersion {
    marker: Option<DateTime<Utc>>,
    tombstone: Option<DateTime<Utc>>,
    refs: Vec<RefEntry>,
    repairs: Vec<RefEntry>,
    claimed: Option<DateTime<Utc>>,
    pins: Vec<PinEntry>,
}

/// What the inventory takes of one of the protocol's objects. Markers name every file, so of many versions only their sums
/// are kept.
#[derive(Debug)]
pub(crate) enum MetaContent {
    Marker {
        content: Sha256,
        files: usize,
        bytes: u64,
        whole: Option<Marker>,
    },
    Tombstone(TombstoneState),
    Ref {
        commit: Option<String>,
        content: Sha256,
    },
    /// The reason.
    Pin(String),
    Unreadable,
}

/// How much is read and kept. Each object costs one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadRefs {
    /// The last ref of each version, and no pin. The files of markers are not kept.
    Newest,
    /// Every ref. The files of markers are not kept.
    Every,
    /// Every ref and pin, and the files of markers.
    All,
}

impl MetaContent {
    pub(crate) fn of(name: &str, json: &[u8], refs: ReadRefs) -> Self {
        let read = match name.split('/').next() {
            Some("versions") => of_json::<Marker>(json).map(|marker| Self::Marker {
                content: marker.content,
                files: marker.files.len(),
                bytes: marker.bytes(),
                whole: Some(marker).filter(|_| refs == ReadRefs::All),
            }),
            Some("tombstones") => of_json::<Tombstone>(json).map(|it| Self::Tombstone(it.state)),
            Some("refs") => of_json::<StoredRef>(json).map(|it| Self::Ref {
                commit: it.label,
                content: it.content,
            }),
            _ => of_json::<StoredPin>(json).map(|it| Self::Pin(it.reason)),
        };
        read.unwrap_or(Self::Unreadable)
    }
}

impl MetaNames {
    /// Sorts the objects under the protocol's directory. With `only`, those of other versions are left out.
    pub(crate) fn of(listing: &Listing, only: Option<&Version>) -> Self {
        let mut names = Self::default();
        for (name, object) in listing {
            let known = names.add(name, object, only);
            if known.is_none() && !name.starts_with("staging/") && name != PROBE {
                names.unknown.push(name.clone());
            }
        }
        for version in names.versions.values_mut() {
            version.refs.sort_by_key(|it| std::cmp::Reverse(it.at));
        }
        names
    }

    /// `None` if the name is none of the protocol's.
    fn add(&mut self, name: &str, object: &ListedObject, only: Option<&Version>) -> Option<()> {
        let parts: Vec<&str> = name.strip_suffix(".json")?.split('/').collect();
        let version = match parts.as_slice() {
            ["leases", _] => return Some(()),
            ["versions" | "tombstones", version]
            | ["pins" | "claims", version, _]
            | ["refs", version, _, _] => version.parse::<Version>().ok()?,
            _ => return None,
        };
        if only.is_some_and(|only| *only != version) {
            return Some(());
        }
        let entry = self.versions.entry(version).or_default();
        match parts.as_slice() {
            ["versions", _] => entry.marker = Some(object.modified),
            ["tombstones", _] => entry.tombstone = Some(object.modified),
            ["refs", _, group, _] => {
                let refs = match *group {
                    REPAIRS => &mut entry.repairs,
                    _ => &mut entry.refs,
                };
                refs.push(RefEntry {
                    name: name.to_owned(),
                    group: (*group).to_owned(),
                    at: object.modified,
                    commit: None,
                    content: None,
                    is_unreadable: false,
                });
            }
            ["claims", ..] => entry.claimed = entry.claimed.max(Some(object.modified)),
            ["pins", _, pin] => entry.pins.push(PinEntry {
                name: (*pin).to_owned(),
                reason: None,
            }),
            _ => {}
        }
        Some(())
    }

    /// Lists the names of the objects whose content the inventory needs.
    pub(crate) fn to_read(&self, refs: ReadRefs) -> Vec<String> {
        let mut names = Vec::new();
        for (version, entry) in &self.versions {
            names.extend(entry.marker.map(|_| format!("versions/{version}.json")));
            names.extend(
                entry
                    .tombstone
                    .map(|_| format!("tombstones/{version}.json")),
            );
            let (most_refs, most_pins) = match refs {
                ReadRefs::Newest => (1, 0),
                ReadRefs::Every => (usize::MAX, 0),
                ReadRefs::All => (usize::MAX, usize::MAX),
            };
            names.extend(entry.refs.iter().take(most_refs).map(|it| it.name.clone()));
            let pins = entry.pins.iter().take(most_pins);
            names.extend(pins.map(|it| pin_name(version, it)));
        }
        names
    }

    /// Lists the versions without a marker. Only a listing shows what the store holds of them.
    pub(crate) fn without_marker(&self) -> Vec<Version> {
        let versions = self.versions.iter();
        let versions = versions.filter(|(_, entry)| entry.marker.is_none());
        versions.map(|(version, _)| version.clone()).collect()
    }

    /// Makes the inventory of the contents, by name, and of the files of versions without a marker.
    pub(crate) fn inventory(
        self,
        mut contents: BTreeMap<String, MetaContent>,
        files: &BTreeMap<Version, Listing>,
    ) -> Inventory {
        let entries = self.versions.into_iter();
        let mut versions: Vec<_> = entries
            .map(|(version, names)| {
                let listed = files.get(&version);
                names.entry(version, &mut contents, listed)
            })
            .collect();
        versions.sort_by_key(|entry| std::cmp::Reverse(entry.last_built()));
        Inventory {
            versions,
            unknown: self.unknown,
        }
    }
}

impl NamesOfVersion {
    fn entry(
        mut self,
        version: Version,
        contents: &mut BTreeMap<String, MetaContent>,
        listed: Option<&Listing>,
    ) -> VersionEntry {
        for entry in &mut self.refs {
            match contents.remove(&entry.name) {
                Some(MetaContent::Ref { commit, content }) => {
                    entry.commit = commit;
                    entry.content = Some(content);
                }
                Some(_) => entry.is_unreadable = true,
                None => {}
            }
        }
        for pin in &mut self.pins {
            if let Some(MetaContent::Pin(reason)) = contents.remove(&pin_name(&version, pin)) {
                pin.reason = Some(reason);
            }
        }
        let tombstone = contents.remove(&format!("tombstones/{version}.json"));
        let content = contents.remove(&format!("versions/{version}.json"));
        let state = self.state(content.as_ref(), tombstone.as_ref());
        let mut marker = None;
        let mut published = None;
        let (files, bytes) = match (content, listed) {
            (
                Some(MetaContent::Marker {
                    content,
                    files,
                    bytes,
                    whole,
                }),
                _,
            ) => {
                (published, marker) = (Some(content), whole);
                (files, bytes)
            }
            (_, Some(listed)) => {
                let sizes = listed.values().map(|object| object.size);
                (listed.len(), sizes.fold(0, u64::saturating_add))
            }
            _ => (0, 0),
        };
        VersionEntry {
            version,
            state,
            has_marker: published.is_some(),
            content: published,
            marker,
            published: self.marker,
            refs: self.refs,
            pins: self.pins,
            repairs: self.repairs,
            claimed: self.claimed,
            files,
            bytes,
        }
    }

    fn state(&self, marker: Option<&MetaContent>, tombstone: Option<&MetaContent>) -> VersionState {
        let pruned = match tombstone {
            Some(MetaContent::Tombstone(state)) => Some(*state),
            Some(_) => return VersionState::Unreadable,
            None => None,
        };
        match (self.marker, pruned) {
            (_, Some(TombstoneState::Deleting)) => VersionState::Deleting,
            (Some(_), _) if matches!(marker, Some(MetaContent::Marker { .. })) => {
                VersionState::Published
            }
            (Some(_), _) => VersionState::Unreadable,
            // A build that began after the prune has not ended yet.
            (None, Some(TombstoneState::Deleted)) if !self.is_built_again() => {
                VersionState::Deleted
            }
            (None, _) => VersionState::Unfinished,
        }
    }

    fn is_built_again(&self) -> bool {
        let last = self.refs.first().map(|it| it.at);
        last > self.tombstone
    }
}

fn pin_name(version: &Version, pin: &PinEntry) -> String {
    format!("pins/{version}/{}.json", pin.name)
}

impl VersionEntry {
    /// When a run built it last. A marker without a ref, such as one whose refs somebody removed, counts as its run.
    pub(crate) fn last_built(&self) -> Option<DateTime<Utc>> {
        let newest = self.refs.first().map(|it| it.at);
        newest.max(self.published)
    }

    /// A digest version has the form of one. No explicit version may have it.
    pub(crate) fn kind(&self) -> VersionKind {
        if self.version.looks_like_digest() {
            VersionKind::Digest
        } else {
            VersionKind::Explicit
        }
    }

    pub(crate) fn commit(&self) -> Option<&str> {
        self.refs.first()?.commit.as_deref()
    }

    /// The names of the groups that built it, sorted.
    pub(crate) fn groups(&self) -> BTreeSet<&str> {
        self.refs.iter().map(|it| it.group.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn listing(names: &[(&str, i64)]) -> Listing {
        let object = |seconds| ListedObject {
            size: 10,
            etag: None,
            modified: DateTime::from_timestamp(seconds, 0).unwrap(),
        };
        let names = names.iter();
        names
            .map(|(name, at)| ((*name).to_owned(), object(*at)))
            .collect()
    }

    pub(super) fn inventory(names: &[(&str, i64)], contents: &[(&str, &str)]) -> Inventory {
        let contents = contents.iter();
        let contents: BTreeMap<_, _> = contents
            .map(|(name, json)| {
                let content = MetaContent::of(name, json.as_bytes(), ReadRefs::Newest);
                ((*name).to_owned(), content)
            })
            .collect();
        let names = MetaNames::of(&listing(names), None);
        let unfinished = names.without_marker().into_iter();
        let files = unfinished.map(|version| (version, listing(&[("a.css", 1), ("b.css", 1)])));
        let files = files.collect();
        names.inventory(contents, &files)
    }

    pub(super) const EMPTY: &str =
        "0000000000000000000000000000000000000000000000000000000000000000";

    pub(super) fn marker(version: &str) -> String {
        format!(
            "{{\"schema\":1,\"version\":\"{version}\",\"kind\":\"explicit\",\"digest\":\"{EMPTY}\",\"content\":\"{EMPTY}\",\
             \"files\":[{{\"path\":\"a.css\",\"size\":3,\"sha256\":\"{EMPTY}\",\"type\":\"text/css\"}}]}}"
        )
    }

    #[test]
    fn each_state_follows_from_the_objects() {
        let deleting = "{\"schema\":1,\"state\":\"deleting\",\"content\":null}";
        let deleted = "{\"schema\":1,\"state\":\"deleted\",\"content\":null}";
        let found = inventory(
            &[
                ("versions/whole.json", 50),
                ("versions/odd.json", 40),
                ("versions/going.json", 30),
                ("tombstones/going.json", 31),
                ("refs/going/default/1.json", 30),
                ("refs/begun/default/1.json", 20),
                ("claims/begun/x.json", 20),
                ("tombstones/gone.json", 10),
                ("refs/gone/default/1.json", 9),
                ("tombstones/again.json", 7),
                ("refs/again/default/1.json", 8),
                ("staging/whole.lock", 1),
                ("versions/torn.json", 5),
                ("tombstones/torn.json", 5),
                ("other/v9.json", 1),
                ("leases/5f.json", 1),
            ],
            &[
                ("versions/whole.json", &marker("whole")),
                ("versions/odd.json", "{\"schema\":2}"),
                ("versions/going.json", &marker("going")),
                ("tombstones/going.json", deleting),
                ("tombstones/gone.json", deleted),
                ("tombstones/again.json", deleted),
                ("versions/torn.json", &marker("torn")),
                ("tombstones/torn.json", "{"),
            ],
        );
        let states: Vec<_> = found
            .versions
            .iter()
            .map(|it| (it.version.as_str(), it.state, it.files, it.bytes))
            .collect();
        assert_eq!(
            states,
            [
                ("whole", VersionState::Published, 1, 3),
                ("odd", VersionState::Unreadable, 0, 0),
                ("going", VersionState::Deleting, 1, 3),
                ("begun", VersionState::Unfinished, 2, 20),
                ("gone", VersionState::Deleted, 2, 20),
                ("again", VersionState::Unfinished, 2, 20),
                ("torn", VersionState::Unreadable, 1, 3),
            ]
        );
        assert_eq!(found.unknown, ["other/v9.json"]);
    }

    #[test]
    fn refs_show_who_built_a_version_and_when() {
        let names = [
            ("versions/v1.json", 10),
            ("refs/v1/default/a.json", 10),
            ("refs/v1/review/b.json", 30),
            ("refs/v1/default/c.json", 20),
            ("refs/v1/_repair/d.json", 90),
            ("pins/v1/rollback.json", 40),
        ];
        let labelled = format!("{{\"schema\":1,\"content\":\"{EMPTY}\",\"label\":\"4f1c2ab\"}}");
        let names_read = MetaNames::of(&listing(&names), None);
        assert_eq!(
            names_read.to_read(ReadRefs::Newest),
            ["versions/v1.json", "refs/v1/review/b.json"]
        );
        assert_eq!(names_read.to_read(ReadRefs::All).len(), 5);
        let found = inventory(&names, &[("refs/v1/review/b.json", &labelled)]);
        let [entry] = found.versions.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(entry.commit(), Some("4f1c2ab"));
        assert_eq!(
            entry.groups().into_iter().collect::<Vec<_>>(),
            ["default", "review"]
        );
        assert_eq!(entry.last_built().unwrap().timestamp(), 30);
        assert_eq!(entry.published.unwrap().timestamp(), 10);
        assert_eq!(entry.pins[0].name, "rollback");
        let other = "v2".parse().unwrap();
        let none = MetaNames::of(&listing(&names), Some(&other));
        assert!(none.versions.is_empty() && none.unknown.is_empty());
    }
}
