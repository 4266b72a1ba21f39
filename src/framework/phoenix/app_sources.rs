//! The Elixir source of an app, read once: the configuration of production, and the code.

use super::elixir::ElixirSource;
use super::location::{Locations, SourceLocation};
use super::runtime_exs::without_block;
use super::sources::{has_extension, production_config, read_text, source_files};
use super::web_app::WebApp;
use std::io;
use std::path::{Path, PathBuf};

pub(super) struct AppSources {
    pub(super) config: Vec<SourceFile>,
    pub(super) code: Vec<SourceFile>,
}

pub(super) struct SourceFile {
    /// Relative to the repository.
    pub(super) path: PathBuf,
    pub(super) source: ElixirSource,
}

impl AppSources {
    pub(super) fn read(repository: &Path, app: &WebApp) -> io::Result<Self> {
        let read = |file: &PathBuf| {
            Ok(SourceFile {
                path: file.strip_prefix(repository).unwrap_or(file).to_owned(),
                source: ElixirSource::of(&without_block(&read_text(file)?)),
            })
        };
        let config = production_config(&repository.join(&app.config));
        let mut code = source_files(&repository.join(&app.folder))?;
        code.retain(|file| has_extension(file, &["ex", "exs"]));
        Ok(Self {
            config: config.iter().map(read).collect::<io::Result<_>>()?,
            code: code.iter().map(read).collect::<io::Result<_>>()?,
        })
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &SourceFile> {
        self.config.iter().chain(&self.code)
    }
}

impl SourceFile {
    pub(super) fn location(&self, at: usize) -> SourceLocation {
        Locations::of(&self.path, &self.source.code).at(at)
    }
}
