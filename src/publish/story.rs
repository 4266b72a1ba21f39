//! What a build tells while it goes: one line for each fact that a user needs.

use crate::app::App;
use crate::config::env_vars::{RELEASE_VERSION, STATIC_URL};
use crate::config::{
    Access, AzureIdentity, Config, GcsIdentity, Keep, Local, Off, S3Identity, Setting,
};
use crate::framework::{Compiled, Fallback, FallbackSwitch, Links};
use crate::log::{Log, bytes, count, seconds};
use crate::manifest::{LeftOut, Scanned};
use crate::plan::{Change, Summary};
use crate::prefix::{Site, StoreUrl};
use crate::release::Release;
use crate::release::deferred::Deferred;
use crate::store::Progress;
use fs_err as fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

pub(super) fn local(local: &Local, log: &mut Log) {
    log.bullet(&match local {
        Local::NoStore => {
            "Compiled only: no store is set. To publish: STATIC_ASSETS_STORE=s3://bucket/prefix"
                .to_owned()
        }
        Local::PublishOff(setting) => format!(
            "Not published, nothing pinned: STATIC_ASSETS_PUBLISH=off ({}). The app serves its own \
             files.",
            setting.origin
        ),
        Local::Tests => {
            "Compiled only, a build for tests: nothing is published or pinned".to_owned()
        }
        Local::MissingCredentials(store) => format!(
            "Not published, nothing pinned: no credentials for {store} and \
             STATIC_ASSETS_MISSING_CREDENTIALS=skip. The app serves its own files."
        ),
    });
}

/// In the release phase of an image that may be pinned.
pub(super) fn not_released(
    (name, setting): (&str, &Setting<()>),
    kept: Option<Deferred>,
    log: &mut Log,
) {
    match kept {
        Some(Deferred::Release(prepared)) => log.warning(&format!(
            "version {} of this image is not uploaded: {name} ({}). Its pages link there: unless it is published \
             already, set STATIC_URL to serve from the app.",
            prepared.version, setting.origin
        )),
        Some(Deferred::Nothing) | None => log.bullet(&format!(
            "Nothing is uploaded: {name} ({}), and this image has kept nothing",
            setting.origin
        )),
    }
}

pub(super) fn nothing_kept(log: &mut Log) {
    log.bullet(
        "Nothing to upload: the build of this image has published by itself, or was told not to",
    );
}

pub(super) fn prepared(release: &Release, config: &Config, log: &mut Log) {
    let commit = commit(config);
    log.bullet(&format!(
        "Version {} of this image: {}, {}, as the build has kept them{commit}",
        release.version,
        count(release.manifest.assets().len(), "file"),
        bytes(release.manifest.bytes()),
    ));
}

pub(super) fn kept(release: &Release, log: &mut Log) {
    log.bullet(&format!(
        "Kept for the release phase: {}, {} (STATIC_ASSETS_PUBLISH=release)",
        count(release.manifest.assets().len(), "file"),
        bytes(release.manifest.bytes()),
    ));
    log.detail("nothing is published yet; before a process of this release starts, run:");
    log.block("static-assets publish --prepared");
}

pub(super) fn would_keep(release: &Release, log: &mut Log) {
    log.bullet(&format!(
        "Would keep {}, {}, for the release phase; nothing was written (--dry-run)",
        count(release.manifest.assets().len(), "file"),
        bytes(release.manifest.bytes()),
    ));
}

fn commit(config: &Config) -> String {
    let commit = config.label.as_ref();
    commit.map_or_else(String::new, |label| format!("; commit {label}"))
}

pub(super) fn off(off: &Off, log: &mut Log) {
    log.bullet(&match off {
        Off::NotConfigured => "Static assets: off. To publish them under their own URL with each \
             build: STATIC_ASSETS_STORE=s3://bucket/prefix"
            .to_owned(),
        Off::Tests => {
            "A build for tests: nothing is compiled, published or pinned (STATIC_ASSETS_COMPILE=1 \
             compiles)"
                .to_owned()
        }
        Off::Disabled(setting) => {
            format!(
                "Static assets: off, STATIC_ASSETS_DISABLE ({}).",
                setting.origin
            )
        }
    });
}

pub(super) fn version(release: &Release, config: &Config, log: &mut Log) {
    let source = match (&config.version, release.is_explicit()) {
        (Some(given), true) => format!("{} ({})", RELEASE_VERSION.name, given.origin),
        _ => "content".to_owned(),
    };
    let commit = commit(config);
    log.bullet(&format!("Version {} = {source}{commit}", release.version));
}

pub(super) fn left_out(scanned: &Scanned, log: &mut Log) {
    let LeftOut {
        dot_files,
        precompressed,
        source_maps,
    } = scanned.left_out;
    let mut parts = Vec::new();
    if dot_files > 0 {
        parts.push(count(dot_files, "dot file"));
    }
    if precompressed > 0 {
        parts.push(format!("{precompressed} .gz and .br (the CDN compresses)"));
    }
    if source_maps > 0 {
        parts.push(count(source_maps, "source map"));
    }
    if !parts.is_empty() {
        log.detail(&format!("left out: {}", parts.join(", ")));
    }
    if scanned.source_maps > 0 {
        log.detail(&format!(
            "{} published, with your sources (STATIC_ASSETS_SOURCE_MAPS=exclude leaves them out)",
            count(scanned.source_maps, "source map")
        ));
    }
}

pub(super) fn progress(progress: Progress) -> String {
    let elapsed = progress.elapsed.as_secs_f64().max(0.001);
    #[allow(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let rate = progress.bytes as f64 / elapsed;
    #[allow(clippy::cast_precision_loss, reason = "a time for people to read")]
    let left = progress.of_bytes.saturating_sub(progress.bytes) as f64 / rate.max(1.0);
    // The first connections tell nothing of the time that is left.
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

pub(super) fn published(summary: &Summary, (site, access): (&Site, &Access), log: &mut Log) {
    let requests = match summary.requests.all() {
        0 => String::new(),
        requests => format!(", {}", count(requests, "request")),
    };
    let duration = seconds(summary.duration);
    if summary.unchanged {
        log.bullet(&format!(
            "Published before, unchanged: 0 uploaded{requests}, {duration}; {}{}",
            site.store,
            reached_by(access),
        ));
    } else {
        log.bullet(&format!(
            "Published to {}{}: {} new, {} reused, {}{requests}, {duration}",
            site.store,
            reached_by(access),
            summary.put,
            summary.present,
            bytes(summary.put_bytes),
        ));
    }
    if let StoreUrl::File { root } = &site.store
        && is_in_container(root)
    {
        log.warning(&format!(
            "{} is on the build container's own file system: it is gone after the build unless it \
             is a volume.",
            root.display()
        ));
    }
}

pub(super) fn unchecked(release: &Release, log: &mut Log) {
    log.bullet(&format!(
        "Public URL: {}, not checked: as in the build before (STATIC_ASSETS_CHECK=fail checks all the same)",
        release.prefix.url()
    ));
}

/// Every URL of a version is new: what was in a cache has another name.
pub(super) fn change(change: &Change, release: &Release, log: &mut Log) {
    log.detail(&format!(
        "{} new or changed since {}, {} equal; returning visitors load {}, {}, again",
        count(change.new, "file"),
        change.since,
        change.equal,
        count(release.manifest.assets().len(), "file"),
        bytes(release.manifest.bytes()),
    ));
}

pub(super) fn rehearsed(
    summary: &Summary,
    release: &Release,
    (site, access): (&Site, &Access),
    log: &mut Log,
) {
    if summary.unchanged {
        log.bullet(&format!(
            "Would change nothing: {} is published in {}{}",
            release.version,
            site.store,
            reached_by(access),
        ));
    } else {
        log.bullet(&format!(
            "Would publish to {}{}: {} new, {} reused, {}",
            site.store,
            reached_by(access),
            summary.put,
            summary.present,
            bytes(summary.put_bytes),
        ));
    }
    log.bullet(&format!("Public URL: {}", release.prefix.url()));
    log.bullet("Nothing was sent (--dry-run).");
}

/// `s3://acme-static/shop at https://minio.example.com (eu-west-1, key …Q7XA from AWS_*)`
pub(super) fn asked(site: &Site, access: &Access) -> String {
    let endpoint = access.server().and_then(|server| server.endpoint.as_ref());
    let endpoint = endpoint.map_or_else(String::new, |endpoint| format!(" at {endpoint}"));
    format!("{}{endpoint}{}", site.store, reached_by(access))
}

fn reached_by(access: &Access) -> String {
    let Some(server) = access.server() else {
        return String::new();
    };
    let who = match access {
        Access::S3(s3) => format!("{}, {}", s3.region, s3_identity(&s3.identity)),
        Access::Azure(azure) => {
            let identity = match &azure.identity {
                AzureIdentity::Key(_) => "key",
                AzureIdentity::Sas(_) => "shared access signature",
                AzureIdentity::Workload { .. } => "workload identity",
                AzureIdentity::Ambient => "the machine's identity",
            };
            format!("account {}, {identity}", azure.account)
        }
        Access::Gcs(gcs) => match &gcs.identity {
            GcsIdentity::ServiceAccount { email, .. } => format!("service account {email}"),
            GcsIdentity::Person(_) => "a person's credentials".to_owned(),
            GcsIdentity::Ambient => "the machine's identity".to_owned(),
        },
        Access::Directory => String::new(),
    };
    format!(" ({who} from {})", server.source)
}

fn s3_identity(identity: &S3Identity) -> String {
    match identity {
        S3Identity::Keys { id, .. } => format!("key …{}", S3Identity::key_hint(id)),
        S3Identity::Web { role, .. } => format!("role {role}"),
        S3Identity::Ambient(_) => "the machine's identity".to_owned(),
    }
}

/// Whether a folder lies on the same file system as `/`, inside of a container.
fn is_in_container(root: &Path) -> bool {
    let device = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev());
    Path::new("/cnb").is_dir()
        && matches!((device(root), device("/".as_ref())), (Ok(one), Ok(other)) if one == other)
}

pub(super) fn pages(
    compiled: &Compiled,
    release: &Release,
    app: &App,
    config: &Config,
    log: &mut Log,
) {
    match &compiled.links {
        Links::ByApp { because, .. } => log.bullet(&format!("Pages: {because}")),
        Links::ByInjection {
            because, snippet, ..
        } => {
            log.bullet(&format!(
                "Pages: {because} (STATIC_ASSETS_INJECT=auto). To own it:"
            ));
            log.block(snippet);
        }
        Links::Unverified => {}
    }
    match (&compiled.fallback, config.keep) {
        (Fallback::Untouched, _) => {}
        (Fallback::InPlace(_), Keep::Manifests) if compiled.stays.is_some() => {
            log.warning(&format!(
                "STATIC_ASSETS_KEEP=manifests: the files stay in the image, which has to serve links like the one \
                 at {}.",
                compiled.stays.as_deref().unwrap_or_default()
            ));
        }
        (_, Keep::Manifests) => {
            log.bullet("Fallback: none, STATIC_ASSETS_KEEP=manifests leaves the files out");
        }
        (
            Fallback::Folder {
                path, url, served, ..
            },
            Keep::All,
        ) => {
            let server = if release.prefix.covers(url) {
                "would reach the store: STATIC_ASSETS_PUBLIC_URL covers it. Choose another path"
            } else if *served {
                "works (WhiteNoise found)"
            } else {
                "needs a server for it (WhiteNoise, nginx)"
            };
            log.bullet(&format!(
                "Fallback: full copy in {}; STATIC_URL={url} {server}",
                app.relative(path).display()
            ));
        }
        (Fallback::OutsideApp { path }, Keep::All) => log.bullet(&format!(
            "Fallback: none, STATIC_ROOT {} is outside of the app and so of the image",
            path.display()
        )),
        (Fallback::InPlace(FallbackSwitch::None), Keep::All) => {
            log.bullet("Fallback: none, the URL is part of the image; a build with STATIC_ASSETS_PUBLISH=off serves from the app");
        }
        (Fallback::InPlace(FallbackSwitch::StaticUrl), Keep::All) => {
            let folders: Vec<String> = compiled
                .assets
                .roots
                .iter()
                .map(|root| app.relative(&root.folder).display().to_string())
                .collect();
            log.bullet(&format!(
                "Fallback: full copy in {}; STATIC_URL=/ serves from the app again",
                folders.join(", ")
            ));
        }
        (Fallback::NoFolder, Keep::All) => log.bullet(
            "Fallback: none, the app has no STATIC_ROOT; with one, STATIC_URL=/static/ can serve \
             from the image",
        ),
    }
    warn_of_disagreement(compiled, release, app, config, log);
}

/// A value of the platform is there at run time, too, and wins over the pinned one.
fn warn_of_disagreement(
    compiled: &Compiled,
    release: &Release,
    app: &App,
    config: &Config,
    log: &mut Log,
) {
    if let Some(given) = &config.version
        && given.origin.is_platform()
        && compiled.needs_release_version()
    {
        log.warning(
            "the app reads RELEASE_VERSION, which is set on the platform: where it is set at run time as \
             well, an older image would use the newer version. Set it for the build only, or read \
             STATIC_ASSETS_VERSION in the app.",
        );
    }
    if let Some(url) = app.env.text(STATIC_URL)
        && url != release.prefix.url()
    {
        if app.hook.pin().is_some() {
            log.warning(&format!(
                "STATIC_URL={url} is set here. An ENV of the Dockerfile, or of its base image, is there at run time as \
                 well, and wins over the pin: pages would link there and not to this version. To take it back:\n\
                 ENV STATIC_URL="
            ));
        } else {
            log.warning(&format!(
                "STATIC_URL={url} is set on the platform: where it is set at run time as well, pages \
                 link there and not to this version. Unset it, but for the panic switch."
            ));
        }
    }
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
