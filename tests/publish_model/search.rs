//! The search through every world that a scenario can reach. It goes breadth first, so the first broken promise has one of
//! the shortest traces.

use super::next::{Action, Event, Next};
use super::promises::{Promise, broken_promise, broken_promise_at_end};
use super::world::{Answer, BuilderAt, Outcome, Process, PruneAt, Scenario, World};
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// A finished search: the worlds that it reached, and the broken promise if it found one.
pub(super) struct Search {
    pub(super) worlds: Vec<World>,
    pub(super) counterexample: Option<Counterexample>,
}

pub(super) struct Counterexample {
    pub(super) broken: Promise,
    pub(super) trace: Vec<String>,
}

impl Search {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let start = World::of(scenario);
        let mut seen: HashSet<World, BuildHasherDefault<FastHasher>> = HashSet::default();
        seen.insert(start);
        let mut search = Self {
            worlds: vec![start],
            counterexample: None,
        };
        let mut origins = vec![(0, None)];
        let mut place = 0;
        while place < search.worlds.len() {
            let next = Next::of(search.worlds[place], scenario).worlds;
            if next.is_empty()
                && let Some(broken) = broken_promise_at_end(&search.worlds[place])
            {
                search.end(broken, place, &origins);
                break;
            }
            for (event, world) in next {
                if !seen.insert(world) {
                    continue;
                }
                search.worlds.push(world);
                origins.push((place, Some(event)));
                if let Some(broken) = broken_promise(&world) {
                    search.end(broken, origins.len() - 1, &origins);
                    return search;
                }
            }
            place += 1;
        }
        search
    }

    fn end(&mut self, broken: Promise, place: usize, origins: &[(usize, Option<Event>)]) {
        let mut trace = Vec::new();
        let mut place = place;
        while let (origin, Some(event)) = origins[place] {
            trace.push(trace_line(
                &event,
                &self.worlds[origin],
                &self.worlds[place],
            ));
            place = origin;
        }
        trace.reverse();
        self.counterexample = Some(Counterexample { broken, trace });
    }

    pub(super) fn reached(&self, is_it: impl Fn(&World) -> bool) -> bool {
        self.worlds.iter().any(is_it)
    }
}

/// Renders a step as one line of a trace.
fn trace_line(event: &Event, before: &World, after: &World) -> String {
    let action = match event.action {
        Action::Answered(write, Answer::Done) => write.to_string(),
        Action::Answered(write, Answer::Refused) => format!("{write}: exists already"),
        Action::Unanswered(write) => format!("{write}, done but unanswered"),
        Action::Delayed(write) => format!("{write}, delayed"),
        Action::Landed(write) => format!("{write} lands"),
        Action::Compared(write) => format!("HEAD after {write}"),
        Action::Read(step) => step.to_string(),
        Action::Pruned(step) if after.prunes.iter().any(|it| it.at == PruneAt::Sparing) => {
            format!("{step}, one is fresh")
        }
        Action::Pruned(step) => step.to_string(),
        Action::Crashed => "crashes".to_owned(),
        Action::Aged => "its ref turns old".to_owned(),
        Action::Foreign(asset) => format!("PUT asset {}", asset + 1),
    };
    match event.process {
        Process::Builder(number) => {
            let (before, after) = (&before.builders[number], &after.builders[number]);
            let end = match (before.at, after.at) {
                (BuilderAt::Step(_), BuilderAt::Ended(Outcome::Published)) => ", exit 0",
                (BuilderAt::Step(_), BuilderAt::Ended(Outcome::Conflict)) => ", conflict",
                (BuilderAt::Step(_), BuilderAt::Ended(Outcome::BeingPruned)) => ", being pruned",
                _ => "",
            };
            format!("build {} of {:?}: {action}{end}", number + 1, after.content)
        }
        Process::Prune(number) => format!("prune {}: {action}", number + 1),
        Process::Stranger => format!("stranger: {action}"),
    }
}

/// A fast hasher: the standard one takes most of the search's time, and no attacker chooses these keys.
#[derive(Default)]
struct FastHasher(u64);

impl FastHasher {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0 << 5 ^ self.0 >> 59 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for FastHasher {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }

    /// Mixes the first eight bytes. The slices here are not longer.
    fn write(&mut self, bytes: &[u8]) {
        let mut word = [0; 8];
        let length = bytes.len().min(word.len());
        word[..length].copy_from_slice(&bytes[..length]);
        self.mix(u64::from_ne_bytes(word));
    }

    fn write_u8(&mut self, word: u8) {
        self.mix(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.mix(u64::from(word));
    }

    fn write_usize(&mut self, word: usize) {
        self.mix(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.mix(word.cast_unsigned() as u64);
    }
}
