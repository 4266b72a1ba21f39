//! How far a run is: counted where it happens, read by whoever waits.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// How far a run is, about once a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) files: usize,
    pub(crate) of_files: usize,
    pub(crate) bytes: u64,
    pub(crate) of_bytes: u64,
    pub(crate) elapsed: Duration,
}

/// What a running upload has done.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) files: AtomicUsize,
    pub(super) bytes: AtomicU64,
    pub(super) of_files: AtomicUsize,
    pub(super) of_bytes: AtomicU64,
}

impl Done {
    pub(super) fn progress(&self, elapsed: Duration) -> Progress {
        Progress {
            files: self.files.load(Ordering::Relaxed),
            of_files: self.of_files.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            of_bytes: self.of_bytes.load(Ordering::Relaxed),
            elapsed,
        }
    }
}
