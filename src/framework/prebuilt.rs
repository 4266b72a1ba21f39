//! A directory that something else has built. It is published as it is.

use super::{Compiled, DetectError, Fallback, Links};
use crate::config::{Origin, Setting, env_vars};
use crate::log::Log;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(crate) struct Prebuilt {
    pub(crate) dir: Setting<PathBuf>,
}

impl Prebuilt {
    /// Finds the directory, which may be relative to the app's.
    pub(super) fn of(app: &Path, dir: &Setting<PathBuf>) -> Result<Self, DetectError> {
        let path = app.join(&dir.value);
        let origin = dir.origin.clone();
        if path.is_dir() {
            let dir = Setting {
                value: path,
                origin,
            };
            return Ok(Self { dir });
        }
        let setting = match origin {
            Origin::Flag(flag) => flag,
            _ => env_vars::DIR.name,
        };
        Err(DetectError::Missing { setting, path })
    }

    pub(super) fn compile(&self, log: &Log) -> Compiled {
        log.event(self);
        Compiled {
            assets: self.dir.value.as_path().into(),
            links: Links::Unverified,
            injection: None,
            reads_release_version: false,
            by_products: BTreeSet::new(),
            unpublished: BTreeSet::new(),
            runtime_files: Vec::new(),
            fallback: Fallback::Untouched,
            stays: None,
        }
    }
}
