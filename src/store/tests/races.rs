//! Two builds at once, whose requests interleave differently for each seed.

use super::fake::{ConditionalWrites, Fake, Fault, FaultKind, FaultTime, Jitter};
use super::world::{Build, assert_promises, assert_settled, is_visible};
use crate::store::StoreError;

const SEEDS: u64 = 150;

fn store(seed: u64, creates: ConditionalWrites) -> Fake {
    let seed = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Fake::new().with(|state| {
        state.jitter = Some(Jitter(seed));
        state.creates = creates;
    })
}

#[tokio::test(start_paused = true)]
async fn f32_two_builds_of_equal_content_both_succeed() {
    for version in [None, Some("v1")] {
        let (one, other) = (Build::with("one", version), Build::with("one", version));
        for creates in [
            ConditionalWrites::Honoured,
            ConditionalWrites::Ignored,
            ConditionalWrites::Refused,
        ] {
            for seed in 0..SEEDS {
                let fake = store(seed, creates);
                let (first, second) = tokio::join!(one.publish(&fake), other.publish(&fake));
                first.unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
                second.unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
                fake.state().jitter = None;
                fake.state().creates = ConditionalWrites::Honoured;
                assert_settled(&one, &fake).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f33_two_contents_under_one_version_never_mix() {
    let (mut won, mut both_refused) = (0, 0);
    let one = Build::with("one", Some("v1"));
    let other = Build::with("two", Some("v1"));
    for creates in [
        ConditionalWrites::Honoured,
        ConditionalWrites::Ignored,
        ConditionalWrites::Refused,
    ] {
        for seed in 0..SEEDS {
            let fake = store(seed, creates);
            let (first, second) = tokio::join!(one.publish(&fake), other.publish(&fake));
            assert_promises(&fake.state());
            for failed in [&first, &second]
                .into_iter()
                .filter_map(|it| it.as_ref().err())
            {
                assert!(matches!(failed, StoreError::Conflict(_)), "{failed:?}");
            }
            match (first.is_ok(), second.is_ok()) {
                (true, true) => panic!("seed {seed}: both"),
                (false, false) => {
                    both_refused += 1;
                    assert!(!is_visible(&fake));
                }
                (first_won, _) => {
                    won += 1;
                    let winner = if first_won { &one } else { &other };
                    let objects = fake.objects();
                    for (key, body) in winner.expected().await {
                        assert_eq!(&objects[key], body, "seed {seed}: {key}");
                    }
                }
            }
        }
    }
    assert!(won > 0 && both_refused > 0, "{won} won, {both_refused} not");
}

#[tokio::test(start_paused = true)]
async fn builds_of_other_content_have_their_own_versions() {
    let (one, other) = (Build::with("one", None), Build::with("two", None));
    for seed in 0..SEEDS {
        let fake = store(seed, ConditionalWrites::Honoured);
        let (first, second) = tokio::join!(one.publish(&fake), other.publish(&fake));
        first.unwrap();
        second.unwrap();
        assert_promises(&fake.state());
        let mut both = one.expected().await.clone();
        both.extend(other.expected().await.clone());
        assert_eq!(fake.objects(), both);
    }
}

#[tokio::test(start_paused = true)]
async fn a_killed_build_leaves_a_parallel_one_unharmed() {
    for version in [None, Some("v1")] {
        let (one, other) = (Build::with("one", version), Build::with("one", version));
        for seed in 0..SEEDS {
            let fake = store(seed, ConditionalWrites::Honoured);
            let number = usize::try_from(seed % 20).unwrap() + 1;
            fake.fails(Fault::at(number, "", FaultTime::After, FaultKind::Cut));
            let (first, second) = tokio::join!(one.publish(&fake), async {
                tokio::select! {
                    outcome = other.publish(&fake) => Some(outcome),
                    () = tokio::time::sleep(std::time::Duration::from_millis(seed)) => None,
                }
            });
            first.unwrap();
            if let Some(outcome) = second {
                outcome.unwrap();
            }
            fake.state().jitter = None;
            assert_settled(&one, &fake).await;
        }
    }
}
