//! `object_store`'s clients, each setting named: their own readers of the environment take unprefixed
//! names, run other programs and fall back to the machine's identity.

use super::StoreError;
use super::limiter::Limiter;
use super::transport::{Counter, Hosts, Network, Transport};
use crate::config::{
    Access, AzureAccess, AzureIdentity, GcsAccess, GcsIdentity, S3Access, S3Ambient, S3Identity,
    Server,
};
use crate::prefix::BucketUrl;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, Checksum};
use object_store::azure::{AzureConfigKey, MicrosoftAzure, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder};
use object_store::list::PaginatedListStore;
use object_store::{ClientOptions, ObjectStore, RetryConfig};
use rustls_native_certs::load_native_certs;
use std::path::Path;
use std::sync::Arc;
use url::Url;

/// What the protocol asks of a client.
pub(super) trait Remote: ObjectStore + PaginatedListStore {}

impl<T: ObjectStore + PaginatedListStore> Remote for T {}

/// Machines' own identities are served here, by plain http.
const METADATA_HOSTS: [&str; 3] = [
    "169.254.169.254",
    "169.254.170.2",
    "metadata.google.internal",
];

/// By the network.
pub(super) fn network(access: &Access) -> Result<Network, StoreError> {
    // Fails only when a provider is installed already, which then is this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = access
        .server()
        .ok_or_else(|| StoreError::Client("not a bucket".to_owned()))?;
    Network::new(&authorities(server)?).map_err(|error| StoreError::Client(error.to_string()))
}

pub(super) fn remote(
    url: &BucketUrl,
    access: &Access,
    network: Network,
    (counter, limiter): (&Arc<Counter>, &Arc<Limiter>),
) -> Result<Arc<dyn Remote>, StoreError> {
    let transport = Transport {
        network,
        hosts: hosts(url, access),
        counter: counter.clone(),
        limiter: limiter.clone(),
    };
    let remote: object_store::Result<Arc<dyn Remote>> = match access {
        Access::S3(access) => s3(url, access, transport).map(|it| Arc::new(it) as _),
        Access::Azure(access) => azure(url, access, transport).map(|it| Arc::new(it) as _),
        Access::Gcs(access) => gcs(url, access, transport).map(|it| Arc::new(it) as _),
        Access::Directory => return Err(StoreError::Client("not a bucket".to_owned())),
    };
    remote.map_err(|error| StoreError::MalformedCredentials(error.to_string()))
}

fn authorities(server: &Server) -> Result<Vec<reqwest::Certificate>, StoreError> {
    match &server.ca_file {
        Some(file) => reqwest::Certificate::from_pem_bundle(&fs_err::read(file)?)
            .map_err(|error| StoreError::Client(error.to_string())),
        None if is_by_https(server) && load_native_certs().certs.is_empty() => {
            Err(StoreError::NoCertificateAuthorities)
        }
        None => Ok(Vec::new()),
    }
}

fn is_by_https(server: &Server) -> bool {
    let endpoint = server.endpoint.as_ref();
    endpoint.is_none_or(|endpoint| endpoint.scheme() == "https")
}

fn hosts(url: &BucketUrl, access: &Access) -> Hosts {
    let host = |url: &Url| url.authority().to_owned();
    let endpoint = access.server().and_then(|server| server.endpoint.as_ref());
    let bucket = &url.bucket;
    let (own, identity) = match access {
        Access::S3(access) => {
            let regional = format!("s3.{}.amazonaws.com", access.region);
            let own = vec![format!("{bucket}.{regional}"), regional];
            let identity = match &access.identity {
                S3Identity::Keys { .. } => Vec::new(),
                S3Identity::Web { service, .. } => vec![
                    service
                        .as_ref()
                        .map_or_else(|| format!("sts.{}.amazonaws.com", access.region), host),
                ],
                S3Identity::Ambient(S3Ambient::Pod { url, .. }) => vec![host(url)],
                S3Identity::Ambient(_) => METADATA_HOSTS.map(str::to_owned).to_vec(),
            };
            (own, identity)
        }
        Access::Azure(access) => {
            let identity = match &access.identity {
                AzureIdentity::Key(_) | AzureIdentity::Sas(_) => Vec::new(),
                AzureIdentity::Workload { authority, .. } => vec![
                    authority
                        .as_ref()
                        .map_or_else(|| "login.microsoftonline.com".to_owned(), host),
                ],
                AzureIdentity::Ambient => METADATA_HOSTS.map(str::to_owned).to_vec(),
            };
            let own = format!("{}.blob.core.windows.net", access.account);
            (vec![own], identity)
        }
        Access::Gcs(access) => {
            let identity = match &access.identity {
                // Signs its own tokens.
                GcsIdentity::ServiceAccount { .. } => Vec::new(),
                GcsIdentity::Person(_) => vec!["accounts.google.com".to_owned()],
                GcsIdentity::Ambient => METADATA_HOSTS.map(str::to_owned).to_vec(),
            };
            (vec!["storage.googleapis.com".to_owned()], identity)
        }
        Access::Directory => (Vec::new(), Vec::new()),
    };
    Hosts {
        store: endpoint.map_or(own, |endpoint| vec![host(endpoint)]),
        identity,
    }
}

/// Off: it reports a create whose answer was lost as a conflict, and repeats what a store will never do.
fn no_retry() -> RetryConfig {
    RetryConfig {
        max_retries: 0,
        ..RetryConfig::default()
    }
}

fn options(server: &Server) -> ClientOptions {
    let is_plain = |endpoint: &Url| endpoint.scheme() == "http";
    ClientOptions::new().with_allow_http(server.endpoint.as_ref().is_some_and(is_plain))
}

fn endpoint(server: &Server) -> Option<&str> {
    let endpoint = server.endpoint.as_ref()?;
    Some(endpoint.as_str().trim_end_matches('/'))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn s3(url: &BucketUrl, access: &S3Access, transport: Transport) -> object_store::Result<AmazonS3> {
    use AmazonS3ConfigKey as Key;
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&url.bucket)
        .with_region(&access.region)
        .with_retry(no_retry())
        .with_client_options(options(&access.server))
        .with_http_connector(transport);
    builder = match endpoint(&access.server) {
        Some(endpoint) => builder.with_endpoint(endpoint),
        // Buckets with Object Lock take no put without a checksum; other servers may not know it.
        None => builder.with_checksum_algorithm(Checksum::SHA256),
    };
    builder = match &access.identity {
        S3Identity::Keys { id, secret, token } => {
            builder = builder
                .with_access_key_id(id.expose())
                .with_secret_access_key(secret.expose());
            match token {
                Some(token) => builder.with_token(token.expose()),
                None => builder,
            }
        }
        S3Identity::Web {
            token_file,
            role,
            session,
            service,
        } => {
            let session = session.as_deref().unwrap_or("static-assets");
            builder = builder
                .with_config(Key::WebIdentityTokenFile, text(token_file))
                .with_config(Key::RoleArn, role)
                .with_config(Key::RoleSessionName, session);
            match service {
                Some(service) => {
                    builder.with_config(Key::StsEndpoint, service.as_str().trim_end_matches('/'))
                }
                None => builder,
            }
        }
        S3Identity::Ambient(S3Ambient::Machine) => builder,
        S3Identity::Ambient(S3Ambient::Task(path)) => {
            builder.with_config(Key::ContainerCredentialsRelativeUri, path)
        }
        S3Identity::Ambient(S3Ambient::Pod { url, token_file }) => builder
            .with_config(Key::ContainerCredentialsFullUri, url.as_str())
            .with_config(Key::ContainerAuthorizationTokenFile, text(token_file)),
    };
    builder.build()
}

fn azure(
    url: &BucketUrl,
    access: &AzureAccess,
    transport: Transport,
) -> object_store::Result<MicrosoftAzure> {
    use AzureConfigKey as Key;
    let mut builder = MicrosoftAzureBuilder::new()
        .with_account(&access.account)
        .with_container_name(&url.bucket)
        .with_retry(no_retry())
        .with_client_options(options(&access.server))
        .with_http_connector(transport);
    if let Some(endpoint) = endpoint(&access.server) {
        builder = builder.with_endpoint(endpoint.to_owned());
    }
    builder = match &access.identity {
        AzureIdentity::Key(key) => builder
            .with_access_key(key.expose())
            .with_credential_type("access_key"),
        AzureIdentity::Sas(query) => builder
            .with_config(Key::SasKey, query.expose())
            .with_credential_type("sas_token"),
        AzureIdentity::Workload {
            tenant,
            client,
            token_file,
            authority,
        } => {
            builder = builder
                .with_tenant_id(tenant)
                .with_client_id(client)
                .with_federated_token_file(text(token_file))
                .with_credential_type("workload_identity");
            match authority {
                Some(url) => builder.with_authority_host(url.as_str().trim_end_matches('/')),
                None => builder,
            }
        }
        AzureIdentity::Ambient => builder.with_credential_type("managed_identity"),
    };
    builder.build()
}

fn gcs(
    url: &BucketUrl,
    access: &GcsAccess,
    transport: Transport,
) -> object_store::Result<GoogleCloudStorage> {
    let mut builder = GoogleCloudStorageBuilder::new()
        .with_bucket_name(&url.bucket)
        .with_retry(no_retry())
        .with_client_options(options(&access.server))
        .with_http_connector(transport);
    if let Some(endpoint) = endpoint(&access.server) {
        builder = builder.with_base_url(endpoint);
    }
    builder = match &access.identity {
        GcsIdentity::ServiceAccount { key, .. } => builder.with_service_account_key(key.expose()),
        GcsIdentity::Person(file) => builder.with_application_credentials(text(file)),
        GcsIdentity::Ambient => builder,
    };
    builder.build()
}
