//! Every text that a person reads, one file an area. An error says what could not be done, what said no, the likeliest
//! cause, a fix to paste and the alternative.
//!
//! Only the front ends import this module. What is below reaches its texts by the traits `Explain` and `Event`, and holds
//! no sentence itself.

mod check;
pub(crate) mod cli;
pub(crate) mod cnb;
mod command;
mod config;
mod detect;
mod django;
pub(crate) mod doctor;
pub(crate) mod heroku;
mod links;
pub(crate) mod operate;
pub(crate) mod page;
mod phoenix;
mod phoenix_failure;
mod phoenix_links;
mod phoenix_node;
mod phoenix_pipeline;
mod publish;
mod scan;
pub(crate) mod settings;
mod store;
mod upload;

use crate::log::Log;
use crate::message::{Explain, Kind, Message};
use config::config_message;

/// The first line of every log.
fn title() -> String {
    format!("Static assets {}", env!("CARGO_PKG_VERSION"))
}

/// Lets `?` turn an error of a front end into its text.
impl<E: Explain> From<E> for Message {
    fn from(error: E) -> Self {
        error.explain()
    }
}

/// A message whose text begins with its title.
fn titled(kind: Kind, text: &str) -> Message {
    let (title, body) = text.split_once('\n').unwrap_or((text, ""));
    Message::new(kind, title, body)
}

/// How many warnings of one kind the log shows.
const SHOWN: usize = 5;

/// Warns of the first few, and says how many more there are.
fn warn_of_first<T>(items: &[T], log: &Log, text: impl Fn(&T) -> String) {
    for item in items.iter().take(SHOWN) {
        log.warning(&text(item));
    }
    if items.len() > SHOWN {
        log.detail(&format!("… and {} more like these", items.len() - SHOWN));
    }
}

/// Lists at most ten items, and says how many more there are.
fn listed<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    const SHOWN: usize = 10;
    let lines = items
        .iter()
        .take(SHOWN)
        .map(|item| format!("  {}", show(item)));
    let more = items.len().saturating_sub(SHOWN);
    let more = (more > 0).then(|| format!("  … and {more} more"));
    lines.chain(more).collect::<Vec<_>>().join("\n")
}

/// Refuses to publish what no page links to. `fix` is a line that introduces code to paste, and the code.
fn not_following(why: &str, fix: Option<(&str, &str)>) -> Message {
    let fix = fix.map_or_else(String::new, |(lead, code)| {
        let code = code.replace('\n', "\n  ").replace("\n  \n", "\n\n");
        format!("{lead}\n  {code}\n")
    });
    let body = format!(
        "{why}\n\n{fix}The build stops here: it would upload files that no page links to. To build without\n\
         publishing: STATIC_ASSETS_PUBLISH=off"
    );
    Message::new(Kind::App, "Pages would not link to the version", body)
}

#[cfg(test)]
mod tests;
