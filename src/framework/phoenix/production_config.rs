//! What the configuration scripts of production mean for a build.

use super::PhoenixError;
use super::app_build::AppBuild;
use super::elixir::ElixirSource;
use super::elixir_values::{string_at, values, words};
use super::event::PipelineEvent;
use super::sources::{Locations, MANIFEST_KEY, RUNTIME_EXS, production_config, read_text};
use super::throw_away::THROW_AWAY_VALUES;
use std::path::PathBuf;

impl AppBuild<'_> {
    fn configs(&self) -> Vec<PathBuf> {
        production_config(&self.ctx.app_dir.join(&self.web.config))
    }

    /// Sets variables without which `config/prod.secret.exs`, as Phoenix 1.5 and older generate it, raises at every
    /// start of Mix. Compiling assets needs neither.
    pub(super) fn set_throw_away_values(&mut self) -> Result<(), PhoenixError> {
        let mut given = Vec::new();
        let mut configs = self.configs();
        configs.retain(|path| !path.ends_with(RUNTIME_EXS));
        for path in configs {
            let file = path.file_name().unwrap_or_default().display();
            let source = ElixirSource::read(&path)?;
            for (variable, value) in THROW_AWAY_VALUES {
                if self.env.text(variable).is_none() && source.texts(variable).next().is_some() {
                    self.env = self.env.clone().with(variable, value);
                    given.push(format!("{variable} ({file})"));
                }
            }
        }
        if !given.is_empty() && self.mix.is_some() {
            self.log(&PipelineEvent::ThrowAwayValues(&given));
        }
        Ok(())
    }

    /// Lists what says which programs of the `esbuild` and `tailwind` packages are wanted.
    pub(super) fn program_versions(&self) -> Result<String, PhoenixError> {
        let mut versions = String::new();
        for file in self.configs() {
            let source = ElixirSource::read(&file)?;
            for package in ["config :esbuild,", "config :tailwind,"] {
                for at in words(&source.bare, package) {
                    let version = values(&source.bare, "version:").find(|value| *value > at);
                    let version = version.and_then(|value| string_at(&source, value));
                    versions.extend([package, " ", &version.unwrap_or_default(), "\n"]);
                }
            }
        }
        let lock = read_text(&self.lock_file()).unwrap_or_default();
        for line in lock.lines() {
            if line.contains("{:hex, :esbuild,") || line.contains("{:hex, :tailwind,") {
                versions.extend([line.trim(), "\n"]);
            }
        }
        Ok(versions)
    }

    /// Refuses a configured manifest that no digest writes: Phoenix would start without one, log an error and link to
    /// undigested names.
    pub(super) fn check_configured_manifest(&self) -> Result<(), PhoenixError> {
        for file in self.configs() {
            let source = ElixirSource::read(&file)?;
            for at in words(&source.bare, MANIFEST_KEY) {
                let configured = string_at(&source, at + MANIFEST_KEY.len()).map(PathBuf::from);
                // The apps of an umbrella share their configuration.
                let is_its_own = self.project.is_about(self.web, &source.bare[..at]);
                if let Some(configured) = configured.filter(|_| is_its_own)
                    && !self.dir.join(&configured).is_file()
                {
                    let place = Locations::of(self.ctx.relative(&file), &source.code).at(at);
                    return Err(PhoenixError::OtherManifest(place, configured));
                }
            }
        }
        Ok(())
    }
}
