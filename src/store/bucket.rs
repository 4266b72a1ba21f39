//! A bucket: owns the runtime; the calling thread waits, reports and listens.

use super::dialect;
use super::progress::{Done, Progress};
use super::protocol::Protocol;
use super::transport::{Requests, Route, Transport};
use super::{RunLabel, StoreError};
use crate::config::S3Access;
use crate::interrupt::Interrupt;
use crate::plan::Summary;
use crate::prefix::StoreUrl;
use crate::release::Release;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{ClientOptions, RetryConfig};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const LOOK: Duration = Duration::from_millis(100);
/// A run ends within this time or gives up: no prune looks at younger refs.
const LONGEST_RUN: Duration = Duration::from_hours(6);

pub(crate) struct Bucket {
    runtime: Runtime,
    url: StoreUrl,
    client: Arc<AmazonS3>,
    requests: Requests,
}

impl Bucket {
    pub(super) fn open(url: StoreUrl, access: &S3Access) -> Result<Self, StoreError> {
        // Fails only when a provider is installed already, which then is this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(StoreError::Runtime)?;
        let requests = Requests::default();
        let client = {
            let _inside = runtime.enter();
            client(&url, access, &requests)?
        };
        Ok(Self {
            runtime,
            url,
            client: Arc::new(client),
            requests,
        })
    }

    pub(super) fn publish(
        &self,
        release: &Arc<Release>,
        label: &RunLabel,
        interrupt: &Interrupt,
        tick: &mut dyn FnMut(Progress),
    ) -> Result<Summary, StoreError> {
        let start = Instant::now();
        let before = self.requests.count();
        let done = Arc::new(Done::default());
        let protocol = Protocol::new(
            self.client.clone(),
            self.url.clone(),
            release.clone(),
            (dialect::S3, done.clone()),
        )?;
        let label = label.clone();
        let (sender, receiver) = mpsc::channel();
        let task = self.runtime.spawn(async move {
            // The receiver is gone only when the run was given up.
            let _ = sender.send(protocol.publish(&label).await);
        });
        let summary = loop {
            match receiver.recv_timeout(LOOK) {
                Ok(result) => break result?,
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return Err(StoreError::Client("the upload stopped".to_owned()));
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    tick(done.progress(start.elapsed()));
                    if interrupt.is_raised() {
                        task.abort();
                        return Err(StoreError::Interrupted);
                    }
                    if start.elapsed() > LONGEST_RUN {
                        task.abort();
                        return Err(StoreError::TooLong);
                    }
                }
            }
        };
        Ok(Summary {
            requests: self.requests.count() - before,
            duration: start.elapsed(),
            ..summary
        })
    }
}

/// Never `from_env()` or `parse_url_opts`: they take unprefixed names, run other programs and fall
/// back to the machine's own identity.
fn client(url: &StoreUrl, access: &S3Access, requests: &Requests) -> Result<AmazonS3, StoreError> {
    let StoreUrl::S3 { bucket, .. } = url else {
        return Err(StoreError::Client("not a bucket".to_owned()));
    };
    let mut options = ClientOptions::new();
    let authorities = match &access.ca_file {
        Some(file) => reqwest::Certificate::from_pem_bundle(&fs_err::read(file)?)
            .map_err(|error| StoreError::Client(error.to_string()))?,
        None => Vec::new(),
    };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&access.region)
        .with_access_key_id(access.key_id.expose())
        .with_secret_access_key(access.secret_key.expose())
        .with_retry(RetryConfig {
            max_retries: 0,
            ..RetryConfig::default()
        });
    if let Some(token) = &access.session_token {
        builder = builder.with_token(token.expose());
    }
    let hosts = if let Some(endpoint) = &access.endpoint {
        options = options.with_allow_http(endpoint.scheme() == "http");
        builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
        vec![endpoint.host_str().unwrap_or_default().to_owned()]
    } else {
        let regional = format!("s3.{}.amazonaws.com", access.region);
        vec![format!("{bucket}.{regional}"), regional]
    };
    let route = match &access.endpoint {
        Some(endpoint) if endpoint.scheme() == "http" => Route::Direct,
        _ => Route::ByProxy,
    };
    let transport = Transport::to(hosts, authorities, requests.clone(), route)
        .map_err(|error| StoreError::Client(error.to_string()))?;
    builder
        .with_client_options(options)
        .with_http_connector(transport)
        .build()
        .map_err(|error| client_error(&error))
}

fn client_error(error: &object_store::Error) -> StoreError {
    StoreError::Client(error.to_string())
}
