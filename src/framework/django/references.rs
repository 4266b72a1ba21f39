//! The link check of names: the static files that the app's own templates and modules ask for.

use super::content_policy::judge_policies;
use super::error::DjangoError;
use super::event::{BrokenLink, BrokenLinkCause, DjangoEvent};
use super::report::{CollectReport, SampledUrls, WrittenLink};
use super::runner::collected_dir;
use crate::context::BuildContext;
use crate::encoding::percent_decoded;
use crate::framework::fixed_links::find_fixed_links;
use crate::framework::source_text::has_extension;
use crate::framework::{FixedLink, FixedLinkKind};
use crate::fs::files_below;
use crate::prefix::Prefix;
use fs_err as fs;
use std::collections::HashSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Warns of each link that leads to no published file. Fails if the file was in `STATIC_ROOT` before this build: then the
/// page worked until now. Returns the first link that stays on the app's own host.
pub(super) fn verify_references(
    report: &CollectReport,
    urls: &SampledUrls,
    prefix: &Prefix,
    ctx: &BuildContext<'_>,
) -> Result<Option<String>, DjangoError> {
    let mut broken = find_broken_names(report, urls, prefix, ctx)?;
    broken.extend(find_broken_bundles(report, prefix, ctx));
    let log = ctx.log;
    if let Some(error) = &report.references_error {
        log.event(&DjangoEvent::LinksNotChecked(error));
    }
    log.event(&DjangoEvent::BrokenLinks(&broken));
    log.event(&DjangoEvent::JoinedLinks(&report.joined_links));
    if let Some(first) = report.dynamic_links.first() {
        let number = report.dynamic_links.len();
        log.event(&DjangoEvent::DynamicLinks(number, first));
    }
    let files = files_below(&collected_dir(ctx))?;
    let fixed_links = fixed_links(report, &files, ctx)?;
    let uncollected = uncollected_files(report, &files, ctx)?;
    if let Some(first) = uncollected.first() {
        log.event(&DjangoEvent::UncollectedFiles(uncollected.len(), first));
    }
    log.event(&DjangoEvent::FixedLinks(&fixed_links, report));
    if let Some(origin) = prefix.origin() {
        let policies = judge_policies(report, origin, &files, ctx);
        for policy in &policies.blocking {
            log.event(&DjangoEvent::BlockingPolicy(policy, origin));
        }
        for header in &policies.unread {
            log.event(&DjangoEvent::PolicyNotRead(header, origin));
        }
        log.event(&DjangoEvent::SameOriginLinks(&report.same_origin_links));
        log.event(&DjangoEvent::StaticRoutes(&report.static_routes));
    }
    Ok(fixed_links.first().map(|link| link.location.to_string()))
}

/// Lists the files that something else than collectstatic has put into `STATIC_ROOT`, such as a bundler of the app.
fn uncollected_files(
    report: &CollectReport,
    files: &[PathBuf],
    ctx: &BuildContext<'_>,
) -> io::Result<Vec<PathBuf>> {
    let root = report.static_root.as_ref();
    let root = root.filter(|root| root.starts_with(&ctx.image.root) && root.is_dir());
    let Some(root) = root.filter(|_| !report.static_root_holds_sources) else {
        return Ok(Vec::new());
    };
    let collected: HashSet<&PathBuf> = files.iter().collect();
    let mut found = files_below(root)?;
    // Compressed copies and hashed names are those of an earlier collectstatic.
    found.retain(|path| {
        !collected.contains(path)
            && !has_extension(path, &["gz", "br", "json", "txt", "md"])
            && !is_hashed(path)
            && !path
                .iter()
                .any(|part| part.to_string_lossy().starts_with('.'))
    });
    found.sort();
    Ok(found)
}

/// Finds the links of templates and collected scripts to files at the path where the app serves them by itself.
fn fixed_links(
    report: &CollectReport,
    files: &[PathBuf],
    ctx: &BuildContext<'_>,
) -> io::Result<Vec<FixedLink>> {
    let base = report.own_path.as_str();
    let shown = Path::new(base.trim_matches('/'));
    let collected = collected_dir(ctx);
    let in_templates = report.links_by_hand.iter().filter_map(|link| {
        let name = percent_decoded(link.path.strip_prefix(base)?)?;
        let path = link.path.clone();
        let kind = match link.written {
            WrittenLink::Whole if collected.join(&name).is_file() => {
                FixedLinkKind::Template { path, name }
            }
            WrittenLink::InJinja if collected.join(&name).is_file() => {
                FixedLinkKind::Jinja { path, name }
            }
            WrittenLink::InSettings if collected.join(&name).is_file() => FixedLinkKind::Path(path),
            WrittenLink::Joined if is_in_collected_dir(&name, &collected) => {
                FixedLinkKind::Path(path)
            }
            _ => return None,
        };
        let location = link.location.clone();
        Some(FixedLink { location, kind })
    });
    let mut links: Vec<_> = in_templates.collect();
    links.extend(find_fixed_links(&collected, files, shown, base, is_hashed)?);
    Ok(links)
}

/// Whether the beginning of a name lies in a directory of collected files.
fn is_in_collected_dir(start: &str, collected: &Path) -> bool {
    let dir = start.rsplit_once('/').map(|(dir, _)| dir);
    dir.is_some_and(|dir| collected.join(dir).is_dir())
}

/// Whether a manifest storage made the name: `app.0123456789ab.js`.
fn is_hashed(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let hash = stem.rsplit_once('.').map_or("", |(_, hash)| hash);
    hash.len() == 12 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn find_broken_names<'a>(
    report: &'a CollectReport,
    urls: &'a SampledUrls,
    prefix: &Prefix,
    ctx: &BuildContext<'_>,
) -> Result<Vec<BrokenLink<'a>>, DjangoError> {
    let mut broken = Vec::new();
    for (name, answer) in &urls.references {
        let Some(place) = report.references.get(name) else {
            continue;
        };
        let why = match (&answer.url, &answer.error) {
            (Some(url), _) if is_published(url, prefix, ctx) => continue,
            (Some(url), _) if prefix.path_of(url).is_none() => BrokenLinkCause::Elsewhere(url),
            (None, Some(error)) => BrokenLinkCause::Fails(error),
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
        if why != BrokenLinkCause::NotCollected || !is_prefix(name, ctx)? {
            broken.push(BrokenLink { place, name, why });
        }
    }
    Ok(broken)
}

fn find_broken_bundles<'a>(
    report: &'a CollectReport,
    prefix: &Prefix,
    ctx: &BuildContext<'_>,
) -> Vec<BrokenLink<'a>> {
    let broken = report.bundles.iter().filter_map(|bundle| {
        let is_elsewhere = |url: &&String| !is_published(url, prefix, ctx);
        let why = match (&bundle.error, bundle.urls.iter().find(is_elsewhere)) {
            (Some(error), _) => BrokenLinkCause::Fails(error),
            (None, Some(url)) => BrokenLinkCause::BundleElsewhere(url),
            (None, None) => return None,
        };
        let (place, name) = (&bundle.place, bundle.bundle.as_str());
        Some(BrokenLink { place, name, why })
    });
    broken.collect()
}

/// Whether a URL is that of a file of the version.
pub(super) fn is_published(url: &str, prefix: &Prefix, ctx: &BuildContext<'_>) -> bool {
    let path = prefix.path_of(url);
    path.is_some_and(|path| collected_dir(ctx).join(path).is_file())
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

/// Whether a name is a directory, or the beginning of names to which a page adds an extension.
fn is_prefix(name: &str, ctx: &BuildContext<'_>) -> io::Result<bool> {
    let path = collected_dir(ctx).join(name);
    let (Some(dir), Some(start)) = (path.parent(), path.file_name()) else {
        return Ok(false);
    };
    if path.is_dir() || path.extension().is_some() || !dir.is_dir() {
        return Ok(path.is_dir());
    }
    let names = fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name()));
    let names: io::Result<Vec<OsString>> = names.collect();
    let begins = |name: &OsString| {
        name.to_string_lossy()
            .starts_with(&*start.to_string_lossy())
    };
    Ok(names?.iter().any(begins))
}
