//! What the output of a failed command says of its cause.

use std::path::PathBuf;

#[derive(Debug)]
pub(crate) struct PhoenixFailure {
    /// As it ran.
    pub(crate) command: String,
    /// Below the repository.
    pub(crate) folder: PathBuf,
    pub(crate) status: Option<i32>,
    pub(crate) reason: PhoenixFailureReason,
    pub(crate) output: String,
    /// The version of Node.js that is there and the one that is asked for, where they differ.
    pub(crate) node: Option<NodeMismatch>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeMismatch {
    pub(crate) found: String,
    pub(crate) wanted: String,
    /// The file that asks for it.
    pub(crate) file: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PhoenixFailureReason {
    /// `mix deps.get` did not run, or the lock file says something else.
    Dependencies,
    NoHex,
    /// A variable that the configuration raises without.
    MissingVariable {
        name: String,
    },
    /// The same, of the app's code, which keeps what it reads.
    MissingInCode {
        name: String,
        line: String,
    },
    /// `prod.secret.exs`, which is kept out of the repository.
    MissingSecretFile,
    UnknownTask {
        task: String,
    },
    /// The app wants another Elixir.
    Elixir {
        line: String,
    },
    /// A page, a package or a binary that could not be fetched.
    Network {
        line: String,
    },
    /// Webpack 4 on Node.js 17 and later.
    OpenSsl,
    NodeVersion {
        line: String,
    },
    MissingScript {
        script: String,
    },
    LockFile,
    RegistryLogin,
    /// An import of an asset that is not there.
    Unresolved {
        what: String,
    },
    MissingProgram {
        program: String,
    },
    OutOfMemory,
    Compilation {
        line: String,
    },
    Other,
}

impl PhoenixFailureReason {
    /// The first that fits: causes come before what they lead to.
    pub(super) fn of(output: &str, status: Option<i32>) -> Self {
        let has = |needle: &str| output.contains(needle);
        if let Some(name) = missing_variable(output) {
            return match line_with(output, &["Compilation error in file"]) {
                Some(line) => Self::MissingInCode { name, line },
                None => Self::MissingVariable { name },
            };
        }
        if has("prod.secret.exs") && (has("no such file") || has("could not find")) {
            return Self::MissingSecretFile;
        }
        if has("Could not find Hex") || has("Could not find an SCM") {
            return Self::NoHex;
        }
        if let Some(line) = line_with(output, &["trying to run :"]) {
            return Self::Elixir { line };
        }
        if has("Unchecked dependencies") || has("errors on dependencies") {
            return Self::Dependencies;
        }
        if let Some(task) = between(output, "The task \"", "\"") {
            return Self::UnknownTask { task };
        }
        if let Some(reason) = Self::of_node(output) {
            return reason;
        }
        if [
            "code E401",
            "code E403",
            "ERR_PNPM_FETCH_401",
            "status code 401",
            "401 Unauthorized",
        ]
        .into_iter()
        .any(has)
        {
            return Self::RegistryLogin;
        }
        if let Some(line) = line_with(
            output,
            &[
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
            ],
        ) {
            return Self::Network { line };
        }
        if let Some(what) = between(output, "Could not resolve \"", "\"")
            .or_else(|| between(output, "Cannot find module '", "'"))
            .or_else(|| between(output, "Can't resolve '", "'"))
        {
            return Self::Unresolved { what };
        }
        if status == Some(127)
            && let Some(program) = missing_program(output)
        {
            return Self::MissingProgram { program };
        }
        if status == Some(137) || has("heap out of memory") {
            return Self::OutOfMemory;
        }
        if let Some(line) = line_with(output, &["Compilation error in file", "** (CompileError)"]) {
            return Self::Compilation { line };
        }
        Self::Other
    }

    /// What Node.js and the package managers say.
    fn of_node(output: &str) -> Option<Self> {
        let has = |needle: &str| output.contains(needle);
        if has("ERR_OSSL_EVP_UNSUPPORTED") {
            return Some(Self::OpenSsl);
        }
        if let Some(line) = line_with(
            output,
            &[
                "EBADENGINE",
                "is incompatible with this module",
                "ERR_PNPM_UNSUPPORTED_ENGINE",
            ],
        ) && !has("npm warn EBADENGINE")
            && !has("npm WARN EBADENGINE")
        {
            return Some(Self::NodeVersion { line });
        }
        let script = between(output, "Missing script: \"", "\"")
            .or_else(|| between(output, "missing script: ", "\n"))
            .or_else(|| between(output, "error Command \"", "\" not found"))
            .or_else(|| between(output, "Missing script: ", "\n"));
        if let Some(script) = script {
            return Some(Self::MissingScript { script });
        }
        if has("can only install packages when your package.json and")
            || has("lockfile needs to be updated")
            || has("ERR_PNPM_OUTDATED_LOCKFILE")
            || has("lockfile would have been modified")
            || has("lockfile had changes")
        {
            return Some(Self::LockFile);
        }
        None
    }
}

fn line_with(output: &str, needles: &[&str]) -> Option<String> {
    output
        .lines()
        .find(|line| needles.iter().any(|needle| line.contains(needle)))
        .map(|line| line.trim().to_owned())
}

/// As the files that `mix phx.new` makes say it, and as `System.fetch_env!` does.
fn missing_variable(output: &str) -> Option<String> {
    let named = between(output, "environment variable ", " is missing")
        .or_else(|| between(output, "could not fetch environment variable \"", "\""));
    named.filter(|name| {
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        !name.is_empty() && name.chars().all(is_name)
    })
}

/// `sh: 1: webpack: not found`, `bash: line 1: webpack: command not found`.
fn missing_program(output: &str) -> Option<String> {
    let line = output.lines().find(|line| line.ends_with("not found"))?;
    let line = line
        .trim_end_matches("not found")
        .trim_end()
        .trim_end_matches("command")
        .trim_end()
        .trim_end_matches(':');
    let program = line.rsplit(':').next()?.trim();
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
    fn outputs_and_their_causes() {
        let network = |line: &str| PhoenixFailureReason::Network {
            line: line.to_owned(),
        };
        for (output, reason) in [
            (
                "** (RuntimeError) environment variable SECRET_KEY_BASE is missing.\nYou can",
                PhoenixFailureReason::MissingVariable {
                    name: "SECRET_KEY_BASE".to_owned(),
                },
            ),
            (
                "** (System.EnvError) could not fetch environment variable \"API_URL\" because it is not set",
                PhoenixFailureReason::MissingVariable {
                    name: "API_URL".to_owned(),
                },
            ),
            (
                "== Compilation error in file lib/pay.ex ==\n** (System.EnvError) could not fetch environment variable \"TOKEN\" because",
                PhoenixFailureReason::MissingInCode {
                    name: "TOKEN".to_owned(),
                    line: "== Compilation error in file lib/pay.ex ==".to_owned(),
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
                PhoenixFailureReason::UnknownTask {
                    task: "assets.deploy".to_owned(),
                },
            ),
            (
                "** (Mix) You're trying to run :shop on Elixir v1.14.0 but it has declared",
                PhoenixFailureReason::Elixir {
                    line:
                        "** (Mix) You're trying to run :shop on Elixir v1.14.0 but it has declared"
                            .to_owned(),
                },
            ),
            (
                "  code: 'ERR_OSSL_EVP_UNSUPPORTED'",
                PhoenixFailureReason::OpenSsl,
            ),
            (
                "npm ERR! Missing script: \"deploy\"",
                PhoenixFailureReason::MissingScript {
                    script: "deploy".to_owned(),
                },
            ),
            (
                "error Command \"deploy\" not found.",
                PhoenixFailureReason::MissingScript {
                    script: "deploy".to_owned(),
                },
            ),
            (
                "npm ERR! `npm ci` can only install packages when your package.json and package-lock.json are in sync",
                PhoenixFailureReason::LockFile,
            ),
            ("npm ERR! code E401", PhoenixFailureReason::RegistryLogin),
            ("integrity sha512-xE401y", PhoenixFailureReason::Other),
            (
                "** (RuntimeError) Couldn't fetch \"https://x\": {:error, :nxdomain}",
                network("** (RuntimeError) Couldn't fetch \"https://x\": {:error, :nxdomain}"),
            ),
            (
                "npm ERR! code ENOTFOUND",
                network("npm ERR! code ENOTFOUND"),
            ),
            (
                "✘ [ERROR] Could not resolve \"phoenix_live_view\"",
                PhoenixFailureReason::Unresolved {
                    what: "phoenix_live_view".to_owned(),
                },
            ),
            ("all fine", PhoenixFailureReason::Other),
        ] {
            assert_eq!(
                PhoenixFailureReason::of(output, Some(1)),
                reason,
                "{output}"
            );
        }
        for output in [
            "sh: 1: webpack: not found",
            "bash: line 1: webpack: command not found",
        ] {
            let program = "webpack".to_owned();
            assert_eq!(
                PhoenixFailureReason::of(output, Some(127)),
                PhoenixFailureReason::MissingProgram { program }
            );
        }
        assert_eq!(
            PhoenixFailureReason::of("", Some(137)),
            PhoenixFailureReason::OutOfMemory
        );
    }
}
