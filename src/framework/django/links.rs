//! The proof that pages will link to what is published.

use super::DjangoError;
use super::detect::settings_beside;
use super::hook::{HookBlocked, Job, Reach};
use super::report::{Emitted, Report, Sample};
use crate::config::Inject;
use crate::framework::{CompileTarget, Injection, Links, NotFollowing, VersionVariable};
use std::path::PathBuf;

/// Why no page would link to the version.
#[derive(Debug)]
pub(crate) enum DjangoLinkProblem {
    /// `STATIC_ASSETS_INJECT=off`, and the settings ignore `STATIC_URL`.
    InjectOff,
    /// The command line puts nothing beside the app.
    InjectNowhere,
    /// The hook stays out of DEBUG.
    Debug {
        settings: Option<String>,
        beside: Vec<String>,
    },
    /// Even with the hook, `static()` gives this.
    Emits {
        name: String,
        url: String,
    },
    StaticFails {
        error: String,
    },
    /// Something keeps Python from loading the hook.
    Unreachable {
        output: String,
    },
    /// Nothing can be put where Python would load it.
    HookBlocked(HookBlocked),
    /// django-compressor would write files at run time that are not in the store.
    CompressesAtRunTime {
        template: PathBuf,
    },
}

/// The hook that the runner left, and whether the app's Python loads one.
pub(super) struct Hook {
    pub(super) folder: PathBuf,
    pub(super) reach: Reach,
    pub(super) app: PathBuf,
    pub(super) collected: PathBuf,
    /// Whether an app that follows is given its environment by Python, where nothing else does.
    pub(super) pins: bool,
}

/// How pages come to follow, and what that needs.
pub(super) struct Verdict {
    pub(super) links: Links,
    pub(super) injection: Option<Injection>,
}

pub(super) fn judge(
    report: &Report,
    target: &CompileTarget,
    inject: Inject,
    hook: Hook,
) -> Result<Verdict, DjangoError> {
    let own_follows = first_elsewhere(&report.emission.own, target, &hook).is_none();
    let needs_files = report.inject.static_root;
    if own_follows && !needs_files {
        return Ok(Verdict {
            links: follows(report, target),
            injection: match hook.reach {
                Reach::Loads(place) if hook.pins => Some(place.injection(&hook.folder, Job::Pin)?),
                _ => None,
            },
        });
    }
    let failed = |why| {
        Err(DjangoError::NotFollowing(Box::new(NotFollowing {
            why,
            snippet: snippet(report),
        })))
    };
    match inject {
        Inject::Auto => {}
        Inject::Off => return failed(DjangoLinkProblem::InjectOff),
        Inject::Nowhere => return failed(DjangoLinkProblem::InjectNowhere),
    }
    if report.debug {
        return failed(DjangoLinkProblem::Debug {
            settings: report.settings_module.clone(),
            beside: report
                .settings_module
                .as_deref()
                .map(|module| settings_beside(&hook.app, module))
                .unwrap_or_default(),
        });
    }
    match first_elsewhere(&report.emission.injected, target, &hook) {
        None => {}
        Some(Elsewhere::Url(Sample { name, url })) => {
            return failed(DjangoLinkProblem::Emits {
                name: name.clone(),
                url: url.clone(),
            });
        }
        Some(Elsewhere::Error(error)) => {
            return failed(DjangoLinkProblem::StaticFails {
                error: error.to_owned(),
            });
        }
    }
    match hook.reach {
        Reach::Loads(place) => Ok(Verdict {
            links: Links::ByInjection {
                because: why_needed(report),
                snippet: snippet(report),
            },
            injection: Some(place.injection(&hook.folder, Job::Follow)?),
        }),
        Reach::Silent(output) => failed(DjangoLinkProblem::Unreachable { output }),
        Reach::No(obstacle) => failed(DjangoLinkProblem::HookBlocked(obstacle)),
    }
}

enum Elsewhere<'a> {
    Url(&'a Sample),
    Error(&'a str),
}

/// The first thing that shows that `static()` does not give the target's URL of a collected file.
fn first_elsewhere<'a>(
    emitted: &'a Emitted,
    target: &CompileTarget,
    hook: &Hook,
) -> Option<Elsewhere<'a>> {
    if let Some(error) = &emitted.error {
        return Some(Elsewhere::Error(error));
    }
    let is_published = |sample: &&Sample| {
        let path = target.prefix.path_of(&sample.url);
        path.is_some_and(|path| hook.collected.join(path).is_file())
    };
    emitted
        .samples
        .iter()
        .find(|sample| !is_published(sample))
        .map(Elsewhere::Url)
}

fn follows(report: &Report, target: &CompileTarget) -> Links {
    let own_url = report.static_url.own.as_deref().unwrap_or_default();
    if own_url.trim_end_matches('/') == target.prefix.url().trim_end_matches('/') {
        Links::ByApp {
            by: VersionVariable::StaticUrl,
            because: "settings follow STATIC_URL from the environment".to_owned(),
        }
    } else {
        Links::ByApp {
            by: VersionVariable::Version,
            because: format!("{} links to the version by itself", report.own_storage()),
        }
    }
}

fn why_needed(report: &Report) -> String {
    match (&report.inject.storage, report.inject.static_root) {
        (Some(_), _) => format!(
            "{} links elsewhere, so a local storage and STATIC_URL are set at launch",
            report.own_storage()
        ),
        (None, true) => {
            "no STATIC_ROOT in the image holds the manifest, so it is set at launch with STATIC_URL"
                .to_owned()
        }
        (None, false) => "settings ignore STATIC_URL, so it is set at launch".to_owned(),
    }
}

/// The lines that make the hook unnecessary.
fn snippet(report: &Report) -> String {
    let mut lines = Vec::new();
    let own = report.static_url.own.as_deref().unwrap_or("/static/");
    let is_address = own.contains("://");
    lines.push(format!(
        "STATIC_URL = os.environ.get(\"STATIC_URL\", \"{}\")",
        if is_address { "/static/" } else { own }
    ));
    if report.inject.static_root && report.static_root.is_none() {
        lines.push("STATIC_ROOT = BASE_DIR / \"staticfiles\"".to_owned());
    }
    if let Some(storage) = &report.inject.storage {
        lines.push(format!(
            "STORAGES[\"staticfiles\"] = {{\"BACKEND\": \"{storage}\"}}"
        ));
    }
    lines.join("\n")
}
