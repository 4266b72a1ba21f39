//! Texts of the classic Heroku buildpack.

use super::{title, titled};
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
    /// The same, and this buildpack is off.
    NobodyCollects,
    NoFramework,
    /// No release phase uploads what the build saved. Holds the command of the Procfile.
    NothingCallsPublisher(Option<String>),
    CacheNotWritten(&'a io::Error),
}

impl Explain for HerokuError {
    fn explain(&self) -> Message {
        let text = match self {
            Self::Usage => {
                "Wrong arguments for the classic buildpack\nIts stubs run it like this:\n  \
                 bin/compile BUILD_DIR CACHE_DIR ENV_DIR\n  bin/test-compile BUILD_DIR CACHE_DIR ENV_DIR\n  \
                 bin/release BUILD_DIR\n  bin/report BUILD_DIR CACHE_DIR ENV_DIR"
            }
            Self::BuildDir(_) => {
                "BUILD_DIR can't be read\n\
                 BUILD_DIR is the first argument of a classic buildpack: the app's directory."
            }
            Self::EnvDir(_) => {
                "ENV_DIR can't be read\nENV_DIR is the third argument of a classic buildpack. It holds a file for each \
                 config var, and the config vars say where to publish."
            }
            Self::Link(link) => &format!(
                "{} is a link\nThis buildpack writes into it, and Heroku does not deploy what is written through a \
                 link. Make it a directory, or remove it from the repository.",
                link.display()
            ),
            Self::NotWritten(_) => {
                "A file can't be written into the slug\nDynos read their version from .profile.d/static-assets.sh of the slug, and \
                 the next buildpacks read it from 'export' of this one."
            }
        };
        match self {
            Self::Usage => titled(Kind::Configuration, text),
            Self::Link(_) => titled(Kind::Refused, text),
            Self::BuildDir(error) | Self::EnvDir(error) | Self::NotWritten(error) => {
                titled(Kind::Machine, text).with_details(error.to_string())
            }
        }
    }
}

impl Event for HerokuEvent<'_> {
    fn write_to(&self, log: &Log) {
        match self {
            Self::Title => log.header(&title()),
            Self::CollectstaticDisabled => log.detail(&format!(
                "{} applies to heroku/python's own collectstatic only. To switch this buildpack off: \
                 STATIC_ASSETS_DISABLE=1, and unset {}",
                DISABLE_COLLECTSTATIC.name, DISABLE_COLLECTSTATIC.name
            )),
            Self::NobodyCollects => log.warning(&format!(
                "{name} is set, so nobody collects static files, unless bin/post_compile of the app does. Let \
                 heroku/python do it:\nheroku config:unset {name}\nor this buildpack, without publishing:\n\
                 heroku config:set STATIC_ASSETS_PUBLISH=off && heroku config:unset STATIC_ASSETS_DISABLE",
                name = DISABLE_COLLECTSTATIC.name
            )),
            Self::NoFramework => log.warning(
                "Nothing is published: a store is set, but this is neither a Django nor a Phoenix app. To publish a \
                 directory that is already built, such as dist:\nSTATIC_ASSETS_DIR=dist",
            ),
            Self::NothingCallsPublisher(release) => {
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
