//! What detect asks other buildpacks for.

use crate::config::{self, FrameworkName, Sources, env_vars};
use crate::framework::phoenix::Tools;
use crate::framework::{DetectError, Framework};
use libcnb::data::build_plan::{BuildPlan, BuildPlanBuilder, Require};
use std::path::Path;

/// One alternative: what has to be there together.
type Alternative = Vec<Requirement>;

/// A [`Require`] that can be cloned.
#[derive(Clone)]
struct Requirement {
    name: &'static str,
    metadata: toml::Table,
}

impl Requirement {
    fn new(name: &'static str, phases: &[&str]) -> Self {
        let phases = phases
            .iter()
            .map(|phase| ((*phase).to_owned(), true.into()));
        let metadata = phases.collect();
        Self { name, metadata }
    }
}

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
    let require = |name| Requirement::new(name, &["build", "launch"]);
    let environments = ["site-packages", "poetry-venv", "uv-environment"];
    environments
        .map(|environment| vec![require("cpython"), require(environment)])
        .to_vec()
}

/// Two of the public buildpacks for Elixir provide it, each under other names, and the rest say nothing. Node.js is
/// needed only by the build.
fn elixir(tools: Tools) -> Vec<Alternative> {
    let mut alternatives = Vec::new();
    for names in [&["elixir", "erlang"][..], &["elixir", "otp"], &[]] {
        let names = names.iter();
        let elixir: Alternative = names
            .map(|name| Requirement::new(name, &["build", "launch"]))
            .collect();
        if matches!(tools, Tools::Node) {
            let node = Requirement::new("node", &["build"]);
            alternatives.push(elixir.iter().cloned().chain([node]).collect());
        }
        alternatives.push(elixir);
    }
    alternatives.retain(|alternative| !alternative.is_empty());
    alternatives
}

/// heroku/release-phase runs the commands that other buildpacks require from it:
/// <https://github.com/heroku/buildpacks-release-phase/tree/main/buildpacks/release-phase#inherited-configuration>.
fn release_phase(sources: &Sources<'_>) -> Option<Requirement> {
    let metadata = toml::toml! {
        [[release]]
        command = "static-assets"
        args = ["publish", "--prepared"]
        source = "static-assets"
    };
    config::publishes_later(sources).then_some(Requirement {
        name: "release-phase",
        metadata,
    })
}

/// Each alternative comes first with the release phase's buildpack, if that has something to run, then without it.
fn build(alternatives: Vec<Alternative>, sources: &Sources<'_>) -> BuildPlan {
    let mut all = Vec::new();
    if let Some(release_phase) = release_phase(sources) {
        for alternative in alternatives.iter().chain([&Vec::new()]) {
            let with = alternative.iter().chain([&release_phase]);
            all.push(with.cloned().collect());
        }
    }
    all.extend(alternatives);
    let mut plan = BuildPlanBuilder::new();
    for alternative in all {
        let requires = alternative
            .into_iter()
            .map(|Requirement { name, metadata }| Require {
                name: name.to_owned(),
                metadata,
            });
        plan = requires.fold(plan, BuildPlanBuilder::requires).or();
    }
    plan.build()
}
