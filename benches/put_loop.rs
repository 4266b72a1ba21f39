//! The baseline of publishing: `object_store`'s own PUT of every file in a directory, and nothing else.
//!
//! `put_loop ENDPOINT KEY_ID SECRET BUCKET PREFIX DIR CONCURRENCY` (region us-east-1)

use fs_err as fs;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path as Key;
use object_store::{Attribute, Attributes, ObjectStore, PutOptions};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinSet;

type Failure = Box<dyn Error + Send + Sync>;

const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

fn files(dir: &Path, into: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files(&entry.path(), into)?;
        } else {
            into.push(entry.path());
        }
    }
    Ok(())
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|name| name.to_str()) {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("jpg") => "image/jpeg",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("webp") => "image/webp",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

struct Work {
    store: Box<dyn ObjectStore>,
    prefix: String,
    dir: PathBuf,
    files: Vec<PathBuf>,
    next: AtomicUsize,
}

/// Uploads the files that no other worker has taken.
async fn upload(work: Arc<Work>) -> Result<(), Failure> {
    loop {
        let Some(file) = work.files.get(work.next.fetch_add(1, Ordering::Relaxed)) else {
            return Ok(());
        };
        let name = file.strip_prefix(&work.dir)?.to_string_lossy();
        let key = Key::from(format!("{}/{name}", work.prefix));
        let options = PutOptions::from(Attributes::from_iter([
            (Attribute::ContentType, content_type(file)),
            (Attribute::CacheControl, CACHE_CONTROL),
        ]));
        let body = fs::read(file)?;
        work.store.put_opts(&key, body.into(), options).await?;
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, key_id, secret, bucket, prefix, dir, concurrency] = arguments.as_slice() else {
        return Err("usage: put_loop ENDPOINT KEY_ID SECRET BUCKET PREFIX DIR CONCURRENCY".into());
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let store = AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_allow_http(true)
        .with_region("us-east-1")
        .with_bucket_name(bucket)
        .with_access_key_id(key_id)
        .with_secret_access_key(secret)
        .build()?;
    let dir = PathBuf::from(dir);
    let mut all = Vec::new();
    files(&dir, &mut all)?;
    let work = Arc::new(Work {
        store: Box::new(store),
        prefix: prefix.clone(),
        dir,
        files: all,
        next: AtomicUsize::new(0),
    });
    let mut workers = JoinSet::new();
    for _ in 0..concurrency.parse()? {
        workers.spawn(upload(Arc::clone(&work)));
    }
    while let Some(worker) = workers.join_next().await {
        worker??;
    }
    Ok(())
}
