//! A model of the publish protocol (`docs/contract.md`). The tests search every interleaving of its requests: the
//! protocol's own orders keep every promise, and the rejected orders break one. `README.md` explains what is modelled.

mod build;
mod next;
mod order;
mod promises;
mod prune;
mod rejected_orders;
mod search;
mod world;

pub(crate) use order::{DIGEST, EXPLICIT};

use order::{DIGEST_WITHOUT_LIST, PRUNE, PRUNE_BY_LEASE, SPARING_FORGETS_CONTENT};
use promises::Promise;
use search::Search;
use world::Content::{A, B};
use world::{
    Ages, BuilderAt, ConditionalWrites, Outcome, PruneAt, Scenario, Stranger, TombstoneState, World,
};

/// Two builders with different contents, and no fault.
const QUIET: Scenario = Scenario {
    order: EXPLICIT,
    conditional_writes: ConditionalWrites::Honoured,
    builders: &[A, B],
    prune: PRUNE,
    prunes: 0,
    faults: 0,
    crashes: 0,
    ages: Ages::LongerThanAnyWrite,
    stranger: Stranger::Absent,
};

/// Two builders of a digest version, which always have the same content.
const QUIET_DIGEST: Scenario = Scenario {
    order: DIGEST,
    builders: &[A, A],
    ..QUIET
};

const STORES: [ConditionalWrites; 2] = [ConditionalWrites::Honoured, ConditionalWrites::Ignored];

/// Fails if a promise is broken, or if the search was smaller than expected.
fn assert_holds(scenario: &Scenario, more_worlds_than: usize) -> Search {
    let search = Search::of(scenario);
    if let Some(found) = &search.counterexample {
        panic!("{:?}:\n{}", found.broken, found.trace.join("\n"));
    }
    let worlds = search.worlds.len();
    assert!(worlds > more_worlds_than, "{worlds} worlds");
    search
}

fn ended(world: &World, builder: usize, end: Outcome) -> bool {
    world.builders[builder].at == BuilderAt::Ended(end)
}

fn any_ended(world: &World, is_it: impl Fn(Outcome) -> bool) -> bool {
    let mut builders = world.builders.iter();
    builders.any(|it| matches!(it.at, BuilderAt::Ended(end) if is_it(end)))
}

fn tombstone(world: &World) -> Option<TombstoneState> {
    world.store.tombstone.map(|it| it.state)
}

#[test]
fn digest_versions_keep_every_promise_on_every_store() {
    for conditional_writes in STORES {
        let quiet = Scenario {
            conditional_writes,
            faults: 1,
            crashes: 1,
            // A digest version has only one content, so a tombstone without it is enough.
            prune: SPARING_FORGETS_CONTENT,
            ..QUIET_DIGEST
        };
        let three = Scenario {
            builders: &[A, A, A],
            ..quiet
        };
        assert_holds(&three, 10_000);
        let without_list = Scenario {
            order: DIGEST_WITHOUT_LIST,
            prunes: 1,
            ..quiet
        };
        assert_holds(&without_list, 10_000);
        let pruned = Scenario { prunes: 2, ..quiet };
        let search = assert_holds(&pruned, 40_000);
        assert!(search.reached(|it| tombstone(it) == Some(TombstoneState::Spared)));
        let is_published_again = |it: &World| {
            tombstone(it) == Some(TombstoneState::Deleted) && it.store.marker == Some(A)
        };
        assert!(search.reached(is_published_again));
    }
}

fn search_explicit_versions(conditional_writes: ConditionalWrites) {
    let quiet = Scenario {
        conditional_writes,
        ..QUIET
    };
    let with_faults = Scenario {
        faults: 3,
        crashes: 2,
        ..quiet
    };
    let search = assert_holds(&with_faults, 15_000);
    assert!(
        search.reached(|it| ended(it, 0, Outcome::Published) && ended(it, 1, Outcome::Conflict))
    );
    assert!(
        search.reached(|it| ended(it, 1, Outcome::Published) && ended(it, 0, Outcome::Conflict))
    );
    // Both builds can refuse each other. This is the price of needing no conditional write.
    assert!(
        search.reached(|it| ended(it, 0, Outcome::Conflict) && ended(it, 1, Outcome::Conflict))
    );

    let built_again = Scenario {
        builders: &[A, B, A],
        faults: 1,
        crashes: 1,
        ..quiet
    };
    let search = assert_holds(&built_again, 40_000);
    assert!(
        search.reached(|it| ended(it, 0, Outcome::Crashed) && ended(it, 2, Outcome::Published))
    );
}

/// Searches the prunes of the contract. Two rules come from `rejected_orders`: a tombstone keeps its content when the
/// version is spared, and a prune waits until the tombstones of the previous one have landed.
fn search_explicit_versions_beside_prunes(conditional_writes: ConditionalWrites) {
    let quiet = Scenario {
        conditional_writes,
        prunes: 2,
        ..QUIET
    };
    let with_faults = Scenario {
        faults: 1,
        crashes: 1,
        ..quiet
    };
    let search = assert_holds(&with_faults, 70_000);
    assert!(search.reached(|it| tombstone(it) == Some(TombstoneState::Spared)));
    assert!(search.reached(|it| ended(it, 0, Outcome::BeingPruned)));
    let is_pruned = |it: &World| it.store.published == Some(A) && it.store.marker.is_none();
    assert!(search.reached(|it| is_pruned(it) && ended(it, 1, Outcome::Conflict)));

    let built_again = Scenario {
        builders: &[A, A, B],
        ..quiet
    };
    assert_holds(&built_again, 50_000);
}

/// Prunes that begin at any time, and are kept apart only by their leases.
#[test]
fn prunes_with_leases_keep_every_promise() {
    for conditional_writes in STORES {
        let quiet = Scenario {
            conditional_writes,
            prune: PRUNE_BY_LEASE,
            prunes: 2,
            ..QUIET
        };
        let with_faults = Scenario {
            faults: 1,
            crashes: 1,
            ..quiet
        };
        let search = assert_holds(&with_faults, 100_000);
        let ended = |it: &World, number: usize| it.prunes[number].at == PruneAt::Ended;
        // One of two gives up, and so may both. After a crash, the next one completes.
        assert!(
            search.reached(|it| ended(it, 1) && it.prunes[1].content.is_none() && !ended(it, 0))
        );
        assert!(search.reached(|it| {
            it.store.leases == [true; 2] && tombstone(it).is_none() && ended(it, 0) && ended(it, 1)
        }));
        assert!(search.reached(|it| {
            it.crashes == 0 && ended(it, 0) && tombstone(it) == Some(TombstoneState::Deleted)
        }));
        let digest = Scenario {
            order: DIGEST,
            builders: &[A, A],
            ..with_faults
        };
        assert_holds(&digest, 20_000);
    }
}

#[test]
fn explicit_versions_keep_every_promise_with_conditional_writes() {
    search_explicit_versions(ConditionalWrites::Honoured);
}

#[test]
fn explicit_versions_keep_every_promise_without_conditional_writes() {
    search_explicit_versions(ConditionalWrites::Ignored);
}

#[test]
fn explicit_versions_beside_prunes_hold_with_conditional_writes() {
    search_explicit_versions_beside_prunes(ConditionalWrites::Honoured);
}

#[test]
fn explicit_versions_beside_prunes_hold_without_conditional_writes() {
    search_explicit_versions_beside_prunes(ConditionalWrites::Ignored);
}

#[test]
fn builds_of_the_same_content_all_succeed() {
    for order in [DIGEST, EXPLICIT] {
        for conditional_writes in STORES {
            let quiet = Scenario {
                order,
                conditional_writes,
                builders: &[A, A, A],
                ..QUIET
            };
            let search = assert_holds(&quiet, 500);
            assert!(!search.reached(|it| any_ended(it, |end| end != Outcome::Published)));
            assert!(search.reached(|it| (0..3).all(|number| ended(
                it,
                number,
                Outcome::Published
            ))));
        }
    }
}

/// A build that crashed can simply run again: its own earlier writes are not a conflict.
#[test]
fn no_fault_makes_equal_content_conflict() {
    for order in [DIGEST, EXPLICIT] {
        for conditional_writes in STORES {
            let with_faults = Scenario {
                order,
                conditional_writes,
                builders: &[A, A],
                faults: 2,
                crashes: 1,
                ..QUIET
            };
            let search = assert_holds(&with_faults, 2_500);
            let is_refused = |end| matches!(end, Outcome::Conflict | Outcome::BeingPruned);
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
        let search = assert_holds(&beside_a_stranger, 3_000);
        assert!(search.reached(|it| ended(it, 0, Outcome::Conflict)));
        let ignoring = Scenario {
            conditional_writes: ConditionalWrites::Ignored,
            ..beside_a_stranger
        };
        let found = Search::of(&ignoring).counterexample;
        assert!(found.is_some_and(|it| it.broken == Promise::StrangerKept));
    }
}

#[test]
fn explicit_versions_never_replace_an_earlier_strangers_file() {
    for conditional_writes in STORES {
        let after_a_stranger = Scenario {
            conditional_writes,
            stranger: Stranger::Done(1),
            faults: 2,
            crashes: 1,
            ..QUIET
        };
        let search = assert_holds(&after_a_stranger, 200);
        assert!(search.reached(|it| ended(it, 0, Outcome::Conflict)));
    }
}
