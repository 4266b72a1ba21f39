//! Orders that were not taken, for builds and for prunes, each with what it breaks and the shortest way
//! there.

use super::order::{
    ASSETS_BEFORE_MARKER, CLAIMS_BEFORE_VERSION, CLAIMS_LISTED_ONCE, CREATES_AND_MULTIPART,
    CREATES_ONLY, EXPLICIT_WITH_MULTIPART, LEAVES_AT_ONCE, MARKER_BEFORE_ASSETS,
    ONE_CLAIM_LOOKED_FOR, ONE_CLAIM_SWAPPED, PRUNES_CLOSE_TOGETHER, REF_LAST, SPARE_FORGETS,
    TOMBSTONE_BEFORE_REF, TOMBSTONE_FORGETS,
};
use super::promises::Promise;
use super::search::Search;
use super::world::Content::A;
use super::world::{Ages, Creates, End, Scenario, Stranger};
use super::{QUIET, QUIET_DIGEST, any_ended, holds};

/// The promise breaks; the shortest way there takes that many steps and ends with these.
fn breaks(scenario: &Scenario, promise: Promise, steps: usize, last: &[&str]) {
    let Some(found) = Search::of(scenario).counterexample else {
        panic!("no promise is broken");
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
    // Safe, but a file that is put between the two listings is taken for somebody else's.
    let search = holds(&claims_first, 200);
    assert!(search.reached(|it| any_ended(it, |end| end == End::Conflict)));
}

#[test]
fn claims_listed_only_before_the_claim_mix_contents() {
    breaks(
        &Scenario {
            order: CLAIMS_LISTED_ONCE,
            creates: Creates::Ignored,
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
    breaks(
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
        order: ONE_CLAIM_LOOKED_FOR,
        ..QUIET
    };
    breaks(
        &Scenario {
            creates: Creates::Ignored,
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
    // It is the condition that is missing.
    let wrong = Scenario {
        faults: 2,
        crashes: 1,
        ..one_claim
    };
    holds(&wrong, 5_000);
}

#[test]
fn a_ref_uploaded_last_loses_a_published_version() {
    breaks(
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
    breaks(
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
    breaks(
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
    let wrong = Scenario {
        faults: 2,
        crashes: 1,
        ..QUIET
    };
    // It is the multipart upload that does it.
    let creates_only = Scenario {
        order: CREATES_ONLY,
        ..wrong
    };
    holds(&creates_only, 5_000);
    // Claims keep builders apart even so; a file of somebody else they don't.
    let with_claims = Scenario {
        order: EXPLICIT_WITH_MULTIPART,
        ..wrong
    };
    holds(&with_claims, 5_000);
    breaks(
        &Scenario {
            order: EXPLICIT_WITH_MULTIPART,
            stranger: Stranger::Waiting,
            ..QUIET
        },
        Promise::StrangerKept,
        9,
        &["somebody else puts asset 2", "build 1 of A: PUT asset 2"],
    );
}

#[test]
fn a_marker_before_the_assets_shows_missing_files() {
    breaks(
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
    breaks(
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
    breaks(
        &Scenario {
            prune: LEAVES_AT_ONCE,
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
    breaks(
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
        prune: SPARE_FORGETS,
        prunes: 2,
        ..QUIET
    };
    breaks(&forgets, Promise::NeverOverwritten, 34, &last);
    // Nor must one that ends what another began: the marker is gone, the tombstone still knows.
    let interrupted = Scenario {
        prune: TOMBSTONE_FORGETS,
        crashes: 1,
        ..forgets
    };
    breaks(&interrupted, Promise::NeverOverwritten, 33, &last);
}

#[test]
fn too_short_an_age_leaves_a_bare_marker() {
    breaks(
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
