//! The Node.js of a build: which one the app asks for, which one is on `PATH`, and the official one if a pipeline
//! needs Node.js and nothing has brought it.

use super::PhoenixError;
use super::app_build::AppBuild;
use super::buildpack_config::NodeUse;
use super::event::PipelineEvent;
use super::failure::NodeMismatch;
use super::node_distribution::NodeDistribution;
use super::node_range::WantedNode;
use crate::command::program_on_path;
use crate::context::NodeSupply;
use crate::http::Client;
use fs_err as fs;
use std::path::Path;
use url::Url;

const OFFICIAL: &str = "https://nodejs.org/dist";

impl AppBuild<'_> {
    fn wanted_node(&self) -> Option<WantedNode> {
        let legacy = self.legacy.node_version.as_deref();
        let Some(package) = &self.package else {
            return WantedNode::of_files(&[&self.dir, &self.ctx.app_dir], legacy);
        };
        let engines = package.node_range();
        let engines = engines.map(|range| WantedNode::new(range, "engines in package.json"));
        engines.or_else(|| WantedNode::of_files(&[&package.dir, &self.dir], legacy))
    }

    /// The version of the Node.js on `PATH`.
    pub(super) fn node_version(&self) -> Result<Option<String>, PhoenixError> {
        if program_on_path(&self.env, &["node"]).is_none() {
            return Ok(None);
        }
        let command = self.command(&self.ctx.app_dir, "node --version");
        let output = command.run(self.ctx.interrupt)?.output;
        Ok(Some(output.trim().trim_start_matches('v').to_owned()))
    }

    /// Compares the Node.js on `PATH` with the one that the app asks for.
    pub(super) fn node_mismatch(&self) -> Result<Option<NodeMismatch>, PhoenixError> {
        let wanted = self.package.as_ref().and_then(|_| self.wanted_node());
        let (Some(wanted), Some(found)) = (wanted, self.node_version()?) else {
            return Ok(None);
        };
        let mismatch = wanted.rejects(&found);
        Ok(mismatch.then_some(NodeMismatch { found, wanted }))
    }

    /// Puts an official Node.js on `PATH` if the pipeline needs one and there is none.
    pub(super) fn bring_node(&mut self) -> Result<(), PhoenixError> {
        let ctx = self.ctx;
        let (NodeSupply::Official { kept }, Some(cache)) = (&ctx.image.node, &ctx.cache) else {
            return Ok(());
        };
        let is_needed = self.pipeline.runs_node() || self.needed_package().is_some();
        if !is_needed || program_on_path(&self.env, &["node"]).is_some() {
            return Ok(());
        }
        let settings = self.settings();
        let base = settings.node_url.as_ref().map_or(OFFICIAL, Url::as_str);
        let distribution = NodeDistribution {
            base: base.trim_end_matches('/'),
            client: Client::new(settings.ca_file.as_deref()),
            cache: cache.join("node"),
            ctx,
            env: &self.env,
        };
        let node = distribution.provide(self.wanted_node().as_ref())?;
        if self.legacy.node_use == NodeUse::BuildAndApp {
            fs::create_dir_all(kept.join("bin"))?;
            fs::copy(node.join("bin/node"), kept.join("bin/node"))?;
        }
        let env = self.env.clone();
        self.env = env
            .with_first("PATH", node.join("bin").as_os_str())
            .with("COREPACK_ENABLE_DOWNLOAD_PROMPT", "0");
        self.bring_package_manager(&node)
    }

    /// Adds Yarn or pnpm by Corepack, which Node.js 16 to 24 have: <https://nodejs.org/api/corepack.html>.
    fn bring_package_manager(&self, node: &Path) -> Result<(), PhoenixError> {
        let Some(package) = self.needed_package() else {
            return Ok(());
        };
        let program = package.manager.program();
        if program_on_path(&self.env, &[program]).is_some() {
            return Ok(());
        }
        let adds = if node.join("bin/corepack").exists() {
            "corepack enable"
        } else {
            "npm install --global"
        };
        let command = self.command(&package.dir, &format!("{adds} {program}"));
        self.log(&PipelineEvent::CommandStarted(&command));
        self.run(&command).map(drop)
    }
}
