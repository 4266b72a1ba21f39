//! What the log says of an upload: progress, result, dry run, what changed, and the release phase.

use crate::config::env_vars::RELEASE_VERSION;
use crate::config::{Destination, Setting, Unpublished};
use crate::context::DryRun;
use crate::log::{Log, bytes, count, seconds};
use crate::manifest::{LeftOut, Scanned};
use crate::plan::{Change, Progress, Summary};
use crate::prefix::StoreUrl;
use crate::release::Release;
use crate::release::deferred::Deferred;
use crate::version::Version;
use fs_err as fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

pub(super) fn version(
    release: &Release,
    given: Option<&Setting<Version>>,
    commit: Option<&str>,
    log: &Log,
) {
    let source = match given {
        Some(given) if release.is_explicit() => {
            format!("{} ({})", RELEASE_VERSION.name, given.origin)
        }
        _ => "hash of the files".to_owned(),
    };
    let commit = commit_note(commit);
    log.bullet(&format!("Version {} ({source}){commit}", release.version));
}

fn commit_note(commit: Option<&str>) -> String {
    commit.map_or_else(String::new, |commit| format!(", commit {commit}"))
}

/// Shows `450 files, 9.8 MB`.
fn size_of(release: &Release) -> String {
    let files = count(release.manifest.assets().len(), "file");
    format!("{files}, {}", bytes(release.manifest.bytes()))
}

pub(super) fn left_out(scanned: &Scanned, log: &Log) {
    let LeftOut {
        dot_files,
        precompressed,
        source_maps,
    } = scanned.left_out;
    let parts = [
        (dot_files, count(dot_files, "dot file")),
        (precompressed, format!("{precompressed} .gz and .br")),
        (source_maps, count(source_maps, "source map")),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(_, part)| part)
        .collect();
    if !parts.is_empty() {
        log.detail(&format!("Not uploaded: {}", parts.join(", ")));
    }
    if scanned.source_maps > 0 {
        log.detail(&format!(
            "{} will be public and show your sources. To leave them out: STATIC_ASSETS_SOURCE_MAPS=exclude",
            count(scanned.source_maps, "source map")
        ));
    }
}

pub(super) fn saved(release: &Release, dry_run: DryRun, log: &Log) {
    let size = size_of(release);
    if dry_run == DryRun::Yes {
        log.bullet(&format!(
            "Would save {size} for the release phase. Nothing was written (--dry-run)."
        ));
        return;
    }
    log.bullet(&format!(
        "Saved for the release phase: {size} (STATIC_ASSETS_PUBLISH=release)"
    ));
    log.detail("Nothing is published yet. Before a process of this release starts, run:");
    log.block("static-assets publish --prepared");
}

pub(super) fn deferred(release: &Release, commit: Option<&str>, log: &Log) {
    log.bullet(&format!(
        "Version {} of this image: {}, as the build saved it{}",
        release.version,
        size_of(release),
        commit_note(commit)
    ));
}

pub(super) fn nothing_deferred(log: &Log) {
    log.bullet(
        "Nothing to upload: the build of this image published its assets, or publishing was off",
    );
}

/// The release phase is switched off, but the image may be pinned.
pub(super) fn not_uploaded(why: &Unpublished, deferred: Option<&Deferred>, log: &Log) {
    let (setting, origin) = match why {
        Unpublished::Disabled(setting) => ("STATIC_ASSETS_DISABLE", &setting.origin),
        Unpublished::PublishOff(setting) => ("STATIC_ASSETS_PUBLISH=off", &setting.origin),
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

pub(super) fn progress(progress: Progress) -> String {
    let elapsed = progress.elapsed.as_secs_f64().max(0.001);
    #[allow(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let rate = progress.bytes as f64 / elapsed;
    #[allow(clippy::cast_precision_loss, reason = "a time for people to read")]
    let left = progress.of_bytes.saturating_sub(progress.bytes) as f64 / rate.max(1.0);
    // The first connections say nothing about the time that is left.
    let left = if progress.files * 20 < progress.of_files || progress.bytes * 20 < progress.of_bytes
    {
        String::new()
    } else {
        format!(", about {left:.0} s left")
    };
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate for people to read"
    )]
    let rate = bytes(rate as u64);
    format!(
        "{} of {}, {} of {}, {rate}/s{left}",
        progress.files,
        count(progress.of_files, "file"),
        bytes(progress.bytes),
        bytes(progress.of_bytes),
    )
}

pub(super) fn uploaded(
    summary: &Summary,
    release: &Release,
    destination: &Destination,
    dry_run: DryRun,
    log: &Log,
) {
    let Summary { put, present, .. } = summary;
    if dry_run == DryRun::Yes {
        log.bullet(&if summary.unchanged {
            format!(
                "Would change nothing: {} is published in {destination}",
                release.version
            )
        } else {
            let size = bytes(summary.put_bytes);
            format!("Would publish to {destination}: {put} new, {present} reused, {size}")
        });
        log.bullet(&format!("Public URL: {}", release.prefix.url()));
        log.bullet("Nothing was sent (--dry-run).");
        return;
    }
    let requests = match summary.requests.all() {
        0 => String::new(),
        requests => format!(", {}", count(requests, "request")),
    };
    let duration = seconds(summary.duration);
    log.bullet(&if summary.unchanged {
        format!("Published before, unchanged: 0 uploaded{requests}, {duration}; {destination}")
    } else {
        let size = bytes(summary.put_bytes);
        format!(
            "Published to {destination}: {put} new, {present} reused, {size}{requests}, {duration}"
        )
    });
    if let StoreUrl::File(root) = &destination.site.store
        && is_in_container(root)
    {
        log.warning(&format!(
            "{} is on the build container's own file system. It is gone after the build unless it is a volume.",
            root.display()
        ));
    }
}

/// Every URL of a version is new, so browsers load even the files that are equal.
pub(super) fn change(change: &Change, release: &Release, log: &Log) {
    log.detail(&format!(
        "{} new or changed since {}, {} equal; returning visitors load {} again",
        count(change.new, "file"),
        change.since,
        change.equal,
        size_of(release),
    ));
}

/// Whether a buildpack builds on the file system that the directory is on.
fn is_in_container(root: &Path) -> bool {
    let device = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev());
    Path::new("/cnb").is_dir()
        && matches!((device(root), device("/".as_ref())), (Ok(one), Ok(other)) if one == other)
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
