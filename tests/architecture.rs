//! The house keeps its shape: rows, strangers, and who may use which crate. CONTRIBUTING prints the
//! same table.

use crate::harness::repository;
use crate::harness::sources::own_code;
use fs_err as fs;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A module imports lower rows and its own folder only.
const ROWS: &[(u32, &[&str])] = &[
    (10, &["main"]),
    (9, &["cnb", "classic", "cli"]),
    (8, &["setup"]),
    (7, &["errors"]),
    (6, &["publish"]),
    (5, &["framework", "store", "check"]),
    (4, &["plan", "launch", "app"]),
    (3, &["release"]),
    (2, &["config"]),
    (1, &["manifest", "version", "prefix"]),
    (
        0,
        &[
            "env",
            "command",
            "fetch",
            "interrupt",
            "output",
            "hex",
            "parallel",
            "paths",
            "percent",
            "walk",
        ],
    ),
];

/// Of one row, but friends: the one on the left may import those on the right.
const FRIENDS: &[(&str, &[&str])] = &[
    ("manifest", &["version", "prefix"]),
    ("prefix", &["version"]),
    ("version", &["manifest"]),
    ("command", &["env", "interrupt"]),
    ("env", &["output"]),
    ("output", &["hex", "percent"]),
];

/// Upward, each with its reason.
const UPWARD: &[(&str, &str)] = &[
    // The log renders messages, which are values of texts.
    ("output", "errors"),
    // What is wrong with the arguments is the command line's, its text is not.
    ("errors", "cli"),
    ("errors", "classic"),
];

const CRATES: &[(&str, &[&str])] = &[
    ("libcnb", &["cnb"]),
    ("lexopt", &["cli"]),
    ("futures_util", &["store"]),
    ("object_store", &["store"]),
    ("reqwest", &["store"]),
    ("rustls", &["store", "fetch"]),
    ("rustls_native_certs", &["store"]),
    ("tokio", &["store", "interrupt"]),
    ("rustix", &["store", "command"]),
    ("toml", &["config", "cnb"]),
    ("ureq", &["fetch"]),
    ("std::process::Command", &["command"]),
    ("std::env::vars_os", &["env"]),
];

/// By top-level module.
fn sources() -> BTreeMap<String, String> {
    let mut modules = BTreeMap::<String, String>::new();
    for (path, code) in own_code("src") {
        let top = Path::new(path.iter().next().unwrap()).file_stem().unwrap();
        let module = modules.entry(top.to_string_lossy().into_owned());
        module.or_default().push_str(&code);
    }
    modules
}

fn row_of(module: &str) -> u32 {
    ROWS.iter()
        .find(|(_, modules)| modules.contains(&module))
        .unwrap_or_else(|| panic!("{module} is in no row"))
        .0
}

fn imports(code: &str) -> BTreeSet<String> {
    code.match_indices("crate::")
        .map(|(at, found)| {
            code[at + found.len()..]
                .chars()
                .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                .collect()
        })
        .collect()
}

#[test]
fn modules_import_lower_rows_only() {
    for (module, code) in sources().iter().filter(|(module, _)| *module != "main") {
        for imported in imports(code).iter().filter(|name| *name != module) {
            let is_friend = FRIENDS
                .iter()
                .any(|(name, friends)| name == module && friends.contains(&imported.as_str()));
            let is_allowed_upward = UPWARD.contains(&(module.as_str(), imported.as_str()));
            assert!(
                row_of(imported) < row_of(module) || is_friend || is_allowed_upward,
                "{module} (row {}) imports {imported} (row {})",
                row_of(module),
                row_of(imported)
            );
        }
    }
}

#[test]
fn crates_are_used_where_they_belong() {
    for (module, code) in sources() {
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
    let code: String = sources().into_values().collect();
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
