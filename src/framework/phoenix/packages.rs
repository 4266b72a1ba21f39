//! The packages of one app and the Node.js for them: the packages as the lock file says, cached for the next build and
//! out of the image; the official Node.js if the pipeline needs one and nothing has brought it.

use super::PhoenixError;
use super::app_build::AppBuild;
use super::buildpack_config::NodeUse;
use super::cache::CachedDir;
use super::event::PipelineEvent;
use super::failure::NodeMismatch;
use super::node_distribution::NodeDistribution;
use super::node_range::WantedNode;
use super::package::{Package, PackageManager};
use crate::command::program_on_path;
use crate::context::NodeSupply;
use crate::http::Client;
use fs_err as fs;
use std::path::{Path, PathBuf};
use std::time::Instant;
use url::Url;

const OFFICIAL: &str = "https://nodejs.org/dist";

impl AppBuild<'_> {
    /// The `package.json` whose packages the pipeline needs.
    fn needed_package(&self) -> Option<&Package> {
        let package = self.package.as_ref()?;
        let is_needed = package.has_dependencies() && self.pipeline.needs_packages();
        is_needed.then_some(package)
    }

    fn has_program(&self, name: &str) -> bool {
        program_on_path(&self.env, &[name]).is_some()
    }

    /// Installs the packages that the pipeline needs, unless it does so itself. Returns what to save in the cache
    /// after the pipeline.
    pub(super) fn install_packages(&self) -> Result<Option<CachedDir>, PhoenixError> {
        let Some(package) = self.needed_package() else {
            return Ok(None);
        };
        let dir = self.ctx.relative(&package.dir);
        let manager = package.manager.program();
        let installs_itself = self.pipeline.installs_packages(self.web.setup.as_deref());
        if !installs_itself && !self.has_program(manager) {
            if self.pipeline.runs_node() {
                return Err(self.no_node(package));
            }
            let event = PipelineEvent::PackagesNotInstalled(dir, manager, &self.pipeline);
            self.log(&event);
            return Ok(None);
        }
        if let Some(mismatch) = self.node_mismatch()? {
            self.log(&PipelineEvent::OtherNode(&mismatch));
        }
        let modules = package.dir.join("node_modules");
        if modules.exists() {
            self.log(&PipelineEvent::PackagesPresent(dir));
            return Ok(None);
        }
        let cached = match &self.ctx.cache {
            Some(cache) => Some(CachedDir {
                place: modules,
                stored: cache.join(&self.web.otp_app).join("node_modules"),
                key: package
                    .cache_key(&self.node_version()?.unwrap_or_default(), &self.lock_file())?,
            }),
            None => None,
        };
        if let Some(cached) = &cached
            && cached.restore()?
        {
            self.log(&PipelineEvent::PackagesFromCache(dir));
        } else if !installs_itself {
            self.run_install(package)?;
        }
        Ok(cached)
    }

    fn run_install(&self, package: &Package) -> Result<(), PhoenixError> {
        let (dir, manager) = (self.ctx.relative(&package.dir), package.manager);
        if manager == PackageManager::NpmUnlocked {
            self.log(&PipelineEvent::NoLockFile(dir));
        }
        let start = Instant::now();
        let line = format!("{} {}", manager.program(), manager.install_arguments());
        let command = self.command(&package.dir, &line);
        self.run(&command)?;
        let event = PipelineEvent::PackagesInstalled(&command, dir, start.elapsed());
        self.log(&event);
        Ok(())
    }

    fn no_node(&self, package: &Package) -> PhoenixError {
        PhoenixError::NoNode {
            program: package.manager.program(),
            node: program_on_path(&self.env, &["node"]),
            pipeline: self.pipeline.to_string(),
            package: self.package_json(package),
            path: self.env.text("PATH").unwrap_or_default().to_owned(),
        }
    }

    /// Returns the path in the repository.
    pub(super) fn package_json(&self, package: &Package) -> PathBuf {
        self.ctx.relative(&package.dir).join("package.json")
    }

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
    fn node_version(&self) -> Result<Option<String>, PhoenixError> {
        if !self.has_program("node") {
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
        if !is_needed || self.has_program("node") {
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
        let missing = |it: &&Package| !self.has_program(it.manager.program());
        let Some(package) = self.needed_package().filter(missing) else {
            return Ok(());
        };
        let adds = if node.join("bin/corepack").exists() {
            "corepack enable"
        } else {
            "npm install --global"
        };
        let line = format!("{adds} {}", package.manager.program());
        let command = self.command(&package.dir, &line);
        self.log(&PipelineEvent::CommandStarted(&command));
        self.run(&command).map(drop)
    }
}
