//! Prunes on real servers, whose clock is days ahead after each jump.

use crate::harness::clock::ClockProxy;
use crate::harness::dice::Dice;
use crate::harness::proxy::{Moment, Proxy};
use crate::harness::stores::TestStore;
use crate::harness::{Platform, note};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Child;

/// A store, and a clock that can be moved.
struct Setup {
    platform: Platform,
    objects: Box<dyn Fn() -> BTreeMap<String, Vec<u8>>>,
    clock: ClockProxy,
    kill: Proxy,
}

impl Setup {
    fn of(kind: &str) -> Option<Self> {
        let store = TestStore::of(kind)?;
        let endpoint = store.endpoint.unwrap();
        let clock = ClockProxy::to(&endpoint);
        let origin = |url: &str| url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let kill = Proxy::to(&origin(&clock.url));
        let path = &endpoint[origin(&endpoint).len()..];
        let platform = store.platform.env("STATIC_ASSETS_CHECK", "off");
        Some(Self {
            platform: platform.with_endpoint(&endpoint, &format!("{}{path}", kill.url)),
            objects: store.objects,
            clock,
            kill,
        })
    }

    fn publish(&self, content: &str, version: Option<&str>) -> String {
        for path in ["a.css", "b/c.js", "d.svg"] {
            let path = format!("dist/{path}");
            self.platform.write(&path, &format!("{path} of {content}"));
        }
        let settings = version.map(|it| ("RELEASE_VERSION", it));
        let published = self.platform.cli_with(&PUBLISH, settings.as_slice());
        let json = published.exits(0).json();
        json["version"].as_str().unwrap().to_owned()
    }

    /// The objects of a version other than its tombstone.
    fn objects_of(&self, version: &str) -> Vec<String> {
        let objects = (self.objects)().into_keys();
        let is_part = |key: &String| {
            let mut parts = key.split('/');
            parts.any(|part| part == version || part == format!("{version}.json"))
        };
        let parts = objects.filter(is_part);
        parts.filter(|key| !key.contains("/tombstones/")).collect()
    }
}

const PUBLISH: [&str; 4] = ["publish", "--dir", "dist", "--json"];
const PRUNE: [&str; 5] = ["prune", "--keep-last", "1", "--apply", "--json"];

fn names(json: &Value, list: &str) -> Vec<String> {
    let names = json[list].as_array().unwrap().iter();
    names.map(|it| it.as_str().unwrap().to_owned()).collect()
}

/// What a policy does not keep is gone, nothing else is, and its content can be published again.
fn deletes(kind: &str) {
    let Some(setup) = Setup::of(kind) else {
        return;
    };
    let old = [setup.publish("one", None), setup.publish("two", Some("v2"))];
    setup.clock.hours_pass(1);
    let kept = setup.publish("three", Some("v3"));
    let pinned = setup.publish("four", None);
    setup
        .platform
        .cli(&["pin", &pinned, "--reason", "audit"])
        .exits(0);
    setup.clock.hours_pass(40 * 24);
    let newest = setup.publish("five", None);
    let run = [&PRUNE[..], &["--force"]].concat();
    let json = setup.platform.cli(&run).exits(0).json();
    let mut deleted = names(&json, "deleted");
    deleted.sort_unstable();
    let mut expected = [&old[..], &[kept]].concat();
    expected.sort_unstable();
    assert_eq!(deleted, expected, "{kind} {json}");
    assert_eq!(json["freed"]["files"], 9);
    for version in &deleted {
        assert_eq!(setup.objects_of(version), [""; 0], "{kind}");
    }
    for version in [&pinned, &newest] {
        setup.platform.cli(&["verify", version, "--read"]).exits(0);
    }
    let leases = (setup.objects)().into_keys();
    assert_eq!(
        leases.filter(|it| it.contains("/leases/")).count(),
        0,
        "{kind}"
    );
    assert_eq!(setup.publish("two", Some("v2")), "v2");
    setup.platform.cli(&["verify", "v2", "--read"]).exits(0);
}

/// A prune is killed at its first request, at its second, and so on. The next one completes.
fn completes(kind: &str, moment: Moment) {
    for number in 1.. {
        let Some(setup) = Setup::of(kind) else {
            return;
        };
        let old = setup.publish("old", Some("v1").filter(|_| number % 2 == 0));
        setup.publish("new", None);
        setup.clock.hours_pass(40 * 24);
        setup.publish("new", None);
        setup.kill.kill_at(number, moment);
        let run = ["prune", "--keep-last", "1", "--apply", "--force"];
        let mut prune = setup.platform.start_cli(&run);
        setup.kill.victim(prune.id());
        let status = prune.wait().unwrap();
        let was_killed = setup.kill.stop_killing();
        assert_eq!(status.success(), !was_killed, "{kind}, request {number}");
        setup.clock.hours_pass(2);
        setup.platform.cli(&run).exits(0);
        assert_eq!(setup.objects_of(&old), [""; 0], "{kind}, request {number}");
        setup.platform.cli(&["verify", "--all", "--read"]).exits(0);
        if !was_killed {
            assert!(number > 12, "{number} requests");
            return;
        }
    }
}

macro_rules! on {
    ($($kind:ident),*) => {
        $(mod $kind {
            #[test]
            fn what_the_policy_does_not_keep_is_deleted() {
                super::deletes(stringify!($kind));
            }
        })*
    };
}

on!(s3, minio, versitygw, moto, rclone, azure, gcs);

macro_rules! killed_on {
    ($($kind:ident),*) => {
        mod killed {
            $(mod $kind {
                use crate::harness::proxy::Moment;

                #[test]
                fn f35_before_requests() {
                    super::super::completes(stringify!($kind), Moment::BeforeEffect);
                }

                #[test]
                fn f35_after_requests() {
                    super::super::completes(stringify!($kind), Moment::AfterEffect);
                }
            })*
        }
    };
}

killed_on!(s3, azure);

/// A process that may be killed at one of its requests.
fn start(setup: &Setup, dice: &mut Dice, run: &[&str], version: Option<&str>) -> Child {
    let proxy = Proxy::to(&setup.clock.url);
    if dice.roll(4) == 0 {
        proxy.kill_at(1 + dice.index(16), Moment::BeforeEffect);
    }
    let settings = [
        ("STATIC_ASSETS_ENDPOINT_URL", &*proxy.url),
        ("RELEASE_VERSION", version.unwrap_or_default()),
    ];
    let child = setup.platform.start_cli_with(run, &settings);
    proxy.victim(child.id());
    child
}

/// Days pass in which four builders and two prunes work beside each other, and some are killed. What was built, and is
/// inside of the policy, is whole.
#[test]
#[allow(
    clippy::too_many_lines,
    reason = "what happens in one step stands together"
)]
fn what_was_built_and_is_kept_is_whole_over_days() {
    const POLICY: [&str; 7] = [
        "prune",
        "--keep-last",
        "2",
        "--keep-within",
        "2d",
        "--apply",
        "--force",
    ];
    let (mut well, mut pruned) = (0, 0);
    for round in 0..10 {
        let seed = 0x0da7_5eed + round * 7919;
        note(&format!("round {round}: seed {seed:#x}"));
        let Some(setup) = Setup::of("s3") else {
            return;
        };
        let mut dice = Dice(seed);
        let names = [None, Some("v1"), None, Some("v2"), None, Some("v3")];
        for number in 0..names.len() {
            setup
                .platform
                .write(&format!("dist{number}/a.css"), &format!("a {number}"));
            setup
                .platform
                .write(&format!("dist{number}/b.js"), &format!("b {number}"));
        }
        // By content: when its last build that ended well began, and when any build of it ended, in hours.
        let (mut ended_well, mut last_ref) = (BTreeMap::new(), BTreeMap::new());
        let mut now = 0;
        for _ in 0..6 {
            let hours = i64::try_from(dice.roll(60)).unwrap();
            setup.clock.hours_pass(hours);
            now += hours;
            let builds: Vec<_> = (0..4)
                .map(|_| {
                    let chosen = dice.index(names.len());
                    let dir = format!("dist{chosen}");
                    let run = ["publish", "--dir", &dir];
                    (chosen, start(&setup, &mut dice, &run, names[chosen]))
                })
                .collect();
            let beside: Vec<_> = (0..dice.roll(3))
                .map(|_| start(&setup, &mut dice, &POLICY, None))
                .collect();
            for (chosen, mut child) in builds {
                let code = child.wait().unwrap().code();
                assert!(
                    matches!(code, None | Some(0 | 5)),
                    "seed {seed:#x}: {code:?}"
                );
                last_ref.insert(chosen, now);
                if code == Some(0) {
                    ended_well.insert(chosen, now);
                    well += 1;
                }
            }
            for mut child in beside {
                let code = child.wait().unwrap().code();
                assert!(
                    matches!(code, None | Some(0 | 5)),
                    "seed {seed:#x}: {code:?}"
                );
                pruned += usize::from(code == Some(0));
            }
            for (chosen, at) in &ended_well {
                let others = last_ref.iter();
                let later = others.filter(|(other, last)| *other != chosen && *last >= at);
                if later.count() < 2 || *at > now - 48 {
                    let dir = format!("dist{chosen}");
                    let run = ["publish", "--dir", &dir, "--json", "--dry-run"];
                    let version = names[*chosen].unwrap_or_default();
                    let shown = setup
                        .platform
                        .cli_with(&run, &[("RELEASE_VERSION", version)]);
                    let version = shown.exits(0).json()["version"].clone();
                    let verify = ["verify", version.as_str().unwrap(), "--read"];
                    setup.platform.cli(&verify).exits(0);
                }
            }
            // No object of any other visible version is missing.
            setup.platform.cli(&["verify", "--all"]).exits(0);
        }
    }
    assert!(well > 50 && pruned > 5, "{well} built, {pruned} pruned");
}
