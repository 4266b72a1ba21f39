//! What a build may do next.

use super::next::{Next, What};
use super::order::Step;
use super::world::{ASSETS, Answer, At, Builder, End, Knows, Scenario, State, There, Who, Write};

impl Next<'_> {
    pub(super) fn build(&mut self, number: usize) {
        let builder = self.world.builders[number];
        let At::Step(at) = builder.at else {
            return;
        };
        // Builders of one content are alike: they start in the order of their numbers.
        let mut earlier =
            (0..number).filter(|&it| self.world.builders[it].content == builder.content);
        if earlier.any(|it| !self.is_started(it)) {
            return;
        }
        if self.is_started(number) && self.world.crashes > 0 {
            let mut world = self.world;
            world.crashes -= 1;
            end(&mut world.builders[number], End::Crashed);
            self.push(Who::Builder(number), What::Crashed, world);
        }
        match self.scenario.order.steps[usize::from(at)] {
            Step::PutRef => self.create(number, Write::Ref),
            Step::PutClaim => self.create(number, Write::Claim),
            Step::PutOneClaim => self.create(number, Write::OneClaim),
            Step::PutMarker => self.create(number, Write::Marker),
            Step::PutAssets => self.put_assets(number),
            Step::SwapOneClaim => self.swap(number),
            step => self.read(number, step),
        }
    }

    /// Whether it has sent anything: an order may begin with a read, which moves on.
    fn is_started(&self, number: usize) -> bool {
        let builder = &self.world.builders[number];
        let has_ref = self.world.store.refs[number];
        builder.at != At::Step(0) || has_ref || !builder.delayed.is_empty()
    }

    /// A create, and where it finds something, a look at that.
    fn create(&mut self, number: usize, write: Write) {
        let who = Who::Builder(number);
        let scenario = self.scenario;
        if self.world.builders[number].knows != Knows::Refused {
            self.write(who, write, |world, answer| match answer {
                Answer::Done => advance(&mut world.builders[number], scenario),
                Answer::Refused => world.builders[number].knows = Knows::Refused,
            });
            return;
        }
        let mut world = self.world;
        let there = world.look(number, write);
        let builder = &mut world.builders[number];
        match there {
            There::Equal => advance(builder, scenario),
            There::Different => end(builder, End::Conflict),
            There::Nothing => builder.knows = Knows::Nothing,
        }
        self.push(who, What::Looked(write), world);
    }

    fn put_assets(&mut self, number: usize) {
        let who = Who::Builder(number);
        let scenario = self.scenario;
        let builder = self.world.builders[number];
        if builder.settled == [true; ASSETS] {
            // What the listing showed was everything.
            let mut world = self.world;
            advance(&mut world.builders[number], scenario);
            self.push(who, What::Read(Step::PutAssets), world);
            return;
        }
        for asset in (0..ASSETS).filter(|&asset| !builder.settled[asset]) {
            let write = Write::Asset(asset);
            if !builder.looks_at[asset] {
                self.write(who, write, |world, answer| match answer {
                    Answer::Done => settle(&mut world.builders[number], asset, scenario),
                    Answer::Refused => world.builders[number].looks_at[asset] = true,
                });
                continue;
            }
            let mut world = self.world;
            let there = world.look(number, write);
            let builder = &mut world.builders[number];
            match there {
                There::Equal => settle(builder, asset, scenario),
                There::Different => end(builder, End::Conflict),
                There::Nothing => builder.looks_at[asset] = false,
            }
            self.push(who, What::Looked(write), world);
        }
    }

    fn swap(&mut self, number: usize) {
        let scenario = self.scenario;
        let builder = self.world.builders[number];
        let Knows::OneClaim(read) = builder.knows else {
            return;
        };
        if read == Some(builder.content) {
            let mut world = self.world;
            advance(&mut world.builders[number], scenario);
            self.push(Who::Builder(number), What::Read(Step::SwapOneClaim), world);
            return;
        }
        let write = Write::SwapOneClaim(read);
        self.write(Who::Builder(number), write, |world, answer| {
            let builder = &mut world.builders[number];
            match (answer, builder.at) {
                (Answer::Done, _) => advance(builder, scenario),
                (Answer::Refused, At::Step(at)) => builder.at = At::Step(at - 1),
                (Answer::Refused, At::Ended(_)) => {}
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
                Some((State::Deleting, _)) => end(builder, End::BeingPruned),
                Some((State::Deleted, Some(deleted))) if deleted != content => {
                    end(builder, End::Conflict);
                }
                _ => advance(builder, self.scenario),
            },
            Step::GetMarker => match store.marker {
                Some(marker) if marker == content => {
                    // On to what the order does after its own marker: nothing, in the safe ones.
                    let steps = self.scenario.order.steps.iter();
                    let before = steps.take_while(|&&step| step != Step::PutMarker).count();
                    builder.at = At::Step(u8::try_from(before).unwrap());
                    advance(builder, self.scenario);
                }
                Some(_) => end(builder, End::Conflict),
                None => advance(builder, self.scenario),
            },
            Step::ListClaims | Step::ListClaimsAgain if other_claim => end(builder, End::Conflict),
            Step::ListClaims => match (builder.knows, store.claims[content as usize]) {
                (Knows::Files, false) => end(builder, End::Conflict),
                (_, true) => knows(builder, Knows::OwnClaim, self.scenario),
                (_, false) => advance(builder, self.scenario),
            },
            Step::ListVersionOfOurs if has_files && builder.knows != Knows::OwnClaim => {
                end(builder, End::Conflict);
            }
            Step::ListVersion | Step::ListVersionOfOurs => {
                builder.settled = store.assets.map(|there| there == Some(content));
                if has_files {
                    knows(builder, Knows::Files, self.scenario);
                } else {
                    advance(builder, self.scenario);
                }
            }
            Step::GetOneClaim => match store.one_claim {
                Some(claim) if claim != content => end(builder, End::Conflict),
                _ => advance(builder, self.scenario),
            },
            Step::ReadOneClaim => {
                knows(builder, Knows::OneClaim(store.one_claim), self.scenario);
            }
            _ => advance(builder, self.scenario),
        }
        self.push(Who::Builder(number), What::Read(step), world);
    }
}

fn advance(builder: &mut Builder, scenario: &Scenario) {
    builder.knows = Knows::Nothing;
    match builder.at {
        At::Step(at) if usize::from(at) + 1 < scenario.order.steps.len() => {
            builder.at = At::Step(at + 1);
        }
        _ => end(builder, End::Published),
    }
}

fn knows(builder: &mut Builder, what: Knows, scenario: &Scenario) {
    advance(builder, scenario);
    builder.knows = what;
}

fn settle(builder: &mut Builder, asset: usize, scenario: &Scenario) {
    builder.settled[asset] = true;
    builder.looks_at[asset] = false;
    if builder.settled == [true; ASSETS] {
        builder.settled = [false; ASSETS];
        advance(builder, scenario);
    }
}

/// Forgets what no longer matters, so that fewer worlds differ.
fn end(builder: &mut Builder, end: End) {
    builder.at = At::Ended(end);
    builder.knows = Knows::Nothing;
    builder.looks_at = [false; ASSETS];
    builder.settled = [false; ASSETS];
}
