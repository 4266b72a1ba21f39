//! Judges a Content-Security-Policy: does it let browsers load the files of the public URL?

use super::source_text::has_extension;
use regex::Regex;
use std::path::PathBuf;
use std::sync::LazyLock;

/// One policy: the directives of one place, of which none comes twice.
#[derive(Debug)]
pub(super) struct ContentPolicy {
    pub(super) directives: Vec<Directive>,
}

#[derive(Clone, Debug)]
pub(super) struct Directive {
    /// A line of a file, or a setting.
    pub(super) place: String,
    /// As HTTP writes it: `script-src`.
    pub(super) name: String,
    pub(super) sources: Vec<String>,
}

/// A policy that makes browsers refuse files of the public URL.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BlockingPolicy {
    pub(crate) place: String,
    /// The directives that would allow them, whole.
    pub(crate) wanted: Vec<String>,
    /// The directive that a service worker needs besides, if it fetches them.
    pub(crate) wanted_by_workers: Option<String>,
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

/// Which tags of an app's pages carry a nonce, which lets their files load from anywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum NonceTags {
    #[default]
    None,
    Scripts,
    Stylesheets,
    Both,
}

static NONCE: LazyLock<Regex> = LazyLock::new(|| {
    // Code of a template within the tag may end in `%>`, or hold an arrow.
    let rest = "(?:[^>]|[%=-]>)*";
    let script = format!("<script{rest}src{rest}nonce|<script{rest}nonce{rest}src");
    Regex::new(&format!("(?<script>{script})|<link{rest}nonce")).expect("an expression")
});

impl NonceTags {
    /// Adds those of one page.
    pub(super) fn and_of(self, page: &str) -> Self {
        let mut tags = self;
        for found in NONCE.captures_iter(page) {
            tags = match (tags, found.name("script")) {
                (Self::None | Self::Scripts, Some(_)) => Self::Scripts,
                (Self::None | Self::Stylesheets, None) => Self::Stylesheets,
                _ => Self::Both,
            };
        }
        tags
    }

    fn covers(self, extensions: &[&str]) -> bool {
        let scripts = matches!(self, Self::Scripts | Self::Both) && extensions.contains(&"js");
        scripts || matches!(self, Self::Stylesheets | Self::Both) && extensions.contains(&"css")
    }
}

/// What a script may fetch, and so a service worker.
const CONNECT: &str = "connect-src";

impl ContentPolicy {
    /// Finds out what the policy lacks for these files from `origin`, such as `https://cdn.example.com`.
    /// `nonces` says which tags of the app's pages carry the nonce of a policy.
    pub(super) fn blocks(
        &self,
        origin: &str,
        files: &[PathBuf],
        nonces: NonceTags,
    ) -> Option<BlockingPolicy> {
        let has_files = |extensions: &[&str]| files.iter().any(|it| has_extension(it, extensions));
        let mut blocking: Option<BlockingPolicy> = None;
        for (names, extensions) in KINDS {
            let mut named = names.iter().filter_map(|name| self.directive(name));
            let directive = named.next().or_else(|| self.directive("default-src"));
            let Some(directive) = directive.filter(|_| has_files(extensions)) else {
                continue;
            };
            if directive.has_nonce() && (directive.names_no_host() || nonces.covers(extensions)) {
                continue;
            }
            let Some(wanted) = directive.wanted(names[names.len() - 1], origin) else {
                continue;
            };
            let policy = blocking.get_or_insert_with(|| BlockingPolicy {
                place: directive.place.clone(),
                wanted: Vec::new(),
                wanted_by_workers: self.wanted_by_workers(origin),
            });
            policy.wanted.push(wanted);
        }
        blocking
    }

    fn wanted_by_workers(&self, origin: &str) -> Option<String> {
        let directive = self.directive(CONNECT);
        let directive = directive.or_else(|| self.directive("default-src"));
        directive?.wanted(CONNECT, origin)
    }

    pub(super) fn directive(&self, name: &str) -> Option<&Directive> {
        self.directives.iter().find(|it| it.name == name)
    }
}

impl Directive {
    /// Returns the directive of this name, or of its own, that allows the origin as well. `None` if it does so already.
    fn wanted(&self, name: &str, origin: &str) -> Option<String> {
        if self.allows(origin) {
            return None;
        }
        let name = match self.name.as_str() {
            "default-src" => name,
            own => own,
        };
        let own = self.sources.iter().filter(|it| *it != "'none'");
        let sources = own.map(String::as_str).chain([origin]);
        Some(format!("{name} {}", sources.collect::<Vec<_>>().join(" ")))
    }

    fn has_nonce(&self) -> bool {
        self.sources.iter().any(|it| it.starts_with("'nonce-"))
    }

    /// Whether the nonce is the only way for a file: then the pages must use it already.
    fn names_no_host(&self) -> bool {
        let mut sources = self.sources.iter();
        sources.all(|source| source.starts_with('\'') && source != "'self'")
    }

    fn allows(&self, origin: &str) -> bool {
        let (scheme, host) = origin.split_once("//").unwrap_or_default();
        self.sources.iter().any(|source| {
            if self.name.starts_with("script") && source == "'strict-dynamic'" {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_templates_carry_nonces() {
        for tag in [
            "<script src=\"<%= path() %>\" nonce=\"<%= @nonce %>\">",
            "<script nonce={@nonce} src={for a <- b, do: (fn -> a end)}>",
        ] {
            assert_eq!(
                NonceTags::default().and_of(tag),
                NonceTags::Scripts,
                "{tag}"
            );
        }
        let other = "<script src=\"a.js\"></script><p nonce=\"x\">";
        assert_eq!(NonceTags::default().and_of(other), NonceTags::None);
    }

    #[test]
    fn a_nonce_counts_if_the_tags_of_the_files_carry_it() {
        let policy = |sources: &[&str]| ContentPolicy {
            directives: vec![Directive {
                place: "a.py:1".to_owned(),
                name: "style-src".to_owned(),
                sources: sources.iter().map(|it| (*it).to_owned()).collect(),
            }],
        };
        let blocks = |sources: &[&str], page: &str| {
            let files = [PathBuf::from("a.css")];
            let nonces = NonceTags::default().and_of(page);
            policy(sources)
                .blocks("https://cdn.example.com", &files, nonces)
                .is_some()
        };
        assert!(!blocks(&["'nonce-a'", "'unsafe-inline'"], ""));
        assert!(blocks(&["'self'", "'nonce-a'"], "<style nonce=\"a\">"));
        let link = "<link rel=\"stylesheet\" href={~p\"/a.css\"} nonce={@nonce}>";
        assert!(!blocks(&["'self'", "'nonce-a'"], link));
        assert!(blocks(&["'self'"], link));
        let script = "<script nonce=\"a\" src=\"/a.js\">";
        assert!(blocks(&["'self'", "'nonce-a'"], script));
        assert_eq!(
            NonceTags::default().and_of(script).and_of(link),
            NonceTags::Both
        );
    }
}
