//! A folder that something else has built: published as it is.

use super::{Compiled, DetectError, Fallback, Links};
use crate::config::{Origin, Setting, env_vars};
use crate::log::Log;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(crate) struct Prebuilt {
    folder: Setting<PathBuf>,
}

impl Prebuilt {
    /// The folder may be relative to the app's.
    pub(super) fn of(app: &Path, folder: &Setting<PathBuf>) -> Result<Self, DetectError> {
        let path = app.join(&folder.value);
        if !path.is_dir() {
            return Err(DetectError::Missing {
                setting: match folder.origin {
                    Origin::Flag(flag) => flag,
                    _ => env_vars::DIR.name,
                },
                path,
            });
        }
        Ok(Self {
            folder: Setting {
                value: path,
                origin: folder.origin.clone(),
            },
        })
    }

    pub(super) fn compile(&self, log: &Log) -> Compiled {
        let Setting { value, origin } = &self.folder;
        let folder = value.display().to_string();
        log.bullet(&format!(
            "Folder {}, as it is ({origin})",
            folder.escape_debug()
        ));
        Compiled {
            assets: value.as_path().into(),
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
