//! Texts of the classic Heroku buildpack.

use super::title;
use crate::config::env_vars::DISABLE_COLLECTSTATIC;
use crate::log::{Event, Log};
use crate::message::{Explain, Kind, Message};
use std::io;
use std::path::PathBuf;

#[derive(Debug)]
pub(crate) enum HerokuError {
    /// The arguments are not those of the API.
    Usage,
    BuildDir(io::Error),
    EnvDir(io::Error),
    /// What dynos and the next buildpacks find could not be written.
    NotWritten(io::Error),
    /// A directory that is written into is a link.
    Link(PathBuf),
}

pub(crate) enum HerokuEvent<'a> {
    Title,
    CollectstaticDisabled,
    NoFramework,
    /// No release phase uploads what the build saved. `release` is the command of the Procfile.
    NothingCallsPublisher {
        release: Option<String>,
    },
    CacheNotWritten(&'a io::Error),
}

impl Explain for HerokuError {
    fn explain(&self) -> Message {
        match self {
            Self::Usage => Message::new(
                Kind::Configuration,
                "Wrong arguments for the classic buildpack",
                "Its stubs run it like this:\n  bin/compile BUILD_DIR CACHE_DIR ENV_DIR\n  \
                 bin/test-compile BUILD_DIR CACHE_DIR ENV_DIR\n  bin/release BUILD_DIR\n  \
                 bin/report BUILD_DIR CACHE_DIR ENV_DIR",
            ),
            Self::BuildDir(error) => Message::new(
                Kind::Machine,
                "BUILD_DIR can't be read",
                "BUILD_DIR is the first argument of a classic buildpack: the app's directory.",
            )
            .with_details(error.to_string()),
            Self::EnvDir(error) => Message::new(
                Kind::Machine,
                "ENV_DIR can't be read",
                "ENV_DIR is the third argument of a classic buildpack. It holds a file for each config var, and the \
                 config vars say where to publish.",
            )
            .with_details(error.to_string()),
            Self::Link(link) => Message::new(
                Kind::Refused,
                format!("{} is a link", link.display()),
                "This buildpack writes into it, and Heroku does not deploy what is written through a link. Make it a \
                 directory, or remove it from the repository.",
            ),
            Self::NotWritten(error) => Message::new(
                Kind::Machine,
                "A file can't be written into the slug",
                "Dynos read their version from .profile.d/static-assets.sh of the slug, and the next buildpacks read \
                 it from 'export' of this one.",
            )
            .with_details(error.to_string()),
        }
    }
}

impl Event for HerokuEvent<'_> {
    fn write_to(&self, log: &Log) {
        match self {
            Self::Title => log.header(&title()),
            Self::CollectstaticDisabled => log.detail(&format!(
                "{} applies to heroku/python's own collectstatic only. To switch this buildpack off: \
                 STATIC_ASSETS_DISABLE=1",
                DISABLE_COLLECTSTATIC.name
            )),
            Self::NoFramework => log.warning(
                "Nothing is published: a store is set, but this is neither a Django nor a Phoenix app. To publish a \
                 directory that is already built, such as dist:\nSTATIC_ASSETS_DIR=dist",
            ),
            Self::NothingCallsPublisher { release } => {
                let then = release.as_ref().map(|own| format!(" && {own}"));
                log.warning(&format!(
                    "STATIC_ASSETS_PUBLISH=release, but no release phase was found that uploads the files. Without \
                     one, every page of this release links to files that don't exist. Unless a script of yours does \
                     it, add it to the Procfile, as the first command:\nrelease: static-assets publish --prepared{}",
                    then.unwrap_or_default()
                ));
            }
            Self::CacheNotWritten(error) => log.warning(&format!(
                "The next build can't tell what is new, because the cache can't be written: {error}"
            )),
        }
    }
}
