//! `phoenix_static_buildpack.config` and `elixir_buildpack.config`: shell scripts to the buildpacks that they
//! were written for, data here. Each key is honoured, beaten, or answered with what replaces it.

use crate::fs::{lies_in, read_file};
use std::io;
use std::path::{Path, PathBuf};

/// <https://github.com/gjaldon/heroku-buildpack-phoenix-static#configuration>
pub(super) const STATIC_CONFIG: &str = "phoenix_static_buildpack.config";
/// <https://github.com/HashNuke/heroku-buildpack-elixir#configuration>
pub(super) const ELIXIR_CONFIG: &str = "elixir_buildpack.config";

/// What the files of an app say, as far as it decides anything here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct BuildpackConfig {
    /// The folder of the app.
    pub(super) phoenix_path: Option<PathBuf>,
    /// The folder of `package.json`, below the app's.
    pub(super) assets_path: Option<PathBuf>,
    /// The script that is sourced in place of the default compile, where it is there.
    pub(super) compile: Option<PathBuf>,
    pub(super) node_version: Option<String>,
    pub(super) clean_cache: bool,
    pub(super) node_for: NodeFor,
    /// One line for each key, to be told by the build.
    pub(super) notes: Vec<String>,
}

/// Who needs the Node.js that is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum NodeFor {
    #[default]
    Build,
    /// And the build.
    RunningApp,
}

/// The lines of a shell script that only sets variables.
#[derive(Debug, PartialEq, Eq)]
struct Lines {
    pairs: Vec<(String, String)>,
    /// Lines that are none, or whose value only a shell could tell, with their numbers.
    other: Vec<(usize, String)>,
}

impl BuildpackConfig {
    pub(super) fn read(app: &Path) -> io::Result<Self> {
        let mut config = Self::default();
        if let Some(lines) = Lines::read(&app.join(STATIC_CONFIG))? {
            config.add_static(app, &lines);
        }
        if let Some(lines) = Lines::read(&app.join(ELIXIR_CONFIG))? {
            config.add_elixir(&lines);
        }
        Ok(config)
    }

    fn add_static(&mut self, app: &Path, lines: &Lines) {
        let mut used: Vec<&str> = Vec::new();
        let mut notes = Vec::new();
        let mut compile = "compile".to_owned();
        for (key, value) in &lines.pairs {
            let note = match key.as_str() {
                "phoenix_relative_path" => {
                    self.phoenix_path = plain_folder(value);
                    None
                }
                "assets_path" => {
                    self.assets_path = plain_folder(value);
                    None
                }
                "compile" => {
                    compile.clone_from(value);
                    None
                }
                "node_version" => {
                    self.node_version = Some(value.clone());
                    None
                }
                "clean_cache" => {
                    self.clean_cache = value == "true";
                    None
                }
                "npm_version" => Some(
                    "npm_version: the npm of the Node.js that is there runs; to choose it: \
                     \"packageManager\" in package.json",
                ),
                "yarn_version" => Some(
                    "yarn_version: the yarn on PATH runs; to choose it: \"packageManager\" in \
                     package.json (Corepack)",
                ),
                "remove_node" if value == "false" => {
                    self.node_for = NodeFor::RunningApp;
                    None
                }
                "remove_node" => Some(
                    "remove_node: not needed, nothing of Node.js and no node_modules of the \
                     build stays in the image",
                ),
                "phoenix_ex" => {
                    Some("phoenix_ex: not needed, Phoenix 1.3 and later have mix phx.*")
                }
                _ => {
                    notes.push(format!("{key}: unknown, ignored"));
                    continue;
                }
            };
            match note {
                Some(note) => notes.push(note.to_owned()),
                None => used.push(key),
            }
        }
        let script = app.join(&compile);
        let is_asked_for = lines.pairs.iter().any(|(key, _)| key == "compile");
        if is_asked_for && compile != "compile" && !script.is_file() {
            notes.push(format!("compile: {compile} is not there, so it is not run"));
        }
        if script.is_file() {
            if lies_in(&script, app) {
                self.compile = Some(PathBuf::from(compile));
            } else {
                notes.push(format!("compile: {compile} is not in the app, not run"));
            }
        }
        notes.extend(lines.unread());
        let used = if used.is_empty() {
            "nothing".to_owned()
        } else {
            used.join(", ")
        };
        self.notes
            .push(format!("{STATIC_CONFIG}, read as data; used: {used}"));
        self.notes.extend(
            notes
                .into_iter()
                .map(|note| format!("{STATIC_CONFIG}: {note}")),
        );
    }

    fn add_elixir(&mut self, lines: &Lines) {
        for (key, value) in &lines.pairs {
            let note = match key.as_str() {
                "release" if value == "true" => {
                    "release=true: it builds the release before this build step, without the digested \
                     assets; set release=false, and add a buildpack for the release after this one"
                        .to_owned()
                }
                "hook_pre_fetch_dependencies"
                | "hook_pre_compile"
                | "hook_compile"
                | "hook_post_compile"
                | "pre_compile"
                | "post_compile"
                    if value.contains("assets.deploy") || value.contains("phx.digest") =>
                {
                    format!(
                        "{key}: it compiles the assets before this build step, which does it again; \
                         remove it"
                    )
                }
                // The rest is the Elixir buildpack's own.
                _ => continue,
            };
            self.notes.push(format!("{ELIXIR_CONFIG}: {note}"));
        }
    }
}

/// `.` is the default of both keys, and means that it is to be found.
fn plain_folder(value: &str) -> Option<PathBuf> {
    let path = value.trim_matches('/').trim_start_matches("./");
    (!path.is_empty() && path != ".").then(|| PathBuf::from(path))
}

impl Lines {
    fn read(path: &Path) -> io::Result<Option<Self>> {
        match read_file(path) {
            Ok(content) => Ok(Some(Self::parse(&String::from_utf8_lossy(&content)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn parse(text: &str) -> Self {
        let mut lines = Self {
            pairs: Vec::new(),
            other: Vec::new(),
        };
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match pair(line) {
                Some((key, value)) => lines.pairs.push((key, value)),
                None => lines.other.push((index + 1, line.to_owned())),
            }
        }
        lines
    }

    fn unread(&self) -> impl Iterator<Item = String> {
        self.other
            .iter()
            .map(|(number, line)| format!("line {number} can't be read without running it: {line}"))
    }
}

/// `key=value`, quoted as in a shell, with or without a comment behind it. A list in parentheses stays
/// what it is; a value that a shell would compute is none.
fn pair(line: &str) -> Option<(String, String)> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (key, value) = line.split_once('=')?;
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if key.is_empty() || !key.chars().all(is_name) {
        return None;
    }
    if value.starts_with('(') {
        return Some((key.to_owned(), value.to_owned()));
    }
    if !value.starts_with('\'') && value.contains(['$', '`']) {
        return None;
    }
    let words = shell_words::split(value).ok()?;
    match words.as_slice() {
        [] => Some((key.to_owned(), String::new())),
        [value] => Some((key.to_owned(), value.clone())),
        [value, comment, ..] if comment.starts_with('#') => Some((key.to_owned(), value.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fs_err as fs;

    fn read(files: &[(&str, &str)]) -> BuildpackConfig {
        let app = tempfile::tempdir().unwrap();
        for (path, content) in files {
            fs::write(app.path().join(path), content).unwrap();
        }
        BuildpackConfig::read(app.path()).unwrap()
    }

    #[test]
    fn every_key_of_the_static_buildpack_is_used_or_answered() {
        let config = read(&[
            (
                STATIC_CONFIG,
                "# Clean out cache\nclean_cache=true\r\ncompile=\"build_assets\"\nnode_version=10.20.1\r\n\
                 npm_version=6.14.4\nyarn_version=1.22 # old\nphoenix_relative_path=apps/shop_web\n\
                 remove_node=true\nassets_path=frontend\nphoenix_ex=phx\nelse=1\n",
            ),
            ("build_assets", ""),
        ]);
        assert_eq!(config.phoenix_path, Some("apps/shop_web".into()));
        assert_eq!(config.assets_path, Some("frontend".into()));
        assert_eq!(config.compile, Some("build_assets".into()));
        assert_eq!(config.node_version.as_deref(), Some("10.20.1"));
        assert!(config.clean_cache);
        let notes = config.notes.join("\n");
        let used = "phoenix_static_buildpack.config, read as data; used: clean_cache, compile, node_version, \
                    phoenix_relative_path, assets_path";
        assert!(notes.starts_with(used), "{notes}");
        for answered in [
            "npm_version",
            "yarn_version",
            "remove_node",
            "phoenix_ex",
            "else",
        ] {
            assert!(notes.contains(&format!(": {answered}: ")), "{notes}");
        }
    }

    #[test]
    fn nothing_is_run() {
        let marker = tempfile::tempdir().unwrap();
        let marker = marker.path().join("ran");
        let config = read(&[(
            STATIC_CONFIG,
            &format!(
                "compile=$(touch {0})\nnode_version=`touch {0}`\ntouch {0}\n",
                marker.display()
            ),
        )]);
        assert!(!marker.exists());
        assert_eq!(config.compile, None);
        assert!(config.notes[1].contains("line 1 can't be read without running it: compile=$("));
        assert_eq!(config.notes.len(), 4);
    }

    #[test]
    fn the_script_is_taken_only_where_it_is() {
        assert_eq!(read(&[]).compile, None);
        // A file of that name is no script of the buildpack's where nothing else is.
        assert_eq!(read(&[("compile", "")]).compile, None);
        assert_eq!(
            read(&[(STATIC_CONFIG, ""), ("compile", "")]).compile,
            Some("compile".into())
        );
        assert_eq!(read(&[(STATIC_CONFIG, "compile=/bin/sh")]).compile, None);
        assert_eq!(read(&[(STATIC_CONFIG, "compile=compile")]).compile, None);
        assert_eq!(
            read(&[(STATIC_CONFIG, "phoenix_relative_path=.")]).phoenix_path,
            None
        );
    }

    #[test]
    fn an_elixir_hook_that_compiles_assets_is_superfluous() {
        let config = read(&[(
            ELIXIR_CONFIG,
            "erlang_version=25.3\nconfig_vars_to_export=(DATABASE_URL)\nrelease=true\n\
             hook_post_compile=\"eval mix assets.deploy && rm -f _build/esbuild*\"\nalways_rebuild=false\n",
        )]);
        assert_eq!(config.notes.len(), 2);
        assert!(config.notes[0].contains("release=true"));
        assert!(config.notes[1].contains("hook_post_compile"));
    }
}
