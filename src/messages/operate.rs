//! Texts of the commands about a store: what they show, and why they can't.

mod html;
mod prune;

use super::{Explain, Kind, Message, config_message, titled};
use crate::inventory::{
    Comparison, FileProblem, Inventory, RefEntry, Verification, VersionEntry, VersionState,
};
use crate::log::{Event, Log, bytes, count};
use crate::manifest::VersionKind;
use crate::operate::{OperateError, OperateEvent, PinName};
use crate::version::Version;
use chrono::{DateTime, Utc};
pub(crate) use html::page;
pub(crate) use prune::{deletion_reason, keep_reason, plan};
use std::collections::BTreeSet;
use std::fmt::Write as _;

impl Explain for OperateError {
    #[allow(clippy::too_many_lines, reason = "one text for each case")]
    fn explain(&self) -> Message {
        match self {
            Self::Config(problems) => config_message(problems),
            Self::NoStore => titled(
                Kind::Configuration,
                "STATIC_ASSETS_STORE is not set\nSet the store whose versions you want to see:\n  \
                 STATIC_ASSETS_STORE=s3://bucket/prefix\n\
                 or az://container/prefix, gs://bucket/prefix or file:///directory. The settings are those of the \
                 build, with a key that may list and read.",
            ),
            Self::Store(error, asked) => error.explain().with_line(&format!("Asked: {asked}")),
            Self::NotPublished(version, Some(VersionState::Unreadable), asked) => titled(
                Kind::Machine,
                &format!(
                    "{version} can't be read\nIts marker or its tombstone is damaged, or a newer version of this program \
                     has written it. No prune deletes what it can't read.\n\nAsked: {asked}"
                ),
            ),
            Self::NotPublished(version, found, asked) => titled(
                Kind::Missing,
                &format!(
                    "{version} is not published\n{}. To see what there is:\n  static-assets list\n\nAsked: {asked}",
                    match found {
                        Some(found) => format!("In the store, it is {}", state_text(*found)),
                        None => "The store has nothing of it".to_owned(),
                    }
                ),
            ),
            Self::NoSuchPin(PinName { version, name }, names) => titled(
                Kind::Missing,
                &format!(
                    "{version} has no pin {name}\nIts pins: {}. To remove one of them:\n  \
                     static-assets unpin {version} --name NAME",
                    joined(names.iter().map(String::as_str))
                ),
            ),
            Self::RepairDir(dir, error) => Message::new(
                Kind::Machine,
                format!("The directory can't be read: {}", dir.display()),
                "It should hold the files of the version, such as a copy of an image's STATIC_ROOT or priv/static.",
            )
            .with_details(error.to_string()),
            Self::Differs {
                files,
                versions,
                missing,
            } => differs(*files, *versions, missing.as_ref()),
            Self::Unreadable(versions) => Message::new(
                Kind::Machine,
                format!("{} can't be compared", count(*versions, "version")),
                "Each is named above. Its marker or tombstone is damaged, or a newer version of this program has written it: \
                 use that one. Everything else is right.",
            ),
            Self::InUse(error) => error.explain(),
            Self::MoreThanHalf(rule) => prune::more_than_half(*rule),
            Self::NotDiscarded(version, why) => prune::not_discarded(version, *why),
            Self::NoSuchVersion(version, asked) => titled(
                Kind::Missing,
                &format!(
                    "The store has no version {version}\nNo build has begun to publish it there, or the prefix is \
                     another one. To see what there is:\n  static-assets list\n\nAsked: {asked}"
                ),
            ),
        }
        .alone()
    }
}

fn differs(files: usize, versions: usize, missing: Option<&Version>) -> Message {
    let differ = if files == 1 { "differs" } else { "differ" };
    let (files, versions) = (count(files, "file"), count(versions, "version"));
    let title = format!("{files} of {versions} {differ} from what was published");
    let repair = missing.map(|version| {
        format!(
            "\nTo upload missing files again, from a directory that has them, such as a copy of an image's files:\n  \
             static-assets verify {version} --repair DIR"
        )
    });
    let body = format!(
        "Each is named above. This program never deletes or replaces a published file. Look at the lifecycle rules of \
         the bucket, and who else has keys for the prefix.{}",
        repair.unwrap_or_default()
    );
    Message::new(Kind::Machine, title, body)
}

impl Event for OperateEvent<'_> {
    fn write_to(&self, log: &Log) {
        match self {
            Self::Verified(found, comparison) => log_verification(found, *comparison, log),
            Self::NotCompared(version, state) => {
                let line = format!("{version}: {}, so it was not compared", state_text(*state));
                if *state == VersionState::Unreadable {
                    log.warning(&line);
                } else {
                    log.bullet(&line);
                }
            }
            Self::NothingPublished(store) => {
                log.bullet(&format!("No published version in {store}"));
            }
            Self::Pinned(PinName { version, name }, reason) => log.bullet(&format!(
                "{version}: pinned as {name}, so no prune deletes it ({reason})"
            )),
            Self::Unpinned(PinName { version, name }) => {
                log.bullet(&format!("{version}: the pin {name} is gone"));
            }
            Self::NamesNoVersion(lines) => prune::log_lines_without_version(lines, log),
            Self::Pruned(deletion, pruned) => prune::log_pruned(deletion, pruned, log),
            Self::PruneEnds(summary) => prune::log_end(summary, log),
            Self::Repaired {
                version,
                uploaded,
                dir,
                copies,
            } => {
                let dir = dir.display();
                if *uploaded > 0 {
                    let files = count(*uploaded, "missing file");
                    log.bullet(&format!("{version}: {files} uploaded from {dir}"));
                }
                for (number, what) in [
                    (copies.other, "has other bytes of"),
                    (copies.absent, "lacks"),
                ] {
                    if number > 0 {
                        let files = count(number, "missing file");
                        log.detail(&format!("{dir} {what} {files}"));
                    }
                }
            }
        }
    }
}

fn log_verification(found: &Verification, comparison: Comparison, log: &Log) {
    let version = &found.version;
    let files = count(found.files, "file");
    let size = bytes(found.bytes);
    if found.problems.is_empty() {
        let compared = compared(found, comparison);
        log.bullet(&format!(
            "{version}: {files}, {size}, with the right {compared}"
        ));
    } else {
        let wrong = count(found.problems.len(), "problem");
        log.bullet(&format!("{version}: {files}, {size}: {wrong}"));
    }
    if found.unproven > 0 {
        let unproven = count(found.unproven, "file");
        log.detail(&format!(
            "Compared by size only: {unproven}. The store keeps no hash of them. To compare bytes: \
             static-assets verify {version} --read"
        ));
    }
    for (path, problem) in &found.problems {
        log.warning(&format!("{path}: {}", problem_text(problem)));
    }
}

/// Names what was compared.
fn compared(found: &Verification, comparison: Comparison) -> String {
    let (content, has_content) = match comparison {
        Comparison::Read => ("bytes", true),
        Comparison::Head => ("hashes", found.unproven < found.files),
    };
    match (has_content, found.has_headers) {
        (true, true) => format!("sizes, {content} and headers"),
        (true, false) => format!("sizes and {content}"),
        (false, true) => "sizes and headers".to_owned(),
        (false, false) => "sizes".to_owned(),
    }
}

fn problem_text(problem: &FileProblem) -> String {
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    match problem {
        FileProblem::Missing => "missing".to_owned(),
        FileProblem::Size { stored, wanted } => {
            format!("it has {stored} bytes, and should have {wanted}")
        }
        FileProblem::OtherBytes => "its bytes differ".to_owned(),
        FileProblem::Link => "a symbolic link leads to it, so it was not read".to_owned(),
        FileProblem::Header(name, stored, wanted) => {
            let wanted = if wanted.is_empty() { "absent" } else { wanted };
            format!("{name} is {}, and should be {wanted}", shown(stored))
        }
        FileProblem::Foreign => "the marker does not name this file".to_owned(),
    }
}

/// The word for a problem, in JSON.
pub(crate) fn problem(problem: &FileProblem) -> &'static str {
    match problem {
        FileProblem::Missing => "missing",
        FileProblem::Size { .. } => "size",
        FileProblem::OtherBytes => "bytes",
        FileProblem::Link => "link",
        FileProblem::Header(..) => "header",
        FileProblem::Foreign => "foreign",
    }
}

/// The word for a state, in tables and in JSON.
pub(crate) fn state(state: VersionState) -> &'static str {
    match state {
        VersionState::Published => "published",
        VersionState::Unreadable => "unreadable",
        VersionState::Unfinished => "unfinished",
        VersionState::Deleting => "deleting",
        VersionState::Deleted => "deleted",
    }
}

/// What the state of a version means.
fn state_text(found: VersionState) -> &'static str {
    match found {
        VersionState::Published => "published",
        VersionState::Unreadable => {
            "unreadable: its marker or tombstone is damaged or of a newer schema"
        }
        VersionState::Unfinished => {
            "unfinished: a build is running, or stopped before it wrote the marker"
        }
        VersionState::Deleting => "being deleted by a prune",
        VersionState::Deleted => "deleted by a prune",
    }
}

/// The word for a kind, in tables and in JSON.
pub(crate) fn kind(kind: VersionKind) -> &'static str {
    match kind {
        VersionKind::Digest => "digest",
        VersionKind::Explicit => "explicit",
    }
}

/// What the table of `list` and the one of the page say about each version.
const COLUMNS: [&str; 10] = [
    "Version",
    "Kind",
    "Files",
    "Size",
    "Groups",
    "Commit",
    "Published",
    "Built",
    "Pins",
    "State",
];

/// One row a version, and the sum.
pub(crate) fn inventory(inventory: &Inventory, store: &str) -> String {
    let mut rows = vec![COLUMNS.map(str::to_uppercase)];
    rows.extend(inventory.versions.iter().map(row));
    let mut text = table(&rows, &[2, 3]);
    let held = inventory.versions.iter();
    let held = held.filter(|entry| entry.state != VersionState::Deleted);
    let (number, files, size) = held.fold((0, 0, 0_u64), |(number, files, size), entry| {
        let size = entry.bytes.saturating_add(size);
        (number + 1, files + entry.files, size)
    });
    let (number, files) = (count(number, "version"), count(files, "file"));
    let _ = writeln!(
        text,
        "\n{number}, {files}, {} in {store}. Times are UTC.",
        bytes(size)
    );
    if let Some(first) = inventory.unknown.first() {
        let number = count(inventory.unknown.len(), "object");
        let _ = writeln!(
            text,
            "No part of the protocol, and left alone: {number}, such as .static-assets/{first}"
        );
    }
    text
}

/// The cells of one version, in the order of [`COLUMNS`].
fn row(entry: &VersionEntry) -> [String; COLUMNS.len()] {
    [
        entry.version.to_string(),
        kind(entry.kind()).to_owned(),
        entry.files.to_string(),
        bytes(entry.bytes),
        joined(entry.groups()),
        short(entry.commit()),
        time(entry.published),
        time(entry.last_built()),
        joined(entry.pins.iter().map(|pin| &*pin.name)),
        state(entry.state).to_owned(),
    ]
}

/// Everything about one version.
pub(crate) fn version(entry: &VersionEntry, store: &str) -> String {
    let mut text = String::new();
    let facts = [
        ("Version", entry.version.to_string()),
        ("State", state(entry.state).to_owned()),
        ("Published", time(entry.published)),
        (
            "Size",
            format!("{}, {}", count(entry.files, "file"), bytes(entry.bytes)),
        ),
        ("Store", store.to_owned()),
    ];
    for (name, value) in facts {
        let _ = writeln!(text, "{:<11}{value}", format!("{name}:"));
    }
    for pin in &entry.pins {
        let reason = pin
            .reason
            .as_deref()
            .unwrap_or("no reason that could be read");
        let _ = writeln!(text, "{:<11}{}: {reason}", "Pin:", pin.name);
    }
    let builds = count(entry.refs.len(), "run");
    let _ = match entry.refs.as_slice() {
        [] => writeln!(text, "\nNo build of it is recorded."),
        _ => writeln!(text, "\nBuilt by {builds}, newest first (UTC):"),
    };
    let runs: Vec<_> = entry.refs.iter().map(run).collect();
    text += &table(&runs, &[]);
    if let Some(marker) = &entry.marker {
        text += "\nFiles:\n";
        let files = marker.files.iter();
        let files: Vec<_> = files
            .map(|file| {
                let stored_as = match &file.encoding {
                    Some(encoding) => format!("{}, {encoding}", file.content_type),
                    None => file.content_type.clone(),
                };
                [bytes(file.size), stored_as, file.path.clone()]
            })
            .collect();
        text += &table(&files, &[0]);
    }
    text
}

fn run(entry: &RefEntry) -> [String; 3] {
    let commit = entry.commit.as_deref();
    [time(Some(entry.at)), entry.group.clone(), short(commit)]
}

/// Aligns columns. Those of these numbers are aligned to the right.
fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]], right: &[usize]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| {
            if right.contains(&column) {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        text += line.trim_end();
        text += "\n";
    }
    text
}

/// Shows no name as `-`, and of many only the first.
fn joined<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 3;
    let names: BTreeSet<&str> = names.into_iter().collect();
    let names: Vec<&str> = names.into_iter().collect();
    match names.as_slice() {
        [] => "-".to_owned(),
        names if names.len() <= SHOWN => names.join(","),
        names => format!("{},+{}", names[..SHOWN].join(","), names.len() - SHOWN),
    }
}

fn short(commit: Option<&str>) -> String {
    const SHOWN: usize = 12;
    let commit: String = commit.unwrap_or("-").chars().take(SHOWN).collect();
    commit.replace(char::is_whitespace, "_")
}

fn time(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(
        || "-".to_owned(),
        |at| at.format("%Y-%m-%dT%H:%M").to_string(),
    )
}
