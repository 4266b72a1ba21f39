//! Chooses how an app's sources become assets: by a setting, else by what the app holds.

use super::PhoenixError;
use super::buildpack_config::BuildpackConfig;
use super::package::Package;
use super::sources::{CODE, STATICS, holds_kinds};
use super::web_app::WebApp;
use crate::config::PhoenixSettings;
use std::path::{Path, PathBuf};

/// How the assets of one app are made.
#[derive(Debug)]
pub(crate) enum Pipeline {
    /// `STATIC_ASSETS_COMPILE_COMMAND`.
    Command(String),
    /// The script that `phoenix_static_buildpack.config` names.
    CompileScript(PathBuf),
    /// The assets were digested before the build.
    Prebuilt,
    /// `mix assets.deploy`, with the steps of the alias.
    Alias(Vec<String>),
    /// A script of `package.json`.
    PackageScript(&'static str),
    /// `priv/static` holds the assets.
    DigestOnly,
}

impl Pipeline {
    /// Returns the pipeline that a setting chooses.
    pub(super) fn of_settings(
        settings: &PhoenixSettings,
        legacy: &BuildpackConfig,
    ) -> Option<Self> {
        let command = settings.compile_command.clone().map(Self::Command);
        let compile = legacy.compile.clone().map(Self::CompileScript);
        let prebuilt = settings.prebuilt.as_ref().map(|_| Self::Prebuilt);
        command.or(compile).or(prebuilt)
    }

    /// Returns the pipeline that the app's files show. `mix` is the program.
    pub(super) fn of_app(
        app: &WebApp,
        repository: &Path,
        package: Option<&Package>,
        mix: Option<&Path>,
    ) -> Result<Self, PhoenixError> {
        let alias = app.deploy.clone().map(Self::Alias);
        let script = package.and_then(Package::production_script);
        let script = script.map(Self::PackageScript);
        let shown = match mix {
            Some(_) => alias.or(script),
            None => script.or(alias),
        };
        if let Some(pipeline) = shown {
            return Ok(pipeline);
        }
        let dir = repository.join(&app.folder);
        let sources = ["js", "ts", "jsx", "tsx", "css", "scss", "sass", "less"];
        let statics = dir.join(STATICS);
        if statics.is_dir()
            && (!holds_kinds(&dir.join("assets"), &sources)? || holds_kinds(&statics, &CODE)?)
        {
            return Ok(Self::DigestOnly);
        }
        Err(PhoenixError::NoPipeline {
            app: app.otp_app.clone(),
            folder: app.folder.clone(),
            scripts: package.map(Package::scripts),
        })
    }

    /// Whether the pipeline leaves digested assets.
    pub(super) fn digests(&self) -> bool {
        matches!(self, Self::Prebuilt) || self.digest_step().is_some()
    }

    /// The step of the alias that digests, with its options.
    pub(super) fn digest_step(&self) -> Option<&str> {
        let Self::Alias(steps) = self else {
            return None;
        };
        let is_digest = |step: &&String| step.split_whitespace().next() == Some("phx.digest");
        steps.iter().find(is_digest).map(String::as_str)
    }

    /// Whether the pipeline installs the packages of `package.json`.
    pub(super) fn installs_packages(&self, setup: Option<&[String]>) -> bool {
        let installs = |step: &String| {
            has_word(step, &["npm", "yarn", "pnpm", "bun"])
                && has_word(step, &["ci", "install", "i"])
        };
        match self {
            Self::Alias(steps) => steps
                .iter()
                .chain(setup.into_iter().flatten())
                .any(installs),
            Self::Command(_) => true,
            _ => false,
        }
    }

    /// Whether the pipeline starts Node.js. Others may read the installed packages without it.
    pub(super) fn runs_node(&self) -> bool {
        let programs = ["npm", "npx", "yarn", "pnpm", "bun", "node"];
        match self {
            Self::Alias(steps) => steps.iter().any(|step| has_word(step, &programs)),
            _ => matches!(self, Self::CompileScript(_) | Self::PackageScript(_)),
        }
    }

    /// Whether it is an alias that starts no program which bundles scripts.
    pub(super) fn bundles_nothing(&self) -> bool {
        let bundles = |step: &String| {
            let first = step.split_whitespace().next().unwrap_or_default();
            !matches!(first, "tailwind" | "phx.digest" | "compile")
        };
        matches!(self, Self::Alias(steps) if !steps.iter().any(bundles))
    }

    /// Whether the pipeline fails without the packages of `package.json`.
    pub(super) fn needs_packages(&self) -> bool {
        !matches!(self, Self::Prebuilt | Self::DigestOnly)
    }
}

fn has_word(step: &str, words: &[&str]) -> bool {
    step.split_whitespace().any(|word| words.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(steps: &[&str]) -> Pipeline {
        Pipeline::Alias(steps.iter().map(|step| (*step).to_owned()).collect())
    }

    #[test]
    fn the_steps_of_an_alias_show_its_work() {
        let generated = alias(&[
            "tailwind shop --minify",
            "esbuild shop --minify",
            "phx.digest",
        ]);
        assert!(generated.digests() && !generated.installs_packages(None));
        let npm = alias(&[
            "cmd --cd assets npm ci",
            "cmd --cd assets npm run deploy",
            "phx.digest --no-vsn",
        ]);
        assert!(npm.installs_packages(None));
        assert_eq!(npm.digest_step(), Some("phx.digest --no-vsn"));
        let runs = alias(&["cmd npm run deploy --prefix assets"]);
        assert!(!runs.installs_packages(None) && !runs.digests());
        let setup = ["cmd npm install --prefix assets".to_owned()];
        assert!(runs.installs_packages(Some(&setup)));
        assert!(!alias(&["phx.digest.clean"]).digests());
        assert!(alias(&["tailwind shop --minify", "phx.digest"]).bundles_nothing());
        assert!(!generated.bundles_nothing() && !runs.bundles_nothing());
    }
}
