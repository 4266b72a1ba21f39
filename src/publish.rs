//! The core: every door calls [`publish`].

mod public_check;
mod story;

use crate::app::App;
use crate::check::CheckError;
use crate::config::{Access, CheckMode, Config, Keep, Local, Off, Publishing};
use crate::framework::{CompileError, CompileTarget, Compiled, DetectError, Framework, Run};
use crate::fs::lies_in;
use crate::interrupt::Interrupt;
use crate::launch::Launch;
use crate::log::Log;
use crate::manifest::{ScanRules, Scanned};
use crate::plan::{Change, Summary};
use crate::prefix::{PublicUrl, Site, StoreUrl};
use crate::release::deferred::{Deferred, DeferredError, SaveError};
use crate::release::{Naming, Release, ReleaseError};
use crate::store::{Progress, RunLabel, Store, StoreError};
use crate::version::Version;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Between two lines of progress.
const TICK: Duration = Duration::from_secs(1);

/// Whether the store is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    Publish,
    /// Shows what would be put; changes neither the store nor the app.
    Rehearse,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    /// There was nothing to do; the log says why.
    Nothing,
    Done(Box<Done>),
}

impl Outcome {
    /// Whether the release phase is left to upload.
    pub(crate) fn is_kept(&self) -> bool {
        matches!(self, Self::Done(done) if done.is_kept())
    }
}

#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) framework: String,
    pub(crate) release: Arc<Release>,
    pub(crate) launch: Launch,
    pub(crate) upload: Upload,
}

impl Done {
    pub(crate) fn is_kept(&self) -> bool {
        matches!(self.upload, Upload::Deferred)
    }
}

/// What became of the files.
#[derive(Debug)]
pub(crate) enum Upload {
    Published(Summary),
    /// What would be put.
    Rehearsed(Summary),
    /// Kept for the release phase.
    Deferred,
}

#[derive(Debug, derive_more::From)]
pub(crate) enum PublishError {
    #[from]
    Detect(DetectError),
    NoFramework,
    #[from]
    Compile(CompileError),
    #[from]
    Release(ReleaseError),
    /// There is nowhere to publish to.
    NoStore,
    /// The store lies in the folder that is published.
    StoreInside(PathBuf),
    /// The placeholder was left in a file of the image.
    Leftover(PathBuf),
    Install(io::Error),
    Store {
        error: StoreError,
        /// Who was asked, with which key.
        asked: String,
    },
    #[from]
    Check(CheckError),
    #[from]
    Prepared(DeferredError),
    /// Where the files would be kept, something else lies.
    Occupied(PathBuf),
}

impl From<SaveError> for PublishError {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Occupied(folder) => Self::Occupied(folder),
            SaveError::Io(error) => Self::Install(error),
        }
    }
}

/// Where the files go, and where browsers will find them.
struct Target<'a> {
    public: &'a PublicUrl,
    store: Option<&'a StoreUrl>,
    upload: When<'a>,
}

enum When<'a> {
    Now(Destination<'a>),
    Later,
}

/// A store that is open.
struct Destination<'a> {
    store: Store,
    site: &'a Site,
    access: &'a Access,
    config: &'a Config,
}

/// What is there once the app was compiled.
struct Made {
    framework: &'static str,
    compiled: Compiled,
    release: Arc<Release>,
    launch: Launch,
}

/// Recognises the app, compiles its assets, publishes them under their own version, and gives what
/// the running app must find.
pub(crate) fn publish(
    app: &App,
    config: &Config,
    intent: Intent,
    interrupt: &Interrupt,
    log: &mut Log,
) -> Result<Outcome, PublishError> {
    let run = &mut Run { interrupt, log };
    let target = match &config.publishing {
        Publishing::Off(off) => {
            story::off(off, run.log);
            return Ok(Outcome::Nothing);
        }
        Publishing::Local(local) => return compile_only(app, config, local, run),
        Publishing::To(site, access) => Target {
            public: &site.public,
            store: Some(&site.store),
            // One that can't be opened is known before minutes of compiling.
            upload: When::Now(Destination::open(site, access, config)?),
        },
        Publishing::Later(later) => Target {
            public: &later.public,
            store: later.store.as_ref(),
            upload: When::Later,
        },
    };
    let Some(mut made) = make(app, config, &target, intent, run)? else {
        return Ok(Outcome::Nothing);
    };
    let upload = match &target.upload {
        When::Now(destination) => destination.take(&made.release, intent, Some(app), run)?,
        When::Later if intent == Intent::Publish => {
            made.release
                .save_for_release_phase(&app.prepared, target.public, made.framework)?;
            story::kept(&made.release, run.log);
            Upload::Deferred
        }
        When::Later => {
            story::would_keep(&made.release, run.log);
            Upload::Deferred
        }
    };
    if intent == Intent::Publish {
        story::pages(&made.compiled, &made.release, app, config, run.log);
        made.compiled
            .inject(&mut made.launch, &made.release)
            .map_err(PublishError::Install)?;
        if config.keep == Keep::Manifests {
            made.compiled
                .trim(&made.release)
                .map_err(PublishError::Install)?;
        }
    }
    Ok(Outcome::Done(Box::new(Done {
        framework: made.framework.to_owned(),
        release: made.release,
        launch: made.launch,
        upload,
    })))
}

/// The release phase: uploads what a build has kept, with the whole protocol on each attempt. What is switched off
/// needs nothing to be there.
pub(crate) fn publish_kept(
    kept: Result<Deferred, DeferredError>,
    config: &Config,
    intent: Intent,
    interrupt: &Interrupt,
    log: &mut Log,
) -> Result<Outcome, PublishError> {
    let switch = match &config.publishing {
        Publishing::Off(Off::Disabled(setting)) => Some(("STATIC_ASSETS_DISABLE", setting)),
        Publishing::Local(Local::PublishOff(setting)) => {
            Some(("STATIC_ASSETS_PUBLISH=off", setting))
        }
        _ => None,
    };
    if let Some(switch) = switch {
        story::not_released(switch, kept.ok(), log);
        return Ok(Outcome::Nothing);
    }
    let Deferred::Release(prepared) = kept? else {
        story::nothing_kept(log);
        return Ok(Outcome::Nothing);
    };
    let Publishing::To(site, access) = &config.publishing else {
        return Err(PublishError::NoStore);
    };
    let destination = Destination::open(site, access, config)?;
    let framework = prepared.framework.clone();
    let release = Arc::new(prepared.release(&site.public, &site.store, &config.rules)?);
    story::prepared(&release, config, log);
    let run = &mut Run { interrupt, log };
    let upload = destination.take(&release, intent, None, run)?;
    Ok(Outcome::Done(Box::new(Done {
        launch: Launch::pin(&release),
        framework,
        release,
        upload,
    })))
}

/// From the app's sources to a version and what the running app must find.
fn make(
    app: &App,
    config: &Config,
    target: &Target<'_>,
    intent: Intent,
    run: &mut Run<'_>,
) -> Result<Option<Made>, PublishError> {
    let framework = Framework::choose(&app.dir, config)?.ok_or(PublishError::NoFramework)?;
    let start = SystemTime::now();
    let compile_target = compile_target(config, target.public);
    let Some(compiled) = framework.compile(app, config, Some(&compile_target), run)? else {
        return Ok(None);
    };
    if let Some(StoreUrl::File { root }) = target.store
        && compiled
            .assets
            .roots
            .iter()
            .any(|assets| lies_in(root, &assets.folder))
    {
        return Err(PublishError::StoreInside(root.clone()));
    }
    let (release, scanned) = release_of(&compiled, target, config, app)?;
    story::version(&release, config, run.log);
    story::left_out(&scanned, run.log);

    if intent == Intent::Publish && framework.installs() {
        let installed = compiled
            .install(app, config.keep, Some(&release))
            .map_err(PublishError::Install)?;
        if let Some(leftover) = app
            .leftover_placeholder(start, &installed)
            .map_err(PublishError::Install)?
        {
            return Err(PublishError::Leftover(leftover));
        }
    }
    let mut launch = compiled
        .launch(app, &release)
        .map_err(PublishError::Install)?;
    if config.version.is_some() || compiled.needs_release_version() {
        launch = launch.with_release_version(&release);
    }
    Ok(Some(Made {
        framework: framework.name(),
        compiled,
        release: Arc::new(release),
        launch,
    }))
}

impl<'a> Destination<'a> {
    fn open(site: &'a Site, access: &'a Access, config: &'a Config) -> Result<Self, PublishError> {
        match Store::open(site, access) {
            Ok(store) => Ok(Self {
                store,
                site,
                access,
                config,
            }),
            Err(error) => Err(PublishError::Store {
                error,
                asked: story::asked(site, access),
            }),
        }
    }

    /// Uploads a release, or shows what would be put; compared with the version before, where an app is given.
    fn take(
        &self,
        release: &Arc<Release>,
        intent: Intent,
        app: Option<&App>,
        run: &mut Run<'_>,
    ) -> Result<Upload, PublishError> {
        let Self {
            store,
            site,
            access,
            config,
        } = self;
        let failed = |error| PublishError::Store {
            error,
            asked: story::asked(site, access),
        };
        if run.interrupt.is_raised() {
            return Err(failed(StoreError::Interrupted));
        }
        if intent == Intent::Rehearse {
            let summary = store.dry_run(release, run.interrupt).map_err(failed)?;
            story::rehearsed(&summary, release, (site, access), run.log);
            return Ok(Upload::Rehearsed(summary));
        }
        let summary = upload(store, release, config, run).map_err(failed)?;
        story::published(&summary, (site, access), run.log);
        if !summary.unchanged
            && let Some(app) = app
        {
            compare(store, release, app, run.log);
        }
        let is_asked_for = config.check.is_some_and(|mode| mode != CheckMode::Off);
        // A build that ended with a failed check is remembered by nobody.
        let previous = app.and_then(|app| app.previous.as_ref());
        let was_checked = summary.unchanged && previous == Some(&release.version);
        if !was_checked || is_asked_for {
            let mode = config.check.unwrap_or_default();
            public_check::run(mode, release, (site, access), run.interrupt, run.log)?;
        } else {
            story::unchecked(release, run.log);
        }
        Ok(Upload::Published(summary))
    }
}

fn release_of(
    compiled: &Compiled,
    target: &Target<'_>,
    config: &Config,
    app: &App,
) -> Result<(Release, Scanned), ReleaseError> {
    let naming = Naming {
        public: target.public,
        store: target.store,
        given: config.version.as_ref(),
        salt: config.salt.as_deref(),
    };
    let rules = ScanRules {
        by_products: compiled.by_products.clone(),
        unpublished: compiled.unpublished.clone(),
        ..config.rules.clone()
    };
    Release::of(&compiled.assets, &rules, &naming, &app.scratch)
}

/// Tells what the version changes. Costs one request, and where it gets no answer, nothing is told: the
/// version is published.
fn compare(store: &Store, release: &Release, app: &App, log: &mut Log) {
    let previous = app.previous.as_ref();
    let other = previous.filter(|previous| **previous != release.version);
    if let Some(marker) = other.and_then(|previous| store.marker(previous)) {
        story::change(&Change::between(&marker, release), release, log);
    }
}

/// The network half.
fn upload(
    store: &Store,
    release: &Arc<Release>,
    config: &Config,
    run: &mut Run<'_>,
) -> Result<Summary, StoreError> {
    let label = RunLabel {
        group: config.group.clone(),
        commit: config.label.clone(),
    };
    let mut last = Duration::ZERO;
    let mut tick = |progress: Progress| {
        if progress.of_files > 0 && progress.elapsed >= last + TICK {
            last = progress.elapsed;
            run.log.detail(&story::progress(progress));
        }
    };
    store.publish(release, &label, run.interrupt, &mut tick)
}

/// Nothing is published or pinned: the app serves its own files.
fn compile_only(
    app: &App,
    config: &Config,
    local: &Local,
    run: &mut Run<'_>,
) -> Result<Outcome, PublishError> {
    let framework = Framework::choose(&app.dir, config)?.ok_or(PublishError::NoFramework)?;
    let compiled = framework.compile(app, config, None, run)?;
    if let Some(compiled) = compiled {
        compiled
            .install(app, Keep::All, None)
            .map_err(PublishError::Install)?;
    }
    story::local(local, run.log);
    Ok(Outcome::Nothing)
}

fn compile_target(config: &Config, public: &PublicUrl) -> CompileTarget {
    let version = match &config.version {
        Some(given) => given.value.clone(),
        None => Version::placeholder(),
    };
    CompileTarget {
        prefix: public.prefix(&version),
        version,
    }
}
