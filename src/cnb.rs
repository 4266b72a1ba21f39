//! The Cloud Native Buildpack: `bin/detect` and `bin/build`.

use crate::app::{App, HookPlace, NodeSupply};
use crate::config::env_vars::{STATIC_ASSETS_VERSION, STATIC_URL};
use crate::config::{
    self, FrameworkName, FrameworkSettings, NAMESPACE, Phase, Platform, Sources, env_vars,
};
use crate::env::{Env, own_program};
use crate::framework::phoenix::Tools;
use crate::framework::{DetectError, Framework};
use crate::interrupt::Interrupt;
use crate::launch::{LaunchVar, pin};
use crate::log::Log;
use crate::message::{Explain, Message};
use crate::publish::{Done, Intent, Outcome, PublishError, publish};
use crate::setup::{PREPARED, PROGRAM, Setup, install_program, scratch, title};
use crate::version::Version;
use fs_err as fs;
use libcnb::Buildpack;
use libcnb::build::{BuildContext, BuildResult, BuildResultBuilder};
use libcnb::data::build_plan::{BuildPlan, BuildPlanBuilder, Require};
use libcnb::data::launch::{Label, LaunchBuilder, Process, ProcessBuilder};
use libcnb::data::{exec_d_program_output_key, layer_name, process_type};
use libcnb::detect::{DetectContext, DetectResult, DetectResultBuilder};
use libcnb::layer::UncachedLayerDefinition;
use libcnb::layer_env::{LayerEnv, ModificationBehavior, Scope};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

pub(crate) fn run() {
    libcnb::libcnb_runtime(&StaticAssets);
}

/// The name under which a launcher calls this program before it starts a process.
pub(crate) const REBASE: &str = "static-assets-rebase";

/// Puts a public URL that is given at run time in the place of the pinned one, unless an operator has set
/// `STATIC_URL` otherwise: <https://github.com/buildpacks/spec/blob/main/buildpack.md#execd>.
///
/// Whatever is wrong here must not keep the process from starting.
pub(crate) fn rebase() {
    let env = Env::of_process();
    let version = env.text(STATIC_ASSETS_VERSION);
    let base = env.text(env_vars::PUBLIC_URL.name);
    let pinned = env.text(STATIC_URL);
    if let (Some(version), Some(base), Some(pinned)) = (version, base, pinned)
        && pinned == pinned_url().unwrap_or_default()
        && let Ok(version) = version.parse()
        && let Some(url) = pin::rebased(base, &version)
    {
        libcnb::exec_d::write_exec_d_program_output(HashMap::from([(
            exec_d_program_output_key!("STATIC_URL"),
            url,
        )]));
    }
}

/// What the layer of variables says.
fn pinned_url() -> Option<String> {
    let layers = own_program()?.ancestors().nth(3)?.to_owned();
    let file = layers
        .join("env/env.launch")
        .join(format!("{STATIC_URL}.default"));
    fs::read_to_string(file).ok()
}

struct StaticAssets;

/// Only the folder: libcnb's own platform fails on a variable that is not UTF-8, which is not ours to
/// judge.
struct PlatformFolder {
    path: PathBuf,
    env: libcnb::Env,
}

impl libcnb::Platform for PlatformFolder {
    fn env(&self) -> &libcnb::Env {
        &self.env
    }

    fn from_path(path: impl AsRef<Path>) -> io::Result<Self> {
        Ok(Self {
            path: path.as_ref().to_owned(),
            env: libcnb::Env::new(),
        })
    }
}

/// A failure; nothing more than that, because libcnb prints what it holds.
#[derive(Debug)]
enum BuildError {
    Told,
    NotWritten(io::Error),
}

impl Buildpack for StaticAssets {
    type Platform = PlatformFolder;
    type Metadata = Option<toml::Table>;
    type Error = BuildError;

    /// Passes or fails, never errs: an optional buildpack whose detect errs is dropped without a word.
    /// What is ambiguous passes and is reported by the build.
    fn detect(&self, context: DetectContext<Self>) -> libcnb::Result<DetectResult, BuildError> {
        let mut log = Log::to(io::stdout());
        let env = Env::of_process();
        let platform = Platform::folder(&context.platform.path);
        let Ok(sources) = Sources::read(&env, platform, &context.app_dir) else {
            log.bullet("Settings that can't be read, which the build reports");
            return pass(BuildPlan::default());
        };
        let release_phase = release_phase(&sources);
        if config::names_a_folder(&sources) {
            log.bullet("STATIC_ASSETS_DIR names a folder to publish");
            return pass(Needs::default().plan(release_phase));
        }
        let settings = FrameworkSettings::read(&sources);
        let found = Framework::detect(&context.app_dir, &settings);
        match found {
            Ok(None) => {
                log.bullet(
                    "No Django project: no manage.py of Django, no Django among the dependencies, no \
                     DJANGO_SETTINGS_MODULE",
                );
                log.bullet(
                    "No Phoenix project with assets: no mix.exs with :phoenix among its dependencies and an \
                     alias assets.deploy, a folder assets, files in priv/static or a cache_static_manifest",
                );
                DetectResultBuilder::fail().build()
            }
            Ok(Some(Framework::Django(django))) => {
                log.bullet(&format!("Django: {}", django.evidence()));
                pass(python().plan(release_phase))
            }
            Ok(Some(Framework::Phoenix(phoenix))) => {
                log.bullet(&phoenix.evidence());
                for pipeline in phoenix.pipelines(&context.app_dir, &settings.phoenix) {
                    log.bullet(&pipeline);
                }
                pass(elixir(phoenix.tools(&context.app_dir)).plan(release_phase))
            }
            Ok(Some(Framework::Prebuilt(_))) => pass(BuildPlan::default()),
            Err(DetectError::Io(error)) => {
                log.bullet(&format!(
                    "The app can't be read, which the build reports: {error}"
                ));
                pass(BuildPlan::default())
            }
            Err(error) => {
                log.bullet(&format!("{}, to be settled by the build", name_of(&error)));
                let needs = match framework_of(&error) {
                    Some(FrameworkName::Phoenix) => elixir(Tools::None),
                    Some(FrameworkName::Django) => python(),
                    None => Needs::default(),
                };
                pass(needs.plan(release_phase))
            }
        }
    }

    fn build(&self, context: BuildContext<Self>) -> libcnb::Result<BuildResult, BuildError> {
        let mut log = Log::to(io::stdout()).with_errors_to(io::stderr());
        match build(&context, &mut log) {
            Ok(Outcome::Nothing) => {
                keep_cache(&context.layers_dir)?;
                BuildResultBuilder::new().build()
            }
            Ok(Outcome::Done(done)) => render(&context, &done),
            Err(message) => {
                log.error(&message);
                Err(libcnb::Error::BuildpackError(BuildError::Told))
            }
        }
    }

    fn on_error(&self, error: libcnb::Error<BuildError>) {
        let mut log = Log::to(io::stderr());
        match error {
            libcnb::Error::BuildpackError(BuildError::Told) => {}
            libcnb::Error::BuildpackError(BuildError::NotWritten(error)) => {
                log.error(&PublishError::Install(error).explain());
            }
            other => log.bullet(&format!("The buildpack could not run: {other}")),
        }
    }
}

fn build(context: &BuildContext<StaticAssets>, log: &mut Log) -> Result<Outcome, Message> {
    let env = Env::of_process();
    let platform = Platform::folder(&context.platform.path);
    let setup = Setup::read(&env, platform, &context.app_dir, &Phase::Build, log)
        .inspect_err(|_| log.header(&title()))?;
    if setup.config.does_something() {
        log.header(&title());
    }
    let scratch = scratch()?;
    let app = App {
        dir: context.app_dir.clone(),
        scratch: scratch.path().to_owned(),
        injected: context.layers_dir.join(INJECT),
        hook: HookPlace::PythonPath,
        prepared: context.layers_dir.join(PREPARED),
        node: NodeSupply::Platform,
        cache: Some(context.layers_dir.join(CACHE)),
        previous: previous(&context.layers_dir),
        env: setup.children,
    };
    let interrupt = Interrupt::listen();
    publish(&app, &setup.config, Intent::Publish, &interrupt, log).map_err(|error| error.explain())
}

/// What the layer `env` remembers for the next build. The lifecycle gives it back from the image before.
#[derive(Serialize, Deserialize)]
struct Remembered {
    version: String,
}

fn previous(layers: &Path) -> Option<Version> {
    #[derive(Deserialize)]
    struct Layer {
        metadata: Remembered,
    }
    // One that is not there or not ours tells nothing.
    let text = fs::read_to_string(layers.join("env.toml")).ok()?;
    let layer: Layer = toml::from_str(&text).ok()?;
    layer.metadata.version.parse().ok()
}

const INJECT: &str = "inject";
/// What only builds need: tools and packages that a pipeline has fetched.
const CACHE: &str = "cache";

fn pass(plan: BuildPlan) -> libcnb::Result<DetectResult, BuildError> {
    DetectResultBuilder::pass().build_plan(plan).build()
}

/// What an app is that can't be told for sure.
fn name_of(error: &DetectError) -> &'static str {
    match framework_of(error) {
        Some(FrameworkName::Django) => "Django",
        Some(FrameworkName::Phoenix) => "Phoenix",
        None => "Django and Phoenix",
    }
}

/// `None` where it may be either.
fn framework_of(error: &DetectError) -> Option<FrameworkName> {
    match error {
        DetectError::Tie { framework, .. } | DetectError::NotFound(framework) => Some(*framework),
        DetectError::Missing { setting, .. } if *setting != env_vars::MANAGE_PY.name => {
            Some(FrameworkName::Phoenix)
        }
        DetectError::Missing { .. } | DetectError::NoEntry { .. } => Some(FrameworkName::Django),
        DetectError::Both { .. } | DetectError::Io(_) => None,
    }
}

/// What other buildpacks may provide: alternatives, tried in this order, of which the last asks for nothing.
#[derive(Default)]
struct Needs(Vec<Vec<Need>>);

#[derive(Clone)]
struct Need {
    name: &'static str,
    metadata: toml::Table,
}

impl Need {
    fn of(name: &'static str, phases: &[&str]) -> Self {
        let yes = |phase: &&str| ((*phase).to_owned(), toml::Value::Boolean(true));
        Self {
            name,
            metadata: phases.iter().map(yes).collect(),
        }
    }

    fn require(self) -> Require {
        let mut require = Require::new(self.name);
        require.metadata = self.metadata;
        require
    }
}

impl Needs {
    /// With the release phase's buildpack, where there is something for it to run: each alternative first with
    /// it, then without.
    fn plan(self, release_phase: Option<Need>) -> BuildPlan {
        let mut alternatives: Vec<Vec<Need>> = Vec::new();
        if let Some(release_phase) = release_phase {
            for needs in self.0.iter().chain([&Vec::new()]) {
                let with = needs.iter().cloned().chain([release_phase.clone()]);
                alternatives.push(with.collect());
            }
        }
        alternatives.extend(self.0);
        let mut plan = BuildPlanBuilder::new();
        for needs in alternatives {
            let requires = needs.into_iter().map(Need::require);
            plan = requires.fold(plan, BuildPlanBuilder::requires).or();
        }
        plan.build()
    }
}

/// Paketo's buildpacks provide Python only where it is required; heroku/python neither provides nor
/// requires.
fn python() -> Needs {
    let environments = ["site-packages", "poetry-venv", "uv-environment"].iter();
    let needs = environments.map(|environment| {
        vec![
            Need::of("cpython", &["build", "launch"]),
            Need::of(environment, &["build", "launch"]),
        ]
    });
    Needs(needs.collect())
}

/// Of the public buildpacks for Elixir two provide it, under other names each, and the rest say
/// nothing; Node.js is needed while building only.
fn elixir(tools: Tools) -> Needs {
    let elixirs: [&[&str]; 3] = [&["elixir", "erlang"], &["elixir", "otp"], &[]];
    let nodes: &[&[&str]] = if tools == Tools::Node {
        &[&["node"], &[]]
    } else {
        &[&[]]
    };
    let mut needs = Vec::new();
    for elixir in elixirs {
        for node in nodes {
            let elixir = elixir
                .iter()
                .map(|name| Need::of(name, &["build", "launch"]));
            let node = node.iter().map(|name| Need::of(name, &["build"]));
            needs.push(elixir.chain(node).collect());
        }
    }
    // The last one is there anyway.
    needs.retain(|needs: &Vec<Need>| !needs.is_empty());
    Needs(needs)
}

/// For heroku/release-phase, which runs what others ask it to:
/// <https://github.com/heroku/buildpacks-release-phase/tree/main/buildpacks/release-phase#inherited-configuration>.
fn release_phase(sources: &Sources<'_>) -> Option<Need> {
    if !config::publishes_later(sources) {
        return None;
    }
    let text = |text: &str| toml::Value::String(text.to_owned());
    let arguments = ["publish", "--prepared"].map(text).to_vec();
    let command = toml::Table::from_iter([
        ("command".to_owned(), text(PROGRAM)),
        ("args".to_owned(), toml::Value::Array(arguments)),
        ("source".to_owned(), text("static-assets")),
    ]);
    let release = toml::Value::Array(vec![toml::Value::Table(command)]);
    Some(Need {
        name: "release-phase",
        metadata: toml::Table::from_iter([("release".to_owned(), release)]),
    })
}

fn render(
    context: &BuildContext<StaticAssets>,
    done: &Done,
) -> libcnb::Result<BuildResult, BuildError> {
    let launch = &done.launch;
    let at_launch = UncachedLayerDefinition {
        build: false,
        launch: true,
    };
    let env_layer = context.uncached_layer(layer_name!("env"), at_launch)?;
    let is_plain = |var: &&LaunchVar| !matches!(var, LaunchVar::PrependFolder { .. });
    env_layer.write_env(layer_env(
        launch.vars.iter().filter(is_plain),
        &env_layer.path(),
    ))?;

    if let Some(version) = launch.version() {
        let version = version.to_owned();
        env_layer.write_metadata(Remembered { version })?;
    }

    if launch.vars.iter().any(|var| !is_plain(&var)) {
        let at_launch = UncachedLayerDefinition {
            build: false,
            launch: true,
        };
        let inject = context.uncached_layer(layer_name!("inject"), at_launch)?;
        for file in &launch.files {
            write(&inject.path().join(&file.path), &file.content).map_err(not_written)?;
        }
        let injected = launch.vars.iter().filter(|var| !is_plain(var));
        inject.write_env(layer_env(injected, &inject.path()))?;
    }

    keep_cache(&context.layers_dir)?;

    let mut described = LaunchBuilder::new();
    if done.is_kept() {
        described.process(add_publisher(context)?);
    }
    let labels = launch.labels.iter().map(|(name, value)| Label {
        key: format!("{NAMESPACE}.{name}"),
        value: value.clone(),
    });
    BuildResultBuilder::new()
        .launch(described.labels(labels).build())
        .build()
}

/// What uploads in the release phase: this program, the kept files beside it, and a process to start it by.
fn add_publisher(context: &BuildContext<StaticAssets>) -> libcnb::Result<Process, BuildError> {
    // The core has filled it; libcnb would empty a layer that it has not made.
    let types = context.layers_dir.join(format!("{PREPARED}.toml"));
    fs::write(types, "[types]\nlaunch = true\n").map_err(not_written)?;

    let layer = context.uncached_layer(
        layer_name!("publisher"),
        UncachedLayerDefinition {
            build: false,
            launch: true,
        },
    )?;
    let program = layer.path().join("bin").join(PROGRAM);
    install_program(&program).map_err(not_written)?;
    // By a link, not as libcnb would, by another copy of megabytes.
    let at_start = layer.path().join("exec.d").join(REBASE);
    fs::create_dir_all(layer.path().join("exec.d")).map_err(not_written)?;
    symlink(Path::new("../bin").join(PROGRAM), at_start).map_err(not_written)?;

    let program = program.to_string_lossy();
    let command = [&*program, "publish", "--prepared"];
    Ok(ProcessBuilder::new(process_type!("static-assets-publish"), command).build())
}

fn layer_env<'a>(vars: impl Iterator<Item = &'a LaunchVar>, layer: &Path) -> LayerEnv {
    vars.fold(LayerEnv::new(), |env, var| match var {
        LaunchVar::Override { name, value } => {
            env.chainable_insert(Scope::Launch, ModificationBehavior::Override, name, value)
        }
        LaunchVar::Default { name, value } => {
            env.chainable_insert(Scope::Launch, ModificationBehavior::Default, name, value)
        }
        LaunchVar::Url(url) => env.chainable_insert(
            Scope::Launch,
            ModificationBehavior::Default,
            STATIC_URL,
            url,
        ),
        LaunchVar::PrependFolder { name, folder } => env
            .chainable_insert(
                Scope::Launch,
                ModificationBehavior::Prepend,
                name,
                layer.join(folder),
            )
            .chainable_insert(Scope::Launch, ModificationBehavior::Delimiter, name, ":"),
    })
}

/// Says that the layer, where the build has left something there, is for the next build alone. libcnb
/// would empty one that it has not made.
fn keep_cache(layers: &Path) -> libcnb::Result<(), BuildError> {
    if layers.join(CACHE).is_dir() {
        let types = layers.join(format!("{CACHE}.toml"));
        fs::write(types, "[types]\ncache = true\n").map_err(not_written)?;
    }
    Ok(())
}

fn not_written(error: io::Error) -> libcnb::Error<BuildError> {
    libcnb::Error::BuildpackError(BuildError::NotWritten(error))
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)
}
