//! The links of an app's templates and of its static HTML files, by the way in which they are written.

use super::page_text::{Occurrence, occurrences};
use super::phx_digest::holds_digest;
use super::sources::{
    CODE, Locations, SourceLocation, files_in, has_extension, read_text, source_files,
};
use crate::framework::app_files::is_foreign;
use crate::framework::content_policy::{ContentPolicy, NonceTags};
use crate::framework::written_policies::{find_policies, without_docs};
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

/// The extensions of files that hold pages.
const PAGES: [&str; 10] = [
    "ex", "exs", "eex", "heex", "leex", "sface", "slim", "slime", "haml", "drab",
];

/// What `Plug.Static` serves if an app has no `static_paths`.
const STATIC_PATHS: &str =
    "assets css js fonts images favicon.ico favicon.svg robots.txt icons manifest.json";

#[derive(Debug, Default)]
pub(super) struct PageLinks {
    /// `~p"/assets/app.css"`, `static_path(…)`: a path, behind `static_url[:path]`.
    pub(super) paths: Vec<SourceLocation>,
    /// `url(~p"/images/a.png")`, `static_url(…)`: a link with the host of `static_url`.
    pub(super) urls: Vec<SourceLocation>,
    /// `Endpoint.static_url()`, alone or before a text.
    pub(super) hosts: Vec<SourceLocation>,
    /// Those with a path behind it, as far as reading shows.
    pub(super) host_paths: Vec<SourceLocation>,
    /// `Endpoint.url() <> static_path(…)`.
    pub(super) joined: Vec<SourceLocation>,
    /// The files that are linked to by their whole names.
    pub(super) files: Vec<LinkedFile>,
    /// The directories of links whose end is only known when the page is made.
    pub(super) dirs: Vec<LinkedFile>,
    /// `<script type="module">`, for which browsers ask another origin's CORS rules.
    pub(super) modules: Vec<SourceLocation>,
    /// `<use href=…>`, which browsers follow on their own origin only.
    pub(super) sprites: Vec<SourceLocation>,
    /// `src="/js/app.js"` of scripts and stylesheets.
    pub(super) fixed_code: Vec<SourceLocation>,
    /// The same of other files.
    pub(super) fixed_files: Vec<SourceLocation>,
    /// Paths of published files that are written out in another way, such as in `srcset` or in an own component.
    pub(super) mentions: Vec<SourceLocation>,
    pub(super) policies: Vec<ContentPolicy>,
    pub(super) nonces: NonceTags,
}

/// A file that a page links to.
#[derive(Debug)]
pub(crate) struct LinkedFile {
    pub(crate) location: SourceLocation,
    /// Relative to the static directory.
    pub(crate) path: String,
}

impl PageLinks {
    /// Reads the templates of `app`, and the HTML files in its static directory.
    pub(super) fn read(repository: &Path, app: &Path, static_dir: &Path) -> io::Result<Self> {
        let mut pages = Vec::new();
        for file in source_files(app)? {
            let path = file.strip_prefix(repository).unwrap_or(&file);
            let is_own = !path.iter().any(|part| is_foreign(&part.to_string_lossy()));
            if is_own && has_extension(path, &PAGES) {
                let text = read_text(&file)?;
                // What documentation shows is no link.
                let is_code = has_extension(path, &["ex", "exs"]);
                let text = if is_code { without_docs(&text) } else { text };
                pages.push((path.to_owned(), text));
            }
        }
        // Each endpoint of an app may have its own.
        let served = pages.iter().filter_map(|(_, text)| static_paths(text));
        let mut served: Vec<_> = served.flatten().collect();
        if served.is_empty() {
            served.extend(STATIC_PATHS.split(' '));
        }
        let mut links = Self::default();
        let published = files_in(static_dir)?;
        let names: HashSet<&Path> = published.iter().map(PathBuf::as_path).collect();
        for (path, text) in &pages {
            links.add_page(path, text, &served);
            links.add_mentions(path, text, &names);
        }
        for path in &published {
            let name = path.to_string_lossy();
            if name.ends_with(".html") && !holds_digest(&name) {
                let file = static_dir.join(path);
                let text = read_text(&file)?;
                let shown = file.strip_prefix(repository).unwrap_or(&file);
                let exists = |path: &str| static_dir.join(path).is_file();
                links.add_fixed(&text, &Locations::of(shown, &text), exists);
            }
        }
        Ok(links)
    }

    /// Lists the links that no helper writes, scripts and stylesheets first.
    pub(super) fn by_hand(&self) -> Vec<&SourceLocation> {
        self.fixed_code.iter().chain(&self.fixed_files).collect()
    }

    fn add_mentions(&mut self, path: &Path, text: &str, published: &HashSet<&Path>) {
        let locations = Locations::of(path, text);
        for quote in ["\"", "'"] {
            for found in occurrences(text, quote) {
                let end = found.after.find([' ', '"', '\'', '?', '#', '\n']);
                let name = found
                    .after
                    .get(..end.unwrap_or_default())
                    .unwrap_or_default();
                let name = name.strip_prefix('/').unwrap_or(name);
                let follows = ["~p", "static_path", "static_url"].iter();
                let follows = follows
                    .into_iter()
                    .any(|helper| found.line().contains(helper));
                if name.contains('/') && !follows && published.contains(Path::new(name)) {
                    self.mentions.push(locations.at(found.at));
                }
            }
        }
    }

    fn add_page(&mut self, path: &Path, text: &str, served: &[&str]) {
        let locations = Locations::of(path, text);
        let is_served = |path: &str| {
            let first = path.split(['/', '"', '?', '#']).next();
            first.is_some_and(|first| served.contains(&first))
        };
        for route in occurrences(text, "~p\"/").filter(|route| is_served(route.after)) {
            let location = locations.at(route.at);
            if route.is_in_use() {
                self.sprites.push(location.clone());
            }
            self.add_written(route.after, &location);
            if route.is_in_url() {
                self.urls.push(location);
            } else {
                self.add_path(&route, location);
            }
        }
        for call in occurrences(text, "static_path").filter(Occurrence::is_call) {
            let location = locations.at(call.at);
            if call.is_in_use() {
                self.sprites.push(location.clone());
            }
            self.add_argument(&call, &location);
            self.add_path(&call, location);
        }
        let calls = occurrences(text, "static_url").filter(Occurrence::is_call);
        for call in calls.filter(Occurrence::is_helper) {
            let location = locations.at(call.at);
            self.add_argument(&call, &location);
            self.urls.push(location);
        }
        for call in occurrences(text, "Endpoint.static_url()") {
            let location = locations.at(call.at);
            let after = call.after.trim_start();
            if after.starts_with("<>") || after.starts_with("}/") {
                self.host_paths.push(location.clone());
            }
            self.hosts.push(location);
        }
        for module in ["type=\"module\"", "type='module'"] {
            let modules = occurrences(text, module).filter(|it| !it.is_in_tag_of_other_host());
            self.modules.extend(modules.map(|it| locations.at(it.at)));
        }
        let is_static = |path: &str| is_served(path) && path.contains('/');
        self.add_fixed(text, &locations, is_static);
        self.policies.extend(find_policies(path, text));
        self.nonces = self.nonces.and_of(text);
    }

    fn add_path(&mut self, link: &Occurrence<'_>, location: SourceLocation) {
        if link.is_joined() {
            self.joined.push(location);
        } else {
            self.paths.push(location);
        }
    }

    /// Adds the file whose path is an argument of the call. An endpoint that is named may be another app's.
    fn add_argument(&mut self, call: &Occurrence<'_>, location: &SourceLocation) {
        let line = call.after.lines().next().unwrap_or_default();
        if let Some((before, path)) = line.split_once("\"/")
            && !before.contains([')', '"'])
            && !before.contains("Endpoint")
        {
            self.add_written(path, location);
        }
    }

    /// Adds the file whose path begins there, unless a part of it is only known when the page is made.
    fn add_written(&mut self, path: &str, location: &SourceLocation) {
        if let Some(end) = path.find(['"', '?', '#'])
            && !path[end..].starts_with("#{")
        {
            self.add_file(&path[..end], location);
        }
    }

    /// Adds the file of this path. A path without an extension may be a directory.
    pub(super) fn add_file(&mut self, path: &str, location: &SourceLocation) {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        if extension_of(path).is_some() {
            let (location, path) = (location.clone(), path.to_owned());
            self.files.push(LinkedFile { location, path });
        }
    }

    /// Adds each `src="/…"` and `href="/…"` of a static file.
    fn add_fixed(
        &mut self,
        text: &str,
        locations: &Locations<'_>,
        is_static: impl Fn(&str) -> bool,
    ) {
        for link in occurrences(text, "src=\"/").chain(occurrences(text, "href=\"/")) {
            let path = link.after.split(['"', '?', '#']).next().unwrap_or_default();
            let links = match extension_of(path).filter(|_| is_static(path)) {
                // Browsers follow it on the page's own host only.
                Some(_) if link.is_in_use() => &mut self.mentions,
                Some(extension) if CODE.contains(&extension) => &mut self.fixed_code,
                Some(_) => &mut self.fixed_files,
                None => continue,
            };
            links.push(locations.at(link.at));
        }
    }
}

impl LinkedFile {
    /// Whether it is a script or stylesheet.
    pub(super) fn is_code(&self) -> bool {
        extension_of(&self.path).is_some_and(|extension| CODE.contains(&extension))
    }
}

/// Returns the extension of the file that a link leads to.
fn extension_of(path: &str) -> Option<&str> {
    let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    Some(extension)
}

/// Reads `def static_paths, do: ~w(assets fonts)`.
fn static_paths(text: &str) -> Option<Vec<&str>> {
    let (_, definition) = text.split_once("def static_paths")?;
    let (_, words) = definition.split_once("~w(")?;
    let (words, _) = words.split_once(')')?;
    Some(words.split_whitespace().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> PageLinks {
        let mut links = PageLinks::default();
        let served: Vec<&str> = STATIC_PATHS.split(' ').collect();
        links.add_page(Path::new("lib/page.ex"), text, &served);
        links
    }

    fn counts(text: &str) -> [usize; 6] {
        let links = read(text);
        [
            links.paths.len(),
            links.urls.len(),
            links.joined.len(),
            links.modules.len(),
            links.policies.len(),
            links.fixed_code.len(),
        ]
    }

    #[test]
    fn each_kind_of_link_is_recognised() {
        for (text, expected) in [
            ("href={~p\"/assets/app.css\"}", [1, 0, 0, 0, 0, 0]),
            (
                "Routes.static_path(@conn, \"/css/app.css\")",
                [1, 0, 0, 0, 0, 0],
            ),
            ("url(~p\"/images/a.png\")", [0, 1, 0, 0, 0, 0]),
            ("url(@conn, ~p\"/images/a.png\")", [0, 1, 0, 0, 0, 0]),
            ("Routes.static_url(conn, \"/a\")", [0, 1, 0, 0, 0, 0]),
            ("static_url(ShopWeb.Endpoint, \"/a\")", [0, 1, 0, 0, 0, 0]),
            (
                "ShopWeb.Endpoint.url() <> ~p\"/images/a.png\"",
                [0, 0, 1, 0, 0, 0],
            ),
            ("~p\"/users/#{id}\"", [0; 6]),
            ("# ~p\"/assets/app.css\"", [0; 6]),
            ("def static_url(path), do: path", [0; 6]),
            ("my_static_path(1)", [0; 6]),
            (
                "<script type=\"module\" src=\"http://localhost:5173/@vite/client\"></script>",
                [0, 0, 0, 0, 0, 0],
            ),
            (
                "<script defer type=\"module\" src={~p\"/assets/app.js\"}>",
                [1, 0, 0, 1, 0, 0],
            ),
            ("<script src=\"/js/app.js\">", [0, 0, 0, 0, 0, 1]),
            ("<a href=\"/images/\">", [0; 6]),
            ("<img src=\"/images/a.png\">", [0; 6]),
            ("-# static_path(@conn, \"/css/a.css\")", [0; 6]),
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
            assert_eq!(counts(text), expected, "{text}");
        }
    }

    #[test]
    fn files_of_use_are_found_whatever_names_them() {
        for (text, sprites) in [
            ("<use href={~p\"/images/icons.svg#a\"} />", 1),
            (
                "<use\n  xlink:href=\"<%= Routes.static_path(@conn, icon(@name)) %>\"></use>",
                1,
            ),
            ("\"Jo <user@\" <> ~p\"/images/a.svg\"", 0),
            ("<use href=\"#a\" /> <img src={~p\"/images/a.png\"}>", 0),
            ("<use href=\"#a\"></use> <img src={~p\"/images/a.png\"}>", 0),
        ] {
            assert_eq!(read(text).sprites.len(), sprites, "{text}");
        }
    }

    #[test]
    fn a_file_counts_if_its_whole_name_is_written() {
        let text = "~p\"/assets/app.css\" ~p\"/images/#{name}.png\" ~p\"/assets/a.js?v=1\" \
                    Routes.static_path(@conn, \"/css/b.css\") static_path(@conn, path) ~p\"/images/x\" \
                    static_url(@conn, \"/js/c.js\")";
        let links = read(text);
        let paths: Vec<_> = links.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(
            paths,
            ["assets/app.css", "assets/a.js", "css/b.css", "js/c.js"]
        );
    }

    #[test]
    fn a_long_line_takes_no_time() {
        let line = "~p\"/assets/app.css\" static_path(@conn) src=\"/js/a.js\" ".repeat(50_000);
        assert_eq!(counts(&line)[0], 100_000);
    }

    #[test]
    fn static_paths_says_which_files_are_static() {
        let text = "def static_paths, do: ~w(assets downloads)\n";
        assert_eq!(static_paths(text).unwrap(), ["assets", "downloads"]);
    }
}
