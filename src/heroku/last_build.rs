//! What the previous build published. The cache holds it.

use crate::release::Release;
use fs_err as fs;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

const FILE: &str = "last.json";

#[derive(Serialize, Deserialize)]
pub(super) struct LastBuild {
    pub(super) version: String,
    url: String,
    digest: String,
    framework: String,
}

impl LastBuild {
    pub(super) fn of(release: &Release, framework: &str) -> Self {
        Self {
            version: release.version.to_string(),
            url: release.prefix.url().to_owned(),
            digest: release.digest.to_string(),
            framework: framework.to_owned(),
        }
    }

    /// `None` if the file does not exist or is not one of ours.
    pub(super) fn read(cache: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(cache.join(FILE)).ok()?).ok()
    }

    pub(super) fn write(&self, cache: &Path) -> io::Result<()> {
        fs::create_dir_all(cache)?;
        fs::write(cache.join(FILE), serde_json::to_vec(self)?)
    }

    /// Renders YAML, in which a JSON string is valid.
    pub(super) fn report(&self) -> String {
        let pairs = [
            ("version", &self.version),
            ("url", &self.url),
            ("digest", &self.digest),
            ("framework", &self.framework),
        ];
        pairs
            .map(|(name, value)| format!("{name}: {}\n", serde_json::Value::from(&**value)))
            .concat()
    }
}
