//! The frameworks whose assets can be compiled. Each knows its own evidence, its own compile, and
//! whether its pages will link to what was published.

pub(crate) mod django;
mod install;
mod prebuilt;

use crate::app::App;
use crate::config::{Config, DjangoSettings, Keep};
use crate::interrupt::Interrupt;
use crate::launch::{InjectedFile, Launch, LaunchVar};
use crate::manifest::{Assets, replaced};
use crate::output::Log;
use crate::prefix::Prefix;
use crate::release::Release;
use crate::version::Version;
pub(crate) use django::{Django, DjangoError};
use fs_err as fs;
use install::Install;
use prebuilt::Prebuilt;
use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(crate) enum Framework {
    Django(Django),
    Prebuilt(Prebuilt),
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

    /// What the settings name, else what is recognised.
    pub(crate) fn choose(app: &Path, config: &Config) -> Result<Option<Self>, DetectError> {
        match &config.dir {
            Some(folder) => Ok(Some(Self::Prebuilt(Prebuilt::of(app, folder)?))),
            None => Self::detect(app, &config.django),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Django(_) => "django",
            Self::Prebuilt(_) => "directory",
        }
    }

    /// Whether the compile writes into the app.
    pub(crate) fn writes(&self) -> bool {
        !matches!(self, Self::Prebuilt(_))
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
            Self::Prebuilt(prebuilt) => Ok(Some(prebuilt.compile(run.log))),
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
    /// What was published is not the app's to serve.
    Untouched,
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
    pub(crate) fn inject(self, launch: &mut Launch) {
        if let Emission::Needs { injection, .. } = self.emission {
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
        Ok(install.into_put())
    }
}
