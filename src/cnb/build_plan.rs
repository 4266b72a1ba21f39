//! What detect asks other buildpacks for.

use crate::config::{self, FrameworkName, Sources, env_vars};
use crate::framework::phoenix::Tools;
use crate::framework::{DetectError, Framework};
use crate::launch::publisher::PROGRAM;
use libcnb::data::build_plan::{BuildPlan, BuildPlanBuilder, Require};
use std::path::Path;

/// One alternative: what has to be there together.
type Alternative = Vec<Requirement>;

#[derive(Clone)]
struct Requirement {
    name: &'static str,
    metadata: toml::Table,
}

impl Requirement {
    fn new(name: &'static str, phases: &[&str]) -> Self {
        let phases = phases.iter().map(|phase| (*phase).to_owned());
        Self {
            name,
            metadata: phases.map(|phase| (phase, true.into())).collect(),
        }
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
        DetectError::Missing { setting, .. } if *setting == env_vars::MANAGE_PY.name => {
            Some(FrameworkName::Django)
        }
        DetectError::Missing { setting, .. } if *setting != env_vars::DIR.name => {
            Some(FrameworkName::Phoenix)
        }
        DetectError::NoEntry { .. } => Some(FrameworkName::Django),
        DetectError::Missing { .. } | DetectError::Both { .. } | DetectError::Io(_) => None,
    }
}

/// Paketo's buildpacks provide Python only if it is required; heroku/python neither provides nor requires it.
fn python() -> Vec<Alternative> {
    let environments = ["site-packages", "poetry-venv", "uv-environment"];
    let phases = &["build", "launch"];
    environments
        .map(|environment| {
            ["cpython", environment]
                .map(|name| Requirement::new(name, phases))
                .to_vec()
        })
        .to_vec()
}

/// Two of the public buildpacks for Elixir provide it, each under other names, and the rest say nothing. Node.js is
/// needed only by the build.
fn elixir(tools: Tools) -> Vec<Alternative> {
    let elixirs: [&[&'static str]; 3] = [&["elixir", "erlang"], &["elixir", "otp"], &[]];
    let nodes: &[&[&'static str]] = match tools {
        Tools::Node => &[&["node"], &[]],
        Tools::None => &[&[]],
    };
    let mut alternatives: Vec<Alternative> = Vec::new();
    for elixir in elixirs {
        for node in nodes {
            let elixir = elixir
                .iter()
                .map(|name| Requirement::new(name, &["build", "launch"]));
            let node = node.iter().map(|name| Requirement::new(name, &["build"]));
            alternatives.push(elixir.chain(node).collect());
        }
    }
    alternatives.retain(|alternative| !alternative.is_empty());
    alternatives
}

/// heroku/release-phase runs the commands that other buildpacks require from it:
/// <https://github.com/heroku/buildpacks-release-phase/tree/main/buildpacks/release-phase#inherited-configuration>.
fn release_phase(sources: &Sources<'_>) -> Option<Requirement> {
    if !config::publishes_later(sources) {
        return None;
    }
    let arguments = ["publish", "--prepared"].map(toml::Value::from).to_vec();
    let command = toml::Table::from_iter([
        ("args".to_owned(), arguments.into()),
        ("command".to_owned(), PROGRAM.into()),
        ("source".to_owned(), "static-assets".into()),
    ]);
    let release = toml::Value::Array(vec![command.into()]);
    Some(Requirement {
        name: "release-phase",
        metadata: toml::Table::from_iter([("release".to_owned(), release)]),
    })
}

/// Each alternative comes first with the release phase's buildpack, if that has something to run, then without it.
fn build(alternatives: Vec<Alternative>, sources: &Sources<'_>) -> BuildPlan {
    let mut all: Vec<Alternative> = Vec::new();
    if let Some(release_phase) = release_phase(sources) {
        for alternative in alternatives.iter().chain([&Vec::new()]) {
            let with = alternative.iter().cloned().chain([release_phase.clone()]);
            all.push(with.collect());
        }
    }
    all.extend(alternatives);
    let mut plan = BuildPlanBuilder::new();
    for alternative in all {
        let requires = alternative.into_iter().map(|requirement| {
            let mut require = Require::new(requirement.name);
            require.metadata = requirement.metadata;
            require
        });
        plan = requires.fold(plan, BuildPlanBuilder::requires).or();
    }
    plan.build()
}
