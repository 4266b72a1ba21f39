//! What a compile gives: which files of the static directories are published, and how the pages follow.

use super::PhoenixError;
use super::app_pages::AppPages;
use super::cache_manifest::CacheManifest;
use super::digest::read_manifest;
use super::event::PhoenixEvent;
use super::sources::files_in;
use crate::context::BuildContext;
use crate::framework::{Compiled, Edit, Fallback, Injection, Links};
use crate::manifest::AssetRoot;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// Describes how the pages follow: `STATIC_URL` decides where these links lead at run time.
pub(super) fn describe_links(links: Links, edits: Option<Vec<Edit>>) -> Compiled {
    Compiled {
        links,
        injection: edits.map(|edits| Injection {
            edits,
            ..Injection::default()
        }),
        fallback: Fallback::InPlace,
        ..Compiled::default()
    }
}

/// Adds what is published of these apps. The files stay where they are.
pub(super) fn add_assets(
    compiled: &mut Compiled,
    apps: &[AppPages<'_>],
    ctx: &BuildContext<'_>,
) -> Result<(), PhoenixError> {
    compiled.reads_release_version = apps.iter().any(AppPages::reads_release_version);
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
    Ok(())
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
