//! Values that tasks change while the waiting thread reads them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A value behind a lock that is held for one closure at a time.
#[derive(Debug, Default)]
pub(super) struct Shared<T>(Mutex<T>);

impl<T> Shared<T> {
    pub(super) fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(super) fn with<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        // No closure panics while it holds the lock.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What is uploaded so far of what is known to be missing. The caller of a publish gets it ten times a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) files: usize,
    pub(crate) of_files: usize,
    pub(crate) bytes: u64,
    pub(crate) of_bytes: u64,
    pub(crate) elapsed: Duration,
}
