//! Every kind of store behind one type: an app that publishes there, its public URL and its objects.

use super::azure::Container;
use super::gcs::Gcs;
use super::http::Answer;
use super::s3::Bucket;
use super::server;
use super::{Platform, tree};
use fs_err as fs;
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) struct TestStore {
    pub(crate) platform: Platform,
    /// The address of the store, which a proxy can replace. `None` for a directory.
    pub(crate) endpoint: Option<String>,
    pub(crate) objects: Box<dyn Fn() -> BTreeMap<String, Vec<u8>>>,
    /// The parts of the credentials that must not appear anywhere.
    pub(crate) secrets: Vec<String>,
}

impl TestStore {
    /// Makes an empty app that publishes to a store of its own. `None`, and logged as skipped, if there is no server.
    pub(crate) fn of(kind: &str) -> Option<Self> {
        let platform = Platform::empty();
        Some(match kind {
            "file" => Self::directory(platform),
            "s3" => Self::s3(platform, Bucket::create()?),
            "minio" | "versitygw" | "moto" | "rclone" => {
                let bucket = Bucket::on(kind)?;
                let url = format!("{}/{}/shop", bucket.cdn(), bucket.name);
                let store = Self::s3(platform, bucket);
                let platform = store.platform.env("STATIC_ASSETS_PUBLIC_URL", url);
                Self { platform, ..store }
            }
            "azure" => Self::azure(platform, Container::find()?),
            "azure_sas" => Self::azure_sas(platform, Container::find()?),
            "gcs" => Self::gcs(platform, Gcs::start()),
            other => panic!("no store is called {other}"),
        })
    }

    fn directory(platform: Platform) -> Self {
        let store = platform.path("store");
        fs::create_dir_all(&store).unwrap();
        let root = store.clone();
        let url = server::serve(move |request| {
            let (first, rest) = request.bucket_and_key();
            match fs::read(root.join(first).join(rest)) {
                Ok(body) => Answer::of(200, body),
                Err(_) => Answer::of(404, Vec::new()),
            }
        });
        Self {
            platform: platform
                .env("STATIC_ASSETS_STORE", format!("file://{}", store.display()))
                .env("STATIC_ASSETS_PUBLIC_URL", url),
            endpoint: None,
            objects: Box::new(move || files(&store)),
            secrets: Vec::new(),
        }
    }

    fn s3(platform: Platform, bucket: Bucket) -> Self {
        Self {
            platform: platform
                .env("STATIC_ASSETS_STORE", format!("s3://{}/shop", bucket.name))
                .env("STATIC_ASSETS_PUBLIC_URL", format!("{}/shop", bucket.url()))
                .env("STATIC_ASSETS_ENDPOINT_URL", &bucket.endpoint)
                .env("STATIC_ASSETS_ACCESS_KEY_ID", &bucket.key_id)
                .env("STATIC_ASSETS_SECRET_ACCESS_KEY", &bucket.secret),
            endpoint: Some(bucket.endpoint.clone()),
            secrets: vec![bucket.secret.clone()],
            objects: Box::new(move || bucket.objects()),
        }
    }

    fn publishing_to(platform: Platform, container: &Container) -> Platform {
        let Container { name, prefix, .. } = container;
        platform
            .env("STATIC_ASSETS_STORE", format!("az://{name}/{prefix}/shop"))
            .env(
                "STATIC_ASSETS_PUBLIC_URL",
                format!("{}/shop", container.url()),
            )
    }

    fn azure(platform: Platform, container: Container) -> Self {
        let connection = container.connection_string();
        Self {
            platform: Self::publishing_to(platform, &container)
                .env("AZURE_STORAGE_CONNECTION_STRING", connection),
            endpoint: Some(container.endpoint.clone()),
            secrets: vec![container.key.clone()],
            objects: Box::new(move || container.objects()),
        }
    }

    fn azure_sas(platform: Platform, container: Container) -> Self {
        let connection = format!(
            "BlobEndpoint={};AccountName={};SharedAccessSignature={}",
            container.endpoint, container.account, container.sas
        );
        Self {
            platform: Self::publishing_to(platform, &container)
                .env("AZURE_STORAGE_CONNECTION_STRING", connection),
            endpoint: Some(container.endpoint.clone()),
            secrets: vec![container.sas.clone()],
            objects: Box::new(move || container.objects()),
        }
    }

    fn gcs(platform: Platform, gcs: Gcs) -> Self {
        Self {
            platform: platform
                .env("STATIC_ASSETS_STORE", format!("gs://{}/shop", gcs.bucket))
                .env(
                    "STATIC_ASSETS_PUBLIC_URL",
                    format!("{}/shop", gcs.public_url()),
                )
                .env("STATIC_ASSETS_ENDPOINT_URL", &gcs.url)
                .env("GOOGLE_SERVICE_ACCOUNT_KEY", Gcs::credentials()),
            endpoint: Some(gcs.url.clone()),
            // A line of the private key.
            secrets: Gcs::credentials()
                .split("\\n")
                .nth(2)
                .map(str::to_owned)
                .into_iter()
                .collect(),
            objects: Box::new(move || gcs.objects()),
        }
    }
}

fn files(store: &Path) -> BTreeMap<String, Vec<u8>> {
    let is_object = |key: &String| !key.starts_with(".static-assets/staging/");
    tree(store)
        .into_iter()
        .filter(|(key, _)| is_object(key))
        .collect()
}
