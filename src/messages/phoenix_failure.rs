//! Why a command of a Phoenix build failed, and what cures it.

use super::{Explain, Kind, Message};
use crate::framework::phoenix::{NodeMismatch, PhoenixFailure, PhoenixFailureReason};
use indoc::formatdoc;

impl Explain for PhoenixFailure {
    fn explain(&self) -> Message {
        let command = &self.command;
        let dir = match self.folder.display().to_string() {
            dir if dir.is_empty() => dir,
            dir => format!(" in {dir}"),
        };
        let status = match self.status {
            Some(status) => format!("status {status}"),
            None => "a signal".to_owned(),
        };
        let title = match &self.reason {
            PhoenixFailureReason::Other => format!("'{command}' failed"),
            reason => title(reason),
        };
        let fix = fix(&self.reason, self.node.as_ref());
        let body = format!("'{command}'{dir} failed with {status}.\n\n{fix}");
        Message::new(Kind::App, title, body).with_details(&self.output)
    }
}

fn title(reason: &PhoenixFailureReason) -> String {
    match reason {
        PhoenixFailureReason::MissingVariable(name) => format!("{name} is not set in the build"),
        PhoenixFailureReason::MissingInCode { name, .. } => {
            format!("{name} is not set while the app compiles")
        }
        PhoenixFailureReason::UnknownTask(task) => format!("Mix has no task '{task}'"),
        PhoenixFailureReason::MissingScript(script) => {
            format!("package.json has no script '{script}'")
        }
        PhoenixFailureReason::Unresolved(import) => format!("Import not found: '{import}'"),
        PhoenixFailureReason::MissingProgram(program) => format!("'{program}' is not on PATH"),
        PhoenixFailureReason::Dependencies => "Mix dependencies are missing".to_owned(),
        PhoenixFailureReason::NoHex => "Mix has no Hex".to_owned(),
        PhoenixFailureReason::MissingSecretFile => {
            "config/prod.secret.exs does not exist".to_owned()
        }
        PhoenixFailureReason::Elixir(_) => "The app requires another Elixir version".to_owned(),
        PhoenixFailureReason::Network(_) => "A download failed".to_owned(),
        PhoenixFailureReason::OpenSsl => "Webpack 4 does not run on this Node.js".to_owned(),
        PhoenixFailureReason::NodeVersion(_) => {
            "A package requires another Node.js version".to_owned()
        }
        PhoenixFailureReason::LockFile => "The lock file does not match package.json".to_owned(),
        PhoenixFailureReason::RegistryLogin => "A package registry requires a login".to_owned(),
        PhoenixFailureReason::OutOfMemory => "Out of memory".to_owned(),
        PhoenixFailureReason::Compilation(_) => "The app does not compile".to_owned(),
        PhoenixFailureReason::Other => "Compiling the assets failed".to_owned(),
    }
}

#[allow(
    clippy::too_many_lines,
    reason = "one text for each reason, in one place"
)]
fn fix(reason: &PhoenixFailureReason, node: Option<&NodeMismatch>) -> String {
    match reason {
        PhoenixFailureReason::Dependencies => formatdoc! {"
            Dependencies of this environment are not fetched, or in other versions than mix.lock names. The
            buildpack that installs Elixir must fetch them before this build step. In a Dockerfile:
              RUN MIX_ENV=prod mix deps.get --only prod
            If nothing else fetches them:
              STATIC_ASSETS_COMPILE_COMMAND=\"mix deps.get --only prod && mix compile && mix assets.deploy\"
            {WITHOUT_MIX}"
        },
        PhoenixFailureReason::NoHex => formatdoc! {"
            Mix needs Hex for each dependency from hex.pm. Install it before this build step, as the same user and
            with the same HOME:
              mix local.hex --force && mix local.rebar --force
            If a buildpack has installed it, MIX_HOME must name the directory.
            {WITHOUT_MIX}"
        },
        PhoenixFailureReason::MissingVariable(name) => formatdoc! {"
            The configuration reads {name} when Mix starts. Compiling assets needs no real value. To set one for
            this build step alone:
              STATIC_ASSETS_BUILD_ENV=\"{name}=unused-while-compiling\"
            Or read the variable in config/runtime.exs, which runs when the app starts."
        },
        PhoenixFailureReason::MissingInCode { name, line } => formatdoc! {"
            {line}
            This code reads {name} while it compiles, so the value becomes part of the app. Give the real value to
            the whole build:
              pack build app --env {name}=…
            Or read it when the app runs, in a function or in config/runtime.exs."
        },
        PhoenixFailureReason::MissingSecretFile => formatdoc! {"
            config/prod.exs imports prod.secret.exs, which is not in the repository. Remove the import_config line,
            and read the values from the environment in config/runtime.exs.
            {WITHOUT_MIX}"
        },
        PhoenixFailureReason::UnknownTask(task) => formatdoc! {"
            The task {task} does not exist in this environment. Most likely its package is a dependency of
            development only. In mix.exs, replace `only: :dev` by `runtime:`, for example:
              {{:esbuild, \"~> 0.10\", runtime: Mix.env() == :dev}}"
        },
        PhoenixFailureReason::Elixir(line) => formatdoc! {"
            {line}
            The installed version comes from elixir_buildpack.config, from .tool-versions or from the base image.
            Change it there, or change `elixir:` in mix.exs."
        },
        PhoenixFailureReason::Network(line) => formatdoc! {"
            {line}
            The build has no network, or needs a proxy: set HTTPS_PROXY, which commands inherit. Packages of npm
            come from the registry in .npmrc. The esbuild and tailwind packages download nothing if they are told
            where their program is:
              config :esbuild, path: System.get_env(\"MIX_ESBUILD_PATH\")
            If the build never has a network, compile before it: STATIC_ASSETS_PREBUILT=1"
        },
        PhoenixFailureReason::OpenSsl => formatdoc! {"
            Webpack 4 needs a hash that the OpenSSL of Node.js 17 and later does not have.{node} Upgrade to
            webpack 5, or use an older Node.js:
              \"engines\": {{\"node\": \"16.x\"}}                in package.json
            or allow the hash:
              STATIC_ASSETS_BUILD_ENV=\"NODE_OPTIONS=--openssl-legacy-provider\"",
            node = mismatch(node)
        },
        PhoenixFailureReason::NodeVersion(line) => formatdoc! {"
            {line}
            The buildpack that installs Node.js chooses the version by package.json.{node} For example:
              \"engines\": {{\"node\": \"20.x\"}}",
            node = mismatch(node)
        },
        PhoenixFailureReason::MissingScript(script) => formatdoc! {"
            Add the script to package.json:
              \"scripts\": {{\"{script}\": \"webpack --mode production\"}}
            Or set the command that makes the assets:
              STATIC_ASSETS_COMPILE_COMMAND=\"…\""
        },
        PhoenixFailureReason::LockFile => "A build installs exactly what the lock file says. Update it and commit it:\n  \
             cd assets && npm install && git add package-lock.json\n\
             With another package manager: yarn install, pnpm install or bun install"
            .to_owned(),
        PhoenixFailureReason::RegistryLogin => "A package is private. .npmrc can read the token from a variable of the \
             build, which is written nowhere:\n  //registry.npmjs.org/:_authToken=${NPM_TOKEN}"
            .to_owned(),
        PhoenixFailureReason::Unresolved(import) => formatdoc! {"
            If '{import}' is a package of npm, add it to package.json. phoenix, phoenix_html and phoenix_live_view
            come from deps: `mix deps.get` must have run, and NODE_PATH must name that directory. Hooks of
            components (phoenix-colocated) are written by `mix compile`, which must run first."
        },
        PhoenixFailureReason::MissingProgram(program) => formatdoc! {"
            If '{program}' is a package of npm, add it to package.json and start it by a script there. If it is a
            program of the system, install it in the build image."
        },
        PhoenixFailureReason::OutOfMemory => {
            "The process used more memory than the build has, and was killed. If Node.js reached its own limit, raise \
             it (in megabytes):\n  STATIC_ASSETS_BUILD_ENV=\"NODE_OPTIONS=--max-old-space-size=2048\""
                .to_owned()
        }
        PhoenixFailureReason::Compilation(line) => formatdoc! {"
            {line}
            The end of the output is below. The same command shows it on your machine:
              MIX_ENV=prod mix compile"
        },
        PhoenixFailureReason::Other => formatdoc! {"
            The end of its output is below.{node} To run another command instead:
              STATIC_ASSETS_COMPILE_COMMAND=\"…\"",
            node = mismatch(node)
        },
    }
}

const WITHOUT_MIX: &str = "To digest without Mix: STATIC_ASSETS_DIGEST=native";

fn mismatch(node: Option<&NodeMismatch>) -> String {
    node.map_or_else(String::new, |NodeMismatch { found, wanted }| {
        format!(
            " Node.js is {found} here; {} asks for {}.",
            wanted.source, wanted.range
        )
    })
}
