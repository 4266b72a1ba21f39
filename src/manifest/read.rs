//! Reads each file once: hashes it, and searches it for secrets and for the placeholder.

use super::placeholder::{encoded_placeholder, holds_placeholder};
use super::rules::ScanRules;
use super::safety::{RefusedFile, Violation, holds_private_key};
use super::walk::FoundFile;
use super::{Asset, media_type};
use crate::parallel::parallel;
use crate::sha256::Sha256;
use fs_err as fs;
use memchr::memmem::Finder;
use sha2::Digest;
use std::io::{self, Read};
use std::path::Path;

/// The memory for one file: a larger one is read in windows of this size.
const WINDOW: usize = 8 << 20;
/// The bytes that a window shares with the one before it: no needle is longer.
const OVERLAP: usize = 64 << 10;

#[derive(Default)]
pub(super) struct Hashed {
    pub(super) assets: Vec<Asset>,
    pub(super) refused: Vec<RefusedFile>,
    /// Paths of files that hold the placeholder in base64.
    pub(super) encoded: Vec<String>,
}

/// How a file holds the placeholder. The later forms win.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum PlaceholderForm {
    Absent,
    Plain,
    Base64,
}

struct Content {
    size: u64,
    sha256: Sha256,
    placeholder: PlaceholderForm,
}

pub(super) fn hash_all(files: Vec<FoundFile>, rules: &ScanRules) -> io::Result<Hashed> {
    let finders = encoded_placeholder();
    let contents = parallel(&files, |FoundFile { path, source }| {
        read_and_hash(path, &source.of(path), rules, &finders)
    })?;
    let mut hashed = Hashed::default();
    hashed.assets.reserve_exact(files.len());
    for (FoundFile { path, source }, content) in files.into_iter().zip(contents) {
        match content {
            Err(violation) => hashed.refused.push(RefusedFile::new(path, violation)),
            Ok(content) => {
                if content.placeholder == PlaceholderForm::Base64 {
                    hashed.encoded.push(path.to_string());
                }
                let is_template = content.placeholder != PlaceholderForm::Absent;
                hashed.assets.push(Asset {
                    content_type: media_type::of(&path),
                    path,
                    source,
                    size: content.size,
                    sha256: content.sha256,
                    template: is_template.then(|| Box::new(content.sha256)),
                });
            }
        }
    }
    Ok(hashed)
}

fn read_and_hash(
    path: &str,
    source: &Path,
    rules: &ScanRules,
    finders: &[Finder<'static>],
) -> io::Result<Result<Content, Violation>> {
    let mut file = fs::File::open(source)?;
    let size = file.metadata()?.len();
    if rules.largest.is_some_and(|largest| size > largest) {
        return Ok(Err(Violation::TooLarge(size)));
    }
    let mut content = Content {
        size: 0,
        sha256: Sha256::of(b""),
        placeholder: PlaceholderForm::Absent,
    };
    let mut hasher = sha2::Sha256::new();
    let mut window = Vec::with_capacity(usize::try_from(size).map_or(WINDOW, |it| it.min(WINDOW)));
    loop {
        let kept = window.len();
        let room = (WINDOW - kept) as u64;
        content.size += file.by_ref().take(room).read_to_end(&mut window)? as u64;
        hasher.update(&window[kept..]);
        if rules.secrets.occurs_in(&window) {
            return Ok(Err(Violation::StorageCredential));
        }
        if holds_private_key(&window) && !rules.allowed.allows(path) {
            return Ok(Err(Violation::PrivateKey));
        }
        let form = if finders.iter().any(|form| form.find(&window).is_some()) {
            PlaceholderForm::Base64
        } else if holds_placeholder(&window) {
            PlaceholderForm::Plain
        } else {
            PlaceholderForm::Absent
        };
        content.placeholder = content.placeholder.max(form);
        if window.len() < WINDOW {
            break;
        }
        window.drain(..WINDOW - OVERLAP);
    }
    content.sha256 = hasher.into();
    Ok(Ok(content))
}
