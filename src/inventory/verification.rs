//! Compares what the store shows of a version's files with what its marker says.

use crate::fs::{if_exists, read_file};
use crate::gzip::{Effort, compress};
use crate::manifest::{GZIP, MarkedFile, Marker};
use crate::plan::Listing;
use crate::sha256::Sha256;
use crate::version::Version;
use fs_err as fs;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// How a file is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// By its size, its headers and the hash that the store keeps beside it.
    Head,
    /// By its bytes as well.
    Read,
}

/// What the store shows of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoredFile {
    pub(crate) size: u64,
    /// The hash of its bytes, or the one with which it was uploaded. `None` if the store shows neither.
    pub(crate) sha256: Option<String>,
    /// `None` for a store without headers.
    pub(crate) headers: Option<StoredHeaders>,
    /// Whether a symbolic link leads to it.
    pub(crate) is_link: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoredHeaders {
    pub(crate) content_type: Option<String>,
    pub(crate) cache: Option<String>,
    pub(crate) encoding: Option<String>,
}

/// What is wrong with one file of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileProblem {
    Missing,
    Size {
        stored: u64,
        wanted: u64,
    },
    OtherBytes,
    /// A symbolic link leads to it, out of the version.
    Link,
    /// The name of the header, what is stored and what the marker says.
    Header(&'static str, Option<String>, String),
    /// The marker doesn't name it.
    Foreign,
}

/// A file of this machine that has the bytes of a published one.
#[derive(Clone, Debug)]
pub(crate) struct LocalCopy {
    pub(crate) file: MarkedFile,
    pub(crate) source: PathBuf,
}

impl LocalCopy {
    /// Its content as the store holds it: a copy may be that of the build, or one that was taken out of the store.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        let content = read_file(&self.source)?;
        let is_stored = || Sha256::of(&content) == self.file.sha256;
        match self.file.encoding.as_deref() {
            Some(GZIP) if !is_stored() => compress(&content, Effort::Best),
            _ => Ok(content),
        }
    }

    fn hash(&self) -> io::Result<Sha256> {
        match self.file.encoding {
            Some(_) => self.read().map(|content| Sha256::of(&content)),
            None => Sha256::of_file(&self.source, |_| Ok(())),
        }
    }
}

/// What a directory has of the missing files of a version.
#[derive(Debug, Default)]
pub(crate) struct LocalCopies {
    pub(crate) found: Vec<LocalCopy>,
    /// Paths at which it has other bytes.
    pub(crate) other: usize,
    /// Paths at which it has nothing.
    pub(crate) absent: usize,
}

impl LocalCopies {
    /// Finds the missing files of a version in a directory, by their paths.
    pub(crate) fn find(found: &Verification, marker: &Marker, dir: &Path) -> io::Result<Self> {
        fs::read_dir(dir)?;
        let missing = found.problems.iter();
        let missing: BTreeSet<&str> = missing
            .filter(|(_, problem)| *problem == FileProblem::Missing)
            .map(|(path, _)| path.as_str())
            .collect();
        let files = marker.files.iter();
        let mut copies = Self::default();
        for file in files.filter(|file| missing.contains(file.path.as_str())) {
            let source = dir.join(&file.path);
            let copy = LocalCopy {
                file: file.clone(),
                source,
            };
            match if_exists(copy.hash())? {
                Some(hash) if hash == file.sha256 => copies.found.push(copy),
                Some(_) => copies.other += 1,
                None => copies.absent += 1,
            }
        }
        Ok(copies)
    }
}

/// How a version compares with its marker.
#[derive(Debug)]
pub(crate) struct Verification {
    pub(crate) version: Version,
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    /// Files of which the store shows no hash, so that only their size is known to be right.
    pub(crate) unproven: usize,
    /// Whether the store shows headers.
    pub(crate) has_headers: bool,
    /// By path. A file may have several.
    pub(crate) problems: Vec<(String, FileProblem)>,
}

impl Verification {
    pub(crate) fn paths_with_problems(&self) -> BTreeSet<&str> {
        self.problems.iter().map(|(path, _)| &**path).collect()
    }

    pub(crate) fn lacks_files(&self) -> bool {
        let mut problems = self.problems.iter();
        problems.any(|(_, problem)| *problem == FileProblem::Missing)
    }

    /// Judges a version by its listing, and by what the store shows of each file that the marker names.
    pub(crate) fn of(
        version: Version,
        marker: &Marker,
        stored: &BTreeMap<String, StoredFile>,
        listing: &Listing,
    ) -> Self {
        let mut problems = Vec::new();
        let mut unproven = 0;
        for file in &marker.files {
            let path = || file.path.clone();
            let Some(stored) = stored.get(&file.path) else {
                problems.push((path(), FileProblem::Missing));
                continue;
            };
            let found = compare(file, stored);
            unproven += usize::from(stored.sha256.is_none() && found.is_empty());
            problems.extend(found.into_iter().map(|problem| (path(), problem)));
        }
        let named: BTreeSet<&str> = marker.files.iter().map(|file| file.path.as_str()).collect();
        let foreign = listing.iter().filter(|(path, object)| {
            // Stores on file systems list directories as empty objects.
            let is_dir = object.size == 0 && (path.is_empty() || is_dir_of(path, &named));
            !named.contains(path.as_str()) && !is_dir
        });
        problems.extend(foreign.map(|(path, _)| (path.clone(), FileProblem::Foreign)));
        Self {
            version,
            files: marker.files.len(),
            bytes: marker.bytes(),
            unproven,
            has_headers: stored.values().any(|it| it.headers.is_some()),
            problems,
        }
    }
}

fn is_dir_of(path: &str, named: &BTreeSet<&str>) -> bool {
    let below = format!("{}/", path.trim_end_matches('/'));
    let mut after = named.range(&*below..);
    after.next().is_some_and(|name| name.starts_with(&below))
}

fn compare(file: &MarkedFile, stored: &StoredFile) -> Vec<FileProblem> {
    let mut problems = Vec::new();
    if stored.is_link {
        return vec![FileProblem::Link];
    }
    if stored.size != file.size {
        problems.push(FileProblem::Size {
            stored: stored.size,
            wanted: file.size,
        });
    } else if !has_hash(stored, file.sha256) {
        problems.push(FileProblem::OtherBytes);
    }
    if let Some(headers) = &stored.headers {
        let mut require = |name, stored: &Option<String>, wanted: &str| {
            if stored.as_deref() != Some(wanted) {
                let wanted = wanted.to_owned();
                problems.push(FileProblem::Header(name, stored.clone(), wanted));
            }
        };
        require("Content-Type", &headers.content_type, &file.content_type);
        if let Some(cache) = &file.cache {
            require("Cache-Control", &headers.cache, cache);
        }
        // Some stores show an empty header where there is none.
        let stored = headers.encoding.as_ref().filter(|it| !it.is_empty());
        match (stored, &file.encoding) {
            (stored, Some(wanted)) => require("Content-Encoding", &stored.cloned(), wanted),
            (Some(stored), None) => require("Content-Encoding", &Some(stored.clone()), ""),
            (None, None) => {}
        }
    }
    problems
}

fn has_hash(stored: &StoredFile, wanted: Sha256) -> bool {
    let stored = stored.sha256.as_deref();
    stored.is_none_or(|stored| stored == wanted.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::ListedObject;
    use chrono::DateTime;

    fn marker() -> Marker {
        let file = |path: &str| {
            serde_json::json!({
                "path": path, "size": 3, "sha256": Sha256::of(b"abc").to_string(), "type": "text/css",
                "cache": "immutable",
            })
        };
        let hash = Sha256::of(b"").to_string();
        serde_json::from_value(serde_json::json!({
            "version": "v1", "kind": "explicit", "digest": hash, "content": hash,
            "files": [file("a.css"), file("dir/b.css")],
        }))
        .unwrap()
    }

    fn right() -> StoredFile {
        StoredFile {
            size: 3,
            is_link: false,
            sha256: Some(Sha256::of(b"abc").to_string()),
            headers: Some(StoredHeaders {
                content_type: Some("text/css".to_owned()),
                cache: Some("immutable".to_owned()),
                encoding: None,
            }),
        }
    }

    fn verified(first: Option<StoredFile>, listed: &[(&str, u64)]) -> Verification {
        let mut stored = BTreeMap::from([("dir/b.css".to_owned(), right())]);
        stored.extend(first.map(|first| ("a.css".to_owned(), first)));
        let object = |size| ListedObject {
            size,
            etag: None,
            modified: DateTime::UNIX_EPOCH,
        };
        let listing = listed.iter();
        let listing = listing.map(|(path, size)| ((*path).to_owned(), object(*size)));
        Verification::of(
            "v1".parse().unwrap(),
            &marker(),
            &stored,
            &listing.collect(),
        )
    }

    #[test]
    fn each_difference_is_a_problem_of_its_file() {
        let other = |change: fn(&mut StoredFile)| {
            let mut file = right();
            change(&mut file);
            let found = verified(Some(file), &[]).problems;
            let found = found.into_iter().map(|(path, problem)| {
                assert_eq!(path, "a.css");
                problem
            });
            found.collect::<Vec<_>>()
        };
        assert_eq!(other(|_| {}), []);
        assert_eq!(other(|it| it.is_link = true), [FileProblem::Link]);
        assert_eq!(
            other(|it| it.size = 2),
            [FileProblem::Size {
                stored: 2,
                wanted: 3
            }]
        );
        assert_eq!(
            other(|it| it.sha256 = Some("0".repeat(64))),
            [FileProblem::OtherBytes]
        );
        assert_eq!(
            other(|it| it.headers = Some(StoredHeaders::default())),
            [
                FileProblem::Header("Content-Type", None, "text/css".to_owned()),
                FileProblem::Header("Cache-Control", None, "immutable".to_owned()),
            ]
        );
        let missing = verified(None, &[]).problems;
        assert_eq!(missing, [("a.css".to_owned(), FileProblem::Missing)]);
    }

    #[test]
    fn a_file_without_a_hash_is_not_proved() {
        let file = StoredFile {
            sha256: None,
            headers: None,
            ..right()
        };
        let found = verified(Some(file), &[]);
        assert_eq!((found.unproven, found.problems.len()), (1, 0));
        assert_eq!((found.files, found.bytes), (2, 6));
    }

    #[test]
    fn objects_that_the_marker_does_not_name_are_foreign() {
        let listed = [
            ("a.css", 3),
            ("dir", 0),
            ("dir/", 0),
            ("dir/b.css", 3),
            ("index.html", 9),
            ("empty.css", 0),
        ];
        let found = verified(Some(right()), &listed).problems;
        assert_eq!(
            found,
            [
                ("empty.css".to_owned(), FileProblem::Foreign),
                ("index.html".to_owned(), FileProblem::Foreign)
            ]
        );
    }
}
