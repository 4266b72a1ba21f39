//! The HTTP clients below `object_store`, with the certificate authorities they trust, and the hosts that they may
//! ask: no setting, redirect or metadata address of a cloud sends a credential anywhere else.

use super::{StoreError, StoreResult};
use crate::config::{Access, AzureIdentity, GcsIdentity, S3Ambient, S3Identity, Server};
use crate::prefix::BucketUrl;
use object_store::client::{HttpClient, HttpRequest};
use reqwest::Certificate;
use rustls_native_certs::load_native_certs;
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

#[derive(Clone, Debug)]
pub(super) struct Network {
    /// Goes through the proxy that the environment names, if any.
    pub(super) https: HttpClient,
    /// Never goes through a proxy, which would read the credentials.
    pub(super) plain: HttpClient,
}

impl Network {
    /// `object_store`'s own client would follow redirects past every guard.
    pub(super) fn of(access: &Access) -> StoreResult<Self> {
        // Fails only if a provider is installed already, which then is this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let authorities = access.server().map(authorities).transpose()?;
        let authorities = authorities.unwrap_or_default();
        let client = || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .connect_timeout(Duration::from_secs(5))
                .tls_certs_merge(authorities.clone())
                .user_agent(concat!("static-assets/", env!("CARGO_PKG_VERSION")))
        };
        Ok(Self {
            https: HttpClient::new(client().build()?),
            plain: HttpClient::new(client().no_proxy().build()?),
        })
    }

    pub(super) fn client(&self, request: &HttpRequest) -> &HttpClient {
        match request.uri().scheme_str() {
            Some("https") => &self.https,
            _ => &self.plain,
        }
    }
}

fn authorities(server: &Server) -> StoreResult<Vec<Certificate>> {
    if let Some(file) = &server.ca_file {
        return Ok(Certificate::from_pem_bundle(&fs_err::read(file)?)?);
    }
    let is_https = |endpoint: &Url| endpoint.scheme() == "https";
    if server.endpoint.as_ref().is_none_or(is_https) && load_native_certs().certs.is_empty() {
        return Err(StoreError::NoCertificateAuthorities);
    }
    Ok(Vec::new())
}

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

fn store_hosts(url: &BucketUrl, access: &Access) -> Vec<String> {
    match access {
        Access::S3(access) => {
            let regional = format!("s3.{}.amazonaws.com", access.region.name());
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
            S3Identity::Web { service, .. } => {
                let regional = || format!("sts.{}.amazonaws.com", access.region.name());
                vec![service.as_ref().map_or_else(regional, host_of)]
            }
            S3Identity::Ambient(S3Ambient::Pod { url, .. }) => vec![host_of(url)],
            S3Identity::Ambient(_) => metadata(),
        },
        Access::Azure(access) => match &access.identity {
            AzureIdentity::Key(_) | AzureIdentity::Sas(_) => Vec::new(),
            AzureIdentity::Workload { authority, .. } => {
                let public = || "login.microsoftonline.com".to_owned();
                vec![authority.as_ref().map_or_else(public, host_of)]
            }
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
