//! The engine on a store in memory, below `Transport`: every fault, every order, no clock to wait for.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy's allowance does not reach helper functions: rust-clippy#11119"
)]
#![allow(
    clippy::duplicate_mod,
    reason = "the same rows, with what a build and what a release phase uploads"
)]

mod fake;
#[path = "../../tests/harness/names.rs"]
mod names;

/// What a build has just compiled, uploaded by itself.
#[path = "tests"]
mod at_build {
    use super::{fake, names};
    use crate::release::Release;
    use std::path::Path;

    const UPLOADED_FROM: &str = "";

    fn uploaded(release: Release, _: &Path) -> Release {
        release
    }

    mod crashes;
    mod faults;
    mod races;
    mod traps;
    mod world;
}

/// What an image has kept, uploaded by its release phase: the same rows.
#[path = "tests"]
mod in_the_release_phase {
    use super::fake;
    use crate::manifest::ScanRules;
    use crate::release::Release;
    use crate::release::deferred::Deferred;
    use std::path::Path;

    const UPLOADED_FROM: &str = "kept/files";

    fn uploaded(release: Release, folder: &Path) -> Release {
        let kept = folder.join("kept");
        let public = "https://static.example.com/".parse().unwrap();
        release
            .save_for_release_phase(&kept, &public, "directory")
            .unwrap();
        // By then the build is over.
        drop(release);
        let store = format!("s3://{}/shop", fake::BUCKET).parse().unwrap();
        let Ok(Deferred::Release(prepared)) = Deferred::read(&kept) else {
            panic!("no release");
        };
        prepared
            .release(&public, &store, &ScanRules::default())
            .unwrap()
    }

    mod crashes;
    mod faults;
    mod races;
    mod world;
}
