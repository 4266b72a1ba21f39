//! Whether, where and when it is published.

use super::credentials::{self, Resolved};
use super::{Access, ConfigProblem, Reader, Setting, env_vars};
use crate::prefix::{PublicUrl, Site, StoreUrl};

pub(crate) enum Publishing {
    /// Nothing at all is done.
    Off(Off),
    /// The assets are compiled and served by the app itself; nothing is published or pinned.
    Local(Local),
    To(Site, Access),
    /// Compiled and pinned now, without any credential; uploaded before a process of the release starts.
    Later(Later),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Off {
    NotConfigured,
    Disabled(Setting<()>),
    /// A build for tests.
    Tests,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Local {
    NoStore,
    PublishOff(Setting<()>),
    MissingCredentials(StoreUrl),
    /// A build for tests.
    Tests,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Later {
    pub(crate) public: PublicUrl,
    /// Where the build knows it already.
    pub(crate) store: Option<StoreUrl>,
}

/// When the settings are read.
#[derive(Clone, Debug)]
pub(crate) enum Phase {
    /// While an image is built.
    Build,
    /// The same, where the assets are compiled without a store, too.
    BuildInAnyCase,
    /// While an app is built for its tests.
    Test,
    /// Before a process of a release starts: what its image has kept is uploaded.
    Release {
        /// The base of the URL that the build has pinned, where it has kept anything.
        pinned: Option<PublicUrl>,
    },
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum MissingCredentials {
    #[default]
    Fail,
    Skip,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Publish {
    #[default]
    Build,
    Release,
    Off,
}

impl Reader<'_> {
    pub(super) fn publishing(&mut self, phase: &Phase) -> Option<Publishing> {
        if let Some(disabled) = self.flag(&env_vars::DISABLE) {
            return Some(Publishing::Off(Off::Disabled(disabled)));
        }
        let compile = self.flag(&env_vars::COMPILE);
        let (pinned, compiles) = match phase {
            Phase::Test if compile.is_some() => return Some(Publishing::Local(Local::Tests)),
            Phase::Test => return Some(Publishing::Off(Off::Tests)),
            Phase::Release { pinned } => (pinned.as_ref(), false),
            Phase::BuildInAnyCase => (None, true),
            Phase::Build => (None, compile.is_some()),
        };
        let publish = self.choice(
            &env_vars::PUBLISH,
            &[
                ("build", Publish::Build),
                ("release", Publish::Release),
                ("off", Publish::Off),
            ],
        );
        let missing = self.choice(
            &env_vars::MISSING_CREDENTIALS,
            &[
                ("fail", MissingCredentials::Fail),
                ("skip", MissingCredentials::Skip),
            ],
        );
        if publish == Publish::Off {
            let origin = self.sources.text(&env_vars::PUBLISH)?.origin;
            return Some(Publishing::Local(Local::PublishOff(Setting {
                value: (),
                origin,
            })));
        }
        let is_release = matches!(phase, Phase::Release { .. });
        if publish == Publish::Release && !is_release {
            return self.collect(credentials::later(self.sources).map(Publishing::Later));
        }
        match self.collect(credentials::resolve(self.sources, pinned))? {
            Resolved::Nothing if compiles => Some(Publishing::Local(Local::NoStore)),
            Resolved::Nothing => Some(Publishing::Off(Off::NotConfigured)),
            Resolved::To(site, access) => Some(Publishing::To(site, access)),
            // An image that is pinned already can't fall back to its own files.
            Resolved::WithoutCredentials(store)
                if missing == MissingCredentials::Skip && !is_release =>
            {
                Some(Publishing::Local(Local::MissingCredentials(store)))
            }
            Resolved::WithoutCredentials(store) => {
                self.problems.push(ConfigProblem::CredentialsMissing {
                    store,
                    untyped: self.sources.untyped_bindings.clone(),
                });
                None
            }
        }
    }

    fn collect<T>(&mut self, result: Result<T, Vec<ConfigProblem>>) -> Option<T> {
        result
            .map_err(|problems| self.problems.extend(problems))
            .ok()
    }
}
