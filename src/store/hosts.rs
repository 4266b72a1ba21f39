//! The hosts that requests may go to: no setting, redirect or metadata address of a cloud sends a credential
//! anywhere else.

use crate::config::{Access, AzureIdentity, GcsIdentity, S3Ambient, S3Identity};
use crate::prefix::BucketUrl;
use url::Url;

/// The hosts that serve a machine's own identity, by plain http.
const METADATA_HOSTS: [&str; 3] = [
    "169.254.169.254",
    "169.254.170.2",
    "metadata.google.internal",
];

/// With their ports, unless the port is the scheme's own.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts {
    pub(super) store: Vec<String>,
    pub(super) identity: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostRole {
    Store,
    /// The host issues tokens.
    Identity,
}

impl Hosts {
    pub(super) fn of(url: &BucketUrl, access: &Access) -> Self {
        let endpoint = access.server().and_then(|server| server.endpoint.as_ref());
        Self {
            store: endpoint.map_or_else(|| store_hosts(url, access), |url| vec![host_of(url)]),
            identity: identity_hosts(access),
        }
    }

    pub(super) fn role_of(&self, host: &str) -> Option<HostRole> {
        let is_one_of = |hosts: &[String]| hosts.iter().any(|allowed| allowed == host);
        match (is_one_of(&self.store), is_one_of(&self.identity)) {
            (true, _) => Some(HostRole::Store),
            (false, true) => Some(HostRole::Identity),
            (false, false) => None,
        }
    }
}

fn host_of(url: &Url) -> String {
    url.authority().to_owned()
}

/// The hosts of the provider itself.
fn store_hosts(url: &BucketUrl, access: &Access) -> Vec<String> {
    match access {
        Access::S3(access) => {
            let regional = format!("s3.{}.amazonaws.com", access.region);
            vec![format!("{}.{regional}", url.bucket), regional]
        }
        Access::Azure(access) => vec![format!("{}.blob.core.windows.net", access.account)],
        Access::Gcs(_) => vec!["storage.googleapis.com".to_owned()],
        Access::Directory => Vec::new(),
    }
}

/// The hosts that issue tokens for this identity. Keys sign for themselves.
fn identity_hosts(access: &Access) -> Vec<String> {
    let metadata = || METADATA_HOSTS.map(str::to_owned).to_vec();
    match access {
        Access::S3(access) => match &access.identity {
            S3Identity::Keys { .. } => Vec::new(),
            S3Identity::Web {
                service: Some(url), ..
            }
            | S3Identity::Ambient(S3Ambient::Pod { url, .. }) => vec![host_of(url)],
            S3Identity::Web { .. } => vec![format!("sts.{}.amazonaws.com", access.region)],
            S3Identity::Ambient(_) => metadata(),
        },
        Access::Azure(access) => match &access.identity {
            AzureIdentity::Key(_) | AzureIdentity::Sas(_) => Vec::new(),
            AzureIdentity::Workload {
                authority: Some(url),
                ..
            } => vec![host_of(url)],
            AzureIdentity::Workload { .. } => vec!["login.microsoftonline.com".to_owned()],
            AzureIdentity::Ambient => metadata(),
        },
        Access::Gcs(access) => match &access.identity {
            GcsIdentity::ServiceAccount { .. } => Vec::new(),
            GcsIdentity::Person(_) => vec!["accounts.google.com".to_owned()],
            GcsIdentity::Ambient => metadata(),
        },
        Access::Directory => Vec::new(),
    }
}
