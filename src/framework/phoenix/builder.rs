//! What the steps of a build share: the app, its settings, and the environment of its commands.

use super::PhoenixError;
use super::buildpack_config::BuildpackConfig;
use super::cache_manifest::{CacheManifest, manifest_time};
use super::detect::Project;
use super::failure::{PhoenixFailure, PhoenixFailureReason};
use super::phx_digest::Rules;
use super::pipeline::Mix;
use super::web_app::WebApp;
use crate::command::{Command, Finished, program_on_path};
use crate::config::{DigestChoice, PhoenixSettings, env_vars};
use crate::context::BuildContext;
use crate::env::ChildEnv;
use crate::fs::replace_file;
use std::io;
use std::path::{Path, PathBuf};

/// What the steps of all apps of a project share.
pub(super) struct Builder<'a> {
    pub(super) ctx: &'a BuildContext<'a>,
    pub(super) project: &'a Project,
    pub(super) settings: &'a PhoenixSettings,
    pub(super) legacy: &'a BuildpackConfig,
    pub(super) env: ChildEnv,
    pub(super) mix: Option<PathBuf>,
}

/// Where the Elixir buildpacks for Heroku put what they install.
const PLATFORM_TOOLS: &str = ".platform_tools";

pub(super) fn read_manifest(statics: &Path) -> Result<Option<CacheManifest>, PhoenixError> {
    CacheManifest::read(&statics.join(CacheManifest::NAME)).map_err(of_manifest)
}

/// The only data that is read here is the manifest's.
pub(super) fn of_manifest(error: io::Error) -> PhoenixError {
    match error.kind() {
        io::ErrorKind::InvalidData => PhoenixError::Manifest(error),
        _ => PhoenixError::Io(error),
    }
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        ctx: &'a BuildContext<'a>,
        (project, settings, legacy): (&'a Project, &'a PhoenixSettings, &'a BuildpackConfig),
    ) -> Self {
        let mut env = ctx.env.clone();
        if env.text(env_vars::MIX_ENV.name).is_none() {
            env = env.with(env_vars::MIX_ENV.name, "prod");
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
            let tools = ctx.app_dir.join(PLATFORM_TOOLS);
            for name in ["erlang", "elixir"] {
                let bin = tools.join(name).join("bin");
                if bin.is_dir() {
                    env = env.with_first("PATH", bin.as_os_str());
                }
            }
        }
        Self {
            mix: program_on_path(&env, &["mix"]),
            ctx,
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

    pub(super) fn lock_file(&self) -> PathBuf {
        self.ctx.app_dir.join(&self.project.root).join("mix.lock")
    }

    /// Whether Mix digests, where the pipeline leaves that to this build step.
    pub(super) fn digests_by_mix(&self) -> bool {
        match self.settings.digest {
            DigestChoice::Auto => self.mix.is_some(),
            DigestChoice::Mix => true,
            DigestChoice::Native => false,
        }
    }

    pub(super) fn folder(&self, app: &WebApp) -> PathBuf {
        self.ctx.app_dir.join(&app.folder)
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

    /// Runs a command to its end; what it has printed.
    pub(super) fn finish(
        &self,
        command: &Command<'_>,
        ctx: &BuildContext<'_>,
    ) -> Result<String, PhoenixError> {
        let Finished { status, output, .. } = command.run(ctx.interrupt)?;
        if status.success() {
            return Ok(output);
        }
        Err(PhoenixError::Failed(Box::new(PhoenixFailure {
            command: command.shown(),
            folder: self.ctx.relative(command.folder()).to_owned(),
            status: status.code(),
            reason: PhoenixFailureReason::of(&output, status.code()),
            output,
            node: None,
        })))
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
}
