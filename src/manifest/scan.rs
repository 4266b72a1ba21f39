//! Scans directories into a manifest. Reads each file once: hashes it, and searches it for secrets and for the
//! placeholder.

use super::placeholder::{encoded_placeholder, holds_placeholder};
use super::rules::{Empty, ScanRules};
use super::safety::{RefusedFile, Violation, holds_private_key, is_database, is_env_file};
use super::tokens::token_in;
use super::walk::{FoundFile, LeftOut, Walk, collisions, is_source_map, violation_of_name};
use super::{
    Allowed, Asset, AssetRoot, AssetSource, Assets, Manifest, MarkedFile, Plain, media_type,
};
use crate::fs::open_file;
use crate::gzip::decoder;
use crate::interrupt::Interrupt;
use crate::parallel::parallel;
use crate::sha256::Sha256;
use memchr::memmem::Finder;
use sha2::Digest;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(crate) struct Scanned {
    pub(crate) manifest: Manifest,
    pub(crate) left_out: LeftOut,
    /// How many source maps are published; the log warns that they show the app's sources.
    pub(crate) source_maps: usize,
    /// Paths of code that browsers rarely load; the log warns of them.
    pub(crate) server_code: Vec<String>,
    /// Paths of files that hold the placeholder in base64, where it can't be replaced.
    pub(crate) encoded: Vec<String>,
}

#[derive(Debug, derive_more::From)]
pub(crate) enum ScanError {
    Interrupted,
    NoDirectory(PathBuf),
    Empty,
    Refused(Vec<RefusedFile>),
    #[from]
    Io(io::Error),
}

impl Scanned {
    pub(crate) fn of(
        assets: &Assets,
        rules: &ScanRules,
        interrupt: &Interrupt,
    ) -> Result<Self, ScanError> {
        let mut walk = Walk::default();
        for root in &assets.roots {
            if !root.folder.is_dir() {
                return Err(ScanError::NoDirectory(root.folder.clone()));
            }
            walk.add_root(root, rules)?;
        }
        walk.files.sort_by(|one, other| one.path.cmp(&other.path));
        let mut refused = walk.refused;
        refused.extend(collisions(&walk.files));
        let Hashed { assets, encoded } = hash_all(walk.files, refused, rules, interrupt)?;
        if assets.is_empty() && rules.empty == Empty::Refused {
            return Err(ScanError::Empty);
        }
        let paths = assets.iter().map(|asset| &*asset.path);
        let server_code = paths.filter(|path| is_server_code(path));
        let is_map = |asset: &&Asset| is_source_map(&asset.path);
        Ok(Self {
            source_maps: assets.iter().filter(is_map).count(),
            server_code: server_code.map(str::to_owned).collect(),
            manifest: Manifest::of(assets),
            left_out: walk.left_out,
            encoded,
        })
    }
}

#[cfg(test)]
impl Scanned {
    /// Scans one directory, and no signal ends it.
    pub(crate) fn of_dir(dir: &Path, rules: &ScanRules) -> Result<Self, ScanError> {
        Self::of(&dir.into(), rules, &Interrupt::default())
    }
}

/// The extensions of code that runs on servers. Some pages load it on purpose, such as that of `PyScript`.
const SERVER_CODE: [&str; 8] = ["py", "pyc", "ex", "exs", "eex", "heex", "leex", "rb"];

fn is_server_code(path: &str) -> bool {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|extension| SERVER_CODE.contains(&extension))
}

impl Manifest {
    /// Scans the files of a marker in `dir` again. Searches them for secrets, and applies the limits of the store,
    /// that the build may not have known. What the build has allowed stays allowed.
    pub(crate) fn rescan(
        marked: &[MarkedFile],
        dir: &Path,
        mut rules: ScanRules,
        interrupt: &Interrupt,
    ) -> Result<Self, ScanError> {
        rules.allowed = Allowed::everything();
        let (mount, folder) = (String::new(), dir.to_owned());
        let root = Arc::new(AssetRoot { mount, folder });
        let mut refused = Vec::new();
        let mut files = Vec::new();
        for MarkedFile { path, encoding, .. } in marked {
            if let Some(violation) = violation_of_path(path, &rules) {
                refused.push(RefusedFile::new(path, violation));
            } else {
                let (path, source) = (path.as_str().into(), AssetSource::Under(root.clone()));
                files.push(FoundFile {
                    path,
                    source,
                    is_encoded: encoding.is_some(),
                });
            }
        }
        let mut assets = hash_all(files, refused, &rules, interrupt)?.assets;
        for (asset, marked) in assets.iter_mut().zip(marked) {
            asset.content_type = media_type::as_marked(&marked.path, &marked.content_type);
            asset.template = marked.template.map(Box::new);
        }
        Ok(Self::of(assets))
    }
}

fn violation_of_path(path: &str, rules: &ScanRules) -> Option<Violation> {
    let mut names = path.split('/');
    match names.find_map(|name| violation_of_name(name, &rules.names)) {
        None if rules.names.is_too_long(path) => Some(Violation::TooLong),
        None if rules.secrets.occurs_in(path.as_bytes()) => Some(Violation::StorageCredential),
        of_names => of_names,
    }
}

/// The memory for one file: a larger one is read in windows of this size.
const WINDOW: usize = 8 << 20;
/// The bytes that a window shares with the one before it: no needle is longer.
const OVERLAP: usize = 64 << 10;

struct Content {
    size: u64,
    sha256: Sha256,
    plain: Option<Box<Plain>>,
    /// The hash again, if the file holds the placeholder.
    template: Option<Box<Sha256>>,
    /// Whether it holds the placeholder in base64.
    is_encoded: bool,
}

#[derive(Default)]
struct Hashed {
    assets: Vec<Asset>,
    /// Paths of files that hold the placeholder in base64.
    encoded: Vec<String>,
}

/// Fails if any file is refused, here or before.
fn hash_all(
    files: Vec<FoundFile>,
    mut refused: Vec<RefusedFile>,
    rules: &ScanRules,
    interrupt: &Interrupt,
) -> Result<Hashed, ScanError> {
    let finders = encoded_placeholder();
    let contents = parallel(&files, |file| {
        if interrupt.is_raised() {
            return Err(ScanError::Interrupted);
        }
        Ok(scan_file(file, rules, &finders)?)
    })?;
    let mut hashed = Hashed::default();
    hashed.assets.reserve_exact(files.len());
    for (FoundFile { path, source, .. }, content) in files.into_iter().zip(contents) {
        match content {
            Err(violation) => refused.push(RefusedFile::new(path, violation)),
            Ok(content) => {
                (hashed.encoded).extend(content.is_encoded.then(|| path.to_string()));
                hashed.assets.push(Asset {
                    content_type: media_type::of(&path),
                    path,
                    source,
                    size: content.size,
                    sha256: content.sha256,
                    template: content.template,
                    plain: content.plain,
                });
            }
        }
    }
    if !refused.is_empty() {
        refused.sort_by(|one, other| one.path.cmp(&other.path));
        return Err(ScanError::Refused(refused));
    }
    Ok(hashed)
}

/// Whether somebody allowed the file, or the value of the variable in every file.
fn is_reviewed(path: &str, violation: &Violation, rules: &ScanRules) -> bool {
    let by_name = |name: &String| rules.allowed.allows(name);
    rules.allowed.allows(path) || matches!(violation, Violation::AppSecret(name) if by_name(name))
}

/// Finds what the first bytes of a file show.
fn violation_of_start(path: &str, start: &[u8]) -> Option<Violation> {
    if is_database(path, start) {
        return Some(Violation::Database);
    }
    is_env_file(path, start).then_some(Violation::SecretName)
}

/// Finds what is likely a secret and may be allowed after a review.
fn secret_in(window: &[u8], rules: &ScanRules) -> Option<Violation> {
    if holds_private_key(window) {
        return Some(Violation::PrivateKey);
    }
    let app_secret = || rules.app_secrets.name_in(window).map(str::to_owned);
    token_in(window)
        .map(Violation::Token)
        .or_else(|| app_secret().map(Violation::AppSecret))
}

fn scan_file(
    FoundFile {
        path,
        source,
        is_encoded,
    }: &FoundFile,
    rules: &ScanRules,
    finders: &[Finder<'static>],
) -> io::Result<Result<Content, Violation>> {
    let source = source.of(path);
    let file = open_file(&source)?;
    let size = file.metadata()?.len();
    if let Some(largest) = rules.largest.filter(|largest| size > *largest) {
        return Ok(Err(Violation::TooLarge(size, largest)));
    }
    if *is_encoded {
        // Secrets are looked for in what browsers see. A file that can't be decoded is not the one that the build has
        // saved, which its hash shows.
        match scan_content(path, decoder(&file), size, rules, finders) {
            Ok(Ok(plain)) => return with_stored(plain, &source, size).map(Ok),
            Ok(violation) => return Ok(violation),
            Err(_) => {}
        }
    }
    scan_content(path, open_file(&source)?, size, rules, finders)
}

/// Adds what is stored to what was decoded.
fn with_stored(plain: Content, source: &Path, size: u64) -> io::Result<Content> {
    let sha256 = Sha256::of_file(source, |_| Ok(()))?;
    let browsers = Plain {
        size: plain.size,
        sha256: plain.sha256,
    };
    Ok(Content {
        size,
        sha256,
        plain: Some(Box::new(browsers)),
        ..plain
    })
}

fn scan_content(
    path: &str,
    mut file: impl Read,
    size: u64,
    rules: &ScanRules,
    finders: &[Finder<'static>],
) -> io::Result<Result<Content, Violation>> {
    let mut read = 0;
    let (mut is_template, mut is_encoded) = (false, false);
    let mut hasher = sha2::Sha256::new();
    let mut window = Vec::with_capacity(usize::try_from(size).map_or(WINDOW, |it| it.min(WINDOW)));
    loop {
        let kept = window.len();
        let room = (WINDOW - kept) as u64;
        read += file.by_ref().take(room).read_to_end(&mut window)? as u64;
        hasher.update(&window[kept..]);
        if rules.secrets.occurs_in(&window) {
            return Ok(Err(Violation::StorageCredential));
        }
        let of_start = (kept == 0)
            .then(|| violation_of_start(path, &window))
            .flatten();
        let violation = of_start.or_else(|| secret_in(&window, rules));
        if let Some(violation) = violation.filter(|it| !is_reviewed(path, it, rules)) {
            return Ok(Err(violation));
        }
        is_encoded |= finders.iter().any(|form| form.find(&window).is_some());
        is_template |= is_encoded || holds_placeholder(&window);
        if window.len() < WINDOW {
            let sha256 = hasher.into();
            return Ok(Ok(Content {
                size: read,
                sha256,
                plain: None,
                template: is_template.then(|| Box::new(sha256)),
                is_encoded,
            }));
        }
        window.drain(..WINDOW - OVERLAP);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AppSecrets, SourceMaps};
    use super::*;
    use crate::redaction::Redaction;
    use fs_err as fs;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for path in files {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, path).unwrap();
        }
        folder
    }

    fn refused(folder: &tempfile::TempDir, rules: &ScanRules) -> Vec<RefusedFile> {
        match Scanned::of_dir(folder.path(), rules) {
            Err(ScanError::Refused(refused)) => refused,
            Err(other) => panic!("{other:?}"),
            Ok(scanned) => panic!("published: {:?}", scanned.manifest),
        }
    }

    fn paths(scanned: &Scanned) -> Vec<&str> {
        let assets = scanned.manifest.assets().iter();
        assets.map(|asset| &*asset.path).collect()
    }

    #[test]
    fn an_interrupt_ends_it() {
        let (folder, interrupt) = (tree(&["app.css"]), Interrupt::default());
        interrupt.raise();
        let ended = Scanned::of(&folder.path().into(), &ScanRules::default(), &interrupt);
        assert!(matches!(ended, Err(ScanError::Interrupted)), "{ended:?}");
    }

    #[test]
    fn files_are_sorted_and_by_products_counted() {
        let folder = tree(&[
            "b.js",
            "a/z.css",
            "a.css",
            "b.js.gz",
            "b.js.br",
            "alone.gz",
            ".DS_Store",
            ".vite/manifest.json",
            ".well-known/security.txt",
            "b.js.map",
        ]);
        let rules = ScanRules {
            by_products: ["b.js.gz", "b.js.br"].map(str::to_owned).into(),
            ..ScanRules::default()
        };
        let scanned = Scanned::of_dir(folder.path(), &rules).unwrap();
        assert_eq!(
            paths(&scanned),
            [
                ".well-known/security.txt",
                "a.css",
                "a/z.css",
                "alone.gz",
                "b.js",
                "b.js.map"
            ]
        );
        assert_eq!(scanned.source_maps, 1);
        assert_eq!(
            scanned.left_out,
            LeftOut {
                dot_files: 2,
                precompressed: 2,
                source_maps: 0
            }
        );
    }

    #[test]
    fn source_maps_can_be_excluded() {
        let folder = tree(&["b.js", "b.js.map"]);
        let rules = ScanRules {
            source_maps: SourceMaps::Exclude,
            ..ScanRules::default()
        };
        let scanned = Scanned::of_dir(folder.path(), &rules).unwrap();
        assert_eq!(paths(&scanned), ["b.js"]);
        assert_eq!(scanned.left_out.source_maps, 1);
    }

    #[test]
    fn links_are_followed_inside_the_directory_only() {
        let outside = tree(&["secret.txt"]);
        let folder = tree(&["real.css", "folder/x.css"]);
        let at = |name: &str| folder.path().join(name);
        symlink("real.css", at("inside.css")).unwrap();
        assert_eq!(
            paths(&Scanned::of_dir(folder.path(), &ScanRules::default()).unwrap()),
            ["folder/x.css", "inside.css", "real.css"]
        );

        symlink(outside.path().join("secret.txt"), at("leaves.css")).unwrap();
        symlink("folder", at("to-folder")).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        symlink("loop", at("loop")).unwrap();
        let refused = refused(&folder, &ScanRules::default());
        let names: Vec<_> = refused.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(names, ["dangling", "leaves.css", "loop", "to-folder"]);
        assert!(
            refused
                .iter()
                .all(|file| matches!(file.violation, Violation::Link(_)))
        );
    }

    #[test]
    fn secrets_are_refused_until_they_are_reviewed() {
        let folder = tree(&["a.css", "x/.env", "demo/id_rsa"]);
        assert_eq!(
            refused(&folder, &ScanRules::default()),
            [
                RefusedFile::new("demo/id_rsa", Violation::SecretName),
                RefusedFile::new("x/.env", Violation::SecretName)
            ]
        );
        let rules = ScanRules {
            allowed: "demo/id_rsa x/.env".parse().unwrap(),
            ..ScanRules::default()
        };
        let scanned = Scanned::of_dir(folder.path(), &rules).unwrap();
        assert_eq!(paths(&scanned), ["a.css", "demo/id_rsa", "x/.env"]);
    }

    #[test]
    fn code_and_databases_are_refused_until_they_are_reviewed() {
        let folder = tree(&[
            "a.css",
            "manage.py",
            "shop/settings.py",
            "config/prod.exs",
            "py/app.py",
        ]);
        fs::write(folder.path().join("shop.data"), b"SQLite format 3\0...").unwrap();
        let at = |path: &str, violation| RefusedFile::new(path, violation);
        assert_eq!(
            refused(&folder, &ScanRules::default()),
            [
                at("config/prod.exs", Violation::AppCode),
                at("manage.py", Violation::AppCode),
                at("shop.data", Violation::Database),
                at("shop/settings.py", Violation::AppCode),
            ]
        );
        let rules = ScanRules {
            allowed: "manage.py config/* shop/* shop.data".parse().unwrap(),
            ..ScanRules::default()
        };
        let scanned = Scanned::of_dir(folder.path(), &rules).unwrap();
        assert_eq!(paths(&scanned).len(), 6);
        assert_eq!(scanned.server_code.len(), 4, "{:?}", scanned.server_code);
    }

    #[test]
    fn a_link_to_a_secret_is_refused() {
        let folder = tree(&["a.css", ".conf/.env"]);
        symlink(".conf/.env", folder.path().join("settings.txt")).unwrap();
        let violation = Violation::SecretTarget(".conf/.env".to_owned());
        assert_eq!(
            refused(&folder, &ScanRules::default()),
            [RefusedFile::new("settings.txt", violation)]
        );
    }

    #[test]
    fn tokens_and_secrets_of_the_app_are_refused() {
        let folder = tree(&["a.js", "b.js"]);
        let token = ["ghp", "_", &"a1B2".repeat(9)].concat();
        fs::write(folder.path().join("a.js"), format!("k='{token}'")).unwrap();
        fs::write(folder.path().join("b.js"), "k='0123456789-secret'").unwrap();
        let rules = ScanRules {
            app_secrets: AppSecrets::of([("SECRET_KEY", "0123456789-secret")]),
            ..ScanRules::default()
        };
        let reviewed = ScanRules {
            allowed: "a.js SECRET_KEY".parse().unwrap(),
            ..rules.clone()
        };
        assert!(Scanned::of_dir(folder.path(), &reviewed).is_ok());
        let of_app = Violation::AppSecret("SECRET_KEY".to_owned());
        assert_eq!(
            refused(&folder, &rules),
            [
                RefusedFile::new("a.js", Violation::Token("GitHub")),
                RefusedFile::new("b.js", of_app)
            ]
        );
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.css");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        assert!(open_file(&path).is_err());
    }

    #[test]
    fn credentials_of_this_build_are_never_published() {
        let folder = tree(&["a.js"]);
        fs::write(folder.path().join("a.js"), "const k='canary-canary-canary'").unwrap();
        let rules = ScanRules {
            allowed: "a.js".parse().unwrap(),
            secrets: Redaction::of(["canary-canary-canary"], []),
            ..ScanRules::default()
        };
        assert_eq!(
            refused(&folder, &rules),
            [RefusedFile::new("a.js", Violation::StorageCredential)]
        );
    }

    #[test]
    fn names_that_break_stores_are_refused() {
        let folder = tree(&["a\nb.css", "a\\b.css", "ok.css"]);
        fs::write(folder.path().join(OsStr::from_bytes(b"\xff.css")), "x").unwrap();
        let refusals: Vec<_> = refused(&folder, &ScanRules::default())
            .into_iter()
            .map(|file| file.violation)
            .collect();
        assert_eq!(
            refusals,
            [
                Violation::ControlCharacter,
                Violation::Segment,
                Violation::NotUtf8
            ]
        );
    }

    #[test]
    fn names_differing_in_case_or_form_are_refused() {
        let folder = tree(&["A.css", "a.css", "caf\u{e9}.css", "cafe\u{301}.css"]);
        assert_eq!(refused(&folder, &ScanRules::default()).len(), 2);
        let folder = tree(&["caf\u{e9}/a.css", "cafe\u{301}"]);
        assert_eq!(refused(&folder, &ScanRules::default()).len(), 1);
    }

    #[test]
    fn an_empty_version_is_refused_unless_allowed() {
        let folder = tree(&[]);
        let scanned = Scanned::of_dir(folder.path(), &ScanRules::default());
        assert!(matches!(scanned, Err(ScanError::Empty)));
        let rules = ScanRules {
            empty: Empty::Allowed,
            ..ScanRules::default()
        };
        assert!(Scanned::of_dir(folder.path(), &rules).is_ok());
    }

    #[test]
    fn a_file_over_the_stores_limit_is_refused() {
        let folder = tree(&["large.bin"]);
        let rules = ScanRules {
            largest: Some(3),
            ..ScanRules::default()
        };
        assert_eq!(
            refused(&folder, &rules),
            [RefusedFile::new("large.bin", Violation::TooLarge(9, 3))]
        );
    }
}
