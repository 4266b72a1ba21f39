//! A build fails at its first request, at its second, and so on, until one succeeds.

use super::fake::{ConditionalWrites, Fake, Fault, FaultKind, FaultTime};
use super::world::{Build, assert_promises, assert_recovers, asset_uploads, is_visible};

async fn at_every_request(
    version: Option<&str>,
    creates: ConditionalWrites,
    when: FaultTime,
    what: FaultKind,
) {
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
        let existing = fake
            .objects()
            .keys()
            .filter(|key| !key.contains(".static-assets/"))
            .count();
        fake.take_requests();
        build.publish(&fake).await.unwrap();
        let uploaded = asset_uploads(&fake.take_requests());
        assert!(
            uploaded <= 3 - existing,
            "request {number}: {uploaded} uploaded, {existing} existed"
        );
        if creates == ConditionalWrites::Honoured {
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

async fn everywhere(what: FaultKind) {
    for version in [None, Some("v1")] {
        for creates in [
            ConditionalWrites::Honoured,
            ConditionalWrites::Ignored,
            ConditionalWrites::Refused,
        ] {
            for when in [FaultTime::Before, FaultTime::After] {
                at_every_request(version, creates, when, what.clone()).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_build_resumes_a_killed_one() {
    everywhere(FaultKind::Crash).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_cut_at_any_request_changes_nothing() {
    everywhere(FaultKind::Cut).await;
}

#[tokio::test(start_paused = true)]
async fn a_500_at_any_request_changes_nothing() {
    everywhere(FaultKind::Status(500, "InternalError")).await;
}

#[tokio::test(start_paused = true)]
async fn a_409_at_any_request_changes_nothing() {
    everywhere(FaultKind::Status(409, "OperationAborted")).await;
}

#[tokio::test(start_paused = true)]
async fn silence_at_any_request_changes_nothing() {
    everywhere(FaultKind::Hang).await;
}

#[tokio::test(start_paused = true)]
async fn a_403_at_any_request_leaves_nothing_partial() {
    everywhere(FaultKind::Status(403, "AccessDenied")).await;
}
