//! A directory that something else has built. It is published as it is.

use super::{Compiled, DetectError};
use crate::config::{Origin, Setting, env_vars};
use crate::log::Log;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(crate) struct Prebuilt {
    pub(crate) dir: Setting<PathBuf>,
}

impl Prebuilt {
    /// Finds the directory, which may be relative to the app's.
    pub(super) fn of(app: &Path, dir: &Setting<PathBuf>) -> Result<Self, DetectError> {
        let path = app.join(&dir.value);
        if !path.is_dir() {
            let setting = match dir.origin {
                Origin::Flag(flag) => flag,
                _ => env_vars::DIR.name,
            };
            return Err(DetectError::Missing { setting, path });
        }
        let mut dir = dir.clone();
        dir.value = path;
        Ok(Self { dir })
    }

    pub(super) fn compile(&self, log: &Log) -> Compiled {
        log.event(self);
        Compiled {
            assets: self.dir.value.as_path().into(),
            ..Compiled::default()
        }
    }
}
