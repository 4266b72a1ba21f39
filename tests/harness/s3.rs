//! A bucket of the test's own on the S3 server (`SeaweedFS`) that `script/services` starts.

use super::http::Answer;
use super::{Platform, http, random_name, server, skipped, variable};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::signer::Signer;
use object_store::{Attribute, ObjectStore, ObjectStoreExt};
use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

#[derive(Clone)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) endpoint: String,
    pub(crate) key_id: String,
    pub(crate) secret: String,
}

impl Bucket {
    /// `None`, and logged as skipped, if no server is up.
    pub(crate) fn create() -> Option<Self> {
        Self::named("test-")
    }

    /// Makes a bucket that can't be read without a key.
    pub(crate) fn private() -> Option<Self> {
        Self::named("private-")
    }

    fn named(kind: &str) -> Option<Self> {
        let Some(endpoint) = variable("STATIC_ASSETS_TEST_S3_ENDPOINT") else {
            skipped("no S3 server is up (script/services -- cargo test)");
            return None;
        };
        Some(Self::at(endpoint, kind))
    }

    /// Makes a bucket on another server, which takes the same key.
    pub(crate) fn on(server: &str) -> Option<Self> {
        let name = format!("STATIC_ASSETS_TEST_{}_ENDPOINT", server.to_uppercase());
        let Some(endpoint) = variable(&name) else {
            skipped(&format!("no {server} is up (script/test conformance)"));
            return None;
        };
        Some(Self::at(endpoint, "test-"))
    }

    fn at(endpoint: String, kind: &str) -> Self {
        let bucket = Self {
            name: random_name(kind),
            endpoint,
            key_id: variable("STATIC_ASSETS_TEST_S3_KEY_ID").unwrap(),
            secret: variable("STATIC_ASSETS_TEST_S3_SECRET").unwrap(),
        };
        let signed = run(bucket.client().signed_url(
            reqwest::Method::PUT,
            &Path::default(),
            Duration::from_mins(1),
        ))
        .unwrap();
        let created = http::request("PUT", signed.as_str());
        assert_eq!(created.status, 200, "{}", created.text());
        bucket
    }

    /// Serves the objects as a CDN does that has a key of the bucket, and returns the URL.
    pub(crate) fn cdn(&self) -> String {
        let bucket = self.clone();
        server::serve(move |request| {
            let (_, key) = request.bucket_and_key();
            run(bucket.answer(&key)).unwrap_or_else(|| Answer::of(404, Vec::new()))
        })
    }

    async fn answer(&self, key: &str) -> Option<Answer> {
        let object = self.client().get(&Path::parse(key).ok()?).await.ok()?;
        let header = |name| Some(object.attributes.get(&name)?.as_ref().to_owned());
        let (kind, cache) = (
            header(Attribute::ContentType)?,
            header(Attribute::CacheControl)?,
        );
        let encoding = header(Attribute::ContentEncoding);
        let mut answer = Answer::of(200, object.bytes().await.ok()?.to_vec());
        let headers = [("content-type", kind), ("cache-control", cache)];
        let encoding = encoding.map(|encoding| ("content-encoding", encoding));
        let headers = headers.into_iter().chain(encoding);
        let headers = headers.map(|(name, value)| (name.to_owned(), value));
        answer.headers.extend(headers);
        Some(answer)
    }

    fn client(&self) -> AmazonS3 {
        let _ = rustls::crypto::ring::default_provider().install_default();
        AmazonS3Builder::new()
            .with_endpoint(&self.endpoint)
            .with_allow_http(true)
            .with_bucket_name(&self.name)
            .with_region("us-east-1")
            .with_access_key_id(&self.key_id)
            .with_secret_access_key(&self.secret)
            .build()
            .unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/{}", self.endpoint, self.name)
    }

    /// Returns every object by its key.
    pub(crate) fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        let client = self.client();
        run(async {
            let listed = list(&client).await;
            let mut objects = BTreeMap::new();
            for key in listed {
                // SeaweedFS also lists the directories of its file system.
                if let Ok(object) = client.get(&key).await {
                    let body = object.bytes().await.unwrap();
                    objects.insert(key.to_string(), body.to_vec());
                }
            }
            objects
        })
    }

    pub(crate) fn put(&self, key: &str, body: &str) {
        run(self
            .client()
            .put(&Path::parse(key).unwrap(), body.to_owned().into()))
        .unwrap();
    }

    pub(crate) fn delete(&self, key: &str) {
        run(self.client().delete(&Path::parse(key).unwrap())).unwrap();
    }
}

async fn list(client: &AmazonS3) -> Vec<Path> {
    let mut keys = Vec::new();
    let mut prefixes = vec![Path::default()];
    while let Some(prefix) = prefixes.pop() {
        let page = client.list_with_delimiter(Some(&prefix)).await.unwrap();
        keys.extend(page.objects.into_iter().map(|object| object.location));
        prefixes.extend(page.common_prefixes);
    }
    keys
}

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

impl Platform {
    /// Sets the bucket as store. Browsers read it from the server.
    pub(crate) fn s3_store(self, bucket: &Bucket) -> Self {
        self.s3_store_at(bucket, &bucket.endpoint)
    }

    /// Sets the bucket as store, reached through another address such as a proxy's.
    pub(crate) fn s3_store_at(self, bucket: &Bucket, endpoint: &str) -> Self {
        self.env("STATIC_ASSETS_STORE", format!("s3://{}/shop", bucket.name))
            .env("STATIC_ASSETS_PUBLIC_URL", format!("{}/shop", bucket.url()))
            .env("STATIC_ASSETS_ENDPOINT_URL", endpoint)
            .env("STATIC_ASSETS_ACCESS_KEY_ID", &bucket.key_id)
            .env("STATIC_ASSETS_SECRET_ACCESS_KEY", &bucket.secret)
    }
}
