//! The link check of names: the static files that the app's own templates and modules ask for.

use super::error::DjangoError;
use super::event::{BrokenLink, BrokenLinkCause, DjangoEvent};
use super::report::{CollectReport, ReferencedUrl, SampledUrls};
use super::runner::collected_dir;
use crate::context::BuildContext;
use std::path::Path;

/// Warns of each link that leads to no published file. Fails if the file was in `STATIC_ROOT` before this build: then the
/// page worked until now.
pub(super) fn verify_references(
    report: &CollectReport,
    urls: &SampledUrls,
    is_published: impl Fn(&str) -> bool,
    is_in_version: impl Fn(&str) -> bool,
    ctx: &BuildContext<'_>,
) -> Result<(), DjangoError> {
    let mut broken = Vec::new();
    for (name, answer) in &urls.references {
        let Some(place) = report.references.get(name) else {
            continue;
        };
        let why = match answer {
            ReferencedUrl { url: Some(url), .. } if is_published(url) => continue,
            ReferencedUrl { url: Some(url), .. } if !is_in_version(url) => {
                BrokenLinkCause::Elsewhere(url)
            }
            ReferencedUrl {
                error: Some(error), ..
            } => BrokenLinkCause::Fails(error),
            _ => BrokenLinkCause::NotCollected,
        };
        if let Some(root) = &report.static_root
            && worked_before(name, &why, report, root, ctx)
        {
            return Err(DjangoError::Vanished {
                place: place.to_string(),
                name: name.clone(),
                root: ctx.relative(root).to_owned(),
            });
        }
        broken.push(BrokenLink { place, name, why });
    }
    for bundle in &report.bundles {
        let (place, name) = (&bundle.place, bundle.bundle.as_str());
        let elsewhere = bundle.urls.iter().find(|url| !is_published(url));
        let why = match (elsewhere, &bundle.error) {
            (_, Some(error)) => BrokenLinkCause::Fails(error),
            (Some(url), None) => BrokenLinkCause::BundleElsewhere(url),
            (None, None) => continue,
        };
        broken.push(BrokenLink { place, name, why });
    }
    if let Some(error) = &report.references_error {
        ctx.log.event(&DjangoEvent::LinksNotChecked(error));
    }
    ctx.log.event(&DjangoEvent::BrokenLinks(&broken));
    ctx.log
        .event(&DjangoEvent::JoinedLinks(&report.joined_links));
    Ok(())
}

/// Whether the file was in `STATIC_ROOT` before this build, or had an entry in the manifest there, and was not collected.
fn worked_before(
    name: &str,
    why: &BrokenLinkCause<'_>,
    report: &CollectReport,
    root: &Path,
    ctx: &BuildContext<'_>,
) -> bool {
    let is_missing = matches!(
        why,
        BrokenLinkCause::NotCollected | BrokenLinkCause::Fails(_)
    );
    let name = name.trim_start_matches('/');
    is_missing
        && !collected_dir(ctx).join(name).exists()
        && (report.vanished.contains(name) || root.join(name).is_file())
}
