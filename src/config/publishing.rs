//! Whether, where and when a run publishes.

use super::bindings::UnusedBinding;
use super::credentials::{self, Resolved};
use super::server_url::find_server_problems;
use super::{ConfigProblem, Destination, Origin, Reader, env_vars};
use crate::prefix::{PublicUrl, StoreUrl};
use std::path::Path;

/// What a run does with the assets.
pub(crate) enum Mode {
    /// It does nothing.
    Off(Unpublished),
    /// It compiles them, and the app serves them itself.
    CompileOnly(Unpublished),
    /// It compiles and uploads them.
    Upload(Destination),
    /// It compiles them and saves them in the image. The release phase uploads them.
    Defer(DeferredDestination),
}

/// Why a run publishes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unpublished {
    NoStore,
    /// The app is built for its tests.
    Tests,
    /// `STATIC_ASSETS_DISABLE`.
    Disabled(Origin),
    /// A fleet's store has a prefix for each app's name, and the app has none. Holds who set the store.
    Nameless(Origin, Option<String>),
    /// `STATIC_ASSETS_PUBLISH=off`.
    PublishOff(Origin),
    /// `STATIC_ASSETS_MISSING_CREDENTIALS=skip`.
    MissingCredentials(StoreUrl),
}

/// What a build without credentials knows about the place that its release phase uploads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeferredDestination {
    pub(crate) public: PublicUrl,
    /// `None` if only the release phase knows the store.
    pub(crate) store: Option<StoreUrl>,
}

/// When the settings are read.
#[derive(Clone, Debug)]
pub(crate) enum Phase {
    Build {
        /// Whether the assets are compiled even if no store is set.
        compile_without_store: bool,
    },
    /// The app is built for its tests.
    Test,
    /// The release phase uploads what the image holds.
    Release {
        /// The base of the URL that the build pinned, if the image holds a release.
        pinned: Option<PublicUrl>,
    },
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum PublishSetting {
    #[default]
    Build,
    Release,
    Off,
}

impl Phase {
    /// A build that compiles nothing if no store is set.
    pub(crate) const BUILD: Self = Self::Build {
        compile_without_store: false,
    };
}

impl Mode {
    pub(crate) fn is_off(&self) -> bool {
        matches!(self, Self::Off(_))
    }

    /// The base of the URL that pages link to; `None` if nothing is published.
    pub(crate) fn public_url(&self) -> Option<&PublicUrl> {
        match self {
            Self::Off(_) | Self::CompileOnly(_) => None,
            Self::Upload(destination) => Some(&destination.site.public),
            Self::Defer(destination) => Some(&destination.public),
        }
    }

    /// The authority that the settings name, if this run knows the store.
    pub(crate) fn ca_file(&self) -> Option<&Path> {
        match self {
            Self::Upload(destination) => destination.access.ca_file(),
            Self::Off(_) | Self::CompileOnly(_) | Self::Defer(_) => None,
        }
    }

    /// The store, if this run knows it.
    pub(crate) fn store(&self) -> Option<&StoreUrl> {
        match self {
            Self::Off(_) | Self::CompileOnly(_) => None,
            Self::Upload(destination) => Some(&destination.site.store),
            Self::Defer(destination) => destination.store.as_ref(),
        }
    }
}

impl Reader<'_> {
    pub(super) fn mode(&mut self, phase: &Phase) -> Option<Mode> {
        if let Some(disabled) = self.flag(&env_vars::DISABLE) {
            return Some(Mode::Off(Unpublished::Disabled(disabled)));
        }
        let compile = self.flag(&env_vars::COMPILE).is_some();
        let (pinned, compiles) = match phase {
            Phase::Test if compile => return Some(Mode::CompileOnly(Unpublished::Tests)),
            Phase::Test => return Some(Mode::Off(Unpublished::Tests)),
            Phase::Release { pinned } => (pinned.as_ref(), false),
            Phase::Build {
                compile_without_store,
            } => (None, compile || *compile_without_store),
        };
        let is_release = matches!(phase, Phase::Release { .. });
        let publish = self.choice(
            &env_vars::PUBLISH,
            &[
                ("build", PublishSetting::Build),
                ("release", PublishSetting::Release),
                ("off", PublishSetting::Off),
            ],
        );
        let skips = self.choice(
            &env_vars::MISSING_CREDENTIALS,
            &[("fail", false), ("skip", true)],
        );
        match publish {
            PublishSetting::Off => {
                let origin = self.sources.text(&env_vars::PUBLISH)?.origin;
                return Some(Mode::CompileOnly(Unpublished::PublishOff(origin)));
            }
            _ if !is_release && let Some(why) = credentials::explain_nameless(self.sources) => {
                return Some(if compiles {
                    Mode::CompileOnly(why)
                } else {
                    Mode::Off(why)
                });
            }
            PublishSetting::Release if !is_release => {
                return self.collect(credentials::later(self.sources).map(Mode::Defer));
            }
            PublishSetting::Release | PublishSetting::Build => {}
        }
        match self.collect(credentials::resolve(self.sources, pinned))? {
            Resolved::Nothing if compiles => Some(Mode::CompileOnly(Unpublished::NoStore)),
            Resolved::Nothing => Some(Mode::Off(Unpublished::NoStore)),
            Resolved::To(destination) => Some(Mode::Upload(destination)),
            // An image that is pinned already can't fall back to its own files. A binding with keys that are not
            // used is a slip, not a build that must not have keys.
            Resolved::WithoutCredentials(store, unused)
                if skips && !is_release && !unused.iter().any(UnusedBinding::holds_keys) =>
            {
                Some(Mode::CompileOnly(Unpublished::MissingCredentials(store)))
            }
            Resolved::WithoutCredentials(store, unused) => {
                self.problems.extend(find_server_problems(self.sources));
                self.accept(Err(ConfigProblem::CredentialsMissing(store, unused)))
            }
        }
    }

    fn collect<T>(&mut self, result: Result<T, Vec<ConfigProblem>>) -> Option<T> {
        result
            .map_err(|problems| self.problems.extend(problems))
            .ok()
    }
}
