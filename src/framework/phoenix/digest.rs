//! From compiled assets to digested ones: by Mix if it is on `PATH`, else by [`super::phx_digest`].

use super::PhoenixError;
use super::app_build::AppBuild;
use super::cache_manifest::{CacheManifest, manifest_time};
use super::css::{RewrittenSheets, relativise_stylesheets};
use super::event::PipelineEvent;
use super::phx_digest::{DigestRules, NativeDigest, VSN, first_stale};
use crate::config::DigestChoice;
use crate::fs::{files_below, replace_file};
use crate::manifest::{RefusedFile, ScanError, Violation};
use fs_err as fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Reads the manifest of a `priv/static`, if there is one.
pub(super) fn read_manifest(statics: &Path) -> Result<Option<CacheManifest>, PhoenixError> {
    let manifest = CacheManifest::read(&statics.join(CacheManifest::NAME));
    manifest.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => PhoenixError::Manifest(error),
        _ => PhoenixError::Io(error),
    })
}

impl AppBuild<'_> {
    /// Returns what shows whether a manifest was written anew: its time and its inode.
    pub(super) fn manifest_mark(&self) -> Option<(SystemTime, u64)> {
        let metadata = fs::metadata(self.statics.join(CacheManifest::NAME)).ok()?;
        Some((metadata.modified().ok()?, metadata.ino()))
    }

    /// Digests what the pipeline made. References in stylesheets become relative first; if the pipeline has digested
    /// already, that is done again if a stylesheet changed. `output` is the pipeline's.
    pub(super) fn digest(
        &self,
        before: Option<(SystemTime, u64)>,
        output: String,
    ) -> Result<(), PhoenixError> {
        let is_written = self
            .manifest_mark()
            .is_some_and(|after| Some(after) != before);
        let is_digested = is_written && read_manifest(&self.statics)?.is_some();
        if self.pipeline.digests() && !is_digested || !self.statics.is_dir() {
            return Err(self.nothing_digested(output));
        }
        self.refuse_odd_files()?;
        let rewritten = self.relativise()?;
        if is_digested && !rewritten.is_empty() {
            let manifest = read_manifest(&self.statics)?;
            self.remove_digested(&manifest.unwrap_or_default(), &rewritten)?;
        }
        if !is_digested || !rewritten.is_empty() {
            match self.settings().digest {
                DigestChoice::Auto if self.mix.is_some() => self.digest_by_mix()?,
                DigestChoice::Mix => self.digest_by_mix()?,
                DigestChoice::Auto | DigestChoice::Native => self.digest_natively()?,
            }
        }
        match read_manifest(&self.statics)? {
            Some(manifest) if !manifest.latest.is_empty() => self.set_manifest_time(manifest),
            _ => Err(self.nothing_digested(output)),
        }
    }

    /// Checks what was digested before the build: every file exists and is unchanged since. References in
    /// stylesheets become relative all the same.
    pub(super) fn accept_prebuilt(&self) -> Result<(), PhoenixError> {
        let file = |path: &str| self.ctx.relative(&self.statics.join(path)).to_owned();
        let no_manifest = || PhoenixError::Prebuilt(file(CacheManifest::NAME));
        if !self.statics.is_dir() {
            return Err(no_manifest());
        }
        self.refuse_odd_files()?;
        let manifest = read_manifest(&self.statics)?
            .filter(|manifest| !manifest.latest.is_empty() && manifest.foreign == 0)
            .ok_or_else(no_manifest)?;
        let mut digested = manifest.latest.values();
        if let Some(absent) = digested.find(|path| !self.statics.join(path).is_file()) {
            return Err(PhoenixError::Prebuilt(file(absent)));
        }
        if let Some(stale) = first_stale(&self.statics, &manifest)? {
            return Err(PhoenixError::Stale(file(&stale)));
        }
        let rewritten = self.relativise()?;
        if rewritten.is_empty() {
            return self.set_manifest_time(manifest);
        }
        self.remove_digested(&manifest, &rewritten)?;
        self.digest_natively()
    }

    /// Refuses links that lead out or to directories, and what is neither file nor directory. The scan refuses them
    /// later, but a digest would write through them or wait for ever.
    fn refuse_odd_files(&self) -> Result<(), PhoenixError> {
        let root = fs::canonicalize(&self.statics)?;
        let mut refused = Vec::new();
        for path in files_below(&self.statics)? {
            let file = self.statics.join(&path);
            let is_own = |target: PathBuf| target.starts_with(&root) && target.is_file();
            if fs::canonicalize(&file).is_ok_and(is_own) {
                continue;
            }
            let violation = match fs::read_link(&file) {
                Ok(target) => Violation::Link(target.display().to_string()),
                Err(_) => Violation::NotAFile,
            };
            refused.push(RefusedFile::new(path.display().to_string(), violation));
        }
        if refused.is_empty() {
            return Ok(());
        }
        Err(PhoenixError::Refused(ScanError::Refused(refused)))
    }

    fn relativise(&self) -> Result<RewrittenSheets, PhoenixError> {
        let rewritten = relativise_stylesheets(&self.statics)?;
        if let Some(first) = rewritten.keys().next() {
            let count = rewritten.values().sum();
            self.log(&PipelineEvent::ReferencesRewritten(count, first));
        }
        Ok(rewritten)
    }

    /// Removes what the earlier digest made of stylesheets that have changed since.
    fn remove_digested(
        &self,
        manifest: &CacheManifest,
        rewritten: &RewrittenSheets,
    ) -> Result<(), PhoenixError> {
        let originals = rewritten.keys();
        let originals = originals.flat_map(|path| [path.clone(), format!("{path}.map")]);
        for digested in originals.filter_map(|path| manifest.latest.get(&path)) {
            for extension in ["", ".gz", ".br"] {
                let file = self.statics.join(format!("{digested}{extension}"));
                if file.is_file() {
                    fs::remove_file(file)?;
                }
            }
        }
        Ok(())
    }

    fn digest_by_mix(&self) -> Result<(), PhoenixError> {
        let step = self.pipeline.digest_step().unwrap_or("phx.digest");
        let command = self.command(&self.dir, &format!("mix {step}"));
        let before = self.manifest_mark();
        let output = self.run(&command)?;
        // Mix succeeds if it finds nothing to digest.
        if self.manifest_mark() == before {
            return Err(self.nothing_digested(output));
        }
        self.log(&PipelineEvent::DigestedByMix(&command));
        Ok(())
    }

    fn digest_natively(&self) -> Result<(), PhoenixError> {
        let step = self.pipeline.digest_step().unwrap_or_default();
        let has_no_vsn = step.split_whitespace().any(|option| option == "--no-vsn");
        let digest = NativeDigest {
            statics: &self.statics,
            cwd: &fs::canonicalize(&self.dir)?,
            rules: DigestRules::of(self.web.version),
            vsn: if has_no_vsn { "" } else { VSN },
            mtime: manifest_time(self.settings().epoch),
        };
        let files = digest.run(read_manifest(&self.statics)?)?;
        self.log(&PipelineEvent::DigestedNatively(files));
        Ok(())
    }

    /// Replaces the time of the build in the manifest, so that two images are equal.
    fn set_manifest_time(&self, mut manifest: CacheManifest) -> Result<(), PhoenixError> {
        manifest.set_time(manifest_time(self.settings().epoch));
        let text = manifest.render(DigestRules::of(self.web.version).comment);
        let path = self.statics.join(CacheManifest::NAME);
        Ok(replace_file(&path, text.as_bytes())?)
    }

    fn nothing_digested(&self, output: String) -> PhoenixError {
        PhoenixError::NothingDigested {
            pipeline: self.pipeline.to_string(),
            folder: self.ctx.relative(&self.statics).to_owned(),
            output,
        }
    }
}
