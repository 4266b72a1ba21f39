//! Asks the compiled app where its links to static files lead: `probe.exs` runs on its code in Elixir, without Mix, and
//! reports facts. Of the app itself only its endpoints are started, without a server.

use super::elixir_values::{atom, literal};
use super::throw_away::THROW_AWAY_VALUES;
use crate::command::{Command, CommandError};
use crate::config::env_vars::{INJECT, STATIC_ASSETS_VERSION, STATIC_URL};
use crate::env::ChildEnv;
use crate::interrupt::Interrupt;
use fs_err as fs;
use serde::Deserialize;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

const PROGRAM: &str = include_str!("probe/probe.exs");
/// In milliseconds. An answer takes about one second.
const TIMEOUT: u32 = 30_000;

/// What is asked of one configuration.
pub(super) struct Question<'a> {
    /// The directories of compiled code, of the app and of all that it needs.
    pub(super) build: &'a Path,
    pub(super) mix_env: &'a str,
    /// The OTP applications whose code is read.
    pub(super) apps: &'a [String],
    pub(super) config: Option<PathBuf>,
    pub(super) runtime_exs: Option<PathBuf>,
    pub(super) variants: &'a [Variant],
}

/// One state of the image.
#[derive(Clone)]
pub(super) struct Variant {
    /// The content of `runtime.exs`, if the app has one.
    pub(super) script: Option<String>,
    /// `STATIC_URL` and the version at run time. `None` if they are not set.
    pub(super) url: Option<(String, String)>,
    /// The content of the `cache_manifest.json` of these OTP applications, if it is not the one that is there.
    pub(super) manifests: Vec<(String, Vec<u8>)>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ProbeReport {
    pub(super) endpoints: Vec<ProbedEndpoint>,
    pub(super) links: Vec<ProbedLink>,
    /// One for each variant.
    pub(super) answers: Vec<ProbeAnswer>,
    /// Modules without debug information.
    pub(super) unreadable: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct ProbedEndpoint {
    pub(super) module: String,
    pub(super) app: String,
}

/// A place in the compiled code that makes a link to a static file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct ProbedLink {
    pub(super) app: String,
    pub(super) file: PathBuf,
    pub(super) line: usize,
    pub(super) kind: ProbedLinkKind,
    /// What is known of the path.
    pub(super) path: String,
    /// Whether that is all of it.
    pub(super) whole: bool,
    /// The module that is asked, if the code names it.
    pub(super) endpoint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ProbedLinkKind {
    /// `~p"/assets/app.css"`, `static_path(…)`.
    Path,
    /// `url(~p"/assets/app.css")`, `static_url(…)`.
    Url,
    /// `Endpoint.static_url()`, alone or before a text.
    Host,
    /// `Endpoint.url() <> static_path(…)`.
    Joined,
}

#[derive(Debug, Deserialize)]
pub(super) struct ProbeAnswer {
    /// Variables that got throw-away values.
    pub(super) stand_ins: Vec<String>,
    /// Why the configuration can't be evaluated.
    pub(super) error: Option<String>,
    /// Why single endpoints don't start, each with its module.
    #[serde(default)]
    pub(super) failures: Vec<String>,
    pub(super) endpoints: Vec<EndpointAnswer>,
}

#[derive(Debug, Deserialize)]
pub(super) struct EndpointAnswer {
    pub(super) module: String,
    /// `static_path("/")`
    pub(super) path: String,
    /// `static_url()`
    pub(super) static_url: String,
    /// `url()`
    pub(super) url: String,
    /// What each link is, in the order of the report. `None` for links of other endpoints.
    pub(super) links: Vec<Option<String>>,
}

/// Why the app could not be asked.
#[derive(Debug)]
pub(crate) enum ProbeProblem {
    /// No directory of `PATH` holds `elixir`.
    NoElixir,
    /// This directory has no compiled code of the app.
    NotCompiled(PathBuf),
    /// Elixir or the program failed, with its output.
    Failed(String),
    /// The app's configuration or its endpoint needs what the build doesn't have.
    NotEvaluated(String),
    /// These modules have no debug information.
    NoDebugInfo(Vec<String>),
}

impl Question<'_> {
    /// Runs the program in `dir`. Its files are in `scratch`.
    pub(super) fn ask(
        &self,
        dir: &Path,
        scratch: &Path,
        env: &ChildEnv,
        interrupt: &Interrupt,
    ) -> Result<Result<ProbeReport, ProbeProblem>, CommandError> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Answer {
            Failure { failure: String },
            Report(ProbeReport),
        }
        let [program, question, answer] =
            ["probe.exs", "question.exs", "answer.json"].map(|name| scratch.join(name));
        let write = || {
            fs::write(&program, PROGRAM)?;
            fs::write(&question, self.render(scratch)?)
        };
        if let Err(error) = write() {
            return Ok(Err(ProbeProblem::Failed(error.to_string())));
        }
        let command = Command::new("elixir", dir, env)
            .argument("-pa")
            .argument(self.build.join("*/ebin"))
            .argument(&program)
            .argument(&question)
            .argument(&answer);
        let finished = match command.run(interrupt) {
            Err(CommandError::NotFound { .. }) => return Ok(Err(ProbeProblem::NoElixir)),
            finished => finished?,
        };
        let text = fs::read(&answer).map_err(|_| finished.output);
        let answer = text.and_then(|text| {
            serde_json::from_slice(&text).map_err(|error: serde_json::Error| error.to_string())
        });
        Ok(match answer {
            Ok(Answer::Report(report)) => Ok(report),
            Ok(Answer::Failure { failure }) | Err(failure) => Err(ProbeProblem::Failed(failure)),
        })
    }

    /// Writes the question as a term of Elixir, and the variants' scripts beside it.
    fn render(&self, scratch: &Path) -> io::Result<String> {
        let path = |path: &Option<PathBuf>| {
            let text = path.as_ref().map(|path| literal(&path.to_string_lossy()));
            text.unwrap_or_else(|| "nil".to_owned())
        };
        let mut variants = String::new();
        for (number, variant) in self.variants.iter().enumerate() {
            let script = variant.script.as_ref().map(|content| {
                let file = scratch.join(format!("runtime-{number}.exs"));
                fs::write(&file, content).map(|()| file)
            });
            let script = path(&script.transpose()?);
            let (url, version) = variant.url.as_ref().map_or((None, None), |(url, version)| {
                (Some(literal(url)), Some(literal(version)))
            });
            let unset = || "nil".to_owned();
            let boot = format!(
                "[{{\"{STATIC_URL}\", {}}}, {{\"{STATIC_ASSETS_VERSION}\", {}}}, {{\"{}\", nil}}]",
                url.unwrap_or_else(unset),
                version.unwrap_or_else(unset),
                INJECT.name
            );
            // Mix evaluates all scripts when the app starts. A release has evaluated all but `runtime.exs` before.
            let compile_time = match variant.script {
                Some(_) => {
                    format!("[{{\"{STATIC_URL}\", nil}}, {{\"{STATIC_ASSETS_VERSION}\", nil}}]")
                }
                None => boot.clone(),
            };
            let mut manifests = Vec::new();
            for (app, content) in &variant.manifests {
                let file = scratch.join(format!("manifest-{app}.json"));
                fs::write(&file, content)?;
                let file = literal(&file.to_string_lossy());
                manifests.push(format!("{{{}, {file}}}", atom(app)));
            }
            let manifests = manifests.join(", ");
            let _ = write!(
                variants,
                "%{{manifests: [{manifests}], script: {script}, compile_time: {compile_time}, boot: {boot}}}, "
            );
        }
        let apps = self.apps.iter().map(|app| {
            let ebin = self.build.join(app).join("ebin");
            format!("{{{}, {}}}", atom(app), literal(&ebin.to_string_lossy()))
        });
        let stand_ins = THROW_AWAY_VALUES.iter();
        let stand_ins =
            stand_ins.map(|(name, value)| format!("{} => {}", literal(name), literal(value)));
        Ok(format!(
            "%{{env: {}, apps: [{}], config: {}, script: {}, timeout: {TIMEOUT}, stand_ins: %{{{}}}, variants: [{}]}}\n",
            atom(self.mix_env),
            apps.collect::<Vec<_>>().join(", "),
            path(&self.config),
            path(&self.runtime_exs),
            stand_ins.collect::<Vec<_>>().join(", "),
            variants.trim_end_matches(", ")
        ))
    }
}
