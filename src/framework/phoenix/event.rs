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
    PipelineChosen {
        app: &'a str,
        pipeline: &'a Pipeline,
    },
    ThrowAwayValues(&'a [ThrowAwayValue]),
    CommandStarted(&'a Command<'a>),
    PipelineDone(Duration),
    /// Programs of the `esbuild` and `tailwind` packages, by their names.
    ProgramsCached(&'a [String]),
    /// The pipeline runs without the packages, and their manager is not on `PATH`.
    PackagesNotInstalled {
        dir: &'a Path,
        manager: &'static str,
        pipeline: &'a Pipeline,
    },
    /// The directory has its `node_modules` already.
    PackagesPresent(&'a Path),
    PackagesFromCache(&'a Path),
    PackagesInstalled {
        command: &'a Command<'a>,
        dir: &'a Path,
        duration: Duration,
    },
    NoLockFile(&'a Path),
    /// The Node.js on `PATH` is not the one that the app asks for.
    OtherNode(&'a NodeMismatch),
    NodeFromCache {
        version: &'a Version,
        wanted: Option<&'a WantedNode>,
    },
    /// The build goes on with a version from the cache.
    NodeIndexUnreachable {
        url: String,
        version: &'a Version,
        wanted: Option<&'a WantedNode>,
    },
    NodeDownloaded {
        version: &'a Version,
        wanted: Option<&'a WantedNode>,
        base: &'a str,
        size: u64,
    },
    /// Absolute references in stylesheets became relative.
    ReferencesRewritten {
        count: usize,
        first: &'a str,
    },
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
