//! Finds the Phoenix project of a repository, before any dependency is fetched.

use super::buildpack_config::{BuildpackConfig, STATIC_CONFIG};
use super::elixir::ElixirSource;
use super::elixir_values::{string_at, values};
use super::web_app::{WebApp, configures};
use crate::config::{FrameworkName, PhoenixSettings, env_vars};
use crate::framework::DetectError;
use crate::framework::app_files::files_named;
use crate::fs::lies_in;
use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

/// How deep a repository without a `mix.exs` at its top is searched for one.
const DEPTH: usize = 2;

/// A Mix project that has web apps with assets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Project {
    /// The directory of the umbrella, or of the only app, relative to the repository.
    pub(super) root: PathBuf,
    pub(super) apps: Vec<WebApp>,
    /// The apps of an umbrella share their configuration.
    is_umbrella: bool,
    /// The `mix.exs`, and the setting that names it, if one does.
    pub(super) found_by: String,
}

/// Finds the project. `None` if there is no Phoenix project, or one that serves only an API.
pub(super) fn find_project(
    repository: &Path,
    settings: &PhoenixSettings,
    buildpack_config: &BuildpackConfig,
) -> Result<Option<Project>, DetectError> {
    if let Some(path) = &settings.path {
        return chosen_project(repository, &path.value, env_vars::PHOENIX_PATH.name);
    }
    if let Some(path) = &buildpack_config.phoenix_path {
        return chosen_project(repository, path, STATIC_CONFIG);
    }
    let mut found: Vec<Project> = Vec::new();
    for mix_exs in files_named(repository, "mix.exs", DEPTH)? {
        let dir = mix_exs.parent().unwrap_or(repository);
        let dir = dir.strip_prefix(repository).unwrap_or(dir);
        let is_covered = found.iter().any(|project| dir.starts_with(&project.root));
        let is_dependency = dir.iter().any(|part| part == "deps" || part == "_build");
        if is_covered || is_dependency {
            continue;
        }
        if let Some(project) = Project::read(repository, dir, None)? {
            found.push(project);
        } else if dir.as_os_str().is_empty() {
            // The repository is another Mix project, such as a library with an example.
            break;
        }
    }
    if found.len() > 1 {
        return Err(DetectError::Tie {
            framework: FrameworkName::Phoenix,
            setting: env_vars::PHOENIX_PATH.name,
            paths: found.into_iter().map(|project| project.root).collect(),
        });
    }
    Ok(found.pop())
}

/// Reads the project in the directory that a setting names. An app of an umbrella is built as a part of it.
fn chosen_project(
    repository: &Path,
    path: &Path,
    setting: &'static str,
) -> Result<Option<Project>, DetectError> {
    let path = path.strip_prefix(".").unwrap_or(path);
    let mix_exs = path.join("mix.exs");
    if !repository.join(&mix_exs).is_file() || !lies_in(&repository.join(path), repository) {
        let path = mix_exs;
        return Err(DetectError::Missing { setting, path });
    }
    let umbrella = umbrella_of(repository, path)?;
    let root = umbrella.as_deref().unwrap_or(path);
    let mut project = Project::read(repository, root, Some(setting))?;
    if let Some(project) = project.as_mut().filter(|_| umbrella.is_some()) {
        project.apps.retain(|app| app.folder == path);
    }
    Ok(project.filter(|project| !project.apps.is_empty()))
}

/// Finds the umbrella of a chosen app, which has the lock file, the configuration and the releases.
fn umbrella_of(repository: &Path, app: &Path) -> io::Result<Option<PathBuf>> {
    for dir in app.ancestors().skip(1) {
        let mix_exs = repository.join(dir).join("mix.exs");
        if mix_exs.is_file()
            && let Some(apps_path) = apps_path(&ElixirSource::read(&mix_exs)?)
            && app.parent() == Some(&dir.join(apps_path))
        {
            return Ok(Some(dir.to_owned()));
        }
    }
    Ok(None)
}

/// Reads the directory of an umbrella's apps. If it isn't written as a text, it is taken for the usual one.
fn apps_path(mix_exs: &ElixirSource) -> Option<String> {
    let at = values(&mix_exs.bare, "apps_path:").next()?;
    Some(string_at(mix_exs, at).unwrap_or_else(|| "apps".to_owned()))
}

impl Project {
    /// `setting` is the one that names the project, if one does.
    fn read(repository: &Path, root: &Path, setting: Option<&str>) -> io::Result<Option<Self>> {
        let apps_path = apps_path(&ElixirSource::read(&repository.join(root).join("mix.exs"))?);
        let mut apps = match &apps_path {
            Some(apps_path) => umbrella_apps(repository, root, apps_path)?,
            None => WebApp::read(repository, root, root)?.into_iter().collect(),
        };
        apps.sort_by(|one, other| one.folder.cmp(&other.folder));
        let umbrella = apps_path.as_ref().map_or("", |_| "umbrella ");
        let setting = setting.map_or_else(String::new, |setting| format!(" ({setting})"));
        Ok((!apps.is_empty()).then(|| Self {
            root: root.to_owned(),
            apps,
            is_umbrella: apps_path.is_some(),
            found_by: format!("{umbrella}{}{setting}", root.join("mix.exs").display()),
        }))
    }

    /// Whether the configuration that follows `before` is about this app.
    pub(super) fn is_about(&self, app: &WebApp, before: &str) -> bool {
        !self.is_umbrella || configures(before, &app.otp_app)
    }
}

fn umbrella_apps(repository: &Path, root: &Path, apps_path: &str) -> io::Result<Vec<WebApp>> {
    let dir = root.join(apps_path);
    // The path, or a link in it, may lead out of the repository.
    if !lies_in(&repository.join(&dir), repository) {
        return Ok(Vec::new());
    }
    let mut apps = Vec::new();
    for entry in fs::read_dir(repository.join(&dir))? {
        let entry = entry?;
        let app = dir.join(entry.file_name());
        if entry.file_type()?.is_dir() && repository.join(&app).join("mix.exs").is_file() {
            apps.extend(WebApp::read(repository, root, &app)?);
        }
    }
    Ok(apps)
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
        let config = BuildpackConfig::read(app.path()).unwrap();
        find_project(app.path(), &PhoenixSettings::default(), &config)
    }

    #[test]
    fn an_app_is_described_by_names_and_evidence() {
        let project = found(&[
            ("mix.exs", &mix_exs("shop", DEPS)),
            ("lib/shop_web/endpoint.ex", ENDPOINT),
            ("assets/js/app.js", ""),
        ]);
        let project = project.unwrap().unwrap();
        assert_eq!(project.found_by, "mix.exs");
        let [app] = project.apps.as_slice() else {
            panic!("{project:?}")
        };
        assert_eq!(app.otp_app, "shop");
        let shown = "shop (ShopWeb.Endpoint), Phoenix 1.7.21, assets/";
        assert_eq!(app.to_string(), shown);
    }

    #[test]
    fn a_library_is_no_app() {
        let library = mix_exs(
            "dashboard",
            &format!("{DEPS}\n  def p, do: [package: package()]"),
        );
        let started = mix_exs(
            "shop",
            &format!("{DEPS}\n  def p, do: [package: package(), mod: {{Shop, []}}]"),
        );
        let files = [("mix.exs", library.as_str()), ("assets/js/app.js", "")];
        assert!(found(&files).unwrap().is_none());
        let endpoint = ("lib/shop_web/endpoint.ex", ENDPOINT);
        let demo = [files[0], files[1], endpoint];
        assert!(found(&demo).unwrap().is_none());
        let app = [("mix.exs", started.as_str()), files[1], endpoint];
        assert!(found(&app).unwrap().is_some());
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
    fn apps_outside_of_the_repository_are_refused() {
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
    fn other_projects_are_not_phoenix_apps_with_assets() {
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
    fn an_umbrella_has_its_web_apps_only() {
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
        assert_eq!(project.found_by, "umbrella mix.exs");
        assert_eq!(project.apps[0].config, Path::new("config"));
    }

    #[test]
    fn of_several_projects_one_must_be_chosen() {
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
