//! Every text of every failure: what could not be done, the exact thing that said no, the likeliest
//! cause, a fix to paste, the alternative. The closing paragraph comes from the kind.

mod check;
pub(crate) mod cli;
pub(crate) mod cnb;
mod config;
mod detect;
mod django;
pub(crate) mod heroku;
mod links;
mod phoenix;
mod phoenix_failure;
mod phoenix_node;
mod phoenix_pipeline;
mod publish;
mod scan;
mod store;
mod upload;

use crate::message::{Explain, Kind, Message};
use config::config_message;

/// The first line of every log.
fn title() -> String {
    format!("Static assets {}", env!("CARGO_PKG_VERSION"))
}

/// A message whose text begins with its title.
fn titled(kind: Kind, text: &str) -> Message {
    let (title, body) = text.split_once('\n').unwrap_or((text, ""));
    Message::new(kind, title, body)
}

/// A list for people: at most ten, then how many more.
fn listed<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    const SHOWN: usize = 10;
    let mut lines: Vec<String> = items
        .iter()
        .take(SHOWN)
        .map(|item| format!("  {}", show(item)))
        .collect();
    if items.len() > SHOWN {
        lines.push(format!("  … and {} more", items.len() - SHOWN));
    }
    lines.join("\n")
}

/// Publishing what nobody links to is no success. `lines` are those of the app that would make it one.
fn not_following(why: &str, lines: Option<(&str, &str)>) -> Message {
    let lines = lines.map_or_else(String::new, |(lead, lines)| {
        let lines = lines.lines().map(|line| match line {
            "" => String::new(),
            line => format!("  {line}"),
        });
        let lines: Vec<String> = lines.collect();
        format!("{lead}\n{}\n", lines.join("\n"))
    });
    let body = format!(
        "{why}\n\n{lines}Publishing what no page links to would be no success, so the build ends here. Without\n\
         publishing: STATIC_ASSETS_PUBLISH=off"
    );
    Message::new(Kind::App, "Pages would not link to the version", body)
}

#[cfg(test)]
mod tests;
