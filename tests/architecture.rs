//! The house keeps its shape: who imports whom, whose methods are whose, and which crate belongs where. CONTRIBUTING
//! shows the same rows.

use crate::harness::repository;
use crate::harness::sources::own_code;
use fs_err as fs;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The rows of modules, lowest first. A module imports lower rows and its own directory only.
const ROWS: &[&[&str]] = &[
    &["encoding", "fs", "gzip", "interrupt", "message", "parallel"],
    &["redaction", "sha256"],
    &["env", "http", "log"],
    &["command", "version"],
    &["prefix"],
    &["manifest"],
    &["config"],
    &["release"],
    &["context", "launch", "plan"],
    &["inventory"],
    &["check", "framework", "store"],
    &["operate", "page", "publish"],
    &["doctor"],
    &["messages"],
    &["cli", "cnb", "heroku"],
    &["main"],
];

const CRATES: &[(&str, &[&str])] = &[
    ("libcnb", &["cnb"]),
    ("content_security_policy", &["page"]),
    ("cssparser", &["page"]),
    ("html5gum", &["page"]),
    ("lexopt", &["cli", "messages"]),
    ("flate2", &["gzip"]),
    ("futures_util", &["store"]),
    ("object_store", &["store"]),
    ("reqwest", &["store"]),
    ("rustls", &["store", "http"]),
    ("rustls_native_certs", &["store"]),
    ("tokio", &["store", "interrupt"]),
    ("rustix", &["store", "command", "fs"]),
    ("toml", &["config", "cnb"]),
    ("ureq", &["http"]),
    ("std::process::Command", &["command"]),
    ("std::env::vars_os", &["env"]),
];

/// The code of the crate by file, without tests and comments.
type Files = BTreeMap<PathBuf, String>;

/// `store/objects` is the file `src/store/objects.rs`.
fn module_of(file: &Path) -> Vec<String> {
    let parts = file.with_extension("");
    parts
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect()
}

fn row_of(module: &str) -> usize {
    let row = ROWS.iter().position(|modules| modules.contains(&module));
    row.unwrap_or_else(|| panic!("{module} is in no row"))
}

/// The modules that a file names in its `use` declarations and paths, as far as a file of the crate holds them.
fn imports(file: &Path, code: &str, files: &Files) -> BTreeSet<PathBuf> {
    let own = module_of(file);
    let mut found = BTreeSet::new();
    for (start, base) in [
        ("crate::", Vec::new()),
        ("super::", own[..own.len() - 1].to_vec()),
    ] {
        for (at, _) in code.match_indices(start) {
            let is_word = |letter: char| letter.is_alphanumeric() || "_:".contains(letter);
            if code[..at].ends_with(is_word) {
                continue;
            }
            for path in paths(&code[at + start.len()..]) {
                let path: Vec<String> = base.iter().cloned().chain(path).collect();
                let holders = (1..=path.len())
                    .rev()
                    .map(|length| path[..length].iter().collect::<PathBuf>());
                let holder = holders
                    .map(|path| path.with_extension("rs"))
                    .find(|path| files.contains_key(path));
                found.extend(holder.filter(|holder| holder != file));
            }
        }
    }
    found
}

/// The paths that begin here: `a::{b, c::d}` gives `a::b` and `a::c::d`.
fn paths(code: &str) -> Vec<Vec<String>> {
    let end = code
        .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .unwrap_or(code.len());
    let (name, rest) = code.split_at(end);
    if let Some(list) = rest.strip_prefix("::{").or_else(|| code.strip_prefix('{')) {
        let prefix: Vec<String> = (!name.is_empty())
            .then(|| name.to_owned())
            .into_iter()
            .collect();
        let items = items_of(list).into_iter().flat_map(paths);
        return items
            .map(|path| prefix.iter().cloned().chain(path).collect())
            .collect();
    }
    let below = rest
        .strip_prefix("::")
        .map_or_else(|| vec![Vec::new()], paths);
    below
        .into_iter()
        .map(|path| [name.to_owned()].into_iter().chain(path).collect())
        .collect()
}

/// The items of a list in braces, whose opening brace is read.
fn items_of(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            ',' if depth == 0 => {
                items.push(list[start..at].trim());
                start = at + 1;
            }
            '}' if depth == 0 => {
                items.push(list[start..at].trim());
                break;
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    items
}

/// What breaks the shape of the house, in sentences.
fn violations(files: &Files) -> Vec<String> {
    let arrows: BTreeMap<&PathBuf, BTreeSet<PathBuf>> = files
        .iter()
        .map(|(file, code)| (file, imports(file, code, files)))
        .collect();
    let mut violations = upward_arrows(&arrows);
    violations
        .extend(circle(&arrows).map(|files| format!("these files import each other: {files:?}")));
    violations.extend(methods_of_lower_types(files));
    violations.extend(types_of_one_name(files));
    violations
}

fn upward_arrows(arrows: &BTreeMap<&PathBuf, BTreeSet<PathBuf>>) -> Vec<String> {
    let mut found = Vec::new();
    for (file, imported) in arrows {
        for other in imported {
            let [from, to] = [file, &other].map(|path| module_of(path)[0].clone());
            if from != "main" && from != to && row_of(&to) >= row_of(&from) {
                found.push(format!(
                    "{} imports {}, which is not below it",
                    file.display(),
                    other.display()
                ));
            }
        }
    }
    found
}

/// Files that import each other. A directory is read from its own file, so the two may know each other.
fn circle(arrows: &BTreeMap<&PathBuf, BTreeSet<PathBuf>>) -> Option<Vec<PathBuf>> {
    let is_directory_of = |file: &Path, other: &Path| other.starts_with(file.with_extension(""));
    let next = |file: &PathBuf| -> Vec<PathBuf> {
        let imported = arrows.get(file).into_iter().flatten();
        let apart =
            imported.filter(|other| !is_directory_of(file, other) && !is_directory_of(other, file));
        apart.cloned().collect()
    };
    let mut left: BTreeSet<PathBuf> = arrows.keys().map(|file| (*file).clone()).collect();
    // Neither what imports nothing that is left nor what nothing that is left imports is in a circle.
    loop {
        let imported: BTreeSet<PathBuf> = left.iter().flat_map(next).collect();
        let ends = |file: &PathBuf| {
            !imported.contains(file) || next(file).iter().all(|it| !left.contains(it))
        };
        let less: BTreeSet<PathBuf> = left.iter().filter(|file| !ends(file)).cloned().collect();
        if less.len() == left.len() {
            break;
        }
        left = less;
    }
    (!left.is_empty()).then(|| left.into_iter().collect())
}

/// The name after a keyword at the start of a line: `pub(crate) struct Name<'a> {`.
fn declared<'a>(line: &'a str, keyword: &str) -> Option<&'a str> {
    let line = line.trim_start();
    let line = line
        .strip_prefix("pub(crate) ")
        .or_else(|| line.strip_prefix("pub(super) "))
        .unwrap_or(line);
    let rest = line.strip_prefix(keyword)?.strip_prefix(' ')?;
    rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .next()
}

fn declares(code: &str, name: &str) -> bool {
    let keywords = ["struct", "enum", "trait", "type"];
    let mut declared = code
        .lines()
        .flat_map(|line| keywords.map(|keyword| declared(line, keyword)));
    declared.any(|declared| declared == Some(name))
}

/// The types of the crate that more than one file can name, with the module that declares each.
fn visible_types(files: &Files) -> Vec<(&str, &Path)> {
    let mut types = Vec::new();
    for (file, code) in files {
        for line in code
            .lines()
            .filter(|line| line.trim_start().starts_with("pub("))
        {
            let name = ["struct", "enum", "trait", "type"]
                .iter()
                .find_map(|keyword| declared(line, keyword));
            types.extend(name.map(|name| (name, file.as_path())));
        }
    }
    types
}

fn types_of_one_name(files: &Files) -> Vec<String> {
    let mut by_name: BTreeMap<&str, Vec<&Path>> = BTreeMap::new();
    for (name, file) in visible_types(files) {
        by_name.entry(name).or_default().push(file);
    }
    let twice = by_name.into_iter().filter(|(_, files)| files.len() > 1);
    twice
        .map(|(name, files)| format!("the type {name} is declared in {files:?}"))
        .collect()
}

/// A method on a type of a lower row is an arrow upward that no import shows.
fn methods_of_lower_types(files: &Files) -> Vec<String> {
    let types: BTreeMap<&str, &Path> = visible_types(files).into_iter().collect();
    let mut found = Vec::new();
    for (file, code) in files {
        for line in code
            .lines()
            .filter(|line| line.starts_with("impl") && !line.contains(" for "))
        {
            let rest = line.trim_start_matches("impl");
            let rest = if rest.starts_with('<') {
                rest.split_once("> ").map_or("", |(_, rest)| rest)
            } else {
                rest
            };
            let name = rest
                .trim()
                .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .next();
            let Some(home) = name.and_then(|name| types.get(name)) else {
                continue;
            };
            let [own, home] = [file, *home].map(|path| module_of(path)[0].clone());
            if own != home && !declares(code, name.unwrap_or_default()) {
                found.push(format!(
                    "{} has methods of {}, a type of {home}",
                    file.display(),
                    name.unwrap_or_default()
                ));
            }
        }
    }
    found
}

fn files() -> Files {
    own_code("src")
}

#[test]
fn the_house_keeps_its_shape() {
    let violations = violations(&files());
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

/// Each way to break the shape is put into the real code, and found.
#[test]
fn a_broken_shape_is_found() {
    for (file, line, found) in [
        (
            "store/objects.rs",
            "use crate::publish::publish;",
            "store/objects.rs imports publish.rs",
        ),
        (
            "check.rs",
            "use crate::{\n    store::{Store, StoreError},\n};",
            "check.rs imports store.rs",
        ),
        (
            "log.rs",
            "type X = crate::messages::cli::UsageError;",
            "log.rs imports messages/cli.rs",
        ),
        (
            "store/retry.rs",
            "use super::bucket::Bucket;",
            "store/retry.rs",
        ),
        (
            "messages/store.rs",
            "impl StoreError {",
            "messages/store.rs has methods of StoreError",
        ),
        (
            "messages/store.rs",
            "impl<'a> Release<'a> {",
            "messages/store.rs has methods of Release",
        ),
        (
            "cli.rs",
            "pub(crate) struct Release {",
            "the type Release is declared in",
        ),
    ] {
        let mut files = files();
        let code = files.get_mut(Path::new(file)).unwrap();
        code.extend([line, "\n"]);
        let violations = violations(&files);
        assert!(
            violations.iter().any(|text| text.contains(found)),
            "{line} in {file}: {violations:?}"
        );
    }
}

#[test]
fn crates_are_used_where_they_belong() {
    for (file, code) in files() {
        let module = &module_of(&file)[0];
        for (name, users) in CRATES {
            let is_used = code.contains(&format!("{name}::")) || code.contains(&format!("{name}("));
            assert!(
                !is_used || users.contains(&module.as_str()),
                "{module} uses {name}, which belongs in {users:?}"
            );
        }
    }
}

#[test]
fn every_dependency_is_used_and_odd_ones_say_why() {
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let (_, dependencies) = manifest.split_once("[dependencies]\n").unwrap();
    let (dependencies, _) = dependencies.split_once("\n[").unwrap();
    let code: String = files().into_values().collect();
    // Of the card, or what everybody knows.
    let plain = [
        "fs-err",
        "indoc",
        "libherokubuildpack",
        "serde",
        "serde_json",
        "sha2",
        "tokio",
        "toml",
    ];
    let mut reason = false;
    for line in dependencies.lines().filter(|line| !line.is_empty()) {
        if line.starts_with('#') {
            reason = true;
            continue;
        }
        let name = line.split(' ').next().unwrap();
        assert!(
            reason || plain.contains(&name),
            "{name}: say why, in one sentence"
        );
        reason = false;
        let krate = match name {
            "md-5" => "md5".to_owned(),
            // Chooses the features of object_store's client.
            "reqwest" => continue,
            name => name.replace('-', "_"),
        };
        let is_used = code.contains(&format!("{krate}::"));
        assert!(is_used, "{name} is not used in src/");
    }
}

#[test]
fn no_fixture_holds_a_buildpack_toml() {
    // `cargo libcnb package` packages every one that it finds.
    let fixtures = crate::harness::tree(&repository().join("fixtures"));
    let odd = fixtures
        .keys()
        .find(|path| path.ends_with("buildpack.toml"));
    assert_eq!(odd, None);
}

#[test]
fn every_path_in_contributing_exists() {
    let guide = fs::read_to_string(repository().join("CONTRIBUTING.md")).unwrap();
    let is_path = |letter: char| letter.is_alphanumeric() || "_-./".contains(letter);
    let words = guide.split(|letter| !is_path(letter));
    let paths: Vec<&str> = words
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| word.starts_with("src/") || word.starts_with("tests/"))
        .collect();
    assert!(paths.len() > 40);
    for path in paths {
        assert!(
            repository().join(path).exists(),
            "CONTRIBUTING names {path}"
        );
    }
}
