//! The publish protocol (`docs/contract.md`) as a model, searched through every interleaving: what it
//! promises holds, and the orders that were not taken break it.
//!
//! A world is one version of one store with up to three builders and two prunes. Each step is one request.
//! Any write may be answered, done but unanswered (it is sent again, and what is there is looked at), or
//! delayed: sent again, while the first still lands at any later time, also after its process has ended.
//! A write that is lost is the same as one that comes later. A process may crash; one that gives up has done
//! the same. Not modelled: torn writes and stale listings, which the contract's stores don't have; the
//! check of step 6, which only makes more builds fail; directories.
//!
//! Two bounds on time are taken from the contract: a ref turns old only when its build has ended and no
//! write of it is under way, and a prune takes less than that from its first look to its LIST of the refs.
//! Faults and crashes are bounded, for all processes together: each search says how many, and how many
//! worlds it has to come to at least.

mod build;
mod next;
mod order;
mod promises;
mod prune;
mod rejected_orders;
mod search;
mod world;

pub(crate) use order::{DIGEST, EXPLICIT};

use order::{DIGEST_WITHOUT_LIST, PRUNE, SPARE_FORGETS};
use promises::Promise;
use search::Search;
use world::Content::{A, B};
use world::{Ages, At, Creates, End, Scenario, State, Stranger, World};

/// Two builders and nothing that goes wrong.
const QUIET: Scenario = Scenario {
    order: EXPLICIT,
    creates: Creates::Honoured,
    builders: &[A, B],
    prune: PRUNE,
    prunes: 0,
    faults: 0,
    crashes: 0,
    ages: Ages::LongerThanAnyWrite,
    stranger: Stranger::Absent,
};

/// One content: every builder of a digest version has it.
const QUIET_DIGEST: Scenario = Scenario {
    order: DIGEST,
    builders: &[A, A],
    ..QUIET
};

const STORES: [Creates; 2] = [Creates::Honoured, Creates::Ignored];

/// The search ends without a broken promise, and was as large as it is said to be.
fn holds(scenario: &Scenario, more_worlds_than: usize) -> Search {
    let search = Search::of(scenario);
    if let Some(found) = &search.counterexample {
        panic!("{:?}:\n{}", found.broken, found.trace.join("\n"));
    }
    let worlds = search.worlds.len();
    assert!(worlds > more_worlds_than, "{worlds} worlds");
    search
}

fn ended(world: &World, builder: usize, end: End) -> bool {
    world.builders[builder].at == At::Ended(end)
}

fn any_ended(world: &World, is_it: impl Fn(End) -> bool) -> bool {
    let mut builders = world.builders.iter();
    builders.any(|it| matches!(it.at, At::Ended(end) if is_it(end)))
}

fn tombstone(world: &World) -> Option<State> {
    world.store.tombstone.map(|it| it.state)
}

#[test]
fn digest_versions_keep_every_promise_on_every_store() {
    for creates in STORES {
        let quiet = Scenario {
            creates,
            faults: 1,
            crashes: 1,
            // A name that has but one content can't forget it.
            prune: SPARE_FORGETS,
            ..QUIET_DIGEST
        };
        let three = Scenario {
            builders: &[A, A, A],
            ..quiet
        };
        holds(&three, 10_000);
        let without_list = Scenario {
            order: DIGEST_WITHOUT_LIST,
            prunes: 1,
            ..quiet
        };
        holds(&without_list, 10_000);
        let pruned = Scenario { prunes: 2, ..quiet };
        let search = holds(&pruned, 40_000);
        assert!(search.reached(|it| tombstone(it) == Some(State::Spared)));
        let is_published_again =
            |it: &World| tombstone(it) == Some(State::Deleted) && it.store.marker == Some(A);
        assert!(search.reached(is_published_again));
    }
}

fn explicit_versions_keep_every_promise(creates: Creates) {
    let quiet = Scenario { creates, ..QUIET };
    let much_goes_wrong = Scenario {
        faults: 3,
        crashes: 2,
        ..quiet
    };
    let search = holds(&much_goes_wrong, 15_000);
    assert!(search.reached(|it| ended(it, 0, End::Published) && ended(it, 1, End::Conflict)));
    assert!(search.reached(|it| ended(it, 1, End::Published) && ended(it, 0, End::Conflict)));
    // Seen in the same instant: the price of needing no conditional write.
    assert!(search.reached(|it| ended(it, 0, End::Conflict) && ended(it, 1, End::Conflict)));

    let built_again = Scenario {
        builders: &[A, B, A],
        faults: 1,
        crashes: 1,
        ..quiet
    };
    let search = holds(&built_again, 40_000);
    assert!(search.reached(|it| ended(it, 0, End::Crashed) && ended(it, 2, End::Published)));
}

/// As the contract has it, and with what it leaves open: a tombstone keeps the content it has, also when
/// the version is spared, and a prune waits for the tombstones of the one before (`rejected_orders`).
fn explicit_versions_keep_every_promise_beside_prunes(creates: Creates) {
    let quiet = Scenario {
        creates,
        prunes: 2,
        ..QUIET
    };
    let wrong = Scenario {
        faults: 1,
        crashes: 1,
        ..quiet
    };
    let search = holds(&wrong, 70_000);
    assert!(search.reached(|it| tombstone(it) == Some(State::Spared)));
    assert!(search.reached(|it| ended(it, 0, End::BeingPruned)));
    let is_pruned = |it: &World| it.store.published == Some(A) && it.store.marker.is_none();
    assert!(search.reached(|it| is_pruned(it) && ended(it, 1, End::Conflict)));

    let built_again = Scenario {
        builders: &[A, A, B],
        ..quiet
    };
    holds(&built_again, 50_000);
}

#[test]
fn explicit_versions_keep_every_promise_with_conditional_writes() {
    explicit_versions_keep_every_promise(Creates::Honoured);
}

#[test]
fn explicit_versions_keep_every_promise_without_conditional_writes() {
    explicit_versions_keep_every_promise(Creates::Ignored);
}

#[test]
fn explicit_versions_beside_prunes_hold_with_conditional_writes() {
    explicit_versions_keep_every_promise_beside_prunes(Creates::Honoured);
}

#[test]
fn explicit_versions_beside_prunes_hold_without_conditional_writes() {
    explicit_versions_keep_every_promise_beside_prunes(Creates::Ignored);
}

#[test]
fn builds_of_the_same_content_all_succeed() {
    for order in [DIGEST, EXPLICIT] {
        for creates in STORES {
            let quiet = Scenario {
                order,
                creates,
                builders: &[A, A, A],
                ..QUIET
            };
            let search = holds(&quiet, 500);
            assert!(!search.reached(|it| any_ended(it, |end| end != End::Published)));
            assert!(search.reached(|it| (0..3).all(|number| ended(it, number, End::Published))));
        }
    }
}

/// So a build that crashed is only to be started again, and no write of our own is a conflict.
#[test]
fn no_fault_makes_equal_content_conflict() {
    for order in [DIGEST, EXPLICIT] {
        for creates in STORES {
            let wrong = Scenario {
                order,
                creates,
                builders: &[A, A],
                faults: 2,
                crashes: 1,
                ..QUIET
            };
            let search = holds(&wrong, 2_500);
            let is_refused = |end| matches!(end, End::Conflict | End::BeingPruned);
            assert!(!search.reached(|it| any_ended(it, is_refused)));
        }
    }
}

#[test]
fn honoured_creates_never_replace_a_strangers_file() {
    for quiet in [QUIET, QUIET_DIGEST] {
        let beside_a_stranger = Scenario {
            stranger: Stranger::Waiting,
            faults: 1,
            crashes: 1,
            ..quiet
        };
        let search = holds(&beside_a_stranger, 3_000);
        assert!(search.reached(|it| ended(it, 0, End::Conflict)));
        let ignoring = Scenario {
            creates: Creates::Ignored,
            ..beside_a_stranger
        };
        let found = Search::of(&ignoring).counterexample;
        assert!(found.is_some_and(|it| it.broken == Promise::StrangerKept));
    }
}

#[test]
fn explicit_versions_never_replace_an_earlier_strangers_file() {
    for creates in STORES {
        let after_a_stranger = Scenario {
            creates,
            stranger: Stranger::Put(1),
            faults: 2,
            crashes: 1,
            ..QUIET
        };
        let search = holds(&after_a_stranger, 200);
        assert!(search.reached(|it| ended(it, 0, End::Conflict)));
    }
}
