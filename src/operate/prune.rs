//! Frees space in a store: what a policy does not keep, and versions that were never finished.

use super::in_use::{InUse, InUseError, InUseSource};
use super::{OpenStore, OperateError, OperateEvent};
use crate::config::Retention;
use crate::inventory::{Deletion, Inventory, NotDiscarded, Policy, PrunePlan};
use crate::log::Log;
use crate::store::{Lease, Pruned, StoreError};
use crate::version::Version;
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A plan, and the lease under which it may be carried out.
pub(crate) struct PlannedPrune {
    pub(crate) plan: PrunePlan,
    pub(crate) retention: Retention,
    /// Whether anything says which versions are in use.
    pub(crate) has_in_use: bool,
    lease: Option<Arc<Lease>>,
}

/// What a prune has done.
#[derive(Debug, Default)]
pub(crate) struct PruneSummary {
    pub(crate) deleted: Vec<Version>,
    /// Versions that a build or a pin has kept meanwhile.
    pub(crate) spared: Vec<Version>,
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    pub(crate) refs: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Apply {
    No,
    Yes,
}

/// Whether more than half of the versions may be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Force {
    No,
    Yes,
}

/// A store as a prune finds it.
struct Begun {
    /// Only a prune that is to be applied has one.
    lease: Option<Arc<Lease>>,
    inventory: Inventory,
    /// By the store's clock.
    now: DateTime<Utc>,
}

impl OpenStore {
    /// Plans a prune. One that is to be applied begins here: no other one may run.
    pub(crate) fn plan_prune(
        &self,
        retention: Retention,
        texts: &[InUse],
        apply: Apply,
        log: &Log,
    ) -> Result<PlannedPrune, OperateError> {
        let Begun {
            lease,
            inventory,
            now,
        } = self.begin(apply)?;
        let planned = versions_in_use(&inventory, texts, log).map(|in_use| {
            let policy = Policy {
                retention: retention.clone(),
                in_use,
            };
            PrunePlan::of(&inventory, &policy, now)
        });
        match planned {
            Ok(plan) => Ok(PlannedPrune {
                plan,
                retention,
                has_in_use: !texts.is_empty(),
                lease,
            }),
            Err(error) => {
                self.end(lease.as_ref());
                Err(error.into())
            }
        }
    }

    /// Reads what the store holds of all versions, with what a prune would do.
    pub(crate) fn list_with_plan(
        &self,
        retention: Retention,
    ) -> Result<(Inventory, PlannedPrune), OperateError> {
        let Begun { inventory, now, .. } = self.begin(Apply::No)?;
        let policy = Policy {
            retention: retention.clone(),
            in_use: BTreeSet::new(),
        };
        let planned = PlannedPrune {
            plan: PrunePlan::of(&inventory, &policy, now),
            retention,
            has_in_use: false,
            lease: None,
        };
        Ok((inventory, planned))
    }

    /// Gives up a plan before anything is deleted.
    pub(crate) fn cancel(&self, planned: &PlannedPrune) {
        self.end(planned.lease.as_ref());
    }

    /// Carries out a plan.
    pub(crate) fn apply(
        &self,
        planned: PlannedPrune,
        force: Force,
        log: &Log,
    ) -> Result<PruneSummary, OperateError> {
        let PlannedPrune { plan, lease, .. } = planned;
        let Some(lease) = lease else {
            return Ok(PruneSummary::default());
        };
        if let (Err(rule), Force::No) = (plan.half_rule(), force) {
            self.end(Some(&lease));
            return Err(rule.into());
        }
        self.carry_out(&lease, plan, log)
    }

    /// Frees the names of versions that were begun and never finished.
    pub(crate) fn discard(&self, versions: &[Version], log: &Log) -> Result<(), OperateError> {
        let Begun {
            lease,
            inventory,
            now,
        } = self.begin(Apply::Yes)?;
        let deletions = versions.iter().map(|version| {
            let mut entries = inventory.versions.iter();
            let entry = entries.find(|entry| entry.version == *version);
            let entry =
                entry.ok_or_else(|| OperateError::NoSuchVersion(version.clone(), self.place()))?;
            let discarded = entry.discarded(now);
            discarded.map_err(|error| OperateError::NotDiscarded(version.clone(), error))
        });
        let deleted = match deletions.collect::<Result<Vec<_>, _>>() {
            Ok(deleted) => deleted,
            Err(error) => {
                self.end(lease.as_ref());
                return Err(error);
            }
        };
        let Some(lease) = lease else { return Ok(()) };
        let summary = self.carry_out(&lease, PrunePlan::of_deletions(deleted), log)?;
        match summary.spared.into_iter().next() {
            None => Ok(()),
            Some(version) => Err(OperateError::NotDiscarded(
                version,
                NotDiscarded::BuiltMeanwhile,
            )),
        }
    }

    fn begin(&self, apply: Apply) -> Result<Begun, OperateError> {
        let lease = match apply {
            Apply::Yes => Some(self.store.begin_prune(&self.interrupt)),
            Apply::No => None,
        };
        let lease = lease.transpose().map_err(|error| self.failed(error))?;
        let read = self.store.inventory_now(&self.interrupt);
        // The lease's time is the earlier one: nothing looks older by it than it is.
        let read = read.and_then(|(inventory, now)| {
            let began = lease.as_ref().map(|lease| lease.began);
            let now = began.or(now).ok_or(StoreError::NoClock)?;
            Ok((inventory, now))
        });
        let (inventory, now) = match read {
            Ok(read) => read,
            Err(error) => {
                self.end(lease.as_ref());
                return Err(self.failed(error));
            }
        };
        Ok(Begun {
            lease,
            inventory,
            now,
        })
    }

    /// Ends a prune that deletes nothing. If that fails, the lease holds up the next one, as after a crash.
    fn end(&self, lease: Option<&Arc<Lease>>) {
        if let Some(lease) = lease {
            let _ = self.store.end_prune(lease, &self.interrupt);
        }
    }

    fn carry_out(
        &self,
        lease: &Arc<Lease>,
        plan: PrunePlan,
        log: &Log,
    ) -> Result<PruneSummary, OperateError> {
        let mut summary = PruneSummary {
            refs: plan.refs.len(),
            ..PruneSummary::default()
        };
        let mut report = |deletion: &Deletion, pruned: &Pruned| {
            log.event(&OperateEvent::Pruned(deletion, pruned));
            let version = deletion.version.clone();
            match pruned {
                Pruned::Deleted { .. } => {
                    summary.deleted.push(version);
                    summary.files += deletion.files;
                    summary.bytes = summary.bytes.saturating_add(deletion.bytes);
                    summary.refs += deletion.refs.len();
                }
                Pruned::Spared | Pruned::Kept => summary.spared.push(version),
            }
        };
        let pruned = self.store.prune(lease, plan, &self.interrupt, &mut report);
        pruned.map_err(|error| self.failed(error))?;
        log.event(&OperateEvent::PruneEnds(&summary));
        Ok(summary)
    }
}

/// The versions that anything names as in use. What names none is an error: something runs, or nobody would ask.
fn versions_in_use(
    inventory: &Inventory,
    in_use: &[InUse],
    log: &Log,
) -> Result<BTreeSet<Version>, InUseError> {
    let mut all = BTreeSet::new();
    for it in in_use {
        let (versions, lines) = it.versions(inventory)?;
        // A page has many lines that name no version.
        if it.source == InUseSource::Stdin && !lines.is_empty() {
            log.event(&OperateEvent::NamesNoVersion(&lines));
        }
        all.extend(versions);
    }
    Ok(all)
}
