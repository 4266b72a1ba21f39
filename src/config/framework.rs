//! The settings of the frameworks.

use super::server_url::read_url;
use super::{ConfigProblem, Origin, Reader, Setting, Sources, env_vars};
use std::path::PathBuf;
use url::Url;

#[derive(Clone, Debug, Default)]
pub(crate) struct FrameworkSettings {
    /// A directory that is published as it is, instead of what a framework compiles.
    pub(crate) dir: Option<Setting<PathBuf>>,
    /// The framework to use if the app has several.
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
    /// A mirror of the official distribution.
    pub(crate) node_url: Option<Url>,
    /// The certificate of a private authority.
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) build_env: Vec<(String, String)>,
    /// The time in `cache_manifest.json`, in seconds since 1970.
    pub(crate) epoch: Option<u64>,
}

/// Who digests the assets if the app's own pipeline does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DigestChoice {
    /// Mix, if it is installed.
    #[default]
    Auto,
    Mix,
    Native,
}

impl FrameworkSettings {
    /// Reads the settings for detect. The build reports what is wrong with them.
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
            dir: (self.sources.dir_flag.clone()).or_else(|| self.path(&env_vars::DIR)),
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

    fn django(&self, build_env: Vec<(String, String)>) -> DjangoSettings {
        let disabled = self.sources.env_text(&env_vars::DISABLE_COLLECTSTATIC);
        DjangoSettings {
            manage_py: self.path(&env_vars::MANAGE_PY),
            collect_command: self.text(&env_vars::COLLECT_COMMAND),
            before_collect: self.text(&env_vars::BEFORE_COLLECT),
            after_collect: self.text(&env_vars::AFTER_COLLECT),
            build_env,
            settings_module: self.sources.env_text(&env_vars::DJANGO_SETTINGS_MODULE),
            disabled: disabled
                .filter(|setting| setting.value != "0")
                .map(|setting| setting.origin),
        }
    }

    fn phoenix(&mut self, build_env: Vec<(String, String)>) -> PhoenixSettings {
        PhoenixSettings {
            path: self.path(&env_vars::PHOENIX_PATH),
            compile_command: self.text(&env_vars::COMPILE_COMMAND),
            prebuilt: self.flag(&env_vars::PREBUILT),
            digest: self.choice(
                &env_vars::DIGEST,
                &[
                    ("auto", DigestChoice::Auto),
                    ("mix", DigestChoice::Mix),
                    ("native", DigestChoice::Native),
                ],
            ),
            // Programs from this URL run in the build, so it is judged as a server that gets credentials.
            node_url: self
                .accept(read_url(&env_vars::NODE_URL, self.sources))
                .flatten(),
            ca_file: self.path(&env_vars::CA_FILE).map(|setting| setting.value),
            build_env,
            epoch: self.epoch(),
        }
    }

    /// Reads `SOURCE_DATE_EPOCH`: <https://reproducible-builds.org/specs/source-date-epoch/>
    fn epoch(&mut self) -> Option<u64> {
        let setting = self.sources.env_text(&env_vars::SOURCE_DATE_EPOCH)?;
        let epoch = setting.value.parse();
        self.accept(epoch.map_err(|_| ConfigProblem::Epoch(setting)))
    }

    fn build_env(&mut self) -> Vec<(String, String)> {
        let Some(Setting { value, origin }) = self.sources.text(&env_vars::BUILD_ENV) else {
            return Vec::new();
        };
        let words = shell_words::split(&value);
        let words = words.map_err(|_| ConfigProblem::BuildEnvQuote(origin.clone()));
        let mut pairs = Vec::new();
        for word in self.accept(words).unwrap_or_default() {
            match word.split_once('=') {
                Some((name, value)) if !name.is_empty() => {
                    pairs.push((name.to_owned(), value.to_owned()));
                }
                _ => self
                    .problems
                    .push(ConfigProblem::BuildEnvWord(origin.clone())),
            }
        }
        pairs
    }
}
