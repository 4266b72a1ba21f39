//! What in a folder says that it is a Phoenix project with assets, before any dependency is fetched.

use super::buildpack_config::{BuildpackConfig, STATIC_CONFIG};
use super::elixir::{Lines, Source, alias, atom_or_attribute, string_after, string_at, words};
use super::endpoint::{Endpoint, endpoints};
use super::sources::{MANIFEST_KEY, production_config};
use super::version::{self, PhoenixVersion, phoenix_dependency};
use crate::config::{FrameworkName, PhoenixSettings, env_vars};
use crate::framework::DetectError;
use crate::framework::app_files::files_named;
use crate::fs::files_below;
use crate::fs::lies_in;
use fs_err as fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// As deep as a `mix.exs` is looked for in a repository that has none at its top.
const DEPTH: usize = 2;

/// A Mix project, with its web apps that have assets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Project {
    /// Where the umbrella, or the only app, stands; below the repository.
    pub(super) root: PathBuf,
    pub(super) apps: Vec<WebApp>,
    pub(super) kind: Kind,
    pub(super) because: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    App,
    /// Its apps share their configuration.
    Umbrella,
}

/// One OTP application with an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WebApp {
    /// Below the repository.
    pub(super) folder: PathBuf,
    pub(super) otp_app: String,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) version: Option<PhoenixVersion>,
    /// `"assets.deploy"` in its `mix.exs`.
    pub(super) deploy: Option<Vec<String>>,
    /// `"assets.setup"`.
    pub(super) setup: Option<Vec<String>>,
    /// Where its configuration is; below the repository.
    pub(super) config: PathBuf,
    /// What says that it has assets.
    pub(super) assets: String,
}

/// `None` where it is no Phoenix project, or one that serves an API only.
pub(super) fn find(
    repository: &Path,
    settings: &PhoenixSettings,
    legacy: &BuildpackConfig,
) -> Result<Option<Project>, DetectError> {
    let given = match (&settings.path, &legacy.phoenix_path) {
        (Some(path), _) => Some((path.value.clone(), env_vars::PHOENIX_PATH.name)),
        (None, Some(path)) => Some((path.clone(), STATIC_CONFIG)),
        (None, None) => None,
    };
    if let Some((path, setting)) = given {
        return chosen(repository, &path, setting);
    }
    let mut found: Vec<Project> = Vec::new();
    for mix_exs in files_named(repository, "mix.exs", DEPTH)? {
        let folder = mix_exs.parent().unwrap_or(repository);
        let folder = folder.strip_prefix(repository).unwrap_or(folder);
        let is_covered = found
            .iter()
            .any(|project| folder.starts_with(&project.root));
        let is_dependency = folder.iter().any(|part| part == "deps" || part == "_build");
        if is_covered || is_dependency {
            continue;
        }
        if let Some(project) = Project::of(repository, folder, None)? {
            found.push(project);
        } else if folder.as_os_str().is_empty() {
            // Another Mix project with one of its own below, such as a library with an example.
            break;
        }
    }
    match found.len() {
        0 | 1 => Ok(found.pop()),
        _ => Err(DetectError::Tie {
            framework: FrameworkName::Phoenix,
            setting: env_vars::PHOENIX_PATH.name,
            paths: found.into_iter().map(|project| project.root).collect(),
        }),
    }
}

/// The project in a folder that a setting names; an app of an umbrella is built as one of it.
fn chosen(
    repository: &Path,
    path: &Path,
    setting: &'static str,
) -> Result<Option<Project>, DetectError> {
    let is_plain = |part: &Component<'_>| !matches!(part, Component::CurDir);
    let path: PathBuf = path.components().filter(is_plain).collect();
    let is_there = repository.join(&path).join("mix.exs").is_file();
    if !is_there || !lies_in(&repository.join(&path), repository) {
        return Err(DetectError::Missing {
            setting,
            path: path.join("mix.exs"),
        });
    }
    let umbrella = umbrella_of(repository, &path)?;
    let root = umbrella.as_deref().unwrap_or(&path);
    let Some(mut project) = Project::of(repository, root, Some(setting))? else {
        return Ok(None);
    };
    project
        .apps
        .retain(|app| umbrella.is_none() || app.folder == path);
    Ok((!project.apps.is_empty()).then_some(project))
}

/// The umbrella that a chosen app stands in: its lock file, configuration and releases are there.
fn umbrella_of(repository: &Path, app: &Path) -> io::Result<Option<PathBuf>> {
    for folder in app.ancestors().skip(1) {
        let mix_exs = repository.join(folder).join("mix.exs");
        if mix_exs.is_file()
            && let Some(apps_path) = apps_path(&Source::read(&mix_exs)?)
            && app.parent() == Some(&folder.join(apps_path))
        {
            return Ok(Some(folder.to_owned()));
        }
    }
    Ok(None)
}

/// The folder of an umbrella's apps; what is no plain text is Mix's usual one.
fn apps_path(mix_exs: &Source) -> Option<String> {
    const KEY: &str = "apps_path:";
    let at = words(&mix_exs.bare, KEY).next()?;
    Some(string_at(mix_exs, at + KEY.len()).unwrap_or_else(|| "apps".to_owned()))
}

impl Project {
    fn of(
        repository: &Path,
        root: &Path,
        setting: Option<&'static str>,
    ) -> io::Result<Option<Self>> {
        let mix_exs = Source::read(&repository.join(root).join("mix.exs"))?;
        let chosen = setting.map_or_else(String::new, |setting| format!(" ({setting})"));
        let shown = root.join("mix.exs").display().to_string();
        let (kind, mut apps, because) = match apps_path(&mix_exs) {
            Some(apps_path) => (
                Kind::Umbrella,
                umbrella(repository, root, &apps_path)?,
                format!("umbrella {shown}{chosen}"),
            ),
            None => (
                Kind::App,
                WebApp::of(repository, root, root)?.into_iter().collect(),
                format!("{shown}{chosen}"),
            ),
        };
        apps.sort_by(|one, other| one.folder.cmp(&other.folder));
        Ok((!apps.is_empty()).then(|| Self {
            root: root.to_owned(),
            apps,
            kind,
            because,
        }))
    }

    /// Whether what follows in a configuration is about this app.
    pub(super) fn is_about(&self, app: &WebApp, before: &str) -> bool {
        self.kind == Kind::App || is_about(&app.otp_app, before)
    }
}

fn umbrella(repository: &Path, root: &Path, apps_path: &str) -> io::Result<Vec<WebApp>> {
    let below = root.join(apps_path);
    // Also where a link or the path itself leads out.
    if !lies_in(&repository.join(&below), repository) {
        return Ok(Vec::new());
    }
    let mut apps = Vec::new();
    for entry in fs::read_dir(repository.join(&below))? {
        let entry = entry?;
        let folder = below.join(entry.file_name());
        if entry.file_type()?.is_dir() && repository.join(&folder).join("mix.exs").is_file() {
            apps.extend(WebApp::of(repository, root, &folder)?);
        }
    }
    Ok(apps)
}

impl WebApp {
    fn of(repository: &Path, root: &Path, folder: &Path) -> io::Result<Option<Self>> {
        let full = repository.join(folder);
        let mix_exs = Source::read(&full.join("mix.exs"))?;
        if phoenix_dependency(&mix_exs).is_none() {
            return Ok(None);
        }
        // Without a name there is no application.
        let Some(otp_app) = otp_app(&mix_exs) else {
            return Ok(None);
        };
        let config = config_folder(repository, root, folder, &mix_exs);
        let deploy = alias(&mix_exs, "assets.deploy");
        let evidence = Evidence {
            folder: &full,
            config: &repository.join(&config),
            otp_app: &otp_app,
            is_alone: root == folder,
        };
        let assets = match &deploy {
            Some(_) => Some("alias assets.deploy".to_owned()),
            None => evidence.of_assets()?,
        };
        let Some(assets) = assets else {
            return Ok(None);
        };
        Ok(Some(Self {
            folder: folder.to_owned(),
            version: version::find(&repository.join(root), &full, &mix_exs),
            setup: alias(&mix_exs, "assets.setup"),
            endpoints: endpoints(&full, &otp_app)?,
            otp_app,
            deploy,
            config,
            assets,
        }))
    }

    /// `Shop.Endpoint`, or several of them.
    pub(super) fn modules(&self) -> String {
        let modules: Vec<&str> = self
            .endpoints
            .iter()
            .map(|endpoint| endpoint.module.as_str())
            .collect();
        if modules.is_empty() {
            "no endpoint found".to_owned()
        } else {
            modules.join(", ")
        }
    }
}

/// `app: :shop`, or by an attribute; of `project`, where that stands behind the dependencies.
fn otp_app(mix_exs: &Source) -> Option<String> {
    let project = mix_exs.bare.find("def project").unwrap_or(0);
    let in_project = |at: &usize| *at >= project;
    let places: Vec<usize> = words(&mix_exs.bare, "app:").collect();
    let ordered = places
        .iter()
        .filter(|at| in_project(at))
        .chain(places.iter().filter(|at| !in_project(at)));
    ordered
        .copied()
        .find_map(|at| atom_or_attribute(mix_exs, at + "app:".len()))
}

/// Where a folder may show that an app has assets.
struct Evidence<'a> {
    folder: &'a Path,
    config: &'a Path,
    otp_app: &'a str,
    /// Not one of an umbrella, whose apps share their configuration.
    is_alone: bool,
}

impl Evidence<'_> {
    fn of_assets(&self) -> io::Result<Option<String>> {
        if self.folder.join("assets").is_dir() {
            return Ok(Some("assets/".to_owned()));
        }
        if holds_assets(&self.folder.join("priv/static"))? {
            return Ok(Some("priv/static".to_owned()));
        }
        for name in ["brunch-config.js", "assets/brunch-config.js"] {
            if self.folder.join(name).is_file() {
                return Ok(Some(name.to_owned()));
            }
        }
        for file in production_config(self.config) {
            let Source { bare, .. } = Source::read(&file)?;
            let is_its_own = |at: &usize| self.is_alone || is_about(self.otp_app, &bare[..*at]);
            if let Some(at) = words(&bare, MANIFEST_KEY).find(is_its_own) {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                let line = Lines::of(&bare).line(at);
                return Ok(Some(format!("cache_static_manifest in {name}:{line}")));
            }
        }
        Ok(None)
    }
}

/// Whether what follows is about an app: the last `config` before it is of its name.
fn is_about(otp_app: &str, before: &str) -> bool {
    let app = before.rsplit("config :").next().unwrap_or_default();
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    app.split(|letter| !is_name(letter)).next() == Some(otp_app)
}

/// An app that serves an API has an icon and a `robots.txt`, too.
fn holds_assets(folder: &Path) -> io::Result<bool> {
    if !folder.is_dir() {
        return Ok(false);
    }
    let files = files_below(folder)?;
    Ok(files.iter().any(|path| {
        let name = path.to_string_lossy();
        !name.starts_with('.') && name != "favicon.ico" && name != "robots.txt"
    }))
}

/// Whether a folder has files of these kinds.
pub(super) fn holds_kinds(folder: &Path, kinds: &[&str]) -> io::Result<bool> {
    if !folder.is_dir() {
        return Ok(false);
    }
    let is_one = |path: &PathBuf| {
        let kind = path.extension().and_then(|extension| extension.to_str());
        let is_installed = path.iter().any(|part| part == "node_modules");
        kind.is_some_and(|kind| kinds.contains(&kind)) && !is_installed
    };
    Ok(files_below(folder)?.iter().any(is_one))
}

/// An app of an umbrella is configured by the umbrella, unless it says otherwise.
fn config_folder(repository: &Path, root: &Path, folder: &Path, mix_exs: &Source) -> PathBuf {
    if let Some(path) = string_after(mix_exs, "config_path:")
        && let Ok(file) = fs::canonicalize(repository.join(folder).join(path))
        && let Ok(repository) = fs::canonicalize(repository)
        && let Ok(file) = file.strip_prefix(repository)
        && let Some(config) = file.parent()
    {
        return config.to_owned();
    }
    let shared = root.join("config");
    if repository.join(&shared).is_dir() {
        shared
    } else {
        folder.join("config")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::folder_with;

    const DEPS: &str = "{:phoenix, \"~> 1.7.21\"}";
    const ENDPOINT: &str =
        "defmodule ShopWeb.Endpoint do\n  use Phoenix.Endpoint, otp_app: :shop\nend\n";

    fn mix_exs(app: &str, more: &str) -> String {
        format!("defmodule P do\n  def project, do: [app: :{app}]\n  {more}\nend\n")
    }

    fn found(files: &[(&str, &str)]) -> Result<Option<Project>, DetectError> {
        let app = folder_with(files);
        let legacy = BuildpackConfig::read(app.path()).unwrap();
        find(app.path(), &PhoenixSettings::default(), &legacy)
    }

    #[test]
    fn an_app_is_told_with_its_names_and_why() {
        let project = found(&[
            ("mix.exs", &mix_exs("shop", DEPS)),
            ("lib/shop_web/endpoint.ex", ENDPOINT),
            ("assets/js/app.js", ""),
        ]);
        let project = project.unwrap().unwrap();
        assert_eq!(project.because, "mix.exs");
        let [app] = project.apps.as_slice() else {
            panic!("{project:?}")
        };
        assert_eq!(app.otp_app, "shop");
        assert_eq!(app.modules(), "ShopWeb.Endpoint");
        assert_eq!(app.version, Some(PhoenixVersion::new(1, 7, 21)));
        assert_eq!(app.assets, "assets/");
    }

    #[test]
    fn other_ways_to_write_mix_exs() {
        for mix_exs in [
            "def project, do: [app: :shop, deps: [phoenix: \"~> 1.7\"]]",
            "@app :shop\n def project, do: [app: @app, deps: [{ :phoenix , \"~> 1.7\"}]]",
            "def deps, do: [{:x, app: :wrong}, {:phoenix, \"~> 1.7\"}]\n def project, do: [app: :shop]",
            "@moduledoc \"\"\"\n apps_path: \"nope\"\n\"\"\"\n def project, do: [app: :shop, x: {:phoenix, \"1.7\"}]",
        ] {
            let project = found(&[("mix.exs", mix_exs), ("assets/a.js", "")])
                .unwrap()
                .unwrap();
            assert_eq!(project.apps[0].otp_app, "shop", "{mix_exs}");
        }
        for apps_path in ["~s(apps)", "@apps"] {
            let umbrella = format!("def project, do: [apps_path: {apps_path}]");
            let project = found(&[
                ("mix.exs", &umbrella),
                ("apps/shop/mix.exs", &mix_exs("shop", DEPS)),
                ("apps/shop/assets/a.js", ""),
            ]);
            assert!(project.unwrap().is_some(), "{apps_path}");
        }
    }

    #[test]
    fn nothing_outside_of_the_repository_is_an_app_of_it() {
        let out = found(&[
            ("mix.exs", &mix_exs("shop", DEPS)),
            ("assets/a.js", ""),
            (
                "phoenix_static_buildpack.config",
                "phoenix_relative_path=../../../tmp\n",
            ),
        ]);
        assert!(matches!(out, Err(DetectError::Missing { .. })), "{out:?}");
        assert_eq!(
            found(&[("mix.exs", "def project, do: [apps_path: \"/tmp\"]")]).unwrap(),
            None
        );
    }

    #[test]
    fn what_is_no_phoenix_app_with_assets() {
        let comment = mix_exs("shop", "# {:phoenix, \"~> 1.7\"}");
        let html = mix_exs("shop", "{:phoenix_html, \"~> 4.0\"}");
        let phoenix = mix_exs("shop", DEPS);
        for files in [
            &[("mix.exs", comment.as_str()), ("assets/a.js", "")][..],
            &[("mix.exs", &html), ("assets/a.js", "")],
            // An API only.
            &[("mix.exs", &phoenix), ("priv/static/robots.txt", "")],
            &[("README.md", "")],
            // A library with an example app.
            &[
                ("mix.exs", &html),
                ("example/mix.exs", &phoenix),
                ("example/assets/a.js", ""),
            ],
            &[("deps/x/mix.exs", &phoenix), ("deps/x/assets/a.js", "")],
        ] {
            assert_eq!(found(files).unwrap(), None, "{files:?}");
        }
    }

    #[test]
    fn each_evidence_of_assets_is_enough() {
        let phoenix = mix_exs("shop", DEPS);
        let alias = mix_exs(
            "shop",
            &format!("{DEPS}, \"assets.deploy\": [\"phx.digest\"]"),
        );
        for (files, evidence) in [
            (&[("mix.exs", alias.as_str())][..], "alias assets.deploy"),
            (
                &[("mix.exs", &phoenix), ("priv/static/css/a.css", "")],
                "priv/static",
            ),
            (
                &[
                    ("mix.exs", &phoenix),
                    (
                        "config/prod.exs",
                        "config :a,\n  cache_static_manifest: \"x\"",
                    ),
                ],
                "cache_static_manifest in prod.exs:2",
            ),
        ] {
            let project = found(files).unwrap().unwrap();
            assert_eq!(project.apps[0].assets, evidence);
        }
    }

    #[test]
    fn an_umbrella_has_its_web_apps_without_the_api() {
        let config = "config :admin_web, AdminWeb.Endpoint, cache_static_manifest: \"x\"";
        let project = found(&[
            ("mix.exs", "def project, do: [apps_path: \"apps\"]"),
            ("config/prod.exs", config),
            ("apps/core/mix.exs", &mix_exs("core", "")),
            ("apps/shop_web/mix.exs", &mix_exs("shop_web", DEPS)),
            ("apps/shop_web/assets/a.js", ""),
            ("apps/admin_web/mix.exs", &mix_exs("admin_web", DEPS)),
            ("apps/api_web/mix.exs", &mix_exs("api_web", DEPS)),
            ("apps/api_web/priv/static/favicon.ico", ""),
        ]);
        let project = project.unwrap().unwrap();
        let names: Vec<_> = project
            .apps
            .iter()
            .map(|app| app.otp_app.as_str())
            .collect();
        assert_eq!(names, ["admin_web", "shop_web"]);
        assert_eq!(project.because, "umbrella mix.exs");
        assert_eq!(project.apps[0].config, Path::new("config"));
    }

    #[test]
    fn one_app_of_a_monorepo_is_found_and_of_several_one_must_be_chosen() {
        let phoenix = mix_exs("shop", DEPS);
        let one = [
            ("elixir/mix.exs", phoenix.as_str()),
            ("elixir/assets/a.js", ""),
        ];
        assert_eq!(found(&one).unwrap().unwrap().root, Path::new("elixir"));
        let mut two = one.to_vec();
        two.extend([
            ("other/mix.exs", phoenix.as_str()),
            ("other/assets/a.js", ""),
        ]);
        let Err(DetectError::Tie { paths, .. }) = found(&two) else {
            panic!("two apps")
        };
        assert_eq!(paths, [Path::new("elixir"), Path::new("other")]);
        two.push((
            "phoenix_static_buildpack.config",
            "phoenix_relative_path=other\n",
        ));
        assert_eq!(found(&two).unwrap().unwrap().root, Path::new("other"));
        two.push((
            "phoenix_static_buildpack.config",
            "phoenix_relative_path=nowhere\n",
        ));
        assert!(matches!(found(&two), Err(DetectError::Missing { .. })));
    }
}
