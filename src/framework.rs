//! The frameworks whose assets can be compiled. Each knows its own evidence, its own compile, and
//! whether its pages will link to what was published.

pub(crate) mod django;

use crate::app::App;
use crate::config::{Config, DjangoSettings, Inject, Keep};
use crate::interrupt::Interrupt;
use crate::launch::{InjectedFile, Launch, LaunchVar};
use crate::manifest::{Assets, holds_placeholder, replaced};
use crate::output::Log;
use crate::prefix::Prefix;
use crate::release::Release;
use crate::version::Version;
pub(crate) use django::{Django, DjangoError};
use fs_err as fs;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(crate) enum Framework {
    Django(Django),
}

#[derive(Debug)]
pub(crate) enum DetectError {
    /// Several places of the same depth.
    Tie {
        what: &'static str,
        paths: Vec<PathBuf>,
    },
    /// A setting names a file that is not there.
    Missing {
        setting: &'static str,
        path: PathBuf,
    },
    /// A dependency on the framework, but nothing to start it with.
    NoEntry {
        evidence: String,
    },
    Io(io::Error),
}

impl From<io::Error> for DetectError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Framework {
    pub(crate) fn detect(
        app: &Path,
        settings: &DjangoSettings,
    ) -> Result<Option<Self>, DetectError> {
        Ok(Django::detect(app, settings)?.map(Self::Django))
    }

    /// Compiles the assets into a folder of the build.
    pub(crate) fn compile(
        &self,
        app: &App,
        config: &Config,
        draft: Option<&Draft>,
        run: &mut Run<'_>,
    ) -> Result<Option<Compiled>, CompileError> {
        match self {
            Self::Django(django) => Ok(django.compile(app, config, draft, run)?),
        }
    }
}

/// What a compile says and listens to while it runs.
pub(crate) struct Run<'a> {
    pub(crate) interrupt: &'a Interrupt,
    pub(crate) log: &'a mut Log,
}

/// The version and URL to compile for: the given version, or the placeholder.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) version: Version,
    pub(crate) prefix: Prefix,
}

#[derive(Debug)]
pub(crate) enum CompileError {
    Django(DjangoError),
}

impl From<DjangoError> for CompileError {
    fn from(error: DjangoError) -> Self {
        Self::Django(error)
    }
}

/// A compile's result.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) assets: Assets,
    pub(crate) emission: Emission,
    pub(crate) reads_release_version: bool,
    /// Compressed forms that the compile made of other files.
    pub(crate) by_products: BTreeSet<String>,
    /// Files that the running app reads, wherever it reads them.
    pub(crate) runtime_files: Vec<RuntimeFile>,
    pub(crate) fallback: Fallback,
}

/// How pages come to link to the published version.
#[derive(Debug)]
pub(crate) enum Emission {
    /// The app does it by itself.
    Follows { by: FollowsBy, because: String },
    /// Something must be put beside the app; the snippet makes that unnecessary.
    Needs {
        because: String,
        injection: Injection,
        snippet: String,
    },
    /// Nothing is published, so nothing has to link to it.
    NotAsked,
}

/// What an app makes the URLs of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FollowsBy {
    StaticUrl,
    /// `RELEASE_VERSION`, or `STATIC_ASSETS_VERSION`, in a way of its own.
    Version,
}

#[derive(Debug)]
pub(crate) struct Injection {
    pub(crate) vars: Vec<LaunchVar>,
    pub(crate) files: Vec<InjectedFile>,
}

#[derive(Debug)]
pub(crate) struct RuntimeFile {
    /// Below the compiled folder.
    pub(crate) path: PathBuf,
    pub(crate) destination: PathBuf,
}

/// The copy in the image, for the day on which the store can't be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// The whole tree goes here; `served` says whether the app itself can serve it, below `url`.
    Folder {
        path: PathBuf,
        url: String,
        served: bool,
    },
    /// The folder is not part of the image.
    OutsideApp {
        path: PathBuf,
    },
    NoFolder,
}

impl Compiled {
    /// Whether the running app needs `RELEASE_VERSION`: it asked for it, or builds URLs of a version in a
    /// way that shows no question, such as a copy of the whole environment.
    pub(crate) fn needs_release_version(&self) -> bool {
        let by_version = matches!(
            self.emission,
            Emission::Follows {
                by: FollowsBy::Version,
                ..
            }
        );
        self.reads_release_version || by_version
    }

    pub(crate) fn launch(&self, app: &App, release: &Release) -> io::Result<Launch> {
        let mut launch = Launch::pin(release);
        for file in &self.runtime_files {
            if let Ok(path) = file.destination.strip_prefix(&app.injected) {
                let content = fs::read(self.assets.root.join(&file.path))?;
                launch.files.push(InjectedFile {
                    path: path.to_owned(),
                    content: replaced(&content, &release.version),
                });
            }
        }
        Ok(launch)
    }

    /// Adds what makes an app follow that does not by itself.
    pub(crate) fn inject(self, launch: &mut Launch, inject: Inject) {
        if let (Emission::Needs { injection, .. }, Inject::Auto) = (self.emission, inject) {
            launch.vars.extend(injection.vars);
            launch.files.extend(injection.files);
        }
    }

    /// Puts the run-time files, and unless told otherwise the whole tree, where the app reads them.
    /// Differing files are replaced; nothing is deleted but what `keep` trims. Returns what was put.
    pub(crate) fn install(
        &self,
        app: &App,
        keep: Keep,
        release: Option<&Release>,
    ) -> io::Result<HashSet<PathBuf>> {
        let mut install = Install::new(&self.assets, release, keep);
        if let Fallback::Folder { path, .. } = &self.fallback {
            install.folder(&self.assets.root, path)?;
        }
        for file in &self.runtime_files {
            if !file.destination.starts_with(&app.injected) {
                install.file(&self.assets.root.join(&file.path), &file.destination)?;
            }
        }
        Ok(install.put)
    }
}

/// Puts compiled files into the image as they are published: with the version in place of the
/// placeholder.
struct Install<'a> {
    /// Unset where nothing is published: then no file holds the placeholder.
    version: Option<&'a Version>,
    /// What is published, by where it was compiled to; with its own source where it was resolved.
    published: HashMap<PathBuf, Option<&'a Path>>,
    keep: Keep,
    put: HashSet<PathBuf>,
}

/// What bundlers leave for the server to read: <https://vite.dev/guide/backend-integration>.
const BUNDLER_MANIFESTS: [&str; 3] = ["manifest.json", "webpack-stats.json", "staticfiles.json"];

impl<'a> Install<'a> {
    fn new(assets: &Assets, release: Option<&'a Release>, keep: Keep) -> Self {
        let published = release.map(|release| release.manifest.assets());
        let published = published.into_iter().flatten().map(|asset| {
            let resolved = asset.template.map(|_| asset.source.as_path());
            (assets.root.join(&asset.path), resolved)
        });
        Self {
            version: release.map(|release| &release.version),
            published: published.collect(),
            keep,
            put: HashSet::new(),
        }
    }

    fn folder(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let (source, destination) = (entry.path(), to.join(entry.file_name()));
            let is_manifest = BUNDLER_MANIFESTS
                .iter()
                .any(|name| entry.file_name() == *name);
            if entry.file_type()?.is_dir() {
                refuse_link(&destination)?;
                self.folder(&source, &destination)?;
            } else if self.keep == Keep::Manifests && !is_manifest {
                trim(&source, &destination)?;
            } else if !self.is_stale(&source) {
                self.file(&source, &destination)?;
            }
        }
        Ok(())
    }

    /// The compressed form of a file that was resolved holds the placeholder, out of reach.
    fn is_stale(&self, source: &Path) -> bool {
        let is_compressed = source
            .extension()
            .is_some_and(|extension| extension == "gz" || extension == "br");
        is_compressed
            && matches!(
                self.published.get(&source.with_extension("")),
                Some(Some(_))
            )
    }

    fn file(&mut self, source: &Path, destination: &Path) -> io::Result<()> {
        self.put.insert(destination.to_owned());
        if let Some(resolved) = self.published.get(source) {
            return place(resolved.unwrap_or(source), destination);
        }
        let Some(version) = self.version else {
            return place(source, destination);
        };
        let mut content = fs::read(source)?;
        if holds_placeholder(&content) {
            make_way(destination)?;
            fs::write(destination, replaced(&content, version))
        } else if forget_time(&mut content) {
            make_way(destination)?;
            fs::write(destination, content)
        } else {
            place(source, destination)
        }
    }
}

/// The time of compression in the header of gzip would make every image another one:
/// <https://www.rfc-editor.org/rfc/rfc1952#page-5>. Whether there was one.
fn forget_time(content: &mut [u8]) -> bool {
    match content {
        [0x1f, 0x8b, 8, _, time @ ..] if time.len() >= 4 && time[..4] != [0; 4] => {
            time[..4].fill(0);
            true
        }
        _ => false,
    }
}

/// Removes what an earlier collectstatic of the same file left, such as a Python buildpack's own.
fn trim(collected: &Path, left: &Path) -> io::Result<()> {
    let is_same = left.is_file() && fs::read(left)? == fs::read(collected)?;
    if is_same {
        fs::remove_file(left)
    } else {
        Ok(())
    }
}

/// A link in the place of a folder may lead out of the app, into another buildpack's layer.
fn refuse_link(folder: &Path) -> io::Result<()> {
    if folder.is_symlink() {
        return Err(io::Error::other(format!(
            "{} is a link; static files are put into folders only",
            folder.display()
        )));
    }
    Ok(())
}

/// A link costs nothing where both are on one file system.
fn place(source: &Path, destination: &Path) -> io::Result<()> {
    if fs::hard_link(source, destination).is_ok() {
        return Ok(());
    }
    make_way(destination)?;
    fs::hard_link(source, destination).or_else(|_| fs::copy(source, destination).map(drop))
}

fn make_way(destination: &Path) -> io::Result<()> {
    if let Some(parent) = destination.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::remove_file(destination) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
