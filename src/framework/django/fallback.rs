//! The copy of the static files from which the app can serve if the store can't be used.

use super::report::CollectReport;
use crate::config::Keep;
use crate::context::BuildContext;
use crate::framework::{Fallback, Links};
use crate::fs::lies_in;
use std::path::Path;

pub(super) fn choose_fallback(
    report: &CollectReport,
    links: &Links,
    ctx: &BuildContext<'_>,
) -> Fallback {
    // `STATIC_ASSETS_KEEP` has no effect on a build that publishes nothing.
    let trims = ctx.config.keep == Keep::Manifests && !matches!(links, Links::Unverified);
    // The URL of an app that follows by itself is that of this build.
    let follows = matches!(links, Links::ByApp { .. });
    let own_url = report.static_url.as_deref();
    let own_url = own_url.filter(|own| own.starts_with('/') && !follows);
    match &report.static_root {
        None => Fallback::NoFolder,
        // Trimming it would delete the app's own files.
        Some(_) if trims && report.static_root_holds_sources => Fallback::NoFolder,
        Some(path) if !is_in_app(path, &ctx.app_dir) => Fallback::OutsideApp(path.clone()),
        Some(path) => Fallback::Folder {
            path: path.clone(),
            url: own_url.unwrap_or("/static/").to_owned(),
            served: report.whitenoise,
        },
    }
}

/// Whether a path that may not exist yet lies in the app. A link on its way may lead out of the image.
fn is_in_app(path: &Path, app: &Path) -> bool {
    let existing = path.ancestors().find(|path| path.exists());
    existing.is_some_and(|path| lies_in(path, app))
}
