//! Every text as a person reads it, one file an area: `src/messages/rendered/`. A changed text is
//! reviewed there; `STATIC_ASSETS_TEST_BLESS=1 cargo test messages` writes what is new.

mod check;
mod config;
mod detect;
mod django;
mod front_ends;
mod phoenix;
mod phoenix_links;
mod publish;
mod scan;
mod store;

use super::{Explain, Kind, Message, config_message};
use crate::check::{AssetKind, CheckError, CheckFinding, CheckProblem};
use crate::command::CommandError;
use crate::config::{ConfigProblem, FrameworkName, GoogleKeyProblem, Origin, Setting};
use crate::framework::django::{DjangoFailure, DjangoFailureReason, DjangoLinkProblem};
use crate::framework::{DetectError, DjangoError, InstallError, NotFollowing, PhoenixError};
use crate::http::FetchError;
use crate::manifest::{PlaceholderError, RefusedFile, ScanError, UnreadableMarker, Violation};
use crate::messages::cli::{ExecError, FileError, UsageError};
use crate::messages::heroku::HerokuError;
use crate::plan::{Conflict, ConflictWith, Difference};
use crate::prefix::{BucketUrl, Folder, ParsePublicUrlError, ParseStoreUrlError, Site, StoreUrl};
use crate::publish::PublishError;
use crate::release::ReleaseError;
use crate::release::deferred::{DeferredError, MalformedCause, SaveError};
use crate::sha256::Sha256;
use crate::store::StoreError;
use fs_err as fs;
use std::io;
use std::path::Path;

fn compare(area: &str, messages: &[Message]) {
    let rendered: String = messages
        .iter()
        .map(|message| format!("[Error: {}]\n{message}\n", message.title()))
        .collect::<Vec<_>>()
        .concat();
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/messages/rendered")
        .join(format!("{area}.txt"));
    #[allow(clippy::disallowed_methods, reason = "the test's own setting")]
    let blessed = std::env::var_os("STATIC_ASSETS_TEST_BLESS").is_some();
    if blessed {
        fs::write(&file, &rendered).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        expected == rendered,
        "the texts differ from {}:\n{rendered}",
        file.display()
    );
}

fn setting(value: &str) -> Setting<String> {
    Setting {
        value: value.to_owned(),
        origin: Origin::Platform,
    }
}

fn denied_io() -> io::Error {
    io::Error::other("failed to open file `/app/x`: Permission denied (os error 13)")
}

fn s3() -> StoreUrl {
    StoreUrl::Bucket(bucket("s3://acme-static/shop"))
}

fn bucket(url: &str) -> BucketUrl {
    match url.parse().unwrap() {
        StoreUrl::Bucket(bucket) => bucket,
        StoreUrl::File(_) => panic!("not a bucket"),
    }
}

fn key() -> crate::prefix::Key {
    let folder: Folder = "shop".parse().unwrap();
    folder.asset(&"v42".parse().unwrap(), "web/app.css")
}

fn google(problem: GoogleKeyProblem) -> ConfigProblem {
    ConfigProblem::GoogleKey(Origin::Platform, problem)
}
