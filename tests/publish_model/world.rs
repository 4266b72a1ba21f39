//! A store, who works with it, and what one write does.

use super::order::{Order, PruneOrder, Puts};
use std::fmt;

pub(super) const BUILDERS: usize = 3;
pub(super) const PRUNES: usize = 2;
pub(super) const ASSETS: usize = 2;

/// What an asset holds, or names: two contents that differ in every asset, and somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Content {
    A,
    B,
    /// Of one who knows nothing of the protocol.
    Stranger,
}

/// What is searched: who takes part, by which order, on what store, and how much may go wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scenario {
    pub(super) order: Order,
    pub(super) creates: Creates,
    /// One builder for each; at most three.
    pub(super) builders: &'static [Content],
    pub(super) prune: PruneOrder,
    /// One after the other; at most two.
    pub(super) prunes: usize,
    /// Writes of all that are done but unanswered, or delayed.
    pub(super) faults: u8,
    /// Processes that end without a word.
    pub(super) crashes: u8,
    pub(super) ages: Ages,
    pub(super) stranger: Stranger,
}

/// `If-None-Match: *`. A store that answers 501 is one that ignores it: it is then put to without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Creates {
    Honoured,
    Ignored,
}

/// When a prune may take a build's ref for an old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ages {
    /// Not while the build runs or a write of it is under way: a run ends within 6 hours, no age is
    /// below 24.
    LongerThanAnyWrite,
    /// As soon as the build has ended.
    Short,
}

/// Somebody who puts one file below the version, at any time, where none is; or has put it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stranger {
    Absent,
    Waiting,
    Put(usize),
}

/// One version of one store. Reads and lists are consistent, a write is whole or not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Store {
    pub(super) refs: [bool; BUILDERS],
    pub(super) tombstone: Option<Tombstone>,
    pub(super) marker: Option<Content>,
    pub(super) claims: [bool; 2],
    pub(super) one_claim: Option<Content>,
    pub(super) assets: [Option<Content>; ASSETS],
    /// What browsers may hold for a year: the first content that had a marker.
    pub(super) published: Option<Content>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tombstone {
    pub(super) state: State,
    pub(super) content: Option<Content>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum State {
    Deleting,
    Deleted,
    Spared,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) store: Store,
    pub(super) builders: [Builder; BUILDERS],
    pub(super) prunes: [Prune; PRUNES],
    pub(super) stranger: Stranger,
    pub(super) faults: u8,
    pub(super) crashes: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Builder {
    pub(super) content: Content,
    pub(super) at: At,
    pub(super) knows: Knows,
    /// A create found something, which is looked at next.
    pub(super) looks_at: [bool; ASSETS],
    /// Put, or there and equal.
    pub(super) settled: [bool; ASSETS],
    pub(super) delayed: Delayed,
    pub(super) age: Age,
}

/// What the last step told, as far as the next ones ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Knows {
    Nothing,
    /// A create found something, which is looked at next.
    Refused,
    /// There are files below the version.
    Files,
    OwnClaim,
    OneClaim(Option<Content>),
}

/// Of a build's ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Age {
    Fresh,
    Old,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum At {
    Step(u8),
    Ended(End),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum End {
    /// Exit 0.
    Published,
    /// The version exists, or is being made, with other content.
    Conflict,
    /// Run again later.
    BeingPruned,
    Crashed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Prune {
    pub(super) at: PruneAt,
    pub(super) content: Option<Content>,
    pub(super) delayed: Delayed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum PruneAt {
    Step(u8),
    Sparing,
    Ended,
}

/// Who works with the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Builder(usize),
    Prune(usize),
    Stranger,
}

/// A request that changes something. With who sends it, the value is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    Ref,
    Claim,
    OneClaim,
    /// Holds only where the one claim still is what was read.
    SwapOneClaim(Option<Content>),
    Asset(usize),
    Marker,
    Tombstone(State),
    DeleteMarker,
    DeleteAsset(usize),
    DeleteClaim(Content),
}

impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Ref => write!(f, "PUT ref"),
            Self::Claim | Self::OneClaim => write!(f, "PUT claim"),
            Self::SwapOneClaim(None) => write!(f, "PUT claim if there is none"),
            Self::SwapOneClaim(Some(content)) => write!(f, "PUT claim in place of {content:?}'s"),
            Self::Asset(asset) => write!(f, "PUT asset {}", asset + 1),
            Self::Marker => write!(f, "PUT marker"),
            Self::Tombstone(state) => write!(f, "PUT tombstone {state:?}"),
            Self::DeleteMarker => write!(f, "DELETE marker"),
            Self::DeleteAsset(asset) => write!(f, "DELETE asset {}", asset + 1),
            Self::DeleteClaim(content) => write!(f, "DELETE claim of {content:?}"),
        }
    }
}

const WRITES: [Write; 17] = [
    Write::Ref,
    Write::Claim,
    Write::OneClaim,
    Write::SwapOneClaim(None),
    Write::SwapOneClaim(Some(Content::A)),
    Write::SwapOneClaim(Some(Content::B)),
    Write::Asset(0),
    Write::Asset(1),
    Write::Marker,
    Write::Tombstone(State::Deleting),
    Write::Tombstone(State::Deleted),
    Write::Tombstone(State::Spared),
    Write::DeleteMarker,
    Write::DeleteAsset(0),
    Write::DeleteAsset(1),
    Write::DeleteClaim(Content::A),
    Write::DeleteClaim(Content::B),
];

impl Write {
    pub(super) fn is_delete(self) -> bool {
        use Write::{DeleteAsset, DeleteClaim, DeleteMarker};
        matches!(self, DeleteMarker | DeleteAsset(_) | DeleteClaim(_))
    }
}

/// Writes of one process that may still land. Once for each kind: a second one does what the first did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Delayed(u32);

impl Delayed {
    fn bit(write: Write) -> u32 {
        let place = WRITES.iter().position(|&it| it == write);
        1 << place.unwrap()
    }

    pub(super) fn with(self, write: Write) -> Self {
        Self(self.0 | Self::bit(write))
    }

    pub(super) fn without(self, write: Write) -> Self {
        Self(self.0 & !Self::bit(write))
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Write> {
        let mut bits = self.0;
        std::iter::from_fn(move || {
            let place = bits.trailing_zeros();
            bits &= bits.checked_sub(1)?;
            Some(WRITES[place as usize])
        })
    }
}

/// What the store answers to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    /// 412: the condition did not hold.
    Refused,
}

/// What a write would find under its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum There {
    Nothing,
    Equal,
    Different,
}

impl There {
    fn of(there: Option<Content>, content: Content) -> Self {
        match there {
            None => Self::Nothing,
            Some(there) if there == content => Self::Equal,
            Some(_) => Self::Different,
        }
    }
}

impl World {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let builder = |number| Builder {
            content: *scenario.builders.get(number).unwrap_or(&Content::A),
            // Who takes no part has crashed before its first step.
            at: match scenario.builders.get(number) {
                Some(_) => At::Step(0),
                None => At::Ended(End::Crashed),
            },
            knows: Knows::Nothing,
            looks_at: [false; ASSETS],
            settled: [false; ASSETS],
            delayed: Delayed::default(),
            age: Age::Fresh,
        };
        let prune = |number| Prune {
            at: if number < scenario.prunes {
                PruneAt::Step(0)
            } else {
                PruneAt::Ended
            },
            content: None,
            delayed: Delayed::default(),
        };
        let mut store = Store::default();
        if let Stranger::Put(asset) = scenario.stranger {
            store.assets[asset] = Some(Content::Stranger);
        }
        Self {
            store,
            builders: [builder(0), builder(1), builder(2)],
            prunes: [prune(0), prune(1)],
            stranger: scenario.stranger,
            faults: scenario.faults,
            crashes: scenario.crashes,
        }
    }

    pub(super) fn delayed(&mut self, who: Who) -> &mut Delayed {
        match who {
            Who::Builder(number) => &mut self.builders[number].delayed,
            Who::Prune(number) => &mut self.prunes[number].delayed,
            Who::Stranger => unreachable!("a stranger's put is answered"),
        }
    }

    /// What lies under the key of a build's write.
    pub(super) fn look(&self, builder: usize, write: Write) -> There {
        let content = self.builders[builder].content;
        let exists = |exists| if exists { There::Equal } else { There::Nothing };
        match write {
            Write::Ref => exists(self.store.refs[builder]),
            Write::Claim => exists(self.store.claims[content as usize]),
            Write::OneClaim => There::of(self.store.one_claim, content),
            Write::Asset(asset) => There::of(self.store.assets[asset], content),
            Write::Marker => There::of(self.store.marker, content),
            _ => There::Nothing,
        }
    }

    /// The write reaches the store.
    pub(super) fn apply(&mut self, who: Who, write: Write, scenario: &Scenario) -> Answer {
        match who {
            Who::Builder(number) => self.apply_build(number, write, scenario),
            Who::Prune(number) => self.apply_prune(number, write),
            Who::Stranger => unreachable!("a stranger's put is no write of the protocol"),
        }
    }

    fn apply_build(&mut self, builder: usize, write: Write, scenario: &Scenario) -> Answer {
        let content = self.builders[builder].content;
        let is_create = match (write, scenario.order.puts) {
            (Write::Asset(_), Puts::Overwrite) | (Write::Asset(1), Puts::MultipartForLarge) => {
                false
            }
            _ => scenario.creates == Creates::Honoured,
        };
        if is_create && self.look(builder, write) != There::Nothing {
            return Answer::Refused;
        }
        let store = &mut self.store;
        match write {
            Write::Ref => store.refs[builder] = true,
            Write::Claim => store.claims[content as usize] = true,
            Write::SwapOneClaim(read) if store.one_claim != read => return Answer::Refused,
            Write::OneClaim | Write::SwapOneClaim(_) => store.one_claim = Some(content),
            Write::Asset(asset) => store.assets[asset] = Some(content),
            Write::Marker => {
                store.marker = Some(content);
                store.published = store.published.or(Some(content));
            }
            _ => unreachable!("{write:?} is a prune's"),
        }
        Answer::Done
    }

    fn apply_prune(&mut self, prune: usize, write: Write) -> Answer {
        let content = self.prunes[prune].content;
        let store = &mut self.store;
        match write {
            Write::Tombstone(state) => store.tombstone = Some(Tombstone { state, content }),
            Write::DeleteMarker => store.marker = None,
            Write::DeleteAsset(asset) => store.assets[asset] = None,
            Write::DeleteClaim(content) => store.claims[content as usize] = false,
            _ => unreachable!("{write:?} is a build's"),
        }
        Answer::Done
    }
}
