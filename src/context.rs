//! What every step of one build knows.

use crate::config::{Config, Inject};
use crate::env::ChildEnv;
use crate::interrupt::Interrupt;
use crate::log::Log;
use crate::version::Version;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub(crate) struct BuildContext<'a> {
    pub(crate) app_dir: PathBuf,
    /// A directory outside of the app that is removed at the end.
    pub(crate) scratch: PathBuf,
    /// The environment of child processes.
    pub(crate) env: ChildEnv,
    pub(crate) image: ImagePlaces,
    /// What a build leaves here, the next build of this app finds.
    pub(crate) cache: Option<PathBuf>,
    pub(crate) previous: Option<PreviousBuild>,
    pub(crate) config: Config,
    /// When the build began.
    pub(crate) started: SystemTime,
    pub(crate) dry_run: DryRun,
    pub(crate) interrupt: &'a Interrupt,
    pub(crate) log: &'a Log,
}

/// What the previous build published, as far as the front end knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PreviousBuild {
    pub(crate) version: Version,
    /// `None` if nothing remembers that its public URL was checked.
    pub(crate) checked: Option<CheckedSite>,
}

/// What a check of a public URL was about, if it found nothing wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckedSite {
    /// The URL of the version.
    pub(crate) url: String,
    pub(crate) store: String,
}

/// Whether a run only shows what it would publish. It then changes neither the store nor the app's links. A run that
/// publishes nothing anyway compiles as usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DryRun {
    No,
    Yes,
}

/// Where the image takes what a build adds to it; each front end has its own places.
pub(crate) struct ImagePlaces {
    /// What becomes the image: the app's directory, or all of a Dockerfile's file system.
    pub(crate) root: PathBuf,
    /// Where [`crate::launch::Launch::files`] are at run time.
    pub(crate) injected: PathBuf,
    pub(crate) hook: HookPlace,
    /// Where a deferred upload is saved for the release phase.
    pub(crate) deferred_dir: PathBuf,
    /// How the release phase of an image of this platform starts the deferred upload.
    pub(crate) release_command: &'static str,
    pub(crate) node: NodeSupply,
    /// Whether processes will find what is put beside the app.
    pub(crate) takes_injection: bool,
}

/// Who installs Node.js if an app's pipeline needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NodeSupply {
    /// Another buildpack or a line of the Dockerfile installs it.
    Platform,
    /// This build downloads the official distribution into its cache. It copies it to `kept` if the running app asks
    /// for Node.js.
    Official { kept: PathBuf },
}

/// How the processes of a Django app come to load the hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HookPlace {
    /// `PYTHONPATH` names the injected directory.
    PythonPath,
    /// The interpreter's own packages hold it. They must lie in `within` if only that is deployed.
    SitePackages {
        within: Option<PathBuf>,
        /// The hook reads this file if the environment has no pin.
        pin: Option<PathBuf>,
    },
}

impl HookPlace {
    pub(crate) fn pin(&self) -> Option<&Path> {
        match self {
            Self::SitePackages { pin, .. } => pin.as_deref(),
            Self::PythonPath => None,
        }
    }
}

impl BuildContext<'_> {
    /// How far the build may go to make pages link to the version.
    pub(crate) fn inject(&self) -> Inject {
        match self.config.inject {
            Inject::Auto if !self.image.takes_injection => Inject::Nowhere,
            inject => inject,
        }
    }

    pub(crate) fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.app_dir).unwrap_or(path)
    }
}
