//! The core: every front end reads the settings with [`Setup`] and calls [`publish`].

mod event;
mod public_check;
mod setup;
mod upload;

use crate::check::CheckError;
use crate::config::{Config, ConfigProblem, Mode, TextForm, Unpublished};
use crate::context::{BuildContext, DryRun};
use crate::framework::{CompileError, Compiled, DetectError, Detected, InstallError};
use crate::interrupt::Interrupt;
use crate::launch::Launch;
use crate::log::Log;
use crate::manifest::ScanRules;
use crate::prefix::StoreUrl;
use crate::release::deferred::{Deferred, DeferredError, SaveError};
use crate::release::{Naming, Release, ReleaseError};
use crate::store::StoreError;
pub(crate) use event::PublishEvent;
pub(crate) use setup::{Setup, find_own_region, judge_config, read_config, scratch_dir, warn};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
pub(crate) use upload::Uploaded;
use upload::Uploader;

/// What a run published, or would have published in a dry run.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) framework: String,
    pub(crate) release: Arc<Release>,
    pub(crate) launch: Launch,
    /// `None` if the release phase uploads.
    pub(crate) uploaded: Option<Uploaded>,
    /// The commit, in the words of the platform.
    pub(crate) commit: Option<String>,
    /// `None` if only the release phase knows it.
    pub(crate) store: Option<StoreUrl>,
}

impl Published {
    pub(crate) fn is_deferred(&self) -> bool {
        self.uploaded.is_none()
    }

    /// What a platform can read of a build: the labels of an image, and the report of the classic buildpack.
    pub(crate) fn report(&self) -> Vec<(&'static str, String)> {
        let (release, store) = (&self.release, self.store.as_ref());
        let facts = [
            ("version", Some(release.version.to_string())),
            ("url", Some(release.prefix.url().to_owned())),
            ("digest", Some(release.digest.to_string())),
            ("framework", Some(self.framework.clone())),
            ("commit", self.commit.clone()),
            ("files", Some(release.manifest.assets().len().to_string())),
            ("bytes", Some(release.manifest.bytes().to_string())),
            ("store", store.map(ToString::to_string)),
        ];
        let known = facts
            .into_iter()
            .filter_map(|(name, fact)| Some((name, fact?)));
        known.collect()
    }
}

#[derive(Debug, derive_more::From)]
pub(crate) enum PublishError {
    Config(Vec<ConfigProblem>),
    Detect(DetectError),
    NoFramework,
    Compile(CompileError),
    Release(ReleaseError),
    NoStore,
    /// The store lies in the directory that is published.
    #[from(skip)]
    StoreInside(PathBuf),
    Install(InstallError),
    /// No temporary directory could be made.
    #[from(skip)]
    Scratch(io::Error),
    Save(SaveError),
    /// Also holds the store, and the key that the request was signed with.
    #[from(skip)]
    Store(StoreError, String),
    Check(CheckError),
    Deferred(DeferredError),
}

/// Compiles the app's assets, publishes them under a version of their own and returns what the running app finds.
/// `None` if there is nothing to publish; the log says why.
pub(crate) fn publish(
    ctx: &BuildContext<'_>,
    app: Detected,
) -> Result<Option<Published>, PublishError> {
    warn(&ctx.config.warnings, ctx.log);
    match &ctx.config.mode {
        Mode::Off(why) => {
            ctx.log.event(&PublishEvent::Off(why));
            return Ok(None);
        }
        Mode::CompileOnly(why) => return compile_only(ctx, app, why),
        Mode::Upload(_) | Mode::Defer(_) => {}
    }
    // A store that can't be opened is known before minutes of compiling.
    let uploader = Uploader::open(ctx)?;
    let app = app?.ok_or(PublishError::NoFramework)?;
    let Some(compiled) = app.compile(ctx)? else {
        return Ok(None);
    };
    let release = make_release(&compiled, ctx)?;
    compiled.install_files(ctx, Some(&release))?;
    let launch = compiled.launch(ctx, &release).map_err(InstallError::Io)?;
    let upload = if let Some(uploader) = &uploader {
        Some(uploader.upload_and_check(&release)?)
    } else {
        save_for_release_phase(&release, app.name(), ctx)?;
        None
    };
    install_links(&compiled, &release, ctx)?;
    Ok(Some(Published {
        framework: app.name().to_owned(),
        launch,
        release,
        uploaded: upload,
        commit: ctx.config.label.clone(),
        store: ctx.config.mode.store().cloned(),
    }))
}

/// Compiles the assets for an app that serves them itself.
fn compile_only(
    ctx: &BuildContext<'_>,
    app: Detected,
    why: &Unpublished,
) -> Result<Option<Published>, PublishError> {
    let app = app?.ok_or(PublishError::NoFramework)?;
    if let Some(compiled) = app.compile(ctx)? {
        compiled.install_files(ctx, None)?;
    }
    ctx.log.event(&PublishEvent::CompileOnly(why));
    Ok(None)
}

/// Uploads in the release phase what the build saved in the image, with the whole protocol on each attempt. If
/// publishing is switched off, the image need not hold anything.
pub(crate) fn publish_deferred(
    deferred: Result<Deferred, DeferredError>,
    config: &Config,
    dry_run: DryRun,
    interrupt: &Interrupt,
    log: &Log,
) -> Result<Option<Published>, PublishError> {
    use Unpublished::{Disabled, PublishOff};
    warn(&config.warnings, log);
    if let Mode::Off(why @ Disabled(_)) | Mode::CompileOnly(why @ PublishOff(_)) = &config.mode {
        log.event(&PublishEvent::NotUploaded(why, deferred.ok()));
        return Ok(None);
    }
    let Deferred::Release(saved) = deferred? else {
        log.event(&PublishEvent::NothingDeferred);
        return Ok(None);
    };
    let Mode::Upload(destination) = &config.mode else {
        return Err(PublishError::NoStore);
    };
    let uploader = Uploader::new(destination, config, dry_run, interrupt, log)?;
    let framework = saved.framework.clone();
    let site = &destination.site;
    let release = Arc::new(saved.release(&site.public, &site.store, &config.rules, interrupt)?);
    log.event(&PublishEvent::Deferred(&release, config));
    let upload = uploader.upload_and_check(&release)?;
    Ok(Some(Published {
        launch: Launch::pin(&release),
        framework,
        release,
        uploaded: Some(upload),
        commit: config.label.clone(),
        store: Some(site.store.clone()),
    }))
}

/// Scans what was compiled, applies the safety rules and names the version.
fn make_release(compiled: &Compiled, ctx: &BuildContext<'_>) -> Result<Arc<Release>, PublishError> {
    let config = &ctx.config;
    if let Some(StoreUrl::File(root)) = config.mode.store()
        && compiled.assets.contain_dir(root)
    {
        return Err(PublishError::StoreInside(root.clone()));
    }
    let naming = Naming {
        public: config.mode.public_url().ok_or(PublishError::NoStore)?,
        store: config.mode.store(),
        given: config.version.as_ref(),
        salt: config.salt.as_deref(),
        text_form: &config.text_form,
    };
    let rules = ScanRules {
        by_products: compiled.by_products.clone(),
        unpublished: compiled.unpublished.clone(),
        ..config.rules.clone()
    };
    let made = Release::of(
        &compiled.assets,
        &rules,
        &naming,
        &ctx.scratch,
        ctx.interrupt,
    );
    let (release, scanned) = made?;
    ctx.log.event(&PublishEvent::Version(&release, config));
    ctx.log.event(&PublishEvent::LeftOut(&scanned));
    if let TextForm::Gzip(why) = &config.text_form {
        let saving = scanned.manifest.saving();
        ctx.log.event(&PublishEvent::Compressed(saving, why));
    }
    Ok(Arc::new(release))
}

fn save_for_release_phase(
    release: &Release,
    framework: &str,
    ctx: &BuildContext<'_>,
) -> Result<(), PublishError> {
    if ctx.dry_run == DryRun::No {
        let public = ctx.config.mode.public_url().ok_or(PublishError::NoStore)?;
        let (dir, salt) = (&ctx.image.deferred_dir, ctx.config.salt.as_deref());
        release.save_for_release_phase(dir, public, framework, salt)?;
    }
    ctx.log.event(&PublishEvent::Saved(release, ctx));
    Ok(())
}

/// Logs how pages link to the release, and installs what they need. A dry run does neither.
fn install_links(
    compiled: &Compiled,
    release: &Release,
    ctx: &BuildContext<'_>,
) -> Result<(), InstallError> {
    if ctx.dry_run == DryRun::No {
        ctx.log.event(&PublishEvent::Links(compiled, release, ctx));
        compiled.install_links(ctx, release)?;
    }
    Ok(())
}
