//! What a prune may do next.

use super::next::{Next, What};
use super::order::{Leaves, PruneStep, Spare, Starts, TombstoneContent};
use super::world::{ASSETS, Age, Content, PruneAt, Scenario, State, Who, World, Write};

impl Next<'_> {
    pub(super) fn prune(&mut self, number: usize) {
        let who = Who::Prune(number);
        let prune = self.world.prunes[number];
        let step = match prune.at {
            PruneAt::Step(at) => self.scenario.prune.steps[usize::from(at)],
            PruneAt::Sparing => return self.spare(number),
            PruneAt::Ended => return,
        };
        if prune.at == PruneAt::Step(0) {
            if self.may_start(number) {
                self.look(number);
            }
            return;
        }
        self.crash_prune(number);
        match step {
            PruneStep::Look => self.look(number),
            PruneStep::PutDeleting => self.put_tombstone(number, State::Deleting),
            PruneStep::ListRefs => {
                let mut world = self.world;
                let refs = world.store.refs.iter().zip(&world.builders);
                let is_fresh = refs
                    .clone()
                    .any(|(&there, it)| there && it.age == Age::Fresh);
                if is_fresh {
                    world.prunes[number].at = PruneAt::Sparing;
                } else {
                    advance_prune(&mut world, number, self.scenario);
                }
                self.push(who, What::Pruned(step), world);
            }
            PruneStep::DeleteMarker => {
                let marker = self.world.store.marker.map(|_| Write::DeleteMarker);
                self.delete(number, step, marker.into_iter());
            }
            PruneStep::DeleteAssets => {
                let assets = self.world.store.assets;
                let there = (0..ASSETS).filter(|&asset| assets[asset].is_some());
                self.delete(number, step, there.map(Write::DeleteAsset));
            }
            PruneStep::DeleteClaims => {
                let claims = self.world.store.claims;
                let there = [Content::A, Content::B];
                let there = there.into_iter().filter(|&it| claims[it as usize]);
                self.delete(number, step, there.map(Write::DeleteClaim));
            }
            PruneStep::PutDeleted if self.may_leave_deleting() => {
                self.put_tombstone(number, State::Deleted);
            }
            PruneStep::PutDeleted => {}
        }
    }

    /// One at a time, for a version that has a ref.
    fn may_start(&self, number: usize) -> bool {
        let is_tombstone = |write| matches!(write, Write::Tombstone(_));
        let is_after = |number: usize| {
            let earlier = self.world.prunes[number];
            earlier.at == PruneAt::Ended
                && (self.scenario.prune.starts == Starts::AfterTheLast
                    || !earlier.delayed.iter().any(is_tombstone))
        };
        self.world.store.refs.contains(&true) && (0..number).all(is_after)
    }

    /// `deleting` is left only once every DELETE was answered, or an hour after the last.
    fn may_leave_deleting(&self) -> bool {
        let mut prunes = self.world.prunes.iter();
        self.scenario.prune.leaves == Leaves::AtOnce
            || !prunes.any(|it| it.delayed.iter().any(Write::is_delete))
    }

    fn look(&mut self, number: usize) {
        let mut world = self.world;
        let tombstone = match self.scenario.prune.content {
            TombstoneContent::OfMarker => None,
            TombstoneContent::OfMarkerOrTombstone => world.store.tombstone,
        };
        let pruned = tombstone.and_then(|it| it.content);
        world.prunes[number].content = world.store.marker.or(pruned);
        advance_prune(&mut world, number, self.scenario);
        self.push(Who::Prune(number), What::Pruned(PruneStep::Look), world);
    }

    fn put_tombstone(&mut self, number: usize, state: State) {
        let scenario = self.scenario;
        self.write(Who::Prune(number), Write::Tombstone(state), |world, _| {
            advance_prune(world, number, scenario);
        });
    }

    fn delete(&mut self, number: usize, step: PruneStep, there: impl Iterator<Item = Write>) {
        let mut is_empty = true;
        for write in there {
            is_empty = false;
            self.write(Who::Prune(number), write, |_, _| {});
        }
        if is_empty {
            let mut world = self.world;
            advance_prune(&mut world, number, self.scenario);
            self.push(Who::Prune(number), What::Pruned(step), world);
        }
    }

    fn spare(&mut self, number: usize) {
        self.crash_prune(number);
        if !self.may_leave_deleting() {
            return;
        }
        let content = self.world.prunes[number].content;
        let state = match (self.scenario.prune.spare, content) {
            (Spare::KeepsContent, Some(_)) => State::Deleted,
            _ => State::Spared,
        };
        self.write(Who::Prune(number), Write::Tombstone(state), |world, _| {
            world.prunes[number].at = PruneAt::Ended;
        });
    }

    fn crash_prune(&mut self, number: usize) {
        if self.world.crashes > 0 {
            let mut world = self.world;
            world.crashes -= 1;
            world.prunes[number].at = PruneAt::Ended;
            self.push(Who::Prune(number), What::Crashed, world);
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
