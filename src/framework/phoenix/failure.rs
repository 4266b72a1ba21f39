//! What the output of a failed command says of its cause.

use super::node_range::WantedNode;
use std::path::PathBuf;

#[derive(Debug)]
pub(crate) struct PhoenixFailure {
    pub(crate) command: String,
    /// Where it ran, under the repository.
    pub(crate) folder: PathBuf,
    pub(crate) status: Option<i32>,
    pub(crate) reason: PhoenixFailureReason,
    pub(crate) output: String,
    pub(crate) node: Option<NodeMismatch>,
}

/// The version of Node.js on `PATH`, and another one that the app asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeMismatch {
    pub(crate) found: String,
    pub(crate) wanted: WantedNode,
}

/// Why a command failed, with the name or the line of the output that shows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PhoenixFailureReason {
    /// `mix deps.get` did not run, or the lock file names other versions.
    Dependencies,
    NoHex,
    /// A variable without which the configuration raises.
    MissingVariable(String),
    /// A variable that the app's code reads while it compiles, and keeps.
    MissingInCode {
        name: String,
        line: String,
    },
    /// `prod.secret.exs`, which is not in the repository.
    MissingSecretFile,
    UnknownTask(String),
    /// The app requires another version of Elixir.
    Elixir(String),
    /// A download of a package or a program.
    Network(String),
    /// Webpack 4 on Node.js 17 and later.
    OpenSsl,
    /// A package requires another version of Node.js.
    NodeVersion(String),
    MissingScript(String),
    /// The lock file does not match `package.json`.
    LockFile,
    RegistryLogin,
    /// An import that does not exist.
    Unresolved(String),
    MissingProgram(String),
    OutOfMemory,
    Compilation(String),
    Other,
}

impl PhoenixFailureReason {
    /// The first reason that fits: causes come before what they lead to.
    pub(super) fn of(output: &str, status: Option<i32>) -> Self {
        let reason = Self::of_mix(output)
            .or_else(|| Self::of_node(output))
            .or_else(|| line_with(output, &NETWORK).map(Self::Network))
            .or_else(|| unresolved_import(output).map(Self::Unresolved));
        if let Some(reason) = reason {
            return reason;
        }
        if status == Some(127)
            && let Some(program) = missing_program(output)
        {
            return Self::MissingProgram(program);
        }
        if status == Some(137) || output.contains("heap out of memory") {
            return Self::OutOfMemory;
        }
        let line = line_with(output, &[COMPILATION_ERROR, "** (CompileError)"]);
        line.map_or(Self::Other, Self::Compilation)
    }

    fn of_mix(output: &str) -> Option<Self> {
        let has = |needle: &str| output.contains(needle);
        if let Some(name) = missing_variable(output) {
            return Some(match line_with(output, &[COMPILATION_ERROR]) {
                Some(line) => Self::MissingInCode { name, line },
                None => Self::MissingVariable(name),
            });
        }
        if has("prod.secret.exs") && (has("no such file") || has("could not find")) {
            return Some(Self::MissingSecretFile);
        }
        if has("Could not find Hex") || has("Could not find an SCM") {
            return Some(Self::NoHex);
        }
        if let Some(line) = line_with(output, &["trying to run :"]) {
            return Some(Self::Elixir(line));
        }
        if has("Unchecked dependencies") || has("errors on dependencies") {
            return Some(Self::Dependencies);
        }
        between(output, "The task \"", "\"").map(Self::UnknownTask)
    }

    /// What Node.js and the package managers print.
    fn of_node(output: &str) -> Option<Self> {
        let has = |needle: &&str| output.contains(*needle);
        if has(&"ERR_OSSL_EVP_UNSUPPORTED") {
            return Some(Self::OpenSsl);
        }
        let is_warning = ["npm warn EBADENGINE", "npm WARN EBADENGINE"]
            .iter()
            .any(has);
        if let Some(line) = line_with(output, &ENGINE).filter(|_| !is_warning) {
            return Some(Self::NodeVersion(line));
        }
        let script = between(output, "Missing script: \"", "\"")
            .or_else(|| between(output, "missing script: ", "\n"))
            .or_else(|| between(output, "error Command \"", "\" not found"))
            .or_else(|| between(output, "Missing script: ", "\n"));
        if let Some(script) = script {
            return Some(Self::MissingScript(script));
        }
        if LOCK_FILE.iter().any(has) {
            return Some(Self::LockFile);
        }
        LOGIN.iter().any(has).then_some(Self::RegistryLogin)
    }
}

const COMPILATION_ERROR: &str = "Compilation error in file";
const ENGINE: [&str; 3] = [
    "EBADENGINE",
    "is incompatible with this module",
    "ERR_PNPM_UNSUPPORTED_ENGINE",
];
const LOCK_FILE: [&str; 5] = [
    "can only install packages when your package.json and",
    "lockfile needs to be updated",
    "ERR_PNPM_OUTDATED_LOCKFILE",
    "lockfile would have been modified",
    "lockfile had changes",
];
const LOGIN: [&str; 5] = [
    "code E401",
    "code E403",
    "ERR_PNPM_FETCH_401",
    "status code 401",
    "401 Unauthorized",
];
const NETWORK: [&str; 12] = [
    "Couldn't fetch",
    "couldn't fetch",
    "NpmRegistry",
    "nxdomain",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    ":timeout",
    ":econnrefused",
    "failed_connect",
];

fn line_with(output: &str, needles: &[&str]) -> Option<String> {
    let has_one = |line: &&str| needles.iter().any(|needle| line.contains(needle));
    let line = output.lines().find(has_one)?;
    Some(line.trim().to_owned())
}

/// The name in the text of `mix phx.new`'s files or of `System.fetch_env!`.
fn missing_variable(output: &str) -> Option<String> {
    let named = between(output, "environment variable ", " is missing")
        .or_else(|| between(output, "could not fetch environment variable \"", "\""));
    named.filter(|name| {
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        !name.is_empty() && name.chars().all(is_name)
    })
}

fn unresolved_import(output: &str) -> Option<String> {
    between(output, "Could not resolve \"", "\"")
        .or_else(|| between(output, "Cannot find module '", "'"))
        .or_else(|| between(output, "Can't resolve '", "'"))
}

/// `sh: 1: webpack: not found`, `bash: line 1: webpack: command not found`.
fn missing_program(output: &str) -> Option<String> {
    let mut lines = output.lines();
    let line = lines.find_map(|line| line.strip_suffix("not found"))?;
    let line = line.trim_end().trim_end_matches("command").trim_end();
    let program = line.trim_end_matches(':').rsplit(':').next()?.trim();
    (!program.is_empty()).then(|| program.to_owned())
}

fn between(text: &str, start: &str, end: &str) -> Option<String> {
    let after = &text[text.find(start)? + start.len()..];
    Some(after[..after.find(end)?].trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_shows_its_cause() {
        let text = str::to_owned;
        let elixir = "** (Mix) You're trying to run :shop on Elixir v1.14.0 but it has declared";
        let fetch = "** (RuntimeError) Couldn't fetch \"https://x\": {:error, :nxdomain}";
        for (output, reason) in [
            (
                "** (RuntimeError) environment variable SECRET_KEY_BASE is missing.\nYou can",
                PhoenixFailureReason::MissingVariable(text("SECRET_KEY_BASE")),
            ),
            (
                "** (System.EnvError) could not fetch environment variable \"API_URL\" because it is not set",
                PhoenixFailureReason::MissingVariable(text("API_URL")),
            ),
            (
                "== Compilation error in file lib/pay.ex ==\n** (System.EnvError) could not fetch environment variable \"TOKEN\" because",
                PhoenixFailureReason::MissingInCode {
                    name: text("TOKEN"),
                    line: text("== Compilation error in file lib/pay.ex =="),
                },
            ),
            (
                "** (File.Error) could not read file \"/app/config/prod.secret.exs\": no such file or directory",
                PhoenixFailureReason::MissingSecretFile,
            ),
            (
                "Unchecked dependencies for environment prod:\n* phoenix",
                PhoenixFailureReason::Dependencies,
            ),
            (
                "Could not find Hex, which is needed to build dependency :phoenix",
                PhoenixFailureReason::NoHex,
            ),
            (
                "** (Mix) The task \"assets.deploy\" could not be found",
                PhoenixFailureReason::UnknownTask(text("assets.deploy")),
            ),
            (elixir, PhoenixFailureReason::Elixir(text(elixir))),
            (
                "  code: 'ERR_OSSL_EVP_UNSUPPORTED'",
                PhoenixFailureReason::OpenSsl,
            ),
            (
                "npm ERR! Missing script: \"deploy\"",
                PhoenixFailureReason::MissingScript(text("deploy")),
            ),
            (
                "error Command \"deploy\" not found.",
                PhoenixFailureReason::MissingScript(text("deploy")),
            ),
            (
                "npm ERR! `npm ci` can only install packages when your package.json and package-lock.json are in sync",
                PhoenixFailureReason::LockFile,
            ),
            ("npm ERR! code E401", PhoenixFailureReason::RegistryLogin),
            ("integrity sha512-xE401y", PhoenixFailureReason::Other),
            (fetch, PhoenixFailureReason::Network(text(fetch))),
            (
                "npm ERR! code ENOTFOUND",
                PhoenixFailureReason::Network(text("npm ERR! code ENOTFOUND")),
            ),
            (
                "✘ [ERROR] Could not resolve \"phoenix_live_view\"",
                PhoenixFailureReason::Unresolved(text("phoenix_live_view")),
            ),
            ("all fine", PhoenixFailureReason::Other),
        ] {
            let found = PhoenixFailureReason::of(output, Some(1));
            assert_eq!(found, reason, "{output}");
        }
    }

    #[test]
    fn an_exit_status_shows_its_cause() {
        for output in [
            "sh: 1: webpack: not found",
            "bash: line 1: webpack: command not found",
        ] {
            let program = PhoenixFailureReason::MissingProgram("webpack".to_owned());
            assert_eq!(PhoenixFailureReason::of(output, Some(127)), program);
        }
        let killed = PhoenixFailureReason::of("", Some(137));
        assert_eq!(killed, PhoenixFailureReason::OutOfMemory);
    }
}
