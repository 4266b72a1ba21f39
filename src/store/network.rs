//! The HTTP clients below `object_store`, with the certificate authorities they trust.

use super::StoreError;
use crate::config::{Access, Server};
use object_store::client::{HttpClient, HttpRequest};
use reqwest::Certificate;
use rustls_native_certs::load_native_certs;
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
    pub(super) fn of(access: &Access) -> Result<Self, StoreError> {
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

fn authorities(server: &Server) -> Result<Vec<Certificate>, StoreError> {
    let is_https = |endpoint: &Url| endpoint.scheme() == "https";
    match &server.ca_file {
        Some(file) => Ok(Certificate::from_pem_bundle(&fs_err::read(file)?)?),
        None if server.endpoint.as_ref().is_none_or(is_https)
            && load_native_certs().certs.is_empty() =>
        {
            Err(StoreError::NoCertificateAuthorities)
        }
        None => Ok(Vec::new()),
    }
}
