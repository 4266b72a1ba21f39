//! What in a folder says that it is a Phoenix project with assets, before any dependency is fetched.

use super::buildpack_config::{BuildpackConfig, STATIC_CONFIG};
use super::elixir::{alias, atom_after, line_of, string_after, without_comments, words};
use super::version::{self, PhoenixVersion};
use crate::app::files_named;
use crate::config::{FrameworkName, PhoenixSettings, names};
use crate::framework::DetectError;
use crate::walk::files_below;
use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

/// As deep as a `mix.exs` is looked for in a repository that has none at its top.
const DEPTH: usize = 2;

/// A Mix project, with its web apps that have assets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Project {
    /// Where the umbrella, or the only app, stands; below the repository.
    pub(super) root: PathBuf,
    pub(super) apps: Vec<WebApp>,
    pub(super) because: String,
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

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) module: String,
    pub(super) otp_app: String,
}

/// `None` where it is no Phoenix project, or one that serves an API only.
pub(super) fn find(
    repository: &Path,
    settings: &PhoenixSettings,
    legacy: &BuildpackConfig,
) -> Result<Option<Project>, DetectError> {
    let given = match (&settings.path, &legacy.phoenix_path) {
        (Some(path), _) => Some((path.value.clone(), names::PHOENIX_PATH.name)),
        (None, Some(path)) => Some((path.clone(), STATIC_CONFIG)),
        (None, None) => None,
    };
    if let Some((path, setting)) = given {
        if !repository.join(&path).join("mix.exs").is_file() {
            return Err(DetectError::Missing {
                setting,
                path: path.join("mix.exs"),
            });
        }
        return Ok(Project::of(repository, &path, Some(setting))?);
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
            setting: names::PHOENIX_PATH.name,
            paths: found.into_iter().map(|project| project.root).collect(),
        }),
    }
}

impl Project {
    fn of(
        repository: &Path,
        root: &Path,
        setting: Option<&'static str>,
    ) -> io::Result<Option<Self>> {
        let mix_exs = read_code(&repository.join(root).join("mix.exs"))?;
        let chosen = setting.map_or_else(String::new, |setting| format!(" ({setting})"));
        let shown = root.join("mix.exs").display().to_string();
        let (mut apps, because) = match string_after(&mix_exs, "apps_path:") {
            Some(apps_path) => (
                umbrella(repository, root, &apps_path)?,
                format!("umbrella {shown}{chosen}"),
            ),
            None => (
                WebApp::of(repository, root, root)?.into_iter().collect(),
                format!("{shown}{chosen}"),
            ),
        };
        apps.sort_by(|one, other| one.folder.cmp(&other.folder));
        Ok((!apps.is_empty()).then(|| Self {
            root: root.to_owned(),
            apps,
            because,
        }))
    }
}

fn umbrella(repository: &Path, root: &Path, apps_path: &str) -> io::Result<Vec<WebApp>> {
    let below = root.join(apps_path);
    let entries = match fs::read_dir(repository.join(&below)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut apps = Vec::new();
    for entry in entries {
        let folder = below.join(entry?.file_name());
        if repository.join(&folder).join("mix.exs").is_file() {
            apps.extend(WebApp::of(repository, root, &folder)?);
        }
    }
    Ok(apps)
}

impl WebApp {
    fn of(repository: &Path, root: &Path, folder: &Path) -> io::Result<Option<Self>> {
        let full = repository.join(folder);
        let mix_exs = read_code(&full.join("mix.exs"))?;
        if phoenix_dependency(&mix_exs).is_none() {
            return Ok(None);
        }
        let endpoints = endpoints(&full)?;
        let otp_app = atom_after(&mix_exs, "app:")
            .or_else(|| endpoints.first().map(|endpoint| endpoint.otp_app.clone()));
        // Without a name there is no application.
        let Some(otp_app) = otp_app else {
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
            otp_app,
            endpoints,
            deploy,
            config,
            assets,
        }))
    }

    /// Whether what follows in a configuration is about this app.
    pub(super) fn owns(&self, before: &str) -> bool {
        is_about(&self.otp_app, before)
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
        for file in production_config(self.config)? {
            let code = read_code(&file)?;
            let is_its_own = |at: &usize| self.is_alone || is_about(self.otp_app, &code[..*at]);
            let its_own = words(&code, MANIFEST_KEY).find(is_its_own);
            if let Some(at) = its_own {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                return Ok(Some(format!(
                    "cache_static_manifest in {name}:{}",
                    line_of(&code, at)
                )));
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

/// `{:phoenix, …}`: where the name of the dependency stands.
pub(super) fn phoenix_dependency(mix_exs: &str) -> Option<usize> {
    words(mix_exs, ":phoenix").find(|at| {
        mix_exs[..*at].trim_end().ends_with('{')
            && mix_exs[at + ":phoenix".len()..]
                .trim_start()
                .starts_with(',')
    })
}

fn config_folder(repository: &Path, root: &Path, folder: &Path, mix_exs: &str) -> PathBuf {
    if let Some(path) = string_after(mix_exs, "config_path:")
        && let Ok(file) = fs::canonicalize(repository.join(folder).join(path))
        && let Ok(repository) = fs::canonicalize(repository)
        && let Ok(file) = file.strip_prefix(repository)
        && let Some(config) = file.parent()
    {
        return config.to_owned();
    }
    let own = folder.join("config");
    if repository.join(&own).is_dir() {
        own
    } else {
        root.join("config")
    }
}

/// Where Phoenix is told to read the names of digested files.
pub(super) const MANIFEST_KEY: &str = "cache_static_manifest:";

/// The configuration scripts that production may evaluate.
pub(super) fn production_config(config: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = config_files(config)?;
    files.retain(|file| !file.ends_with("dev.exs") && !file.ends_with("test.exs"));
    Ok(files)
}

/// Sorted by name.
fn config_files(config: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(config) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "exs") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The modules that `use Phoenix.Endpoint`.
fn endpoints(folder: &Path) -> io::Result<Vec<Endpoint>> {
    const USE: &str = "use Phoenix.Endpoint";
    let mut endpoints = Vec::new();
    for file in source_files(folder)? {
        let bytes = fs::read(&file)?;
        if memchr::memmem::find(&bytes, USE.as_bytes()).is_none() {
            continue;
        }
        let code = without_comments(&String::from_utf8_lossy(&bytes));
        for at in words(&code, USE) {
            let module = code[..at].rfind("defmodule ").and_then(|start| {
                let name = code[start + "defmodule ".len()..]
                    .split_whitespace()
                    .next()?;
                Some(name.trim_end_matches(',').to_owned())
            });
            if let (Some(module), Some(otp_app)) = (module, atom_after(&code[at..], "otp_app:")) {
                endpoints.push(Endpoint { module, otp_app });
            }
        }
    }
    Ok(endpoints)
}

/// The Elixir code of an app: `lib`, and `web` as it was before 1.3.
pub(super) fn source_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for name in ["lib", "web"] {
        let below = folder.join(name);
        if below.is_dir() {
            let found = files_below(&below)?.into_iter();
            files.extend(
                found
                    .map(|path| below.join(path))
                    .filter(|path| path.is_file()),
            );
        }
    }
    Ok(files)
}

pub(super) fn read_code(path: &Path) -> io::Result<String> {
    Ok(without_comments(&String::from_utf8_lossy(&fs::read(path)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPS: &str = "{:phoenix, \"~> 1.7.21\"}";
    const ENDPOINT: &str =
        "defmodule ShopWeb.Endpoint do\n  use Phoenix.Endpoint, otp_app: :shop\nend\n";

    fn mix_exs(app: &str, more: &str) -> String {
        format!("defmodule P do\n  def project, do: [app: :{app}]\n  {more}\nend\n")
    }

    fn found(files: &[(&str, &str)]) -> Result<Option<Project>, DetectError> {
        let app = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = app.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
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
