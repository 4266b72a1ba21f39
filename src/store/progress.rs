//! How far an upload is.

use std::time::Duration;

/// What is uploaded so far of what is known to be missing. The caller of a publish gets it ten times a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) files: usize,
    pub(crate) of_files: usize,
    pub(crate) bytes: u64,
    pub(crate) of_bytes: u64,
    pub(crate) elapsed: Duration,
}
