//! Renders what the running app finds as layers, labels and a process.

use super::{BuildError, StaticAssets, not_written, sbom};
use crate::config::NAMESPACE;
use crate::config::env_vars::STATIC_URL;
use crate::context::{CheckedSite, PreviousBuild};
use crate::fs::{remove_dir_if_exists, write_for_all};
use crate::launch::LaunchVar;
use crate::launch::publisher::{DEFERRED_DIR, PROGRAM, install_program};
use crate::publish::Published;
use fs_err as fs;
use libcnb::build::BuildContext;
use libcnb::data::launch::{self, Label, LaunchBuilder, Process, ProcessBuilder};
use libcnb::data::{layer_name, process_type};
use libcnb::layer::UncachedLayerDefinition;
use libcnb::layer_env::{LayerEnv, ModificationBehavior, Scope};
use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

/// The layer with the files that processes load.
pub(super) const INJECT: &str = "inject";
/// The layer that only builds need: tools and packages that a pipeline has fetched.
pub(super) const CACHE: &str = "cache";

const AT_LAUNCH: UncachedLayerDefinition = UncachedLayerDefinition {
    build: false,
    launch: true,
};

/// What the previous build published. The lifecycle restores the layer `env`, which holds it, from the previous image.
pub(super) fn previous_build(layers: &Path) -> Option<PreviousBuild> {
    let text = fs::read_to_string(layers.join("env.toml")).ok()?;
    let layer: toml::Table = text.parse().ok()?;
    let metadata = |name: &str| layer.get("metadata")?.get(name)?.as_str();
    let text = |name: &str| metadata(name).map(str::to_owned);
    Some(PreviousBuild {
        version: metadata("version")?.parse().ok()?,
        checked: text("url")
            .zip(text("store"))
            .map(|(url, store)| CheckedSite { url, store }),
    })
}

pub(super) fn write(
    context: &BuildContext<StaticAssets>,
    published: &Published,
) -> libcnb::Result<launch::Launch, BuildError> {
    let found = &published.launch;
    let vars = found.vars.iter();
    let (prepends, plain): (Vec<_>, Vec<_>) =
        vars.partition(|var| matches!(var, LaunchVar::PrependFolder { .. }));
    let env_layer = context.uncached_layer(layer_name!("env"), AT_LAUNCH)?;
    env_layer.write_env(layer_env(plain, &env_layer.path()))?;
    if let Some(version) = found.version() {
        let mut metadata = BTreeMap::from([("version", version)]);
        let uploaded = published.uploaded.as_ref();
        if let Some(store) = uploaded.and_then(|it| it.checked_store.as_ref()) {
            metadata.extend([("url", published.release.prefix.url()), ("store", store)]);
        }
        env_layer.write_metadata(metadata)?;
    }
    if !prepends.is_empty() {
        let inject = context.uncached_layer(layer_name!("inject"), AT_LAUNCH)?;
        for file in &found.files {
            let path = inject.path().join(&file.path);
            write_for_all(&path, &file.content).map_err(not_written)?;
        }
        inject.write_env(layer_env(prepends, &inject.path()))?;
    }
    let mut described = LaunchBuilder::new();
    if published.is_deferred() {
        described.process(add_publisher(context).map_err(not_written)?);
    }
    let labels = published.report().into_iter().map(|(name, value)| Label {
        key: format!("{NAMESPACE}.{name}"),
        value,
    });
    Ok(described.labels(labels).build())
}

/// Adds what uploads in the release phase: this program, the saved files beside it, and a process that starts it.
fn add_publisher(context: &BuildContext<StaticAssets>) -> io::Result<Process> {
    // The core filled this layer; libcnb would empty a layer that it did not make.
    declare_layer(&context.layers_dir, DEFERRED_DIR, "launch")?;
    declare_layer(&context.layers_dir, "publisher", "launch")?;
    sbom::write(&context.layers_dir, "publisher")?;
    let layer = context.layers_dir.join("publisher");
    let program = layer.join("bin").join(PROGRAM);
    remove_dir_if_exists(&layer)?;
    install_program(&program)?;
    // A link, because libcnb would copy megabytes once more.
    let at_start = layer.join("exec.d");
    fs::create_dir_all(&at_start)?;
    symlink(
        Path::new("../bin").join(PROGRAM),
        at_start.join(super::REBASE),
    )?;
    let program = program.to_string_lossy();
    let command = [&*program, "publish", "--prepared"];
    Ok(ProcessBuilder::new(process_type!("static-assets-publish"), command).build())
}

/// Keeps the cache for the next build, if this build left something there.
pub(super) fn keep_cache(layers: &Path) -> io::Result<()> {
    if layers.join(CACHE).is_dir() {
        declare_layer(layers, CACHE, "cache")?;
    }
    Ok(())
}

fn declare_layer(layers: &Path, name: &str, kind: &str) -> io::Result<()> {
    let types = format!("[types]\n{kind} = true\n");
    fs::write(layers.join(format!("{name}.toml")), types)
}

fn layer_env(vars: Vec<&LaunchVar>, layer: &Path) -> LayerEnv {
    use ModificationBehavior::{Default, Delimiter, Override, Prepend};
    let mut env = LayerEnv::new();
    for var in vars {
        match var {
            LaunchVar::Override { name, value } => env.insert(Scope::Launch, Override, name, value),
            LaunchVar::Default { name, value } => env.insert(Scope::Launch, Default, name, value),
            LaunchVar::Url(url) => env.insert(Scope::Launch, Default, STATIC_URL, url),
            LaunchVar::PrependFolder { name, folder } => {
                env.insert(Scope::Launch, Prepend, name, layer.join(folder));
                env.insert(Scope::Launch, Delimiter, name, ":");
            }
        }
    }
    env
}
