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
        let text = text(&self.reason, &status, self.node.as_ref());
        let (title, fix) = text.split_once('\n').unwrap_or((&text, ""));
        let body = format!("'{command}'{dir} failed with {status}.\n\n{fix}");
        Message::new(Kind::App, title, body).with_details(&self.output)
    }
}

/// The title, and under it the cause and the fix.
#[allow(
    clippy::too_many_lines,
    reason = "one text for each reason, in one place"
)]
fn text(reason: &PhoenixFailureReason, status: &str, node: Option<&NodeMismatch>) -> String {
    let node = node.map_or_else(String::new, |NodeMismatch { found, wanted }| {
        let (range, source) = (&wanted.range, &wanted.source);
        format!("\nNode.js is {found} here; {source} asks for {range}.")
    });
    match reason {
        PhoenixFailureReason::Dependencies => formatdoc! {"
            Mix dependencies are missing
            Dependencies of this environment are not fetched, or in other versions than mix.lock names. The
            buildpack that installs Elixir must fetch them before this build step. In a Dockerfile:
              RUN MIX_ENV=prod mix deps.get --only prod
            If nothing else fetches them:
              STATIC_ASSETS_COMPILE_COMMAND=\"mix deps.get --only prod && mix compile && mix assets.deploy\"
            {WITHOUT_MIX}"
        },
        PhoenixFailureReason::NoHex => formatdoc! {"
            Mix has no Hex
            Mix needs Hex for each dependency from hex.pm. Install it before this build step, as the same user and
            with the same HOME:
              mix local.hex --force && mix local.rebar --force
            If a buildpack has installed it, MIX_HOME must name the directory.
            {WITHOUT_MIX}"
        },
        PhoenixFailureReason::MissingVariable(name) => formatdoc! {"
            {name} is not set in the build
            The configuration reads {name} when Mix starts. Compiling assets needs no real value. To set one for
            this build step alone:
              STATIC_ASSETS_BUILD_ENV=\"{name}=unused-while-compiling\"
            Or read the variable in config/runtime.exs, which runs when the app starts."
        },
        PhoenixFailureReason::MissingInCode { name, line } => formatdoc! {"
            {name} is not set while the app compiles
            {line}
            This code reads {name} while it compiles, so the value becomes part of the app. Give the real value to
            the whole build:
              pack build app --env {name}=…
            Or read it when the app runs, in a function or in config/runtime.exs."
        },
        PhoenixFailureReason::MissingSecretFile => formatdoc! {"
            config/prod.secret.exs does not exist
            config/prod.exs imports prod.secret.exs, which is not in the repository. Remove the import_config line,
            and read the values from the environment in config/runtime.exs.
            {WITHOUT_MIX}"
        },
        PhoenixFailureReason::UnknownTask(task) => formatdoc! {"
            Mix has no task '{task}'
            The task {task} does not exist in this environment. Most likely its package is a dependency of
            development only. In mix.exs, replace `only: :dev` by `runtime:`, for example:
              {{:esbuild, \"~> 0.10\", runtime: Mix.env() == :dev}}"
        },
        PhoenixFailureReason::Elixir(line) => formatdoc! {"
            The app requires another Elixir version
            {line}
            The installed version comes from elixir_buildpack.config, from .tool-versions or from the base image.
            Change it there, or change `elixir:` in mix.exs."
        },
        PhoenixFailureReason::Network(line) => formatdoc! {"
            A download failed
            {line}
            The build has no network, or needs a proxy: set HTTPS_PROXY, which commands inherit. Packages of npm
            come from the registry in .npmrc. The esbuild and tailwind packages download nothing if they are told
            where their program is:
              config :esbuild, path: System.get_env(\"MIX_ESBUILD_PATH\")
            If the build never has a network, compile before it: STATIC_ASSETS_PREBUILT=1"
        },
        PhoenixFailureReason::OpenSsl => formatdoc! {"
            Webpack 4 does not run on this Node.js
            Webpack 4 needs a hash that the OpenSSL of Node.js 17 and later does not have.{node}
            Upgrade to webpack 5, or use an older Node.js:
              \"engines\": {{\"node\": \"16.x\"}}                in package.json
            or allow the hash, without a cache of packages of that time, which fails on a new Node.js, too:
              STATIC_ASSETS_BUILD_ENV=\"NODE_OPTIONS=--openssl-legacy-provider DISABLE_V8_COMPILE_CACHE=1\""
        },
        PhoenixFailureReason::NodeVersion(line) => formatdoc! {"
            A package requires another Node.js version
            {line}
            The buildpack that installs Node.js chooses the version by package.json.{node}
            For example:
              \"engines\": {{\"node\": \"20.x\"}}"
        },
        PhoenixFailureReason::MissingScript(script) => formatdoc! {"
            package.json has no script '{script}'
            Add the script to package.json:
              \"scripts\": {{\"{script}\": \"webpack --mode production\"}}
            Or set the command that makes the assets:
              STATIC_ASSETS_COMPILE_COMMAND=\"…\""
        },
        PhoenixFailureReason::LockFile => formatdoc! {"
            The lock file does not match package.json
            A build installs exactly what the lock file says. Update it and commit it:
              cd assets && npm install && git add package-lock.json
            With another package manager: yarn install, pnpm install or bun install"
        },
        PhoenixFailureReason::RegistryLogin => formatdoc! {"
            A package registry requires a login
            A package is private. .npmrc can read the token from a variable of the build, which is written nowhere:
              //registry.npmjs.org/:_authToken=${{NPM_TOKEN}}"
        },
        PhoenixFailureReason::Unresolved(import) => formatdoc! {"
            Import not found: '{import}'
            If '{import}' is a package of npm, add it to package.json. phoenix, phoenix_html and phoenix_live_view
            come from deps: `mix deps.get` must have run, and NODE_PATH must name that directory. Hooks of
            components (phoenix-colocated) are written by `mix compile`, which must run first."
        },
        PhoenixFailureReason::MissingProgram(program) => formatdoc! {"
            '{program}' is not on PATH
            If '{program}' is a package of npm, add it to package.json and start it by a script there. If it is a
            program of the system, install it in the build image."
        },
        PhoenixFailureReason::OutOfMemory => formatdoc! {"
            Out of memory
            The process used more memory than the build has, and was killed. If Node.js reached its own limit, raise
            it (in megabytes):
              STATIC_ASSETS_BUILD_ENV=\"NODE_OPTIONS=--max-old-space-size=2048\""
        },
        PhoenixFailureReason::Compilation(line) => formatdoc! {"
            The app does not compile
            {line}
            The end of the output follows. The same command shows it on your machine:
              MIX_ENV=prod mix compile"
        },
        PhoenixFailureReason::Other => formatdoc! {"
            Compiling the assets failed with {status}
            The end of its output follows.{node}
            To run another command instead:
              STATIC_ASSETS_COMPILE_COMMAND=\"…\""
        },
    }
}

const WITHOUT_MIX: &str = "To digest without Mix: STATIC_ASSETS_DIGEST=native";
