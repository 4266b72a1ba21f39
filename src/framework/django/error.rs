//! Why a Django app can't be compiled. The texts are in `messages/`.

use super::settings_source::ServerSettings;
use super::stand_in::StandIn;
use crate::command::{CommandError, Finished};
use crate::framework::NotFollowing;
use std::io;
use std::path::PathBuf;

#[derive(Debug, derive_more::From)]
pub(crate) enum DjangoError {
    /// The value of `PATH`.
    #[from(ignore)]
    NoPython(String),
    /// The Python that can't import Django.
    #[from(ignore)]
    NoDjango(PathBuf),
    /// The app's own code, or Django, failed.
    Failed(Box<DjangoFailure>),
    /// A user's command failed: its setting, its line, and how it ended. With status 0, it started no collectstatic that
    /// the runner could see.
    #[from(ignore)]
    Command(&'static str, String, Finished),
    /// `manage.py` uses these settings whatever the environment says, and the server uses others.
    #[from(ignore)]
    OtherSettings(PathBuf, Box<ServerSettings>),
    /// Python could not read files that name settings. This is its output.
    #[from(ignore)]
    SettingsNotRead(String),
    /// A template or module asks for a file that `STATIC_ROOT` had before this build, and that no finder collects.
    #[from(ignore)]
    Vanished {
        place: String,
        name: String,
        root: PathBuf,
    },
    NotFollowing(Box<NotFollowing<DjangoLinkProblem>>),
    Start(CommandError),
    Report(serde_json::Error),
    Io(io::Error),
}

#[derive(Debug)]
pub(crate) struct DjangoFailure {
    pub(crate) command: String,
    pub(crate) status: Option<i32>,
    pub(crate) reason: DjangoFailureReason,
    pub(crate) message: String,
    pub(crate) settings: Option<String>,
    /// The settings modules beside that one, those of production first.
    pub(crate) other_settings: Vec<String>,
    /// What `STATIC_ASSETS_BUILD_ENV` holds already.
    pub(crate) build_env: Vec<(String, String)>,
    /// `path:line` of the app.
    pub(crate) place: Option<String>,
    /// The end of what the command printed.
    pub(crate) output: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DjangoFailureReason {
    /// All that the settings ask for, the first one first.
    MissingVariables(Vec<StandIn>),
    MissingModule(String),
    /// `DJANGO_SETTINGS_MODULE` names a module that does not exist.
    NoSuchSettings(String),
    /// Django knows no collectstatic, because `django.contrib.staticfiles` is not installed.
    UnknownCommand,
    /// A stylesheet or module refers to a file that does not exist.
    MissingReference,
    BadSettings,
    SettingsNotConfigured,
    Permission,
    Compress,
    SyntaxError,
    /// The class of another exception.
    Other(String),
    /// The class of an exception after collectstatic had ended well.
    Observing(String),
    /// The process ended before the runner could report.
    Died,
}

/// Why no page would link to the version.
#[derive(Clone, Debug)]
pub(crate) enum DjangoLinkProblem {
    /// `STATIC_ASSETS_INJECT=off` forbids the hook.
    InjectOff,
    /// The command line installs no hook.
    InjectNowhere,
    /// The hook does nothing in an app with DEBUG.
    Debug {
        settings: Option<String>,
        beside: Vec<String>,
        /// The variable that decides on `DEBUG`.
        variable: Option<String>,
    },
    /// Even with the hook, `static(name)` gives another URL.
    Emits {
        name: String,
        url: String,
        storage: String,
    },
    StaticFails {
        error: String,
        storage: String,
    },
    /// Python does not load the hook. This is the output of the start.
    Unreachable(String),
    /// The platform deploys only a part of this machine, without Python's packages.
    PackagesNotDeployed(PathBuf),
    PackagesNotWritable {
        packages: PathBuf,
        error: String,
    },
    /// Python could not tell where its packages are. This is its output.
    PackagesUnknown(String),
    /// django-compressor would write files at run time, for this template, that are not in the store.
    CompressesAtRunTime(PathBuf),
}
