//! The Content-Security-Policies of an app, as far as its code and its configuration write them out.

use super::sources::{Locations, SourceLocation};
use regex::Regex;
use std::path::Path;
use std::sync::LazyLock;

/// One policy: directives of one file, of which none comes twice.
#[derive(Debug)]
pub(super) struct ContentPolicy {
    directives: Vec<Directive>,
}

#[derive(Debug)]
struct Directive {
    location: SourceLocation,
    /// As HTTP writes it: `script-src`.
    name: String,
    sources: Vec<String>,
}

/// A policy that makes browsers refuse files of the public URL.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BlockingPolicy {
    pub(crate) location: SourceLocation,
    /// The directives that would allow them, whole.
    pub(crate) wanted: Vec<String>,
}

/// The directives that files need, the strictest name first, with the extensions of those files.
const KINDS: [(&[&str], &[&str]); 4] = [
    (&["script-src-elem", "script-src"], &["js", "mjs"]),
    (&["style-src-elem", "style-src"], &["css"]),
    (
        &["img-src"],
        &["png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico"],
    ),
    (&["font-src"], &["woff2", "woff", "ttf", "otf", "eot"]),
];

static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u:\b)(default|script|style|img|font)[-_]src([-_]elem)?(?-u:\b)")
        .expect("an expression")
});
static TEXT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#""([^"]*)"|:[a-z_]+"#).expect("an expression"));

impl ContentPolicy {
    /// Finds the policies of one file.
    pub(super) fn find(path: &Path, text: &str) -> Vec<Self> {
        let locations = Locations::of(path, text);
        let mut policies: Vec<Self> = Vec::new();
        for found in NAME.find_iter(text) {
            let line = text[..found.start()]
                .rsplit('\n')
                .next()
                .unwrap_or_default();
            if line.trim_start().starts_with(['#']) {
                continue;
            }
            let Some(sources) = sources(found.as_str(), &text[found.end()..]) else {
                continue;
            };
            let directive = Directive {
                location: locations.at(found.start()),
                name: found.as_str().replace('_', "-"),
                sources,
            };
            let last = policies.last_mut();
            match last.filter(|policy| policy.directive(&directive.name).is_none()) {
                Some(policy) => policy.directives.push(directive),
                None => policies.push(Self {
                    directives: vec![directive],
                }),
            }
        }
        policies
    }

    /// Finds out what the policy lacks for files with these extensions from `origin`, such as
    /// `https://cdn.example.com`.
    pub(super) fn blocks(
        &self,
        origin: &str,
        has_files: impl Fn(&[&str]) -> bool,
    ) -> Option<BlockingPolicy> {
        let mut blocking: Option<BlockingPolicy> = None;
        for (names, extensions) in KINDS {
            let mut named = names.iter().filter_map(|name| self.directive(name));
            let directive = named.next().or_else(|| self.directive("default-src"));
            let Some(directive) = directive.filter(|_| has_files(extensions)) else {
                continue;
            };
            if directive.allows(origin) {
                continue;
            }
            let name = match directive.name.as_str() {
                "default-src" => names[names.len() - 1],
                name => name,
            };
            let own = directive.sources.iter().filter(|it| *it != "'none'");
            let sources = own.map(String::as_str).chain([origin]);
            let wanted = format!("{name} {}", sources.collect::<Vec<_>>().join(" "));
            let policy = blocking.get_or_insert_with(|| BlockingPolicy {
                location: directive.location.clone(),
                wanted: Vec::new(),
            });
            policy.wanted.push(wanted);
        }
        blocking
    }

    fn directive(&self, name: &str) -> Option<&Directive> {
        self.directives.iter().find(|it| it.name == name)
    }
}

impl Directive {
    fn allows(&self, origin: &str) -> bool {
        let (scheme, host) = origin.split_once("//").unwrap_or_default();
        self.sources.iter().any(|source| {
            let is_script = self.name.starts_with("script");
            if is_script && (source.starts_with("'nonce-") || source == "'strict-dynamic'") {
                return true;
            }
            let named = source
                .split_once("//")
                .map_or(source.as_str(), |(_, rest)| rest);
            let named = named.split('/').next().unwrap_or_default();
            match named.strip_prefix('*') {
                Some(domain) => host.ends_with(domain),
                None => named == host || source == scheme,
            }
        })
    }
}

/// Reads the sources that follow the name of a directive. `None` if that is no directive, or if a part of it is only
/// known at run time.
fn sources(name: &str, after: &str) -> Option<Vec<String>> {
    let key = after
        .strip_prefix(['"', '\''])
        .unwrap_or(after)
        .trim_start();
    let value = key
        .strip_prefix("=>")
        .or_else(|| key.strip_prefix(':'))
        .or_else(|| key.strip_prefix(',').filter(|_| after.starts_with('"')));
    let words =
        |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
    if let Some(value) = value {
        return listed(value.trim_start());
    }
    if name.contains('_') || !after.starts_with([' ', '\n']) {
        return None;
    }
    let value = &after[..after.find([';', '"']).unwrap_or(after.len())];
    let sources = words(value);
    let is_source = |source: &String| source.starts_with('\'') || source.contains([':', '.', '*']);
    (!sources.is_empty() && sources.iter().all(is_source) && !value.contains("#{"))
        .then_some(sources)
}

/// Reads `["'self'", :data]`, `~w('self' data:)` or `"'self' data:"`.
fn listed(value: &str) -> Option<Vec<String>> {
    let within = |start: &str, end: char| {
        let rest = value.strip_prefix(start)?;
        Some(&rest[..rest.find(end)?])
    };
    let text = if let Some(list) = within("[", ']') {
        let rest = TEXT.replace_all(list, "");
        if !rest
            .trim_matches(|it: char| it == ',' || it.is_whitespace())
            .replace(',', "")
            .trim()
            .is_empty()
        {
            return None;
        }
        let texts = TEXT.captures_iter(list);
        let texts = texts.map(|text| text.get(1).map_or("", |text| text.as_str()));
        texts.collect::<Vec<_>>().join(" ")
    } else {
        let forms = [("~w(", ')'), ("~w[", ']'), ("\"", '"')];
        forms
            .into_iter()
            .find_map(|(start, end)| within(start, end))?
            .to_owned()
    };
    let sources = text.split([' ', ';', '\n']).filter(|it| !it.is_empty());
    let sources = sources.map(str::to_owned).collect();
    (!text.contains("#{")).then_some(sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(text: &str) -> Vec<String> {
        let policies = ContentPolicy::find(Path::new("lib/a.ex"), text);
        let code = |extensions: &[&str]| extensions.contains(&"js") || extensions.contains(&"css");
        let blocking = policies
            .iter()
            .filter_map(|it| it.blocks("https://cdn.example.com", code));
        blocking
            .map(|it| format!("{}: {}", it.location.line, it.wanted.join("; ")))
            .collect()
    }

    #[test]
    fn each_policy_is_judged() {
        for (text, expected) in [
            (
                "\"default-src 'self'; script-src 'self' https://cdn.example.com\"",
                &["1: style-src 'self' https://cdn.example.com"][..],
            ),
            (
                "script_src: [\"'self'\", \"https://js.example.org\"],\nstyle_src: ~w('self')",
                &[
                    "1: script-src 'self' https://js.example.org https://cdn.example.com; \
                   style-src 'self' https://cdn.example.com",
                ],
            ),
            (
                "%{\"default-src\" => [\"'none'\"]}\n%{\"default-src\" => [\"*\"]}",
                &["1: script-src https://cdn.example.com; style-src https://cdn.example.com"],
            ),
            (
                "script_src: [:self], default_src: \"https:\"",
                &["1: script-src https://cdn.example.com"],
            ),
            ("\"script-src 'self' *.example.com; style-src https:\"", &[]),
            (
                "\"script-src 'nonce-#{nonce}'; style-src 'self' cdn.example.com\"",
                &[],
            ),
            ("script_src: [cdn(), \"'self'\"]", &[]),
            ("script_src: sources", &[]),
            ("\"base-uri 'self'; frame-ancestors 'self';\"", &[]),
            ("# script-src 'self'", &[]),
            ("The directive script-src lists scripts.", &[]),
        ] {
            assert_eq!(wanted(text), expected, "{text}");
        }
    }
}
