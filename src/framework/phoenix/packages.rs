//! The packages of one app: installed as its lock file says, kept for the next build and out of the image.

use super::PhoenixError;
use super::builder::Builder;
use super::cache::{Kept, Restored};
use super::failure::NodeMismatch;
use super::node::{Manager, Package, only_major};
use super::pipeline::Pipeline;
use super::web_app::WebApp;
use crate::command::{Command, program_on_path};
use crate::context::BuildContext;
use crate::env::ChildEnv;
use crate::log::seconds;
use std::path::Path;
use std::time::SystemTime;

/// The packages of one app.
pub(super) struct Node<'a> {
    pub(super) builder: &'a Builder<'a>,
    pub(super) web: &'a WebApp,
    pub(super) package: Option<&'a Package>,
    pub(super) env: &'a ChildEnv,
}

impl Node<'_> {
    /// Installs what the pipeline needs; what this build step has put there is given back, to be kept out of
    /// the image.
    pub(super) fn install(
        &self,
        pipeline: &Pipeline,
        ctx: &BuildContext<'_>,
    ) -> Result<Option<Kept>, PhoenixError> {
        let Some(package) = self.package.filter(|package| package.has_dependencies()) else {
            return Ok(None);
        };
        if !pipeline.needs_packages() {
            return Ok(None);
        }
        let place = package.folder.join("node_modules");
        let shown = self.builder.ctx.relative(&package.folder).to_owned();
        let by_itself = pipeline.installs(self.web.setup.as_deref());
        if !by_itself && program_on_path(self.env, &[package.manager.program()]).is_none() {
            if pipeline.runs_node() {
                return Err(self.no_node(package, pipeline));
            }
            ctx.log.warning(&format!(
                "{}/package.json has dependencies, but no '{}' is on PATH: not installed, as {pipeline} runs \
                 without.",
                shown.display(),
                package.manager.program()
            ));
            return Ok(None);
        }
        let version = self.version(ctx)?.unwrap_or_default();
        if let Some(mismatch) = self.mismatch(ctx)? {
            ctx.log.warning(&format!(
                "Node.js {} is on PATH, {} asks for {}.",
                mismatch.found, mismatch.file, mismatch.wanted
            ));
        }
        let kept = match &self.builder.ctx.cache {
            Some(cache) => Some(Kept::new(
                cache,
                &format!("{}/node_modules", self.web.otp_app),
                place.clone(),
                &package.key(&version, &self.builder.lock_file())?,
            )),
            None => None,
        };
        let restored = match &kept {
            Some(kept) => kept.restore()?,
            None if place.exists() => Restored::Present,
            None => Restored::Nothing,
        };
        match restored {
            Restored::Present => {
                ctx.log.detail(&format!(
                    "{}/node_modules is there already: not installed again",
                    shown.display()
                ));
                return Ok(None);
            }
            Restored::FromCache => ctx
                .log
                .detail(&format!("{}/node_modules from the cache", shown.display())),
            Restored::Nothing if by_itself => {}
            Restored::Nothing => {
                if package.manager == Manager::NpmUnlocked {
                    ctx.log.warning(&format!(
                        "{} has no lock file: each build takes what is newest. Commit package-lock.json.",
                        shown.join("package.json").display()
                    ));
                }
                let start = SystemTime::now();
                let command = package.manager.install().iter().fold(
                    Command::new(package.manager.program(), &package.folder, self.env),
                    Command::argument,
                );
                self.finish(&command, ctx)?;
                let taken = start.elapsed().unwrap_or_default();
                ctx.log.bullet(&format!(
                    "{} in {}, {}",
                    command.shown(),
                    shown.display(),
                    seconds(taken)
                ));
            }
        }
        Ok(kept)
    }

    /// With the version of Node.js that is there, where the app asks for another.
    pub(super) fn finish(
        &self,
        command: &Command<'_>,
        ctx: &BuildContext<'_>,
    ) -> Result<String, PhoenixError> {
        match self.builder.finish(command, ctx) {
            Err(PhoenixError::Failed(mut failure)) => {
                failure.node = self.mismatch(ctx)?;
                Err(PhoenixError::Failed(failure))
            }
            other => other,
        }
    }

    fn no_node(&self, package: &Package, pipeline: &Pipeline) -> PhoenixError {
        PhoenixError::NoNode {
            program: package.manager.program(),
            node: program_on_path(self.env, &["node"]),
            pipeline: pipeline.to_string(),
            package: self
                .builder
                .ctx
                .relative(&package.folder)
                .join("package.json"),
            path: self.env.text("PATH").unwrap_or_default().to_owned(),
        }
    }

    pub(super) fn script(&self, name: &str) -> Command<'_> {
        let (program, folder) = match self.package {
            Some(package) => (package.manager.program(), package.folder.as_path()),
            None => ("npm", self.builder.ctx.app_dir.as_path()),
        };
        Command::new(program, folder, self.env)
            .argument("run")
            .argument(name)
    }

    /// What scripts written for the buildpack find.
    pub(super) fn script_env(&self, folder: &Path, repository: &Path) -> ChildEnv {
        let assets = self.package.map_or(folder, |package| &package.folder);
        let cache = self.builder.ctx.cache.as_deref();
        self.env
            .clone()
            .with("phoenix_dir", folder)
            .with("assets_dir", assets)
            .with("build_dir", repository)
            .with("cache_dir", cache.unwrap_or(&self.builder.ctx.scratch))
            .with("phoenix_ex", "phx")
            .with(
                "node_version",
                self.builder
                    .legacy
                    .node_version
                    .as_deref()
                    .unwrap_or_default(),
            )
            .with_first("PATH", assets.join("node_modules/.bin").as_os_str())
    }

    /// `None` where there is no Node.js.
    fn version(&self, ctx: &BuildContext<'_>) -> Result<Option<String>, PhoenixError> {
        if program_on_path(self.env, &["node"]).is_none() {
            return Ok(None);
        }
        let finished = Command::new("node", &self.builder.ctx.app_dir, self.env)
            .argument("--version")
            .run(ctx.interrupt)?;
        Ok(Some(
            finished.output.trim().trim_start_matches('v').to_owned(),
        ))
    }

    pub(super) fn mismatch(
        &self,
        ctx: &BuildContext<'_>,
    ) -> Result<Option<NodeMismatch>, PhoenixError> {
        let Some(package) = self.package else {
            return Ok(None);
        };
        let folder = self.builder.folder(self.web);
        let legacy = self.builder.legacy.node_version.as_deref();
        let wanted = package.wanted_node(&folder, legacy);
        let (Some((wanted, file)), Some(found)) = (wanted, self.version(ctx)?) else {
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
