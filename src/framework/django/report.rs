//! What the runner saw (`python/runner.py` writes it, in this order).

use crate::config::env_vars;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::PathBuf;

#[derive(Debug, Deserialize)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "the shape of the runner's JSON"
)]
pub(crate) struct Report {
    pub(super) django: Option<String>,
    pub(super) settings_module: Option<String>,
    pub(super) debug: bool,
    pub(super) static_url: StaticUrl,
    pub(super) static_root: Option<PathBuf>,
    /// Then nothing there can be told from the app's own.
    pub(super) static_root_holds_sources: bool,
    storage: Option<Storage>,
    ignored_staticfiles_storage: Option<String>,
    pub(super) whitenoise: bool,
    compressor: Option<Compressor>,
    /// Variables that the app asked for by name.
    pub(super) read: Vec<String>,
    dummies: Vec<String>,
    pub(super) inject: Inject,
    pub(super) runtime_files: Vec<File>,
    /// Compressed forms of collected files, below the compiled folder.
    pub(super) by_products: BTreeSet<String>,
    checks: Vec<Check>,
    pub(super) emission: Emissions,
    pub(super) collected: bool,
    pub(super) failure: Option<Failure>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct StaticUrl {
    pub(super) own: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Storage {
    own: String,
    local: bool,
    collected_with: String,
}

#[derive(Debug, Deserialize)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "the shape of the runner's JSON"
)]
struct Compressor {
    enabled: bool,
    offline: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Inject {
    pub(super) storage: Option<String>,
    pub(super) static_root: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct File {
    pub(super) path: PathBuf,
    pub(super) destination: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Check {
    id: Option<String>,
    message: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Emissions {
    pub(super) own: Emitted,
    pub(super) injected: Emitted,
}

/// What `static()` gives for some of the collected names.
#[derive(Debug, Deserialize)]
pub(crate) struct Emitted {
    pub(super) samples: Vec<Sample>,
    pub(super) error: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Sample {
    pub(super) name: String,
    pub(super) url: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Failure {
    pub(super) step: Step,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) mro: Vec<String>,
    pub(super) message: String,
    pub(super) missing_module: Option<String>,
    pub(super) missing_variable: Option<String>,
    pub(super) file: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Step {
    Start,
    Settings,
    Collectstatic,
    Compress,
    Done,
}

const WHITENOISE: &str = "whitenoise.";

impl Report {
    /// What a reader wants to know of the storage, in parentheses; empty where it is Django's own.
    pub(super) fn storage_note(&self) -> String {
        let Some(storage) = &self.storage else {
            return String::new();
        };
        if storage.own == storage.collected_with {
            String::new()
        } else if storage.own.starts_with(WHITENOISE) {
            " (WhiteNoise storage, compression skipped)".to_owned()
        } else if storage.local {
            String::new()
        } else {
            let class = storage.own.rsplit('.').next().unwrap_or_default();
            format!(" ({class} replaced by a local storage: this build uploads)")
        }
    }

    /// The dotted name of the storage that the app's settings name.
    pub(super) fn own_storage(&self) -> &str {
        self.storage
            .as_ref()
            .map_or("unknown", |storage| &storage.own)
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(ignored) = &self.ignored_staticfiles_storage {
            warnings.push(format!(
                "STATICFILES_STORAGE = \"{ignored}\" is ignored since Django 5.1; to use it:\n\
                 STORAGES = {{\n    \
                     \"default\": {{\"BACKEND\": \"django.core.files.storage.FileSystemStorage\"}},\n    \
                     \"staticfiles\": {{\"BACKEND\": \"{ignored}\"}},\n\
                 }}"
            ));
        }
        for check in &self.checks {
            let id = check.id.as_deref().unwrap_or("check");
            let advice = if id == "staticfiles.W004" {
                format!(
                    "\nWhere a frontend build makes that folder, run it first:\n\
                     {}=\"npm ci && npm run build\"",
                    env_vars::BEFORE_COLLECT.name
                )
            } else {
                String::new()
            };
            warnings.push(format!("{id}: {}{advice}", check.message));
        }
        warnings
    }

    pub(super) fn compresses_at_run_time(&self) -> bool {
        matches!(
            self.compressor,
            Some(Compressor {
                enabled: true,
                offline: false,
            })
        )
    }

    pub(super) fn notes(&self) -> Vec<String> {
        if self.dummies.is_empty() {
            return Vec::new();
        }
        vec![format!(
            "{} is unset in the build: collected with a throw-away value",
            self.dummies.join(", ")
        )]
    }
}
