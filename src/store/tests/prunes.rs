//! Prunes beside builds: killed at each of their requests, in many orders, and over days of the store's clock.

use super::dice::Dice;
use super::fake::{
    BulkDeletes, ConditionalWrites, Fake, Fault, FaultKind, FaultTime, Jitter, Rights,
};
use super::world::{Build, assert_promises, asset_uploads, protocol, request_error};
use crate::config::Retention;
use crate::interrupt::Interrupt;
use crate::inventory::{Deletion, Policy, PrunePlan, ReadRefs};
use crate::manifest::{Tombstone, TombstoneState, of_json};
use crate::prefix::StoreUrl;
use crate::store::backend::Backend;
use crate::store::lease::Lease;
use crate::store::prune::Prune;
use crate::store::{Pruned, RequestError, RunLabel, Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

type Done = Vec<(Deletion, Pruned)>;

fn policy(keep_last: usize, days: i64) -> Policy {
    Policy {
        retention: Retention {
            keep_last,
            keep_within: TimeDelta::days(days),
            ..Retention::default()
        },
        in_use: BTreeSet::new(),
    }
}

fn backend(fake: &Fake, build: &Build) -> Backend {
    Backend::Bucket(protocol(fake, &build.release).objects.clone())
}

/// Plans and applies, as `static-assets prune --apply` does.
async fn prune(fake: &Fake, build: &Build, policy: &Policy) -> Result<Done, StoreError> {
    let backend = backend(fake, build);
    backend.refuse_without_right_to_delete().await?;
    let lease = Arc::new(Lease::take(&backend).await?);
    let inventory = backend.inventory(None, ReadRefs::Every).await?;
    let plan = PrunePlan::of(&inventory, policy, lease.began);
    let prune = Prune::new(backend, lease, Interrupt::default());
    prune.run(plan).await?;
    Ok(prune.done.with(std::mem::take))
}

fn pass(fake: &Fake, time: TimeDelta) {
    fake.state().now += time;
}

fn keys(fake: &Fake) -> Vec<String> {
    fake.objects().into_keys().collect()
}

fn tombstone(fake: &Fake, version: &str) -> Option<Tombstone> {
    let key = format!("shop/.static-assets/tombstones/{version}.json");
    let objects = fake.objects();
    Some(of_json(objects.get(&key)?).unwrap())
}

fn state(fake: &Fake, version: &str) -> Option<TombstoneState> {
    tombstone(fake, version).map(|it| it.state)
}

/// The objects of a version other than its tombstone.
fn objects_of(fake: &Fake, version: &str) -> Vec<String> {
    let state = fake.state();
    let keys = state.objects.keys().filter(|key| {
        let is_part = key.split('/').any(|part| {
            part == version || part.strip_suffix(".json").is_some_and(|it| it == version)
        });
        is_part && !key.contains("/tombstones/")
    });
    keys.cloned().collect()
}

/// Two versions of which a policy that keeps one deletes the older.
struct Old {
    old: Build,
    new: Build,
}

impl Old {
    fn named(old: Option<&str>, new: Option<&str>) -> Self {
        Self {
            old: Build::with("old", old),
            new: Build::with("new", new),
        }
    }

    /// Both are built, and forty days pass.
    async fn in_store(&self, fake: &Fake) {
        self.old.publish(fake).await.unwrap();
        pass(fake, TimeDelta::hours(1));
        self.new.publish(fake).await.unwrap();
        pass(fake, TimeDelta::days(40));
        fake.take_requests();
    }

    fn version(&self) -> &str {
        self.old.release.version.as_str()
    }

    /// The next prune completes what this one began, and the other version stays whole.
    async fn assert_completes(&self, fake: &Fake) {
        fake.heals();
        assert_promises(&fake.state());
        pass(fake, TimeDelta::hours(2));
        let done = prune(fake, &self.new, &policy(1, 30)).await.unwrap();
        assert!(done.len() <= 1, "{done:?}");
        assert_eq!(objects_of(fake, self.version()), [""; 0]);
        let tombstone = tombstone(fake, self.version()).unwrap();
        assert_eq!(tombstone.state, TombstoneState::Deleted);
        assert_eq!(tombstone.content, Some(self.old.release.content));
        assert_promises(&fake.state());
        let unchanged = self.new.publish(fake).await.unwrap();
        assert!(unchanged.unchanged);
    }
}

const STORES: [ConditionalWrites; 3] = [
    ConditionalWrites::Honoured,
    ConditionalWrites::Ignored,
    ConditionalWrites::Refused,
];

const BULK_DELETES: [BulkDeletes; 2] = [BulkDeletes::Known, BulkDeletes::Unknown];

#[tokio::test(start_paused = true)]
async fn a_prune_sends_the_requests_of_the_contract() {
    let (fake, old) = (Fake::new(), Old::named(Some("v1"), Some("v2")));
    old.in_store(&fake).await;
    let done = prune(&fake, &old.new, &policy(1, 30)).await.unwrap();
    assert_eq!(done[0].1, Pruned::Deleted { left: 0 });
    let requests = fake.take_requests();
    let writes = requests.iter().filter(|it| !it.starts_with(['G', 'L']));
    let meta = "shop/.static-assets";
    let expected = [
        format!("DELETE {meta}/leases/_probe-"),
        "DELETE shop/_probe-".to_owned(),
        format!("PUT {meta}/leases/"),
        format!("PUT {meta}/tombstones/v1.json"),
        format!("DELETE {meta}/versions/v1.json"),
        "POST ?delete".to_owned(),
        format!("DELETE {meta}/claims/v1/"),
        format!("PUT {meta}/tombstones/v1.json"),
        format!("DELETE {meta}/refs/v1/default/"),
        format!("DELETE {meta}/leases/"),
    ];
    let writes: Vec<_> = writes.collect();
    assert_eq!(writes.len(), expected.len(), "{writes:#?}");
    for (write, start) in writes.iter().zip(&expected) {
        assert!(write.starts_with(start.as_str()), "{writes:#?}");
    }
    assert_eq!(objects_of(&fake, "v1"), [""; 0]);
    old.assert_completes(&fake).await;
}

/// F35, for a version that the policy does not keep: a prune fails at its first request, at its second, and so on.
async fn at_every_request(
    old: &Old,
    creates: ConditionalWrites,
    bulk_deletes: BulkDeletes,
    when: FaultTime,
    what: &FaultKind,
) {
    for number in 1.. {
        let fake = Fake::new().with(|state| {
            state.creates = creates;
            state.bulk_deletes = bulk_deletes;
        });
        old.in_store(&fake).await;
        fake.fails(Fault::at(number, "", when, what.clone()));
        let policy = policy(1, 30);
        let outcome = tokio::select! {
            outcome = prune(&fake, &old.new, &policy) => Some(outcome),
            () = fake.crash() => None,
        };
        let is_done = fake.state().faults[0].seen() < number;
        if is_done {
            assert!(matches!(outcome, Some(Ok(_))));
        }
        old.assert_completes(&fake).await;
        if is_done {
            assert!(number > 12, "{number} requests");
            return;
        }
    }
}

async fn everywhere(what: FaultKind) {
    for bulk_deletes in BULK_DELETES {
        for (old, new) in [(None, None), (Some("v1"), Some("v2"))] {
            let old = Old::named(old, new);
            for creates in STORES {
                for when in [FaultTime::Before, FaultTime::After] {
                    at_every_request(&old, creates, bulk_deletes, when, &what).await;
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f35_the_next_prune_completes_a_killed_one() {
    everywhere(FaultKind::Crash).await;
}

#[tokio::test(start_paused = true)]
async fn f35_the_next_prune_completes_one_whose_connection_was_cut() {
    everywhere(FaultKind::Cut).await;
}

#[tokio::test(start_paused = true)]
async fn f35_the_next_prune_completes_one_that_a_500_met() {
    everywhere(FaultKind::Status(500, "InternalError")).await;
}

#[tokio::test(start_paused = true)]
async fn f35_the_next_prune_completes_one_that_a_403_stopped() {
    everywhere(FaultKind::Status(403, "AccessDenied")).await;
}

#[tokio::test(start_paused = true)]
async fn a_build_that_was_never_finished_is_deleted_after_a_day() {
    for version in [None, Some("v1")] {
        let (fake, build) = (Fake::new(), Build::with("one", version));
        fake.fails(Fault::at(
            1,
            "PUT shop/.static-assets/versions/",
            FaultTime::Before,
            FaultKind::Crash,
        ));
        tokio::select! {
            _ = build.publish(&fake) => panic!("it was not killed"),
            () = fake.crash() => {}
        }
        fake.heals();
        let name = build.release.version.as_str();
        assert!(objects_of(&fake, name).len() >= 4);
        pass(&fake, TimeDelta::hours(23));
        assert_eq!(prune(&fake, &build, &policy(1, 30)).await.unwrap(), []);
        pass(&fake, TimeDelta::hours(2));
        let done = prune(&fake, &build, &policy(1, 30)).await.unwrap();
        assert_eq!(done[0].1, Pruned::Deleted { left: 0 });
        assert_eq!(objects_of(&fake, name), [""; 0]);
        // Nobody has ever seen it, so its name is free for any content.
        assert_eq!(tombstone(&fake, name).unwrap().content, None);
        Build::with("two", version).publish(&fake).await.unwrap();
    }
}

/// F31: the files of a version can't be deleted.
#[tokio::test(start_paused = true)]
async fn f31_what_a_policy_of_the_store_holds_stays_and_is_named() {
    for (held, state_after) in [
        (
            "DELETE shop/.static-assets/versions/",
            TombstoneState::Spared,
        ),
        ("DELETE shop/v1/", TombstoneState::Deleting),
    ] {
        for _ in 0..2 {
            let fake = Fake::new().with(|state| state.bulk_deletes = BulkDeletes::Unknown);
            let old = Old::named(Some("v1"), Some("v2"));
            old.in_store(&fake).await;
            fake.fails(Fault::always(
                held,
                FaultKind::Status(409, "BlobImmutableDueToPolicy"),
            ));
            let error = prune(&fake, &old.new, &policy(1, 30)).await.unwrap_err();
            assert!(matches!(request_error(&error), RequestError::Held));
            assert_eq!(state(&fake, "v1"), Some(state_after));
            // Other builds go on; so does one of this version, if it is whole.
            old.new.publish(&fake).await.unwrap();
            assert_promises(&fake.state());
            old.assert_completes(&fake).await;
        }
    }
}

/// F30: in a bucket with versioning, a deleted key can be created again.
#[tokio::test(start_paused = true)]
async fn f30_a_deleted_version_is_published_again_by_the_same_content_only() {
    for creates in STORES {
        let fake = Fake::new().with(|state| state.creates = creates);
        let old = Old::named(Some("v1"), Some("v2"));
        old.in_store(&fake).await;
        prune(&fake, &old.new, &policy(1, 30)).await.unwrap();
        let other = Build::with("other", Some("v1"));
        let refused = other.publish(&fake).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(_)), "{refused:?}");
        fake.take_requests();
        old.old.publish(&fake).await.unwrap();
        assert_eq!(asset_uploads(&fake.take_requests()), 3);
        assert_promises(&fake.state());
    }
}

#[tokio::test(start_paused = true)]
async fn the_key_of_a_build_deletes_nothing_and_holds_up_nobody() {
    let fake = Fake::new();
    let old = Old::named(Some("v1"), Some("v2"));
    old.in_store(&fake).await;
    let before = keys(&fake);
    fake.state().rights = Rights::NoDelete;
    let error = prune(&fake, &old.new, &policy(1, 30)).await.unwrap_err();
    assert!(matches!(request_error(&error), RequestError::Forbidden));
    assert_eq!(keys(&fake), before);
    fake.state().rights = Rights::All;
    prune(&fake, &old.new, &policy(1, 30)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_second_prune_finds_out_that_the_first_may_still_run() {
    let fake = Fake::new();
    let old = Old::named(Some("v1"), Some("v2"));
    old.in_store(&fake).await;
    fake.fails(Fault::at(
        1,
        "DELETE shop/.static-assets/versions/",
        FaultTime::After,
        FaultKind::Crash,
    ));
    let policy = policy(1, 30);
    tokio::select! {
        _ = prune(&fake, &old.new, &policy) => panic!("it was not killed"),
        () = fake.crash() => {}
    }
    fake.heals();
    pass(&fake, TimeDelta::minutes(69));
    let before = keys(&fake);
    let then = match prune(&fake, &old.new, &policy).await {
        Err(StoreError::AnotherPrune(then, _)) => then,
        other => panic!("{other:?}"),
    };
    // It leaves no lease of its own, which would hold up the next one.
    assert_eq!(keys(&fake), before);
    let now = fake.state().now;
    assert!((TimeDelta::zero()..TimeDelta::minutes(2)).contains(&(then - now)));
    // A build of that version waits; the other one does not.
    let pruned = old.old.publish(&fake).await.unwrap_err();
    assert!(matches!(pruned, StoreError::BeingPruned), "{pruned:?}");
    old.new.publish(&fake).await.unwrap();
    // The build has put a fresh ref, so the version is spared, and can be built again.
    pass(&fake, TimeDelta::hours(2));
    let done = prune(&fake, &old.new, &policy).await.unwrap();
    assert_eq!(done[0].1, Pruned::Spared);
    old.old.publish(&fake).await.unwrap();
    assert_promises(&fake.state());
}

#[tokio::test(start_paused = true)]
async fn a_pin_that_comes_late_keeps_the_version() {
    let fake = Fake::new();
    let old = Old::named(Some("v1"), Some("v2"));
    old.in_store(&fake).await;
    let backend = backend(&fake, &old.new);
    let lease = Arc::new(Lease::take(&backend).await.unwrap());
    let inventory = backend.inventory(None, ReadRefs::Every).await.unwrap();
    let plan = PrunePlan::of(&inventory, &policy(1, 30), lease.began);
    let (version, name) = (&old.old.release.version, "late".parse().unwrap());
    backend.pin(version, &name, "a rollback").await.unwrap();
    let prune = Prune::new(backend, lease, Interrupt::default());
    prune.run(plan).await.unwrap();
    let done = prune.done.with(std::mem::take);
    assert_eq!(done[0].1, Pruned::Spared);
    assert_eq!(state(&fake, "v1"), Some(TombstoneState::Spared));
    assert!(old.old.publish(&fake).await.unwrap().unchanged);
}

#[tokio::test(start_paused = true)]
async fn files_that_no_marker_names_are_left() {
    let fake = Fake::new();
    let old = Old::named(Some("v1"), Some("v2"));
    old.in_store(&fake).await;
    fake.plant("shop/v1/notes.txt", b"of somebody else");
    fake.plant("shop/images/logo.svg", b"of somebody else");
    let build = Build::with("x", Some("images"));
    let refused = build.publish(&fake).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused:?}");
    pass(&fake, TimeDelta::days(40));
    let done = prune(&fake, &old.new, &policy(1, 30)).await.unwrap();
    assert_eq!(done.len(), 1, "{done:?}");
    assert_eq!(done[0].1, Pruned::Deleted { left: 1 });
    let objects = keys(&fake);
    for key in ["shop/v1/notes.txt", "shop/images/logo.svg"] {
        assert!(objects.iter().any(|it| it == key), "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn old_refs_are_deleted_but_for_the_newest_of_each_group() {
    let (fake, build) = (Fake::new(), Build::with("one", Some("v1")));
    for round in 0..6 {
        let label = RunLabel {
            group: ["default", "review"][round % 2].to_owned(),
            commit: None,
        };
        protocol(&fake, &build.release)
            .publish(&label)
            .await
            .unwrap();
        pass(&fake, TimeDelta::hours(20));
    }
    let refs = || {
        let state = fake.state();
        let keys = state.objects.keys();
        let refs = keys.filter(|key| key.contains("/refs/"));
        let groups = refs.map(|key| key.split('/').nth(4).unwrap().to_owned());
        groups.collect::<Vec<_>>()
    };
    assert_eq!(refs().len(), 6);
    prune(&fake, &build, &policy(1, 1)).await.unwrap();
    // The last one is younger than a day.
    assert_eq!(refs(), ["default", "review"]);
}

/// F34: a build and a prune of the same version at once, in many orders.
#[tokio::test(start_paused = true)]
async fn f34_a_build_beside_a_prune_ends_well_or_says_that_it_is_pruned() {
    let (mut pruned, mut built) = (0, 0);
    for seed in 1..=300_u64 {
        let creates = STORES[usize::try_from(seed % 3).unwrap()];
        let fake = Fake::new().with(|state| state.creates = creates);
        let names = [(None, None), (Some("v1"), Some("v2"))];
        let (old, new) = names[usize::try_from(seed % 2).unwrap()];
        let old = Old::named(old, new);
        old.in_store(&fake).await;
        fake.state().jitter = Some(Jitter(seed * 0x9e37_79b9));
        let policy = policy(1, 30);
        let late_build = async {
            tokio::time::sleep(Duration::from_millis(seed * 5 % 700)).await;
            old.old.publish(&fake).await
        };
        let (late, beside) = tokio::join!(late_build, prune(&fake, &old.new, &policy));
        beside.unwrap();
        assert_promises(&fake.state());
        match late {
            Ok(_) => {
                built += 1;
                let marker = format!("shop/.static-assets/versions/{}.json", old.version());
                assert!(fake.objects().contains_key(&marker), "seed {seed}");
            }
            Err(StoreError::BeingPruned) => pruned += 1,
            Err(error) => panic!("seed {seed}: {error:?}"),
        }
        // Whatever happened, the same build ends well afterwards, at the latest after the next prune.
        fake.state().jitter = None;
        if old.old.publish(&fake).await.is_err() {
            pass(&fake, TimeDelta::hours(2));
            prune(&fake, &old.new, &policy).await.unwrap();
            old.old.publish(&fake).await.unwrap();
        }
        assert_promises(&fake.state());
    }
    assert!(pruned > 20 && built > 20, "{pruned} pruned, {built} built");
}

/// What was built of each version, by the store's clock.
#[derive(Default)]
struct History<'a> {
    /// When the last build that ended well began, and what it published.
    ended_well: BTreeMap<String, (DateTime<Utc>, &'a Build)>,
    /// Not before the last ref of any build.
    last_ref: BTreeMap<String, DateTime<Utc>>,
}

/// Every version that was built well and that the policy keeps is whole.
fn assert_kept(fake: &Fake, history: &History<'_>, policy: &Policy, seed: u64) {
    assert_promises(&fake.state());
    let now = fake.state().now;
    let objects = fake.objects();
    for (version, (at, build)) in &history.ended_well {
        let others = history.last_ref.iter();
        let later = others.filter(|(other, last)| *other != version && **last >= *at);
        let is_last = later.count() < policy.retention.keep_last;
        if is_last || *at > now - policy.retention.keep_within {
            let marker = format!("shop/.static-assets/versions/{version}.json");
            let stored = objects.get(&marker);
            let is_whole = stored.is_some_and(|stored| *stored == build.release.marker);
            assert!(is_whole, "seed {seed:#x}: {version} is not whole");
        }
    }
}

/// Days pass in which four builders and two prunes work beside and after each other, and some are killed.
#[tokio::test(start_paused = true)]
#[allow(
    clippy::too_many_lines,
    reason = "what happens in one step stands together"
)]
async fn what_was_built_and_is_kept_is_whole_over_days() {
    let contents = ["one", "two", "three", "four", "five", "six"];
    let digests: Vec<_> = contents.iter().map(|it| Build::with(it, None)).collect();
    let names = ["v1", "v2", "v3", "v4", "v5", "v6"];
    let explicit = contents.iter().zip(names);
    let explicit: Vec<_> = explicit
        .map(|(it, name)| Build::with(it, Some(name)))
        .collect();
    let policy = policy(2, 2);
    let (mut deletions, mut killed, mut refused) = (0, 0, 0);
    for round in 0..200_u64 {
        let seed = 0x5eed_0000 + round * 7919;
        let mut dice = Dice(seed);
        let creates = STORES[dice.index(3)];
        let fake = Fake::new().with(|state| {
            state.creates = creates;
            state.bulk_deletes = BULK_DELETES[usize::try_from(round % 2).unwrap()];
        });
        let builds = if dice.roll(2) == 0 {
            &digests
        } else {
            &explicit
        };
        let mut history = History::default();
        for _ in 0..8 {
            pass(
                &fake,
                TimeDelta::hours(i64::try_from(dice.roll(60)).unwrap()),
            );
            fake.state().jitter = Some(Jitter(dice.roll(u64::MAX - 1) + 1));
            let mut patience = || match dice.roll(4) {
                0 => Duration::from_millis(dice.roll(900)),
                _ => Duration::from_hours(1),
            };
            let patience: [Duration; 6] = std::array::from_fn(|_| patience());
            let chosen: [&Build; 4] = std::array::from_fn(|_| &builds[dice.index(6)]);
            let starts: [Duration; 6] =
                std::array::from_fn(|_| Duration::from_millis(dice.roll(1200)));
            let prunes = dice.roll(3);
            let build = async |number: usize| {
                tokio::time::sleep(starts[number]).await;
                tokio::time::timeout(patience[number], chosen[number].publish(&fake)).await
            };
            let prune = async |number: usize| {
                if prunes < u64::try_from(number).unwrap() - 3 {
                    return None;
                }
                tokio::time::sleep(starts[number]).await;
                Some(
                    tokio::time::timeout(patience[number], prune(&fake, &digests[0], &policy))
                        .await,
                )
            };
            let (a, b, c, d, first, second) =
                tokio::join!(build(0), build(1), build(2), build(3), prune(4), prune(5));
            let now = fake.state().now;
            for (built, build) in [a, b, c, d].into_iter().zip(chosen) {
                let version = build.release.version.to_string();
                history.last_ref.insert(version.clone(), now);
                match built {
                    Ok(Ok(_)) => drop(history.ended_well.insert(version, (now, build))),
                    Ok(Err(StoreError::BeingPruned)) => refused += 1,
                    Ok(Err(error)) => panic!("seed {seed:#x}: {error:?}"),
                    Err(_) => killed += 1,
                }
            }
            for pruned in [first, second].into_iter().flatten() {
                match pruned {
                    Ok(Ok(done)) => deletions += done.len(),
                    Ok(Err(StoreError::AnotherPrune(..))) => {}
                    Ok(Err(error)) => panic!("seed {seed:#x}: {error:?}"),
                    Err(_) => killed += 1,
                }
            }
            fake.heals();
            assert_kept(&fake, &history, &policy, seed);
        }
    }
    assert!(deletions > 200, "{deletions} deletions");
    assert!(
        killed > 200 && refused > 5,
        "{killed} killed, {refused} refused"
    );
}

/// F35 on a directory: a prune ends before its first write, before its second, and so on.
#[test]
fn f35_the_next_prune_completes_one_that_was_stopped_on_a_directory() {
    for _ in 0..2 {
        for number in 0.. {
            let root = tempfile::tempdir().unwrap();
            let store = Store::open(
                &StoreUrl::File(root.path().to_owned()),
                &crate::config::Access::Directory,
            )
            .unwrap();
            let old = Old::named(Some("v1"), Some("v2"));
            let publish = |build: &Build| {
                let (release, none) = (&build.release, &Interrupt::default());
                store.publish(release, Some(&super::world::label()), none, &mut |_| {})
            };
            publish(&old.old).unwrap();
            age(root.path(), TimeDelta::hours(1));
            publish(&old.new).unwrap();
            age(root.path(), TimeDelta::days(40));
            let interrupt = Interrupt::after_checks(number);
            let first = prune_directory(&store, &interrupt);
            age(root.path(), TimeDelta::hours(2));
            prune_directory(&store, &Interrupt::default()).unwrap();
            let mut left = fs_err::read_dir(root.path())
                .unwrap()
                .map(|it| it.unwrap().file_name().into_string().unwrap())
                .collect::<Vec<_>>();
            left.sort_unstable();
            assert_eq!(left, [".static-assets", "v2"], "write {number}");
            assert!(publish(&old.new).unwrap().unchanged);
            publish(&old.old).unwrap();
            if first.is_ok() {
                assert!(number > 5, "{number} writes");
                break;
            }
        }
    }
}

fn prune_directory(store: &Store, interrupt: &Interrupt) -> Result<(), StoreError> {
    let lease = store.begin_prune(&Interrupt::default())?;
    let (inventory, _) = store.inventory_now(&Interrupt::default())?;
    let plan = PrunePlan::of(&inventory, &policy(1, 30), lease.began);
    store.prune(&lease, plan, interrupt, &mut |_, _| {})
}

/// Moves every file back in time.
fn age(root: &Path, by: TimeDelta) {
    for path in crate::fs::files_below(root).unwrap() {
        let file = fs_err::File::open(root.join(path)).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        file.file()
            .set_modified(modified - by.to_std().unwrap())
            .unwrap();
    }
}
