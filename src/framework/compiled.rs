//! What a framework's compile gives, and how it gets into the image.

use super::install::{Install, InstallError, find_leftover};
use crate::config::Keep;
use crate::context::{BuildContext, DryRun};
use crate::fs::{replace_file, write_for_all};
use crate::launch::{InjectedFile, Launch, LaunchVar};
use crate::manifest::{Assets, replaced};
use crate::release::Release;
use crate::version::Version;
use fs_err as fs;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

/// No page would link to the version. The snippet is code that would change that.
#[derive(Debug)]
pub(crate) struct NotFollowing<W> {
    pub(crate) why: W,
    pub(crate) snippet: String,
}

/// The result of a compile.
#[derive(Debug, Default)]
pub(crate) struct Compiled {
    pub(crate) assets: Assets,
    pub(crate) links: Links,
    /// What has to be put beside the app to make its pages link to the version.
    pub(crate) injection: Option<Injection>,
    /// Whether the running app was seen to read `RELEASE_VERSION`, or may read it where the build can't see that, such as
    /// in a copy of the whole environment.
    pub(crate) reads_release_version: bool,
    /// The compressed forms that the compile made of other files.
    pub(crate) by_products: BTreeSet<String>,
    /// Files that only the app reads, such as a manifest.
    pub(crate) unpublished: BTreeSet<String>,
    /// Files that the running app reads.
    pub(crate) runtime_files: Vec<RuntimeFile>,
    pub(crate) fallback: Fallback,
    /// A place whose links stay on the app's own host. The app must go on serving those files.
    pub(crate) stays: Option<Stays>,
}

/// How pages come to link to the published version.
#[derive(Debug, Default)]
pub(crate) enum Links {
    /// The app links to the version by itself.
    ByApp(LinkReason),
    /// Something is put beside the app. The snippet is code that makes this unnecessary.
    ByInjection { reason: LinkReason, snippet: String },
    /// The pages are not checked: nothing is published, or the app's pages are unknown.
    #[default]
    Unverified,
}

/// Why an app links to the version by itself, or why something is put beside it.
#[derive(Debug)]
pub(crate) enum LinkReason {
    /// Django's settings read `STATIC_URL`.
    SettingsReadUrl,
    SettingsIgnoreUrl,
    /// This storage of Django links to the version by itself.
    OwnStorage(String),
    /// This storage of Django links elsewhere.
    OtherStorage(String),
    /// No `STATIC_ROOT` in the image holds Django's manifest.
    NoManifest,
    /// Places in the source of a Phoenix app, each with the variable that is read there.
    SourceReads(Vec<(String, &'static str)>),
    /// A block was appended to these scripts of a Phoenix app.
    AppendedBlock(Vec<PathBuf>),
    /// The keys of a Phoenix app's `cache_manifest.json` lead to the version.
    ManifestKeys,
}

/// Why the image has to serve the files, whatever `STATIC_ASSETS_KEEP` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stays {
    /// The link at this place leads to the app's own host.
    Link(String),
    /// No link to a script, or none to a stylesheet of this app was found: it may have links that this build does not
    /// know.
    Unproved(String),
}

#[derive(Debug, Default)]
pub(crate) struct Injection {
    pub(crate) vars: Vec<LaunchVar>,
    pub(crate) files: Vec<InjectedFile>,
    /// Files that are put where the running app loads them, such as the interpreter's packages. Their paths are absolute.
    pub(crate) placed: Vec<InjectedFile>,
    pub(crate) edits: Vec<Edit>,
}

/// A file of the app that the image holds changed. The repository stays as it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) path: PathBuf,
    /// It holds the placeholder in place of the version.
    pub(crate) content: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct RuntimeFile {
    /// Where the compile left it.
    pub(crate) source: PathBuf,
    pub(crate) destination: PathBuf,
}

/// The copy in the image from which the app can serve if the store can't be used.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// The whole tree is copied to `path`, and the app can serve it under `url`.
    Folder {
        path: PathBuf,
        url: String,
        /// What serves it within the app, if that is known.
        served_by: Option<String>,
    },
    /// The directory is not part of the image.
    OutsideImage(PathBuf),
    NoFolder,
    /// The compile left the files where a running app serves them from, if it has `STATIC_URL=/`.
    InPlace,
    /// The files are there, but nothing makes a running app serve them: the URL is part of the image.
    UrlInImage,
    /// The app does not serve the files.
    #[default]
    Untouched,
}

impl Compiled {
    /// Returns what the running app finds.
    pub(crate) fn launch(&self, ctx: &BuildContext<'_>, release: &Release) -> io::Result<Launch> {
        let mut launch = Launch::pin(release);
        for file in &self.runtime_files {
            if let Ok(path) = file.destination.strip_prefix(&ctx.image.injected) {
                let path = path.to_owned();
                let content = replaced(&fs::read(&file.source)?, &release.version);
                launch.files.push(InjectedFile { path, content });
            } else if !file.destination.starts_with(&ctx.app_dir) {
                launch.needs.push(file.destination.clone());
            }
        }
        if ctx.config.version.is_some() || self.reads_release_version {
            launch = launch.with_release_version(release);
        }
        let injection = self.injection.as_ref();
        if let Some(injection) = injection.filter(|_| ctx.dry_run == DryRun::No) {
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
    /// deleted but what `keep` trims. `None` stands for a release that is not published. A dry run of a release installs
    /// nothing.
    pub(crate) fn install_files(
        &self,
        ctx: &BuildContext<'_>,
        release: Option<&Release>,
    ) -> Result<(), InstallError> {
        let is_dry_run = ctx.dry_run == DryRun::Yes && release.is_some();
        if is_dry_run || self.is_in_place() || self.fallback == Fallback::Untouched {
            return Ok(());
        }
        let keeps_all = release.is_none() || self.stays.is_some();
        let keep = if keeps_all {
            Keep::All
        } else {
            ctx.config.keep
        };
        let mut install = Install::new(&self.assets, release, keep);
        if let Fallback::Folder { path, .. } = &self.fallback {
            for root in &self.assets.roots {
                install.folder(&root.folder, path)?;
            }
        }
        for file in &self.runtime_files {
            if !file.destination.starts_with(&ctx.image.injected) {
                install.file(&file.source, &file.destination)?;
            }
        }
        install.installed.insert(ctx.scratch.clone());
        if release.is_some()
            && let Some(path) = find_leftover(&ctx.app_dir, ctx.started, &install.installed)?
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

    fn is_in_place(&self) -> bool {
        matches!(self.fallback, Fallback::InPlace | Fallback::UrlInImage)
    }

    /// Removes what is published from the directories that the app serves. `.well-known` and the files at the top stay,
    /// because browsers ask the app's own host for `robots.txt`, an icon or a service worker.
    fn trim(&self, release: &Release) -> io::Result<()> {
        if !self.is_in_place() || self.stays.is_some() {
            return Ok(());
        }
        let published = release.manifest.assets().iter().map(|asset| &*asset.path);
        for path in published.chain(self.by_products.iter().map(String::as_str)) {
            let mut roots = self.assets.roots.iter();
            let located =
                roots.find_map(|root| Some((&root.folder, path.strip_prefix(&*root.mount)?)));
            if let Some((dir, below)) = located
                && below.contains('/')
                && !below.starts_with(".well-known/")
            {
                fs::remove_file(dir.join(below))?;
            }
        }
        Ok(())
    }
}

impl Edit {
    /// Writes the file and keeps its time, so that nothing is compiled again because of it.
    fn apply(&self, version: &Version) -> io::Result<()> {
        let time = fs::metadata(&self.path)?.modified()?;
        replace_file(&self.path, &replaced(&self.content, version))?;
        let file = fs::File::options().write(true).open(&self.path)?;
        file.set_modified(time)
    }
}
