//! `static-assets list` and `static-assets show`: what is in the store.

use super::args::{Format, ListArgs, ShowArgs};
use crate::config::{Platform, Retention, RetentionFlags, Sources};
use crate::env::Env;
use crate::inventory::{Inventory, PinEntry, RefEntry, VersionEntry};
use crate::log::Log;
use crate::manifest::MarkedFile;
use crate::message::Message;
use crate::messages::cli::{CliEvent, FileError};
use crate::messages::operate as texts;
use crate::operate::{OpenStore, OperateError};
use crate::publish::warn;
use chrono::{DateTime, SecondsFormat, Utc};
use fs_err as fs;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

pub(super) fn list(args: ListArgs, log: &Log) -> Result<(), Message> {
    if let Some(file) = &args.html {
        return list_in_page(file, args.retention, log);
    }
    let operator = open(log)?;
    let inventory = operator.list()?;
    let store = operator.place();
    match args.format {
        Format::Log => log.show(&texts::inventory(&inventory, &store)),
        Format::Json => log.data(&render(&InventoryJson::of(&inventory, &store))),
    }
    .map_err(FileError::Output)?;
    Ok(())
}

fn list_in_page(file: &Path, flags: RetentionFlags, log: &Log) -> Result<(), Message> {
    let env = Env::of_process();
    let sources = sources_of(&env)?;
    let retention = Retention::read(&sources, flags).map_err(OperateError::from)?;
    let operator = open_of(&sources, log)?;
    let (inventory, planned) = operator.list_with_plan(retention)?;
    let page = texts::page(&inventory, &planned, &operator.place());
    let written = fs::write(file, log.redacted(&page));
    written.map_err(|error| FileError::Page(file.to_owned(), error))?;
    log.event(&CliEvent::Written(file));
    Ok(())
}

pub(super) fn show(args: &ShowArgs, log: &Log) -> Result<(), Message> {
    let operator = open(log)?;
    let entry = operator.show(&args.version)?;
    match args.format {
        Format::Log => log.show(&texts::version(&entry, &operator.place())),
        Format::Json => log.data(&render(&VersionJson::whole(&entry))),
    }
    .map_err(FileError::Output)?;
    Ok(())
}

/// Opens the store of the environment and of the `project.toml` in the directory in which the command is called.
pub(super) fn open(log: &Log) -> Result<OpenStore, Message> {
    let env = Env::of_process();
    Ok(open_of(&sources_of(&env)?, log)?)
}

/// Opens the store of these settings. Warns of names that nothing reads: a misspelt policy deletes too much.
pub(super) fn open_of(sources: &Sources<'_>, log: &Log) -> Result<OpenStore, OperateError> {
    let operator = OpenStore::open(sources, log)?;
    warn(&sources.warnings(), log);
    Ok(operator)
}

/// The settings of the environment and of the `project.toml` in the directory in which the command is called.
pub(super) fn sources_of(env: &Env) -> Result<Sources<'_>, OperateError> {
    let sources = Sources::read(env, Platform::default(), Path::new("."));
    sources.map_err(OperateError::from)
}

pub(super) fn render(json: &impl Serialize) -> String {
    serde_json::to_string(json).expect("texts and numbers") + "\n"
}

#[derive(Serialize)]
struct InventoryJson<'a> {
    store: &'a str,
    versions: Vec<VersionJson<'a>>,
    /// Objects of the protocol's directory that this program doesn't understand.
    unknown: &'a [String],
}

#[derive(Serialize)]
struct VersionJson<'a> {
    version: &'a str,
    state: &'static str,
    kind: &'static str,
    files: usize,
    bytes: u64,
    groups: BTreeSet<&'a str>,
    commit: Option<&'a str>,
    published: Option<String>,
    built: Option<String>,
    pins: Vec<PinJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runs: Option<Vec<RunJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paths: Option<Vec<FileJson<'a>>>,
}

#[derive(Serialize)]
struct PinJson<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> PinJson<'a> {
    fn of(entry: &'a PinEntry) -> Self {
        Self {
            name: &entry.name,
            reason: entry.reason.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct RunJson<'a> {
    at: String,
    group: &'a str,
    commit: Option<&'a str>,
}

#[derive(Serialize)]
struct FileJson<'a> {
    path: &'a str,
    size: u64,
    sha256: String,
    #[serde(rename = "type")]
    content_type: &'a str,
    encoding: Option<&'a str>,
}

impl<'a> InventoryJson<'a> {
    fn of(inventory: &'a Inventory, store: &'a str) -> Self {
        Self {
            store,
            versions: inventory.versions.iter().map(VersionJson::row).collect(),
            unknown: &inventory.unknown,
        }
    }
}

impl<'a> VersionJson<'a> {
    fn row(entry: &'a VersionEntry) -> Self {
        Self {
            version: entry.version.as_str(),
            state: texts::state(entry.state),
            kind: texts::kind(entry.kind()),
            files: entry.files,
            bytes: entry.bytes,
            groups: entry.groups(),
            commit: entry.commit(),
            published: entry.published.map(time),
            built: entry.last_built().map(time),
            pins: entry.pins.iter().map(PinJson::of).collect(),
            runs: None,
            paths: None,
        }
    }

    fn whole(entry: &'a VersionEntry) -> Self {
        let marker = entry.marker.as_ref();
        Self {
            runs: Some(entry.refs.iter().map(RunJson::of).collect()),
            paths: marker.map(|marker| marker.files.iter().map(FileJson::of).collect()),
            ..Self::row(entry)
        }
    }
}

impl<'a> RunJson<'a> {
    fn of(entry: &'a RefEntry) -> Self {
        Self {
            at: time(entry.at),
            group: &entry.group,
            commit: entry.commit.as_deref(),
        }
    }
}

impl<'a> FileJson<'a> {
    fn of(file: &'a MarkedFile) -> Self {
        Self {
            path: &file.path,
            size: file.size,
            sha256: file.sha256.to_string(),
            content_type: &file.content_type,
            encoding: file.encoding.as_deref(),
        }
    }
}

pub(super) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
