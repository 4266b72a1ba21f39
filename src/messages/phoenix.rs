//! Why the assets of a Phoenix app could not be compiled.

use super::phoenix_node::no_official_node;
use super::{Explain, Kind, Message, titled};
use crate::framework::PhoenixError;
use indoc::formatdoc;
use std::path::Path;

impl Explain for PhoenixError {
    fn explain(&self) -> Message {
        let (kind, details) = match self {
            Self::Node(url, problem) => return no_official_node(url, problem),
            Self::Failed(failure) => return failure.explain(),
            Self::Refused(error) => return error.explain(),
            Self::NotFollowing(not_following) => return not_following.explain(),
            Self::Start(error) => return error.explain(),
            Self::Outside { .. } => (Kind::Refused, String::new()),
            Self::Prebuilt(_) | Self::Stale(_) => (Kind::Configuration, String::new()),
            Self::PackageJson(_, error) => (Kind::App, error.to_string()),
            Self::Manifest(error) => (Kind::App, error.to_string()),
            Self::NothingDigested { output, .. } => (Kind::App, output.clone()),
            Self::Io(error) => (Kind::Machine, error.to_string()),
            _ => (Kind::App, String::new()),
        };
        titled(kind, &text(self)).with_details(details)
    }
}

/// The title, and under it the cause and the fix.
#[allow(
    clippy::too_many_lines,
    reason = "one text for each error, in one place"
)]
fn text(error: &PhoenixError) -> String {
    match error {
        PhoenixError::NoMix {
            path,
            pipeline,
            app,
            package,
        } => {
            let script = package.as_ref().map_or_else(String::new, |package| {
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
        PhoenixError::NoNode {
            program,
            node: None,
            pipeline,
            package,
            path,
        } => formatdoc! {"
            No Node.js: '{program}' is not on PATH
            {package} has dependencies, and the assets are made by {pipeline}. No directory of PATH holds
            '{program}':
              {path}
            This build step does not download Node.js. Run a buildpack that installs it before this one:
              pack build app --buildpack heroku/nodejs --buildpack <this buildpack>
              heroku buildpacks:add --index 1 heroku/nodejs
            heroku/nodejs looks for package.json at the top of the repository. In a Dockerfile, install Node.js
            in the stage that compiles. Or compile before the build: STATIC_ASSETS_PREBUILT=1",
            package = package.display()
        },
        PhoenixError::NoNode {
            program,
            node: Some(node),
            package,
            ..
        } => formatdoc! {"
            {package} uses {program}, but {program} is not on PATH
            Node.js is installed ({node}). The lock file or packageManager says that {program} installs the
            packages. Install it before this build step:
              {install}",
            package = package.display(),
            node = node.display(),
            install = match *program {
                "bun" => "npm install --global bun",
                "npm" => "apt-get install npm",
                _ => "corepack enable",
            }
        },
        PhoenixError::NoPipeline {
            app,
            folder,
            scripts,
        } => no_pipeline(app, folder, scripts.as_deref()),
        PhoenixError::PackageJson(path, _) => format!(
            "{} is not valid JSON\nnpm would reject it, too.",
            path.display()
        ),
        PhoenixError::Outside { path, leads_to } => formatdoc! {"
            {path} leads out of the app to {leads_to}
            Only files of the app itself are published. Copy them into the app, or publish the other directory
            as it is:
              STATIC_ASSETS_DIR={leads_to}",
            path = path.display(),
            leads_to = leads_to.display()
        },
        PhoenixError::Manifest(_) => formatdoc! {"
            cache_manifest.json is not a manifest of a digest
            Remove it with all digested files, and keep them out of the repository:
              mix phx.digest.clean --all"
        },
        PhoenixError::NothingDigested {
            pipeline, folder, ..
        } => formatdoc! {"
            The asset pipeline left no new {dir}/cache_manifest.json
            {pipeline} succeeded, but wrote no manifest with files in it.
            Pages would link to files that are not published. mix phx.digest does so if {dir} is missing or
            empty, or if it is given another directory. Let the pipeline write to {dir}, or set the command
            that makes the assets:
              STATIC_ASSETS_COMPILE_COMMAND=\"…\"",
            dir = folder.display()
        },
        PhoenixError::OtherManifest(location, configured) => formatdoc! {"
            cache_static_manifest names a missing file: {configured}
            {location} makes Phoenix read the names of the digested files from this file, which no
            digest has written. The app would log an error at start and link to undigested files. The digest writes:
              cache_static_manifest: \"priv/static/cache_manifest.json\"",
            configured = configured.display()
        },
        PhoenixError::Prebuilt(file) => formatdoc! {"
            STATIC_ASSETS_PREBUILT=1, but {file} is missing or incomplete
            The assets must be compiled and digested before the build. Most likely this file is excluded from the build by
            .gitignore, .slugignore or .dockerignore. To make it:
              MIX_ENV=prod mix assets.deploy
            To let the build compile the assets, unset STATIC_ASSETS_PREBUILT.",
            file = file.display()
        },
        PhoenixError::Stale(file) => formatdoc! {"
            STATIC_ASSETS_PREBUILT=1, but {file} changed after the digest
            The file differs from the one in cache_manifest.json, so browsers would get the older one. Digest again:
              MIX_ENV=prod mix assets.deploy
            To let the build compile the assets, unset STATIC_ASSETS_PREBUILT.",
            file = file.display()
        },
        // The others explain themselves.
        PhoenixError::Node(..)
        | PhoenixError::Failed(_)
        | PhoenixError::Refused(_)
        | PhoenixError::NotFollowing(_)
        | PhoenixError::Start(_)
        | PhoenixError::Io(_) => formatdoc! {"
            A file can't be read or written
            The build step compiled the assets and could not read or write a file."
        },
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
        {dir}priv/static holds no script or stylesheet. Add one of these:
          aliases: [\"assets.deploy\": [\"esbuild {app} --minify\", \"phx.digest\"]]     in mix.exs
          \"scripts\": {{\"deploy\": \"webpack --mode production\"}}                       in package.json
          STATIC_ASSETS_COMPILE_COMMAND=\"…\"
        If the app has no assets:
          STATIC_ASSETS_DISABLE=1"
    }
}
