//! The HTTP clients below `object_store`, with the certificate authorities they trust.

use super::StoreError;
use crate::config::{Access, Server};
use object_store::client::{HttpClient, HttpRequest};
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
        let authorities = match access.server() {
            Some(server) => authorities(server)?,
            None => Vec::new(),
        };
        let client = || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .connect_timeout(Duration::from_secs(5))
                .tls_certs_merge(authorities.clone())
                .user_agent(concat!("static-assets/", env!("CARGO_PKG_VERSION")))
        };
        let build = |client: reqwest::ClientBuilder| client.build().map(HttpClient::new);
        Ok(Self {
            https: build(client()).map_err(StoreError::internal)?,
            plain: build(client().no_proxy()).map_err(StoreError::internal)?,
        })
    }

    pub(super) fn client(&self, request: &HttpRequest) -> &HttpClient {
        match request.uri().scheme_str() {
            Some("https") => &self.https,
            _ => &self.plain,
        }
    }
}

fn authorities(server: &Server) -> Result<Vec<reqwest::Certificate>, StoreError> {
    let is_https = |endpoint: &Url| endpoint.scheme() == "https";
    match &server.ca_file {
        Some(file) => reqwest::Certificate::from_pem_bundle(&fs_err::read(file)?)
            .map_err(StoreError::internal),
        None if server.endpoint.as_ref().is_none_or(is_https)
            && load_native_certs().certs.is_empty() =>
        {
            Err(StoreError::NoCertificateAuthorities)
        }
        None => Ok(Vec::new()),
    }
}
