//! What may happen next: to whom it may happen is in `build` and `prune`; here is what may happen to
//! any write, and with time.

use super::order::{PruneStep, Step};
use super::world::{
    ASSETS, Age, Ages, Answer, At, Content, PruneAt, Scenario, Stranger, Who, World, Write,
};

/// One step of the search, as a trace tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) who: Who,
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Answered(Write, Answer),
    /// Done, but the answer is lost: the process will try again.
    Unanswered(Write),
    /// Not done yet; the process will try again.
    Delayed(Write),
    /// Done at last.
    Landed(Write),
    Read(Step),
    /// After a create that found something.
    Looked(Write),
    Pruned(PruneStep),
    Crashed,
    /// The build's ref is old now.
    Aged,
    /// Somebody put a file of their own.
    Foreign(usize),
}

/// All worlds that one step makes of `world`. A write that is lost without a trace makes none: its
/// process tries again, as if nothing had been.
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
            next.land(Who::Builder(builder));
            next.build(builder);
            next.age(builder);
        }
        for prune in 0..scenario.prunes {
            next.land(Who::Prune(prune));
            next.prune(prune);
        }
        if world.stranger == Stranger::Waiting {
            next.foreign();
        }
        next
    }

    pub(super) fn push(&mut self, who: Who, what: What, world: World) {
        self.worlds.push((Event { who, what }, world));
    }

    /// A delayed write lands, under the condition that it was sent with.
    fn land(&mut self, who: Who) {
        let delayed = *self.world.delayed(who);
        for write in delayed.iter() {
            let mut world = self.world;
            world.apply(who, write, self.scenario);
            *world.delayed(who) = delayed.without(write);
            self.push(who, What::Landed(write), world);
        }
    }

    /// Sends a write; `then` is what its answer means.
    pub(super) fn write(&mut self, who: Who, write: Write, then: impl Fn(&mut World, Answer)) {
        let mut done = self.world;
        let answer = done.apply(who, write, self.scenario);
        if self.world.faults > 0 {
            let mut unanswered = done;
            unanswered.faults -= 1;
            if done.store != self.world.store {
                self.push(who, What::Unanswered(write), unanswered);
            }
            let mut late = self.world;
            late.faults -= 1;
            *late.delayed(who) = late.delayed(who).with(write);
            if late.delayed(who) != self.world.delayed(who) {
                self.push(who, What::Delayed(write), late);
            }
        }
        then(&mut done, answer);
        self.push(who, What::Answered(write, answer), done);
    }

    /// A ref grows old; only a prune minds. One that has begun to look lists soon.
    fn age(&mut self, number: usize) {
        let builder = self.world.builders[number];
        let is_over = matches!(builder.at, At::Ended(_))
            && (builder.delayed.is_empty() || self.scenario.ages == Ages::Short);
        let steps = self.scenario.prune.steps;
        let is_minded = self.world.prunes.iter().any(|it| it.at != PruneAt::Ended);
        let is_listing = |at| match at {
            PruneAt::Step(at) => at > 0 && steps[usize::from(at)..].contains(&PruneStep::ListRefs),
            PruneAt::Sparing | PruneAt::Ended => false,
        };
        let is_looked_at = self.world.prunes.iter().any(|it| is_listing(it.at));
        let has_ref = self.world.store.refs[number] && builder.age == Age::Fresh;
        if is_over && has_ref && is_minded && !is_looked_at {
            let mut world = self.world;
            world.builders[number].age = Age::Old;
            self.push(Who::Builder(number), What::Aged, world);
        }
    }

    fn foreign(&mut self) {
        for asset in 0..ASSETS {
            let mut world = self.world;
            if world.store.assets[asset].is_none() {
                world.store.assets[asset] = Some(Content::Stranger);
                world.stranger = Stranger::Put(asset);
                self.push(Who::Stranger, What::Foreign(asset), world);
            }
        }
    }
}
