//! What the log says of an upload: progress, result, dry run, what changed, and the release phase.

use crate::config::env_vars::RELEASE_VERSION;
use crate::config::{Config, Destination, GzipReason, Unpublished};
use crate::context::{BuildContext, DryRun};
use crate::log::{Log, bytes, count, seconds};
use crate::manifest::{Saving, Scanned};
use crate::plan::{Change, Progress, Summary};
use crate::prefix::StoreUrl;
use crate::publish::Published;
use crate::release::Release;
use crate::release::deferred::Deferred;
use fs_err as fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

pub(super) fn version(release: &Release, config: &Config, log: &Log) {
    let source = match &config.version {
        Some(given) if release.is_explicit() => {
            format!("{}, {}", RELEASE_VERSION.name, given.origin)
        }
        _ => "hash of the files".to_owned(),
    };
    let (version, commit) = (&release.version, commit_note(config));
    log.bullet(&format!("Version {version} ({source}){commit}"));
}

fn commit_note(config: &Config) -> String {
    let commit = config.label.as_ref();
    commit.map_or_else(String::new, |commit| format!(", commit {commit}"))
}

/// Shows `450 files, 9.8 MB`.
fn size_of(release: &Release) -> String {
    let files = count(release.manifest.assets().len(), "file");
    format!("{files}, {}", bytes(release.manifest.bytes()))
}

pub(super) fn left_out(scanned: &Scanned, log: &Log) {
    let left_out = &scanned.left_out;
    let parts = [
        (left_out.dot_files, count(left_out.dot_files, "dot file")),
        (
            left_out.precompressed,
            format!("{} .gz and .br", left_out.precompressed),
        ),
        (
            left_out.source_maps,
            count(left_out.source_maps, "source map"),
        ),
    ];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = parts.map(|(_, part)| part).collect();
    if !parts.is_empty() {
        log.detail(&format!("Not uploaded: {}", parts.join(", ")));
    }
    if let [first, ..] = scanned.server_code.as_slice() {
        log.warning(&format!(
            "{} of source code will be public, such as {first}. If no page loads them, keep them out of the static \
             directories.",
            count(scanned.server_code.len(), "file")
        ));
    }
    if scanned.source_maps > 0 {
        log.detail(&format!(
            "{} will be public and show your sources. To leave them out: STATIC_ASSETS_SOURCE_MAPS=exclude",
            count(scanned.source_maps, "source map")
        ));
    }
}

pub(super) fn gzip_reason(why: &GzipReason) -> String {
    match why {
        GzipReason::Setting(origin) => format!("STATIC_ASSETS_COMPRESS=gzip, {origin}"),
        GzipReason::OwnUrl => "browsers read the store itself, which compresses nothing".to_owned(),
    }
}

pub(super) fn compressed(saving: Saving, why: &GzipReason, log: &Log) {
    let why = gzip_reason(why);
    let Saving {
        files,
        before,
        after,
    } = saving;
    if files > 0 {
        let (files, before, after) = (count(files, "file"), bytes(before), bytes(after));
        log.detail(&format!(
            "{files} stored gzip-encoded: {after} instead of {before} ({why})"
        ));
    }
}

pub(super) fn saved(release: &Release, ctx: &BuildContext<'_>, log: &Log) {
    let size = size_of(release);
    if ctx.dry_run == DryRun::Yes {
        log.bullet(&format!(
            "Would save {size} for the release phase. Nothing was written (--dry-run)."
        ));
        return;
    }
    log.bullet(&format!(
        "Saved for the release phase: {size} (STATIC_ASSETS_PUBLISH=release)"
    ));
    log.detail("Nothing is published yet. Before a process of this release starts, run:");
    log.block(ctx.image.release_command);
}

pub(super) fn deferred(release: &Release, config: &Config, log: &Log) {
    let (version, size, commit) = (&release.version, size_of(release), commit_note(config));
    log.bullet(&format!(
        "Version {version} of this image: {size}, as the build saved it{commit}"
    ));
}

pub(super) fn not_uploaded(why: &Unpublished, deferred: Option<&Deferred>, log: &Log) {
    let (setting, origin) = match why {
        Unpublished::Disabled(origin) => ("STATIC_ASSETS_DISABLE", origin),
        Unpublished::PublishOff(origin) => ("STATIC_ASSETS_PUBLISH=off", origin),
        _ => return,
    };
    match deferred {
        Some(Deferred::Release(saved)) => log.warning(&format!(
            "version {} of this image is not uploaded: {setting} ({origin}). Its pages link to that version. If it was \
             never published, let the app serve the files:\nSTATIC_URL=/static/",
            saved.version
        )),
        Some(Deferred::Nothing) | None => log.bullet(&format!(
            "Nothing is uploaded: {setting} ({origin}), and this image holds nothing to upload"
        )),
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a rate and a time for people to read"
)]
pub(super) fn progress(progress: Progress) -> String {
    let Progress {
        files,
        of_files,
        bytes: sent,
        of_bytes,
        elapsed,
    } = progress;
    let rate = sent as f64 / elapsed.as_secs_f64().max(0.001);
    // The first connections say nothing about the time that is left.
    let left = if files * 20 < of_files || sent * 20 < of_bytes {
        String::new()
    } else {
        let left = of_bytes.saturating_sub(sent) as f64 / rate.max(1.0);
        format!(", about {left:.0} s left")
    };
    let (of_files, of_bytes) = (count(of_files, "file"), bytes(of_bytes));
    let (sent, rate) = (bytes(sent), bytes(rate as u64));
    format!("{files} of {of_files}, {sent} of {of_bytes}, {rate}/s{left}")
}

pub(super) fn would_upload(summary: &Summary, release: &Release, to: &Destination, log: &Log) {
    let Summary { put, present, .. } = summary;
    log.bullet(&if summary.unchanged {
        format!(
            "Would change nothing: {} is published in {to}",
            release.version
        )
    } else {
        let size = bytes(summary.put_bytes);
        format!("Would publish to {to}: {put} new, {present} reused, {size}")
    });
    log.bullet(&format!("Public URL: {}", release.prefix.url()));
    log.bullet("Nothing was sent (--dry-run).");
}

pub(super) fn uploaded(summary: &Summary, to: &Destination, log: &Log) {
    let Summary { put, present, .. } = summary;
    let requests = match summary.requests.all() {
        0 => String::new(),
        requests => format!(", {}", count(requests, "request")),
    };
    let duration = seconds(summary.duration);
    log.bullet(&if summary.unchanged {
        format!("Published before, unchanged: 0 uploaded{requests}, {duration}; {to}")
    } else {
        let size = bytes(summary.put_bytes);
        format!("Published to {to}: {put} new, {present} reused, {size}{requests}, {duration}")
    });
    if let StoreUrl::File(root) = &to.site.store
        && is_in_container(root)
    {
        log.warning(&format!(
            "{} is on the build container's own file system. It is gone after the build unless it is a volume.",
            root.display()
        ));
    }
}

/// Logs what returning visitors load again: every URL of a version is new, even that of an equal file.
pub(super) fn change(change: &Change, release: &Release, log: &Log) {
    let (new, size) = (count(change.new, "file"), size_of(release));
    let Change { since, equal, .. } = change;
    log.detail(&format!(
        "{new} new or changed since {since}, {equal} equal; returning visitors load {size} again"
    ));
}

pub(super) fn done(published: &Published, taken: Duration, log: &Log) {
    let (version, url) = (&published.release.version, published.release.prefix.url());
    let taken = seconds(taken);
    log.bullet(&if published.is_deferred() {
        format!(
            "Done in {taken}: version {version} is in the image, and the release phase uploads it to {url}"
        )
    } else {
        format!("Done in {taken}: version {version} is at {url}")
    });
}

/// Whether a buildpack builds on the file system that the directory is on.
fn is_in_container(root: &Path) -> bool {
    let device = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev()).ok();
    let own = device(root);
    Path::new("/cnb").is_dir() && own.is_some() && own == device("/".as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn progress_has_count_bytes_rate_and_once_it_is_known_the_time_that_is_left() {
        let mut upload = Progress {
            files: 1,
            of_files: 1000,
            bytes: 20_000,
            of_bytes: 20_000_000,
            elapsed: Duration::from_secs(1),
        };
        assert_eq!(
            progress(upload),
            "1 of 1000 files, 20.0 kB of 20.0 MB, 20.0 kB/s"
        );
        upload.files = 250;
        upload.bytes = 5_000_000;
        upload.elapsed = Duration::from_secs(2);
        assert_eq!(
            progress(upload),
            "250 of 1000 files, 5.0 MB of 20.0 MB, 2.5 MB/s, about 6 s left"
        );
    }
}
