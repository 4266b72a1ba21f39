//! The frameworks whose assets can be compiled. Each knows its own evidence, its own compile, and
//! whether its pages will link to what was published.

pub(crate) mod django;
mod install;
pub(crate) mod phoenix;
mod prebuilt;

use crate::app::App;
use crate::config::{Config, FrameworkName, FrameworkSettings, Keep};
use crate::fs::{replace_file, write_for_all};
use crate::interrupt::Interrupt;
use crate::launch::{InjectedFile, Launch, LaunchVar};
use crate::log::Log;
use crate::manifest::{Assets, holds_placeholder, replaced};
use crate::prefix::Prefix;
use crate::release::Release;
use crate::version::Version;
pub(crate) use django::{Django, DjangoError};
use fs_err as fs;
use install::Install;
pub(crate) use phoenix::{Phoenix, PhoenixError};
use prebuilt::Prebuilt;
use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(crate) enum Framework {
    Django(Django),
    Phoenix(Phoenix),
    Prebuilt(Prebuilt),
}

#[derive(Debug)]
pub(crate) enum DetectError {
    /// Several places of the same depth.
    Tie {
        framework: FrameworkName,
        /// The setting that chooses.
        setting: &'static str,
        paths: Vec<PathBuf>,
    },
    /// Django and Phoenix.
    Both {
        django: String,
        phoenix: String,
    },
    /// The framework that was chosen is not what the app is.
    NotFound(FrameworkName),
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
        settings: &FrameworkSettings,
    ) -> Result<Option<Self>, DetectError> {
        let django = || Django::detect(app, &settings.django);
        let phoenix = || Phoenix::detect(app, &settings.phoenix);
        match settings.chosen {
            Some(FrameworkName::Django) => Ok(django()?.map(Self::Django)),
            Some(FrameworkName::Phoenix) => Ok(phoenix()?.map(Self::Phoenix)),
            None => match (django()?, phoenix()?) {
                (Some(django), Some(phoenix)) => Err(DetectError::Both {
                    django: django.evidence().to_owned(),
                    phoenix: phoenix.evidence(),
                }),
                (django, phoenix) => Ok(django
                    .map(Self::Django)
                    .or_else(|| phoenix.map(Self::Phoenix))),
            },
        }
    }

    /// What the settings name, else what is recognised.
    pub(crate) fn choose(app: &Path, config: &Config) -> Result<Option<Self>, DetectError> {
        match &config.dir {
            Some(folder) => Ok(Some(Self::Prebuilt(Prebuilt::of(app, folder)?))),
            None => match (
                Self::detect(app, &config.framework)?,
                config.framework.chosen,
            ) {
                (None, Some(chosen)) => Err(DetectError::NotFound(chosen)),
                (found, _) => Ok(found),
            },
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Django(_) => "django",
            Self::Phoenix(_) => "phoenix",
            Self::Prebuilt(_) => "directory",
        }
    }

    /// Whether what was compiled is put into the app.
    pub(crate) fn installs(&self) -> bool {
        matches!(self, Self::Django(_))
    }

    /// Compiles the assets into a folder of the build.
    pub(crate) fn compile(
        &self,
        app: &App,
        config: &Config,
        target: Option<&CompileTarget>,
        run: &mut Run<'_>,
    ) -> Result<Option<Compiled>, CompileError> {
        match self {
            Self::Django(django) => Ok(django.compile(app, config, target, run)?),
            Self::Phoenix(phoenix) => Ok(Some(phoenix.compile(app, config, target, run)?)),
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
pub(crate) struct CompileTarget {
    pub(crate) version: Version,
    pub(crate) prefix: Prefix,
}

#[derive(Debug)]
pub(crate) enum CompileError {
    Django(DjangoError),
    Phoenix(PhoenixError),
}

impl From<PhoenixError> for CompileError {
    fn from(error: PhoenixError) -> Self {
        Self::Phoenix(error)
    }
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
    pub(crate) links: Links,
    /// What is put beside the app.
    pub(crate) injection: Option<Injection>,
    pub(crate) reads_release_version: bool,
    /// Compressed forms that the compile made of other files.
    pub(crate) by_products: BTreeSet<String>,
    /// Files that are the app's own business, such as a manifest.
    pub(crate) unpublished: BTreeSet<String>,
    /// Files that the running app reads, wherever it reads them.
    pub(crate) runtime_files: Vec<RuntimeFile>,
    pub(crate) fallback: Fallback,
    /// A place whose links stay on the app's own host, which must go on serving the files.
    pub(crate) stays: Option<String>,
}

/// How pages come to link to the published version.
#[derive(Debug)]
pub(crate) enum Links {
    /// The app does it by itself.
    ByApp {
        by: VersionVariable,
        because: String,
    },
    /// Something must be put beside the app; the snippet makes that unnecessary.
    ByInjection { because: String, snippet: String },
    /// Nothing is published, so nothing has to link to it.
    Unverified,
}

/// What an app makes the URLs of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VersionVariable {
    StaticUrl,
    /// `STATIC_ASSETS_VERSION`, in a way that shows.
    PinnedVersion,
    /// `RELEASE_VERSION`, or `STATIC_ASSETS_VERSION`, in a way of its own.
    Version,
}

#[derive(Debug, Default)]
pub(crate) struct Injection {
    pub(crate) vars: Vec<LaunchVar>,
    pub(crate) files: Vec<InjectedFile>,
    pub(crate) placed: Vec<PlacedFile>,
    pub(crate) edits: Vec<Edit>,
}

/// A file that the running app loads from a place of its own, such as the interpreter's packages.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PlacedFile {
    pub(crate) path: PathBuf,
    pub(crate) content: Vec<u8>,
}

/// A file of the app as the image has it; the repository is untouched.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) path: PathBuf,
    /// With the placeholder where the version belongs.
    pub(crate) content: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct RuntimeFile {
    /// As it was compiled.
    pub(crate) source: PathBuf,
    pub(crate) destination: PathBuf,
}

/// The copy in the image, for the day on which the store can't be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// The whole tree goes here; `served` says whether the app itself can serve it, below `url`.
    Folder {
        from: PathBuf,
        path: PathBuf,
        url: String,
        served: bool,
    },
    /// The folder is not part of the image.
    OutsideApp {
        path: PathBuf,
    },
    NoFolder,
    /// What was compiled is where the app serves it from.
    InPlace(FallbackSwitch),
    /// What was published is not the app's to serve.
    Untouched,
}

/// What makes a running app serve its own copy again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FallbackSwitch {
    /// `STATIC_URL=/`.
    StaticUrl,
    /// The URL is part of the image.
    None,
}

impl Compiled {
    /// Whether the running app needs `RELEASE_VERSION`: it asked for it, or builds URLs of a version in a
    /// way that shows no question, such as a copy of the whole environment.
    pub(crate) fn needs_release_version(&self) -> bool {
        let by_version = matches!(
            self.links,
            Links::ByApp {
                by: VersionVariable::Version,
                ..
            }
        );
        self.reads_release_version || by_version
    }

    pub(crate) fn launch(&self, app: &App, release: &Release) -> io::Result<Launch> {
        let mut launch = Launch::pin(release);
        for file in &self.runtime_files {
            if let Ok(path) = file.destination.strip_prefix(&app.injected) {
                let content = fs::read(&file.source)?;
                launch.files.push(InjectedFile {
                    path: path.to_owned(),
                    content: replaced(&content, &release.version),
                });
            }
        }
        Ok(launch)
    }

    /// Adds what is put beside the app.
    pub(crate) fn inject(&mut self, launch: &mut Launch, release: &Release) -> io::Result<()> {
        let Some(injection) = self.injection.take() else {
            return Ok(());
        };
        launch.vars.extend(injection.vars);
        launch.files.extend(injection.files);
        for file in &injection.placed {
            file.put()?;
        }
        if let Links::ByInjection { .. } = self.links {
            // Byte code is made again where it is left out.
            let is_source = |path: &PathBuf| path.extension().is_none_or(|kind| kind != "pyc");
            let placed = injection.placed.into_iter().map(|file| file.path);
            launch.needs.extend(placed.filter(is_source));
        }
        for edit in &injection.edits {
            edit.apply(&release.version)?;
        }
        Ok(())
    }

    /// Takes what is published out of the folders that the app serves from. What lies at their top stays, and
    /// `.well-known`: browsers ask the app's own host for `robots.txt`, an icon, a service worker.
    pub(crate) fn trim(&self, release: &Release) -> io::Result<()> {
        if !matches!(self.fallback, Fallback::InPlace(_)) || self.stays.is_some() {
            return Ok(());
        }
        let published = release.manifest.assets().iter().map(|asset| &*asset.path);
        for path in published.chain(self.by_products.iter().map(String::as_str)) {
            let root = self
                .assets
                .roots
                .iter()
                .find(|root| path.starts_with(&root.mount));
            let below = root.map(|root| (&root.folder, &path[root.mount.len()..]));
            if let Some((folder, below)) = below
                && below.contains('/')
                && !below.starts_with(".well-known/")
            {
                fs::remove_file(folder.join(below))?;
            }
        }
        Ok(())
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
        if let Fallback::Folder { from, path, .. } = &self.fallback {
            install.folder(from, path)?;
        }
        for file in &self.runtime_files {
            if !file.destination.starts_with(&app.injected) {
                install.file(&file.source, &file.destination)?;
            }
        }
        Ok(install.into_put())
    }
}

impl PlacedFile {
    fn put(&self) -> io::Result<()> {
        write_for_all(&self.path, &self.content)
    }
}

impl Edit {
    /// The file keeps its time: what is newer than what was compiled from it is compiled again.
    fn apply(&self, version: &Version) -> io::Result<()> {
        let time = fs::metadata(&self.path)?.modified()?;
        let content = if holds_placeholder(&self.content) {
            replaced(&self.content, version)
        } else {
            self.content.clone()
        };
        replace_file(&self.path, &content)?;
        fs::File::options()
            .write(true)
            .open(&self.path)?
            .into_file()
            .set_modified(time)
    }
}
