//! Values that tasks change while the waiting thread reads them.

use std::sync::{Mutex, PoisonError};

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
