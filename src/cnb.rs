//! The Cloud Native Buildpack: `bin/detect` and `bin/build`.

use crate::app::App;
use crate::config::{
    self, Config, ConfigProblem, FrameworkName, FrameworkSettings, NAMESPACE, Sources, names,
};
use crate::env::Env;
use crate::errors::{Explain, Message, config_message};
use crate::framework::phoenix::Tools;
use crate::framework::{DetectError, Framework};
use crate::interrupt::Interrupt;
use crate::launch::{Launch, LaunchVar};
use crate::output::{Log, Redaction};
use crate::publish::{Intent, Outcome, PublishError, publish};
use crate::version::Version;
use fs_err as fs;
use libcnb::build::{BuildContext, BuildResult, BuildResultBuilder};
use libcnb::data::build_plan::{BuildPlan, BuildPlanBuilder, Require};
use libcnb::data::launch::{Label, LaunchBuilder};
use libcnb::data::layer_name;
use libcnb::detect::{DetectContext, DetectResult, DetectResultBuilder};
use libcnb::layer::UncachedLayerDefinition;
use libcnb::layer_env::{LayerEnv, ModificationBehavior, Scope};
use libcnb::{Buildpack, Platform};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

pub(crate) fn run() {
    libcnb::libcnb_runtime(&StaticAssets);
}

struct StaticAssets;

/// Only the folder: libcnb's own platform fails on a variable that is not UTF-8, which is not ours to
/// judge.
struct PlatformFolder {
    path: PathBuf,
    env: libcnb::Env,
}

impl Platform for PlatformFolder {
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

/// A failure as it is told, with what must not be told.
struct BuildError {
    message: Message,
    redaction: Redaction,
}

/// libcnb asks for it, and would print causes with it.
impl std::fmt::Debug for BuildError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("BuildError")
    }
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
        let platform = Some(context.platform.path.as_path());
        let Ok(sources) = Sources::read(&env, platform, &context.app_dir) else {
            log.bullet("Settings that can't be read, which the build reports");
            return pass(BuildPlan::default());
        };
        if config::names_a_folder(&sources) {
            log.bullet("STATIC_ASSETS_DIR names a folder to publish");
            return pass(BuildPlan::default());
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
                pass(python_plan())
            }
            Ok(Some(Framework::Phoenix(phoenix))) => {
                log.bullet(&phoenix.evidence());
                for pipeline in phoenix.pipelines(&context.app_dir, &settings.phoenix) {
                    log.bullet(&pipeline);
                }
                pass(elixir_plan(phoenix.tools(&context.app_dir)))
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
                pass(match framework_of(&error) {
                    Some(FrameworkName::Phoenix) => elixir_plan(Tools::None),
                    Some(FrameworkName::Django) => python_plan(),
                    None => BuildPlan::default(),
                })
            }
        }
    }

    fn build(&self, context: BuildContext<Self>) -> libcnb::Result<BuildResult, BuildError> {
        let env = Env::of_process();
        let mut redaction = Redaction::default();
        let outcome = build(&context, &env, &mut redaction);
        match outcome {
            Ok(Outcome::Nothing) => {
                keep_cache(&context.layers_dir)?;
                BuildResultBuilder::new().build()
            }
            Ok(Outcome::Done(done)) => render(&context, &done.launch),
            Err(message) => Err(libcnb::Error::BuildpackError(BuildError {
                message,
                redaction,
            })),
        }
    }

    fn on_error(&self, error: libcnb::Error<BuildError>) {
        let mut log = Log::to(io::stderr());
        match error {
            libcnb::Error::BuildpackError(BuildError { message, redaction }) => {
                log.redact(redaction);
                log.error(&message);
            }
            other => log.bullet(&format!("The buildpack could not run: {other}")),
        }
    }
}

/// Leaves in `redaction` whatever turned out to be secret, also when it fails.
fn build(
    context: &BuildContext<StaticAssets>,
    env: &Env,
    redaction: &mut Redaction,
) -> Result<Outcome, Message> {
    let mut log = Log::to(io::stdout());
    let header = format!("Static assets {}", env!("CARGO_PKG_VERSION"));
    let failed = |log: &mut Log, problems: Vec<ConfigProblem>| {
        log.header(&header);
        config_message(&problems)
    };
    let platform = Some(context.platform.path.as_path());
    let sources = Sources::read(env, platform, &context.app_dir)
        .map_err(|problems| failed(&mut log, problems))?;
    let secrets = sources.secrets();
    *redaction = secrets.in_log();
    log.redact(redaction.clone());
    let config = Config::read(&sources);
    for warning in config::warnings(&sources) {
        log.warning(&warning.text());
    }
    let config = config.map_err(|problems| failed(&mut log, problems))?;
    if config.does_something() {
        log.header(&header);
    }
    let scratch = tempfile::Builder::new()
        .prefix("static-assets-")
        .tempdir()
        .map_err(|error| PublishError::Install(error).explain())?;
    let app = App {
        dir: context.app_dir.clone(),
        scratch: scratch.path().to_owned(),
        injected: context.layers_dir.join(INJECT),
        cache: Some(context.layers_dir.join(CACHE)),
        previous: previous(&context.layers_dir),
        env: env.for_children(&names::secrets(), secrets.all()),
    };
    let interrupt = Interrupt::listen();
    publish(&app, &config, Intent::Publish, &interrupt, &mut log).map_err(|error| error.explain())
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
        DetectError::Missing { setting, .. } if *setting != names::MANAGE_PY.name => {
            Some(FrameworkName::Phoenix)
        }
        DetectError::Missing { .. } | DetectError::NoEntry { .. } => Some(FrameworkName::Django),
        DetectError::Both { .. } | DetectError::Io(_) => None,
    }
}

fn require(name: &str, phases: &[&str]) -> Require {
    let mut require = Require::new(name);
    for phase in phases {
        let yes = toml::Value::Boolean(true);
        require.metadata.insert((*phase).to_owned(), yes);
    }
    require
}

/// Paketo's buildpacks provide Python only where it is required; heroku/python neither provides nor
/// requires, so the last alternative asks for nothing.
fn python_plan() -> BuildPlan {
    let mut plan = BuildPlanBuilder::new();
    for environment in ["site-packages", "poetry-venv", "uv-environment"] {
        plan = plan
            .requires(require("cpython", &["build", "launch"]))
            .requires(require(environment, &["build", "launch"]))
            .or();
    }
    plan.build()
}

/// Of the public buildpacks for Elixir two provide it, under other names each, and the rest say
/// nothing; Node.js is needed while building only. The last alternative asks for nothing.
fn elixir_plan(tools: Tools) -> BuildPlan {
    let elixirs: [&[&str]; 3] = [&["elixir", "erlang"], &["elixir", "otp"], &[]];
    let nodes: &[&[&str]] = if tools == Tools::Node {
        &[&["node"], &[]]
    } else {
        &[&[]]
    };
    let mut alternatives = elixirs
        .iter()
        .flat_map(|elixir| nodes.iter().map(move |node| (*elixir, *node)))
        .peekable();
    let mut plan = BuildPlanBuilder::new();
    while let Some((elixir, node)) = alternatives.next() {
        for name in elixir {
            plan = plan.requires(require(name, &["build", "launch"]));
        }
        for name in node {
            plan = plan.requires(require(name, &["build"]));
        }
        if alternatives.peek().is_some() {
            plan = plan.or();
        }
    }
    plan.build()
}

fn render(
    context: &BuildContext<StaticAssets>,
    launch: &Launch,
) -> libcnb::Result<BuildResult, BuildError> {
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

    let labels = launch.labels.iter().map(|(name, value)| Label {
        key: format!("{NAMESPACE}.{name}"),
        value: value.clone(),
    });
    BuildResultBuilder::new()
        .launch(LaunchBuilder::new().labels(labels).build())
        .build()
}

fn layer_env<'a>(vars: impl Iterator<Item = &'a LaunchVar>, layer: &Path) -> LayerEnv {
    vars.fold(LayerEnv::new(), |env, var| match var {
        LaunchVar::Override { name, value } => {
            env.chainable_insert(Scope::Launch, ModificationBehavior::Override, name, value)
        }
        LaunchVar::Default { name, value } => {
            env.chainable_insert(Scope::Launch, ModificationBehavior::Default, name, value)
        }
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
    libcnb::Error::BuildpackError(BuildError {
        message: PublishError::Install(error).explain(),
        redaction: Redaction::default(),
    })
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)
}
