//! The report that `python/static_assets_runner` writes, in the order of its keys.

use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::PathBuf;

#[derive(Debug, Deserialize)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "the shape of the runner's JSON"
)]
pub(crate) struct CollectReport {
    pub(crate) django: Option<String>,
    pub(crate) settings_module: Option<String>,
    pub(crate) debug: bool,
    /// The app's own one.
    pub(crate) static_url: Option<String>,
    pub(crate) static_root: Option<PathBuf>,
    /// Whether files are collected from there, too: nothing tells them from what was collected.
    pub(crate) static_root_holds_sources: bool,
    pub(crate) storage: Option<StaticfilesStorage>,
    pub(crate) ignored_staticfiles_storage: Option<String>,
    pub(crate) whitenoise: bool,
    pub(crate) compressor: Option<CompressorSettings>,
    /// Variables that the app asked for by name.
    pub(crate) read: Vec<String>,
    /// Secret keys that the build had to make up.
    pub(crate) dummies: Vec<String>,
    pub(crate) hook: HookChanges,
    pub(crate) runtime_files: Vec<ManifestCopy>,
    /// Compressed forms of collected files.
    pub(crate) by_products: BTreeSet<String>,
    pub(crate) checks: Vec<DjangoCheck>,
    pub(crate) static_urls: StaticUrls,
    pub(crate) collected: bool,
    pub(crate) failure: Option<PythonFailure>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StaticfilesStorage {
    /// The dotted name in the settings.
    pub(crate) own: String,
    pub(crate) local: bool,
    pub(crate) collected_with: String,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "the shape of the runner's JSON"
)]
pub(crate) struct CompressorSettings {
    pub(crate) enabled: bool,
    pub(crate) offline: bool,
}

/// What the hook changes besides `STATIC_URL`.
#[derive(Debug, Deserialize)]
pub(crate) struct HookChanges {
    pub(crate) storage: Option<String>,
    pub(crate) static_root: bool,
}

/// A collected file that the running app reads from `destination`.
#[derive(Debug, Deserialize)]
pub(crate) struct ManifestCopy {
    pub(crate) path: PathBuf,
    pub(crate) destination: PathBuf,
}

/// A message of Django's system checks.
#[derive(Debug, Deserialize)]
pub(crate) struct DjangoCheck {
    pub(crate) id: Option<String>,
    pub(crate) message: String,
}

/// The URLs that `static()` gives, with the app's own settings and with the hook.
#[derive(Debug, Deserialize)]
pub(crate) struct StaticUrls {
    pub(crate) own: SampledUrls,
    pub(crate) hooked: SampledUrls,
}

#[derive(Debug, Deserialize)]
pub(crate) struct SampledUrls {
    pub(crate) samples: Vec<SampledUrl>,
    pub(crate) error: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct SampledUrl {
    pub(crate) name: String,
    pub(crate) url: String,
}

/// The exception that ended the collect.
#[derive(Debug, Deserialize)]
pub(crate) struct PythonFailure {
    pub(crate) step: CollectStep,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) mro: Vec<String>,
    pub(crate) message: String,
    pub(crate) missing_module: Option<String>,
    pub(crate) missing_variable: Option<String>,
    pub(crate) place: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CollectStep {
    Start,
    Settings,
    Collectstatic,
    Compress,
    Done,
}

impl CollectReport {
    pub(super) fn own_storage(&self) -> &str {
        let storage = self.storage.as_ref();
        storage.map_or("unknown", |storage| &storage.own)
    }
}
