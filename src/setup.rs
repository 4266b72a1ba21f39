//! What every door does first: settings, secrets and warnings, before any work.

use crate::config::{self, Config, Phase, Platform, Sources, env_vars};
use crate::env::{ChildEnv, Env, own_program};
use crate::log::Log;
use crate::message::{Explain, Message};
use crate::messages::config_message;
use crate::publish::PublishError;
use fs_err as fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

/// The settings of one run, and the environment of its child processes.
pub(crate) struct Setup {
    pub(crate) config: Config,
    pub(crate) children: ChildEnv,
}

impl Setup {
    /// From here on the log shows no secret, also where it is an error.
    pub(crate) fn read(
        env: &Env,
        platform: Platform,
        app: &Path,
        phase: &Phase,
        log: &mut Log,
    ) -> Result<Self, Message> {
        let sources =
            Sources::read(env, platform, app).map_err(|problems| config_message(&problems))?;
        let secrets = sources.secrets();
        log.redact(secrets.in_log());
        let config = Config::read(&sources, phase);
        for warning in config::warnings(&sources) {
            log.warning(&warning.text());
        }
        Ok(Self {
            config: config.map_err(|problems| config_message(&problems))?,
            children: env.for_children(&env_vars::secrets(), secrets.all()),
        })
    }
}

/// The folder in an image that holds what its release phase uploads, beside that of this program: `publisher/bin`.
pub(crate) const PREPARED: &str = "prepared";
/// This program, as users call it.
pub(crate) const PROGRAM: &str = "static-assets";

/// Puts this program into an image.
pub(crate) fn install_program(place: &Path) -> io::Result<()> {
    let own = own_program().ok_or_else(|| io::Error::other("this program does not find itself"))?;
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(own, place)?;
    fs::set_permissions(place, PermissionsExt::from_mode(0o755))
}

/// Of the first line of every log.
pub(crate) fn title() -> String {
    format!("Static assets {}", env!("CARGO_PKG_VERSION"))
}

/// Removes itself at the end, also when a build fails.
pub(crate) fn scratch() -> Result<TempDir, Message> {
    tempfile::Builder::new()
        .prefix("static-assets-")
        .tempdir()
        .map_err(|error| PublishError::Install(error).explain())
}
