//! The report that `python/static_assets_runner` writes, in the order of its keys.

use crate::framework::SourceLocation;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Deserialize)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "the shape of the runner's JSON"
)]
pub(crate) struct CollectReport {
    pub(crate) django: Option<String>,
    pub(crate) settings_module: Option<String>,
    pub(crate) debug: bool,
    /// The staticfiles storage of the settings, also if nothing was collected.
    pub(crate) storage_backend: Option<String>,
    pub(crate) static_url: Option<String>,
    /// The path where the app serves the files by itself, as its sources may name it.
    pub(crate) own_path: String,
    pub(crate) static_root: Option<PathBuf>,
    /// Whether files are also collected from there. Then nothing tells the app's own files from the collected ones.
    pub(crate) static_root_holds_sources: bool,
    pub(crate) storage: Option<StaticfilesStorage>,
    pub(crate) ignored_staticfiles_storage: Option<String>,
    /// What serves the files within the app.
    pub(crate) server: Option<StaticServer>,
    pub(crate) compressor: Option<CompressorUse>,
    /// The types of blocks that django-compressor compiles even if it is switched off.
    pub(crate) precompiled_types: Vec<String>,
    /// Variables of compressed blocks that `COMPRESS_OFFLINE_CONTEXT` lacks.
    pub(crate) variables_of_blocks: Vec<String>,
    /// Variables that the app asked for by name.
    pub(crate) read: Vec<String>,
    /// Secret keys that the build made up.
    pub(crate) dummies: Vec<String>,
    /// The storage that the hook puts in place of the app's own, and whether it sets `STATIC_ROOT`.
    pub(crate) hook_storage: Option<String>,
    pub(crate) hook_static_root: bool,
    /// The collected files that the running app reads, each with the path from which it reads it.
    pub(crate) runtime_files: BTreeMap<PathBuf, PathBuf>,
    /// Compressed forms of collected files.
    pub(crate) by_products: BTreeSet<String>,
    /// How many absolute references became relative in each stylesheet.
    pub(crate) relative_references: BTreeMap<String, usize>,
    pub(crate) checks: Vec<DjangoCheck>,
    /// Names in the manifest of `STATIC_ROOT` that the manifest of this build lacks.
    pub(crate) vanished: BTreeSet<String>,
    pub(crate) content_policy: Option<PolicySetting>,
    /// The static files that templates and modules of the app name, each with the first place.
    pub(crate) references: BTreeMap<String, SourceLocation>,
    /// Why the search for them ended early.
    pub(crate) references_error: Option<String>,
    pub(crate) bundles: Vec<WebpackBundle>,
    /// Links that templates and modules write without `static`.
    pub(crate) links_by_hand: Vec<LinkByHand>,
    /// Links to static files with something directly before them.
    pub(crate) joined_links: Vec<SourceLocation>,
    /// Links whose names only a request knows.
    pub(crate) dynamic_links: Vec<SourceLocation>,
    /// Links to what browsers load from the page's own host only.
    pub(crate) same_origin_links: Vec<SourceLocation>,
    /// Code that serves something at `STATIC_URL`.
    pub(crate) static_routes: Vec<SourceLocation>,
    /// With the app's own settings, and with the hook.
    pub(crate) own_urls: SampledUrls,
    pub(crate) hooked_urls: SampledUrls,
    pub(crate) collected: bool,
    pub(crate) failure: Option<PythonFailure>,
    /// How long the whole run took, as this program measured it.
    #[serde(skip)]
    pub(crate) duration: Duration,
}

/// When django-compressor writes files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CompressorUse {
    Never,
    Build,
    RunTime,
    /// It is switched off, but compiles blocks of some types while the app runs.
    Precompiles,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StaticfilesStorage {
    /// The dotted name in the settings.
    pub(crate) own: String,
    pub(crate) local: bool,
    pub(crate) collected_with: String,
}

/// A message of Django's system checks.
#[derive(Debug, Deserialize)]
pub(crate) struct DjangoCheck {
    pub(crate) id: Option<String>,
    pub(crate) message: String,
}

/// The URLs that `static()` gives for some collected files, by their names.
#[derive(Debug, Deserialize)]
pub(crate) struct SampledUrls {
    pub(crate) samples: BTreeMap<String, String>,
    pub(crate) references: BTreeMap<String, ReferencedUrl>,
    pub(crate) error: Option<String>,
}

/// The URL that `static()` gives for a name, or the exception.
#[derive(Debug, Deserialize)]
pub(crate) struct ReferencedUrl {
    pub(crate) url: Option<String>,
    pub(crate) error: Option<String>,
}

/// A setting that makes a Content-Security-Policy.
#[derive(Debug, Deserialize)]
pub(crate) struct PolicySetting {
    pub(crate) setting: String,
    pub(crate) directives: BTreeMap<String, Vec<String>>,
}

/// A bundle of django-webpack-loader that a template asks for.
#[derive(Debug, Deserialize)]
pub(crate) struct WebpackBundle {
    pub(crate) bundle: String,
    #[serde(flatten)]
    pub(crate) place: SourceLocation,
    pub(crate) urls: Vec<String>,
    pub(crate) error: Option<String>,
}

/// `WhiteNoise`, or its fork.
#[derive(Debug, Deserialize)]
pub(crate) struct StaticServer {
    pub(crate) name: String,
    /// The setting for the path at which it serves, and its value for the app's own path.
    pub(crate) setting: String,
    pub(crate) prefix: String,
    /// Whether it goes on to serve there while `STATIC_URL` leads to the version.
    pub(crate) serves_own_path: bool,
}

impl StaticServer {
    /// The line in the settings by which it serves at the app's own path.
    pub(crate) fn line(&self) -> String {
        format!("{} = \"{}\"", self.setting, self.prefix)
    }
}

/// How a link is written by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WrittenLink {
    /// As a whole, where a call of `static` can take its place.
    Whole,
    /// The same in a template of Jinja.
    InJinja,
    /// Something that is not known follows the path.
    Joined,
    /// In a module of the settings, in which `static` can't be called yet.
    InSettings,
}

/// A path under the app's own path, without query.
#[derive(Debug, Deserialize)]
pub(crate) struct LinkByHand {
    pub(crate) path: String,
    pub(crate) written: WrittenLink,
    #[serde(flatten)]
    pub(crate) location: SourceLocation,
}

/// The exception that ended the collect.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct PythonFailure {
    pub(crate) step: String,
    #[serde(rename = "type")]
    pub(crate) class: String,
    pub(crate) mro: Vec<String>,
    pub(crate) message: String,
    pub(crate) missing_module: Option<String>,
    pub(crate) missing_variable: Option<String>,
    pub(crate) place: Option<String>,
}

impl CollectReport {
    pub(super) fn own_storage(&self) -> &str {
        let storage = self.storage.as_ref();
        storage.map_or("unknown", |storage| &storage.own)
    }
}
