//! Why the assets of a Phoenix app could not be compiled.

use super::phoenix_node::no_official_node;
use super::{Explain, Kind, Message, titled};
use crate::framework::PhoenixError;
use crate::framework::phoenix::SourceLocation;
use indoc::formatdoc;
use std::path::{Display, Path};

impl Explain for PhoenixError {
    fn explain(&self) -> Message {
        match self {
            Self::NoMix {
                path,
                pipeline,
                app,
                package,
            } => titled(Kind::App, &no_mix(path, pipeline, app, package.as_deref())),
            Self::NoNode {
                program,
                node,
                pipeline,
                package,
                path,
            } => {
                let package = &package.display();
                let text = match node {
                    Some(node) => no_manager(program, &node.display(), package),
                    None => no_node(program, pipeline, package, path),
                };
                titled(Kind::App, &text)
            }
            Self::Node { url, problem } => no_official_node(url, problem),
            Self::NoPipeline {
                app,
                folder,
                scripts,
            } => titled(Kind::App, &no_pipeline(app, folder, scripts.as_deref())),
            Self::PackageJson { path, error } => {
                let text = format!(
                    "{} is not valid JSON\nnpm would reject it, too.",
                    path.display()
                );
                titled(Kind::App, &text).with_details(error.to_string())
            }
            Self::Failed(failure) => failure.explain(),
            Self::Refused(error) => error.explain(),
            Self::Outside { path, leads_to } => titled(
                Kind::Refused,
                &outside(&path.display(), &leads_to.display()),
            ),
            Self::Manifest(error) => titled(Kind::App, NO_MANIFEST).with_details(error.to_string()),
            Self::NothingDigested {
                pipeline,
                folder,
                output,
            } => titled(Kind::App, &nothing_digested(pipeline, &folder.display()))
                .with_details(output),
            Self::OtherManifest { place, configured } => {
                titled(Kind::App, &other_manifest(place, &configured.display()))
            }
            Self::Prebuilt { file } => titled(Kind::Configuration, &not_prebuilt(&file.display())),
            Self::Stale { file } => titled(Kind::Configuration, &stale(&file.display())),
            Self::NotFollowing(not_following) => not_following.explain(),
            Self::Start(error) => error.explain(),
            Self::Io(error) => titled(Kind::Machine, IO).with_details(error.to_string()),
        }
    }
}

const NO_MANIFEST: &str = "cache_manifest.json is not a manifest of a digest\n\
     Remove it with all digested files, and keep them out of the repository:\n  mix phx.digest.clean --all";
const IO: &str = "A file can't be read or written\n\
     The build step compiled the assets and could not read or write a file.";

fn no_mix(path: &str, pipeline: &str, app: &str, package: Option<&Path>) -> String {
    let script = package.map_or_else(String::new, |package| {
        format!(
            "\n- Make the assets by npm alone ({}):\n    \
             STATIC_ASSETS_COMPILE_COMMAND=\"npm --prefix assets ci && npm --prefix assets run …\"",
            package.display()
        )
    });
    formatdoc! {"
        No Elixir: 'mix' is not on PATH
        The assets of {app} are made by {pipeline}. No directory of PATH holds 'mix':
          {path}
        Use one of these:
        - Install Elixir before this build step: by the builder, by a buildpack before this one, or in a
          Dockerfile by an Elixir image as the build stage.
        - Compile the assets before the build, and let the build publish them:
            MIX_ENV=prod mix assets.deploy
            STATIC_ASSETS_PREBUILT=1{script}"
    }
}

fn no_node(program: &str, pipeline: &str, package: &Display<'_>, path: &str) -> String {
    formatdoc! {"
        No Node.js: '{program}' is not on PATH
        {package} has dependencies, and the assets are made by {pipeline}. No directory of PATH holds
        '{program}':
          {path}
        This build step does not download Node.js. Run a buildpack that installs it before this one:
          pack build app --buildpack heroku/nodejs --buildpack <this buildpack>
          heroku buildpacks:add --index 1 heroku/nodejs
        heroku/nodejs looks for package.json at the top of the repository. In a Dockerfile, install Node.js
        in the stage that compiles. Or compile before the build: STATIC_ASSETS_PREBUILT=1"
    }
}

fn no_manager(program: &str, node: &Display<'_>, package: &Display<'_>) -> String {
    let install = match program {
        "bun" => "npm install --global bun",
        "npm" => "apt-get install npm",
        _ => "corepack enable",
    };
    formatdoc! {"
        {package} uses {program}, but {program} is not on PATH
        Node.js is installed ({node}). The lock file or packageManager says that {program} installs the
        packages. Install it before this build step:
          {install}"
    }
}

fn no_pipeline(app: &str, dir: &Path, scripts: Option<&[String]>) -> String {
    let dir = match dir.display().to_string() {
        dir if dir.is_empty() => dir,
        dir => format!("{dir}/"),
    };
    let scripts = match scripts {
        None => format!("{dir}assets has no package.json"),
        Some([]) => "package.json has no scripts".to_owned(),
        Some(scripts) => format!(
            "package.json has no script deploy or build (it has: {})",
            scripts.join(", ")
        ),
    };
    formatdoc! {"
        Nothing says how the assets of {app} are made
        {dir}mix.exs has no alias assets.deploy,
        {scripts}, and
        {dir}priv/static holds no compiled assets. Add one of these:
          aliases: [\"assets.deploy\": [\"esbuild {app} --minify\", \"phx.digest\"]]     in mix.exs
          \"scripts\": {{\"deploy\": \"webpack --mode production\"}}                       in package.json
          STATIC_ASSETS_COMPILE_COMMAND=\"…\"
        If the app has no assets:
          STATIC_ASSETS_DISABLE=1"
    }
}

fn outside(path: &Display<'_>, leads_to: &Display<'_>) -> String {
    formatdoc! {"
        {path} leads out of the app to {leads_to}
        Only files of the app itself are published. Copy them into the app, or publish the other directory
        as it is:
          STATIC_ASSETS_DIR={leads_to}"
    }
}

fn nothing_digested(pipeline: &str, dir: &Display<'_>) -> String {
    formatdoc! {"
        The asset pipeline left no new {dir}/cache_manifest.json
        {pipeline} succeeded, but wrote no manifest with files in it.
        Pages would link to files that are not published. mix phx.digest does so if {dir} is missing or
        empty, or if it is given another directory. Let the pipeline write to {dir}, or set the command
        that makes the assets:
          STATIC_ASSETS_COMPILE_COMMAND=\"…\""
    }
}

fn other_manifest(place: &SourceLocation, configured: &Display<'_>) -> String {
    formatdoc! {"
        cache_static_manifest names a missing file: {configured}
        {place} makes Phoenix read the names of the digested files from this file, which no
        digest has written. The app would log an error at start and link to undigested files. The digest writes:
          cache_static_manifest: \"priv/static/cache_manifest.json\""
    }
}

fn not_prebuilt(file: &Display<'_>) -> String {
    formatdoc! {"
        STATIC_ASSETS_PREBUILT=1, but {file} is missing or incomplete
        The assets must be compiled and digested before the build. Most likely this file is excluded from the build by
        .gitignore, .slugignore or .dockerignore. To make it:
          MIX_ENV=prod mix assets.deploy
        To let the build compile the assets, unset STATIC_ASSETS_PREBUILT."
    }
}

fn stale(file: &Display<'_>) -> String {
    formatdoc! {"
        STATIC_ASSETS_PREBUILT=1, but {file} changed after the digest
        The file differs from the one in cache_manifest.json, so browsers would get the older one. Digest again:
          MIX_ENV=prod mix assets.deploy
        To let the build compile the assets, unset STATIC_ASSETS_PREBUILT."
    }
}
