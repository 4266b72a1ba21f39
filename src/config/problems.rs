//! What can be wrong with the configuration, as causes. The sentences are in `messages/config.rs`.

use super::{Origin, Setting, UnusedBinding, env_vars};
use crate::prefix::{ParsePublicUrlError, ParseStoreUrlError, StoreUrl};
use std::io;
use std::path::PathBuf;

pub(super) type ConfigResult<T> = Result<T, ConfigProblem>;

/// One reason why the configuration can't be used. Holds no secret. A `&'static str` is the name of the setting.
#[derive(Debug)]
pub(crate) enum ConfigProblem {
    // The value of a setting can't be used.
    Store(Setting<String>, ParseStoreUrlError),
    PublicUrl(Setting<String>, ParsePublicUrlError),
    Version(Setting<String>),
    Group(Setting<String>),
    App(Setting<String>),
    /// `SOURCE_DATE_EPOCH` is not a number of seconds.
    Epoch(Setting<String>),
    /// Holds the number of the certificate that can't be used, or `None` if there is no certificate.
    CaFile(Setting<String>, Option<usize>),
    KeepLast(Setting<String>),
    KeepWithin(Setting<String>),
    /// A glob would let every secret through.
    Allow(Setting<String>),
    BuildEnvQuote(Origin),
    BuildEnvWord(Origin),
    /// Also holds the values that the setting can have.
    Choice(&'static str, Setting<String>, Vec<&'static str>),
    NotUtf8(&'static str),
    /// The value would become part of URLs and of what the store keeps.
    HoldsSecret(&'static str),
    /// A value can't be sent in a header. Holds what it is.
    NotForHeader(&'static str),
    /// A region that can't be part of a host. Holds the variable, or `None` for the entry of a service binding.
    Region(Option<&'static str>, String),
    ServerUrl(&'static str, ServerUrlProblem),
    /// Only the agent of EKS may get the pod's token.
    PodUrl,

    // A setting is missing, or does not go with another one.
    PublicUrlMissing(StoreUrl),
    /// Files of a directory have no headers that would say how they are encoded.
    CompressedDirectory(Origin),
    /// A build with a deferred upload pins the public URL, but may not know the store's own URL.
    PublicUrlNotPinned,
    /// Holds an `id` that can't be a name.
    AppMissing(Option<String>),
    /// Also holds the names of service bindings without a file `type`.
    CredentialsMissing(StoreUrl, Vec<UnusedBinding>),
    HalfACredential {
        given: &'static str,
        missing: &'static str,
    },
    TwoSources(&'static str, [String; 2]),
    BesideOtherKeys {
        setting: &'static str,
        keys_from: Origin,
        instead: &'static str,
    },
    /// Holds the names of the bindings.
    TwoBindings(Vec<String>),
    BindingWithoutStore(String),
    /// Holds the names of the binding and of the entry.
    BindingEntryMissing(String, &'static str),

    // A credential can't be used.
    AzureAccount(String),
    AzureKey,
    AzureSignature(Origin),
    /// Also holds the part that is missing.
    AzureConnectionString(Origin, &'static str),
    GoogleKey(Origin, GoogleKeyProblem),
    /// No setting names this file of gcloud, but the client library would take it for the machine's identity.
    AmbientFile(PathBuf),

    // A file can't be used.
    SecretInProjectToml(String),
    /// Also holds the line.
    ProjectToml(usize, toml::de::Error),
    /// Our table of `project.toml` is written in a way that is not read.
    ProjectTomlTable,
    /// Holds the key, and the type of its value.
    ProjectTomlType(String, &'static str),
    /// Holds the setting or file that can't be read.
    Unreadable(String, io::Error),
}

/// Why no credentials are sent to a URL. A `String` is its host.
#[derive(Debug)]
pub(crate) enum ServerUrlProblem {
    Malformed(Origin),
    PlainHttp(String),
    /// Clouds hand out credentials at this address.
    Metadata(String),
    /// The path ends in the name of the bucket.
    HoldsBucket(String),
}

/// Why a key of Google can't be used.
#[derive(Debug)]
pub(crate) enum GoogleKeyProblem {
    NotJson,
    /// The client library does not know federated identities.
    Federated,
    Type(String),
    Missing(&'static str),
    /// A person's key is given as a value. The client library reads it from a file only.
    PersonAsValue,
}

impl ConfigProblem {
    /// The setting, if the problem is one of the server that gets the credentials.
    pub(super) fn server_setting(&self) -> Option<&str> {
        match self {
            Self::ServerUrl(name, _) => Some(name),
            Self::Unreadable(name, _) => Some(name),
            Self::CaFile(..) => Some(env_vars::CA_FILE.name),
            _ => None,
        }
    }
}

/// Lets `?` end a function that can report several problems.
impl From<ConfigProblem> for Vec<ConfigProblem> {
    fn from(problem: ConfigProblem) -> Self {
        vec![problem]
    }
}
