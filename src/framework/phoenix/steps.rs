//! The child processes of a compile, each in the app's own folder.

use super::builder::Builder;
use super::cache::Programs;
use super::digest::{Digest, manifest_mark};
use super::elixir::ElixirSource;
use super::elixir_values::{string_at, words};
use super::location::Locations;
use super::node::Package;
use super::official_node;
use super::packages::Node;
use super::pipeline::Pipeline;
use super::sources::{MANIFEST_KEY, RUNTIME_EXS, production_config};
use super::web_app::WebApp;
use super::{PhoenixError, STATICS};
use crate::command::Command;
use crate::config::DigestChoice;
use crate::context::BuildContext;
use crate::env::ChildEnv;
use crate::fs::{lies_in, read_file};
use crate::log::seconds;
use fs_err as fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// From the sources of one app to its digested `priv/static`.
pub(super) fn compile(
    builder: &Builder<'_>,
    web: &WebApp,
    ctx: &BuildContext<'_>,
) -> Result<(), PhoenixError> {
    let folder = builder.folder(web);
    let package = Package::find(&folder, builder.legacy.assets_path.as_deref())?;
    let choice = (builder.settings, builder.legacy, builder.mix());
    let pipeline = Pipeline::of(web, &builder.ctx.app_dir, package.as_ref(), choice)?;
    require_mix(builder, &pipeline, web, package.as_ref())?;

    let statics = folder.join(STATICS);
    ctx.log
        .bullet(&format!("Assets of {}: {pipeline}", web.otp_app));
    let digest = |env| Digest {
        builder,
        web,
        folder: &folder,
        statics: &statics,
        env,
        pipeline: &pipeline,
    };
    refuse_outside(builder, &statics)?;
    if matches!(pipeline, Pipeline::Prebuilt) {
        digest(&builder.env).accept_prebuilt(ctx)?;
        check_configured_manifest(builder, web)?;
        return Ok(());
    }
    let before = manifest_mark(&statics);
    let env = throw_away_values(builder, web, ctx)?;
    let env = official_node::supply(builder, web, (&pipeline, package.as_ref()), env, ctx)?;
    let programs = match (&builder.ctx.cache, &builder.mix) {
        (Some(cache), Some(_)) => {
            let project = builder.ctx.app_dir.join(&builder.project.root);
            Some(Programs::restore(
                &project,
                cache,
                &program_versions(builder, web)?,
            )?)
        }
        _ => None,
    };
    let node = Node {
        builder,
        web,
        package: package.as_ref(),
        env: &env,
    };
    let kept = node.install(&pipeline, ctx)?;
    let said = run_pipeline(builder, &pipeline, &node, ctx)?;
    refuse_outside(builder, &statics)?;
    digest(&env).finish(before, said, ctx)?;
    check_configured_manifest(builder, web)?;
    if let Some(kept) = kept {
        kept.keep()?;
    }
    if let Some(programs) = programs {
        let moved = programs.keep()?;
        if !moved.is_empty() {
            ctx.log.detail(&format!(
                "kept for the next build, out of the image: {}",
                moved.join(", ")
            ));
        }
    }
    Ok(())
}

fn require_mix(
    builder: &Builder<'_>,
    pipeline: &Pipeline,
    web: &WebApp,
    package: Option<&Package>,
) -> Result<(), PhoenixError> {
    let needs =
        matches!(pipeline, Pipeline::Alias(_)) || builder.settings.digest == DigestChoice::Mix;
    if needs && builder.mix.is_none() {
        return Err(PhoenixError::NoMix {
            path: builder.env.text("PATH").unwrap_or_default().to_owned(),
            pipeline: pipeline.to_string(),
            app: web.otp_app.clone(),
            package: package
                .map(|package| builder.ctx.relative(&package.folder).join("package.json")),
        });
    }
    Ok(())
}

/// A folder of the app that is another one's is not the app's to publish or to write into.
fn refuse_outside(builder: &Builder<'_>, statics: &Path) -> Result<(), PhoenixError> {
    if statics.exists() && !lies_in(statics, &builder.ctx.app_dir) {
        return Err(PhoenixError::Outside {
            path: builder.ctx.relative(statics).to_owned(),
            leads_to: fs::canonicalize(statics)?,
        });
    }
    Ok(())
}

/// Phoenix starts without a manifest as well, with an error in its log and undigested links.
fn check_configured_manifest(builder: &Builder<'_>, web: &WebApp) -> Result<(), PhoenixError> {
    for file in production_config(&builder.ctx.app_dir.join(&web.config)) {
        let source = ElixirSource::read(&file)?;
        for at in words(&source.bare, MANIFEST_KEY) {
            // The file of another app of the umbrella is that one's to check.
            let is_its_own = builder.project.is_about(web, &source.bare[..at]);
            let configured = string_at(&source, at + MANIFEST_KEY.len()).map(PathBuf::from);
            if let Some(configured) = configured.filter(|_| is_its_own)
                && !builder.folder(web).join(&configured).is_file()
            {
                let place = Locations::of(builder.ctx.relative(&file), &source.code).at(at);
                return Err(PhoenixError::OtherManifest { place, configured });
            }
        }
    }
    Ok(())
}

/// `config/prod.secret.exs`, as it was made before Phoenix 1.6, raises without these at every start of
/// Mix, although compiling assets needs neither.
fn throw_away_values(
    builder: &Builder<'_>,
    web: &WebApp,
    ctx: &BuildContext<'_>,
) -> Result<ChildEnv, PhoenixError> {
    const VALUES: [(&str, &str); 2] = [
        (
            "SECRET_KEY_BASE",
            "unused-while-compiling-assets-unused-while-compiling-assets-unused-while",
        ),
        ("DATABASE_URL", "ecto://unused:unused@localhost/unused"),
    ];
    let mut env = builder.env.clone();
    let mut given = Vec::new();
    for file in production_config(&builder.ctx.app_dir.join(&web.config)) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if name == RUNTIME_EXS {
            continue;
        }
        let source = ElixirSource::read(&file)?;
        for (variable, value) in VALUES {
            if env.text(variable).is_none() && source.texts(variable).next().is_some() {
                env = env.with(variable, value);
                given.push(format!("{variable} ({name})"));
            }
        }
    }
    if !given.is_empty() && builder.mix.is_some() {
        ctx.log.warning(&format!(
            "{} asked for while the configuration is read: throw-away values, for this step alone. \
             config/runtime.exs asks when the app starts.",
            given.join(", ")
        ));
    }
    Ok(env)
}

/// What says which programs of the `esbuild` and `tailwind` packages are wanted.
fn program_versions(builder: &Builder<'_>, web: &WebApp) -> Result<String, PhoenixError> {
    let mut versions = String::new();
    for file in production_config(&builder.ctx.app_dir.join(&web.config)) {
        let source = ElixirSource::read(&file)?;
        for package in ["config :esbuild,", "config :tailwind,"] {
            for at in words(&source.bare, package) {
                let key = words(&source.bare, "version:").find(|key| *key > at);
                let version = key.and_then(|key| string_at(&source, key + "version:".len()));
                versions.extend([package, " ", &version.unwrap_or_default(), "\n"]);
            }
        }
    }
    let lock = read_file(&builder.lock_file()).unwrap_or_default();
    let lock = String::from_utf8_lossy(&lock);
    let packages = lock
        .lines()
        .filter(|line| line.contains("{:hex, :esbuild,") || line.contains("{:hex, :tailwind,"));
    versions.extend(packages.map(|line| format!("{}\n", line.trim())));
    Ok(versions)
}

fn run_pipeline(
    builder: &Builder<'_>,
    pipeline: &Pipeline,
    node: &Node<'_>,
    ctx: &BuildContext<'_>,
) -> Result<String, PhoenixError> {
    let web = node.web;
    let folder = builder.folder(web);
    let start = SystemTime::now();
    let said = match pipeline {
        Pipeline::Command(line) => {
            let command = Command::shell(line, &folder, node.env);
            node.finish(&command, ctx)?
        }
        Pipeline::Script(script) => {
            let env = node.script_env(&folder, &builder.ctx.app_dir);
            let assets = node.package.map_or(&folder, |package| &package.folder);
            let prelude = builder.ctx.scratch.join("compile-prelude.sh");
            fs::write(&prelude, SCRIPT_PRELUDE)?;
            let command = Command::new("bash", assets, &env)
                .argument(prelude)
                .argument(builder.ctx.app_dir.join(script));
            node.finish(&command, ctx)?
        }
        Pipeline::Alias(steps) => {
            let setup = web.setup.as_ref().map(|_| "assets.setup");
            // Hooks beside their components are written by the compiler:
            // https://github.com/phoenixframework/phoenix/pull/6333
            let compiles = steps.iter().any(|step| step.starts_with("compile"));
            let compile = (!compiles).then_some("compile");
            let mut said = String::new();
            for task in [setup, compile, Some("assets.deploy")]
                .into_iter()
                .flatten()
            {
                let command = Builder::mix_command(&folder, node.env, &[task]);
                ctx.log.detail(&command.shown());
                said = node.finish(&command, ctx)?;
            }
            said
        }
        Pipeline::Package { script } => node.finish(&node.script(script), ctx)?,
        Pipeline::Brunch { folder } => {
            let program = folder.join("node_modules/.bin/brunch");
            let command = Command::new(
                if program.exists() {
                    program.into_os_string()
                } else {
                    "brunch".into()
                },
                folder,
                node.env,
            )
            .argument("build")
            .argument("--production");
            node.finish(&command, ctx)?
        }
        Pipeline::DigestOnly | Pipeline::Prebuilt => return Ok(String::new()),
    };
    let taken = start.elapsed().unwrap_or_default();
    ctx.log.detail(&format!("done in {}", seconds(taken)));
    Ok(said)
}

/// The functions that scripts written for the buildpack call, then the script.
const SCRIPT_PRELUDE: &str = r#"set -eo pipefail
info() { echo "       $*"; }
indent() { while IFS= read -r line; do echo "       $line"; done; }
head() { echo; echo "-----> $*"; }
. "$1"
"#;
