//! The child processes of a compile, each in the app's own folder.

use super::PhoenixError;
use super::buildpack_config::BuildpackConfig;
use super::cache::{Kept, Programs, Restored};
use super::cache_manifest::{CacheManifest, manifest_time};
use super::css;
use super::diagnosis::{NodeMismatch, PhoenixFailure, Reason};
use super::elixir::{string_after, words};
use super::node::{Manager, Package, only_major};
use super::phx_digest::{self, Rules, Vsn};
use super::pipeline::{Mix, Pipeline};
use super::project::{Project, WebApp, config_files, read_code};
use crate::app::App;
use crate::command::{Command, Finished, program_on_path};
use crate::config::{DigestChoice, PhoenixSettings, names};
use crate::env::ChildEnv;
use crate::framework::Run;
use crate::output::{count, seconds};
use fs_err as fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What the steps of all apps of a project share.
pub(super) struct Builder<'a> {
    app: &'a App,
    project: &'a Project,
    settings: &'a PhoenixSettings,
    legacy: &'a BuildpackConfig,
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
        if ["LC_ALL", "LC_CTYPE", "LANG"].iter().all(|name| env.text(name).is_none()) {
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
    fn digests_by_mix(&self) -> bool {
        match self.settings.digest {
            DigestChoice::Auto => self.mix.is_some(),
            DigestChoice::Mix => true,
            DigestChoice::Native => false,
        }
    }

    fn folder(&self, app: &WebApp) -> PathBuf {
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
        if matches!(pipeline, Pipeline::Prebuilt) {
            run.log.bullet(&format!("Assets of {}: {pipeline}", web.otp_app));
            self.accept_prebuilt(&statics, web)?;
            return Ok(statics);
        }
        let before = manifest_mark(&statics);
        let env = self.throw_away_values(web, run)?;
        let programs = match (&self.app.cache, &self.mix) {
            (Some(cache), Some(_)) => {
                let project = self.app.dir.join(&self.project.root);
                Some(Programs::restore(&project, cache, &self.program_versions(web)?)?)
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
        self.run_pipeline(&pipeline, &node, run)?;
        let digest = Digest {
            builder: self,
            web,
            folder: &folder,
            statics: &statics,
            env: &env,
            pipeline: &pipeline,
        };
        digest.finish(before, run)?;
        if let Some(kept) = kept {
            kept.keep()?;
        }
        if let Some(programs) = programs {
            let moved = programs.keep()?;
            if !moved.is_empty() {
                run.log
                    .detail(&format!("kept for the next build, out of the image: {}", moved.join(", ")));
            }
        }
        Ok(statics)
    }

    fn require_mix(&self, pipeline: &Pipeline, web: &WebApp) -> Result<(), PhoenixError> {
        let needs = matches!(pipeline, Pipeline::Alias(_)) || self.settings.digest == DigestChoice::Mix;
        if needs && self.mix.is_none() {
            return Err(PhoenixError::NoMix {
                path: self.env.text("PATH").unwrap_or_default().to_owned(),
                pipeline: pipeline.to_string(),
                app: web.otp_app.clone(),
            });
        }
        Ok(())
    }

    /// Digested before, and not changed since.
    fn accept_prebuilt(&self, statics: &Path, web: &WebApp) -> Result<(), PhoenixError> {
        let missing = |file: PathBuf| PhoenixError::Prebuilt {
            file: self.app.relative(&file).to_owned(),
        };
        let path = statics.join(CacheManifest::NAME);
        let manifest = CacheManifest::read(&path)?.ok_or_else(|| missing(path.clone()))?;
        for digested in manifest.latest.values() {
            let file = statics.join(digested);
            if !file.is_file() {
                return Err(missing(file));
            }
        }
        if let Some(stale) = phx_digest::first_stale(statics, &manifest)? {
            return Err(PhoenixError::Stale {
                file: self.app.relative(&statics.join(stale)).to_owned(),
            });
        }
        self.normalise(statics, web)
    }

    /// The manifest without the time of the build.
    fn normalise(&self, statics: &Path, web: &WebApp) -> Result<(), PhoenixError> {
        let path = statics.join(CacheManifest::NAME);
        if let Some(mut manifest) = CacheManifest::read(&path)? {
            manifest.set_time(manifest_time(self.settings.epoch));
            fs::write(path, manifest.render(Rules::of(web.version).form()))?;
        }
        Ok(())
    }

    /// `config/prod.secret.exs`, as it was made before Phoenix 1.6, raises without these at every start of
    /// Mix, although compiling assets needs neither.
    fn throw_away_values(
        &self,
        web: &WebApp,
        run: &mut Run<'_>,
    ) -> Result<ChildEnv, PhoenixError> {
        const VALUES: [(&str, &str); 2] = [
            (
                "SECRET_KEY_BASE",
                "unused-while-compiling-assets-unused-while-compiling-assets-unused-while",
            ),
            ("DATABASE_URL", "ecto://unused:unused@localhost/unused"),
        ];
        let mut env = self.env.clone();
        let mut given = Vec::new();
        for file in config_files(&self.app.dir.join(&web.config))? {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            if ["runtime.exs", "releases.exs", "dev.exs", "test.exs"].contains(&&*name) {
                continue;
            }
            let code = read_code(&file)?;
            for (variable, value) in VALUES {
                let quoted = format!("\"{variable}\"");
                if env.text(variable).is_none() && words(&code, &quoted).next().is_some() {
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
        for file in config_files(&self.app.dir.join(&web.config))? {
            let code = read_code(&file)?;
            for package in ["config :esbuild,", "config :tailwind,"] {
                for at in words(&code, package) {
                    let version = string_after(&code[at..], "version:").unwrap_or_default();
                    versions.push_str(&format!("{package} {version}\n"));
                }
            }
        }
        let lock = fs::read_to_string(self.app.dir.join(&self.project.root).join("mix.lock"));
        let lock = lock.unwrap_or_default();
        let packages = lock.lines().filter(|line| {
            line.contains("{:hex, :esbuild,") || line.contains("{:hex, :tailwind,")
        });
        versions.extend(packages.map(|line| format!("{}\n", line.trim())));
        Ok(versions)
    }

    fn run_pipeline(
        &self,
        pipeline: &Pipeline,
        node: &Node<'_>,
        run: &mut Run<'_>,
    ) -> Result<(), PhoenixError> {
        let web = node.web;
        let folder = self.folder(web);
        let start = SystemTime::now();
        match pipeline {
            Pipeline::Command(line) => {
                let command = Command::shell(line, &folder, node.env);
                self.finish(&command, node, run)?;
            }
            Pipeline::Script(script) => {
                let env = node.script_env(&folder, &self.app.dir);
                let assets = node.package.map_or(&folder, |package| &package.folder);
                let command = Command::new("bash", assets, &env)
                    .argument("-eo")
                    .argument("pipefail")
                    .argument("-c")
                    .argument(SCRIPT_PRELUDE)
                    .argument(self.app.dir.join(script));
                self.finish(&command, node, run)?;
            }
            Pipeline::Alias(steps) => {
                if web.setup.is_some() {
                    self.finish(&self.mix_command(&folder, node.env, &["assets.setup"]), node, run)?;
                }
                let compiles = steps.iter().any(|step| step.starts_with("compile"));
                // Hooks beside their components are written by the compiler:
                // https://github.com/phoenixframework/phoenix/pull/6333
                if !compiles {
                    self.finish(&self.mix_command(&folder, node.env, &["compile"]), node, run)?;
                }
                self.finish(&self.mix_command(&folder, node.env, &["assets.deploy"]), node, run)?;
            }
            Pipeline::Package { script } => {
                self.finish(&node.script(script), node, run)?;
            }
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
                self.finish(&command, node, run)?;
            }
            Pipeline::DigestOnly | Pipeline::Prebuilt => {}
        }
        let taken = start.elapsed().unwrap_or_default();
        run.log
            .bullet(&format!("Assets of {}: {pipeline}, {}", web.otp_app, seconds(taken)));
        Ok(())
    }

    fn mix_command<'c>(
        &self,
        folder: &'c Path,
        env: &'c ChildEnv,
        arguments: &[&str],
    ) -> Command<'c> {
        arguments
            .iter()
            .fold(Command::new("mix", folder, env), Command::argument)
    }

    fn finish(
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

/// The functions that scripts written for the buildpack call, then the script, in its own words: `$0`.
const SCRIPT_PRELUDE: &str = r#"
info() { echo "       $*"; }
indent() { while IFS= read -r line; do echo "       $line"; done; }
head() { echo; echo "-----> $*"; }
. "$0"
"#;

/// The packages of one app.
struct Node<'a> {
    builder: &'a Builder<'a>,
    web: &'a WebApp,
    package: Option<&'a Package>,
    env: &'a ChildEnv,
}

impl Node<'_> {
    /// Installs what the pipeline needs; what this build step has put there is given back, to be kept out of
    /// the image.
    fn install(
        &self,
        pipeline: &Pipeline,
        run: &mut Run<'_>,
    ) -> Result<Option<Kept>, PhoenixError> {
        let Some(package) = self.package.filter(|package| package.has_dependencies()) else {
            return Ok(None);
        };
        if !pipeline.needs_packages() {
            return Ok(None);
        }
        let place = package.folder.join("node_modules");
        let shown = self.builder.app.relative(&package.folder).to_owned();
        let by_itself = pipeline.installs(self.web.setup.as_deref());
        if !by_itself {
            self.require_node(package, pipeline)?;
        }
        let version = self.version(run)?.unwrap_or_default();
        if let Some(mismatch) = self.mismatch(run)? {
            run.log.warning(&format!(
                "Node.js {} is on PATH, {} asks for {}.",
                mismatch.found, mismatch.file, mismatch.wanted
            ));
        }
        let kept = match &self.builder.app.cache {
            Some(cache) => Some(Kept::new(
                cache,
                &format!("{}/node_modules", self.web.otp_app),
                place.clone(),
                &package.key(&version)?,
            )),
            None => None,
        };
        if self.builder.legacy.clean_cache
            && let Some(cache) = &self.builder.app.cache
        {
            super::cache::remove(cache)?;
            run.log.detail("cache emptied: clean_cache=true");
        }
        let restored = match &kept {
            Some(kept) => kept.restore()?,
            None if place.exists() => Restored::Present,
            None => Restored::Nothing,
        };
        match restored {
            Restored::Present => {
                run.log.detail(&format!(
                    "{}/node_modules is there already: not installed again",
                    shown.display()
                ));
                return Ok(None);
            }
            Restored::FromCache => run.log.detail(&format!(
                "{}/node_modules from the cache",
                shown.display()
            )),
            Restored::Nothing if by_itself => {}
            Restored::Nothing => {
                if package.manager == Manager::NpmUnlocked {
                    run.log.warning(&format!(
                        "{} has no lock file: each build takes what is newest. Commit package-lock.json.",
                        shown.join("package.json").display()
                    ));
                }
                let start = SystemTime::now();
                let command = package
                    .manager
                    .install()
                    .iter()
                    .fold(
                        Command::new(package.manager.program(), &package.folder, self.env),
                        Command::argument,
                    );
                self.builder.finish(&command, self, run)?;
                let taken = start.elapsed().unwrap_or_default();
                run.log.bullet(&format!(
                    "{} in {}, {}",
                    command.shown(),
                    shown.display(),
                    seconds(taken)
                ));
            }
        }
        Ok(kept)
    }

    fn require_node(&self, package: &Package, pipeline: &Pipeline) -> Result<(), PhoenixError> {
        let program = package.manager.program();
        if program_on_path(self.env, &[program]).is_none() {
            return Err(PhoenixError::NoNode {
                program,
                pipeline: pipeline.to_string(),
                package: self.builder.app.relative(&package.folder).join("package.json"),
                path: self.env.text("PATH").unwrap_or_default().to_owned(),
            });
        }
        Ok(())
    }

    fn script(&self, name: &str) -> Command<'_> {
        let (program, folder) = match self.package {
            Some(package) => (package.manager.program(), package.folder.as_path()),
            None => ("npm", self.builder.app.dir.as_path()),
        };
        Command::new(program, folder, self.env)
            .argument("run")
            .argument(name)
    }

    /// What scripts written for the buildpack find.
    fn script_env(&self, folder: &Path, repository: &Path) -> ChildEnv {
        let assets = self.package.map_or(folder, |package| &package.folder);
        let cache = self.builder.app.cache.as_deref();
        self.env
            .clone()
            .with("phoenix_dir", folder)
            .with("assets_dir", assets)
            .with("build_dir", repository)
            .with("cache_dir", cache.unwrap_or(&self.builder.app.scratch))
            .with("phoenix_ex", "phx")
            .with(
                "node_version",
                self.builder.legacy.node_version.as_deref().unwrap_or_default(),
            )
            .with_first("PATH", assets.join("node_modules/.bin").as_os_str())
    }

    /// `None` where there is no Node.js.
    fn version(&self, run: &Run<'_>) -> Result<Option<String>, PhoenixError> {
        if program_on_path(self.env, &["node"]).is_none() {
            return Ok(None);
        }
        let finished = Command::new("node", &self.builder.app.dir, self.env)
            .argument("--version")
            .run(run.interrupt)?;
        Ok(Some(finished.output.trim().trim_start_matches('v').to_owned()))
    }

    fn mismatch(&self, run: &Run<'_>) -> Result<Option<NodeMismatch>, PhoenixError> {
        let Some(package) = self.package else {
            return Ok(None);
        };
        let folder = self.builder.folder(self.web);
        let legacy = self.builder.legacy.node_version.as_deref();
        let wanted = package.wanted_node(&folder, legacy);
        let (Some((wanted, file)), Some(found)) = (wanted, self.version(run)?) else {
            return Ok(None);
        };
        let differs = only_major(&wanted).is_some_and(|major| only_major(&found) != Some(major));
        Ok(differs.then_some(NodeMismatch {
            found,
            wanted,
            file,
        }))
    }
}

/// What is there of a manifest, to see whether it was written anew.
fn manifest_mark(statics: &Path) -> Option<(SystemTime, u64)> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(statics.join(CacheManifest::NAME)).ok()?;
    Some((metadata.modified().ok()?, metadata.ino()))
}

/// From compiled assets to digested ones.
struct Digest<'a> {
    builder: &'a Builder<'a>,
    web: &'a WebApp,
    folder: &'a Path,
    statics: &'a Path,
    env: &'a ChildEnv,
    pipeline: &'a Pipeline,
}

impl Digest<'_> {
    /// References are made relative before the digest; where the pipeline has digested already, it is done
    /// again if that changed anything.
    fn finish(&self, before: Option<(SystemTime, u64)>, run: &mut Run<'_>) -> Result<(), PhoenixError> {
        let after = manifest_mark(self.statics);
        let is_digested = after.is_some() && after != before;
        if self.pipeline.digests() && !is_digested {
            return Err(self.nothing(String::new()));
        }
        if !self.statics.is_dir() {
            return Err(self.nothing(String::new()));
        }
        let changed = css::relativise(self.statics)?;
        if !changed.is_empty() {
            let references = changed.iter().map(|change| change.references).sum();
            run.log.detail(&format!(
                "{} in stylesheets made relative, to hold below a prefix ({})",
                count(references, "absolute url(/…)"),
                changed[0].path
            ));
        }
        if !is_digested || !changed.is_empty() {
            if is_digested {
                self.forget(&changed)?;
            }
            self.digest(run)?;
        }
        let manifest = CacheManifest::read(&self.statics.join(CacheManifest::NAME))?;
        if manifest.is_none_or(|manifest| manifest.latest.is_empty()) {
            return Err(self.nothing(String::new()));
        }
        self.builder.normalise(self.statics, self.web)
    }

    /// What the earlier digest made of the stylesheets that are others now.
    fn forget(&self, changed: &[css::Relativised]) -> Result<(), PhoenixError> {
        let manifest = CacheManifest::read(&self.statics.join(CacheManifest::NAME))?;
        let latest = manifest.map(|manifest| manifest.latest).unwrap_or_default();
        for change in changed {
            for path in [change.path.clone(), format!("{}.map", change.path)] {
                let Some(digested) = latest.get(&path) else {
                    continue;
                };
                for form in ["", ".gz", ".br"] {
                    super::cache::remove(&self.statics.join(format!("{digested}{form}")))?;
                }
            }
        }
        Ok(())
    }

    fn digest(&self, run: &mut Run<'_>) -> Result<(), PhoenixError> {
        let options = self.pipeline.digest_options();
        if !self.builder.digests_by_mix() {
            let vsn = match options.iter().any(|option| option == "--no-vsn") {
                true => Vsn::None,
                false => Vsn::Query,
            };
            let cwd = fs::canonicalize(self.folder)?;
            let rules = Rules::of(self.web.version);
            let time = manifest_time(self.builder.settings.epoch);
            let files = phx_digest::digest(self.statics, &cwd, rules, (vsn, time))?;
            run.log.detail(&format!("digested {} without Mix", count(files, "file")));
            return Ok(());
        }
        let mut arguments = vec!["phx.digest"];
        arguments.extend(options.iter().map(String::as_str));
        let command = self
            .builder
            .mix_command(self.folder, self.env, &arguments);
        let before = manifest_mark(self.statics);
        let node = Node {
            builder: self.builder,
            web: self.web,
            package: None,
            env: self.env,
        };
        let output = self.builder.finish(&command, &node, run)?;
        // It ends well where it has found nothing to do.
        if manifest_mark(self.statics) == before {
            return Err(self.nothing(output));
        }
        run.log.detail(&format!("digested by {}", command.shown()));
        Ok(())
    }

    fn nothing(&self, output: String) -> PhoenixError {
        PhoenixError::NothingDigested {
            pipeline: self.pipeline.to_string(),
            folder: self.builder.app.relative(self.statics).to_owned(),
            output,
        }
    }
}
