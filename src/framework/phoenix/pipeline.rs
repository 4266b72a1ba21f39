//! Which way leads from an app's sources to its digested assets: chosen by evidence, told with why.

use super::PhoenixError;
use super::buildpack_config::{BuildpackConfig, STATIC_CONFIG};
use super::node::Package;
use super::sources::holds_kinds;
use super::web_app::WebApp;
use crate::config::{PhoenixSettings, env_vars};
use std::fmt;
use std::path::{Path, PathBuf};

/// The first that fits, in this order.
#[derive(Debug)]
pub(super) enum Pipeline {
    /// `STATIC_ASSETS_COMPILE_COMMAND`.
    Command(String),
    /// The script that `phoenix_static_buildpack.config` names.
    Script(PathBuf),
    /// Digested before the build.
    Prebuilt,
    /// `mix assets.deploy`.
    Alias(Vec<String>),
    /// A script of `package.json`.
    Package {
        script: &'static str,
    },
    Brunch {
        folder: PathBuf,
    },
    /// What is in `priv/static` is all there is.
    DigestOnly,
}

/// Whether Elixir is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mix {
    Found,
    Missing,
}

impl Pipeline {
    pub(super) fn of(
        app: &WebApp,
        repository: &Path,
        package: Option<&Package>,
        (settings, legacy, mix): (&PhoenixSettings, &BuildpackConfig, Mix),
    ) -> Result<Self, PhoenixError> {
        let folder = repository.join(&app.folder);
        if let Some(line) = &settings.compile_command {
            return Ok(Self::Command(line.clone()));
        }
        if let Some(script) = &legacy.compile {
            return Ok(Self::Script(script.clone()));
        }
        if settings.prebuilt.is_some() {
            return Ok(Self::Prebuilt);
        }
        let script = package.and_then(Package::production_script);
        match (&app.deploy, script) {
            (Some(alias), _) if mix == Mix::Found => return Ok(Self::Alias(alias.clone())),
            (_, Some(script)) => return Ok(Self::Package { script }),
            (Some(alias), None) => return Ok(Self::Alias(alias.clone())),
            (None, None) => {}
        }
        for brunch in [folder.join("assets"), folder.clone()] {
            if brunch.join("brunch-config.js").is_file() {
                return Ok(Self::Brunch { folder: brunch });
            }
        }
        let sources = ["js", "ts", "jsx", "tsx", "css", "scss", "sass", "less"];
        let statics = folder.join("priv/static");
        let is_unbuilt = holds_kinds(&folder.join("assets"), &sources)?
            && !holds_kinds(&statics, &["css", "js", "mjs"])?;
        if statics.is_dir() && !is_unbuilt {
            return Ok(Self::DigestOnly);
        }
        Err(PhoenixError::NoPipeline {
            app: app.otp_app.clone(),
            folder: app.folder.clone(),
            scripts: package.map(Package::scripts),
        })
    }

    /// Whether it runs a digest by itself.
    pub(super) fn digests(&self) -> bool {
        match self {
            Self::Alias(steps) => steps.iter().any(|step| is_digest(step)),
            Self::Prebuilt => true,
            _ => false,
        }
    }

    /// Whether it installs packages by itself.
    pub(super) fn installs(&self, setup: Option<&[String]>) -> bool {
        let installs = |steps: &[String]| {
            steps.iter().any(|step| {
                let words: Vec<&str> = step.split_whitespace().collect();
                let manages = words
                    .iter()
                    .any(|word| ["npm", "yarn", "pnpm", "bun"].contains(word));
                manages
                    && words
                        .iter()
                        .any(|word| ["ci", "install", "i"].contains(word))
            })
        };
        match self {
            Self::Alias(steps) => installs(steps) || setup.is_some_and(installs),
            Self::Command(_) => true,
            _ => false,
        }
    }

    /// Whether Node.js itself runs in it, and not only what it has installed is read.
    pub(super) fn runs_node(&self) -> bool {
        match self {
            Self::Alias(steps) => steps.iter().any(|step| {
                let mut words = step.split_whitespace();
                words.any(|word| ["npm", "npx", "yarn", "pnpm", "bun", "node"].contains(&word))
            }),
            Self::Script(_) | Self::Package { .. } | Self::Brunch { .. } => true,
            Self::Command(_) | Self::Prebuilt | Self::DigestOnly => false,
        }
    }

    /// Whether it is of no use without the packages of `package.json`.
    pub(super) fn needs_packages(&self) -> bool {
        !matches!(self, Self::Prebuilt | Self::DigestOnly)
    }

    /// The options that the alias digests with.
    pub(super) fn digest_options(&self) -> Vec<String> {
        let Self::Alias(steps) = self else {
            return Vec::new();
        };
        let step = steps.iter().find(|step| is_digest(step));
        let words = step.into_iter().flat_map(|step| step.split_whitespace());
        words.skip(1).map(str::to_owned).collect()
    }
}

fn is_digest(step: &str) -> bool {
    step.split_whitespace().next() == Some("phx.digest")
}

/// With what decided it.
impl fmt::Display for Pipeline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(line) => write!(formatter, "{line} ({})", env_vars::COMPILE_COMMAND.name),
            Self::Script(script) => {
                write!(
                    formatter,
                    "the script {} ({STATIC_CONFIG})",
                    script.display()
                )
            }
            Self::Prebuilt => {
                write!(formatter, "digested before ({})", env_vars::PREBUILT.name)
            }
            Self::Alias(_) => formatter.write_str("mix assets.deploy (alias in mix.exs)"),
            Self::Package { script } => write!(formatter, "{script} of package.json"),
            Self::Brunch { .. } => {
                formatter.write_str("brunch build --production (brunch-config.js)")
            }
            Self::DigestOnly => formatter.write_str("digest only (priv/static)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(steps: &[&str]) -> Pipeline {
        Pipeline::Alias(steps.iter().map(|step| (*step).to_owned()).collect())
    }

    #[test]
    fn an_alias_tells_what_it_does_by_itself() {
        let generated = alias(&[
            "tailwind shop --minify",
            "esbuild shop --minify",
            "phx.digest",
        ]);
        assert!(generated.digests() && !generated.installs(None));
        let npm = alias(&[
            "cmd --cd assets npm ci",
            "cmd --cd assets npm run deploy",
            "phx.digest --no-vsn",
        ]);
        assert!(npm.installs(None));
        assert_eq!(npm.digest_options(), ["--no-vsn"]);
        let runs = alias(&["cmd npm run deploy --prefix assets"]);
        assert!(!runs.installs(None) && !runs.digests());
        let setup = ["cmd npm install --prefix assets".to_owned()];
        assert!(runs.installs(Some(&setup)));
        assert!(!alias(&["phx.digest.clean"]).digests());
    }
}
