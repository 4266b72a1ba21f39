//! A release on disk: the build saves it in the image, and the release phase uploads it.
//!
//! One directory holds `prepared.json`, the marker of the store, and `files/`. Release phases of other versions of
//! this program read it: schema 1 is for ever.

mod read;
mod save;

pub(crate) use read::{Deferred, DeferredError, MalformedCause};
pub(crate) use save::{SaveError, save_nothing};
use serde::{Deserialize, Serialize};

const SCHEMA: u32 = 1;
const PREPARED: &str = "prepared.json";
const MARKER: &str = "marker.json";
const FILES: &str = "files";

/// `prepared.json` of a saved release: what its marker doesn't hold.
#[derive(Serialize, Deserialize)]
struct PreparedRelease {
    framework: String,
    public_url: String,
    schema: u32,
}

/// `prepared.json` of an image whose release phase has nothing to upload.
#[derive(Serialize, Deserialize)]
struct PreparedNothing {
    kept: bool,
    schema: u32,
}
