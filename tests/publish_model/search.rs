//! Every world that a scenario can come to, breadth first: the first that breaks a promise is reached
//! by as few steps as any.

use super::next::{Event, Next, What};
use super::promises::{Promise, broken, broken_at_the_end};
use super::world::{Answer, At, End, PruneAt, Scenario, Who, World};
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// A search that ends by itself, with every world it came to.
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
        let mut seen: HashSet<World, BuildHasherDefault<Mixing>> = HashSet::default();
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
                && let Some(broken) = broken_at_the_end(&search.worlds[place])
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
                if let Some(broken) = broken(&world) {
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
            trace.push(told(&event, &self.worlds[origin], &self.worlds[place]));
            place = origin;
        }
        trace.reverse();
        self.counterexample = Some(Counterexample { broken, trace });
    }

    pub(super) fn reached(&self, is_there: impl Fn(&World) -> bool) -> bool {
        self.worlds.iter().any(is_there)
    }
}

/// One line of a trace.
fn told(event: &Event, before: &World, after: &World) -> String {
    let what = match event.what {
        What::Answered(write, Answer::Done) => write.to_string(),
        What::Answered(write, Answer::Refused) => format!("{write}: there is one"),
        What::Unanswered(write) => format!("{write}, done but unanswered"),
        What::Delayed(write) => format!("{write}, delayed"),
        What::Landed(write) => format!("{write} lands"),
        What::Looked(write) => format!("look, after {write}"),
        What::Read(step) => step.to_string(),
        What::Pruned(step) if after.prunes.iter().any(|it| it.at == PruneAt::Sparing) => {
            format!("{step}, one is fresh")
        }
        What::Pruned(step) => step.to_string(),
        What::Crashed => "crashes".to_owned(),
        What::Aged => "its ref turns old".to_owned(),
        What::Foreign(asset) => format!("puts asset {}", asset + 1),
    };
    match event.who {
        Who::Builder(number) => {
            let (before, after) = (&before.builders[number], &after.builders[number]);
            let end = match (before.at, after.at) {
                (At::Step(_), At::Ended(End::Published)) => ", exit 0",
                (At::Step(_), At::Ended(End::Conflict)) => ", conflict",
                (At::Step(_), At::Ended(End::BeingPruned)) => ", being pruned",
                _ => "",
            };
            format!("build {} of {:?}: {what}{end}", number + 1, after.content)
        }
        Who::Prune(number) => format!("prune {}: {what}", number + 1),
        Who::Stranger => format!("somebody else {what}"),
    }
}

/// The standard hasher would take most of the search's time; nobody chooses these keys to collide.
#[derive(Default)]
struct Mixing(u64);

impl Mixing {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0 << 5 ^ self.0 >> 59 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for Mixing {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }

    /// Of slices of small values: never more than eight here, and if more, only less well mixed.
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
