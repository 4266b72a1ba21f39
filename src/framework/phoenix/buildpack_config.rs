//! Reads `phoenix_static_buildpack.config` and `elixir_buildpack.config`: shell scripts for the buildpacks that they
//! were written for, data here. The log says of each key whether it is used, and what replaces it.

use super::sources::read_text;
use crate::fs::{if_exists, lies_in};
use std::io;
use std::path::{Path, PathBuf};

/// <https://github.com/gjaldon/heroku-buildpack-phoenix-static#configuration>
pub(crate) const STATIC_CONFIG: &str = "phoenix_static_buildpack.config";
/// <https://github.com/HashNuke/heroku-buildpack-elixir#configuration>
pub(crate) const ELIXIR_CONFIG: &str = "elixir_buildpack.config";

/// The keys of both files that this build step uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct BuildpackConfig {
    /// The directory of the app.
    pub(super) phoenix_path: Option<PathBuf>,
    /// The directory of `package.json`, under the app's.
    pub(super) assets_path: Option<PathBuf>,
    /// The script that runs in place of the default compile. It exists and lies in the app.
    pub(super) compile: Option<PathBuf>,
    pub(super) node_version: Option<String>,
    pub(super) clean_cache: bool,
    pub(super) node_use: NodeUse,
    /// What the log says of the files.
    pub(super) notes: Vec<ConfigNote>,
}

/// Who uses the Node.js that a build downloads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum NodeUse {
    #[default]
    Build,
    BuildAndApp,
}

/// What the log says of one key or line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConfigNote {
    /// The keys of [`STATIC_CONFIG`] that are used.
    Used(Vec<String>),
    /// A key of [`STATIC_CONFIG`] without effect.
    NotUsed(String),
    NoScript(PathBuf),
    ScriptOutside(PathBuf),
    /// A line that only a shell can read, with its number.
    Unreadable(usize, String),
    /// `release=true` in [`ELIXIR_CONFIG`].
    EarlyRelease,
    /// A hook in [`ELIXIR_CONFIG`] that compiles the assets.
    CompilingHook(String),
}

impl BuildpackConfig {
    pub(super) fn read(app: &Path) -> io::Result<Self> {
        let mut config = Self::default();
        if let Some(text) = if_exists(read_text(&app.join(STATIC_CONFIG)))? {
            config.read_static(app, &text);
        }
        let text = if_exists(read_text(&app.join(ELIXIR_CONFIG)))?;
        config.read_elixir(&text.unwrap_or_default());
        Ok(config)
    }

    fn read_static(&mut self, app: &Path, text: &str) {
        let mut used = Vec::new();
        let mut script = None;
        for (number, line) in statements(text) {
            let Some((key, value)) = assignment(line) else {
                let note = ConfigNote::Unreadable(number, line.to_owned());
                self.notes.push(note);
                continue;
            };
            match key.as_str() {
                "phoenix_relative_path" => self.phoenix_path = plain_dir(&value),
                "assets_path" => self.assets_path = plain_dir(&value),
                "compile" => script = Some(value),
                "node_version" => self.node_version = Some(value),
                "clean_cache" => self.clean_cache = value == "true",
                "remove_node" if value == "false" => self.node_use = NodeUse::BuildAndApp,
                _ => {
                    self.notes.push(ConfigNote::NotUsed(key));
                    continue;
                }
            }
            used.push(key);
        }
        self.notes.insert(0, ConfigNote::Used(used));
        let script = PathBuf::from(script.as_deref().unwrap_or(DEFAULT_SCRIPT));
        let file = app.join(&script);
        if file.is_file() && lies_in(&file, app) {
            self.compile = Some(script);
        } else if file.is_file() {
            self.notes.push(ConfigNote::ScriptOutside(script));
        } else if script != Path::new(DEFAULT_SCRIPT) {
            self.notes.push(ConfigNote::NoScript(script));
        }
    }

    /// All other keys are the Elixir buildpack's own.
    fn read_elixir(&mut self, text: &str) {
        for (key, value) in statements(text).filter_map(|(_, line)| assignment(line)) {
            let is_hook = key.ends_with("compile") || key == "hook_pre_fetch_dependencies";
            if key == "release" && value == "true" {
                self.notes.push(ConfigNote::EarlyRelease);
            } else if is_hook && (value.contains("assets.deploy") || value.contains("phx.digest")) {
                self.notes.push(ConfigNote::CompilingHook(key));
            }
        }
    }
}

const DEFAULT_SCRIPT: &str = "compile";

/// Returns `None` for `.`, the default of both keys, which leaves the search to this build step.
fn plain_dir(value: &str) -> Option<PathBuf> {
    let path = value.trim_matches('/').trim_start_matches("./");
    (!path.is_empty() && path != ".").then(|| PathBuf::from(path))
}

/// The lines that are neither empty nor comments, with their numbers.
fn statements(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..).zip(text.lines().map(str::trim));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// Reads `key=value`, quoted as in a shell, with or without a comment behind it. A list in parentheses stays as it
/// is. Returns `None` for a value that a shell would compute.
fn assignment(line: &str) -> Option<(String, String)> {
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
    let mut words = shell_words::split(value).ok()?.into_iter();
    let value = words.next().unwrap_or_default();
    let is_whole = words.next().is_none_or(|word| word.starts_with('#'));
    is_whole.then(|| (key.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::folder_with;

    fn read(files: &[(&str, &str)]) -> BuildpackConfig {
        BuildpackConfig::read(folder_with(files).path()).unwrap()
    }

    #[test]
    fn each_key_of_the_static_buildpack_is_noted() {
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
        let used = [
            "clean_cache",
            "compile",
            "node_version",
            "phoenix_relative_path",
            "assets_path",
        ];
        let used = ConfigNote::Used(used.map(str::to_owned).to_vec());
        let others = [
            "npm_version",
            "yarn_version",
            "remove_node",
            "phoenix_ex",
            "else",
        ];
        let others = others.map(|key| ConfigNote::NotUsed(key.to_owned()));
        assert_eq!(config.notes, [&[used][..], &others].concat());
    }

    #[test]
    fn nothing_in_the_file_is_run() {
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
        let numbers = config.notes[1..].iter().map(|note| match note {
            ConfigNote::Unreadable(number, _) => *number,
            note => panic!("{note:?}"),
        });
        assert_eq!(numbers.collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn a_script_is_used_if_the_app_has_it() {
        assert_eq!(read(&[]).compile, None);
        // Without the configuration file, `compile` is an ordinary file of the app.
        assert_eq!(read(&[("compile", "")]).compile, None);
        assert_eq!(
            read(&[(STATIC_CONFIG, ""), ("compile", "")]).compile,
            Some("compile".into())
        );
        let outside = read(&[(STATIC_CONFIG, "compile=/bin/sh")]);
        assert_eq!(outside.compile, None);
        assert_eq!(
            outside.notes[1],
            ConfigNote::ScriptOutside("/bin/sh".into())
        );
        let missing = read(&[(STATIC_CONFIG, "compile=build")]);
        assert_eq!(missing.notes[1], ConfigNote::NoScript("build".into()));
        assert_eq!(read(&[(STATIC_CONFIG, "compile=compile")]).compile, None);
        assert_eq!(
            read(&[(STATIC_CONFIG, "phoenix_relative_path=.")]).phoenix_path,
            None
        );
    }

    #[test]
    fn elixir_hooks_that_compile_assets_are_noted() {
        let config = read(&[(
            ELIXIR_CONFIG,
            "erlang_version=25.3\nconfig_vars_to_export=(DATABASE_URL)\nrelease=true\n\
             hook_post_compile=\"eval mix assets.deploy && rm -f _build/esbuild*\"\nalways_rebuild=false\n",
        )]);
        let hook = ConfigNote::CompilingHook("hook_post_compile".to_owned());
        assert_eq!(config.notes, [ConfigNote::EarlyRelease, hook]);
    }
}
