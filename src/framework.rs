//! The frameworks whose assets can be compiled. Each knows how to recognise its apps, how to compile their assets, and
//! whether their pages will link to what is published.
//!
//! Nothing here knows a store, and nothing here holds a text that a person reads.

mod app_files;
mod compiled;
mod content_policy;
pub(crate) mod django;
mod fixed_links;
mod install;
pub(crate) mod phoenix;
mod prebuilt;
mod source_text;
mod written_policies;

use crate::config::{Config, FrameworkName, FrameworkSettings};
use crate::context::BuildContext;
use crate::prefix::Prefix;
use crate::version::Version;
pub(crate) use compiled::{
    Compiled, Edit, Fallback, Injection, LinkReason, Links, NotFollowing, RuntimeFile, Stays,
};
pub(crate) use content_policy::BlockingPolicy;
pub(crate) use django::{Django, DjangoError};
pub(crate) use fixed_links::{FixedLink, FixedLinkKind};
pub(crate) use install::InstallError;
pub(crate) use phoenix::{Phoenix, PhoenixError};
pub(crate) use prebuilt::Prebuilt;
pub(crate) use source_text::SourceLocation;
use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(crate) enum Framework {
    Django(Django),
    Phoenix(Phoenix),
    Prebuilt(Prebuilt),
}

/// The framework, if one was recognised.
pub(crate) type Detected = Result<Option<Framework>, DetectError>;

#[derive(Debug, derive_more::From)]
pub(crate) enum DetectError {
    /// Several projects are equally deep in the app.
    Tie {
        framework: FrameworkName,
        /// The setting that chooses one.
        setting: &'static str,
        paths: Vec<PathBuf>,
    },
    /// The app is both Django and Phoenix.
    Both { django: String, phoenix: String },
    /// The app does not have the framework that was chosen.
    NotFound(FrameworkName),
    /// A setting or flag names a path that does not exist.
    Missing {
        setting: &'static str,
        path: PathBuf,
    },
    /// The app depends on Django, but nothing says how to start it.
    NoEntry { evidence: String },
    #[from]
    Io(io::Error),
}

impl Framework {
    /// Recognises the framework, or takes the directory that the settings name in place of one.
    pub(crate) fn detect(app: &Path, settings: &FrameworkSettings) -> Detected {
        if let Some(dir) = &settings.dir {
            return Ok(Some(Self::Prebuilt(Prebuilt::of(app, dir)?)));
        }
        let django = || Django::detect(app, &settings.django);
        let phoenix = || Phoenix::detect(app, &settings.phoenix);
        let found = match settings.chosen {
            Some(FrameworkName::Django) => django()?.map(Self::Django),
            Some(FrameworkName::Phoenix) => phoenix()?.map(Self::Phoenix),
            None => match (django()?, phoenix()?) {
                (Some(django), Some(phoenix)) => {
                    let (django, phoenix) = (django.evidence, phoenix.evidence());
                    return Err(DetectError::Both { django, phoenix });
                }
                (Some(django), None) => Some(Self::Django(django)),
                (None, phoenix) => phoenix.map(Self::Phoenix),
            },
        };
        match settings.chosen {
            Some(chosen) if found.is_none() => Err(DetectError::NotFound(chosen)),
            _ => Ok(found),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Django(_) => "django",
            Self::Phoenix(_) => "phoenix",
            Self::Prebuilt(_) => "directory",
        }
    }

    /// Finds what would stop a build before it compiles anything, and the policies that would block such files.
    pub(crate) fn prepare(
        &self,
        ctx: &BuildContext<'_>,
        files: &[PathBuf],
    ) -> Result<Vec<BlockingPolicy>, CompileError> {
        let target = CompileTarget::of(&ctx.config);
        match self {
            Self::Django(django) => Ok(django.prepare(ctx, target.as_ref(), files)?),
            Self::Phoenix(phoenix) => Ok(phoenix.prepare(ctx, target.as_ref(), files)?),
            Self::Prebuilt(_) => Ok(Vec::new()),
        }
    }

    /// Compiles the assets and checks that the pages will link to them. `None` if the app asks for no compile.
    pub(crate) fn compile(&self, ctx: &BuildContext<'_>) -> Result<Option<Compiled>, CompileError> {
        let target = CompileTarget::of(&ctx.config);
        match self {
            Self::Django(django) => Ok(django.compile(ctx, target.as_ref())?),
            Self::Phoenix(phoenix) => Ok(Some(phoenix.compile(ctx, target.as_ref())?)),
            Self::Prebuilt(prebuilt) => Ok(Some(prebuilt.compile(ctx.log))),
        }
    }
}

/// The version and URL to compile for. The version is the placeholder if it is the hash of what the compile makes.
#[derive(Debug)]
pub(crate) struct CompileTarget {
    pub(crate) version: Version,
    pub(crate) prefix: Prefix,
}

impl CompileTarget {
    /// `None` if nothing is published.
    fn of(config: &Config) -> Option<Self> {
        let given = config.version.as_ref();
        let version = given.map_or_else(Version::placeholder, |given| given.value.clone());
        let prefix = config.mode.public_url()?.prefix(&version);
        Some(Self { version, prefix })
    }
}

#[derive(Debug, derive_more::From)]
pub(crate) enum CompileError {
    Django(DjangoError),
    Phoenix(PhoenixError),
}
