//! The link check: whether pages will link to the version that the build publishes.

use super::error::{DjangoError, DjangoLinkProblem};
use super::hook::{HookDir, PIN, PIN_AND_LINK};
use super::report::{CollectReport, SampledUrls};
use super::runner::collected_dir;
use super::settings_module::settings_beside;
use crate::config::Inject;
use crate::context::BuildContext;
use crate::framework::{CompileTarget, Injection, Links, NotFollowing, VersionVariable};

/// How pages come to link to the version, and what the image needs for it.
pub(super) struct DjangoLinkCheck {
    pub(super) links: Links,
    pub(super) injection: Option<Injection>,
}

/// Checks that `static()` gives URLs of published files: with the app's own settings, else with the hook.
pub(super) fn verify_links(
    report: &CollectReport,
    target: &CompileTarget,
    hook: &HookDir,
    load_problem: Option<DjangoLinkProblem>,
    ctx: &BuildContext<'_>,
) -> Result<DjangoLinkCheck, DjangoError> {
    let own_problem = find_wrong_url(&report.own_urls, report, target, ctx);
    if own_problem.is_none() && !report.hook_static_root {
        let pins = needs_pin(ctx) && load_problem.is_none();
        let injection = pins.then(|| hook.injection(ctx, PIN));
        return Ok(DjangoLinkCheck {
            links: links_by_app(report, target),
            injection: injection.transpose()?,
        });
    }
    let problem = match ctx.inject() {
        Inject::Off => Some(DjangoLinkProblem::InjectOff),
        Inject::Nowhere => Some(DjangoLinkProblem::InjectNowhere),
        Inject::Auto if report.debug => Some(debug_problem(report, ctx)),
        Inject::Auto => find_wrong_url(&report.hooked_urls, report, target, ctx).or(load_problem),
    };
    let snippet = snippet(report);
    if let Some(why) = problem {
        return Err(Box::new(NotFollowing { why, snippet }).into());
    }
    Ok(DjangoLinkCheck {
        links: Links::ByInjection {
            because: why_needed(report),
            snippet,
        },
        injection: Some(hook.injection(ctx, PIN_AND_LINK)?),
    })
}

/// Whether Python has to set the pinned variables, because a process may start without the image's entrypoint.
pub(super) fn needs_pin(ctx: &BuildContext<'_>) -> bool {
    ctx.image.hook.pin().is_some() && ctx.inject() == Inject::Auto
}

/// Finds the first URL that names no file of the version.
fn find_wrong_url(
    urls: &SampledUrls,
    report: &CollectReport,
    target: &CompileTarget,
    ctx: &BuildContext<'_>,
) -> Option<DjangoLinkProblem> {
    let hooked = report.hook_storage.as_deref();
    let storage = hooked.unwrap_or(report.own_storage()).to_owned();
    if let Some(error) = urls.error.clone() {
        return Some(DjangoLinkProblem::StaticFails { error, storage });
    }
    let collected = collected_dir(ctx);
    let is_published = |url: &str| {
        let path = target.prefix.path_of(url);
        path.is_some_and(|path| collected.join(path).is_file())
    };
    let mut samples = urls.samples.iter();
    let (name, url) = samples.find(|(_, url)| !is_published(url))?;
    let (name, url) = (name.clone(), url.clone());
    Some(DjangoLinkProblem::Emits { name, url, storage })
}

fn debug_problem(report: &CollectReport, ctx: &BuildContext<'_>) -> DjangoLinkProblem {
    let settings = report.settings_module.clone();
    let beside = settings_beside(&ctx.app_dir, settings.as_deref().unwrap_or_default());
    DjangoLinkProblem::Debug { settings, beside }
}

fn links_by_app(report: &CollectReport, target: &CompileTarget) -> Links {
    let own_url = report.static_url.as_deref().unwrap_or_default();
    let is_target = own_url.trim_end_matches('/') == target.prefix.url().trim_end_matches('/');
    let (by, because) = if is_target {
        let because = "the settings read STATIC_URL from the environment";
        (VersionVariable::StaticUrl, because.to_owned())
    } else {
        let because = format!("{} links to the version by itself", report.own_storage());
        (VersionVariable::Version, because)
    };
    Links::ByApp { by, because }
}

fn why_needed(report: &CollectReport) -> String {
    match (&report.hook_storage, report.hook_static_root) {
        (Some(_), _) => format!(
            "{} links elsewhere, so a local storage and STATIC_URL are set at launch",
            report.own_storage()
        ),
        (None, true) => "no STATIC_ROOT in the image holds the manifest, so STATIC_ROOT and \
                         STATIC_URL are set at launch"
            .to_owned(),
        (None, false) => "the settings ignore STATIC_URL, so it is set at launch".to_owned(),
    }
}

/// Composes the lines in the settings that make the hook unnecessary.
fn snippet(report: &CollectReport) -> String {
    let own = report.static_url.as_deref();
    let own = own.filter(|own| !own.contains("://")).unwrap_or("/static/");
    let mut lines = vec![format!(
        "STATIC_URL = os.environ.get(\"STATIC_URL\", \"{own}\")"
    )];
    if report.hook_static_root && report.static_root.is_none() {
        lines.push("STATIC_ROOT = BASE_DIR / \"staticfiles\"".to_owned());
    }
    if let Some(storage) = &report.hook_storage {
        lines.push(format!(
            "STORAGES[\"staticfiles\"] = {{\"BACKEND\": \"{storage}\"}}"
        ));
    }
    lines.join("\n")
}
