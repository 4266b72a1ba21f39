//! What was done, as one JSON object for other programs.

use crate::plan::{Requests, Summary};
use crate::publish::{Done, Outcome, Upload};
use serde::Serialize;

/// Without a version, nothing was published; the log says why.
#[derive(Default, Serialize)]
struct Report<'a> {
    version: Option<&'a str>,
    url: Option<&'a str>,
    digest: Option<String>,
    framework: Option<&'a str>,
    files: usize,
    bytes: u64,
    /// In a rehearsal: what would be.
    uploaded: Uploaded,
    requests: Requests,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    /// Kept for the release phase; nothing is published yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    prepared: Option<bool>,
}

#[derive(Default, Serialize)]
struct Uploaded {
    files: usize,
    bytes: u64,
}

pub(super) fn json(outcome: &Outcome) -> String {
    let report = match outcome {
        Outcome::Nothing => Report::default(),
        Outcome::Done(done) => Report::of(done),
    };
    let mut json = serde_json::to_string(&report).unwrap_or_default();
    json.push('\n');
    json
}

impl<'a> Report<'a> {
    fn of(done: &'a Done) -> Self {
        let release = &done.release;
        let summary = match &done.upload {
            Upload::Published(summary) | Upload::Rehearsed(summary) => summary,
            Upload::Deferred => &Summary::default(),
        };
        Self {
            version: Some(release.version.as_str()),
            url: Some(release.prefix.url()),
            digest: Some(release.digest.to_string()),
            framework: Some(&done.framework),
            files: release.manifest.assets().len(),
            bytes: release.manifest.bytes(),
            uploaded: Uploaded {
                files: summary.put,
                bytes: summary.put_bytes,
            },
            requests: summary.requests,
            // To the millisecond.
            seconds: (summary.duration.as_secs_f64() * 1000.0).round() / 1000.0,
            dry_run: matches!(done.upload, Upload::Rehearsed(_)).then_some(true),
            prepared: done.is_kept().then_some(true),
        }
    }
}
