//! One web app while its assets are compiled: its directories, its pipeline and the environment of its commands.

use super::buildpack_config::BuildpackConfig;
use super::detect::Project;
use super::event::PipelineEvent;
use super::failure::{PhoenixFailure, PhoenixFailureReason};
use super::package::Package;
use super::pipeline::Pipeline;
use super::web_app::WebApp;
use super::{PhoenixError, STATICS};
use crate::command::{Command, program_on_path};
use crate::config::{PhoenixSettings, env_vars};
use crate::context::BuildContext;
use crate::env::ChildEnv;
use std::path::{Path, PathBuf};

pub(super) struct AppBuild<'a> {
    pub(super) ctx: &'a BuildContext<'a>,
    pub(super) project: &'a Project,
    pub(super) legacy: &'a BuildpackConfig,
    pub(super) web: &'a WebApp,
    pub(super) dir: PathBuf,
    /// Its `priv/static`.
    pub(super) statics: PathBuf,
    pub(super) package: Option<Package>,
    /// Mix, if it is on `PATH`.
    pub(super) mix: Option<PathBuf>,
    pub(super) pipeline: Pipeline,
    pub(super) env: ChildEnv,
}

/// Where the Elixir buildpacks for Heroku install.
const PLATFORM_TOOLS: &str = ".platform_tools";

impl<'a> AppBuild<'a> {
    pub(super) fn of(
        ctx: &'a BuildContext<'a>,
        project: &'a Project,
        legacy: &'a BuildpackConfig,
        web: &'a WebApp,
    ) -> Result<Self, PhoenixError> {
        let env = compile_env(ctx);
        let mix = program_on_path(&env, &["mix"]);
        let dir = ctx.app_dir.join(&web.folder);
        let package = Package::find(&dir, legacy.assets_path.as_deref())?;
        let pipeline = match Pipeline::of_settings(&ctx.config.framework.phoenix, legacy) {
            Some(pipeline) => pipeline,
            None => Pipeline::of_app(web, &ctx.app_dir, package.as_ref(), mix.as_deref())?,
        };
        Ok(Self {
            statics: dir.join(STATICS),
            ctx,
            project,
            legacy,
            web,
            dir,
            package,
            mix,
            pipeline,
            env,
        })
    }

    pub(super) fn settings(&self) -> &'a PhoenixSettings {
        &self.ctx.config.framework.phoenix
    }

    pub(super) fn log(&self, event: &PipelineEvent<'_>) {
        self.ctx.log.event(event);
    }

    pub(super) fn lock_file(&self) -> PathBuf {
        self.ctx.app_dir.join(&self.project.root).join("mix.lock")
    }

    /// Makes a command from a line of plain words, such as `npm run deploy`.
    pub(super) fn command<'c>(&'c self, dir: &'c Path, line: &str) -> Command<'c> {
        let mut words = line.split_whitespace();
        let program = words.next().unwrap_or_default();
        words.fold(Command::new(program, dir, &self.env), Command::argument)
    }

    /// Runs a command to its end and returns what it printed.
    pub(super) fn run(&self, command: &Command<'_>) -> Result<String, PhoenixError> {
        let finished = command.run(self.ctx.interrupt)?;
        if finished.status.success() {
            return Ok(finished.output);
        }
        let status = finished.status.code();
        Err(PhoenixError::Failed(Box::new(PhoenixFailure {
            command: command.shown(),
            folder: self.ctx.relative(command.folder()).to_owned(),
            status,
            reason: PhoenixFailureReason::of(&finished.output, status),
            output: finished.output,
            node: self.node_mismatch()?,
        })))
    }
}

/// The environment of the commands that compile assets.
pub(super) fn compile_env(ctx: &BuildContext<'_>) -> ChildEnv {
    let mut env = ctx.env.clone();
    if env.text(env_vars::MIX_ENV.name).is_none() {
        env = env.with(env_vars::MIX_ENV.name, "prod");
    }
    // Without a locale, Erlang reads and writes Latin-1.
    let is_unset = |name: &&str| env.text(name).is_none();
    if ["LC_ALL", "LC_CTYPE", "LANG"].iter().all(is_unset) {
        env = env.with("LC_ALL", "C.UTF-8");
    }
    for (name, value) in &ctx.config.framework.phoenix.build_env {
        env = env.with(name, value);
    }
    if program_on_path(&env, &["mix"]).is_none() {
        for name in ["erlang", "elixir"] {
            let bin = ctx.app_dir.join(PLATFORM_TOOLS).join(name).join("bin");
            if bin.is_dir() {
                env = env.with_first("PATH", bin.as_os_str());
            }
        }
    }
    env
}
