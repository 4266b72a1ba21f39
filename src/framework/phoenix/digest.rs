//! From compiled assets to digested ones: by Mix where it is there, else by [`super::phx_digest`].

use super::PhoenixError;
use super::cache::remove;
use super::cache_manifest::{CacheManifest, manifest_time};
use super::css::{self, Relativised};
use super::packages::Node;
use super::phx_digest::{self, Rules, Vsn};
use super::pipeline::Pipeline;
use super::project::WebApp;
use super::steps::Builder;
use crate::env::ChildEnv;
use crate::framework::Run;
use crate::output::count;
use fs_err as fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

/// What is there of a manifest, to see whether it was written anew.
pub(super) fn manifest_mark(statics: &Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(statics.join(CacheManifest::NAME)).ok()?;
    Some((metadata.modified().ok()?, metadata.ino()))
}

/// From compiled assets to digested ones.
pub(super) struct Digest<'a> {
    pub(super) builder: &'a Builder<'a>,
    pub(super) web: &'a WebApp,
    pub(super) folder: &'a Path,
    pub(super) statics: &'a Path,
    pub(super) env: &'a ChildEnv,
    pub(super) pipeline: &'a Pipeline,
}

impl Digest<'_> {
    /// References are made relative before the digest; where the pipeline has digested already, it is done
    /// again if that changed anything.
    pub(super) fn finish(
        &self,
        before: Option<(SystemTime, u64)>,
        run: &mut Run<'_>,
    ) -> Result<(), PhoenixError> {
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
            let references: usize = changed.iter().map(|change| change.references).sum();
            run.log.detail(&format!(
                "{references} url(/…) in stylesheets made relative, to hold below a prefix ({})",
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
    fn forget(&self, changed: &[Relativised]) -> Result<(), PhoenixError> {
        let manifest = CacheManifest::read(&self.statics.join(CacheManifest::NAME))?;
        let latest = manifest.map(|manifest| manifest.latest).unwrap_or_default();
        for change in changed {
            for path in [change.path.clone(), format!("{}.map", change.path)] {
                let Some(digested) = latest.get(&path) else {
                    continue;
                };
                for form in ["", ".gz", ".br"] {
                    remove(&self.statics.join(format!("{digested}{form}")))?;
                }
            }
        }
        Ok(())
    }

    fn digest(&self, run: &mut Run<'_>) -> Result<(), PhoenixError> {
        let options = self.pipeline.digest_options();
        if !self.builder.digests_by_mix() {
            let vsn = if options.iter().any(|option| option == "--no-vsn") {
                Vsn::None
            } else {
                Vsn::Query
            };
            let cwd = fs::canonicalize(self.folder)?;
            let rules = Rules::of(self.web.version);
            let time = manifest_time(self.builder.settings.epoch);
            let files = phx_digest::digest(self.statics, &cwd, rules, (vsn, time))?;
            run.log
                .detail(&format!("digested {} without Mix", count(files, "file")));
            return Ok(());
        }
        let mut arguments = vec!["phx.digest"];
        arguments.extend(options.iter().map(String::as_str));
        let command = Builder::mix_command(self.folder, self.env, &arguments);
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
