//! What the log tells while an app's assets are compiled. The texts are in `messages/phoenix_pipeline.rs`.

use super::buildpack_config::ConfigNote;
use super::failure::NodeMismatch;
use super::node_range::WantedNode;
use super::pipeline::Pipeline;
use crate::command::Command;
use semver::Version;
use std::path::Path;
use std::time::Duration;

pub(crate) enum PipelineEvent<'a> {
    /// The configuration files of other buildpacks were read.
    BuildpackConfig(&'a [ConfigNote]),
    /// Of the app with this name.
    PipelineChosen(&'a str, &'a Pipeline),
    ThrowAwayValues(&'a [ThrowAwayValue]),
    CommandStarted(&'a Command<'a>),
    PipelineDone(Duration),
    /// Programs of the `esbuild` and `tailwind` packages, by their names.
    ProgramsCached(&'a [String]),
    /// The pipeline runs without the packages of this directory, and their manager is not on `PATH`.
    PackagesNotInstalled(&'a Path, &'static str, &'a Pipeline),
    /// The directory has its `node_modules` already.
    PackagesPresent(&'a Path),
    PackagesFromCache(&'a Path),
    PackagesInstalled(&'a Command<'a>, &'a Path, Duration),
    NoLockFile(&'a Path),
    /// The Node.js on `PATH` is not the one that the app asks for.
    OtherNode(&'a NodeMismatch),
    /// A version of Node.js, for what the app asks for.
    NodeChosen(&'a Version, Option<&'a WantedNode>, NodeOrigin<'a>),
    /// Absolute references in stylesheets became relative: how many, and the first stylesheet.
    ReferencesRewritten(usize, &'a str),
    DigestedByMix(&'a Command<'a>),
    /// With the number of files.
    DigestedNatively(usize),
}

/// A variable that the build step sets because a configuration script asks for it.
pub(crate) struct ThrowAwayValue {
    pub(crate) variable: &'static str,
    /// The name of the script.
    pub(crate) file: String,
}

pub(crate) enum NodeOrigin<'a> {
    Cache,
    /// Another version may fit better, but the index at this URL does not answer.
    CacheOnly(&'a str),
    /// Downloaded from the distribution, with the size of the archive.
    Distribution(&'a str, u64),
}
