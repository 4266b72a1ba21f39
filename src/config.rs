//! Every setting, read once and judged together before any work.
//!
//! `Config::read` judges what `Sources` holds. Nothing here sends a request, writes a file or holds a sentence.

mod access;
mod azure;
mod bindings;
mod compress;
mod credential_source;
mod credentials;
mod destination;
pub(crate) mod env_vars;
mod framework;
mod gcs;
mod platform;
mod problems;
mod project_toml;
mod publishing;
mod reader;
mod retention;
mod rules;
mod s3;
mod secret_file;
mod secrets;
mod server_url;
mod setting;
mod sources;
mod store_settings;

use crate::manifest::ScanRules;
use crate::version::Version;
pub(crate) use access::{
    Access, AzureAccess, AzureIdentity, GcsAccess, GcsIdentity, Region, S3Access, S3Ambient,
    S3Identity, Server,
};
pub(crate) use bindings::UnusedBinding;
pub(crate) use compress::{GzipReason, TextForm};
pub(crate) use destination::{Destination, StoreAccess};
pub(crate) use framework::{
    DigestChoice, DjangoSettings, FrameworkName, FrameworkSettings, PhoenixSettings,
};
pub(crate) use platform::{BUILD_CONFIG, Platform};
use problems::ConfigResult;
pub(crate) use problems::{ConfigProblem, GoogleKeyProblem, ServerUrlProblem};
pub(crate) use project_toml::NAMESPACE;
pub(crate) use publishing::{DeferredDestination, Mode, Phase, Unpublished};
use reader::Reader;
pub(crate) use retention::{Retention, RetentionFlags, SHORTEST_AGE};
pub(crate) use setting::{Origin, Setting};
pub(crate) use sources::{ConfigWarning, Sources};

/// Holds secrets, so it has no `Debug`.
pub(crate) struct Config {
    pub(crate) mode: Mode,
    pub(crate) version: Option<Setting<Version>>,
    pub(crate) salt: Option<String>,
    pub(crate) group: String,
    /// The commit, in the words of the platform.
    pub(crate) label: Option<String>,
    /// `None` checks, unless the previous build published the same version.
    pub(crate) check: Option<CheckMode>,
    pub(crate) inject: Inject,
    pub(crate) keep: Keep,
    pub(crate) text_form: TextForm,
    pub(crate) rules: ScanRules,
    pub(crate) framework: FrameworkSettings,
    pub(crate) warnings: Vec<ConfigWarning>,
}

/// What a failed public check does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CheckMode {
    #[default]
    Fail,
    Warn,
    Off,
}

/// Whether links are injected into an app that does not read `STATIC_URL`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Inject {
    #[default]
    Auto,
    Off,
    /// The front end has no image to install the hook in.
    Nowhere,
}

/// Which of the collected files stay in the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keep {
    #[default]
    All,
    Manifests,
}

impl Config {
    /// Judges all settings, and reports every problem at once.
    pub(crate) fn read(sources: &Sources<'_>, phase: &Phase) -> Result<Self, Vec<ConfigProblem>> {
        let mut reader = Reader {
            sources,
            problems: Vec::new(),
        };
        let mode = reader.mode(phase);
        let mode_is_known = mode.is_some();
        let mut rules = reader.rules();
        let not_utf8 = sources.not_utf8().map(ConfigProblem::NotUtf8);
        reader.problems.extend(not_utf8);
        reader.refuse_secrets(&rules.secrets);
        let version = &env_vars::RELEASE_VERSION;
        let version = reader.parse(version, |given, _| ConfigProblem::Version(given));
        // A group is one segment of a key, so a version's rule holds for it.
        let group: Option<Setting<Version>> =
            reader.parse(&env_vars::GROUP, |given, _| ConfigProblem::Group(given));
        let framework = reader.framework();
        rules.app_secrets = sources.app_secrets(&framework.django.build_env);
        let config = Self {
            version,
            salt: reader.text(&env_vars::SALT),
            group: group.map_or_else(|| "default".to_owned(), |group| group.value.to_string()),
            label: reader
                .text(&env_vars::SOURCE_VERSION)
                .or_else(|| reader.text(&env_vars::REVISION))
                .map(|label| one_word(&label)),
            check: reader.chosen(
                &env_vars::CHECK,
                &[
                    ("fail", CheckMode::Fail),
                    ("warn", CheckMode::Warn),
                    ("off", CheckMode::Off),
                ],
            ),
            inject: reader.choice(
                &env_vars::INJECT,
                &[("auto", Inject::Auto), ("off", Inject::Off)],
            ),
            keep: reader.choice(
                &env_vars::KEEP,
                &[("all", Keep::All), ("manifests", Keep::Manifests)],
            ),
            text_form: reader.text_form(mode.as_ref()),
            rules,
            framework,
            warnings: sources.warnings(),
            // A mode that could not be read is among the problems.
            mode: mode.unwrap_or(Mode::Off(Unpublished::NoStore)),
        };
        // If publishing is off, no setting needs to be right. A store that is not UTF-8 can't be told from off.
        let is_unknown = sources.not_utf8().any(|name| name == env_vars::STORE.name);
        let is_off = mode_is_known && config.mode.is_off() && !is_unknown;
        if reader.problems.is_empty() || is_off {
            Ok(config)
        } else {
            Err(reader.problems)
        }
    }
}

/// Reads what a command about the store needs. How an app is built doesn't matter to it. `None` if no store is set.
pub(crate) fn read_store_access(
    sources: &Sources<'_>,
) -> Result<Option<StoreAccess>, Vec<ConfigProblem>> {
    let not_utf8: Vec<_> = sources.not_utf8().map(ConfigProblem::NotUtf8).collect();
    let access = credentials::resolve_store(sources);
    if not_utf8.is_empty() {
        access
    } else {
        let problems = access.err().into_iter().flatten();
        Err(not_utf8.into_iter().chain(problems).collect())
    }
}

/// Cuts a label to one line. It goes into the log and the store as it is.
fn one_word(text: &str) -> String {
    const LONGEST: usize = 100;
    text.chars()
        .take_while(|letter| !letter.is_control())
        .take(LONGEST)
        .collect()
}

/// Whether the release phase uploads. Detect asks this without judging the settings.
pub(crate) fn publishes_later(sources: &Sources<'_>) -> bool {
    let publish = sources.value(&env_vars::PUBLISH);
    let is_later = publish.is_some_and(|value| value.eq_ignore_ascii_case("release"));
    is_later && !matches!(sources.flag(&env_vars::DISABLE), Ok(Some(_)))
}
