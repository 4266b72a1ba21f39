//! Releases that were assembled before this build step, such as by the Elixir buildpack with `release=true`.

use super::app_pages::AppPages;
use super::cache_manifest::CacheManifest;
use super::sources::{RUNTIME_EXS, STATICS, dirs_in};
use std::io;
use std::path::{Path, PathBuf};

/// One version of one release.
#[derive(Debug)]
pub(super) struct AssembledRelease {
    /// Such as `_build/prod/rel/shop`.
    pub(super) dir: PathBuf,
    /// The script that it evaluates at boot.
    pub(super) runtime_exs: Option<PathBuf>,
}

impl AssembledRelease {
    /// Finds the releases of a project, sorted.
    pub(super) fn find(project: &Path) -> io::Result<Vec<Self>> {
        let mut found = Vec::new();
        for build in dirs_in(&project.join("_build"))? {
            for dir in dirs_in(&build.join("rel"))? {
                for version in dirs_in(&dir.join("releases"))? {
                    let script = version.join(RUNTIME_EXS);
                    let runtime_exs = Some(script).filter(|path| path.is_file());
                    // A version has at least its boot script.
                    if runtime_exs.is_some() || version.join("start.boot").is_file() {
                        let dir = dir.clone();
                        found.push(Self { dir, runtime_exs });
                    }
                }
            }
        }
        Ok(found)
    }

    /// Finds the release's copy of an app's static directory, of whatever version the app is.
    pub(super) fn static_dir(&self, otp_app: &str) -> io::Result<Option<PathBuf>> {
        let is_app = |dir: &PathBuf| {
            let name = dir.file_name().unwrap_or_default().to_string_lossy();
            let version = name.strip_prefix(&format!("{otp_app}-"));
            version.is_some_and(|version| version.starts_with(|it: char| it.is_ascii_digit()))
        };
        let apps = dirs_in(&self.dir.join("lib"))?.into_iter().filter(is_app);
        Ok(apps.map(|dir| dir.join(STATICS)).find(|dir| dir.is_dir()))
    }

    /// Whether the release was assembled before these assets were digested, so that its manifest has other names.
    pub(super) fn is_older_than(&self, pages: &AppPages<'_>) -> io::Result<bool> {
        // A manifest that can't be read is not that of these assets.
        let latest = |dir: &Path| {
            let manifest = CacheManifest::read(&dir.join(CacheManifest::NAME));
            manifest.ok().flatten().map(|manifest| manifest.latest)
        };
        let dir = self.static_dir(&pages.app.otp_app)?;
        Ok(dir.is_some_and(|dir| latest(&dir) != latest(&pages.static_dir)))
    }
}
