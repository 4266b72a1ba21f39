//! Every setting, read once and judged together before any work.

mod azure;
mod bindings;
pub(crate) mod credentials;
mod destination;
pub(crate) mod env_vars;
mod framework;
mod gcs;
mod project_toml;
mod publishing;
mod s3;
mod sources;

use crate::manifest::{Allowed, Empty, ParseAllowedError, ScanRules, SourceMaps};
use crate::prefix::{NameRules, ParsePublicUrlError, ParseStoreUrlError, StoreUrl};
use crate::version::{ParseVersionError, Version};
pub(crate) use azure::{AzureAccess, AzureIdentity};
pub(crate) use credentials::{Access, Server};
pub(crate) use destination::Destination;
use env_vars::Variable;
pub(crate) use framework::{
    DigestChoice, DjangoSettings, FrameworkName, FrameworkSettings, PhoenixSettings,
};
pub(crate) use gcs::{GcsAccess, GcsIdentity, GoogleKeyProblem};
pub(crate) use project_toml::NAMESPACE;
pub(crate) use publishing::{DeferredDestination, Mode, Phase, Unpublished};
pub(crate) use s3::{S3Access, S3Ambient, S3Identity};
use sources::parse_flag;
pub(crate) use sources::{Origin, Platform, Setting, Sources};
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

/// Deliberately without `Debug`: it holds secrets.
pub(crate) struct Config {
    pub(crate) mode: Mode,
    pub(crate) version: Option<Setting<Version>>,
    pub(crate) salt: Option<String>,
    pub(crate) group: String,
    /// The commit, as the platform names it.
    pub(crate) label: Option<String>,
    /// None: by default, and not where the build before has published the same.
    pub(crate) check: Option<CheckMode>,
    pub(crate) inject: Inject,
    pub(crate) keep: Keep,
    pub(crate) rules: ScanRules,
    pub(crate) framework: FrameworkSettings,
}

/// What a wrong answer of the public URL does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CheckMode {
    #[default]
    Fail,
    Warn,
    Off,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Inject {
    #[default]
    Auto,
    Off,
    /// There is no place beside the app from which its processes would find anything.
    Nowhere,
}

/// What of the collected tree stays in the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keep {
    #[default]
    All,
    Manifests,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConfigWarning {
    UnknownName {
        name: String,
        /// A known one that is much like it, and what that is for.
        nearest: Option<(&'static str, &'static str)>,
    },
    UnknownKey {
        key: String,
    },
}

/// One reason why the configuration can't be used. Holds no secret.
#[derive(Debug)]
pub(crate) enum ConfigProblem {
    Store {
        setting: Setting<String>,
        reason: ParseStoreUrlError,
    },
    PublicUrl {
        setting: Setting<String>,
        reason: ParsePublicUrlError,
    },
    PublicUrlMissing {
        store: StoreUrl,
    },
    /// It is pinned while the image is built; what the store's own URL is may not be known then.
    PublicUrlNotPinned,
    AppMissing,
    Version {
        setting: Setting<String>,
    },
    Choice {
        name: &'static str,
        setting: Setting<String>,
        choices: Vec<&'static str>,
    },
    Group {
        setting: Setting<String>,
    },
    Allow {
        setting: Setting<String>,
        glob: String,
    },
    BuildEnv {
        origin: Origin,
        word: Option<String>,
    },
    /// `SOURCE_DATE_EPOCH`, which is no number of seconds.
    Epoch {
        setting: Setting<String>,
    },
    CredentialsMissing {
        store: StoreUrl,
        /// Folders among the service bindings that have no file `type`.
        untyped: Vec<String>,
    },
    /// It would be part of URLs and of what is kept in the store.
    HoldsSecret {
        name: &'static str,
    },
    /// A value that can't be sent as a header.
    NoHeader {
        what: &'static str,
    },
    NoCertificate {
        setting: Setting<String>,
    },
    NotUtf8 {
        name: &'static str,
    },
    HalfACredential {
        given: &'static str,
        missing: &'static str,
    },
    TwoSources {
        what: &'static str,
        one: String,
        other: String,
    },
    BesideOtherKeys {
        setting: &'static str,
        keys_from: String,
        instead: &'static str,
    },
    TwoBindings {
        names: Vec<String>,
    },
    BindingWithoutStore {
        binding: String,
    },
    BindingEntryMissing {
        binding: String,
        entry: &'static str,
    },
    Endpoint {
        origin: Origin,
    },
    NodeUrl {
        origin: Origin,
    },
    PlainHttp {
        host: String,
    },
    /// An address at which clouds hand out credentials.
    MetadataHost {
        host: String,
    },
    /// gcloud's, which nobody has named, and which would be taken for the machine's identity.
    AmbientFile {
        file: PathBuf,
    },
    /// A token would be sent to a host that is no agent of EKS.
    PodUrl,
    SharedSignature {
        origin: Origin,
    },
    AzureAccount {
        account: String,
    },
    /// The bucket's name is added to the endpoint by itself.
    EndpointHoldsBucket {
        bucket: String,
    },
    ConnectionString {
        origin: Origin,
        missing: &'static str,
    },
    NoBase64 {
        what: &'static str,
    },
    GoogleKey {
        origin: Origin,
        problem: GoogleKeyProblem,
    },
    SecretInProjectToml {
        key: String,
    },
    ProjectToml {
        line: usize,
        error: toml::de::Error,
    },
    ProjectTomlType {
        key: String,
        found: &'static str,
    },
    Unreadable {
        what: String,
        error: io::Error,
    },
}

impl Config {
    /// Reports every problem at once.
    pub(crate) fn read(sources: &Sources<'_>, phase: &Phase) -> Result<Self, Vec<ConfigProblem>> {
        let mut reader = Reader {
            sources,
            problems: Vec::new(),
        };
        let mode = reader.mode(phase);
        let mode_is_known = mode.is_some();
        let rules = reader.rules();
        reader.problems.extend(
            sources
                .not_utf8()
                .map(|name| ConfigProblem::NotUtf8 { name }),
        );
        reader.refuse_secrets();
        let config = Self {
            version: reader.version(),
            salt: reader.text(&env_vars::SALT),
            group: reader.group(),
            label: reader
                .text(&env_vars::SOURCE_VERSION)
                .or_else(|| reader.text(&env_vars::REVISION))
                .map(|label| one_word(&label)),
            check: reader.chosen(
                &env_vars::CHECK,
                &[
                    ("fail", CheckMode::Fail),
                    ("warn", CheckMode::Warn),
                    ("off", CheckMode::Off),
                ],
            ),
            inject: reader.choice(
                &env_vars::INJECT,
                &[("auto", Inject::Auto), ("off", Inject::Off)],
            ),
            keep: reader.choice(
                &env_vars::KEEP,
                &[("all", Keep::All), ("manifests", Keep::Manifests)],
            ),
            rules,
            framework: reader.framework(),
            // What could not be read is among the problems.
            mode: mode.unwrap_or(Mode::Off(Unpublished::NoStore)),
        };
        // What is switched off needs no setting to be right.
        let is_unknown = |problem: &ConfigProblem| matches!(problem, ConfigProblem::NotUtf8 { name } if *name == env_vars::STORE.name);
        let is_off =
            mode_is_known && config.mode.is_off() && !reader.problems.iter().any(is_unknown);
        if reader.problems.is_empty() || is_off {
            Ok(config)
        } else {
            Err(reader.problems)
        }
    }
}

/// Whether a release phase uploads, for detect, which judges nothing.
pub(crate) fn publishes_later(sources: &Sources<'_>) -> bool {
    let value = |name| sources.text(name).map(|setting| setting.value);
    let is_later =
        value(&env_vars::PUBLISH).is_some_and(|value| value.eq_ignore_ascii_case("release"));
    let is_disabled = value(&env_vars::DISABLE).and_then(|value| parse_flag(&value)) == Some(true);
    is_later && !is_disabled
}

/// Reads settings and collects what is wrong with them.
struct Reader<'a> {
    sources: &'a Sources<'a>,
    problems: Vec<ConfigProblem>,
}

impl Reader<'_> {
    fn rules(&mut self) -> ScanRules {
        ScanRules {
            allowed: self
                .parse(&env_vars::ALLOW, |setting, ParseAllowedError(glob)| {
                    ConfigProblem::Allow { setting, glob }
                })
                .map(|allowed: Setting<Allowed>| allowed.value)
                .unwrap_or_default(),
            empty: match self.flag(&env_vars::ALLOW_EMPTY) {
                Some(_) => Empty::Allowed,
                None => Empty::Refused,
            },
            source_maps: self.choice(
                &env_vars::SOURCE_MAPS,
                &[
                    ("publish", SourceMaps::Publish),
                    ("exclude", SourceMaps::Exclude),
                ],
            ),
            secrets: self.sources.secrets().in_assets(),
            by_products: BTreeSet::new(),
            unpublished: BTreeSet::new(),
            largest: None,
            names: NameRules::default(),
        }
    }

    /// A key that was given under the wrong name.
    fn refuse_secrets(&mut self) {
        let secrets = self.sources.secrets().in_assets();
        for name in [
            env_vars::STORE,
            env_vars::PUBLIC_URL,
            env_vars::APP,
            env_vars::GROUP,
            env_vars::RELEASE_VERSION,
            env_vars::SOURCE_VERSION,
            env_vars::REVISION,
        ] {
            let text = self.sources.text(&name).map(|setting| setting.value);
            let text = text.or_else(|| Some(self.sources.env_text(&name)?.value));
            if text.is_some_and(|text| secrets.occurs_in(text.as_bytes())) {
                self.problems
                    .push(ConfigProblem::HoldsSecret { name: name.name });
            }
        }
    }

    fn version(&mut self) -> Option<Setting<Version>> {
        self.parse(&env_vars::RELEASE_VERSION, |setting, ParseVersionError| {
            ConfigProblem::Version { setting }
        })
    }

    fn group(&mut self) -> String {
        let Some(setting) = self.sources.text(&env_vars::GROUP) else {
            return "default".to_owned();
        };
        // A group is one segment of a key, by the same rule as a version.
        if setting.value.parse::<Version>().is_err() {
            self.problems.push(ConfigProblem::Group {
                setting: setting.clone(),
            });
        }
        setting.value
    }

    fn path(&self, name: &Variable) -> Option<Setting<PathBuf>> {
        self.sources.text(name).map(|setting| Setting {
            value: PathBuf::from(setting.value),
            origin: setting.origin,
        })
    }

    fn text(&self, name: &Variable) -> Option<String> {
        self.sources.text(name).map(|setting| setting.value)
    }

    fn parse<T: FromStr>(
        &mut self,
        name: &Variable,
        problem: impl FnOnce(Setting<String>, T::Err) -> ConfigProblem,
    ) -> Option<Setting<T>> {
        let setting = self.sources.text(name)?;
        match setting.value.parse() {
            Ok(value) => Some(Setting {
                value,
                origin: setting.origin,
            }),
            Err(error) => {
                self.problems.push(problem(setting, error));
                None
            }
        }
    }

    fn choice<T: Copy + Default>(
        &mut self,
        name: &Variable,
        choices: &'static [(&'static str, T)],
    ) -> T {
        self.chosen(name, choices).unwrap_or_default()
    }

    /// `None` where nothing was chosen.
    fn chosen<T: Copy>(
        &mut self,
        name: &Variable,
        choices: &'static [(&'static str, T)],
    ) -> Option<T> {
        let setting = self.sources.text(name)?;
        let chosen = choices
            .iter()
            .find(|(choice, _)| setting.value.eq_ignore_ascii_case(choice));
        if chosen.is_none() {
            self.problems.push(ConfigProblem::Choice {
                name: name.name,
                setting,
                choices: choices.iter().map(|(choice, _)| *choice).collect(),
            });
        }
        chosen.map(|(_, value)| *value)
    }

    fn flag(&mut self, name: &Variable) -> Option<Setting<()>> {
        let setting = self.sources.text(name)?;
        match parse_flag(&setting.value) {
            Some(true) => Some(Setting {
                value: (),
                origin: setting.origin,
            }),
            Some(false) => None,
            None => {
                self.problems.push(ConfigProblem::Choice {
                    name: name.name,
                    setting,
                    choices: vec!["1", "0"],
                });
                None
            }
        }
    }
}

/// A label goes into the log and the store as it is: no line of another's making.
fn one_word(text: &str) -> String {
    const LONGEST: usize = 100;
    text.chars()
        .take_while(|letter| !letter.is_control())
        .take(LONGEST)
        .collect()
}

/// Said before any problem: a misspelt name is often its cause.
pub(crate) fn warnings(sources: &Sources<'_>) -> Vec<ConfigWarning> {
    let unknown_names = sources.unknown_names().filter_map(|name| {
        let nearest = env_vars::nearest_to_unknown(name)?;
        Some(ConfigWarning::UnknownName {
            name: name.to_owned(),
            nearest: env_vars::is_near(name, nearest).then_some((nearest.name, nearest.help)),
        })
    });
    let unknown_keys = sources
        .project
        .unknown
        .iter()
        .map(|key| ConfigWarning::UnknownKey { key: key.clone() });
    unknown_names.chain(unknown_keys).collect()
}
