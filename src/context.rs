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
    /// What a build leaves here, the next build of this app finds again.
    pub(crate) cache: Option<PathBuf>,
    /// The version that the previous build published, if the front end knows it.
    pub(crate) previous: Option<Version>,
    pub(crate) config: Config,
    /// When the build began.
    pub(crate) started: SystemTime,
    pub(crate) dry_run: DryRun,
    pub(crate) interrupt: &'a Interrupt,
    pub(crate) log: &'a Log,
}

/// Whether a run only shows what it would do. It then changes neither the store nor the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DryRun {
    No,
    Yes,
}

/// Where the image takes what a build adds to it; each front end has its own places.
pub(crate) struct ImagePlaces {
    /// Where [`crate::launch::Launch::files`] are at run time.
    pub(crate) injected: PathBuf,
    pub(crate) hook: HookPlace,
    /// Where a deferred upload is saved for the release phase.
    pub(crate) deferred_dir: PathBuf,
    pub(crate) node: NodeSupply,
    /// Whether processes will find what is put beside the app.
    pub(crate) takes_injection: bool,
}

/// Who brings Node.js where an app's pipeline needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NodeSupply {
    /// Another buildpack, or a line of the Dockerfile.
    Platform,
    /// This build step, into its cache, from the official distribution. It is put here for the running app
    /// where that asks for it.
    Official { kept: PathBuf },
}

/// How the processes of the running app come to load what they need of us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HookPlace {
    /// Python's from the injected folder, which the door puts in front of `PYTHONPATH`.
    PythonPath,
    /// Python's from the interpreter's own packages. They must lie in `within`, where only that is deployed.
    SitePackages {
        within: Option<PathBuf>,
        /// Read where the environment has no pin.
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
