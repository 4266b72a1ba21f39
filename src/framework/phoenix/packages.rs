//! The packages of one app: installed as its lock file says, cached for the next build and out of the image.

use super::PhoenixError;
use super::app_build::AppBuild;
use super::cache::CachedDir;
use super::event::PipelineEvent;
use super::node::Package;
use super::package_manager::PackageManager;
use crate::command::program_on_path;
use std::time::Instant;

impl AppBuild<'_> {
    /// The `package.json` whose packages the pipeline needs.
    pub(super) fn needed_package(&self) -> Option<&Package> {
        let package = self.package.as_ref()?;
        let is_needed = package.has_dependencies() && self.pipeline.needs_packages();
        is_needed.then_some(package)
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
        if !installs_itself && program_on_path(&self.env, &[manager]).is_none() {
            if self.pipeline.runs_node() {
                return Err(self.no_node(package));
            }
            self.log(&PipelineEvent::PackagesNotInstalled(
                dir,
                manager,
                &self.pipeline,
            ));
            return Ok(None);
        }
        if let Some(mismatch) = self.node_mismatch()? {
            self.log(&PipelineEvent::OtherNode(&mismatch));
        }
        if package.dir.join("node_modules").exists() {
            self.log(&PipelineEvent::PackagesPresent(dir));
            return Ok(None);
        }
        let cached = self.cached_packages(package)?;
        if let Some(cached) = &cached
            && cached.restore()?
        {
            self.log(&PipelineEvent::PackagesFromCache(dir));
        } else if !installs_itself {
            self.run_install(package)?;
        }
        Ok(cached)
    }

    fn cached_packages(&self, package: &Package) -> Result<Option<CachedDir>, PhoenixError> {
        let Some(cache) = &self.ctx.cache else {
            return Ok(None);
        };
        let version = self.node_version()?.unwrap_or_default();
        Ok(Some(CachedDir {
            place: package.dir.join("node_modules"),
            stored: cache.join(&self.web.otp_app).join("node_modules"),
            key: package.cache_key(&version, &self.lock_file())?,
        }))
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
        self.log(&PipelineEvent::PackagesInstalled(
            &command,
            dir,
            start.elapsed(),
        ));
        Ok(())
    }

    fn no_node(&self, package: &Package) -> PhoenixError {
        PhoenixError::NoNode {
            program: package.manager.program(),
            node: program_on_path(&self.env, &["node"]),
            pipeline: self.pipeline.to_string(),
            package: self.ctx.relative(&package.dir).join("package.json"),
            path: self.env.text("PATH").unwrap_or_default().to_owned(),
        }
    }
}
