//! The documentation: its links lead somewhere, its releases have the files that it names, and every error has its place.

use crate::harness::{Platform, repository};
use fs_err as fs;
use regex::Regex;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Every page, by its path in the repository.
pub(crate) fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(repository().join("docs")).unwrap();
    let docs = docs.map(|entry| Path::new("docs").join(entry.unwrap().file_name()));
    let docs = docs.filter(|path| path.extension().is_some_and(|it| it == "md"));
    let top = [
        "README.md",
        "SECURITY.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ]
    .map(PathBuf::from);
    let mut pages: Vec<PathBuf> = docs.chain(top).collect();
    pages.sort();
    pages
}

pub(crate) fn read(page: &Path) -> String {
    fs::read_to_string(repository().join(page)).unwrap()
}

/// A page without its blocks of code, in which a line may begin with `#`.
fn prose(page: &Path) -> String {
    let fence = Regex::new(r"(?ms)^ *```.*?^ *```").unwrap();
    fence.replace_all(&read(page), "").into_owned()
}

fn headings(page: &Path) -> Vec<String> {
    let headings = prose(page);
    let headings = headings.lines().filter(|line| line.starts_with('#'));
    let headings = headings.map(|line| line.trim_start_matches('#').trim().to_owned());
    headings.collect()
}

/// The anchor that GitHub makes of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept
        .chars()
        .filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
    kept.map(|it| if it == ' ' { '-' } else { it }).collect()
}

#[test]
fn every_link_within_the_documentation_leads_somewhere() {
    let link = Regex::new(r#"\]\(([^) ]+)\)|(?:src|srcset)="([^"]+)""#).unwrap();
    let mut broken = Vec::new();
    for page in pages() {
        for found in link.captures_iter(&prose(&page)) {
            let target = found.get(1).or(found.get(2)).unwrap().as_str();
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
            let file = match path {
                "" => page.clone(),
                path => page.parent().unwrap().join(path),
            };
            let is_there = repository().join(&file).exists();
            let has_anchor = || headings(&file).iter().any(|it| anchor(it) == fragment);
            if !is_there || !fragment.is_empty() && !has_anchor() {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// What `script/package` makes.
fn release_files() -> BTreeSet<String> {
    let script = read(Path::new("script/lib/package.py"));
    let list = script.split("  static-assets-linux-ARCH  ").nth(1).unwrap();
    let list = list.split("\n\n").next().unwrap();
    let list = format!("  static-assets-linux-ARCH  {list}");
    let names = list.lines().flat_map(|line| {
        let names = line.split("    ").next().unwrap_or_default();
        let names = names
            .split(", ")
            .filter_map(|name| name.split_whitespace().next());
        names.map(str::to_owned).collect::<Vec<_>>()
    });
    let of_each = names
        .flat_map(|name| ["amd64", "arm64"].map(|architecture| name.replace("ARCH", architecture)));
    of_each.collect()
}

#[test]
fn every_file_of_a_release_that_is_named_exists() {
    let files = release_files();
    assert!(files.contains("static-assets-linux-amd64.cnb"), "{files:?}");
    let url = Regex::new(r"releases/download/v([0-9.]+)(?:/([A-Za-z0-9.-]+))?").unwrap();
    let mut seen = 0;
    for page in pages() {
        for found in url.captures_iter(&read(&page)) {
            assert_eq!(&found[1], env!("CARGO_PKG_VERSION"), "{}", page.display());
            if let Some(name) = found.get(2) {
                assert!(
                    files.contains(name.as_str()),
                    "{}: {}",
                    page.display(),
                    name.as_str()
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 5);
}

#[test]
fn every_error_has_its_place_in_troubleshooting() {
    let headings = headings(Path::new("docs/troubleshooting.md"));
    let patterns = headings.iter().map(|heading| {
        let parts: Vec<String> = heading.split('…').map(regex::escape).collect();
        Regex::new(&format!("^{}$", parts.join(".*"))).unwrap()
    });
    let patterns: Vec<Regex> = patterns.collect();
    let title = Regex::new(r"(?m)^\[Error: (.*)\]$").unwrap();
    let mut missing = Vec::new();
    for entry in fs::read_dir(repository().join("src/messages/rendered")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for found in title.captures_iter(&text) {
            // Warnings have titles only where they are compared.
            let is_error = !found[1].starts_with("a warning, ");
            if is_error && !patterns.iter().any(|it| it.is_match(&found[1])) {
                missing.push(found[1].to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn readme_fits_a_minute() {
    let lines = read(Path::new("README.md")).lines().count();
    assert!(lines <= 150, "README.md has {lines} lines");
}

fn run(script: &str, arguments: &[&str], input: Stdio) -> Output {
    let mut command = Command::new(repository().join("script").join(script));
    let command = command.args(arguments).stdin(input);
    let command = command.env("STATIC_ASSETS_BIN", env!("CARGO_BIN_EXE_static-assets"));
    command.output().unwrap()
}

#[test]
fn the_pictures_are_what_their_script_draws() {
    let checked = run("pictures", &["--check"], Stdio::null());
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn the_recording_shows_what_the_demo_prints() {
    let demo = run("demo", &[], Stdio::null());
    assert!(demo.status.success(), "{demo:?}");
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), &demo.stdout).unwrap();
    let compared = run(
        "pictures",
        &["--compare", &file.path().display().to_string()],
        Stdio::null(),
    );
    let difference = String::from_utf8_lossy(&compared.stdout).into_owned();
    assert!(
        compared.status.success(),
        "script/pictures --record\n{difference}"
    );
}

#[test]
fn no_page_names_a_setting_that_nothing_reads() {
    // Of the tests, and what the program itself sets.
    const OTHERS: [&str; 2] = ["STATIC_ASSETS_CACHE", "STATIC_ASSETS_VERSION"];
    let known = Platform::empty().cli(&["help", "settings"]).exits(0);
    let known = known.stdout();
    let rows = read(Path::new("docs/configuration.md"));
    let is_secret = |name: &str| {
        let row = format!("| `{name}` | never |");
        let mut rows = rows.lines().filter(|line| line.starts_with(&row));
        rows.any(|line| line.contains("| a secret |"))
    };
    let name = Regex::new(r"(?-u:\b)STATIC_ASSETS_[A-Z_]*[A-Z](?-u:\b)").unwrap();
    for page in pages() {
        for found in name.find_iter(&read(&page)) {
            let word = found.as_str();
            let setting = word.strip_suffix("_FILE").filter(|name| is_secret(name));
            let is_known = known.contains(&format!("  {}\n", setting.unwrap_or(word)));
            let is_of_tests = word.starts_with("STATIC_ASSETS_TEST") || word == "STATIC_ASSETS_BIN";
            let is_other =
                is_of_tests || word.starts_with("STATIC_ASSETS_BIN_") || OTHERS.contains(&word);
            assert!(is_known || is_other, "{} names {word}", page.display());
        }
    }
}
