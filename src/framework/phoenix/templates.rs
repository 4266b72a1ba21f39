//! How an app's pages write the URLs of static files, found by reading them.

use super::elixir::line_of;
use super::project::{WebApp, source_files};
use crate::app::is_foreign;
use fs_err as fs;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A place in the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Below the repository.
    pub(crate) file: PathBuf,
    pub(crate) line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file.display(), self.line)
    }
}

/// What is written how, each by its places.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// `~p"/assets/app.css"`, `static_path(…)`: a path, put behind `static_url[:path]`.
    pub(super) paths: Vec<Place>,
    /// `url(~p"/images/a.png")`, `static_url(…)`: an address, of the host of `static_url`.
    pub(super) urls: Vec<Place>,
    /// `Endpoint.url() <> static_path(…)`.
    pub(super) joined: Vec<Place>,
    /// `<script type="module">`, which needs CORS on another origin.
    pub(super) modules: Vec<Place>,
    /// `<use href=…>`, which browsers follow on their own origin only.
    pub(super) sprites: Vec<Place>,
    /// `src="/js/app.js"`, written by hand.
    pub(super) fixed: Vec<Place>,
    /// A policy of the app's own of what pages may load.
    pub(super) policies: Vec<Policy>,
}

/// A Content-Security-Policy, with the text of its file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) place: Place,
    pub(super) text: String,
}

/// The kinds of files that hold pages.
const PAGES: [&str; 8] = ["ex", "exs", "eex", "heex", "leex", "sface", "slim", "slime"];

/// What `Plug.Static` serves unless `static_paths` says otherwise.
const STATIC_PATHS: [&str; 10] = [
    "assets",
    "css",
    "js",
    "fonts",
    "images",
    "favicon.ico",
    "favicon.svg",
    "robots.txt",
    "icons",
    "manifest.json",
];

impl Usage {
    pub(super) fn of(repository: &Path, app: &WebApp) -> io::Result<Self> {
        let mut usage = Self::default();
        let mut texts = Vec::new();
        for file in source_files(&repository.join(&app.folder))? {
            let extension = file.extension().unwrap_or_default().to_string_lossy();
            let below = file.strip_prefix(repository).unwrap_or(&file).to_owned();
            let is_own = !below.iter().any(|part| is_foreign(&part.to_string_lossy()));
            if PAGES.contains(&&*extension) && is_own {
                let text = String::from_utf8_lossy(&fs::read(&file)?).into_owned();
                texts.push((below, text));
            }
        }
        let served = texts.iter().find_map(|(_, text)| static_paths(text));
        let mut served = served.unwrap_or_default();
        served.extend(STATIC_PATHS.map(str::to_owned));
        for (file, text) in &texts {
            usage.add(file, text, &served);
        }
        Ok(usage)
    }

    fn add(&mut self, file: &Path, text: &str, served: &[String]) {
        let place = |at: usize| Place {
            file: file.to_owned(),
            line: line_of(text, at),
        };
        for (at, _) in text.match_indices("~p\"/") {
            let path = &text[at + 4..];
            let segment = path.split(['/', '"', '?', '#']).next().unwrap_or_default();
            if is_comment(text, at) || !served.iter().any(|served| served == segment) {
                continue;
            }
            if line_before(text, at).contains("<use") {
                self.sprites.push(place(at));
            }
            if is_in_url(text, at) {
                self.urls.push(place(at));
            } else if is_joined(text, at) {
                self.joined.push(place(at));
            } else {
                self.paths.push(place(at));
            }
        }
        for (name, is_url) in [("static_path(", false), ("static_url(", true)] {
            for (at, _) in text.match_indices(name) {
                // `Endpoint.static_url()` is an origin, of no file.
                let is_origin = text[at + name.len()..].starts_with(')');
                if is_origin || is_comment(text, at) || is_definition(text, at) {
                    continue;
                }
                if is_url {
                    self.urls.push(place(at));
                } else if is_joined(text, at) {
                    self.joined.push(place(at));
                } else {
                    self.paths.push(place(at));
                }
            }
        }
        for (at, _) in text.match_indices("type=\"module\"") {
            if !is_comment(text, at) {
                self.modules.push(place(at));
            }
        }
        for attribute in ["src=\"/", "href=\"/"] {
            for (at, _) in text.match_indices(attribute) {
                let path = &text[at + attribute.len()..];
                let path = path.split('"').next().unwrap_or_default();
                let (segment, file) = path.split_once('/').unwrap_or(("", path));
                let is_static = served.iter().any(|served| served == segment);
                if is_static && file.contains('.') && !is_comment(text, at) {
                    self.fixed.push(place(at));
                }
            }
        }
        for name in ["script-src", "style-src", "font-src", "default-src"] {
            if let Some(at) = text.find(name).filter(|at| !is_comment(text, *at)) {
                self.policies.push(Policy {
                    place: place(at),
                    text: text.to_owned(),
                });
                break;
            }
        }
    }
}

/// `def static_paths, do: ~w(assets fonts)`.
fn static_paths(text: &str) -> Option<Vec<String>> {
    let at = text.find("def static_paths")?;
    let list = &text[at..];
    let words = &list[list.find("~w(")? + 3..];
    let words = &words[..words.find(')')?];
    Some(words.split_whitespace().map(str::to_owned).collect())
}

fn line_before(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    &text[start..at]
}

fn is_comment(text: &str, at: usize) -> bool {
    let before = line_before(text, at).trim_start();
    before.starts_with('#') || before.starts_with("<%#") || before.starts_with("<!--")
}

/// `url(`, or `url(@conn, ` and the like, right before it.
fn is_in_url(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end();
    let before = match before.strip_suffix(',') {
        Some(first_argument) => {
            let start = first_argument.rfind('(').map_or(0, |open| open + 1);
            &first_argument[..start]
        }
        None => before,
    };
    let Some(before) = before.strip_suffix("url(") else {
        return false;
    };
    !before.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_')
}

/// `Endpoint.url() <> ` before it on its line.
fn is_joined(text: &str, at: usize) -> bool {
    let before = line_before(text, at);
    before
        .rsplit_once("<>")
        .is_some_and(|(joined, _)| joined.trim_end().ends_with("url()"))
}

fn is_definition(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end();
    ["def", "defp", "defdelegate", "&", "@doc"]
        .iter()
        .any(|word| before.ends_with(word))
        // A longer name.
        || text[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(text: &str) -> [usize; 6] {
        let mut usage = Usage::default();
        let served = STATIC_PATHS.map(str::to_owned);
        usage.add(Path::new("lib/page.ex"), text, &served);
        [
            usage.paths.len(),
            usage.urls.len(),
            usage.joined.len(),
            usage.modules.len(),
            usage.policies.len(),
            usage.fixed.len(),
        ]
    }

    #[test]
    fn each_way_to_write_a_url_is_told_apart() {
        for (text, expected) in [
            ("href={~p\"/assets/app.css\"}", [1, 0, 0, 0, 0, 0]),
            (
                "Routes.static_path(@conn, \"/css/app.css\")",
                [1, 0, 0, 0, 0, 0],
            ),
            ("url(~p\"/images/a.png\")", [0, 1, 0, 0, 0, 0]),
            ("url(@conn, ~p\"/images/a.png\")", [0, 1, 0, 0, 0, 0]),
            ("Routes.static_url(conn, \"/a\")", [0, 1, 0, 0, 0, 0]),
            (
                "ShopWeb.Endpoint.url() <> ~p\"/images/a.png\"",
                [0, 0, 1, 0, 0, 0],
            ),
            ("~p\"/users/#{id}\"", [0; 6]),
            ("# ~p\"/assets/app.css\"", [0; 6]),
            ("def static_url(path), do: path", [0; 6]),
            ("my_static_path(1)", [0; 6]),
            (
                "<script defer type=\"module\" src={~p\"/assets/app.js\"}>",
                [1, 0, 0, 1, 0, 0],
            ),
            ("<script src=\"/js/app.js\">", [0, 0, 0, 0, 0, 1]),
            ("<a href=\"/images/\">", [0; 6]),
            ("\"default-src 'self'\"", [0, 0, 0, 0, 1, 0]),
            ("base-uri 'self'; frame-ancestors 'self';", [0; 6]),
        ] {
            assert_eq!(usage(text), expected, "{text}");
        }
    }

    #[test]
    fn the_app_says_what_is_static() {
        let text = "def static_paths, do: ~w(assets downloads)\n";
        assert_eq!(static_paths(text).unwrap(), ["assets", "downloads"]);
    }
}
