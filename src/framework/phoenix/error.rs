//! Why a Phoenix app can't be compiled and published.

use super::app_pages::AppPages;
use super::failure::PhoenixFailure;
use super::link_check::PhoenixLinkProblem;
use super::location::SourceLocation;
use super::node_distribution::NodeProblem;
use super::static_url::snippet;
use crate::command::CommandError;
use crate::framework::NotFollowing;
use crate::manifest::ScanError;
use std::io;
use std::path::PathBuf;

#[derive(Debug, derive_more::From)]
pub(crate) enum PhoenixError {
    /// The pipeline needs Mix, which is not on `PATH`.
    NoMix {
        path: String,
        pipeline: String,
        app: String,
        /// The `package.json` whose scripts might make the assets without Mix.
        package: Option<PathBuf>,
    },
    NoNode {
        program: &'static str,
        /// Node.js, if only its package manager is missing.
        node: Option<PathBuf>,
        pipeline: String,
        package: PathBuf,
        path: String,
    },
    /// The official Node.js could not be downloaded.
    Node {
        url: String,
        problem: Box<NodeProblem>,
    },
    /// Nothing says how the assets are made, and there are none.
    NoPipeline {
        app: String,
        folder: PathBuf,
        /// The scripts of `package.json`, if it exists.
        scripts: Option<Vec<String>>,
    },
    PackageJson {
        path: PathBuf,
        error: serde_json::Error,
    },
    Failed(Box<PhoenixFailure>),
    /// The scan would refuse these files. They are found before a digest writes through them.
    Refused(ScanError),
    /// A directory leads out of the app.
    Outside {
        path: PathBuf,
        leads_to: PathBuf,
    },
    /// `cache_manifest.json` is not a manifest.
    Manifest(io::Error),
    /// The pipeline succeeded, but left no new manifest or an empty one.
    NothingDigested {
        pipeline: String,
        folder: PathBuf,
        output: String,
    },
    /// `cache_static_manifest` names another file than the digest's.
    OtherManifest {
        place: SourceLocation,
        configured: PathBuf,
    },
    /// A file that was digested before the build is missing.
    Prebuilt {
        file: PathBuf,
    },
    /// A file was changed since it was digested.
    Stale {
        file: PathBuf,
    },
    NotFollowing(Box<NotFollowing<PhoenixLinkProblem>>),
    #[from]
    Start(CommandError),
    #[from]
    Io(io::Error),
}

impl PhoenixError {
    /// These apps don't follow. The error shows the lines that would make them follow.
    pub(super) fn not_following(why: PhoenixLinkProblem, apps: &[&AppPages<'_>]) -> Self {
        let targets: Vec<_> = apps.iter().flat_map(|pages| pages.targets()).collect();
        let snippet = snippet(&targets);
        Self::NotFollowing(Box::new(NotFollowing { why, snippet }))
    }
}
