//! How an app's pages write the URLs of static files, found by reading them.

use super::detect::WebApp;
use super::elixir::Lines;
use super::phx_digest::holds_digest;
use super::sources::source_files;
use crate::framework::app_files::is_foreign;
use crate::fs::files_below;
use crate::fs::read_file;
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
    /// The files that helpers are asked for by their whole names.
    pub(super) named: Vec<Named>,
    /// `<script type="module">`, which needs CORS on another origin.
    pub(super) modules: Vec<Place>,
    /// `<use href=…>`, which browsers follow on their own origin only.
    pub(super) sprites: Vec<Place>,
    /// `src="/js/app.js"`, written by hand: scripts and stylesheets.
    pub(super) fixed_code: Vec<Place>,
    /// The same of other files.
    pub(super) fixed_files: Vec<Place>,
    /// A policy of the app's own of what pages may load.
    pub(super) policies: Vec<Policy>,
}

/// `~p"/assets/app.css"`
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) place: Place,
    /// Below the static folder.
    pub(super) path: String,
}

/// A Content-Security-Policy, with the text of its file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) place: Place,
    pub(super) text: String,
}

/// The kinds of files that hold pages.
const PAGES: [&str; 8] = ["ex", "exs", "eex", "heex", "leex", "sface", "slim", "slime"];

/// What `Plug.Static` serves of an app that does not say it in `static_paths`.
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

/// How far a line is looked back along: templates are written by people.
const LOOK_BACK: usize = 400;

impl Usage {
    /// Of an app's templates, and of pages among its static files.
    pub(super) fn of(repository: &Path, app: &WebApp, statics: &Path) -> io::Result<Self> {
        let mut usage = Self::default();
        let mut texts = Vec::new();
        for file in source_files(&repository.join(&app.folder))? {
            let extension = file.extension().unwrap_or_default().to_string_lossy();
            let below = file.strip_prefix(repository).unwrap_or(&file).to_owned();
            let is_own = !below.iter().any(|part| is_foreign(&part.to_string_lossy()));
            if PAGES.contains(&&*extension) && is_own {
                let text = String::from_utf8_lossy(&read_file(&file)?).into_owned();
                texts.push((below, text));
            }
        }
        let served = texts.iter().find_map(|(_, text)| static_paths(text));
        let served = served.unwrap_or_else(|| STATIC_PATHS.map(str::to_owned).into());
        for (file, text) in &texts {
            usage.add(file, text, &served);
        }
        let files = if statics.is_dir() {
            files_below(statics)?
        } else {
            Vec::new()
        };
        for path in files {
            let name = path.to_string_lossy();
            if name.ends_with(".html") && !holds_digest(&name) {
                let file = statics.join(&path);
                let text = String::from_utf8_lossy(&read_file(&file)?).into_owned();
                let shown = file.strip_prefix(repository).unwrap_or(&file);
                usage.add_fixed(shown, &text, &Lines::of(&text), |path| {
                    statics.join(path).is_file()
                });
            }
        }
        Ok(usage)
    }

    fn add(&mut self, file: &Path, text: &str, served: &[String]) {
        let lines = Lines::of(text);
        let place = |at: usize| Place {
            file: file.to_owned(),
            line: lines.line(at),
        };
        let is_served = |path: &str| {
            let segment = path.split(['/', '"', '?', '#']).next().unwrap_or_default();
            served.iter().any(|served| served == segment)
        };
        for (at, _) in text.match_indices("~p\"/") {
            if is_comment(text, at) || !is_served(&text[at + 4..]) {
                continue;
            }
            if let Some(path) = whole_name(&text[at + 4..]) {
                self.named.push(Named {
                    place: place(at),
                    path,
                });
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
        for (at, name) in text.match_indices("static_path") {
            if !is_call(text, at, name) {
                continue;
            }
            let argument = text[at..].split_once('"');
            let argument = argument.filter(|(call, _)| !call.contains(['\n', ')']));
            let path = argument.and_then(|(_, path)| whole_name(path.strip_prefix('/')?));
            self.named.extend(path.map(|path| Named {
                place: place(at),
                path,
            }));
            if is_joined(text, at) {
                self.joined.push(place(at));
            } else {
                self.paths.push(place(at));
            }
        }
        for (at, name) in text.match_indices("static_url") {
            if is_call(text, at, name) && is_helper(text, at, name) {
                self.urls.push(place(at));
            }
        }
        for module in ["type=\"module\"", "type='module'"] {
            for (at, _) in text.match_indices(module) {
                if !is_comment(text, at) {
                    self.modules.push(place(at));
                }
            }
        }
        self.add_fixed(file, text, &lines, |path| {
            is_served(path) && path.contains('/')
        });
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

    /// `src="/…"` and `href="/…"` of what is a static file.
    fn add_fixed(
        &mut self,
        file: &Path,
        text: &str,
        lines: &Lines,
        is_static: impl Fn(&str) -> bool,
    ) {
        for attribute in ["src=\"/", "href=\"/"] {
            for (at, _) in text.match_indices(attribute) {
                let path = &text[at + attribute.len()..];
                let path = path.split(['"', '?', '#']).next().unwrap_or_default();
                let extension = path
                    .rsplit('/')
                    .next()
                    .and_then(|name| name.rsplit_once('.'));
                let Some((_, extension)) = extension else {
                    continue;
                };
                if !is_static(path) || is_comment(text, at) {
                    continue;
                }
                let place = Place {
                    file: file.to_owned(),
                    line: lines.line(at),
                };
                if ["css", "js", "mjs"].contains(&extension) {
                    self.fixed_code.push(place);
                } else {
                    self.fixed_files.push(place);
                }
            }
        }
    }
}

/// Of a file, with nothing that is only known when the page is made.
fn whole_name(path: &str) -> Option<String> {
    let end = path.find(['"', '?', '#'])?;
    let name = &path[..end];
    let is_file = name
        .rsplit('/')
        .next()
        .is_some_and(|last| last.contains('.'));
    let is_whole = is_file && !path[end..].starts_with("#{");
    is_whole.then(|| name.to_owned())
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
    let mut from = at.saturating_sub(LOOK_BACK);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let start = text[from..at]
        .rfind('\n')
        .map_or(from, |end| from + end + 1);
    &text[start..at]
}

fn is_comment(text: &str, at: usize) -> bool {
    let before = line_before(text, at).trim_start();
    ["#", "<%#", "<%!--", "<!--"]
        .iter()
        .any(|comment| before.starts_with(comment))
}

/// `url(`, or `url(@conn, ` and the like, right before it.
fn is_in_url(text: &str, at: usize) -> bool {
    let before = trimmed_before(text, at);
    let before = match before.strip_suffix(',') {
        Some(first_argument) => {
            let start = first_argument.rfind('(').map_or(0, |open| open + 1);
            &first_argument[..start]
        }
        None => before,
    };
    before.strip_suffix('(').is_some_and(ends_in_url)
}

/// What stands before, on any line, as far as it is looked at.
fn trimmed_before(text: &str, at: usize) -> &str {
    let mut from = at.saturating_sub(LOOK_BACK);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text[from..at].trim_end()
}

/// Whether a name `url` ends there, and no longer one.
fn ends_in_url(before: &str) -> bool {
    before.strip_suffix("url").is_some_and(|before| {
        !before.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_')
    })
}

/// `Endpoint.url() <> `, or `#{Endpoint.url()}#{`, before it.
fn is_joined(text: &str, at: usize) -> bool {
    let before = line_before(text, at);
    // The names that lead to the helper itself.
    let names = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '.';
    let before = before.trim_end_matches(names).trim_end();
    let before = if let Some(joined) = before.strip_suffix("<>") {
        joined.trim_end()
    } else if let Some(interpolated) = before.strip_suffix("#{") {
        match interpolated.strip_suffix('}') {
            Some(before) => before.trim_end(),
            None => return false,
        }
    } else {
        return false;
    };
    let Some(call) = before.strip_suffix(')') else {
        return false;
    };
    call.rfind('(')
        .is_some_and(|open| ends_in_url(&call[..open]))
}

/// `static_path(…)`, or without parentheses; no definition, no longer name.
fn is_call(text: &str, at: usize, name: &str) -> bool {
    let before = line_before(text, at);
    let is_longer = before.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_');
    let is_defined = ["def", "defp", "defdelegate", "&", "@doc"]
        .iter()
        .any(|word| before.trim_end().ends_with(word));
    let after = &text[at + name.len()..];
    let is_called = after.starts_with('(') && !after.starts_with("()")
        || after.strip_prefix(' ').is_some_and(|argument| {
            ["@conn", "conn", "@socket", "socket", "Endpoint"]
                .iter()
                .any(|first| argument.starts_with(first))
        });
    is_called && !is_longer && !is_defined && !is_comment(text, at)
}

/// Of Phoenix: called on a module of helpers, or with a connection before the path. A function of the app's own of
/// that name has neither.
fn is_helper(text: &str, at: usize, name: &str) -> bool {
    let before = line_before(text, at);
    let module = before.strip_suffix('.').unwrap_or_default();
    if ["Routes", "Helpers", "Endpoint"]
        .iter()
        .any(|helpers| module.ends_with(helpers))
    {
        return true;
    }
    let arguments = text[at + name.len()..].trim_start_matches(['(', ' ']);
    ["@conn", "conn", "@socket", "socket", "@endpoint"]
        .iter()
        .any(|first| arguments.starts_with(first))
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
            usage.fixed_code.len(),
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
            ("<img src=\"/images/a.png\">", [0; 6]),
            ("static_path @conn, \"/css/app.css\"", [1, 0, 0, 0, 0, 0]),
            ("Media.static_url(file)", [0; 6]),
            ("<%!-- ~p\"/assets/app.css\" --%>", [0; 6]),
            (
                "\"#{ShopWeb.Endpoint.url()}#{~p\"/images/a.png\"}\"",
                [0, 0, 1, 0, 0, 0],
            ),
            (
                "Routes.url(@conn) <> Routes.static_path(@conn, \"/images/a.png\")",
                [0, 0, 1, 0, 0, 0],
            ),
            ("type='module'", [0, 0, 0, 1, 0, 0]),
            ("\"default-src 'self'\"", [0, 0, 0, 0, 1, 0]),
            ("base-uri 'self'; frame-ancestors 'self';", [0; 6]),
        ] {
            assert_eq!(usage(text), expected, "{text}");
        }
    }

    #[test]
    fn files_are_named_where_their_whole_name_is_there() {
        let mut usage = Usage::default();
        let text = "~p\"/assets/app.css\" ~p\"/images/#{name}.png\" ~p\"/assets/a.js?v=1\" \
                    Routes.static_path(@conn, \"/css/b.css\") static_path(@conn, path) ~p\"/images/x\"";
        usage.add(
            Path::new("lib/page.ex"),
            text,
            &STATIC_PATHS.map(str::to_owned),
        );
        let named: Vec<_> = usage
            .named
            .iter()
            .map(|named| named.path.as_str())
            .collect();
        assert_eq!(named, ["assets/app.css", "assets/a.js", "css/b.css"]);
    }

    #[test]
    fn a_long_line_takes_no_time() {
        let line = "~p\"/assets/app.css\" static_path(@conn) src=\"/js/a.js\" ".repeat(50_000);
        assert_eq!(usage(&line)[0], 100_000);
    }

    #[test]
    fn the_app_says_what_is_static() {
        let text = "def static_paths, do: ~w(assets downloads)\n";
        assert_eq!(static_paths(text).unwrap(), ["assets", "downloads"]);
    }
}
