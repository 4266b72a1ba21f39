//! Texts of Phoenix's failures.

use super::check::no_answer;
use super::{Explain, Kind, Message};
use crate::framework::PhoenixError;
use crate::framework::phoenix::{NodeMismatch, NodeProblem, PhoenixFailure, PhoenixFailureReason};
use indoc::formatdoc;
use std::io;
use std::path::Path;

impl Explain for PhoenixError {
    fn explain(&self) -> Message {
        match self {
            Self::NoMix {
                path,
                pipeline,
                app,
                package,
            } => no_mix(path, pipeline, app, package.as_deref()),
            Self::NoNode {
                program,
                node,
                pipeline,
                package,
                path,
            } => match node {
                Some(node) => no_manager(program, node, package),
                None => no_node(program, pipeline, package, path),
            },
            Self::Node { url, problem } => no_official_node(url, problem),
            Self::NoPipeline {
                app,
                folder,
                scripts,
            } => no_pipeline(app, folder, scripts.as_deref()),
            Self::PackageJson { path, error } => Message::new(
                Kind::App,
                "package.json can't be read",
                format!("{} is no package.json that npm could read either.", path.display()),
            )
            .with_details(error.to_string()),
            Self::Failed(failure) => failure.explain(),
            Self::Refused(error) => error.explain(),
            Self::Outside { path, leads_to } => outside(path, leads_to),
            Self::Manifest(error) => no_manifest(error),
            Self::NothingDigested {
                pipeline,
                folder,
                output,
            } => Message::new(
                Kind::App,
                "Nothing was digested",
                formatdoc! {"
                    {pipeline} ended well, but left no new {folder}/cache_manifest.json with a file in it, so
                    pages would link to nothing that is published. mix phx.digest does so where its folder is
                    missing or empty, or where it was given another one.
                    Build into {folder}, or say how the assets are made:
                      STATIC_ASSETS_COMPILE_COMMAND=\"…\"",
                    folder = folder.display()
                },
            )
            .with_details(output),
            Self::OtherManifest { place, configured } => Message::new(
                Kind::App,
                "The configured manifest is not there",
                formatdoc! {"
                    {place} has Phoenix read the names of the digested files from
                      {configured}
                    which no digest has written: the app would start with an error and link to undigested names.
                    The digest writes:
                      cache_static_manifest: \"priv/static/cache_manifest.json\"",
                    configured = configured.display()
                },
            ),
            Self::Prebuilt { file } => Message::new(
                Kind::Configuration,
                "Not digested before the build",
                formatdoc! {"
                    STATIC_ASSETS_PREBUILT=1 says that the assets were compiled and digested before, but this
                    is not there:
                      {file}
                    Is it kept out of the build (.gitignore, .slugignore, .dockerignore)? To make it:
                      MIX_ENV=prod mix assets.deploy
                    To let the build do that: unset STATIC_ASSETS_PREBUILT.",
                    file = file.display()
                },
            ),
            Self::Stale { file } => Message::new(
                Kind::Configuration,
                "Changed since it was digested",
                formatdoc! {"
                    STATIC_ASSETS_PREBUILT=1, but this file is another than the one that cache_manifest.json
                    was made for, so browsers would get the older one:
                      {file}
                    Digest it again:
                      MIX_ENV=prod mix assets.deploy
                    To let the build do that: unset STATIC_ASSETS_PREBUILT.",
                    file = file.display()
                },
            ),
            Self::NotFollowing(not_following) => not_following.explain(),
            Self::Start(error) => error.explain(),
            Self::Io(error) => Message::new(
                Kind::Machine,
                "A file can't be read or written",
                "Compiling the assets, a file could not be read or written.",
            )
            .with_details(error.to_string()),
        }
    }
}

fn no_mix(path: &str, pipeline: &str, app: &str, package: Option<&Path>) -> Message {
    let script = package.map_or_else(String::new, |package| {
        format!(
            "\n- Make them with npm alone, which needs no Elixir ({}):\n    \
             STATIC_ASSETS_COMPILE_COMMAND=\"npm --prefix assets ci && npm --prefix assets run …\"",
            package.display()
        )
    });
    Message::new(
        Kind::App,
        "No Elixir",
        formatdoc! {"
                    The assets of {app} are made by {pipeline}, but no 'mix' is on PATH:
                      {path}
                    One of these helps:
                    - Build where Elixir is: with a builder or a buildpack before this one that installs it, or in a
              Dockerfile whose build stage is an image of Elixir.
            - Compile the assets before the build, and have them published as they are:
                MIX_ENV=prod mix assets.deploy
                STATIC_ASSETS_PREBUILT=1{script}"
        },
    )
}

fn no_node(program: &str, pipeline: &str, package: &Path, path: &str) -> Message {
    Message::new(
        Kind::App,
        "No Node.js",
        formatdoc! {"
            {package} has dependencies, and the assets are made by {pipeline}, but no '{program}' is on
            PATH:
              {path}
            This build step downloads no Node.js. Put this buildpack after one that installs it:
              pack build app --buildpack heroku/nodejs --buildpack <this buildpack>
              heroku buildpacks:add --index 1 heroku/nodejs
            It looks for package.json at the top of the repository; in a Dockerfile, install it in the stage
            that compiles. Or compile before the build: STATIC_ASSETS_PREBUILT=1",
            package = package.display()
        },
    )
}

fn outside(path: &Path, leads_to: &Path) -> Message {
    Message::new(
        Kind::Refused,
        "A folder that leads out of the app",
        formatdoc! {"
                    {path} is a link to
                      {leads_to}
                    Only what lies in the app itself is published. Copy the files there, or publish the folder
                    as it is:
                      STATIC_ASSETS_DIR={leads_to}",
            path = path.display(),
            leads_to = leads_to.display()
        },
    )
}

fn no_manifest(error: &io::Error) -> Message {
    Message::new(
                Kind::App,
                "cache_manifest.json can't be read",
                formatdoc! {"
                    It is no manifest that a digest has written. Remove it with all that a digest has made, and
                    keep it out of the repository:
                      mix phx.digest.clean --all"
                },
            )
            .with_details(error.to_string())
}

fn no_official_node(url: &str, problem: &NodeProblem) -> Message {
    let ways = "Or bring Node.js by another buildpack before this one: heroku/nodejs. A mirror of the distribution:\n  \
                STATIC_ASSETS_NODE_URL=https://…/dist";
    let (kind, why, details) = match problem {
        NodeProblem::Unreachable(error) => (
            Kind::Temporary,
            format!("gave no answer, in four attempts: {}.", no_answer(error)),
            String::new(),
        ),
        NodeProblem::Status(status @ 300..=499) if *status != 408 && *status != 429 => (
            Kind::App,
            format!("answered {status}. Is it the folder that holds index.json?"),
            String::new(),
        ),
        NodeProblem::Status(status) => (
            Kind::Temporary,
            format!("answered {status}, in four attempts."),
            String::new(),
        ),
        NodeProblem::Broken { output } => (
            Kind::Machine,
            "was unpacked, and its bin/node does not start here, or is another version.".to_owned(),
            output.clone(),
        ),
        NodeProblem::NoList(error) => (
            Kind::Temporary,
            "is not the list of versions that it should be. Is a proxy in between?".to_owned(),
            error.to_string(),
        ),
        NodeProblem::NoVersion { wanted, file } => (
            Kind::App,
            format!("has no version for this machine that is {wanted}, as {file} asks."),
            String::new(),
        ),
        NodeProblem::Range { wanted, file } => (
            Kind::App,
            format!(
                "was not asked: {file} asks for Node.js '{}', which is no range of versions, such as 22.x.",
                wanted.escape_debug()
            ),
            String::new(),
        ),
        NodeProblem::NotListed { file } => (
            Kind::App,
            format!("has no checksum for {file}: there is none for this machine."),
            String::new(),
        ),
        NodeProblem::Checksum { file } => (
            Kind::Temporary,
            format!(
                "is not what its SHASUMS256.txt says of {file}, so nothing of it was run. Was it cut, or is a proxy in \
                 between?"
            ),
            String::new(),
        ),
        NodeProblem::Unpack { output } => (
            Kind::Machine,
            "could not be unpacked by tar.".to_owned(),
            output.clone(),
        ),
    };
    let body =
        format!("The asset pipeline needs Node.js, and none is on PATH.\n  {url}\n{why}\n\n{ways}");
    Message::new(kind, "No Node.js", body).with_details(details)
}

fn no_manager(program: &str, node: &Path, package: &Path) -> Message {
    let install = match program {
        "bun" => "npm install --global bun".to_owned(),
        "npm" => "apt-get install npm".to_owned(),
        _ => "corepack enable".to_owned(),
    };
    Message::new(
        Kind::App,
        format!("No {program}"),
        formatdoc! {"
            Node.js is there ({node}), but no '{program}', by whose lock file or packageManager the packages of
            {package} are installed. Before this build step:
              {install}",
            node = node.display(),
            package = package.display()
        },
    )
}

fn no_pipeline(app: &str, folder: &Path, scripts: Option<&[String]>) -> Message {
    let folder = if folder.as_os_str().is_empty() {
        String::new()
    } else {
        format!("{}/", folder.display())
    };
    let scripts = match scripts {
        None => format!("no package.json in {folder}assets"),
        Some([]) => "no script in package.json".to_owned(),
        Some(scripts) => format!(
            "no script deploy or build in package.json (there: {})",
            scripts.join(", ")
        ),
    };
    Message::new(
        Kind::App,
        "Nothing says how the assets are made",
        formatdoc! {"
            {app} has no alias assets.deploy in {folder}mix.exs, {scripts}, and nothing in
            {folder}priv/static. One of these helps:
              aliases: [\"assets.deploy\": [\"esbuild {app} --minify\", \"phx.digest\"]]     in mix.exs
              \"scripts\": {{\"deploy\": \"webpack --mode production\"}}                       in package.json
              STATIC_ASSETS_COMPILE_COMMAND=\"…\"
            For an app without assets:
              STATIC_ASSETS_DISABLE=1"
        },
    )
}

impl Explain for PhoenixFailure {
    fn explain(&self) -> Message {
        let place = if self.folder.as_os_str().is_empty() {
            String::new()
        } else {
            format!(" in {}", self.folder.display())
        };
        let status = match self.status {
            Some(status) => format!("status {status}"),
            None => "a signal".to_owned(),
        };
        let header = format!("'{}'{place} failed with {status}.", self.command);
        let (title, text) = reason_text(&self.reason, self.node.as_ref());
        Message::new(Kind::App, title, format!("{header}\n\n{text}")).with_details(&self.output)
    }
}

#[allow(
    clippy::too_many_lines,
    reason = "one text for each reason, in one place"
)]
fn reason_text(
    reason: &PhoenixFailureReason,
    node: Option<&NodeMismatch>,
) -> (&'static str, String) {
    match reason {
        PhoenixFailureReason::Dependencies => (
            "Dependencies are missing",
            formatdoc! {"
                Mix did not find the dependencies of this environment, or other ones than mix.lock names. They
                are fetched before the assets are compiled, by the buildpack that installs Elixir, or in a
                Dockerfile:
                  MIX_ENV=prod mix deps.get --only prod
                Where nothing does that:
                  STATIC_ASSETS_COMPILE_COMMAND=\"mix deps.get --only prod && mix compile && mix assets.deploy\"
                For the digest alone, without Mix: STATIC_ASSETS_DIGEST=native"
            },
        ),
        PhoenixFailureReason::NoHex => (
            "No Hex",
            formatdoc! {"
                Mix has no Hex, which every dependency from hex.pm needs. Before the assets are compiled, as
                the same user and with the same HOME:
                  mix local.hex --force && mix local.rebar --force
                The buildpacks that install Elixir do so; MIX_HOME says where it is.
                For the digest alone, without Mix: STATIC_ASSETS_DIGEST=native"
            },
        ),
        PhoenixFailureReason::MissingVariable { name } => (
            "A variable is missing in the build",
            formatdoc! {"
                The configuration needs {name} as soon as Mix starts, which the build does not have. Compiling
                assets needs no real value; this gives one to this build step alone:
                  STATIC_ASSETS_BUILD_ENV=\"{name}=unused-while-compiling\"
                Or ask for it in config/runtime.exs, which is read when the app starts."
            },
        ),
        PhoenixFailureReason::MissingInCode { name, line } => (
            "A variable is missing while the app is compiled",
            formatdoc! {"
                {line}
                That code reads {name} while it is compiled, so the value becomes part of the app. Give the whole
                build the real one:
                  pack build app --env {name}=…
                Or read it when the app runs, in a function or in config/runtime.exs."
            },
        ),
        PhoenixFailureReason::MissingSecretFile => (
            "config/prod.secret.exs is not there",
            formatdoc! {"
                config/prod.exs imports prod.secret.exs, which is kept out of the repository. Remove the
                import_config line, and read the values from the environment in config/runtime.exs. Or
                compile the assets without Mix: STATIC_ASSETS_DIGEST=native"
            },
        ),
        PhoenixFailureReason::UnknownTask { task } => (
            "Mix has no such task",
            formatdoc! {"
                There is no task {task} in this environment. A package that only runs in development can't be
                used here: in mix.exs, its dependency says so.
                  {{:esbuild, \"~> 0.10\", runtime: Mix.env() == :dev}}      and not: only: :dev"
            },
        ),
        PhoenixFailureReason::Elixir { line } => (
            "The app wants another Elixir",
            formatdoc! {"
                {line}

                elixir_buildpack.config, .tool-versions or the base image choose the version that is installed."
            },
        ),
        PhoenixFailureReason::Network { line } => (
            "Something could not be fetched",
            formatdoc! {"
                {line}

                The build has no network, or needs a proxy (HTTPS_PROXY is handed on). What the esbuild and
                tailwind packages download is kept for later builds, and never fetched where it is there:
                  config :esbuild, path: System.get_env(\"MIX_ESBUILD_PATH\")
                Packages of npm come from the registry that .npmrc names. Without a network, compile before the
                build: STATIC_ASSETS_PREBUILT=1"
            },
        ),
        PhoenixFailureReason::OpenSsl => (
            "Webpack 4 does not run on this Node.js",
            formatdoc! {"
                It asks OpenSSL for a hash that Node.js has not had since version 17.{node} Either:
                  engines: {{\"node\": \"16.x\"}}                             in package.json
                  STATIC_ASSETS_BUILD_ENV=\"NODE_OPTIONS=--openssl-legacy-provider\"
                or webpack 5, which needs neither.",
                node = mismatch(node)
            },
        ),
        PhoenixFailureReason::NodeVersion { line } => (
            "The app wants another Node.js",
            formatdoc! {"
                {line}
                {node}
                The buildpack that installs Node.js reads engines in package.json:
                  \"engines\": {{\"node\": \"20.x\"}}",
                node = mismatch(node)
            },
        ),
        PhoenixFailureReason::MissingScript { script } => (
            "A script is missing in package.json",
            formatdoc! {"
                There is no script '{script}'. Add it, or say how the assets are made:
                  \"scripts\": {{\"{script}\": \"webpack --mode production\"}}
                  STATIC_ASSETS_COMPILE_COMMAND=\"…\""
            },
        ),
        PhoenixFailureReason::LockFile => (
            "The lock file is not the one of package.json",
            formatdoc! {"
                A build installs exactly what the lock file says. Make it anew and commit it:
                  cd assets && npm install && git add package-lock.json      (or yarn, pnpm, bun install)"
            },
        ),
        PhoenixFailureReason::RegistryLogin => (
            "A registry wants a login",
            formatdoc! {"
                A package is private. .npmrc may take its token from a variable of the build, which is not
                written anywhere:
                  //registry.npmjs.org/:_authToken=${{NPM_TOKEN}}"
            },
        ),
        PhoenixFailureReason::Unresolved { what } => (
            "An import leads nowhere",
            formatdoc! {"
                '{what}' was not found. Packages of npm must be in package.json; phoenix, phoenix_html and
                phoenix_live_view come from deps, which mix deps.get fetches and NODE_PATH names; hooks beside
                components (phoenix-colocated) are written by mix compile."
            },
        ),
        PhoenixFailureReason::MissingProgram { program } => (
            "A program is missing",
            formatdoc! {"
                '{program}' is not on PATH. In dependencies of package.json it is found by the scripts there;
                a system package must be in the build image."
            },
        ),
        PhoenixFailureReason::OutOfMemory => (
            "Out of memory",
            formatdoc! {"
                The process was killed or ran out of memory. For Node.js, more of it, in megabytes:
                  STATIC_ASSETS_BUILD_ENV=\"NODE_OPTIONS=--max-old-space-size=2048\""
            },
        ),
        PhoenixFailureReason::Compilation { line } => (
            "The app does not compile",
            formatdoc! {"
                {line}

                The end of the output is below. It is the same on your machine:
                  MIX_ENV=prod mix compile"
            },
        ),
        PhoenixFailureReason::Other => (
            "Compiling the assets failed",
            formatdoc! {"
                The end of its output is below.{node} To run another command in its place:
                  STATIC_ASSETS_COMPILE_COMMAND=\"…\"",
                node = mismatch(node)
            },
        ),
    }
}

fn mismatch(node: Option<&NodeMismatch>) -> String {
    node.map_or_else(String::new, |node| {
        format!(
            " Node.js is {} here; {} asks for {}.",
            node.found, node.file, node.wanted
        )
    })
}
