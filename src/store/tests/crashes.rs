//! A build that comes to grief at its first request, its second, its third …, until one comes through.

use super::fake::{Creates, Fake, Fault, What, When};
use super::world::{Build, assert_promises, assert_recovers, asset_puts, is_visible};

async fn at_every_request(version: Option<&str>, creates: Creates, when: When, what: What) {
    let build = Build::with("one", version);
    for number in 1.. {
        let fake = Fake::new().with(|state| state.creates = creates);
        fake.fails(Fault::at(number, "", when, what.clone()));
        let outcome = tokio::select! {
            outcome = build.publish(&fake) => Some(outcome),
            () = fake.crash() => None,
        };
        let is_done = fake.state().faults[0].seen() < number;
        assert_promises(&fake.state());
        if let Some(Ok(_)) = &outcome {
            assert!(is_visible(&fake), "request {number}");
        }
        fake.heals();
        let there = fake
            .objects()
            .keys()
            .filter(|key| !key.contains(".static-assets/"))
            .count();
        fake.take_requests();
        build.publish(&fake).await.unwrap();
        let put = asset_puts(&fake.take_requests());
        assert!(
            put <= 3 - there,
            "request {number}: {put} put, {there} there"
        );
        if creates == Creates::Honoured {
            assert_recovers(&build, &fake).await;
        } else {
            assert_promises(&fake.state());
        }
        if is_done {
            assert!(number > 8, "{number} requests");
            return;
        }
    }
}

async fn everywhere(what: What) {
    for version in [None, Some("v1")] {
        for creates in [Creates::Honoured, Creates::Ignored, Creates::Refused] {
            for when in [When::Before, When::After] {
                at_every_request(version, creates, when, what.clone()).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_build_killed_at_any_request_is_resumed_by_the_next() {
    everywhere(What::Crash).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_cut_at_any_request_changes_nothing() {
    everywhere(What::Cut).await;
}

#[tokio::test(start_paused = true)]
async fn a_500_at_any_request_changes_nothing() {
    everywhere(What::Status(500, "InternalError")).await;
}

#[tokio::test(start_paused = true)]
async fn a_409_at_any_request_changes_nothing() {
    everywhere(What::Status(409, "OperationAborted")).await;
}

#[tokio::test(start_paused = true)]
async fn silence_at_any_request_changes_nothing() {
    everywhere(What::Hang).await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_at_any_request_leaves_nothing_visible_that_is_not_whole() {
    everywhere(What::Status(403, "AccessDenied")).await;
}
