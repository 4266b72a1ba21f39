//! What the running app finds. Each front end renders it: as layers and labels, `.profile.d`, or a pin file.

pub(crate) mod pin;
pub(crate) mod publisher;

use crate::config::env_vars::{RELEASE_VERSION, STATIC_ASSETS_VERSION};
use crate::release::Release;
use std::path::PathBuf;

#[derive(Debug, Default)]
pub(crate) struct Launch {
    pub(crate) vars: Vec<LaunchVar>,
    /// Files for each launched process, under [`crate::context::ImagePlaces::injected`].
    pub(crate) files: Vec<InjectedFile>,
    /// Files of the image without which pages would not link to the version.
    pub(crate) needs: Vec<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LaunchVar {
    /// This value wins over every other one.
    Override { name: &'static str, value: String },
    /// An operator's value wins.
    Default { name: &'static str, value: String },
    /// `STATIC_URL`: an operator's value wins. If a public URL is set at run time, it is the base, so that one image
    /// fits every stage.
    Url(String),
    /// A directory under the injected ones, which goes in front of a list separated by `:`.
    PrependFolder { name: &'static str, folder: PathBuf },
}

#[derive(Clone, Debug)]
pub(crate) struct InjectedFile {
    pub(crate) path: PathBuf,
    pub(crate) content: Vec<u8>,
}

impl Launch {
    /// Pins a release: the image always finds its own assets.
    pub(crate) fn pin(release: &Release) -> Self {
        let (name, value) = (STATIC_ASSETS_VERSION, release.version.to_string());
        let url = release.prefix.url().to_owned();
        Self {
            vars: vec![LaunchVar::Override { name, value }, LaunchVar::Url(url)],
            ..Self::default()
        }
    }

    pub(crate) fn version(&self) -> Option<&str> {
        self.vars.iter().find_map(|var| match var {
            LaunchVar::Override { name, value } if *name == STATIC_ASSETS_VERSION => Some(&**value),
            _ => None,
        })
    }

    /// Adds a variable only for apps that read it: Sentry and OpenTelemetry take it for the app's release.
    pub(crate) fn with_release_version(mut self, release: &Release) -> Self {
        let (name, value) = (RELEASE_VERSION.name, release.version.to_string());
        self.vars.push(LaunchVar::Default { name, value });
        self
    }
}
