//! What the running app finds. The doors render it: layers and labels, `.profile.d`, a pin file.

pub(crate) mod pin;
pub(crate) mod publisher;

use crate::config::env_vars::{RELEASE_VERSION, STATIC_ASSETS_VERSION};
use crate::release::Release;
use std::path::PathBuf;

#[derive(Debug, Default)]
pub(crate) struct Launch {
    pub(crate) vars: Vec<LaunchVar>,
    /// For each launched process, in a folder of ours: [`crate::context::ImagePlaces::injected`].
    pub(crate) files: Vec<InjectedFile>,
    /// Files of the image's own without which pages would not link to the version.
    pub(crate) needs: Vec<PathBuf>,
    /// What is known of the image from outside, without starting it.
    pub(crate) labels: Vec<(&'static str, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LaunchVar {
    /// Wins over every other value.
    Override { name: &'static str, value: String },
    /// An operator's value wins.
    Default { name: &'static str, value: String },
    /// `STATIC_URL`: an operator's value wins. Where the door can, a public URL that is given at run time is the
    /// base, so that an image fits the stage it runs in.
    Url(String),
    /// A folder below the injected ones, put in front of a list separated by `:`.
    PrependFolder { name: &'static str, folder: PathBuf },
}

#[derive(Clone, Debug)]
pub(crate) struct InjectedFile {
    pub(crate) path: PathBuf,
    pub(crate) content: Vec<u8>,
}

impl Launch {
    /// The pin: every image always finds its own assets.
    pub(crate) fn pin(release: &Release) -> Self {
        let version = release.version.to_string();
        Self {
            vars: vec![
                LaunchVar::Override {
                    name: STATIC_ASSETS_VERSION,
                    value: version.clone(),
                },
                LaunchVar::Url(release.prefix.url().to_owned()),
            ],
            files: Vec::new(),
            needs: Vec::new(),
            labels: vec![
                ("version", version),
                ("url", release.prefix.url().to_owned()),
                ("digest", release.digest.to_string()),
            ],
        }
    }

    pub(crate) fn version(&self) -> Option<&str> {
        self.vars.iter().find_map(|var| match var {
            LaunchVar::Override { name, value } if *name == STATIC_ASSETS_VERSION => {
                Some(value.as_str())
            }
            _ => None,
        })
    }

    /// Only for apps that read it: elsewhere Sentry and OpenTelemetry take it for the app's release.
    pub(crate) fn with_release_version(mut self, release: &Release) -> Self {
        self.vars.push(LaunchVar::Default {
            name: RELEASE_VERSION.name,
            value: release.version.to_string(),
        });
        self
    }
}
