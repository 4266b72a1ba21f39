//! The JSON object that tells other programs what was published.

use crate::context::DryRun;
use crate::plan::Requests;
use crate::publish::Published;
use serde::Serialize;

/// If there is no version, nothing was published; the log says why.
#[derive(Default, Serialize)]
struct PublishedJson<'a> {
    version: Option<&'a str>,
    url: Option<&'a str>,
    digest: Option<String>,
    framework: Option<&'a str>,
    files: usize,
    bytes: u64,
    /// In a dry run, what would be uploaded.
    uploaded: Uploaded,
    requests: Requests,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    /// Whether the release phase uploads.
    #[serde(skip_serializing_if = "Option::is_none")]
    prepared: Option<bool>,
}

#[derive(Default, Serialize)]
struct Uploaded {
    files: usize,
    bytes: u64,
}

pub(super) fn render(published: Option<&Published>, dry_run: DryRun) -> String {
    let json = published.map(|published| PublishedJson::of(published, dry_run));
    serde_json::to_string(&json.unwrap_or_default()).unwrap_or_default() + "\n"
}

impl<'a> PublishedJson<'a> {
    fn of(published: &'a Published, dry_run: DryRun) -> Self {
        let release = &published.release;
        let summary = published
            .uploaded
            .as_ref()
            .map(|it| it.summary)
            .unwrap_or_default();
        let is_deferred = published.is_deferred();
        Self {
            version: Some(release.version.as_str()),
            url: Some(release.prefix.url()),
            digest: Some(release.digest.to_string()),
            framework: Some(&published.framework),
            files: release.manifest.assets().len(),
            bytes: release.manifest.bytes(),
            uploaded: Uploaded {
                files: summary.put,
                bytes: summary.put_bytes,
            },
            requests: summary.requests,
            // To the millisecond.
            seconds: (summary.duration.as_secs_f64() * 1000.0).round() / 1000.0,
            dry_run: (dry_run == DryRun::Yes && !is_deferred).then_some(true),
            prepared: is_deferred.then_some(true),
        }
    }
}
