//! What the previous build published. The cache holds it.

use crate::context::{CheckedSite, PreviousBuild};
use crate::publish::Published;
use fs_err as fs;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

const FILE: &str = "last.json";

#[derive(Serialize, Deserialize)]
pub(super) struct LastBuild {
    version: String,
    url: String,
    /// The store behind that URL, if a check found nothing wrong.
    #[serde(default)]
    store: Option<String>,
    /// Earlier versions of this program have written none.
    #[serde(default)]
    report: Vec<(String, String)>,
}

impl LastBuild {
    pub(super) fn of(published: &Published) -> Self {
        let release = &published.release;
        Self {
            version: release.version.to_string(),
            url: release.prefix.url().to_owned(),
            store: published
                .uploaded
                .as_ref()
                .and_then(|it| it.checked_store.clone()),
            report: published
                .report()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        }
    }

    pub(super) fn into_previous(self) -> Option<PreviousBuild> {
        Some(PreviousBuild {
            version: self.version.parse().ok()?,
            checked: self.store.map(|store| CheckedSite {
                url: self.url,
                store,
            }),
        })
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
        let lines = self.report.iter();
        let lines = lines.map(|(name, value)| {
            let value = serde_json::Value::from(&**value);
            format!("{name}: {value}\n")
        });
        lines.collect::<Vec<_>>().concat()
    }
}
