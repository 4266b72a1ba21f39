//! Texts of prunes: the plan, what was done, and why nothing was.

use super::{joined, table, time};
use crate::config::Retention;
use crate::inventory::{Deletion, DeletionReason, HalfRule, KeepReason, Kept, NotDiscarded};
use crate::log::{Log, bytes, count};
use crate::message::{Explain, Kind, Message};
use crate::messages::check::no_answer;
use crate::messages::titled;
use crate::operate::{Apply, InUseError, InUseSource, PlannedPrune, PruneSummary};
use crate::store::Pruned;
use crate::version::Version;
use chrono::TimeDelta;
use std::fmt::Write as _;

impl Explain for InUseError {
    fn explain(&self) -> Message {
        let keeps = "Nothing was deleted: what runs there would not be known.";
        match self {
            Self::Unreachable(url, error) => Message::new(
                Kind::Temporary,
                format!("The page does not answer: {url}"),
                format!(
                    "{}. {keeps} Is the URL right, and can this machine reach it?",
                    no_answer(error)
                ),
            ),
            Self::Status(url, status) => Message::new(
                Kind::Configuration,
                format!("The page answers with {status}: {url}"),
                format!("{keeps} Name a page that everyone can read, such as the sign-in page."),
            ),
            Self::TooLong(source) => Message::new(
                Kind::Configuration,
                match source {
                    InUseSource::Page(url) => format!("The page has more than 16 MiB: {url}"),
                    InUseSource::Stdin => "Standard input has more than 16 MiB".to_owned(),
                },
                keeps,
            ),
            Self::NamesNone(InUseSource::Page(url)) => Message::new(
                Kind::Configuration,
                format!("The page links to no version of this store: {url}"),
                format!(
                    "{keeps} Does the page belong to another app or prefix? To see what the page links to:\n  \
                     static-assets check {url}"
                ),
            ),
            Self::NamesNone(InUseSource::Stdin) => Message::new(
                Kind::Configuration,
                "Standard input names no version of this store",
                format!(
                    "{keeps} Each line should hold a version, a URL of one of its files, or an image's label. Did the command \
                     before the pipe fail? Run it alone to see what it prints."
                ),
            ),
        }
    }
}

pub(super) fn more_than_half(rule: HalfRule) -> Message {
    let HalfRule { deleted, total } = rule;
    titled(
        Kind::Refused,
        &format!(
            "This would delete {deleted} of {total} versions\nMore than half is most often a mistake, such as a \
             policy for another app, so nothing was deleted. Read the plan, which the same command prints without --apply. To keep more: --keep-last or --keep-within. \
             If it is right, add:\n  --force"
        ),
    )
}

pub(super) fn not_discarded(version: &Version, why: NotDiscarded) -> Message {
    let (kind, title, body) = match why {
        NotDiscarded::Published => (
            Kind::Refused,
            format!("{version} is published"),
            "Only versions that were begun and never finished are discarded. A prune deletes what its policy does not \
             keep:\n  static-assets prune"
                .to_owned(),
        ),
        NotDiscarded::TooYoung(then) => (
            Kind::Temporary,
            format!("A build of {version} may still run"),
            format!(
                "It was built within the last 24 hours, if only by a build that failed. Run again after {} UTC, or choose \
                 another version now.",
                then.format("%Y-%m-%d %H:%M")
            ),
        ),
        NotDiscarded::NothingOfOurs => (
            Kind::Missing,
            format!("No build has uploaded anything for {version}"),
            "Its name is free already. Files that lie there are of somebody else, and are not touched.".to_owned(),
        ),
        NotDiscarded::Deleted => (
            Kind::Missing,
            format!("{version} is deleted already"),
            "If it was ever published, its name accepts only its old content, because browsers may still hold that. Else it \
             accepts any."
                .to_owned(),
        ),
        NotDiscarded::BuiltMeanwhile => (
            Kind::Temporary,
            format!("A build of {version} has begun meanwhile"),
            "Nothing was deleted. See what becomes of it:\n  static-assets list".to_owned(),
        ),
        NotDiscarded::Unreadable => (
            Kind::Machine,
            format!("{version} can't be read"),
            "Its marker or tombstone is damaged, or a newer version of this program has written it: use that one.".to_owned(),
        ),
    };
    Message::new(kind, title, body)
}

pub(super) fn log_lines_without_version(lines: &[&str], log: &Log) {
    const SHOWN: usize = 60;
    let of = |line: &str| line.chars().take(SHOWN).collect::<String>();
    crate::messages::warn_of_first(lines, log, |line| {
        format!("Names no version of this store: {}", of(line))
    });
}

pub(super) fn log_pruned(deletion: &Deletion, pruned: &Pruned, log: &Log) {
    let version = &deletion.version;
    match pruned {
        Pruned::Deleted { left } => {
            let files = count(deletion.files, "file");
            log.bullet(&format!(
                "{version}: deleted, {files}, {}",
                bytes(deletion.bytes)
            ));
            if *left > 0 {
                let left = count(*left, "file");
                log.detail(&format!("Left: {left} that the marker did not name"));
            }
        }
        Pruned::Spared => log.bullet(&format!(
            "{version}: kept, a build or a pin has come meanwhile"
        )),
        Pruned::Kept => log.bullet(&format!(
            "{version}: kept, its objects have changed meanwhile"
        )),
    }
}

pub(super) fn log_end(summary: &PruneSummary, log: &Log) {
    if summary.deleted.is_empty() && summary.refs == 0 {
        return log.bullet("Nothing to delete");
    }
    let versions = count(summary.deleted.len(), "version");
    let files = count(summary.files, "file");
    let refs = count(summary.refs, "ref");
    log.bullet(&format!(
        "Deleted: {versions}, {files}, {}, and {refs} of old builds",
        bytes(summary.bytes)
    ));
}

/// The plan of a prune: each version with what happens to it and why.
pub(crate) fn plan(planned: &PlannedPrune, apply: Apply, store: &str) -> String {
    const HEAD: [&str; 6] = ["PLAN", "VERSION", "FILES", "SIZE", "BUILT", "REASON"];
    let plan = &planned.plan;
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(plan.kept.iter().map(kept_row));
    rows.extend(plan.deleted.iter().map(deleted_row));
    let mut text = table(&rows, &[2, 3]);
    let kept = plan.kept.iter().map(|it| it.bytes);
    let kept = bytes(kept.fold(0, u64::saturating_add));
    let deleted = plan.deleted.iter();
    let (files, size) = deleted.fold((0, 0_u64), |(files, size), it| {
        (files + it.files, size.saturating_add(it.bytes))
    });
    let refs = plan.deleted.iter().map(|it| it.refs.len()).sum::<usize>() + plan.refs.len();
    let delete = match (plan.deleted.len(), refs) {
        (0, 0) => "Nothing to delete".to_owned(),
        (0, refs) => format!("Delete {} of old builds", count(refs, "ref")),
        (versions, refs) => format!(
            "Delete {}, {}, {}, and {} of old builds",
            count(versions, "version"),
            count(files, "file"),
            bytes(size),
            count(refs, "ref")
        ),
    };
    let versions = count(plan.kept.len(), "version");
    let _ = writeln!(
        text,
        "\nKeep {versions}, {kept}. {delete}. In {store}. Times are UTC."
    );
    let _ = writeln!(text, "{}", policy(planned));
    if !plan.unknown.is_empty() {
        let names = joined(plan.unknown.iter().map(Version::as_str));
        let _ = writeln!(text, "In use, but not in this store: {names}");
    }
    if apply == Apply::No {
        text += "Nothing is deleted without --apply.";
        if plan.half_rule().is_err() {
            text += " This is more than half of the versions, so it also needs --force.";
        }
        text += "\n";
    }
    text
}

/// The policy, with where it was set.
pub(super) fn policy(planned: &PlannedPrune) -> String {
    let Retention {
        keep_last,
        keep_within,
        origins,
    } = &planned.retention;
    let origins = origins.each_ref().map(|origin| {
        origin
            .as_ref()
            .map_or_else(|| "default".to_owned(), ToString::to_string)
    });
    let [last, within] = origins;
    let in_use = if planned.has_in_use {
        ", and what is in use"
    } else {
        ""
    };
    format!(
        "Policy: the last {keep_last} of each group ({last}), what was built within {} ({within}), pins{in_use}.",
        age(*keep_within)
    )
}

fn kept_row(kept: &Kept) -> [String; 6] {
    let reasons: Vec<_> = kept.reasons.iter().map(keep_reason).collect();
    [
        "keep".to_owned(),
        kept.version.to_string(),
        kept.files.to_string(),
        bytes(kept.bytes),
        time(kept.built),
        reasons.join(", "),
    ]
}

fn deleted_row(deletion: &Deletion) -> [String; 6] {
    [
        "delete".to_owned(),
        deletion.version.to_string(),
        deletion.files.to_string(),
        bytes(deletion.bytes),
        time(deletion.built),
        deletion_reason(deletion.reason).to_owned(),
    ]
}

/// Why a version is kept, in the table and in JSON.
pub(crate) fn keep_reason(reason: &KeepReason) -> String {
    match reason {
        KeepReason::Last(group) => format!("last of {group}"),
        KeepReason::Recent => "recent".to_owned(),
        KeepReason::Pinned(name) => format!("pinned: {name}"),
        KeepReason::InUse => "in use".to_owned(),
        KeepReason::Unreadable => "unreadable".to_owned(),
        KeepReason::MayBeBuilding => "may be building".to_owned(),
        KeepReason::OnlyVersion => "built last of all".to_owned(),
        KeepReason::NothingOfOurs => "files of somebody else".to_owned(),
    }
}

/// Why a version is deleted, in the table and in JSON.
pub(crate) fn deletion_reason(reason: DeletionReason) -> &'static str {
    match reason {
        DeletionReason::Outdated => "outdated",
        DeletionReason::Unfinished => "unfinished",
        DeletionReason::HalfDeleted => "half deleted",
    }
}

fn age(age: TimeDelta) -> String {
    let hours = age.num_hours();
    if hours % 24 == 0 {
        count(usize::try_from(hours / 24).unwrap_or_default(), "day")
    } else {
        count(usize::try_from(hours).unwrap_or_default(), "hour")
    }
}
