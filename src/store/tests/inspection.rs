//! What operators see of a bucket, and what a repair sends.

use super::fake::{Delimiters, Fake, Rights};
use super::world::{Build, protocol};
use crate::inventory::{
    Comparison, FileProblem, LocalCopies, ReadRefs, Verification, VersionState,
};
use crate::manifest::{Marker, of_json};
use crate::store::StoreError;
use crate::store::backend::Backend;
use crate::store::error::{FailedRequest, RequestError};

fn backend(fake: &Fake, build: &Build) -> Backend {
    Backend::Bucket(protocol(fake, &build.release).objects.clone())
}

fn marker(build: &Build) -> Marker {
    of_json(&build.release.marker).unwrap()
}

async fn verify(fake: &Fake, build: &Build, comparison: Comparison) -> Verification {
    let version = &build.release.version;
    let (objects, marker) = (
        protocol(fake, &build.release).objects.clone(),
        marker(build),
    );
    objects.verify(version, &marker, comparison).await.unwrap()
}

fn key(build: &Build, path: &str) -> String {
    format!("shop/{}/{path}", build.release.version)
}

async fn repair(fake: &Fake, build: &Build, found: &Verification) -> Result<(), StoreError> {
    let files = LocalCopies::find(found, &marker(build), build.files.path()).unwrap();
    let version = &build.release.version;
    backend(fake, build)
        .repair(version, &marker(build), files.found)
        .await
        .map(|uploaded| assert_eq!(uploaded, 1))
}

#[tokio::test(start_paused = true)]
async fn an_inventory_costs_one_list_for_each_part_and_one_get_for_each_object() {
    let (fake, build) = (Fake::new(), Build::with("one", Some("v1")));
    build.publish(&fake).await.unwrap();
    fake.take_requests();
    let backend = backend(&fake, &build);
    let found = backend.inventory(None, ReadRefs::Newest).await.unwrap();
    let [entry] = found.versions.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!((entry.state, entry.files), (VersionState::Published, 3));
    let requests = fake.take_requests();
    let lists = requests.iter().filter(|it| it.contains("LIST"));
    // The top, claims, refs and versions; a marker and a ref.
    assert_eq!((requests.len(), lists.count()), (6, 4), "{requests:?}");
}

#[tokio::test(start_paused = true)]
async fn a_repair_begins_as_a_build_and_replaces_nothing() {
    let (fake, build) = (Fake::new(), Build::with("one", Some("v1")));
    build.publish(&fake).await.unwrap();
    fake.state().objects.remove(&key(&build, "a.css")).unwrap();
    fake.plant(&key(&build, "d.svg"), b"of somebody else");
    let found = verify(&fake, &build, Comparison::Head).await;
    let problems: Vec<_> = found
        .problems
        .iter()
        .map(|(path, it)| (&**path, it))
        .collect();
    assert_eq!(problems[0], ("a.css", &FileProblem::Missing));
    assert!(problems[1..].iter().all(|(path, _)| *path == "d.svg"));

    fake.take_requests();
    repair(&fake, &build, &found).await.unwrap();
    let requests = fake.take_requests();
    let expected = [
        "PUT shop/.static-assets/refs/v1/_repair/",
        "GET shop/.static-assets/tombstones/v1.json",
        "GET shop/.static-assets/versions/v1.json",
        "PUT shop/v1/a.css",
    ];
    assert_eq!(requests.len(), expected.len(), "{requests:?}");
    for (request, start) in requests.iter().zip(expected) {
        assert!(request.starts_with(start), "{requests:?}");
    }
    let after = verify(&fake, &build, Comparison::Read).await;
    assert!(after.problems.iter().all(|(path, _)| path == "d.svg"));
    assert_eq!(fake.objects()[&key(&build, "d.svg")], b"of somebody else");
}

#[tokio::test(start_paused = true)]
async fn a_repair_obeys_a_prune() {
    let (fake, build) = (Fake::new(), Build::with("one", Some("v1")));
    build.publish(&fake).await.unwrap();
    fake.state().objects.remove(&key(&build, "a.css")).unwrap();
    let found = verify(&fake, &build, Comparison::Head).await;
    let tombstone = "shop/.static-assets/tombstones/v1.json";
    fake.plant(
        tombstone,
        br#"{"content":null,"schema":1,"state":"deleting","version":"v1"}"#,
    );
    let error = repair(&fake, &build, &found).await.unwrap_err();
    assert!(matches!(error, StoreError::BeingPruned), "{error:?}");
    // The prune has deleted the marker before its tombstone changed.
    fake.plant(
        tombstone,
        br#"{"content":null,"schema":1,"state":"deleted","version":"v1"}"#,
    );
    let marker = "shop/.static-assets/versions/v1.json";
    fake.state().objects.remove(marker).unwrap();
    let error = repair(&fake, &build, &found).await.unwrap_err();
    assert!(matches!(error, StoreError::BeingPruned), "{error:?}");
    assert!(!fake.objects().contains_key(&key(&build, "a.css")));
}

#[tokio::test(start_paused = true)]
async fn a_server_without_delimiters_is_listed_whole() {
    let fake = Fake::new().with(|state| state.delimiters = Delimiters::Ignored);
    let build = Build::with("one", Some("v1"));
    build.publish(&fake).await.unwrap();
    let found = backend(&fake, &build);
    let found = found.inventory(None, ReadRefs::Newest).await.unwrap();
    assert_eq!(found.versions[0].state, VersionState::Published);
    assert_eq!(found.unknown, [""; 0]);
}

/// All that a look before the first deploy creates exists from the second one on.
#[tokio::test(start_paused = true)]
async fn samples_that_exist_hide_no_key_that_may_only_read() {
    let (fake, build) = (Fake::new(), Build::with("one", Some("v1")));
    let backend = backend(&fake, &build);
    for _ in 0..2 {
        backend.put_samples(&build.release).await.unwrap();
    }
    fake.state().rights = Rights::ReadOnly;
    let error = backend.put_samples(&build.release).await.unwrap_err();
    let is_denied = matches!(
        &error,
        StoreError::Request(FailedRequest(RequestError::Forbidden, _))
    );
    assert!(is_denied, "{error:?}");
}
