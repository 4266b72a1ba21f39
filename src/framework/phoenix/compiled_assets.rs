//! Which files of the static directories are published.

use super::app_pages::AppPages;
use super::cache_manifest::CacheManifest;
use super::digest::read_manifest;
use super::error::PhoenixError;
use super::link_check::PhoenixLinkCheck;
use super::link_event::PhoenixEvent;
use super::sources::files_in;
use crate::context::BuildContext;
use crate::framework::{Compiled, Fallback};
use crate::manifest::{AssetRoot, Assets};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// Describes the result of a compile. The files stay where they are.
pub(super) fn describe_compiled(
    apps: &[AppPages<'_>],
    check: PhoenixLinkCheck,
    ctx: &BuildContext<'_>,
) -> Result<Compiled, PhoenixError> {
    let mut compiled = Compiled {
        assets: Assets { roots: Vec::new() },
        links: check.links,
        injection: check.injection,
        reads_release_version: false,
        by_products: BTreeSet::new(),
        unpublished: BTreeSet::new(),
        runtime_files: Vec::new(),
        fallback: Fallback::InPlace(check.switch),
        stays: check.stays,
    };
    for pages in apps {
        let mounted = |path: String| format!("{}{path}", pages.mount);
        let copies = compressed_copies(&pages.static_dir)?;
        compiled.by_products.extend(copies.into_iter().map(mounted));
        let mut files = files_of_earlier_digests(&pages.static_dir)?;
        if !files.is_empty() {
            ctx.log.event(&PhoenixEvent::EarlierDigests(files.len()));
        }
        files.push(CacheManifest::NAME.to_owned());
        compiled.unpublished.extend(files.into_iter().map(mounted));
        compiled.reads_release_version |= pages.reads_release_version();
        compiled.assets.roots.push(AssetRoot {
            mount: pages.mount.clone(),
            folder: pages.static_dir.clone(),
        });
    }
    Ok(compiled)
}

/// Lists what earlier digests left. A tree that was digested before would have another version than a clean one.
fn files_of_earlier_digests(static_dir: &Path) -> Result<Vec<String>, PhoenixError> {
    let Some(manifest) = read_manifest(static_dir)? else {
        return Ok(Vec::new());
    };
    let latest: BTreeSet<&String> = manifest.latest.values().collect();
    let digested = manifest.digests.keys();
    let earlier = digested.filter(|path| !latest.contains(path) && static_dir.join(path).is_file());
    Ok(earlier.cloned().collect())
}

/// Lists the compressed forms of other files: a store serves one encoding of a name.
fn compressed_copies(static_dir: &Path) -> io::Result<Vec<String>> {
    let paths = files_in(static_dir)?.into_iter();
    let paths: BTreeSet<String> = paths
        .filter_map(|path| path.into_os_string().into_string().ok())
        .collect();
    let is_copy = |path: &&String| {
        [".gz", ".br", ".zst", ".deflate"]
            .iter()
            .filter_map(|form| path.strip_suffix(form))
            .any(|original| paths.contains(original))
    };
    Ok(paths.iter().filter(is_copy).cloned().collect())
}
