//! Why a Phoenix app can't be compiled and published.

use super::failure::PhoenixFailure;
use super::node_distribution::NodeProblem;
use super::probed_links::WrongLink;
use super::sources::SourceLocation;
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
    /// The official Node.js could not be downloaded from this URL.
    Node(String, Box<NodeProblem>),
    /// Nothing says how the assets are made, and there are none.
    NoPipeline {
        app: String,
        folder: PathBuf,
        /// The scripts of `package.json`, if it exists.
        scripts: Option<Vec<String>>,
    },
    PackageJson(PathBuf, serde_json::Error),
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
    /// `cache_static_manifest` names another file than the digest's, at this place.
    OtherManifest(SourceLocation, PathBuf),
    /// A file that was digested before the build is missing.
    Prebuilt(PathBuf),
    /// A file was changed since it was digested.
    Stale(PathBuf),
    NotFollowing(Box<NotFollowing<PhoenixLinkProblem>>),
    #[from]
    Start(CommandError),
    #[from]
    Io(io::Error),
}

/// Why no page would link to the version.
#[derive(Debug)]
pub(crate) enum PhoenixLinkProblem {
    /// The app doesn't read `STATIC_URL`, and `STATIC_ASSETS_INJECT` is off.
    InjectOff,
    /// The app doesn't read `STATIC_URL`, and the command line changes no file of an app.
    InjectNowhere,
    /// The app with this name has neither a `runtime.exs` nor a manifest that Phoenix reads.
    NoManifest(String),
    /// The app has no `runtime.exs`, and links with a host, which no manifest changes.
    NoScript(SourceLocation),
    /// No page uses a helper.
    WrittenByHand(Vec<SourceLocation>),
    /// The pipeline made none of the scripts and stylesheets that pages link to, such as this file.
    NotMade(SourceLocation, String),
    /// No module of the app with this name uses Phoenix's endpoint.
    NoEndpoint(String),
    /// Pages link with a host, and the public URL has none.
    NoHost(SourceLocation),
    /// Pages link with and without a host, and no `static_url` serves both.
    Mixed {
        paths: Vec<SourceLocation>,
        urls: Vec<SourceLocation>,
        endpoint: String,
    },
    /// The app reads this variable by itself, and these links do not lead to this URL.
    Wrong {
        location: SourceLocation,
        variable: &'static str,
        base: String,
        links: Vec<WrongLink>,
    },
}
