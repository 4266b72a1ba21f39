//! The clients of `object_store`, with each setting named: their own readers of the environment take unprefixed
//! names, run other programs and fall back to the machine's identity.

use super::transport::Transport;
use super::{StoreError, StoreResult};
use crate::config::{
    Access, AzureAccess, AzureIdentity, GcsAccess, GcsIdentity, S3Access, S3Ambient, S3Identity,
    Server,
};
use crate::prefix::BucketUrl;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, Checksum};
use object_store::azure::{AzureConfigKey, MicrosoftAzure, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorage, GoogleCloudStorageBuilder};
use object_store::list::PaginatedListStore;
use object_store::{ClientOptions, ObjectStore, Result, RetryConfig};
use std::mem::take;
use std::sync::Arc;
use url::Url;

/// What the protocol asks of a client.
pub(super) trait Remote: ObjectStore + PaginatedListStore {}

impl<T: ObjectStore + PaginatedListStore> Remote for T {}

/// How a client of S3 deletes. Those of the other stores have one way each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Deletes {
    /// One request for each object, whose answer names the cause if it fails.
    Single,
    /// One request for many objects. Not every server knows it.
    Bulk,
}

pub(super) fn connect(
    url: &BucketUrl,
    access: &Access,
    deletes: Deletes,
    transport: Transport,
) -> StoreResult<Arc<dyn Remote>> {
    let bucket = &url.bucket;
    let remote: Result<Arc<dyn Remote>> = match access {
        Access::S3(access) => s3(bucket, access, deletes, transport).map(|it| Arc::new(it) as _),
        Access::Azure(access) => azure(bucket, access, transport).map(|it| Arc::new(it) as _),
        Access::Gcs(access) => gcs(bucket, access, transport).map(|it| Arc::new(it) as _),
        Access::Directory => return Err("not a bucket".into()),
    };
    remote.map_err(|error| StoreError::MalformedCredentials(error.to_string()))
}

/// `retry.rs` says why these are off.
fn no_retries() -> RetryConfig {
    RetryConfig {
        max_retries: 0,
        ..RetryConfig::default()
    }
}

fn options(server: &Server) -> ClientOptions {
    let is_plain = |endpoint: &Url| endpoint.scheme() == "http";
    ClientOptions::new().with_allow_http(server.endpoint.as_ref().is_some_and(is_plain))
}

fn without_slash(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

fn s3(bucket: &str, access: &S3Access, deletes: Deletes, transport: Transport) -> Result<AmazonS3> {
    use AmazonS3ConfigKey as Key;
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(access.region.name())
        .with_retry(no_retries())
        .with_client_options(options(&access.server))
        .with_http_connector(transport);
    builder = match &access.server.endpoint {
        Some(endpoint) => builder.with_endpoint(without_slash(endpoint)),
        // Buckets with Object Lock take no upload without a checksum; other servers may not know it.
        None => builder.with_checksum_algorithm(Checksum::SHA256),
    };
    let mut set = |key, value: &str| builder = take(&mut builder).with_config(key, value);
    let is_single = deletes == Deletes::Single;
    set(Key::DisableBulkDelete, &is_single.to_string());
    match &access.identity {
        S3Identity::Keys { id, secret, token } => {
            set(Key::AccessKeyId, id.expose());
            set(Key::SecretAccessKey, secret.expose());
            if let Some(token) = token {
                set(Key::Token, token.expose());
            }
        }
        S3Identity::Web {
            token_file,
            role,
            session,
            service,
        } => {
            let session = session.as_deref().unwrap_or("static-assets");
            set(Key::WebIdentityTokenFile, &token_file.to_string_lossy());
            set(Key::RoleArn, role);
            set(Key::RoleSessionName, session);
            if let Some(service) = service {
                set(Key::StsEndpoint, without_slash(service));
            }
        }
        S3Identity::Ambient(S3Ambient::Machine) => {}
        S3Identity::Ambient(S3Ambient::Task(path)) => {
            set(Key::ContainerCredentialsRelativeUri, path);
        }
        S3Identity::Ambient(S3Ambient::Pod { url, token_file }) => {
            let token_file = token_file.to_string_lossy();
            set(Key::ContainerCredentialsFullUri, url.as_str());
            set(Key::ContainerAuthorizationTokenFile, &token_file);
        }
    }
    builder.build()
}

fn azure(bucket: &str, access: &AzureAccess, transport: Transport) -> Result<MicrosoftAzure> {
    let mut builder = MicrosoftAzureBuilder::new()
        .with_account(&access.account)
        .with_container_name(bucket)
        .with_retry(no_retries())
        .with_client_options(options(&access.server))
        .with_http_connector(transport);
    if let Some(endpoint) = &access.server.endpoint {
        builder = builder.with_endpoint(without_slash(endpoint).to_owned());
    }
    let (builder, credential_type) = match &access.identity {
        AzureIdentity::Key(key) => (builder.with_access_key(key.expose()), "access_key"),
        AzureIdentity::Sas(query) => {
            let builder = builder.with_config(AzureConfigKey::SasKey, query.expose());
            (builder, "sas_token")
        }
        AzureIdentity::Workload {
            tenant,
            client,
            token_file,
            authority,
        } => {
            if let Some(url) = authority {
                builder = builder.with_authority_host(without_slash(url));
            }
            let builder = builder.with_tenant_id(tenant).with_client_id(client);
            let builder = builder.with_federated_token_file(token_file.to_string_lossy());
            (builder, "workload_identity")
        }
        AzureIdentity::Ambient => (builder, "managed_identity"),
    };
    builder.with_credential_type(credential_type).build()
}

fn gcs(bucket: &str, access: &GcsAccess, transport: Transport) -> Result<GoogleCloudStorage> {
    let mut builder = GoogleCloudStorageBuilder::new()
        .with_bucket_name(bucket)
        .with_retry(no_retries())
        .with_client_options(options(&access.server))
        .with_http_connector(transport);
    if let Some(endpoint) = &access.server.endpoint {
        builder = builder.with_base_url(without_slash(endpoint));
    }
    match &access.identity {
        GcsIdentity::ServiceAccount { key, .. } => builder.with_service_account_key(key.expose()),
        GcsIdentity::Person(file) => builder.with_application_credentials(file.to_string_lossy()),
        GcsIdentity::Ambient => builder,
    }
    .build()
}
