//! From compiled assets to digested ones: by Mix where it is there, else by [`super::phx_digest`].

use super::PhoenixError;
use super::builder::{Builder, of_manifest, read_manifest};
use super::cache_manifest::{CacheManifest, manifest_time};
use super::css::{self, Relativised};
use super::phx_digest::{self, Rules, Vsn};
use super::pipeline::Pipeline;
use super::web_app::WebApp;

use crate::context::BuildContext;
use crate::env::ChildEnv;
use crate::fs::files_below;
use crate::log::count;
use crate::manifest::{RefusedFile, ScanError, Violation};
use fs_err as fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

/// What is there of a manifest, to see whether it was written anew.
pub(super) fn manifest_mark(statics: &Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(statics.join(CacheManifest::NAME)).ok()?;
    Some((metadata.modified().ok()?, metadata.ino()))
}

/// Links that lead out or to folders, and what is neither file nor folder: the scan refuses them by name, but a digest
/// would write through them, or wait for ever.
fn refuse_what_is_no_asset(statics: &Path) -> Result<(), PhoenixError> {
    let root = fs::canonicalize(statics)?;
    let mut refused = Vec::new();
    for path in files_below(statics)? {
        let file = statics.join(&path);
        let refusal = if file.is_symlink() {
            let is_within = fs::canonicalize(&file)
                .is_ok_and(|target| target.starts_with(&root) && target.is_file());
            let target = fs::read_link(&file)?.display().to_string();
            (!is_within).then_some(Violation::Link(target))
        } else {
            (!file.is_file()).then_some(Violation::NotAFile)
        };
        refused
            .extend(refusal.map(|refusal| RefusedFile::new(path.display().to_string(), refusal)));
    }
    if refused.is_empty() {
        Ok(())
    } else {
        Err(PhoenixError::Refused(ScanError::Refused(refused)))
    }
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
        said: String,
        ctx: &BuildContext<'_>,
    ) -> Result<(), PhoenixError> {
        let after = manifest_mark(self.statics);
        let is_digested = after.is_some() && after != before;
        if self.pipeline.digests() && !is_digested || !self.statics.is_dir() {
            return Err(self.nothing(said));
        }
        refuse_what_is_no_asset(self.statics)?;
        let changed = self.relativise(ctx)?;
        if !is_digested || !changed.is_empty() {
            if is_digested {
                self.forget(&changed)?;
            }
            self.digest(ctx)?;
        }
        let manifest = read_manifest(self.statics)?;
        if manifest.is_none_or(|manifest| manifest.latest.is_empty()) {
            return Err(self.nothing(said));
        }
        self.builder.normalise(self.statics, self.web)
    }

    /// What was digested before the build: every file there, and unchanged since. References that only hold at the top
    /// of a host are made relative all the same.
    pub(super) fn accept_prebuilt(&self, ctx: &BuildContext<'_>) -> Result<(), PhoenixError> {
        let missing = |file: &Path| PhoenixError::Prebuilt {
            file: ctx.relative(file).to_owned(),
        };
        let path = self.statics.join(CacheManifest::NAME);
        if !self.statics.is_dir() {
            return Err(missing(&path));
        }
        refuse_what_is_no_asset(self.statics)?;
        let manifest = read_manifest(self.statics)?.ok_or_else(|| missing(&path))?;
        if manifest.latest.is_empty() || manifest.foreign > 0 {
            return Err(missing(&path));
        }
        for digested in manifest.latest.values() {
            let file = self.statics.join(digested);
            if !file.is_file() {
                return Err(missing(&file));
            }
        }
        if let Some(stale) = phx_digest::first_stale(self.statics, &manifest)? {
            return Err(PhoenixError::Stale {
                file: ctx.relative(&self.statics.join(stale)).to_owned(),
            });
        }
        let changed = self.relativise(ctx)?;
        if !changed.is_empty() {
            self.forget(&changed)?;
            self.digest_natively(ctx)?;
        }
        self.builder.normalise(self.statics, self.web)
    }

    fn relativise(&self, ctx: &BuildContext<'_>) -> Result<Vec<Relativised>, PhoenixError> {
        let changed = css::relativise(self.statics)?;
        if !changed.is_empty() {
            let references: usize = changed.iter().map(|change| change.references).sum();
            ctx.log.detail(&format!(
                "{references} url(/…) in stylesheets made relative, to hold below a prefix ({})",
                changed[0].path
            ));
        }
        Ok(changed)
    }

    /// What the earlier digest made of the stylesheets that are others now.
    fn forget(&self, changed: &[Relativised]) -> Result<(), PhoenixError> {
        let manifest = read_manifest(self.statics)?;
        let latest = manifest.map(|manifest| manifest.latest).unwrap_or_default();
        for change in changed {
            for path in [change.path.clone(), format!("{}.map", change.path)] {
                let Some(digested) = latest.get(&path) else {
                    continue;
                };
                for form in ["", ".gz", ".br"] {
                    let file = self.statics.join(format!("{digested}{form}"));
                    if file.is_file() {
                        fs::remove_file(file)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn digest(&self, ctx: &BuildContext<'_>) -> Result<(), PhoenixError> {
        if !self.builder.digests_by_mix() {
            return self.digest_natively(ctx);
        }
        let options = self.pipeline.digest_options();
        let mut arguments = vec!["phx.digest"];
        arguments.extend(options.iter().map(String::as_str));
        let command = Builder::mix_command(self.folder, self.env, &arguments);
        let before = manifest_mark(self.statics);
        let output = self.builder.finish(&command, ctx)?;
        // It ends well where it has found nothing to do.
        if manifest_mark(self.statics) == before {
            return Err(self.nothing(output));
        }
        ctx.log.detail(&format!("digested by {}", command.shown()));
        Ok(())
    }

    fn digest_natively(&self, ctx: &BuildContext<'_>) -> Result<(), PhoenixError> {
        let options = self.pipeline.digest_options();
        let vsn = if options.iter().any(|option| option == "--no-vsn") {
            Vsn::None
        } else {
            Vsn::Query
        };
        let cwd = fs::canonicalize(self.folder)?;
        let rules = Rules::of(self.web.version);
        let time = manifest_time(self.builder.settings.epoch);
        let files =
            phx_digest::digest(self.statics, &cwd, rules, (vsn, time)).map_err(of_manifest)?;
        ctx.log
            .detail(&format!("digested {} without Mix", count(files, "file")));
        Ok(())
    }

    fn nothing(&self, output: String) -> PhoenixError {
        PhoenixError::NothingDigested {
            pipeline: self.pipeline.to_string(),
            folder: self.builder.ctx.relative(self.statics).to_owned(),
            output,
        }
    }
}
