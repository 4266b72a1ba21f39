//! The child processes of a compile, each in the app's own folder.

use super::PhoenixError;
use super::buildpack_config::BuildpackConfig;
use super::cache::Programs;
use super::cache_manifest::{CacheManifest, manifest_time};
use super::diagnosis::{PhoenixFailure, Reason};
use super::digest::{Digest, manifest_mark, read_manifest};
use super::elixir::{Lines, string_at, words};
use super::node::Package;
use super::packages::Node;
use super::phx_digest::Rules;
use super::pipeline::{Mix, Pipeline};
use super::project::{MANIFEST_KEY, Project, WebApp, production_config, read_source};
use super::templates::Place;
use crate::app::App;
use crate::command::{Command, Finished, program_on_path};
use crate::config::{DigestChoice, PhoenixSettings, names};
use crate::env::ChildEnv;
use crate::framework::Run;
use crate::output::seconds;
use crate::paths::{lies_in, read_file, replace_file};
use fs_err as fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What the steps of all apps of a project share.
pub(super) struct Builder<'a> {
    pub(super) app: &'a App,
    pub(super) project: &'a Project,
    pub(super) settings: &'a PhoenixSettings,
    pub(super) legacy: &'a BuildpackConfig,
    env: ChildEnv,
    mix: Option<PathBuf>,
}

/// Where the Elixir buildpacks for Heroku put what they install.
const PLATFORM_TOOLS: &str = ".platform_tools";

impl<'a> Builder<'a> {
    pub(super) fn new(
        app: &'a App,
        (project, settings, legacy): (&'a Project, &'a PhoenixSettings, &'a BuildpackConfig),
    ) -> Self {
        let mut env = app.env.clone();
        if env.text(names::MIX_ENV.name).is_none() {
            env = env.with(names::MIX_ENV.name, "prod");
        }
        // Without one, Erlang reads and writes Latin-1.
        if ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .all(|name| env.text(name).is_none())
        {
            env = env.with("LC_ALL", "C.UTF-8");
        }
        for (name, value) in &settings.build_env {
            env = env.with(name, value);
        }
        if program_on_path(&env, &["mix"]).is_none() {
            let tools = app.dir.join(PLATFORM_TOOLS);
            for name in ["erlang", "elixir"] {
                let bin = tools.join(name).join("bin");
                if bin.is_dir() {
                    env = env.with_first("PATH", bin.as_os_str());
                }
            }
        }
        Self {
            mix: program_on_path(&env, &["mix"]),
            app,
            project,
            settings,
            legacy,
            env,
        }
    }

    pub(super) fn mix(&self) -> Mix {
        match self.mix {
            Some(_) => Mix::Found,
            None => Mix::Missing,
        }
    }

    /// Whether Mix digests, where the pipeline leaves that to this build step.
    pub(super) fn digests_by_mix(&self) -> bool {
        match self.settings.digest {
            DigestChoice::Auto => self.mix.is_some(),
            DigestChoice::Mix => true,
            DigestChoice::Native => false,
        }
    }

    pub(super) fn lock_file(&self) -> PathBuf {
        self.app.dir.join(&self.project.root).join("mix.lock")
    }

    pub(super) fn folder(&self, app: &WebApp) -> PathBuf {
        self.app.dir.join(&app.folder)
    }

    /// From the sources of one app to its digested `priv/static`.
    pub(super) fn compile(&self, web: &WebApp, run: &mut Run<'_>) -> Result<PathBuf, PhoenixError> {
        let folder = self.folder(web);
        let package = Package::find(&folder, self.legacy.assets_path.as_deref())?;
        let choice = (self.settings, self.legacy, self.mix());
        let pipeline = Pipeline::of(web, &self.app.dir, package.as_ref(), choice)?;
        self.require_mix(&pipeline, web)?;

        let statics = folder.join("priv/static");
        run.log
            .bullet(&format!("Assets of {}: {pipeline}", web.otp_app));
        let digest = |env| Digest {
            builder: self,
            web,
            folder: &folder,
            statics: &statics,
            env,
            pipeline: &pipeline,
        };
        self.refuse_outside(&statics)?;
        if matches!(pipeline, Pipeline::Prebuilt) {
            digest(&self.env).accept_prebuilt(run)?;
            self.check_configured_manifest(web)?;
            return Ok(statics);
        }
        let before = manifest_mark(&statics);
        let env = self.throw_away_values(web, run)?;
        let programs = match (&self.app.cache, &self.mix) {
            (Some(cache), Some(_)) => {
                let project = self.app.dir.join(&self.project.root);
                Some(Programs::restore(
                    &project,
                    cache,
                    &self.program_versions(web)?,
                )?)
            }
            _ => None,
        };
        let node = Node {
            builder: self,
            web,
            package: package.as_ref(),
            env: &env,
        };
        let kept = node.install(&pipeline, run)?;
        let said = self.run_pipeline(&pipeline, &node, run)?;
        self.refuse_outside(&statics)?;
        digest(&env).finish(before, said, run)?;
        self.check_configured_manifest(web)?;
        if let Some(kept) = kept {
            kept.keep()?;
        }
        if let Some(programs) = programs {
            let moved = programs.keep()?;
            if !moved.is_empty() {
                run.log.detail(&format!(
                    "kept for the next build, out of the image: {}",
                    moved.join(", ")
                ));
            }
        }
        Ok(statics)
    }

    fn require_mix(&self, pipeline: &Pipeline, web: &WebApp) -> Result<(), PhoenixError> {
        let needs =
            matches!(pipeline, Pipeline::Alias(_)) || self.settings.digest == DigestChoice::Mix;
        if needs && self.mix.is_none() {
            return Err(PhoenixError::NoMix {
                path: self.env.text("PATH").unwrap_or_default().to_owned(),
                pipeline: pipeline.to_string(),
                app: web.otp_app.clone(),
            });
        }
        Ok(())
    }

    /// A folder of the app that is another one's is not the app's to publish or to write into.
    fn refuse_outside(&self, statics: &Path) -> Result<(), PhoenixError> {
        if statics.exists() && !lies_in(statics, &self.app.dir) {
            return Err(PhoenixError::Outside {
                path: self.app.relative(statics).to_owned(),
                leads_to: fs::canonicalize(statics)?,
            });
        }
        Ok(())
    }

    /// Phoenix starts without a manifest as well, with an error in its log and undigested links.
    fn check_configured_manifest(&self, web: &WebApp) -> Result<(), PhoenixError> {
        for file in production_config(&self.app.dir.join(&web.config)) {
            let source = read_source(&file)?;
            for at in words(&source.bare, MANIFEST_KEY) {
                // The file of another app of the umbrella is that one's to check.
                let is_its_own = self.project.is_about(web, &source.bare[..at]);
                let configured = string_at(&source, at + MANIFEST_KEY.len()).map(PathBuf::from);
                if let Some(configured) = configured.filter(|_| is_its_own)
                    && !self.folder(web).join(&configured).is_file()
                {
                    let place = Place {
                        line: Lines::of(&source.code).line(at),
                        file: self.app.relative(&file).to_owned(),
                    };
                    return Err(PhoenixError::OtherManifest { place, configured });
                }
            }
        }
        Ok(())
    }

    /// The manifest without the time of the build.
    pub(super) fn normalise(&self, statics: &Path, web: &WebApp) -> Result<(), PhoenixError> {
        if let Some(mut manifest) = read_manifest(statics)? {
            manifest.set_time(manifest_time(self.settings.epoch));
            let text = manifest.render(Rules::of(web.version).form());
            replace_file(&statics.join(CacheManifest::NAME), text.as_bytes())?;
        }
        Ok(())
    }

    /// `config/prod.secret.exs`, as it was made before Phoenix 1.6, raises without these at every start of
    /// Mix, although compiling assets needs neither.
    fn throw_away_values(&self, web: &WebApp, run: &mut Run<'_>) -> Result<ChildEnv, PhoenixError> {
        const VALUES: [(&str, &str); 2] = [
            (
                "SECRET_KEY_BASE",
                "unused-while-compiling-assets-unused-while-compiling-assets-unused-while",
            ),
            ("DATABASE_URL", "ecto://unused:unused@localhost/unused"),
        ];
        let mut env = self.env.clone();
        let mut given = Vec::new();
        for file in production_config(&self.app.dir.join(&web.config)) {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            if ["runtime.exs", "releases.exs"].contains(&&*name) {
                continue;
            }
            let source = read_source(&file)?;
            for (variable, value) in VALUES {
                if env.text(variable).is_none() && source.texts(variable).next().is_some() {
                    env = env.with(variable, value);
                    given.push(format!("{variable} ({name})"));
                }
            }
        }
        if !given.is_empty() && self.mix.is_some() {
            run.log.warning(&format!(
                "{} asked for while the configuration is read: throw-away values, for this step alone. \
                 config/runtime.exs asks when the app starts.",
                given.join(", ")
            ));
        }
        Ok(env)
    }

    /// What says which programs of the `esbuild` and `tailwind` packages are wanted.
    fn program_versions(&self, web: &WebApp) -> Result<String, PhoenixError> {
        let mut versions = String::new();
        for file in production_config(&self.app.dir.join(&web.config)) {
            let source = read_source(&file)?;
            for package in ["config :esbuild,", "config :tailwind,"] {
                for at in words(&source.bare, package) {
                    let key = words(&source.bare, "version:").find(|key| *key > at);
                    let version = key.and_then(|key| string_at(&source, key + "version:".len()));
                    versions.extend([package, " ", &version.unwrap_or_default(), "\n"]);
                }
            }
        }
        let lock = read_file(&self.lock_file()).unwrap_or_default();
        let lock = String::from_utf8_lossy(&lock);
        let packages = lock
            .lines()
            .filter(|line| line.contains("{:hex, :esbuild,") || line.contains("{:hex, :tailwind,"));
        versions.extend(packages.map(|line| format!("{}\n", line.trim())));
        Ok(versions)
    }

    fn run_pipeline(
        &self,
        pipeline: &Pipeline,
        node: &Node<'_>,
        run: &mut Run<'_>,
    ) -> Result<String, PhoenixError> {
        let web = node.web;
        let folder = self.folder(web);
        let start = SystemTime::now();
        let said = match pipeline {
            Pipeline::Command(line) => {
                let command = Command::shell(line, &folder, node.env);
                self.finish(&command, node, run)?
            }
            Pipeline::Script(script) => {
                let env = node.script_env(&folder, &self.app.dir);
                let assets = node.package.map_or(&folder, |package| &package.folder);
                let prelude = self.app.scratch.join("compile-prelude.sh");
                fs::write(&prelude, SCRIPT_PRELUDE)?;
                let command = Command::new("bash", assets, &env)
                    .argument(prelude)
                    .argument(self.app.dir.join(script));
                self.finish(&command, node, run)?
            }
            Pipeline::Alias(steps) => {
                if web.setup.is_some() {
                    self.finish(
                        &Self::mix_command(&folder, node.env, &["assets.setup"]),
                        node,
                        run,
                    )?;
                }
                let compiles = steps.iter().any(|step| step.starts_with("compile"));
                // Hooks beside their components are written by the compiler:
                // https://github.com/phoenixframework/phoenix/pull/6333
                if !compiles {
                    self.finish(
                        &Self::mix_command(&folder, node.env, &["compile"]),
                        node,
                        run,
                    )?;
                }
                self.finish(
                    &Self::mix_command(&folder, node.env, &["assets.deploy"]),
                    node,
                    run,
                )?
            }
            Pipeline::Package { script } => self.finish(&node.script(script), node, run)?,
            Pipeline::Brunch { folder } => {
                let program = folder.join("node_modules/.bin/brunch");
                let command = Command::new(
                    if program.exists() {
                        program.into_os_string()
                    } else {
                        "brunch".into()
                    },
                    folder,
                    node.env,
                )
                .argument("build")
                .argument("--production");
                self.finish(&command, node, run)?
            }
            Pipeline::DigestOnly | Pipeline::Prebuilt => return Ok(String::new()),
        };
        let taken = start.elapsed().unwrap_or_default();
        run.log.detail(&format!("done in {}", seconds(taken)));
        Ok(said)
    }

    pub(super) fn mix_command<'c>(
        folder: &'c Path,
        env: &'c ChildEnv,
        arguments: &[&str],
    ) -> Command<'c> {
        arguments
            .iter()
            .fold(Command::new("mix", folder, env), Command::argument)
    }

    pub(super) fn finish(
        &self,
        command: &Command<'_>,
        node: &Node<'_>,
        run: &mut Run<'_>,
    ) -> Result<String, PhoenixError> {
        let Finished { status, output, .. } = command.run(run.interrupt)?;
        if status.success() {
            return Ok(output);
        }
        Err(PhoenixError::Failed(Box::new(PhoenixFailure {
            command: command.shown(),
            folder: self.app.relative(command.folder()).to_owned(),
            status: status.code(),
            reason: Reason::of(&output, status.code()),
            output,
            node: node.mismatch(run)?,
        })))
    }
}

/// The functions that scripts written for the buildpack call, then the script.
const SCRIPT_PRELUDE: &str = r#"set -eo pipefail
info() { echo "       $*"; }
indent() { while IFS= read -r line; do echo "       $line"; done; }
head() { echo; echo "-----> $*"; }
. "$1"
"#;
