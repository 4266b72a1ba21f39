//! What the log says while the assets of a Phoenix app are compiled.

use crate::config::env_vars;
use crate::framework::SourceLocation;
use crate::framework::phoenix::{
    ConfigNote, ELIXIR_CONFIG, NodeMismatch, NodeOrigin, Pipeline, PipelineEvent, STATIC_CONFIG,
    WantedNode,
};
use crate::log::{Event, Log, bytes, count, seconds};
use std::fmt;
use std::path::Path;

impl Event for PipelineEvent<'_> {
    fn write_to(&self, log: &Log) {
        match self {
            Self::BuildpackConfig(notes) => notes.iter().for_each(|note| log.detail(&noted(note))),
            Self::PipelineChosen(app, pipeline) => {
                log.bullet(&format!("Assets of {app}: {pipeline}"));
            }
            Self::ScriptNotRun(location, script, manager, dir) => {
                log.warning(&script_not_run(location, script, manager, dir));
            }
            Self::ThrowAwayValues(values) => log.warning(&format!(
                "The configuration asks for {} at build time. This step alone sets throw-away values. Ask in \
                 config/runtime.exs instead, which is read when the app starts.",
                values.join(", ")
            )),
            Self::CommandStarted(command) => log.detail(&command.shown()),
            Self::PipelineDone(duration) => log.detail(&format!("done in {}", seconds(*duration))),
            Self::ProgramsCached(names) => log.detail(&format!(
                "cached for the next build, not in the image: {}",
                names.join(", ")
            )),
            Self::PackagesNotInstalled(dir, manager, pipeline) => log.warning(&format!(
                "{}/package.json has dependencies, but '{manager}' is not on PATH. They are not installed, because \
                 {pipeline} runs without them.",
                dir.display()
            )),
            Self::PackagesPresent(dir) => log.detail(&format!(
                "{}/node_modules exists already and is used as it is",
                dir.display()
            )),
            Self::PackagesFromCache(dir) => {
                log.detail(&format!("{}/node_modules from the cache", dir.display()));
            }
            Self::PackagesInstalled(command, dir, duration) => {
                let (command, dir) = (command.shown(), dir.display());
                log.bullet(&format!("{command} in {dir}, {}", seconds(*duration)));
            }
            Self::NoLockFile(dir) => log.warning(&format!(
                "{}/package.json has no lock file, so each build installs the newest versions. Commit \
                 package-lock.json.",
                dir.display()
            )),
            Self::OtherNode(NodeMismatch { found, wanted }) => log.warning(&format!(
                "Node.js {found} is on PATH, {} asks for {}.",
                wanted.source, wanted.range
            )),
            Self::NodeChosen(version, wanted, origin) => {
                log_node(&version.to_string(), *wanted, origin, log);
            }
            Self::ReferencesRewritten(count, first) => log.detail(&format!(
                "{count} url(/…) in stylesheets made relative, so that they work under a prefix ({first})"
            )),
            Self::DigestedByMix(command) => {
                log.detail(&format!("digested by {}", command.shown()));
            }
            Self::DigestedNatively(files) => {
                log.detail(&format!("digested {} without Mix", count(*files, "file")));
            }
        }
    }
}

fn script_not_run(place: &SourceLocation, script: &str, manager: &str, dir: &Path) -> String {
    let enter = match dir.display().to_string() {
        dir if dir.is_empty() => dir,
        dir => format!("cd {dir} && "),
    };
    format!(
        "The alias assets.deploy builds no scripts, but {place} runs the script '{script}' of package.json. If pages \
         need what it makes, run both:\n    \
         STATIC_ASSETS_COMPILE_COMMAND=\"({enter}{manager} install && {manager} run {script}) && mix compile && \
         mix assets.deploy\""
    )
}

fn log_node(version: &str, wanted: Option<&WantedNode>, origin: &NodeOrigin<'_>, log: &Log) {
    let reason = wanted.map_or_else(
        || "the newest LTS; engines in package.json chooses".to_owned(),
        |wanted| format!("{} of {}", wanted.range, wanted.source),
    );
    match origin {
        NodeOrigin::Cache => {
            log.detail(&format!("Node.js {version} ({reason}) from the cache"));
        }
        NodeOrigin::CacheOnly(url) => log.warning(&format!(
            "{url} could not be fetched. The build uses Node.js {version} from the cache, which may not be {reason}."
        )),
        NodeOrigin::Distribution(base, size) => log.bullet(&format!(
            "Node.js {version} ({reason}) from {base}, {}",
            bytes(*size)
        )),
    }
}

/// A pipeline, with what chose it.
impl fmt::Display for Pipeline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(line) => write!(formatter, "{line} ({})", env_vars::COMPILE_COMMAND.name),
            Self::CompileScript(script) => {
                let script = script.display();
                write!(formatter, "the script {script} ({STATIC_CONFIG})")
            }
            Self::Prebuilt => write!(formatter, "digested before ({})", env_vars::PREBUILT.name),
            Self::Alias(_) => formatter.write_str("mix assets.deploy (alias in mix.exs)"),
            Self::PackageScript(script) => write!(formatter, "{script} of package.json"),
            Self::DigestOnly => formatter.write_str("digest only (priv/static)"),
        }
    }
}

fn noted(note: &ConfigNote) -> String {
    match note {
        ConfigNote::Used(keys) => {
            let used = Some(keys.join(", ")).filter(|used| !used.is_empty());
            let used = used.as_deref().unwrap_or("nothing");
            format!("{STATIC_CONFIG} is read as data. Used: {used}")
        }
        ConfigNote::NotUsed(key) => format!("{STATIC_CONFIG}: {key} {}", not_used(key)),
        ConfigNote::NoScript(path) => {
            format!("{STATIC_CONFIG}: compile={} does not exist", path.display())
        }
        ConfigNote::ScriptOutside(path) => format!(
            "{STATIC_CONFIG}: compile={} is not in the app and does not run",
            path.display()
        ),
        ConfigNote::Unreadable(number, line) => {
            format!("{STATIC_CONFIG}: line {number} is ignored, only a shell can read it: {line}")
        }
        ConfigNote::EarlyRelease => format!(
            "{ELIXIR_CONFIG}: release=true builds the release before this build step, without the digested assets. Set \
             release=false, and add a buildpack for the release after this one"
        ),
        ConfigNote::CompilingHook(key) => format!(
            "{ELIXIR_CONFIG}: {key} compiles the assets, and this build step compiles them again. Remove it"
        ),
    }
}

fn not_used(key: &str) -> &'static str {
    match key {
        "npm_version" | "yarn_version" => {
            "is not used: the one on PATH runs. To choose another: \"packageManager\" in package.json (Corepack)"
        }
        "remove_node" => {
            "is not needed: neither Node.js nor the node_modules of the build stay in the image"
        }
        "phoenix_ex" => "is not needed: Phoenix 1.3 and later have mix phx.*",
        _ => "is unknown and ignored",
    }
}
