//! What can be set of the frameworks.

use super::credentials::parse_endpoint;
use super::{ConfigProblem, Origin, Reader, Setting, Sources, env_vars};
use std::path::PathBuf;
use url::Url;

#[derive(Clone, Debug, Default)]
pub(crate) struct FrameworkSettings {
    /// A folder that is published as it is, in place of what a framework compiles.
    pub(crate) dir: Option<Setting<PathBuf>>,
    /// Which one, where several are found.
    pub(crate) chosen: Option<FrameworkName>,
    pub(crate) django: DjangoSettings,
    pub(crate) phoenix: PhoenixSettings,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameworkName {
    Django,
    Phoenix,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct DjangoSettings {
    pub(crate) manage_py: Option<Setting<PathBuf>>,
    pub(crate) collect_command: Option<String>,
    pub(crate) before_collect: Option<String>,
    pub(crate) after_collect: Option<String>,
    pub(crate) build_env: Vec<(String, String)>,
    pub(crate) settings_module: Option<Setting<String>>,
    /// `DISABLE_COLLECTSTATIC`, as Heroku's buildpacks read it.
    pub(crate) disabled: Option<Origin>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct PhoenixSettings {
    pub(crate) path: Option<Setting<PathBuf>>,
    pub(crate) compile_command: Option<String>,
    /// The assets were compiled and digested before the build.
    pub(crate) prebuilt: Option<Origin>,
    pub(crate) digest: DigestChoice,
    /// The official distribution's mirror.
    pub(crate) node_url: Option<Url>,
    /// Of a private authority.
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) build_env: Vec<(String, String)>,
    /// In seconds since 1970.
    pub(crate) epoch: Option<u64>,
}

/// Who digests, where the app's own pipeline does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DigestChoice {
    /// Mix where it is there.
    #[default]
    Auto,
    Mix,
    Native,
}

impl FrameworkSettings {
    /// For detect: what is wrong with them, the build reports.
    pub(crate) fn read(sources: &Sources<'_>) -> Self {
        let mut reader = Reader {
            sources,
            problems: Vec::new(),
        };
        reader.framework()
    }
}

impl Reader<'_> {
    pub(super) fn framework(&mut self) -> FrameworkSettings {
        let build_env = self.build_env();
        FrameworkSettings {
            dir: self.path(&env_vars::DIR),
            chosen: self.chosen(
                &env_vars::FRAMEWORK,
                &[
                    ("django", FrameworkName::Django),
                    ("phoenix", FrameworkName::Phoenix),
                ],
            ),
            django: self.django(build_env.clone()),
            phoenix: self.phoenix(build_env),
        }
    }

    fn django(&mut self, build_env: Vec<(String, String)>) -> DjangoSettings {
        let disabled = self
            .sources
            .env_text(&env_vars::DISABLE_COLLECTSTATIC)
            .filter(|setting| setting.value != "0")
            .map(|setting| setting.origin);
        DjangoSettings {
            manage_py: self.path(&env_vars::MANAGE_PY),
            collect_command: self.text(&env_vars::COLLECT_COMMAND),
            before_collect: self.text(&env_vars::BEFORE_COLLECT),
            after_collect: self.text(&env_vars::AFTER_COLLECT),
            build_env,
            settings_module: self.sources.env_text(&env_vars::DJANGO_SETTINGS_MODULE),
            disabled,
        }
    }

    fn phoenix(&mut self, build_env: Vec<(String, String)>) -> PhoenixSettings {
        PhoenixSettings {
            path: self.path(&env_vars::PHOENIX_PATH),
            compile_command: self.text(&env_vars::COMPILE_COMMAND),
            prebuilt: self.flag(&env_vars::PREBUILT).map(|setting| setting.origin),
            digest: self.choice(
                &env_vars::DIGEST,
                &[
                    ("auto", DigestChoice::Auto),
                    ("mix", DigestChoice::Mix),
                    ("native", DigestChoice::Native),
                ],
            ),
            node_url: self.node_url(),
            ca_file: self.path(&env_vars::CA_FILE).map(|setting| setting.value),
            build_env,
            epoch: self.epoch(),
        }
    }

    /// What comes from there is run, so it is judged as an endpoint is.
    fn node_url(&mut self) -> Option<Url> {
        let setting = self.sources.text(&env_vars::NODE_URL)?;
        match parse_endpoint(&setting, self.sources) {
            Ok(url) => Some(url),
            Err(ConfigProblem::Endpoint { origin }) => {
                self.problems.push(ConfigProblem::NodeUrl { origin });
                None
            }
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    /// <https://reproducible-builds.org/specs/source-date-epoch/>
    fn epoch(&mut self) -> Option<u64> {
        let setting = self.sources.env_text(&env_vars::SOURCE_DATE_EPOCH)?;
        let epoch = setting.value.parse().ok();
        if epoch.is_none() {
            self.problems.push(ConfigProblem::Epoch { setting });
        }
        epoch
    }

    fn build_env(&mut self) -> Vec<(String, String)> {
        let Some(setting) = self.sources.text(&env_vars::BUILD_ENV) else {
            return Vec::new();
        };
        let Ok(words) = shell_words::split(&setting.value) else {
            self.problems.push(ConfigProblem::BuildEnv {
                origin: setting.origin,
                word: None,
            });
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for word in words {
            match word.split_once('=') {
                Some((name, value)) if !name.is_empty() => {
                    pairs.push((name.to_owned(), value.to_owned()));
                }
                _ => self.problems.push(ConfigProblem::BuildEnv {
                    origin: setting.origin.clone(),
                    word: Some(word),
                }),
            }
        }
        pairs
    }
}
