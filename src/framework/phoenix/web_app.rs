//! One OTP application with an endpoint, as its `mix.exs` and its files describe it.

use super::elixir::ElixirSource;
use super::elixir_values::{alias, atom_or_attribute, leading_name, string_at, values};
use super::endpoint::{Endpoint, find_endpoints};
use super::sources::{Locations, MANIFEST_KEY, STATICS, files_in, production_config};
use super::version::{self, PhoenixVersion, phoenix_dependency};
use fs_err as fs;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// An OTP application that has assets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WebApp {
    /// Relative to the repository.
    pub(super) folder: PathBuf,
    pub(super) otp_app: String,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) version: Option<PhoenixVersion>,
    /// The alias `assets.deploy` of its `mix.exs`.
    pub(super) deploy: Option<Vec<String>>,
    /// The alias `assets.setup`.
    pub(super) setup: Option<Vec<String>>,
    /// The directory of its configuration, relative to the repository.
    pub(super) config: PathBuf,
    /// The evidence that it has assets.
    pub(super) assets: String,
}

impl WebApp {
    /// Reads the app in `folder`, of the project in `root`; both are relative to the repository. `None` if it isn't
    /// a Phoenix app with assets.
    pub(super) fn read(repository: &Path, root: &Path, folder: &Path) -> io::Result<Option<Self>> {
        let full = repository.join(folder);
        let mix_exs = ElixirSource::read(&full.join("mix.exs"))?;
        let otp_app = phoenix_dependency(&mix_exs).and_then(|_| otp_app(&mix_exs));
        let Some(otp_app) = otp_app else {
            return Ok(None);
        };
        let endpoints = find_endpoints(&full, &otp_app)?;
        if is_library(&mix_exs, &endpoints) {
            return Ok(None);
        }
        let config = config_dir(repository, root, folder, &mix_exs);
        let deploy = alias(&mix_exs, "assets.deploy");
        let umbrella_app = (root != folder).then_some(otp_app.as_str());
        let assets = match &deploy {
            Some(_) => Some("alias assets.deploy".to_owned()),
            None => assets_evidence(&full, &repository.join(&config), umbrella_app)?,
        };
        let Some(assets) = assets else {
            return Ok(None);
        };
        Ok(Some(Self {
            folder: folder.to_owned(),
            version: version::find(&repository.join(root), &full, &mix_exs),
            setup: alias(&mix_exs, "assets.setup"),
            endpoints,
            otp_app,
            deploy,
            config,
            assets,
        }))
    }
}

/// `shop (ShopWeb.Endpoint), Phoenix 1.7.21, assets/`
impl fmt::Display for WebApp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (otp_app, assets) = (&self.otp_app, &self.assets);
        let mut modules: Vec<&str> = self.endpoints.iter().map(|it| &*it.module).collect();
        if modules.is_empty() {
            modules.push("no endpoint found");
        }
        let version = self.version.map(|version| version.to_string());
        let version = version.as_deref().unwrap_or("of unknown version");
        let modules = modules.join(", ");
        write!(
            formatter,
            "{otp_app} ({modules}), Phoenix {version}, {assets}"
        )
    }
}

/// Whether it is published as a package, with assets that are built before. If it has an endpoint, such as that of a demo,
/// nothing of its own starts it.
fn is_library(mix_exs: &ElixirSource, endpoints: &[Endpoint]) -> bool {
    let has = |key| values(&mix_exs.bare, key).next().is_some();
    has("package:") && (endpoints.is_empty() || !has("mod:"))
}

/// Reads `app: :shop`. The one of `def project` counts first: dependencies may have the key, too.
fn otp_app(mix_exs: &ElixirSource) -> Option<String> {
    let project = mix_exs.bare.find("def project").unwrap_or(0);
    let mut offsets: Vec<usize> = values(&mix_exs.bare, "app:").collect();
    offsets.sort_by_key(|at| *at < project);
    let mut offsets = offsets.into_iter();
    offsets.find_map(|at| atom_or_attribute(mix_exs, at))
}

/// Finds the configuration: an app of an umbrella is configured by the umbrella, unless its `mix.exs` says otherwise.
fn config_dir(repository: &Path, root: &Path, folder: &Path, mix_exs: &ElixirSource) -> PathBuf {
    let path = values(&mix_exs.bare, "config_path:").find_map(|at| string_at(mix_exs, at));
    if let Some(path) = path
        && let Ok(file) = fs::canonicalize(repository.join(folder).join(path))
        && let Ok(repository) = fs::canonicalize(repository)
        && let Ok(file) = file.strip_prefix(repository)
        && let Some(config) = file.parent()
    {
        return config.to_owned();
    }
    let shared = Some(root.join("config")).filter(|dir| repository.join(dir).is_dir());
    shared.unwrap_or_else(|| folder.join("config"))
}

/// Finds out what shows that an app has assets. `umbrella_app` names an app that shares its configuration with others.
fn assets_evidence(
    app: &Path,
    config: &Path,
    umbrella_app: Option<&str>,
) -> io::Result<Option<String>> {
    if app.join("assets").is_dir() {
        return Ok(Some("assets/".to_owned()));
    }
    // An app that serves an API also has an icon and a `robots.txt`.
    let is_asset = |path: &PathBuf| {
        let name = path.to_string_lossy();
        !name.starts_with('.') && name != "favicon.ico" && name != "robots.txt"
    };
    if files_in(&app.join(STATICS))?.iter().any(is_asset) {
        return Ok(Some(STATICS.to_owned()));
    }
    for file in production_config(config) {
        let ElixirSource { bare, .. } = ElixirSource::read(&file)?;
        let is_its_own = |at: &usize| umbrella_app.is_none_or(|app| configures(&bare[..*at], app));
        if let Some(at) = values(&bare, MANIFEST_KEY).find(is_its_own) {
            let name = Path::new(file.file_name().unwrap_or_default());
            let location = Locations::of(name, &bare).at(at);
            return Ok(Some(format!("cache_static_manifest in {location}")));
        }
    }
    Ok(None)
}

/// Whether what follows `before` configures an app: the last `config` there has its name.
pub(super) fn configures(before: &str, otp_app: &str) -> bool {
    let config = before.rsplit("config :").next().unwrap_or_default();
    leading_name(config, &[]) == otp_app
}
