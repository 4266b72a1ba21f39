//! `static-assets prune` and `static-assets discard`: free space in the store.

use super::args::{Format, InUseArg, PruneArgs};
use super::inspect::{open, open_of, render, sources_of, time};
use crate::config::Retention;
use crate::env::Env;
use crate::http::Client;
use crate::inventory::{Deletion, Kept};
use crate::log::Log;
use crate::message::Message;
use crate::messages::cli::FileError;
use crate::messages::operate as texts;
use crate::operate::{
    Apply, InUse, InUseError, OpenStore, OperateError, PlannedPrune, PruneSummary,
};
use crate::version::Version;
use serde::Serialize;
use std::io;

pub(super) fn prune(args: PruneArgs, log: &Log) -> Result<(), Message> {
    let env = Env::of_process();
    let sources = sources_of(&env)?;
    let retention = Retention::read(&sources, args.retention).map_err(OperateError::from)?;
    let operator = open_of(&sources, log)?;
    let in_use = args.in_use.iter().map(|it| read_in_use(it, &operator));
    let in_use = in_use.collect::<Result<Vec<_>, Message>>()?;
    let planned = operator.plan_prune(retention, &in_use, args.apply, log)?;
    let store = operator.place();
    if args.format == Format::Log {
        let text = texts::plan(&planned, args.apply, &store);
        log.show(&text).map_err(|error| {
            operator.cancel(&planned);
            FileError::Output(error)
        })?;
    }
    let mut json = PruneJson::of(&planned, args.apply, &store);
    if args.apply == Apply::Yes {
        json.done = Some(DoneJson::of(&operator.apply(planned, args.force, log)?));
    }
    if args.format == Format::Json {
        log.data(&render(&json)).map_err(FileError::Output)?;
    }
    Ok(())
}

pub(super) fn discard(versions: &[Version], log: &Log) -> Result<(), Message> {
    Ok(open(log)?.discard(versions, log)?)
}

fn read_in_use(from: &InUseArg, operator: &OpenStore) -> Result<InUse, Message> {
    match from {
        InUseArg::Page(url) => {
            let client = Client::new(operator.to.access.ca_file());
            let page = InUse::of_page(url, &client);
            page.map_err(|error: InUseError| OperateError::from(error).into())
        }
        InUseArg::Stdin => {
            let read = InUse::of_stdin(io::stdin()).map_err(FileError::Input)?;
            read.map_err(|error| OperateError::from(error).into())
        }
    }
}

#[derive(Serialize)]
struct PruneJson {
    store: String,
    keep_last: usize,
    keep_within_hours: i64,
    keep: Vec<KeptJson>,
    delete: Vec<DeletionJson>,
    refs: usize,
    /// Versions that are in use, and that the store does not have.
    unknown: Vec<String>,
    applied: bool,
    #[serde(flatten)]
    done: Option<DoneJson>,
}

#[derive(Serialize)]
struct KeptJson {
    version: String,
    files: usize,
    bytes: u64,
    built: Option<String>,
    reasons: Vec<String>,
}

#[derive(Serialize)]
struct DeletionJson {
    version: String,
    files: usize,
    bytes: u64,
    built: Option<String>,
    reason: &'static str,
}

#[derive(Serialize)]
struct DoneJson {
    deleted: Vec<String>,
    spared: Vec<String>,
    freed: FreedJson,
}

#[derive(Serialize)]
struct FreedJson {
    files: usize,
    bytes: u64,
    refs: usize,
}

fn names<'a>(versions: impl IntoIterator<Item = &'a Version>) -> Vec<String> {
    versions.into_iter().map(ToString::to_string).collect()
}

impl PruneJson {
    fn of(planned: &PlannedPrune, apply: Apply, store: &str) -> Self {
        let plan = &planned.plan;
        let refs = plan.deleted.iter().map(|it| it.refs.len());
        Self {
            store: store.to_owned(),
            keep_last: planned.retention.keep_last,
            keep_within_hours: planned.retention.keep_within.num_hours(),
            keep: plan.kept.iter().map(KeptJson::of).collect(),
            delete: plan.deleted.iter().map(DeletionJson::of).collect(),
            refs: refs.sum::<usize>() + plan.refs.len(),
            unknown: names(&plan.unknown),
            applied: apply == Apply::Yes,
            done: None,
        }
    }
}

impl KeptJson {
    fn of(kept: &Kept) -> Self {
        Self {
            version: kept.version.to_string(),
            files: kept.files,
            bytes: kept.bytes,
            built: kept.built.map(time),
            reasons: kept.reasons.iter().map(texts::keep_reason).collect(),
        }
    }
}

impl DeletionJson {
    fn of(deletion: &Deletion) -> Self {
        Self {
            version: deletion.version.to_string(),
            files: deletion.files,
            bytes: deletion.bytes,
            built: deletion.built.map(time),
            reason: texts::deletion_reason(deletion.reason),
        }
    }
}

impl DoneJson {
    fn of(summary: &PruneSummary) -> Self {
        Self {
            deleted: names(&summary.deleted),
            spared: names(&summary.spared),
            freed: FreedJson {
                files: summary.files,
                bytes: summary.bytes,
                refs: summary.refs,
            },
        }
    }
}
