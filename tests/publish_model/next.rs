//! The steps that a world can take next. This file has the fate of a write and the passing of time; `build` and `prune`
//! have the steps of the processes.

use super::order::{PruneStep, Step};
use super::world::{
    ASSETS, Age, Ages, Answer, BuilderAt, Content, Process, PruneAt, Scenario, Stranger, World,
    Write,
};

/// One step of the search. A trace shows it as a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) process: Process,
    pub(super) action: Action,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Answered(Write, Answer),
    /// The write took effect, but the answer is lost. The process sends it again.
    Unanswered(Write),
    /// The write has no effect yet. The process sends it again.
    Delayed(Write),
    /// A delayed write takes effect.
    Landed(Write),
    Read(Step),
    /// The HEAD after a refused create.
    Compared(Write),
    Pruned(PruneStep),
    Crashed,
    /// The build's ref turns old.
    Aged,
    /// A stranger writes an asset.
    Foreign(usize),
}

/// All worlds that one step makes of `world`. A write that is lost without effect makes none: its process sends it again,
/// so nothing has changed.
pub(super) struct Next<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) world: World,
    pub(super) worlds: Vec<(Event, World)>,
}

impl<'a> Next<'a> {
    pub(super) fn of(world: World, scenario: &'a Scenario) -> Self {
        let mut next = Self {
            scenario,
            world,
            worlds: Vec::with_capacity(16),
        };
        for builder in 0..scenario.builders.len() {
            next.land_writes(Process::Builder(builder));
            next.step_build(builder);
            next.age_ref(builder);
        }
        for prune in 0..scenario.prunes {
            next.land_writes(Process::Prune(prune));
            next.step_prune(prune);
        }
        if world.stranger == Stranger::Waiting {
            next.write_foreign_asset();
        }
        next
    }

    pub(super) fn push(&mut self, process: Process, action: Action, world: World) {
        self.worlds.push((Event { process, action }, world));
    }

    /// Lets delayed writes land, under the conditions that they were sent with.
    fn land_writes(&mut self, process: Process) {
        let delayed = *self.world.delayed(process);
        for write in delayed.iter() {
            let mut world = self.world;
            world.apply(process, write, self.scenario);
            *world.delayed(process) = delayed.without(write);
            self.push(process, Action::Landed(write), world);
        }
    }

    /// Sends a write. `then` applies its answer to the process.
    pub(super) fn write(
        &mut self,
        process: Process,
        write: Write,
        then: impl Fn(&mut World, Answer),
    ) {
        let mut done = self.world;
        let answer = done.apply(process, write, self.scenario);
        if self.world.faults > 0 {
            let mut unanswered = done;
            unanswered.faults -= 1;
            if done.store != self.world.store {
                self.push(process, Action::Unanswered(write), unanswered);
            }
            let mut late = self.world;
            late.faults -= 1;
            *late.delayed(process) = late.delayed(process).with(write);
            if late.delayed(process) != self.world.delayed(process) {
                self.push(process, Action::Delayed(write), late);
            }
        }
        then(&mut done, answer);
        self.push(process, Action::Answered(write, answer), done);
    }

    /// Lets a ref turn old, if a prune can still see it. A prune that has started lists the refs before any turns old.
    fn age_ref(&mut self, number: usize) {
        let builder = self.world.builders[number];
        let is_over = matches!(builder.at, BuilderAt::Ended(_))
            && (builder.delayed.is_empty() || self.scenario.ages == Ages::Short);
        let steps = self.scenario.prune.steps;
        let is_prune_left = self.world.prunes.iter().any(|it| it.at != PruneAt::Ended);
        let begins = steps
            .iter()
            .position(|&it| it == PruneStep::GetMarkerAndTombstone);
        let is_listing = |at| match at {
            PruneAt::Step(at) => {
                let at = usize::from(at);
                begins.is_some_and(|begins| at > begins)
                    && steps[at..].contains(&PruneStep::ListRefs)
            }
            PruneAt::Sparing | PruneAt::Ended => false,
        };
        let is_being_listed = self.world.prunes.iter().any(|it| is_listing(it.at));
        let has_ref = self.world.store.refs[number] && builder.age == Age::Fresh;
        if is_over && has_ref && is_prune_left && !is_being_listed {
            let mut world = self.world;
            world.builders[number].age = Age::Old;
            self.push(Process::Builder(number), Action::Aged, world);
        }
    }

    fn write_foreign_asset(&mut self) {
        for asset in 0..ASSETS {
            let mut world = self.world;
            if world.store.assets[asset].is_none() {
                world.store.assets[asset] = Some(Content::Stranger);
                world.stranger = Stranger::Done(asset);
                self.push(Process::Stranger, Action::Foreign(asset), world);
            }
        }
    }
}
