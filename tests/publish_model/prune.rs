//! The steps that a prune can take next.

use super::next::{Action, Next};
use super::order::{DeletingEnds, PruneStart, PruneStep, SparedTombstone, TombstoneContent};
use super::world::{
    ASSETS, Age, Content, Process, PruneAt, Scenario, TombstoneState, World, Write,
};

impl Next<'_> {
    pub(super) fn step_prune(&mut self, number: usize) {
        let process = Process::Prune(number);
        let prune = self.world.prunes[number];
        let step = match prune.at {
            PruneAt::Step(at) => self.scenario.prune.steps[usize::from(at)],
            PruneAt::Sparing => return self.spare_version(number),
            PruneAt::Ended => return,
        };
        if prune.at != PruneAt::Step(0) {
            self.crash_prune(number);
        } else if !self.may_start(number) {
            return;
        }
        match step {
            PruneStep::PutLease => {
                let scenario = self.scenario;
                self.write(Process::Prune(number), Write::Lease, |world, _| {
                    advance_prune(world, number, scenario);
                });
            }
            PruneStep::ListLeases => self.list_leases(number),
            PruneStep::GetMarkerAndTombstone => self.get_marker_and_tombstone(number),
            PruneStep::PutDeleting => self.put_tombstone(number, TombstoneState::Deleting),
            PruneStep::ListRefs => {
                let mut world = self.world;
                let refs = world.store.refs.iter().zip(&world.builders);
                let is_fresh = refs
                    .clone()
                    .any(|(&exists, it)| exists && it.age == Age::Fresh);
                if is_fresh {
                    world.prunes[number].at = PruneAt::Sparing;
                } else {
                    advance_prune(&mut world, number, self.scenario);
                }
                self.push(process, Action::Pruned(step), world);
            }
            PruneStep::DeleteMarker => {
                let marker = self.world.store.marker.map(|_| Write::DeleteMarker);
                self.delete(number, step, marker.into_iter());
            }
            PruneStep::DeleteAssets => {
                let assets = self.world.store.assets;
                let existing = (0..ASSETS).filter(|&asset| assets[asset].is_some());
                self.delete(number, step, existing.map(Write::DeleteAsset));
            }
            PruneStep::DeleteClaims => {
                let claims = self.world.store.claims;
                let contents = [Content::A, Content::B].into_iter();
                let existing = contents.filter(|&it| claims[it as usize]);
                self.delete(number, step, existing.map(Write::DeleteClaim));
            }
            PruneStep::PutDeleted if self.may_leave_deleting() => {
                self.put_tombstone(number, TombstoneState::Deleted);
            }
            PruneStep::PutDeleted => {}
        }
    }

    /// Whether the prune may start: the version has a ref, and the earlier prunes are over.
    fn may_start(&self, number: usize) -> bool {
        let is_tombstone = |write| matches!(write, Write::Tombstone(_));
        if self.scenario.prune.start == PruneStart::ByLease {
            return self.world.store.refs.contains(&true);
        }
        let is_after = |number: usize| {
            let earlier = self.world.prunes[number];
            earlier.at == PruneAt::Ended
                && (self.scenario.prune.start == PruneStart::AfterPrevious
                    || !earlier.delayed.iter().any(is_tombstone))
        };
        self.world.store.refs.contains(&true) && (0..number).all(is_after)
    }

    /// Another prune's lease counts while it runs, and until all of its writes have landed.
    fn list_leases(&mut self, number: usize) {
        let mut world = self.world;
        let others = world.store.leases.iter().zip(&world.prunes).enumerate();
        let mut others = others.filter(|(other, _)| *other != number);
        let is_pruned = others.any(|(_, (&exists, other))| {
            exists && (other.at != PruneAt::Ended || !other.delayed.is_empty())
        });
        if is_pruned {
            world.prunes[number].at = PruneAt::Ended;
        } else {
            advance_prune(&mut world, number, self.scenario);
        }
        let action = Action::Pruned(PruneStep::ListLeases);
        self.push(Process::Prune(number), action, world);
    }

    /// Whether the prune may replace the tombstone `deleting`: none of its deletes can still land.
    fn may_leave_deleting(&self) -> bool {
        let mut prunes = self.world.prunes.iter();
        self.scenario.prune.deleting_ends == DeletingEnds::AtOnce
            || !prunes.any(|it| it.delayed.iter().any(Write::is_delete))
    }

    fn get_marker_and_tombstone(&mut self, number: usize) {
        let mut world = self.world;
        let tombstone = match self.scenario.prune.content {
            TombstoneContent::OfMarker => None,
            TombstoneContent::OfMarkerOrTombstone => world.store.tombstone,
        };
        let pruned = tombstone.and_then(|it| it.content);
        world.prunes[number].content = world.store.marker.or(pruned);
        advance_prune(&mut world, number, self.scenario);
        self.push(
            Process::Prune(number),
            Action::Pruned(PruneStep::GetMarkerAndTombstone),
            world,
        );
    }

    fn put_tombstone(&mut self, number: usize, state: TombstoneState) {
        let scenario = self.scenario;
        self.write(
            Process::Prune(number),
            Write::Tombstone(state),
            |world, _| {
                advance_prune(world, number, scenario);
            },
        );
    }

    fn delete(&mut self, number: usize, step: PruneStep, deletes: impl Iterator<Item = Write>) {
        let mut is_empty = true;
        for write in deletes {
            is_empty = false;
            self.write(Process::Prune(number), write, |_, _| {});
        }
        if is_empty {
            let mut world = self.world;
            advance_prune(&mut world, number, self.scenario);
            self.push(Process::Prune(number), Action::Pruned(step), world);
        }
    }

    fn spare_version(&mut self, number: usize) {
        self.crash_prune(number);
        if !self.may_leave_deleting() {
            return;
        }
        let content = self.world.prunes[number].content;
        let state = match (self.scenario.prune.spared_tombstone, content) {
            (SparedTombstone::KeepsContent, Some(_)) => TombstoneState::Deleted,
            _ => TombstoneState::Spared,
        };
        self.write(
            Process::Prune(number),
            Write::Tombstone(state),
            |world, _| {
                world.prunes[number].at = PruneAt::Ended;
            },
        );
    }

    fn crash_prune(&mut self, number: usize) {
        if self.world.crashes > 0 {
            let mut world = self.world;
            world.crashes -= 1;
            world.prunes[number].at = PruneAt::Ended;
            self.push(Process::Prune(number), Action::Crashed, world);
        }
    }
}

fn advance_prune(world: &mut World, number: usize, scenario: &Scenario) {
    let prune = &mut world.prunes[number];
    prune.at = match prune.at {
        PruneAt::Step(at) if usize::from(at) + 1 < scenario.prune.steps.len() => {
            PruneAt::Step(at + 1)
        }
        _ => PruneAt::Ended,
    };
}
