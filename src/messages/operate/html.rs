//! The page of `list --html`: the store at a glance, in one file that needs nothing else.

use super::prune::{deletion_reason, keep_reason, policy};
use super::{COLUMNS, row, time};
use crate::inventory::{Inventory, VersionEntry, VersionState};
use crate::log::{bytes, count};
use crate::operate::PlannedPrune;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const STYLE: &str = include_str!("list.css");
/// In units of the drawing.
const WIDTH: f64 = 960.0;
const CURVE: f64 = 160.0;
const BAR: f64 = 18.0;
const NAMES: f64 = 200.0;

/// Renders everything that the store has, and what the policy would delete.
pub(crate) fn page(inventory: &Inventory, planned: &PlannedPrune, store: &str) -> String {
    let plans = plans(planned);
    let held: Vec<_> = inventory
        .versions
        .iter()
        .filter(|entry| entry.state != VersionState::Deleted)
        .collect();
    let size = held.iter().map(|it| it.bytes).fold(0, u64::saturating_add);
    let files: usize = held.iter().map(|it| it.files).sum();
    let deleted = planned.plan.deleted.iter().map(|it| it.bytes);
    let deleted = deleted.fold(0, u64::saturating_add);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Static assets in {store}</title>\n\
         <style>\n{STYLE}</style>\n<h1>Static assets</h1>\n<p class=\"store\">{store}</p>\n",
        store = escaped(store)
    );
    let _ = writeln!(
        html,
        "<dl>\n<div><dt>Versions<dd><data id=\"versions\" value=\"{}\">{}</data></div>\n\
         <div><dt>Files<dd><data id=\"files\" value=\"{files}\">{files}</data></div>\n\
         <div><dt>Size<dd><data id=\"bytes\" value=\"{size}\">{}</data></div>\n\
         <div><dt>A prune would delete<dd><data id=\"delete\" value=\"{}\">{}</data>, \
         <data id=\"delete-bytes\" value=\"{deleted}\">{}</data></div>\n</dl>\n<p>{} Times are UTC.</p>",
        held.len(),
        held.len(),
        bytes(size),
        planned.plan.deleted.len(),
        count(planned.plan.deleted.len(), "version"),
        bytes(deleted),
        escaped(&policy(planned)),
    );
    html += &curve(&held);
    html += &bars(&held, &plans);
    html += &rows(inventory, &plans);
    html
}

/// What a prune would do with each version, and why.
fn plans(planned: &PlannedPrune) -> BTreeMap<&str, (&'static str, String)> {
    let kept = planned.plan.kept.iter().map(|it| {
        let reasons: Vec<_> = it.reasons.iter().map(keep_reason).collect();
        (it.version.as_str(), ("keep", reasons.join(", ")))
    });
    let deleted = planned.plan.deleted.iter().map(|it| {
        let reason = deletion_reason(it.reason).to_owned();
        (it.version.as_str(), ("delete", reason))
    });
    kept.chain(deleted).collect()
}

/// The size of what is there now, by the time at which it came.
fn curve(held: &[&VersionEntry]) -> String {
    let mut steps: Vec<(DateTime<Utc>, u64)> = held
        .iter()
        .filter_map(|entry| Some((entry.published?, entry.bytes)))
        .collect();
    steps.sort_unstable();
    let (Some((first, _)), Some((last, _))) = (steps.first(), steps.last()) else {
        return String::new();
    };
    let total = steps
        .iter()
        .map(|(_, size)| *size)
        .fold(0, u64::saturating_add);
    let (first, last) = (*first, *last);
    let span = share(seconds(last - first).max(1), 1);
    let mut path = format!("M0 {CURVE}");
    let mut sum = 0_u64;
    for (at, size) in &steps {
        sum = sum.saturating_add(*size);
        let x = share(seconds(*at - first), 1) / span * WIDTH;
        let y = CURVE - share(sum, total.max(1)) * (CURVE - 10.0);
        let _ = write!(path, "H{x:.1}V{y:.1}");
    }
    format!(
        "<h2>Size of what is there now, by the time it was published</h2>\n<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"Size of the store by the time at which its versions were published\">\n\
         <path class=\"curve\" d=\"{path}H{WIDTH}\"/>\n<text x=\"0\" y=\"{base}\">{}</text>\n\
         <text x=\"{WIDTH}\" y=\"{base}\" text-anchor=\"end\">{}, {}</text>\n</svg>\n",
        time(Some(first)),
        time(Some(last)),
        bytes(total),
        height = CURVE + 22.0,
        base = CURVE + 16.0,
    )
}

/// One bar for each version, the one that was built last first.
fn bars(held: &[&VersionEntry], plans: &BTreeMap<&str, (&'static str, String)>) -> String {
    let Some(largest) = held.iter().map(|it| it.bytes).max() else {
        return String::new();
    };
    let mut bars = String::new();
    let mut y = 0.0;
    for entry in held {
        let version = entry.version.as_str();
        let (plan, reason) = plans
            .get(version)
            .map_or(("keep", ""), |(plan, reason)| (plan, reason));
        let width = share(entry.bytes, largest.max(1)) * (WIDTH - NAMES - 90.0);
        let _ = writeln!(
            bars,
            "<g class=\"{plan}\"><title>{title}</title><text x=\"0\" y=\"{text:.0}\">{version}</text>\
             <rect x=\"{NAMES}\" y=\"{bar:.0}\" width=\"{width:.1}\" height=\"{height:.0}\"/>\
             <text x=\"{end:.1}\" y=\"{text:.0}\">{size}</text></g>",
            title = escaped(&format!("{version}: {plan}, {reason}")),
            text = y + BAR - 5.0,
            bar = y + 2.0,
            height = BAR - 4.0,
            end = NAMES + width + 6.0,
            size = bytes(entry.bytes),
        );
        y += BAR;
    }
    format!(
        "<h2>Size of each version</h2>\n<p class=\"key\"><i class=\"keep\"></i> kept \
         <i class=\"delete\"></i> a prune would delete it</p>\n\
         <svg viewBox=\"0 0 {WIDTH} {y:.0}\" role=\"img\" aria-label=\"Size of each version\">\n{bars}</svg>\n"
    )
}

fn rows(inventory: &Inventory, plans: &BTreeMap<&str, (&'static str, String)>) -> String {
    let head: Vec<_> = COLUMNS.into_iter().chain(["Plan", "Reason"]).collect();
    let head = format!("<th>{}", head.join("<th>"));
    let rows = inventory.versions.iter().map(|entry| {
        let plan = plans.get(entry.version.as_str());
        let (plan, reason) = plan.map_or(("", ""), |(plan, reason)| (plan, reason));
        let cells = row(entry).into_iter();
        let cells = cells.chain([plan.to_owned(), reason.to_owned()]);
        let cells: Vec<_> = cells.map(|cell| escaped(&cell)).collect();
        let cells = format!("<td>{}", cells.join("<td>"));
        let facts = format!(
            "data-version=\"{}\" data-files=\"{}\" data-bytes=\"{}\" data-plan=\"{plan}\"",
            entry.version, entry.files, entry.bytes
        );
        format!("<tr class=\"{plan}\" {facts}>{cells}\n")
    });
    let rows: String = rows.collect();
    format!(
        "<h2>Versions</h2>\n<div class=\"wide\"><table>\n<thead><tr>{head}\n<tbody>\n{rows}</table></div>\n"
    )
}

fn seconds(time: chrono::TimeDelta) -> u64 {
    u64::try_from(time.num_seconds()).unwrap_or_default()
}

#[allow(clippy::cast_precision_loss, reason = "a length in a drawing")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// Text of a store may hold anything.
fn escaped(text: &str) -> String {
    let letter = |letter: char| match letter {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        letter if letter.is_control() => "\u{fffd}".to_owned(),
        letter => letter.to_string(),
    };
    text.chars().map(letter).collect()
}
