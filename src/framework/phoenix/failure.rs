//! What the output of a failed command says of its cause.

use super::node_range::WantedNode;
use regex::Regex;
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

type MakeReason = fn(String) -> PhoenixFailureReason;

const DEPENDENCIES: &str = "Unchecked dependencies|errors on dependencies";
const ENGINE: &str = "EBADENGINE|is incompatible with this module|ERR_PNPM_UNSUPPORTED_ENGINE";
const LOCK_FILE: &str = "can only install packages when your package.json and|lockfile needs to be updated|\
                         ERR_PNPM_OUTDATED_LOCKFILE|lockfile would have been modified|lockfile had changes";
const LOGIN: &str = "code E40[13]|ERR_PNPM_FETCH_401|status code 401|401 Unauthorized";
const NETWORK: &str = "[Cc]ouldn't fetch|NpmRegistry|nxdomain|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|\
                       ETIMEDOUT|:timeout|:econnrefused|failed_connect";
const UNRESOLVED: &str =
    "Could not resolve \"([^\"]*)\"|(?:Cannot find module|Can't resolve) '([^']*)'";
const COMPILATION: &str = r"Compilation error in file|\*\* \(CompileError\)";
/// The texts of `mix phx.new`'s files and of `System.fetch_env!`.
const MISSING_VARIABLE: &str = "environment variable ([A-Za-z0-9_]+) is missing|\
                                could not fetch environment variable \"([A-Za-z0-9_]+)\"";
/// `sh: 1: webpack: not found`, `bash: line 1: webpack: command not found`.
const MISSING_PROGRAM: &str = "(?m)([^:\n]+): (?:command )?not found$";

impl PhoenixFailureReason {
    /// What an output shows, and the reason that this means: causes come before what they lead to. The reason gets
    /// the group of the expression, or the whole line.
    const SHOWN: [(&str, MakeReason); 14] = [
        ("Could not find (?:Hex|an SCM)", |_| Self::NoHex),
        ("trying to run :", Self::Elixir),
        (DEPENDENCIES, |_| Self::Dependencies),
        ("The task \"([^\"]*)\"", Self::UnknownTask),
        ("ERR_OSSL_EVP_UNSUPPORTED", |_| Self::OpenSsl),
        (ENGINE, Self::NodeVersion),
        ("[Mm]issing script: \"?([^\"\n]*)", Self::MissingScript),
        ("error Command \"([^\"]*)\" not found", Self::MissingScript),
        (LOCK_FILE, |_| Self::LockFile),
        (LOGIN, |_| Self::RegistryLogin),
        (NETWORK, Self::Network),
        (UNRESOLVED, Self::Unresolved),
        ("heap out of memory", |_| Self::OutOfMemory),
        (COMPILATION, Self::Compilation),
    ];

    pub(super) fn of(output: &str, status: Option<i32>) -> Self {
        if let Some(name) = shown(output, MISSING_VARIABLE) {
            return match shown(output, "Compilation error in file") {
                Some(line) => Self::MissingInCode { name, line },
                None => Self::MissingVariable(name),
            };
        }
        let has = |needle: &str| output.contains(needle);
        if has("prod.secret.exs") && (has("no such file") || has("could not find")) {
            return Self::MissingSecretFile;
        }
        // npm warns of packages that run all the same.
        let output = &output
            .replace("npm warn EBADENGINE", "")
            .replace("npm WARN EBADENGINE", "");
        let program = shown(output, MISSING_PROGRAM).filter(|_| status == Some(127));
        let mut reasons = Self::SHOWN.iter();
        let reason = reasons.find_map(|(pattern, reason)| shown(output, pattern).map(reason));
        match (reason.unwrap_or(Self::Other), program) {
            (Self::Other | Self::OutOfMemory | Self::Compilation(_), Some(program)) => {
                Self::MissingProgram(program)
            }
            (Self::Other | Self::Compilation(_), None) if status == Some(137) => Self::OutOfMemory,
            (reason, _) => reason,
        }
    }
}

/// Returns what an expression finds: its group, or the line.
fn shown(output: &str, pattern: &str) -> Option<String> {
    let pattern = Regex::new(pattern).expect("a valid expression");
    let found = pattern.captures(output)?;
    let start = output[..found.get_match().start()].rfind('\n');
    let line = output[start.map_or(0, |end| end + 1)..].lines().next();
    let group = found.iter().skip(1).flatten().next();
    let text = group.map(|group| group.as_str()).or(line)?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::too_many_lines, reason = "one row for each cause")]
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
