//! The rejected orders of builds and prunes. Each test shows the promise that an order breaks and the end of the shortest
//! trace to it.

use super::order::{
    ASSETS_BEFORE_MARKER, CLAIMS_BEFORE_VERSION, CLAIMS_LISTED_ONCE, CREATES_AND_MULTIPART,
    CREATES_ONLY, DELETING_ENDS_AT_ONCE, EXPLICIT_WITH_MULTIPART, LEASES_LISTED_FIRST,
    MARKER_BEFORE_ASSETS, ONE_CLAIM_CHECKED, ONE_CLAIM_SWAPPED, PRUNES_AT_ONCE,
    PRUNES_CLOSE_TOGETHER, REF_LAST, SPARING_FORGETS_CONTENT, TOMBSTONE_BEFORE_REF,
    TOMBSTONE_FORGETS_CONTENT,
};
use super::promises::Promise;
use super::search::Search;
use super::world::Content::A;
use super::world::{Ages, ConditionalWrites, Outcome, Scenario, Stranger};
use super::{QUIET, QUIET_DIGEST, any_ended, assert_holds};

/// Fails unless the promise breaks, and the shortest trace has that many steps and ends with these.
fn assert_breaks(scenario: &Scenario, promise: Promise, steps: usize, last: &[&str]) {
    let Some(found) = Search::of(scenario).counterexample else {
        panic!("every promise holds");
    };
    let trace = found.trace.join("\n");
    assert_eq!(found.broken, promise, "\n{trace}");
    assert_eq!(found.trace.len(), steps, "\n{trace}");
    assert_eq!(&found.trace[steps - last.len()..], last, "\n{trace}");
}

#[test]
fn claims_listed_before_the_version_refuse_equal_content() {
    let claims_first = Scenario {
        order: CLAIMS_BEFORE_VERSION,
        builders: &[A, A],
        ..QUIET
    };
    // Safe, but a file that is uploaded between the two listings looks like a stranger's.
    let search = assert_holds(&claims_first, 200);
    assert!(search.reached(|it| any_ended(it, |end| end == Outcome::Conflict)));
}

#[test]
fn claims_listed_only_before_the_claim_mix_contents() {
    assert_breaks(
        &Scenario {
            order: CLAIMS_LISTED_ONCE,
            conditional_writes: ConditionalWrites::Ignored,
            ..QUIET
        },
        Promise::CompleteOrInvisible,
        16,
        &[
            "build 2 of B: LIST claims",
            "build 1 of A: PUT claim",
            "build 1 of A: PUT asset 1",
            "build 1 of A: PUT asset 2",
            "build 1 of A: PUT marker, exit 0",
            "build 2 of B: PUT claim",
            "build 2 of B: PUT asset 1",
        ],
    );
}

#[test]
fn one_swapped_claim_commits_mixed_contents() {
    assert_breaks(
        &Scenario {
            order: ONE_CLAIM_SWAPPED,
            ..QUIET
        },
        Promise::CompleteOrInvisible,
        15,
        &[
            "build 1 of A: GET claim",
            "build 2 of B: PUT ref",
            "build 2 of B: GET tombstone",
            "build 2 of B: GET marker",
            "build 1 of A: PUT marker, exit 0",
            "build 2 of B: GET claim",
            "build 2 of B: PUT claim in place of A's",
            "build 2 of B: PUT asset 1",
        ],
    );
}

#[test]
fn one_checked_claim_mixes_contents_without_conditional_writes() {
    let one_claim = Scenario {
        order: ONE_CLAIM_CHECKED,
        ..QUIET
    };
    assert_breaks(
        &Scenario {
            conditional_writes: ConditionalWrites::Ignored,
            ..one_claim
        },
        Promise::CompleteOrInvisible,
        18,
        &[
            "build 2 of B: GET claim",
            "build 1 of A: PUT claim",
            "build 1 of A: GET claim",
            "build 1 of A: LIST version",
            "build 1 of A: PUT asset 1",
            "build 1 of A: PUT asset 2",
            "build 1 of A: PUT marker, exit 0",
            "build 2 of B: PUT claim",
            "build 2 of B: GET claim",
            "build 2 of B: LIST version",
            "build 2 of B: PUT asset 1",
        ],
    );
    // With conditional writes the order is safe.
    let with_faults = Scenario {
        faults: 2,
        crashes: 1,
        ..one_claim
    };
    assert_holds(&with_faults, 5_000);
}

#[test]
fn a_ref_uploaded_last_loses_a_published_version() {
    assert_breaks(
        &Scenario {
            order: REF_LAST,
            prunes: 1,
            ..QUIET_DIGEST
        },
        Promise::ExitZeroVerifies,
        15,
        &[
            "build 1 of A: its ref turns old",
            "build 2 of A: GET tombstone",
            "build 2 of A: GET marker",
            "prune 1: GET marker and tombstone",
            "prune 1: PUT tombstone Deleting",
            "prune 1: LIST refs",
            "build 2 of A: PUT ref, exit 0",
            "prune 1: DELETE marker",
        ],
    );
}

#[test]
fn a_tombstone_read_before_the_ref_loses_versions() {
    assert_breaks(
        &Scenario {
            order: TOMBSTONE_BEFORE_REF,
            prunes: 1,
            ..QUIET_DIGEST
        },
        Promise::ExitZeroVerifies,
        15,
        &[
            "build 2 of A: GET tombstone",
            "prune 1: GET marker and tombstone",
            "prune 1: PUT tombstone Deleting",
            "prune 1: LIST refs",
            "build 2 of A: PUT ref",
            "build 2 of A: GET marker, exit 0",
            "prune 1: DELETE marker",
        ],
    );
}

#[test]
fn an_unconditional_multipart_upload_replaces_a_published_file() {
    assert_breaks(
        &Scenario {
            order: CREATES_AND_MULTIPART,
            ..QUIET
        },
        Promise::CompleteOrInvisible,
        12,
        &[
            "build 2 of B: GET marker",
            "build 1 of A: PUT marker, exit 0",
            "build 2 of B: LIST version",
            "build 2 of B: PUT asset 2",
        ],
    );
    let with_faults = Scenario {
        faults: 2,
        crashes: 1,
        ..QUIET
    };
    // Without the multipart upload the order is safe.
    let creates_only = Scenario {
        order: CREATES_ONLY,
        ..with_faults
    };
    assert_holds(&creates_only, 5_000);
    // Claims keep builders apart despite multipart uploads, but they don't protect a stranger's file.
    let with_claims = Scenario {
        order: EXPLICIT_WITH_MULTIPART,
        ..with_faults
    };
    assert_holds(&with_claims, 5_000);
    assert_breaks(
        &Scenario {
            order: EXPLICIT_WITH_MULTIPART,
            stranger: Stranger::Waiting,
            ..QUIET
        },
        Promise::StrangerKept,
        9,
        &["stranger: PUT asset 2", "build 1 of A: PUT asset 2"],
    );
}

#[test]
fn a_marker_before_the_assets_shows_missing_files() {
    assert_breaks(
        &Scenario {
            order: MARKER_BEFORE_ASSETS,
            ..QUIET
        },
        Promise::CompleteOrInvisible,
        5,
        &["build 1 of A: PUT marker"],
    );
}

#[test]
fn deleting_assets_before_the_marker_shows_missing_files() {
    assert_breaks(
        &Scenario {
            prune: ASSETS_BEFORE_MARKER,
            prunes: 1,
            ..QUIET
        },
        Promise::CompleteOrInvisible,
        15,
        &["prune 1: LIST refs", "prune 1: DELETE asset 1"],
    );
}

#[test]
fn ending_a_prune_early_deletes_newer_files() {
    assert_breaks(
        &Scenario {
            prune: DELETING_ENDS_AT_ONCE,
            prunes: 1,
            faults: 1,
            ..QUIET_DIGEST
        },
        Promise::ExitZeroVerifies,
        27,
        &[
            "build 2 of A: PUT marker, exit 0",
            "prune 1: DELETE marker lands",
        ],
    );
}

#[test]
fn prunes_too_close_together_delete_published_versions() {
    assert_breaks(
        &Scenario {
            prune: PRUNES_CLOSE_TOGETHER,
            prunes: 2,
            faults: 1,
            ..QUIET_DIGEST
        },
        Promise::ExitZeroVerifies,
        20,
        &[
            "prune 1: PUT tombstone Spared, delayed",
            "prune 1: PUT tombstone Spared",
            "prune 2: GET marker and tombstone",
            "prune 2: PUT tombstone Deleting",
            "prune 1: PUT tombstone Spared lands",
            "prune 2: LIST refs",
            "build 2 of A: PUT ref",
            "build 2 of A: GET tombstone",
            "build 2 of A: GET marker",
            "build 2 of A: LIST version",
            "build 2 of A: PUT asset 1",
            "build 2 of A: PUT asset 2",
            "build 2 of A: PUT marker, exit 0",
            "prune 2: DELETE marker",
        ],
    );
}

#[test]
fn sparing_must_not_free_a_pruned_name() {
    let last = [
        "prune 2: GET marker and tombstone",
        "prune 2: PUT tombstone Deleting",
        "prune 2: LIST refs, one is fresh",
        "prune 2: PUT tombstone Spared",
        "build 2 of B: GET tombstone",
        "build 2 of B: GET marker",
        "build 2 of B: LIST version",
        "build 2 of B: LIST claims",
        "build 2 of B: PUT claim",
        "build 2 of B: LIST claims",
        "build 2 of B: PUT asset 1",
    ];
    let forgets = Scenario {
        prune: SPARING_FORGETS_CONTENT,
        prunes: 2,
        ..QUIET
    };
    assert_breaks(&forgets, Promise::NeverOverwritten, 34, &last);
    // The same holds for a prune that continues an interrupted one: the marker is gone, but the tombstone has the
    // content.
    let interrupted = Scenario {
        prune: TOMBSTONE_FORGETS_CONTENT,
        crashes: 1,
        ..forgets
    };
    assert_breaks(&interrupted, Promise::NeverOverwritten, 33, &last);
}

#[test]
fn prunes_at_once_delete_a_published_version() {
    let at_once = Scenario {
        prune: PRUNES_AT_ONCE,
        prunes: 2,
        ..QUIET_DIGEST
    };
    assert_breaks(
        &at_once,
        Promise::ExitZeroVerifies,
        18,
        &[
            "prune 1: PUT tombstone Spared",
            "prune 2: LIST refs",
            "build 2 of A: PUT ref",
            "build 2 of A: GET tombstone",
            "build 2 of A: GET marker",
            "build 2 of A: LIST version",
            "build 2 of A: PUT asset 1",
            "build 2 of A: PUT asset 2",
            "build 2 of A: PUT marker, exit 0",
            "prune 2: DELETE marker",
        ],
    );
    // Each lists the leases before the other's is there.
    assert_breaks(
        &Scenario {
            prune: LEASES_LISTED_FIRST,
            ..at_once
        },
        Promise::ExitZeroVerifies,
        22,
        &["build 2 of A: PUT marker, exit 0", "prune 2: DELETE marker"],
    );
}

#[test]
fn too_short_an_age_leaves_a_bare_marker() {
    assert_breaks(
        &Scenario {
            ages: Ages::Short,
            prunes: 1,
            faults: 1,
            crashes: 1,
            ..QUIET_DIGEST
        },
        Promise::CompleteOrInvisible,
        15,
        &[
            "build 1 of A: PUT marker, delayed",
            "build 1 of A: crashes",
            "build 1 of A: its ref turns old",
            "prune 1: GET marker and tombstone",
            "prune 1: PUT tombstone Deleting",
            "prune 1: LIST refs",
            "prune 1: no marker is left",
            "build 1 of A: PUT marker lands",
            "prune 1: DELETE asset 1",
        ],
    );
}
