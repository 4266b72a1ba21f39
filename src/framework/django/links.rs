//! The link check: whether pages will link to the version that the build publishes.

use super::error::{DjangoError, DjangoLinkProblem};
use super::hook::{HookDir, PIN, PIN_AND_LINK};
use super::python::AppPython;
use super::references::{is_published, verify_references};
use super::report::{CollectReport, SampledUrls};
use super::settings_module::settings_package;
use crate::config::Inject;
use crate::context::BuildContext;
use crate::framework::{CompileTarget, Injection, LinkReason, Links, NotFollowing};

/// How pages come to link to the version, and what the image needs for it.
#[derive(Default)]
pub(super) struct DjangoLinkCheck {
    pub(super) links: Links,
    pub(super) injection: Option<Injection>,
    /// The first link that stays on the app's own host.
    pub(super) stays: Option<String>,
}

/// Checks that `static()` gives URLs of published files: with the app's own settings, else with the hook.
pub(super) fn verify_links(
    report: &CollectReport,
    target: &CompileTarget,
    hook: &HookDir,
    load_problem: Option<DjangoLinkProblem>,
    python: &AppPython<'_>,
) -> Result<DjangoLinkCheck, DjangoError> {
    let ctx = python.ctx;
    let is_published = |url: &str| is_published(url, &target.prefix, ctx);
    let find_problem = |urls| find_wrong_url(urls, report, is_published);
    let verify_names = |urls| verify_references(report, urls, &target.prefix, ctx);
    if !report.hook_static_root && find_problem(&report.own_urls).is_none() {
        let stays = verify_names(&report.own_urls)?;
        let pins = needs_pin(ctx) && load_problem.is_none();
        let injection = pins.then(|| hook.injection(ctx, PIN)).transpose()?;
        let links = Links::ByApp(why_by_app(report, target));
        return Ok(DjangoLinkCheck {
            links,
            injection,
            stays,
        });
    }
    let problem = match ctx.inject() {
        Inject::Off => Some(DjangoLinkProblem::InjectOff),
        Inject::Nowhere => Some(DjangoLinkProblem::InjectNowhere),
        Inject::Auto if report.debug => Some(debug_problem(report, python)?),
        Inject::Auto => find_problem(&report.hooked_urls).or(load_problem),
    };
    let snippet = snippet(report);
    if let Some(why) = problem {
        return Err(Box::new(NotFollowing { why, snippet }).into());
    }
    let stays = verify_names(&report.hooked_urls)?;
    let reason = why_injected(report);
    Ok(DjangoLinkCheck {
        links: Links::ByInjection { reason, snippet },
        injection: Some(hook.injection(ctx, PIN_AND_LINK)?),
        stays,
    })
}

/// Finds out from the settings alone that pages would not link to the version: the hook does nothing in an app with
/// `DEBUG`. Only the usual storages are known to need it.
pub(super) fn refuse_debug(
    report: &CollectReport,
    target: &CompileTarget,
    python: &AppPython<'_>,
) -> Result<(), DjangoError> {
    const USUAL: [&str; 2] = ["django.contrib.staticfiles.", "whitenoise."];
    let follows = matches!(why_by_app(report, target), LinkReason::SettingsReadUrl);
    let storage = report.storage_backend.as_deref().unwrap_or_default();
    let is_usual = USUAL.iter().any(|it| storage.starts_with(it));
    if !report.debug || follows || !is_usual || python.ctx.config.inject == Inject::Off {
        return Ok(());
    }
    let (why, snippet) = (debug_problem(report, python)?, snippet(report));
    Err(Box::new(NotFollowing { why, snippet }).into())
}

/// Whether Python has to set the pinned variables, because a process may start without the image's entrypoint.
pub(super) fn needs_pin(ctx: &BuildContext<'_>) -> bool {
    ctx.image.hook.pin().is_some() && ctx.inject() == Inject::Auto
}

/// Finds the first URL that names no file of the version.
fn find_wrong_url(
    urls: &SampledUrls,
    report: &CollectReport,
    is_published: impl Fn(&str) -> bool,
) -> Option<DjangoLinkProblem> {
    let hooked = report.hook_storage.as_deref();
    let storage = hooked.unwrap_or(report.own_storage()).to_owned();
    if let Some(error) = urls.error.clone() {
        return Some(DjangoLinkProblem::StaticFails { error, storage });
    }
    let mut samples = urls.samples.clone().into_iter();
    let (name, url) = samples.find(|(_, url)| !is_published(url))?;
    Some(DjangoLinkProblem::Emits { name, url, storage })
}

fn debug_problem(
    report: &CollectReport,
    python: &AppPython<'_>,
) -> Result<DjangoLinkProblem, DjangoError> {
    let settings = report.settings_module.clone();
    let package = settings_package(python.command(), python.ctx, settings.as_deref())?;
    Ok(DjangoLinkProblem::Debug {
        settings,
        beside: package.others,
        variable: package.debug_variable,
    })
}

fn why_by_app(report: &CollectReport, target: &CompileTarget) -> LinkReason {
    let own_url = report.static_url.as_deref().unwrap_or_default();
    if own_url.trim_end_matches('/') == target.prefix.url().trim_end_matches('/') {
        LinkReason::SettingsReadUrl
    } else {
        LinkReason::OwnStorage(report.own_storage().to_owned())
    }
}

fn why_injected(report: &CollectReport) -> LinkReason {
    if report.hook_storage.is_some() {
        LinkReason::OtherStorage(report.own_storage().to_owned())
    } else if report.hook_static_root {
        LinkReason::NoManifest
    } else {
        LinkReason::SettingsIgnoreUrl
    }
}

/// Composes the lines in the settings that make the hook unnecessary.
fn snippet(report: &CollectReport) -> String {
    let own = &report.own_path;
    let mut snippet = format!("import os\nSTATIC_URL = os.environ.get(\"STATIC_URL\", \"{own}\")");
    if let Some(server) = &report.server {
        // By itself, it would serve at the path of the new URL only.
        snippet.push('\n');
        snippet.push_str(&server.line());
    }
    if report.hook_static_root && report.static_root.is_none() {
        snippet += "\nSTATIC_ROOT = BASE_DIR / \"staticfiles\"";
    }
    if let Some(storage) = &report.hook_storage {
        let line = format!("\nSTORAGES[\"staticfiles\"] = {{\"BACKEND\": \"{storage}\"}}");
        snippet.push_str(&line);
    }
    snippet
}
