//! The steps that a build can take next.

use super::next::{Action, Next};
use super::order::Step;
use super::world::{
    ASSETS, Answer, Builder, BuilderAt, Knowledge, ObjectState, Outcome, Process, Scenario,
    TombstoneState, Write,
};

impl Next<'_> {
    pub(super) fn step_build(&mut self, number: usize) {
        let builder = self.world.builders[number];
        let BuilderAt::Step(at) = builder.at else {
            return;
        };
        // Builders of one content are interchangeable, so they start in the order of their numbers.
        let mut earlier =
            (0..number).filter(|&it| self.world.builders[it].content == builder.content);
        if earlier.any(|it| !self.is_started(it)) {
            return;
        }
        if self.is_started(number) && self.world.crashes > 0 {
            let mut world = self.world;
            world.crashes -= 1;
            end_builder(&mut world.builders[number], Outcome::Crashed);
            self.push(Process::Builder(number), Action::Crashed, world);
        }
        match self.scenario.order.steps[usize::from(at)] {
            Step::PutRef => self.create(number, Write::Ref),
            Step::PutClaim => self.create(number, Write::Claim),
            Step::PutOneClaim => self.create(number, Write::OneClaim),
            Step::PutMarker => self.create(number, Write::Marker),
            Step::PutAssets => self.put_assets(number),
            Step::SwapOneClaim => self.swap_claim(number),
            step => self.read(number, step),
        }
    }

    /// Whether the builder has taken a step or sent a write.
    fn is_started(&self, number: usize) -> bool {
        let builder = &self.world.builders[number];
        let has_ref = self.world.store.refs[number];
        builder.at != BuilderAt::Step(0) || has_ref || !builder.delayed.is_empty()
    }

    /// Sends a create, or the HEAD that compares the object after a refused one.
    fn create(&mut self, number: usize, write: Write) {
        let process = Process::Builder(number);
        let scenario = self.scenario;
        if self.world.builders[number].knows != Knowledge::Refused {
            self.write(process, write, |world, answer| match answer {
                Answer::Done => advance_builder(&mut world.builders[number], scenario),
                Answer::Refused => world.builders[number].knows = Knowledge::Refused,
            });
            return;
        }
        let mut world = self.world;
        let found = world.head(number, write);
        let builder = &mut world.builders[number];
        match found {
            ObjectState::Equal => advance_builder(builder, scenario),
            ObjectState::Different => end_builder(builder, Outcome::Conflict),
            ObjectState::Absent => builder.knows = Knowledge::Nothing,
        }
        self.push(process, Action::Compared(write), world);
    }

    fn put_assets(&mut self, number: usize) {
        let process = Process::Builder(number);
        let scenario = self.scenario;
        let builder = self.world.builders[number];
        if builder.settled == [true; ASSETS] {
            // The listing showed that every asset exists.
            let mut world = self.world;
            advance_builder(&mut world.builders[number], scenario);
            self.push(process, Action::Read(Step::PutAssets), world);
            return;
        }
        for asset in (0..ASSETS).filter(|&asset| !builder.settled[asset]) {
            let write = Write::Asset(asset);
            if !builder.compares[asset] {
                self.write(process, write, |world, answer| match answer {
                    Answer::Done => settle_asset(&mut world.builders[number], asset, scenario),
                    Answer::Refused => world.builders[number].compares[asset] = true,
                });
                continue;
            }
            let mut world = self.world;
            let found = world.head(number, write);
            let builder = &mut world.builders[number];
            match found {
                ObjectState::Equal => settle_asset(builder, asset, scenario),
                ObjectState::Different => end_builder(builder, Outcome::Conflict),
                ObjectState::Absent => builder.compares[asset] = false,
            }
            self.push(process, Action::Compared(write), world);
        }
    }

    fn swap_claim(&mut self, number: usize) {
        let scenario = self.scenario;
        let builder = self.world.builders[number];
        let Knowledge::OneClaim(read) = builder.knows else {
            return;
        };
        if read == Some(builder.content) {
            let mut world = self.world;
            advance_builder(&mut world.builders[number], scenario);
            self.push(
                Process::Builder(number),
                Action::Read(Step::SwapOneClaim),
                world,
            );
            return;
        }
        let write = Write::SwapOneClaim(read);
        self.write(Process::Builder(number), write, |world, answer| {
            let builder = &mut world.builders[number];
            match (answer, builder.at) {
                (Answer::Done, _) => advance_builder(builder, scenario),
                (Answer::Refused, BuilderAt::Step(at)) => builder.at = BuilderAt::Step(at - 1),
                (Answer::Refused, BuilderAt::Ended(_)) => {}
            }
        });
    }

    fn read(&mut self, number: usize, step: Step) {
        let mut world = self.world;
        let store = world.store;
        let builder = &mut world.builders[number];
        let content = builder.content;
        let has_files = store.assets != [None; ASSETS];
        let other_claim = store.claims[1 - content as usize];
        match step {
            Step::GetTombstone => match store.tombstone.map(|it| (it.state, it.content)) {
                Some((TombstoneState::Deleting, _)) => end_builder(builder, Outcome::BeingPruned),
                Some((TombstoneState::Deleted, Some(deleted))) if deleted != content => {
                    end_builder(builder, Outcome::Conflict);
                }
                _ => advance_builder(builder, self.scenario),
            },
            Step::GetMarker => match store.marker {
                Some(marker) if marker == content => {
                    // Continues after the step that uploads the marker. In the safe orders nothing follows.
                    let steps = self.scenario.order.steps.iter();
                    let before = steps.take_while(|&&step| step != Step::PutMarker).count();
                    builder.at = BuilderAt::Step(u8::try_from(before).unwrap());
                    advance_builder(builder, self.scenario);
                }
                Some(_) => end_builder(builder, Outcome::Conflict),
                None => advance_builder(builder, self.scenario),
            },
            Step::ListClaims | Step::ListClaimsAgain if other_claim => {
                end_builder(builder, Outcome::Conflict);
            }
            Step::ListClaims => match (builder.knows, store.claims[content as usize]) {
                (Knowledge::Files, false) => end_builder(builder, Outcome::Conflict),
                (_, true) => advance_knowing(builder, Knowledge::OwnClaim, self.scenario),
                (_, false) => advance_builder(builder, self.scenario),
            },
            Step::ListVersionOfOurs if has_files && builder.knows != Knowledge::OwnClaim => {
                end_builder(builder, Outcome::Conflict);
            }
            Step::ListVersion | Step::ListVersionOfOurs => {
                builder.settled = store.assets.map(|asset| asset == Some(content));
                if has_files {
                    advance_knowing(builder, Knowledge::Files, self.scenario);
                } else {
                    advance_builder(builder, self.scenario);
                }
            }
            Step::GetOneClaim => match store.one_claim {
                Some(claim) if claim != content => end_builder(builder, Outcome::Conflict),
                _ => advance_builder(builder, self.scenario),
            },
            Step::ReadOneClaim => {
                advance_knowing(builder, Knowledge::OneClaim(store.one_claim), self.scenario);
            }
            _ => advance_builder(builder, self.scenario),
        }
        self.push(Process::Builder(number), Action::Read(step), world);
    }
}

fn advance_builder(builder: &mut Builder, scenario: &Scenario) {
    builder.knows = Knowledge::Nothing;
    match builder.at {
        BuilderAt::Step(at) if usize::from(at) + 1 < scenario.order.steps.len() => {
            builder.at = BuilderAt::Step(at + 1);
        }
        _ => end_builder(builder, Outcome::Published),
    }
}

fn advance_knowing(builder: &mut Builder, knowledge: Knowledge, scenario: &Scenario) {
    advance_builder(builder, scenario);
    builder.knows = knowledge;
}

fn settle_asset(builder: &mut Builder, asset: usize, scenario: &Scenario) {
    builder.settled[asset] = true;
    builder.compares[asset] = false;
    if builder.settled == [true; ASSETS] {
        builder.settled = [false; ASSETS];
        advance_builder(builder, scenario);
    }
}

/// Ends a builder and resets its state, so that equal outcomes are one world.
fn end_builder(builder: &mut Builder, end: Outcome) {
    builder.at = BuilderAt::Ended(end);
    builder.knows = Knowledge::Nothing;
    builder.compares = [false; ASSETS];
    builder.settled = [false; ASSETS];
}
