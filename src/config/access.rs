//! What gives access to a store: its server and an identity of its provider.
//!
//! These are plain values. The files of the providers read them from the settings, and `store/` uses them.

use super::Origin;
use std::path::{Path, PathBuf};
use url::Url;

/// Has neither `Debug` nor `Display`, so that no message shows it.
#[derive(Clone)]
pub(crate) struct Secret(pub(super) String);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

/// Holds secrets, so it has no `Debug`.
#[derive(Clone)]
pub(crate) enum Access {
    S3(Box<S3Access>),
    Azure(Box<AzureAccess>),
    Gcs(Box<GcsAccess>),
    Directory,
}

#[derive(Clone)]
pub(crate) struct S3Access {
    pub(crate) identity: S3Identity,
    pub(crate) region: Region,
    /// The variable that gives the region. `None` if the entry `region` of a service binding does.
    pub(crate) region_variable: Option<&'static str>,
    pub(crate) server: Server,
}

/// Where a bucket of S3 is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Region {
    Given(String),
    /// No setting names it, and an answer of the store did.
    Found(String),
    /// No setting names it. The first request asks in the default one.
    Unknown,
}

impl Region {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Given(name) | Self::Found(name) => name,
            Self::Unknown => "us-east-1",
        }
    }
}

#[derive(Clone)]
pub(crate) struct AzureAccess {
    pub(crate) account: String,
    pub(crate) identity: AzureIdentity,
    pub(crate) server: Server,
}

#[derive(Clone)]
pub(crate) struct GcsAccess {
    pub(crate) identity: GcsIdentity,
    pub(crate) server: Server,
}

/// The server that receives the requests, and the source of the credentials for it.
#[derive(Clone)]
pub(crate) struct Server {
    /// `None` stands for the provider's own server.
    pub(crate) endpoint: Option<Url>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) source: Origin,
}

/// Whether this program may ask the machine, pod or task for its own identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ambient {
    /// `STATIC_ASSETS_AUTH=ambient`.
    Allowed,
    Refused,
}

#[derive(Clone)]
pub(crate) enum S3Identity {
    Keys {
        id: Secret,
        secret: Secret,
        token: Option<Secret>,
    },
    /// A role. The platform keeps the token for it in a file.
    Web {
        token_file: PathBuf,
        role: String,
        session: Option<String>,
        /// The token service. `None` stands for that of the region.
        service: Option<Url>,
    },
    Ambient(S3Ambient),
}

/// The server that knows the machine's own identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum S3Ambient {
    Machine,
    /// A path on the credential server of ECS.
    Task(String),
    /// The agent of EKS Pod Identity, and a file with the token for it.
    Pod {
        url: Url,
        token_file: PathBuf,
    },
}

#[derive(Clone)]
pub(crate) enum AzureIdentity {
    Key(Secret),
    /// A shared access signature, which is the query of a URL.
    Sas(Secret),
    /// An identity that the platform proves by a token in a file.
    Workload {
        tenant: String,
        client: String,
        token_file: PathBuf,
        authority: Option<Url>,
    },
    Ambient,
}

#[derive(Clone)]
pub(crate) enum GcsIdentity {
    ServiceAccount {
        email: String,
        /// JSON that holds the key and nothing else. A key file could also name another server.
        key: Secret,
    },
    /// The file that `gcloud auth application-default login` writes.
    Person(PathBuf),
    Ambient,
}

impl Access {
    pub(crate) fn server(&self) -> Option<&Server> {
        match self {
            Self::S3(access) => Some(&access.server),
            Self::Azure(access) => Some(&access.server),
            Self::Gcs(access) => Some(&access.server),
            Self::Directory => None,
        }
    }

    /// The same credentials for a bucket that is in this region.
    pub(crate) fn in_region(&self, region: &Region) -> Self {
        let mut access = self.clone();
        if let Self::S3(s3) = &mut access {
            s3.region = region.clone();
        }
        access
    }

    /// The authority that the settings name, for every server of the app's own.
    pub(crate) fn ca_file(&self) -> Option<&Path> {
        self.server()?.ca_file.as_deref()
    }
}

impl S3Identity {
    /// Shows the last four characters of a key id. They tell keys apart, and nobody else can use them.
    pub(crate) fn key_hint(id: &Secret) -> &str {
        let id = id.expose();
        let start = id.char_indices().rev().nth(3).map_or(0, |(start, _)| start);
        if start > 0 { &id[start..] } else { "" }
    }
}
