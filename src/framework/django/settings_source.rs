//! Which settings a build uses, and who chose them.

use crate::config::Origin;
use std::path::PathBuf;

/// Who chose the settings of the build.
#[derive(Debug)]
pub(crate) enum SettingsSource {
    App,
    Variable(Origin),
    Server(ServerSettings),
}

/// The settings that the app's server loads, and those of `manage.py`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerSettings {
    pub(crate) module: String,
    /// `config/wsgi.py`, or the Procfile.
    pub(crate) file: PathBuf,
    pub(crate) manage_py: String,
    /// Whether the server loads them whatever the environment says.
    pub(crate) is_fixed: bool,
}
