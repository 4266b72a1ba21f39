//! Why a Django app can't be compiled. The texts are in `messages/`.

use crate::command::CommandError;
use crate::framework::NotFollowing;
use std::io;
use std::path::PathBuf;

#[derive(Debug, derive_more::From)]
pub(crate) enum DjangoError {
    NoPython {
        path: String,
    },
    NoDjango {
        python: PathBuf,
    },
    /// The app's own code, or Django, failed.
    #[from]
    Failed(Box<DjangoFailure>),
    /// A user's command failed.
    Command {
        setting: &'static str,
        line: String,
        status: Option<i32>,
        output: String,
    },
    /// The user's command in place of collectstatic started no collectstatic that the runner could see.
    NothingCollected {
        line: String,
        output: String,
    },
    #[from]
    NotFollowing(Box<NotFollowing<DjangoLinkProblem>>),
    #[from]
    Start(CommandError),
    #[from]
    Report(serde_json::Error),
    #[from]
    Io(io::Error),
}

#[derive(Debug)]
pub(crate) struct DjangoFailure {
    pub(crate) command: String,
    pub(crate) status: Option<i32>,
    pub(crate) reason: DjangoFailureReason,
    /// `path:line` of the app.
    pub(crate) place: Option<String>,
    /// The end of what the command printed.
    pub(crate) output: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DjangoFailureReason {
    MissingVariable {
        name: String,
    },
    MissingModule {
        name: String,
        settings: Option<String>,
    },
    /// `DJANGO_SETTINGS_MODULE` names a module that does not exist.
    NoSuchSettings {
        module: String,
        beside: Vec<String>,
    },
    /// Django knows no collectstatic, because `django.contrib.staticfiles` is not installed.
    UnknownCommand {
        settings: Option<String>,
    },
    /// A stylesheet or module refers to a file that does not exist.
    MissingReference {
        message: String,
    },
    BadSettings {
        message: String,
    },
    SettingsNotConfigured,
    Permission {
        message: String,
    },
    Compress {
        message: String,
    },
    SyntaxError {
        message: String,
    },
    Other {
        kind: String,
        message: String,
    },
    /// The process ended before the runner could report.
    Died,
}

/// Why no page would link to the version.
#[derive(Debug)]
pub(crate) enum DjangoLinkProblem {
    /// The settings ignore `STATIC_URL`, and `STATIC_ASSETS_INJECT` is `off`.
    InjectOff,
    /// The settings ignore `STATIC_URL`, and the command line changes no app.
    InjectNowhere,
    /// The hook does nothing in an app with DEBUG.
    Debug {
        settings: Option<String>,
        beside: Vec<String>,
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
    /// Python does not load the hook.
    Unreachable {
        output: String,
    },
    NoHookDir(HookDirProblem),
    /// django-compressor would write files at run time that are not in the store.
    CompressesAtRunTime {
        template: PathBuf,
    },
}

/// Why no directory can take the hook for Python to load.
#[derive(Clone, Debug)]
pub(crate) enum HookDirProblem {
    /// The platform deploys only a part of this machine, without Python's packages.
    NotDeployed {
        packages: PathBuf,
    },
    NotWritable {
        packages: PathBuf,
        error: String,
    },
    /// Python could not tell where its packages are.
    Unknown {
        output: String,
    },
}
