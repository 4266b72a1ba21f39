//! What a framework's compile gives, and how it gets into the image.

use super::install::Install;
use super::leftover::find_leftover_placeholder;
use crate::config::Keep;
use crate::context::{BuildContext, DryRun};
use crate::fs::{replace_file, write_for_all};
use crate::launch::{InjectedFile, Launch, LaunchVar};
use crate::manifest::{Assets, holds_placeholder, replaced};
use crate::release::Release;
use crate::version::Version;
use fs_err as fs;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

/// Why what was compiled could not be put into the image.
#[derive(Debug, derive_more::From)]
pub(crate) enum InstallError {
    /// The placeholder was left in a file of the image.
    #[from(ignore)]
    Leftover(PathBuf),
    #[from]
    Io(io::Error),
}

/// No page would link to the version. The snippet is code that would change that.
#[derive(Debug)]
pub(crate) struct NotFollowing<W> {
    pub(crate) why: W,
    pub(crate) snippet: String,
}

/// The result of a compile.
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

    /// Returns what the running app finds.
    pub(crate) fn launch(&self, ctx: &BuildContext<'_>, release: &Release) -> io::Result<Launch> {
        let mut launch = Launch::pin(release);
        for file in &self.runtime_files {
            if let Ok(path) = file.destination.strip_prefix(&ctx.image.injected) {
                let content = fs::read(&file.source)?;
                launch.files.push(InjectedFile {
                    path: path.to_owned(),
                    content: replaced(&content, &release.version),
                });
            }
        }
        if ctx.config.version.is_some() || self.needs_release_version() {
            launch = launch.with_release_version(release);
        }
        if let Some(injection) = self
            .injection
            .as_ref()
            .filter(|_| ctx.dry_run == DryRun::No)
        {
            launch.vars.extend(injection.vars.iter().cloned());
            launch.files.extend(injection.files.iter().cloned());
            if let Links::ByInjection { .. } = self.links {
                // Python makes byte code again if it is missing.
                let sources = injection.placed.iter().map(|file| &file.path);
                let sources = sources.filter(|path| path.extension().is_none_or(|it| it != "pyc"));
                launch.needs.extend(sources.cloned());
            }
        }
        Ok(launch)
    }

    /// Puts the run-time files, and the whole tree unless `keep` says otherwise, where the app reads them. Nothing is
    /// deleted but what `keep` trims. `None` stands for a release that is not published.
    pub(crate) fn install_files(
        &self,
        ctx: &BuildContext<'_>,
        release: Option<&Release>,
    ) -> Result<(), InstallError> {
        if matches!(self.fallback, Fallback::InPlace(_) | Fallback::Untouched) {
            return Ok(());
        }
        let keep = release.map_or(Keep::All, |_| ctx.config.keep);
        let mut install = Install::new(&self.assets, release, keep);
        if let Fallback::Folder { from, path, .. } = &self.fallback {
            install.folder(from, path)?;
        }
        for file in &self.runtime_files {
            if !file.destination.starts_with(&ctx.image.injected) {
                install.file(&file.source, &file.destination)?;
            }
        }
        if release.is_some()
            && let Some(path) = find_leftover_placeholder(ctx, install.into_put())?
        {
            return Err(InstallError::Leftover(path));
        }
        Ok(())
    }

    /// Puts in place what makes the pages link to the release, and trims what the image does not keep.
    pub(crate) fn install_links(
        &self,
        ctx: &BuildContext<'_>,
        release: &Release,
    ) -> io::Result<()> {
        if let Some(injection) = &self.injection {
            for file in &injection.placed {
                write_for_all(&file.path, &file.content)?;
            }
            for edit in &injection.edits {
                edit.apply(&release.version)?;
            }
        }
        if ctx.config.keep == Keep::Manifests {
            self.trim(release)?;
        }
        Ok(())
    }

    /// Takes what is published out of the folders that the app serves from. What lies at their top stays, and
    /// `.well-known`: browsers ask the app's own host for `robots.txt`, an icon, a service worker.
    fn trim(&self, release: &Release) -> io::Result<()> {
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
