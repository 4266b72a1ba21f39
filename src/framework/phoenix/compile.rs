//! Compiles one app: from its sources to its digested `priv/static`.

use super::PhoenixError;
use super::app_build::AppBuild;
use super::cache::CachedPrograms;
use super::event::PipelineEvent;
use super::pipeline::Pipeline;
use super::sources::{SourceLocation, read_text};
use crate::command::Command;
use crate::config::DigestChoice;
use crate::fs::lies_in;
use fs_err as fs;
use std::path::Path;
use std::time::Instant;

impl AppBuild<'_> {
    /// Compiles and digests the assets where they are.
    pub(super) fn compile(mut self) -> Result<(), PhoenixError> {
        self.require_mix()?;
        let event = PipelineEvent::PipelineChosen(&self.web.otp_app, &self.pipeline);
        self.log(&event);
        self.warn_of_unbuilt_package();
        self.refuse_outside()?;
        if matches!(self.pipeline, Pipeline::Prebuilt) {
            self.accept_prebuilt()?;
            return self.check_configured_manifest();
        }
        let before = self.manifest_mark();
        self.set_throw_away_values()?;
        self.bring_node()?;
        let programs = self.restore_programs()?;
        let packages = self.install_packages()?;
        let output = self.run_pipeline()?;
        self.refuse_outside()?;
        self.digest(before, output)?;
        self.check_configured_manifest()?;
        if let Some(packages) = packages {
            packages.save()?;
        }
        if let Some(programs) = programs {
            let saved = programs.save()?;
            if !saved.is_empty() {
                self.log(&PipelineEvent::ProgramsCached(&saved));
            }
        }
        Ok(())
    }

    /// Warns of an alias that leaves out a script of `package.json` which the app's own Dockerfile runs.
    fn warn_of_unbuilt_package(&self) {
        let Some(package) = self
            .package
            .as_ref()
            .filter(|_| self.pipeline.bundles_nothing())
        else {
            return;
        };
        let Some(script) = package.production_script() else {
            return;
        };
        for dir in [&self.dir, &self.ctx.app_dir] {
            let file = dir.join("Dockerfile");
            let text = read_text(&file).unwrap_or_default();
            let line = text.lines().position(|line| {
                let mut words = line.split(|letter: char| !is_script_letter(letter));
                let runs = words.any(|word| ["npm", "yarn", "pnpm", "bun"].contains(&word));
                runs && words.any(|word| word == script)
            });
            if let Some(line) = line {
                let file = self.ctx.relative(&file).to_owned();
                let location = SourceLocation {
                    file,
                    line: line + 1,
                };
                let dir = package.dir.strip_prefix(&self.dir).unwrap_or(&package.dir);
                let manager = package.manager.program();
                return self.log(&PipelineEvent::ScriptNotRun(
                    &location, script, manager, dir,
                ));
            }
        }
    }

    fn require_mix(&self) -> Result<(), PhoenixError> {
        let is_alias = matches!(self.pipeline, Pipeline::Alias(_));
        let needs_mix = is_alias || self.settings().digest == DigestChoice::Mix;
        if !needs_mix || self.mix.is_some() {
            return Ok(());
        }
        Err(PhoenixError::NoMix {
            path: self.env.text("PATH").unwrap_or_default().to_owned(),
            pipeline: self.pipeline.to_string(),
            app: self.web.otp_app.clone(),
            package: self.package.as_ref().map(|it| self.package_json(it)),
        })
    }

    /// Refuses a `priv/static` that leads out of the app: what is there is not the app's to publish or to change.
    fn refuse_outside(&self) -> Result<(), PhoenixError> {
        if self.statics.exists() && !lies_in(&self.statics, &self.ctx.app_dir) {
            return Err(PhoenixError::Outside {
                path: self.ctx.relative(&self.statics).to_owned(),
                leads_to: fs::canonicalize(&self.statics)?,
            });
        }
        Ok(())
    }

    fn restore_programs(&self) -> Result<Option<CachedPrograms>, PhoenixError> {
        let Some(cache) = self.ctx.cache.as_ref().filter(|_| self.mix.is_some()) else {
            return Ok(None);
        };
        let project = self.ctx.app_dir.join(&self.project.root);
        let programs = CachedPrograms::restore(&project, cache, &self.program_versions()?);
        Ok(Some(programs?))
    }

    /// Runs the pipeline and returns the output of its last command.
    fn run_pipeline(&self) -> Result<String, PhoenixError> {
        let start = Instant::now();
        let output = match (&self.pipeline, &self.package) {
            (Pipeline::Command(line), _) => {
                self.run(&Command::shell(line, &self.dir, &self.env))?
            }
            (Pipeline::CompileScript(script), _) => self.run_compile_script(script)?,
            (Pipeline::Alias(steps), _) => self.run_alias(steps)?,
            (Pipeline::PackageScript(script), Some(package)) => {
                let line = format!("{} run {script}", package.manager.program());
                self.run(&self.command(&package.dir, &line))?
            }
            (Pipeline::PackageScript(_), None) | (Pipeline::DigestOnly | Pipeline::Prebuilt, _) => {
                return Ok(String::new());
            }
        };
        self.log(&PipelineEvent::PipelineDone(start.elapsed()));
        Ok(output)
    }

    fn run_alias(&self, steps: &[String]) -> Result<String, PhoenixError> {
        let setup = self.web.setup.as_ref().map(|_| "assets.setup");
        // The compiler writes the hooks of components: https://github.com/phoenixframework/phoenix/pull/6333
        let compiles = steps.iter().any(|step| step.starts_with("compile"));
        let compile = (!compiles).then_some("compile");
        let mut output = String::new();
        for task in setup.into_iter().chain(compile).chain(["assets.deploy"]) {
            let command = self.command(&self.dir, &format!("mix {task}"));
            self.log(&PipelineEvent::CommandStarted(&command));
            output = self.run(&command)?;
        }
        Ok(output)
    }

    /// Runs a script that was written for heroku-buildpack-phoenix-static, with the variables that it has there.
    fn run_compile_script(&self, script: &Path) -> Result<String, PhoenixError> {
        let assets = self.package.as_ref().map_or(&self.dir, |it| &it.dir);
        let cache = self.ctx.cache.as_ref().unwrap_or(&self.ctx.scratch);
        let node_version = self.legacy.node_version.as_deref().unwrap_or_default();
        let env = self.env.clone();
        let env = env
            .with("phoenix_dir", &self.dir)
            .with("assets_dir", assets)
            .with("build_dir", &self.ctx.app_dir)
            .with("cache_dir", cache)
            .with("phoenix_ex", "phx")
            .with("node_version", node_version)
            .with_first("PATH", assets.join("node_modules/.bin").as_os_str());
        let prelude = self.ctx.scratch.join("compile-prelude.sh");
        fs::write(&prelude, SCRIPT_PRELUDE)?;
        let command = Command::new("bash", assets, &env).argument(prelude);
        self.run(&command.argument(self.ctx.app_dir.join(script)))
    }
}

fn is_script_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-_:".contains(letter)
}

/// The functions that these scripts call; then the script.
const SCRIPT_PRELUDE: &str = r#"set -eo pipefail
info() { echo "       $*"; }
indent() { while IFS= read -r line; do echo "       $line"; done; }
head() { echo; echo "-----> $*"; }
. "$1"
"#;
