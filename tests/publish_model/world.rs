//! The state that the search steps through: a store, the processes that use it, and the effect of one write.

use super::order::{AssetWrites, Order, PruneOrder};
use std::fmt;

pub(super) const BUILDERS: usize = 3;
pub(super) const PRUNES: usize = 2;
pub(super) const ASSETS: usize = 2;

/// The content of an asset, claim or marker. `A` and `B` differ in every asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Content {
    A,
    B,
    /// Written by somebody who does not use the protocol.
    Stranger,
}

/// What is searched: the processes, their order of requests, the kind of store, and how many faults may happen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scenario {
    pub(super) order: Order,
    pub(super) conditional_writes: ConditionalWrites,
    /// The content of each builder. At most three.
    pub(super) builders: &'static [Content],
    pub(super) prune: PruneOrder,
    /// The number of prunes, which run one after the other. At most two.
    pub(super) prunes: usize,
    /// How many writes of all processes may be unanswered or delayed.
    pub(super) faults: u8,
    /// How many processes may crash.
    pub(super) crashes: u8,
    pub(super) ages: Ages,
    pub(super) stranger: Stranger,
}

/// What the store does with `If-None-Match: *`. A store that answers 501 counts as one that ignores the condition,
/// because the write is then repeated without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConditionalWrites {
    Honoured,
    Ignored,
}

/// When the ref of a build may count as old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ages {
    /// Only after the build has ended and its last write has landed: a run ends within 6 hours, and the shortest age is
    /// 24 hours.
    LongerThanAnyWrite,
    /// As soon as the build has ended.
    Short,
}

/// Whether somebody who does not use the protocol writes one file under the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stranger {
    Absent,
    /// Writes at any time, under a key that holds nothing.
    Waiting,
    /// Has written this asset.
    Done(usize),
}

/// The objects of one version. Reads and lists are consistent, and a write takes effect as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Store {
    pub(super) refs: [bool; BUILDERS],
    pub(super) leases: [bool; PRUNES],
    pub(super) tombstone: Option<Tombstone>,
    pub(super) marker: Option<Content>,
    pub(super) claims: [bool; 2],
    pub(super) one_claim: Option<Content>,
    pub(super) assets: [Option<Content>; ASSETS],
    /// The first content that had a marker. Browsers may cache it for a year.
    pub(super) published: Option<Content>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tombstone {
    pub(super) state: TombstoneState,
    pub(super) content: Option<Content>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum TombstoneState {
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
    pub(super) at: BuilderAt,
    pub(super) knows: Knowledge,
    /// A create of the asset was refused. A HEAD compares the asset next.
    pub(super) compares: [bool; ASSETS],
    /// The asset is uploaded, or exists with equal content.
    pub(super) settled: [bool; ASSETS],
    pub(super) delayed: Delayed,
    pub(super) age: Age,
}

/// What a builder learned from its last request, if its next step needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Knowledge {
    Nothing,
    /// A create was refused. A HEAD compares the object next.
    Refused,
    /// The version has files.
    Files,
    OwnClaim,
    OneClaim(Option<Content>),
}

/// The age of a build's ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Age {
    Fresh,
    Old,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum BuilderAt {
    Step(u8),
    Ended(Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Outcome {
    /// Exit 0.
    Published,
    /// The version exists or is being published with other content.
    Conflict,
    /// The build can run again later.
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

/// A process that uses the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    Builder(usize),
    Prune(usize),
    Stranger,
}

/// A request that changes the store. Its value follows from the process that sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    Ref,
    Claim,
    OneClaim,
    /// Succeeds only if the one claim still has the content that was read.
    SwapOneClaim(Option<Content>),
    Asset(usize),
    Marker,
    Lease,
    Tombstone(TombstoneState),
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
            Self::Lease => write!(f, "PUT lease"),
            Self::Tombstone(state) => write!(f, "PUT tombstone {state:?}"),
            Self::DeleteMarker => write!(f, "DELETE marker"),
            Self::DeleteAsset(asset) => write!(f, "DELETE asset {}", asset + 1),
            Self::DeleteClaim(content) => write!(f, "DELETE claim of {content:?}"),
        }
    }
}

const WRITES: [Write; 18] = [
    Write::Ref,
    Write::Claim,
    Write::OneClaim,
    Write::SwapOneClaim(None),
    Write::SwapOneClaim(Some(Content::A)),
    Write::SwapOneClaim(Some(Content::B)),
    Write::Asset(0),
    Write::Asset(1),
    Write::Marker,
    Write::Lease,
    Write::Tombstone(TombstoneState::Deleting),
    Write::Tombstone(TombstoneState::Deleted),
    Write::Tombstone(TombstoneState::Spared),
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

/// The writes of one process that may still land. Each write is in it at most once, because a second one has the same
/// effect.
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

/// The store's answer to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    /// 412: the condition did not hold.
    Refused,
}

/// The state of an object, compared with what a build would write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectState {
    Absent,
    Equal,
    Different,
}

impl ObjectState {
    fn of(stored: Option<Content>, content: Content) -> Self {
        match stored {
            None => Self::Absent,
            Some(stored) if stored == content => Self::Equal,
            Some(_) => Self::Different,
        }
    }
}

impl World {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let builder = |number| Builder {
            content: *scenario.builders.get(number).unwrap_or(&Content::A),
            // A builder that the scenario does not have counts as crashed.
            at: match scenario.builders.get(number) {
                Some(_) => BuilderAt::Step(0),
                None => BuilderAt::Ended(Outcome::Crashed),
            },
            knows: Knowledge::Nothing,
            compares: [false; ASSETS],
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
        if let Stranger::Done(asset) = scenario.stranger {
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

    pub(super) fn delayed(&mut self, process: Process) -> &mut Delayed {
        match process {
            Process::Builder(number) => &mut self.builders[number].delayed,
            Process::Prune(number) => &mut self.prunes[number].delayed,
            Process::Stranger => unreachable!("the write of a stranger is always answered"),
        }
    }

    /// Compares the object under the key of a build's write.
    pub(super) fn head(&self, builder: usize, write: Write) -> ObjectState {
        let content = self.builders[builder].content;
        let exists = |exists| {
            if exists {
                ObjectState::Equal
            } else {
                ObjectState::Absent
            }
        };
        match write {
            Write::Ref => exists(self.store.refs[builder]),
            Write::Claim => exists(self.store.claims[content as usize]),
            Write::OneClaim => ObjectState::of(self.store.one_claim, content),
            Write::Asset(asset) => ObjectState::of(self.store.assets[asset], content),
            Write::Marker => ObjectState::of(self.store.marker, content),
            _ => ObjectState::Absent,
        }
    }

    /// Applies a write to the store.
    pub(super) fn apply(&mut self, process: Process, write: Write, scenario: &Scenario) -> Answer {
        match process {
            Process::Builder(number) => self.apply_build(number, write, scenario),
            Process::Prune(number) => self.apply_prune(number, write),
            Process::Stranger => unreachable!("a stranger does not use the protocol"),
        }
    }

    fn apply_build(&mut self, builder: usize, write: Write, scenario: &Scenario) -> Answer {
        let content = self.builders[builder].content;
        let is_create = match (write, scenario.order.asset_writes) {
            (Write::Asset(_), AssetWrites::Overwrite)
            | (Write::Asset(1), AssetWrites::MultipartForLarge) => false,
            _ => scenario.conditional_writes == ConditionalWrites::Honoured,
        };
        if is_create && self.head(builder, write) != ObjectState::Absent {
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
            _ => unreachable!("{write:?} belongs to a prune"),
        }
        Answer::Done
    }

    fn apply_prune(&mut self, prune: usize, write: Write) -> Answer {
        let content = self.prunes[prune].content;
        let store = &mut self.store;
        match write {
            Write::Lease => store.leases[prune] = true,
            Write::Tombstone(state) => store.tombstone = Some(Tombstone { state, content }),
            Write::DeleteMarker => store.marker = None,
            Write::DeleteAsset(asset) => store.assets[asset] = None,
            Write::DeleteClaim(content) => store.claims[content as usize] = false,
            _ => unreachable!("{write:?} belongs to a build"),
        }
        Answer::Done
    }
}
