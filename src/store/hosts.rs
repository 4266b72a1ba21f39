//! The hosts that requests may go to: no setting, redirect or metadata address of a cloud sends a credential
//! anywhere else.

use crate::config::{Access, AzureIdentity, GcsIdentity, S3Ambient, S3Identity};
use crate::prefix::BucketUrl;
use std::collections::BTreeMap;
use url::Url;

/// The hosts that serve a machine's own identity, by plain http.
const METADATA_HOSTS: [&str; 3] = [
    "169.254.169.254",
    "169.254.170.2",
    "metadata.google.internal",
];

/// By name, with a port unless it is the scheme's own.
#[derive(Clone, Debug)]
pub(super) struct Hosts(pub(super) BTreeMap<String, HostRole>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostRole {
    Store,
    /// The host issues tokens.
    Identity,
}

impl Hosts {
    pub(super) fn of(url: &BucketUrl, access: &Access) -> Self {
        let endpoint = access.server().and_then(|server| server.endpoint.as_ref());
        let store = endpoint.map_or_else(|| store_hosts(url, access), |url| vec![host_of(url)]);
        let store = store.into_iter().map(|host| (host, HostRole::Store));
        let identity = identity_hosts(access).into_iter();
        let identity = identity.map(|host| (host, HostRole::Identity));
        // A host that is both counts as the store.
        Self(identity.chain(store).collect())
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
