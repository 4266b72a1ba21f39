//! The directories that a classic buildpack is given.

use crate::messages::heroku::HerokuError;
use fs_err as fs;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Our directory in a slug.
pub(super) const IN_SLUG: &str = ".static-assets";
/// Our directory in the cache, which all buildpacks of an app share.
const IN_CACHE: &str = "static-assets";

pub(super) struct Dirs {
    pub(super) buildpack: PathBuf,
    pub(super) build: PathBuf,
    pub(super) cache: PathBuf,
    pub(super) env: Option<PathBuf>,
}

impl Dirs {
    /// `rest` is `[CACHE_DIR [ENV_DIR]]`.
    pub(super) fn new(
        buildpack: &OsString,
        build: &OsString,
        rest: &[OsString],
    ) -> Result<Self, HerokuError> {
        let cache = rest.first().map(|cache| Path::new(cache).join(IN_CACHE));
        Ok(Self {
            buildpack: buildpack.into(),
            build: fs::canonicalize(build).map_err(HerokuError::BuildDir)?,
            cache: cache.unwrap_or_default(),
            env: rest.get(1).map(PathBuf::from),
        })
    }

    pub(super) fn in_slug(&self, name: &str) -> PathBuf {
        self.build.join(IN_SLUG).join(name)
    }

    /// The Node.js of the running app, if the app asks for one.
    pub(super) fn node(&self) -> PathBuf {
        self.in_slug("node")
    }

    /// The file in which compile tells `bin/release` the root of a Phoenix app.
    pub(super) fn phoenix_root(&self) -> PathBuf {
        self.buildpack.join("phoenix-app")
    }

    /// Fails if a directory that this buildpack writes into is a link: Heroku does not deploy what is written through one.
    pub(super) fn refuse_links(&self) -> Result<(), HerokuError> {
        let dirs = [IN_SLUG, ".profile.d"].map(|dir| self.build.join(dir));
        let link = dirs.into_iter().find(|dir| dir.is_symlink());
        link.map_or(Ok(()), |link| Err(HerokuError::Link(link)))
    }
}
