//! What a compile gives: which files of the static directories are published, and how the pages follow.

use super::PhoenixError;
use super::app_pages::AppPages;
use super::cache_manifest::CacheManifest;
use super::digest::read_manifest;
use super::event::PhoenixEvent;
use super::sources::files_in;
use crate::context::BuildContext;
use crate::framework::{Compiled, Edit, Fallback, FallbackSwitch, Injection, Links};
use crate::manifest::{AssetRoot, Assets};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// How the pages follow, and what `STATIC_URL` can still change at run time.
pub(super) struct PhoenixLinkCheck {
    pub(super) links: Links,
    pub(super) injection: Option<Injection>,
    pub(super) switch: FallbackSwitch,
    /// A link that stays on the app's own host.
    pub(super) stays: Option<String>,
}

impl PhoenixLinkCheck {
    /// `STATIC_URL` decides where these links lead at run time.
    pub(super) fn of(links: Links, edits: Option<Vec<Edit>>) -> Self {
        Self {
            links,
            injection: edits.map(|edits| Injection {
                edits,
                ..Injection::default()
            }),
            switch: FallbackSwitch::StaticUrl,
            stays: None,
        }
    }
}

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
        reads_release_version: apps.iter().any(AppPages::reads_release_version),
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
        let (mount, folder) = (pages.mount.clone(), pages.static_dir.clone());
        compiled.assets.roots.push(AssetRoot { mount, folder });
    }
    Ok(compiled)
}

/// Lists what earlier digests left. A tree that was digested before would have another version than a clean one.
fn files_of_earlier_digests(static_dir: &Path) -> Result<Vec<String>, PhoenixError> {
    let manifest = read_manifest(static_dir)?.unwrap_or_default();
    let latest: BTreeSet<&String> = manifest.latest.values().collect();
    let digested = manifest.digests.keys();
    let earlier = digested.filter(|path| !latest.contains(path) && static_dir.join(path).is_file());
    Ok(earlier.cloned().collect())
}

/// Lists the compressed forms of other files: a store serves one encoding of a name.
fn compressed_copies(static_dir: &Path) -> io::Result<Vec<String>> {
    let paths = files_in(static_dir)?.into_iter();
    let paths = paths.filter_map(|path| path.into_os_string().into_string().ok());
    let paths: BTreeSet<String> = paths.collect();
    let forms = [".gz", ".br", ".zst", ".deflate"];
    let is_copy = |path: &&String| {
        let mut originals = forms.iter().filter_map(|form| path.strip_suffix(form));
        originals.any(|original| paths.contains(original))
    };
    Ok(paths.iter().filter(is_copy).cloned().collect())
}
