//! The core: every door calls [`publish`].

mod public_check;
mod story;

use crate::app::App;
use crate::check::CheckError;
use crate::config::{CheckMode, Config, Keep, Local, Publishing};
use crate::framework::{CompileError, Compiled, DetectError, Draft, Framework, Run};
use crate::interrupt::Interrupt;
use crate::launch::Launch;
use crate::manifest::{ScanRules, Scanned};
use crate::output::Log;
use crate::paths::lies_in;
use crate::plan::{Change, Summary};
use crate::prefix::{Site, StoreUrl};
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

#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) intent: Intent,
    pub(crate) framework: &'static str,
    pub(crate) release: Arc<Release>,
    pub(crate) summary: Summary,
    pub(crate) launch: Launch,
}

#[derive(Debug)]
pub(crate) enum PublishError {
    Detect(DetectError),
    NoFramework,
    Compile(CompileError),
    Release(ReleaseError),
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
    Check(CheckError),
}

impl From<DetectError> for PublishError {
    fn from(error: DetectError) -> Self {
        Self::Detect(error)
    }
}

impl From<CompileError> for PublishError {
    fn from(error: CompileError) -> Self {
        Self::Compile(error)
    }
}

impl From<CheckError> for PublishError {
    fn from(error: CheckError) -> Self {
        Self::Check(error)
    }
}

impl From<ReleaseError> for PublishError {
    fn from(error: ReleaseError) -> Self {
        Self::Release(error)
    }
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
    let (site, access) = match &config.publishing {
        Publishing::Off(off) => {
            story::off(off, log);
            return Ok(Outcome::Nothing);
        }
        Publishing::Local(local) => return compile_only(app, config, local, interrupt, log),
        Publishing::To(site, access) => (site, access),
    };
    let framework = Framework::choose(&app.dir, config)?.ok_or(PublishError::NoFramework)?;
    let failed = |error| PublishError::Store {
        error,
        asked: story::asked(site, access),
    };
    let store = Store::open(site, access).map_err(failed)?;

    let start = SystemTime::now();
    let draft = draft(config, site);
    let Some(mut compiled) =
        framework.compile(app, config, Some(&draft), &mut Run { interrupt, log })?
    else {
        return Ok(Outcome::Nothing);
    };
    if let StoreUrl::File { root } = &site.store
        && compiled
            .assets
            .roots
            .iter()
            .any(|assets| lies_in(root, &assets.folder))
    {
        return Err(PublishError::StoreInside(root.clone()));
    }
    let (release, scanned) = release_of(&compiled, site, config, app)?;
    story::version(&release, config, log);
    story::left_out(&scanned, log);

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
    if interrupt.is_raised() {
        return Err(failed(StoreError::Interrupted));
    }
    let release = Arc::new(release);
    let summary = match intent {
        Intent::Publish => {
            let summary = upload(&store, &release, config, interrupt, log).map_err(failed)?;
            story::published(&summary, (site, access), log);
            if !summary.unchanged {
                compare(&store, &release, app, log);
            }
            let is_asked_for = config.check.is_some_and(|mode| mode != CheckMode::Off);
            if !summary.unchanged || is_asked_for {
                let mode = config.check.unwrap_or_default();
                public_check::run(mode, &release, (site, access), interrupt, log)?;
            } else {
                story::unchecked(&release, log);
            }
            story::pages(&compiled, &release, app, config, log);
            summary
        }
        Intent::Rehearse => {
            let summary = store.rehearse(&release, interrupt).map_err(failed)?;
            story::rehearsed(&summary, &release, (site, access), log);
            summary
        }
    };
    if intent == Intent::Publish {
        compiled
            .inject(&mut launch, &release)
            .map_err(PublishError::Install)?;
        if config.keep == Keep::Manifests {
            compiled.trim(&release).map_err(PublishError::Install)?;
        }
    }
    Ok(Outcome::Done(Box::new(Done {
        intent,
        framework: framework.name(),
        release,
        summary,
        launch,
    })))
}

fn release_of(
    compiled: &Compiled,
    site: &Site,
    config: &Config,
    app: &App,
) -> Result<(Release, Scanned), ReleaseError> {
    let naming = Naming {
        site,
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
    interrupt: &Interrupt,
    log: &mut Log,
) -> Result<Summary, StoreError> {
    let label = RunLabel {
        group: config.group.clone(),
        commit: config.label.clone(),
    };
    let mut last = Duration::ZERO;
    let mut tick = |progress: Progress| {
        if progress.of_files > 0 && progress.elapsed >= last + TICK {
            last = progress.elapsed;
            log.detail(&story::progress(progress));
        }
    };
    store.publish(release, &label, interrupt, &mut tick)
}

/// Nothing is published or pinned: the app serves its own files.
fn compile_only(
    app: &App,
    config: &Config,
    local: &Local,
    interrupt: &Interrupt,
    log: &mut Log,
) -> Result<Outcome, PublishError> {
    let framework = Framework::choose(&app.dir, config)?.ok_or(PublishError::NoFramework)?;
    let compiled = framework.compile(app, config, None, &mut Run { interrupt, log })?;
    if let Some(compiled) = compiled {
        compiled
            .install(app, Keep::All, None)
            .map_err(PublishError::Install)?;
    }
    story::local(local, log);
    Ok(Outcome::Nothing)
}

fn draft(config: &Config, site: &Site) -> Draft {
    let version = match &config.version {
        Some(given) => given.value.clone(),
        None => Version::placeholder(),
    };
    Draft {
        prefix: site.prefix(&version),
        version,
    }
}
