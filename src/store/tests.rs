//! The protocol on a store in memory under `Transport`: every fault and every order, on a clock that does not wait.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy's allowance does not reach helper functions: rust-clippy#11119"
)]
#![allow(
    clippy::duplicate_mod,
    reason = "the same tests, on what a build and what a release phase uploads"
)]

#[path = "../../tests/harness/dice.rs"]
mod dice;
mod fake;
#[path = "../../tests/harness/names.rs"]
mod names;

/// A build uploads what it has just compiled.
#[path = "tests"]
mod at_build {
    use super::{dice, fake, names};
    use crate::release::Release;
    use std::path::Path;

    const UPLOADED_FROM: &str = "";

    fn uploaded(release: Release, _: &Path) -> Release {
        release
    }

    mod crashes;
    mod faults;
    mod inspection;
    mod prunes;
    mod races;
    mod traps;
    mod world;
}

/// A release phase uploads what the image holds: the same tests.
#[path = "tests"]
mod in_the_release_phase {
    use super::fake;
    use crate::interrupt::Interrupt;
    use crate::manifest::ScanRules;
    use crate::release::Release;
    use crate::release::deferred::Deferred;
    use std::path::Path;

    const UPLOADED_FROM: &str = "kept/files";

    fn uploaded(release: Release, dir: &Path) -> Release {
        let kept = dir.join("kept");
        let public = "https://static.example.com/".parse().unwrap();
        release
            .save_for_release_phase(&kept, &public, "directory", None)
            .unwrap();
        // The build is over by now.
        drop(release);
        let store = format!("s3://{}/shop", fake::BUCKET).parse().unwrap();
        let Ok(Deferred::Release(prepared)) = Deferred::read(&kept) else {
            panic!("no release");
        };
        prepared
            .release(
                &public,
                &store,
                &ScanRules::default(),
                &Interrupt::default(),
            )
            .unwrap()
    }

    mod crashes;
    mod faults;
    mod races;
    mod world;
}
