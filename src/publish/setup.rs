//! What a build does first: it recognises the app, hides the secrets and judges the settings. A release phase does only
//! the last two.

use super::{PublishError, PublishEvent};
use crate::config::{Config, ConfigWarning, Destination, FrameworkSettings, Mode, Phase, Sources};
use crate::env::ChildEnv;
use crate::framework::{Detected, Framework};
use crate::interrupt::Interrupt;
use crate::log::Log;
use crate::store::Store;
use std::path::Path;
use tempfile::TempDir;

/// What a front end reads before a build.
pub(crate) struct Setup {
    pub(crate) config: Config,
    /// The environment of child processes.
    pub(crate) children: ChildEnv,
    pub(crate) app: Detected,
}

impl Setup {
    /// Judges the settings for a build of the app in `dir`. The log shows no secret from here on, not even if the
    /// settings are wrong.
    pub(crate) fn read(
        sources: &Sources<'_>,
        dir: &Path,
        phase: impl FnOnce(&Detected) -> Phase,
        log: &Log,
    ) -> Result<Self, PublishError> {
        let app = Framework::detect(dir, &FrameworkSettings::read(sources));
        Ok(Self {
            config: read_config(sources, &phase(&app), log)?,
            children: sources.child_env(),
            app,
        })
    }
}

/// Judges the settings, and asks the store for what only it knows of them.
pub(crate) fn read_config(
    sources: &Sources<'_>,
    phase: &Phase,
    log: &Log,
) -> Result<Config, PublishError> {
    let mut config = judge_config(sources, phase, log)?;
    find_own_region(&mut config).inspect_err(|_| warn(&sources.warnings(), log))?;
    Ok(config)
}

/// Judges the settings, and hides the secrets from the log first.
pub(crate) fn judge_config(
    sources: &Sources<'_>,
    phase: &Phase,
    log: &Log,
) -> Result<Config, PublishError> {
    let secrets = sources.secrets();
    log.redact(secrets.in_log(), secrets.in_data());
    Config::read(sources, phase).map_err(|problems| {
        warn(&sources.warnings(), log);
        problems.into()
    })
}

/// Asks the store for the region of its bucket if pages are to link to a URL that names it.
pub(crate) fn find_own_region(config: &mut Config) -> Result<(), PublishError> {
    let Mode::Upload(guess) = &config.mode else {
        return Ok(());
    };
    if !guess.guesses_public_url() {
        return Ok(());
    }
    let failed = |error, asked: &Destination| PublishError::Store(error, asked.to_string());
    let store = Store::open(&guess.site.store, &guess.access);
    let store = store.map_err(|error| failed(error, guess))?;
    let region = store.find_region(&Interrupt::listen());
    let region =
        region.map_err(|error| failed(error, &guess.in_region(store.found_region().as_ref())))?;
    // The upload stays there, as the URL says.
    config.mode = Mode::Upload(guess.in_region(region.as_ref()));
    Ok(())
}

pub(crate) fn warn(warnings: &[ConfigWarning], log: &Log) {
    for warning in warnings {
        log.event(&PublishEvent::Warning(warning));
    }
}

/// Makes a directory that removes itself at the end, also if the build fails.
pub(crate) fn scratch_dir() -> Result<TempDir, PublishError> {
    let dir = tempfile::Builder::new().prefix("static-assets-").tempdir();
    dir.map_err(PublishError::Scratch)
}
