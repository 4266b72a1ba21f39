//! What detect asks other buildpacks for.

use crate::config::{self, FrameworkName, Sources, env_vars};
use crate::framework::phoenix::Tools;
use crate::framework::{DetectError, Framework};
use libcnb::data::build_plan::{BuildPlan, BuildPlanBuilder, Require};
use std::path::Path;

/// One alternative: the names of what has to be there together.
type Alternative = Vec<&'static str>;

const RELEASE_PHASE: &str = "release-phase";

/// The plan for an app: alternatives in the order in which they are tried. The last one asks for nothing.
pub(super) fn for_app(app: &Framework, dir: &Path, sources: &Sources<'_>) -> BuildPlan {
    match app {
        Framework::Django(_) => build(python(), sources),
        Framework::Phoenix(phoenix) => build(elixir(phoenix.tools(dir)), sources),
        Framework::Prebuilt(_) => build(Vec::new(), sources),
    }
}

/// The plan for an app that the build will report as ambiguous.
pub(super) fn for_error(error: &DetectError, sources: &Sources<'_>) -> BuildPlan {
    if let DetectError::Io(_) = error {
        return BuildPlan::default();
    }
    let alternatives = match framework_of(error) {
        Some(FrameworkName::Django) => python(),
        Some(FrameworkName::Phoenix) => elixir(Tools::None),
        None => Vec::new(),
    };
    build(alternatives, sources)
}

/// The framework that an app has for sure; `None` if it may be either.
fn framework_of(error: &DetectError) -> Option<FrameworkName> {
    match error {
        DetectError::Tie { framework, .. } | DetectError::NotFound(framework) => Some(*framework),
        DetectError::NoEntry { .. } => Some(FrameworkName::Django),
        DetectError::Missing { setting, .. } if *setting == env_vars::MANAGE_PY.name => {
            Some(FrameworkName::Django)
        }
        DetectError::Missing { setting, .. } => {
            (*setting != env_vars::DIR.name).then_some(FrameworkName::Phoenix)
        }
        DetectError::Both { .. } | DetectError::Io(_) => None,
    }
}

/// Paketo's buildpacks provide Python only if it is required; heroku/python neither provides nor requires it.
fn python() -> Vec<Alternative> {
    let environments = ["site-packages", "poetry-venv", "uv-environment"];
    environments
        .map(|environment| vec!["cpython", environment])
        .to_vec()
}

/// Two of the public buildpacks for Elixir provide it, each under other names, and the rest say
/// nothing.
fn elixir(tools: Tools) -> Vec<Alternative> {
    let mut alternatives = Vec::new();
    for elixir in [&["elixir", "erlang"][..], &["elixir", "otp"], &[]] {
        if matches!(tools, Tools::Node) {
            alternatives.push([elixir, &["node"]].concat());
        }
        alternatives.push(elixir.to_vec());
    }
    alternatives.retain(|alternative| !alternative.is_empty());
    alternatives
}

fn require(name: &str) -> Require {
    let metadata = match name {
        // heroku/release-phase runs the commands that other buildpacks require from it:
        // https://github.com/heroku/buildpacks-release-phase/tree/main/buildpacks/release-phase#inherited-configuration
        RELEASE_PHASE => toml::toml! {
            [[release]]
            command = "static-assets"
            args = ["publish", "--prepared"]
            source = "static-assets"
        },
        // Only the build needs Node.js.
        "node" => toml::toml! { build = true },
        _ => toml::toml! {
            build = true
            launch = true
        },
    };
    let name = name.to_owned();
    Require { name, metadata }
}

/// Each alternative comes first with the release phase's buildpack, if that has something to run, then without it.
fn build(alternatives: Vec<Alternative>, sources: &Sources<'_>) -> BuildPlan {
    let mut all = Vec::new();
    if config::publishes_later(sources) {
        for alternative in alternatives.iter().chain([&Vec::new()]) {
            all.push([alternative.as_slice(), &[RELEASE_PHASE]].concat());
        }
    }
    all.extend(alternatives);
    let mut plan = BuildPlanBuilder::new();
    for alternative in all {
        let requires = alternative.into_iter().map(require);
        plan = requires.fold(plan, BuildPlanBuilder::requires).or();
    }
    plan.build()
}
