//! A release, a store for it, and what must hold for both whatever happens.

use super::fake::{BUCKET, Fake, FakeState};
use crate::manifest::{Marker, of_json};
use crate::message::Explain;
use crate::plan::Summary;
use crate::prefix::{BucketUrl, Site, StoreUrl};
use crate::release::{Release, release_of};
use crate::sha256::Sha256;
use crate::store::client::{Deletes, Remote};
use crate::store::clients::Clients;
use crate::store::limiter::Limiter;
use crate::store::network::{HostRole, Hosts};
use crate::store::objects::Objects;
use crate::store::protocol::Protocol;
use crate::store::provider::Provider;
use crate::store::transport::Transport;
use crate::store::{FailedRequest, RequestError, RunLabel, Shared, StoreError};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::{ClientOptions, PutMode, RetryConfig};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Parts of every credential, which nothing that is logged or stored may hold.
pub(super) const CANARIES: [&str; 3] = [
    "canaryKeyIdQ7XA",
    "canary-secret-access-key",
    "canary-session-token",
];

pub(super) fn bucket() -> BucketUrl {
    match format!("s3://{BUCKET}/shop").parse().unwrap() {
        StoreUrl::Bucket(bucket) => bucket,
        StoreUrl::File(_) => panic!("not a bucket"),
    }
}

/// The files of one build.
pub(super) struct Build {
    pub(super) files: TempDir,
    pub(super) release: Arc<Release>,
    expected: OnceCell<BTreeMap<String, Vec<u8>>>,
}

impl Build {
    pub(super) fn uploaded_from(&self, path: &str) -> PathBuf {
        self.files.path().join(super::UPLOADED_FROM).join(path)
    }

    pub(super) fn of(files: &[(&str, &[u8])], version: Option<&str>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let file = dir.path().join(path);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, content).unwrap();
        }
        let release = release(dir.path(), version);
        Self {
            files: dir,
            release,
            expected: OnceCell::new(),
        }
    }

    /// Three files that hold `content`.
    pub(super) fn with(content: &str, version: Option<&str>) -> Self {
        let files = ["a.css", "b/c.js", "d.svg"].map(|path| {
            let content = format!("{path} of {content}");
            (path, content)
        });
        let files = files
            .each_ref()
            .map(|(path, content)| (*path, content.as_bytes()));
        Self::of(&files, version)
    }

    pub(super) async fn publish(&self, fake: &Fake) -> Result<Summary, StoreError> {
        protocol(fake, &self.release).publish(&label()).await
    }

    /// The objects that an undisturbed run leaves.
    pub(super) async fn expected(&self) -> &BTreeMap<String, Vec<u8>> {
        self.expected
            .get_or_init(|| async {
                let fake = Fake::new();
                self.publish(&fake).await.unwrap();
                fake.objects()
            })
            .await
    }

    /// Publishes and fails; the error must hold no credential.
    pub(super) async fn failure(&self, fake: &Fake) -> StoreError {
        let error = self.publish(fake).await.expect_err("nothing failed");
        let shown = format!("{error:?}\n{}", error.explain());
        for canary in CANARIES {
            assert!(!shown.contains(canary), "{shown}");
        }
        error
    }
}

fn release(dir: &Path, version: Option<&str>) -> Arc<Release> {
    let site = Site {
        store: StoreUrl::Bucket(bucket()),
        public: "https://static.example.com/".parse().unwrap(),
    };
    Arc::new(super::uploaded(release_of(dir, &site, version), dir))
}

pub(super) fn label() -> RunLabel {
    RunLabel {
        group: "default".to_owned(),
        commit: None,
    }
}

pub(super) fn protocol(fake: &Fake, release: &Arc<Release>) -> Arc<Protocol> {
    let hosts = Hosts([("127.0.0.1:9".to_owned(), HostRole::Store)].into());
    protocol_by(transport(fake, hosts), release, |transport| {
        Clients::fixed(
            remote(transport.clone(), Deletes::Single),
            remote(transport, Deletes::Bulk),
        )
    })
}

pub(super) fn protocol_by(
    transport: Transport,
    release: &Arc<Release>,
    connect: impl FnOnce(Transport) -> Clients,
) -> Arc<Protocol> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (limiter, clock) = (transport.limiter.clone(), transport.clock.clone());
    let has_open_writes = transport.has_open_writes.clone();
    let objects = Objects {
        clients: connect(transport),
        lacks_bulk: AtomicBool::new(false),
        url: bucket(),
        provider: Provider::of(bucket().scheme),
        limiter,
        clock,
        has_open_writes,
        put_mode: Shared(PutMode::Create.into()),
    };
    Protocol::new(Arc::new(objects), release.clone())
}

fn remote(transport: Transport, deletes: Deletes) -> Arc<dyn Remote> {
    let [id, secret, token] = CANARIES;
    let remote = AmazonS3Builder::new()
        .with_bucket_name(BUCKET)
        .with_endpoint("http://127.0.0.1:9")
        .with_region("us-east-1")
        .with_access_key_id(id)
        .with_secret_access_key(secret)
        .with_token(token)
        .with_retry(RetryConfig {
            max_retries: 0,
            ..RetryConfig::default()
        })
        .with_config(
            AmazonS3ConfigKey::DisableBulkDelete,
            (deletes == Deletes::Single).to_string(),
        )
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .with_http_connector(transport)
        .build()
        .unwrap();
    Arc::new(remote)
}

/// The error of a failed request.
pub(super) fn request_error(error: &StoreError) -> &RequestError {
    match error {
        StoreError::Request(FailedRequest(error, _)) => error,
        error => panic!("{error:?}"),
    }
}

pub(super) fn transport(fake: &Fake, hosts: Hosts) -> Transport {
    let highest_limit = Provider::of(bucket().scheme).highest_limit;
    Transport {
        network: fake.network(),
        hosts,
        requests: Arc::default(),
        clock: Arc::default(),
        has_open_writes: Arc::default(),
        limiter: Arc::new(Limiter::up_to(highest_limit)),
    }
}

/// Complete or invisible: every file that a marker names exists whole.
pub(super) fn assert_promises(state: &FakeState) {
    let prefix = "shop/.static-assets/versions/";
    for (key, object) in &state.objects {
        let Some(name) = key.strip_prefix(prefix) else {
            continue;
        };
        let version = name.strip_suffix(".json").unwrap();
        let marker = of_json::<Marker>(&object.body).unwrap();
        for file in &marker.files {
            let asset = state.objects.get(&format!("shop/{version}/{}", file.path));
            let is_whole = asset.is_some_and(|asset| Sha256::of(&asset.body) == file.sha256);
            assert!(is_whole, "{version} is visible without {}", file.path);
        }
    }
}

pub(super) fn is_visible(fake: &Fake) -> bool {
    let state = fake.state();
    state
        .objects
        .keys()
        .any(|key| key.contains(".static-assets/versions/"))
}

/// Counts the requests that upload assets.
pub(super) fn asset_uploads(requests: &[String]) -> usize {
    let is_asset =
        |request: &&String| request.starts_with("PUT ") && !request.contains(".static-assets/");
    requests.iter().filter(is_asset).count()
}

/// The same build again succeeds on the healed store and ends where an undisturbed one ends. Another one changes
/// nothing, with three requests.
pub(super) async fn assert_recovers(build: &Build, fake: &Fake) {
    fake.heals();
    assert_promises(&fake.state());
    build.publish(fake).await.unwrap();
    assert_settled(build, fake).await;
}

/// A run succeeded, and another one has nothing to do.
pub(super) async fn assert_settled(build: &Build, fake: &Fake) {
    fake.heals();
    let expected = build.expected().await;
    assert_eq!(&fake.objects(), expected);
    fake.take_requests();
    let summary = build.publish(fake).await.unwrap();
    assert!(summary.unchanged);
    let requests = fake.take_requests();
    assert_eq!(asset_uploads(&requests), 0);
    assert_eq!(requests.len(), 3, "{requests:?}");
    assert_eq!(&fake.objects(), expected);
}
