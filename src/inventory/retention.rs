//! Which versions a prune keeps, and why. Pure values: `docs/contract.md` says how it deletes the others.

use super::{Inventory, PinEntry, RefEntry, VersionEntry, VersionState};
use crate::config::{Retention, SHORTEST_AGE};
use crate::manifest::VersionKind;
use crate::version::Version;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) retention: Retention,
    /// Versions that something is known to use.
    pub(crate) in_use: BTreeSet<Version>,
}

/// What a prune keeps and deletes.
#[derive(Debug, Default)]
pub(crate) struct PrunePlan {
    pub(crate) kept: Vec<Kept>,
    pub(crate) deleted: Vec<Deletion>,
    /// Kept versions that an earlier prune had begun to delete: builds of them must pass again.
    pub(crate) spared: Vec<Version>,
    /// Refs of other versions that say nothing any more, by their names under the protocol's directory.
    pub(crate) refs: Vec<String>,
    /// Versions that are in use, as somebody says, and that the store does not have.
    pub(crate) unknown: Vec<Version>,
    /// How many versions there are.
    total: usize,
}

#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) version: Version,
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    pub(crate) built: Option<DateTime<Utc>>,
    /// At least one.
    pub(crate) reasons: Vec<KeepReason>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeepReason {
    /// It is one of those that this group built last.
    Last(String),
    Recent,
    /// Holds the name of the pin.
    Pinned(String),
    InUse,
    /// It can't be read, so nobody knows whether it is used.
    Unreadable,
    /// A build may be publishing it.
    MayBeBuilding,
    /// Nothing else would be left.
    OnlyVersion,
    /// A build that ended early has left files of somebody else under its name alone.
    NothingOfOurs,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deletion {
    pub(crate) version: Version,
    pub(crate) reason: DeletionReason,
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    pub(crate) built: Option<DateTime<Utc>>,
    /// A ref after this time keeps the version: somebody builds it.
    pub(crate) fresh_after: DateTime<Utc>,
    /// Its refs, which go with it, by their names under the protocol's directory.
    pub(crate) refs: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeletionReason {
    /// The policy does not keep it.
    Outdated,
    /// It never got a marker.
    Unfinished,
    /// An earlier prune stopped halfway.
    HalfDeleted,
}

/// Why a version that was begun is not discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotDiscarded {
    /// Only a prune deletes what is published.
    Published,
    /// A build of it may run until this time.
    TooYoung(DateTime<Utc>),
    /// No build of it has uploaded a file or a claim.
    NothingOfOurs,
    /// It was deleted before.
    Deleted,
    Unreadable,
    /// A build of it has begun, or has published it, since it was looked up.
    BuiltMeanwhile,
}

/// A plan that deletes more than half of the versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HalfRule {
    pub(crate) deleted: usize,
    pub(crate) total: usize,
}

impl PrunePlan {
    /// `now` is the time of the store's clock, as all times of the inventory are.
    pub(crate) fn of(inventory: &Inventory, policy: &Policy, now: DateTime<Utc>) -> Self {
        let rank = Rank::of(inventory, policy.retention.keep_last);
        let (old, unfinished) = (now - policy.retention.keep_within, now - SHORTEST_AGE);
        let mut plan = Self {
            unknown: policy.in_use.iter().cloned().collect(),
            ..Self::default()
        };
        for entry in &inventory.versions {
            if entry.is_trace() {
                plan.refs.extend(entry.superfluous_refs(0, unfinished));
                continue;
            }
            plan.unknown.retain(|version| *version != entry.version);
            plan.total += 1;
            let reasons = match entry.state {
                VersionState::Unreadable => vec![KeepReason::Unreadable],
                // Its files are gone already, or some of them.
                VersionState::Deleting if !entry.has_marker => Vec::new(),
                VersionState::Deleting | VersionState::Published => {
                    rank.reasons(entry, policy, old)
                }
                VersionState::Unfinished | VersionState::Deleted => {
                    unfinished_reasons(entry, policy, unfinished)
                }
            };
            if reasons.is_empty() {
                plan.deleted.push(Deletion::of(entry, old, unfinished));
            } else {
                plan.refs.extend(entry.superfluous_refs(1, unfinished));
                if entry.state == VersionState::Deleting {
                    plan.spared.push(entry.version.clone());
                }
                plan.kept.push(Kept {
                    version: entry.version.clone(),
                    files: entry.files,
                    bytes: entry.bytes,
                    built: entry.last_built(),
                    reasons,
                });
            }
        }
        plan
    }

    /// Deletes these versions and nothing else.
    pub(crate) fn of_deletions(deleted: Vec<Deletion>) -> Self {
        Self {
            deleted,
            ..Self::default()
        }
    }

    /// Fails if more than half of the versions would be deleted. Those without a marker count, too: somebody may have removed
    /// it.
    pub(crate) fn half_rule(&self) -> Result<(), HalfRule> {
        let (deleted, total) = (self.deleted.len(), self.total);
        if deleted * 2 > total {
            return Err(HalfRule { deleted, total });
        }
        Ok(())
    }
}

/// The versions that each group built last.
struct Rank<'a> {
    last: BTreeMap<&'a str, BTreeSet<&'a Version>>,
    /// The version that was built last of all.
    newest: Option<&'a Version>,
}

impl<'a> Rank<'a> {
    fn of(inventory: &'a Inventory, keep_last: usize) -> Self {
        let mut built: BTreeMap<&str, Vec<(DateTime<Utc>, &VersionEntry)>> = BTreeMap::new();
        let marked = inventory.versions.iter().filter(|it| it.has_marker);
        for entry in marked.clone() {
            let mut newest = BTreeMap::new();
            for it in entry.refs.iter().filter(|it| entry.is_built_by(it)) {
                let at = newest.entry(&*it.group).or_insert(it.at);
                *at = it.at.max(*at);
            }
            for (group, at) in newest {
                built.entry(group).or_default().push((at, entry));
            }
        }
        let last = built.into_iter().map(|(group, mut versions)| {
            versions.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
            // What a prune has begun to delete is kept if it is new enough, but takes nobody's place.
            let mut left = keep_last;
            let last = versions.into_iter().take_while(|(_, entry)| {
                let is_last = left > 0;
                left = left.saturating_sub(usize::from(entry.state == VersionState::Published));
                is_last
            });
            (group, last.map(|(_, entry)| &entry.version).collect())
        });
        Self {
            last: last.collect(),
            newest: marked
                .max_by_key(|it| it.last_built())
                .map(|it| &it.version),
        }
    }

    /// Why a version with a marker is kept. Nothing if it is not.
    fn reasons(
        &self,
        entry: &VersionEntry,
        policy: &Policy,
        old: DateTime<Utc>,
    ) -> Vec<KeepReason> {
        let mut reasons = Vec::new();
        let groups = self.last.iter();
        let groups = groups.filter(|(_, versions)| versions.contains(&entry.version));
        reasons.extend(groups.map(|(group, _)| KeepReason::Last((*group).to_owned())));
        if entry.last_touched().is_some_and(|at| at >= old) {
            reasons.push(KeepReason::Recent);
        }
        let pins = entry.pins.iter();
        reasons.extend(pins.map(|PinEntry { name, .. }| KeepReason::Pinned(name.clone())));
        if policy.in_use.contains(&entry.version) {
            reasons.push(KeepReason::InUse);
        }
        if reasons.is_empty() && self.newest == Some(&entry.version) {
            reasons.push(KeepReason::OnlyVersion);
        }
        reasons
    }
}

fn unfinished_reasons(
    entry: &VersionEntry,
    policy: &Policy,
    old: DateTime<Utc>,
) -> Vec<KeepReason> {
    if entry.last_touched().is_some_and(|at| at >= old) {
        return vec![KeepReason::MayBeBuilding];
    }
    if policy.in_use.contains(&entry.version) {
        return vec![KeepReason::InUse];
    }
    // Only published versions are pinned, so somebody has removed its marker.
    if let Some(PinEntry { name, .. }) = entry.pins.first() {
        return vec![KeepReason::Pinned(name.clone())];
    }
    // A build puts a claim before its first file, and only where nothing lies. Without one it has put nothing.
    if entry.kind() == VersionKind::Explicit && entry.claimed.is_none() {
        return vec![KeepReason::NothingOfOurs];
    }
    Vec::new()
}

impl Deletion {
    fn of(entry: &VersionEntry, old: DateTime<Utc>, unfinished: DateTime<Utc>) -> Self {
        let reason = match entry.state {
            VersionState::Deleting => DeletionReason::HalfDeleted,
            _ if entry.has_marker => DeletionReason::Outdated,
            _ => DeletionReason::Unfinished,
        };
        Self {
            version: entry.version.clone(),
            reason,
            files: entry.files,
            bytes: entry.bytes,
            built: entry.last_built(),
            fresh_after: if entry.has_marker { old } else { unfinished },
            refs: entry.superfluous_refs(0, unfinished),
        }
    }
}

impl VersionEntry {
    /// How a version is deleted that was begun and never finished.
    pub(crate) fn discarded(&self, now: DateTime<Utc>) -> Result<Deletion, NotDiscarded> {
        let unfinished = now - SHORTEST_AGE;
        match self.state {
            VersionState::Published => return Err(NotDiscarded::Published),
            VersionState::Deleting if self.has_marker => return Err(NotDiscarded::Published),
            VersionState::Unreadable => return Err(NotDiscarded::Unreadable),
            VersionState::Deleted => return Err(NotDiscarded::Deleted),
            VersionState::Deleting | VersionState::Unfinished => {}
        }
        let young = self.last_touched().filter(|at| *at >= unfinished);
        if let Some(at) = young {
            return Err(NotDiscarded::TooYoung(at + SHORTEST_AGE));
        }
        let is_ours = self.claimed.is_some() || self.kind() == VersionKind::Digest;
        if self.state == VersionState::Unfinished && (self.is_trace() || !is_ours) {
            return Err(NotDiscarded::NothingOfOurs);
        }
        Ok(Deletion::of(self, unfinished, unfinished))
    }

    /// Whether the run of a ref brought the published content. A run that brought other content has failed. A ref that
    /// can't be read, such as one of a newer schema, counts as a build.
    fn is_built_by(&self, it: &RefEntry) -> bool {
        self.content.is_some() && self.content == it.content || it.is_unreadable
    }

    /// Whether nothing is left of it but what says that it once was built.
    fn is_trace(&self) -> bool {
        match self.state {
            VersionState::Deleted => true,
            VersionState::Unfinished => self.files == 0 && self.claimed.is_none(),
            _ => false,
        }
    }

    /// The old refs, and of each group all but the newest that built it and the newest that did not.
    fn superfluous_refs(&self, stay: usize, old: DateTime<Utc>) -> Vec<String> {
        let mut seen: BTreeMap<(&str, bool), usize> = BTreeMap::new();
        let mut superfluous = Vec::new();
        for it in &self.refs {
            let number = seen.entry((&it.group, self.is_built_by(it))).or_default();
            *number += 1;
            if *number > stay && it.at < old && !it.is_unreadable {
                superfluous.push(it.name.clone());
            }
        }
        let repairs = self.repairs.iter().filter(|it| it.at < old);
        superfluous.extend(repairs.map(|it| it.name.clone()));
        superfluous
    }

    /// When anything was last put for it.
    fn last_touched(&self) -> Option<DateTime<Utc>> {
        let repaired = self.repairs.iter().map(|it| it.at).max();
        self.last_built().max(repaired).max(self.claimed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{EMPTY, inventory, marker};
    use super::*;
    use chrono::TimeDelta;

    const DAY: i64 = 86_400;

    /// A version with its refs: the group, whether the run brought the published content, and the day.
    type Built<'a> = (&'a str, &'a [(&'a str, bool, i64)]);

    fn plan(versions: &[Built<'_>], keep_last: usize, today: i64) -> PrunePlan {
        plan_of(versions, keep_last, today, |_| {})
    }

    /// `change` alters what the store holds.
    fn plan_of(
        versions: &[Built<'_>],
        keep_last: usize,
        today: i64,
        change: impl FnOnce(&mut Inventory),
    ) -> PrunePlan {
        let (mut names, mut contents) = (Vec::new(), Vec::new());
        for (version, refs) in versions {
            let first = refs.iter().map(|(.., day)| day * DAY).min().unwrap();
            names.push((format!("versions/{version}.json"), first));
            contents.push((format!("versions/{version}.json"), marker(version)));
            for (number, (group, is_built, day)) in refs.iter().enumerate() {
                let name = format!("refs/{version}/{group}/{number}.json");
                let content = if *is_built {
                    EMPTY.to_owned()
                } else {
                    "1".repeat(64)
                };
                names.push((name.clone(), day * DAY));
                contents.push((name, format!("{{\"schema\":1,\"content\":\"{content}\"}}")));
            }
        }
        let names: Vec<_> = names.iter().map(|(name, at)| (&**name, *at)).collect();
        let contents: Vec<_> = contents.iter().map(|(name, it)| (&**name, &**it)).collect();
        let policy = Policy {
            retention: Retention {
                keep_last,
                keep_within: TimeDelta::days(30),
                ..Retention::default()
            },
            in_use: BTreeSet::new(),
        };
        let now = DateTime::from_timestamp(today * DAY, 0).unwrap();
        let mut inventory = inventory(&names, &contents);
        change(&mut inventory);
        PrunePlan::of(&inventory, &policy, now)
    }

    fn kept(plan: &PrunePlan) -> Vec<&str> {
        plan.kept.iter().map(|it| it.version.as_str()).collect()
    }

    #[test]
    fn review_apps_do_not_push_production_out() {
        let review = [("review", true, 60)];
        let production = [("production", true, 1)];
        let plan = plan(
            &[
                ("r1", &review),
                ("r2", &[("review", true, 61)]),
                ("r3", &[("review", true, 62)]),
                ("p", &production),
            ],
            1,
            100,
        );
        assert_eq!(kept(&plan), ["r3", "p"]);
        assert_eq!(
            plan.kept[1].reasons,
            [KeepReason::Last("production".to_owned())]
        );
    }

    #[test]
    fn a_run_that_brought_other_content_counts_for_nothing_but_its_age() {
        let versions: [Built<'_>; 2] = [
            ("v1", &[("default", true, 1), ("default", false, 50)]),
            ("v2", &[("default", true, 10)]),
        ];
        assert_eq!(kept(&plan(&versions, 1, 100)), ["v1", "v2"]);
        assert_eq!(
            plan(&versions, 1, 100).kept[0].reasons,
            [KeepReason::OnlyVersion]
        );
        assert_eq!(kept(&plan(&versions, 1, 70)), ["v1", "v2"]);
        assert_eq!(plan(&versions, 1, 70).kept[0].reasons, [KeepReason::Recent]);
    }

    #[test]
    fn of_old_refs_the_newest_of_each_group_stays() {
        let refs = [
            ("default", true, 1),
            ("default", true, 2),
            ("default", false, 3),
            ("default", false, 4),
            ("review", true, 1),
            ("default", true, 100),
        ];
        let plan = plan(&[("v1", &refs)], 1, 100);
        assert_eq!(plan.refs.len(), 3, "{:?}", plan.refs);
        let groups: BTreeSet<_> = plan.refs.iter().map(|it| it.split('/').nth(2)).collect();
        assert_eq!(groups, [Some("default")].into());
    }

    #[test]
    fn what_a_prune_has_begun_to_delete_is_kept_by_the_policy_and_takes_no_place() {
        let build = |day| vec![("default", true, day)];
        let (one, two, three) = (build(1), build(2), build(3));
        let versions: [Built<'_>; 3] = [("v1", &one), ("v2", &two), ("v3", &three)];
        let deleting = |inventory: &mut Inventory| {
            for entry in &mut inventory.versions {
                if entry.version.as_str() != "v1" {
                    entry.state = VersionState::Deleting;
                }
            }
        };
        let plan = plan_of(&versions, 1, 100, deleting);
        assert_eq!(kept(&plan), ["v3", "v2", "v1"]);
        assert_eq!(plan.spared.len(), 2);
        let all = plan_of(&versions, 1, 100, |inventory| {
            for entry in &mut inventory.versions {
                entry.state = VersionState::Deleting;
                entry.refs.clear();
            }
        });
        assert_eq!(kept(&all), ["v3"]);
        assert_eq!(all.half_rule().unwrap_err().deleted, 2);
    }

    #[test]
    fn a_ref_that_cannot_be_read_counts_as_a_build_and_stays() {
        let refs = [
            ("default", false, 1),
            ("default", true, 1),
            ("default", true, 2),
        ];
        let plan = plan_of(
            &[("v1", &refs), ("v2", &[("default", true, 9)])],
            1,
            100,
            |found| {
                for it in found.versions.iter_mut().flat_map(|entry| &mut entry.refs) {
                    it.is_unreadable = true;
                }
            },
        );
        assert_eq!(plan.refs, [""; 0]);
        assert_eq!(kept(&plan), ["v2"]);
    }
}
