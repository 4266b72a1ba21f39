//! The facts that the log prints about a Phoenix app: the compile of its assets, and its links. The texts are in
//! `messages/`.

use super::buildpack_config::ConfigNote;
use super::failure::NodeMismatch;
use super::node_range::WantedNode;
use super::page_links::LinkedFile;
use super::pipeline::Pipeline;
use super::probe::ProbeProblem;
use super::sources::SourceLocation;
use crate::command::Command;
use crate::framework::{BlockingPolicy, FixedLink};
use semver::Version;
use std::path::Path;
use std::time::Duration;

pub(crate) enum PipelineEvent<'a> {
    /// The configuration files of other buildpacks were read.
    BuildpackConfig(&'a [ConfigNote]),
    /// Of the app with this name.
    PipelineChosen(&'a str, &'a Pipeline),
    /// At this place the app's Dockerfile runs this script of `package.json`, which the pipeline leaves out; with the
    /// package manager and the directory below the app.
    ScriptNotRun(&'a SourceLocation, &'a str, &'a str, &'a Path),
    /// Variables that the build step sets because a configuration script asks for them, each with the script.
    ThrowAwayValues(&'a [String]),
    CommandStarted(&'a Command<'a>),
    PipelineDone(Duration),
    /// Programs of the `esbuild` and `tailwind` packages.
    ProgramsCached(&'a [String]),
    /// The pipeline runs without the packages of this directory, and their manager is not on `PATH`.
    PackagesNotInstalled(&'a Path, &'static str, &'a Pipeline),
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

pub(crate) enum NodeOrigin<'a> {
    Cache,
    /// Another version may fit better, but the index at this URL does not answer.
    CacheOnly(&'a str),
    /// Downloaded from the distribution, with the size of the archive.
    Distribution(&'a str, u64),
}

pub(crate) enum PhoenixEvent<'a> {
    /// The project, and what shows that it has assets.
    Project(&'a str),
    CacheEmptied,
    /// The number of files that an earlier digest left, and that are not published.
    EarlierDigests(usize),
    /// Links of scripts that stay on the app's own host.
    FixedLinks(&'a [FixedLink]),
    /// Links of pages that stay on the app's own host.
    LinksByHand(&'a [&'a SourceLocation]),
    /// Files that pages link to and that the pipeline did not make.
    MissingFiles(&'a [&'a LinkedFile]),
    /// A Content-Security-Policy that doesn't allow the origin of the public URL.
    BlockingPolicy(&'a BlockingPolicy, &'a str),
    ModuleScript(&'a SourceLocation),
    SpriteFile(&'a SourceLocation),
    JoinedUrl(&'a SourceLocation),
    /// The compiled app answered: how many of its links lead to the version, and how many are only known when the page
    /// is made. Some variables got throw-away values.
    Probed {
        links: usize,
        dynamic: usize,
        stand_ins: &'a [String],
    },
    NotProbed(&'a ProbeProblem),
    /// Without `STATIC_URL` the configuration raises this.
    NeedsStaticUrl(&'a str),
    /// Links below these directories, in which the build has no file.
    EmptyDirs(&'a [&'a LinkedFile]),
    /// `Endpoint.static_url() <> "/…"`.
    OwnHostLink(&'a SourceLocation),
    /// The app with this name has no links.
    NoLinks(&'a str),
    /// A release doesn't know the names of these assets.
    EarlyRelease(&'a Path),
    /// The app reads this variable by itself, in a way that does not suffice, or only if something is changed.
    OwnStaticUrl(&'a SourceLocation, &'static str, OwnStaticUrlProblem<'a>),
    /// The manifest leads to the version, for lack of a `runtime.exs`. The app may have this `releases.exs`.
    UrlInImage(Option<&'a Path>),
    /// Nothing loads the pin, for lack of a `runtime.exs`.
    NoPinLoader,
}

#[derive(Clone, Copy)]
pub(crate) enum OwnStaticUrlProblem<'a> {
    /// It is read when a release is built.
    TooEarly,
    /// This link does not follow.
    OtherForm(&'a SourceLocation),
    /// Reading shows no form that the app gives to its `static_url`.
    NotRead,
    /// This link would have two hosts.
    TwoHosts(&'a SourceLocation),
    /// The files of the app with this name are in a directory under the version.
    Mount(&'a str, &'a str),
}
