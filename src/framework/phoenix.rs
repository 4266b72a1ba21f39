//! Phoenix: the app's own asset pipeline, its digest, and the way in which its pages follow.

mod builder;
mod buildpack_config;
mod cache;
mod cache_manifest;
mod css;
mod detect;
mod digest;
mod elixir;
mod endpoint;
mod failure;
mod fixed_links;
mod links;
mod node;
mod node_range;
mod official_node;
mod packages;
mod pages;
mod phx_digest;
mod pipeline;
mod reads;
mod releases;
mod runtime_exs;
mod sources;
mod steps;
mod templates;
mod version;

use crate::command::CommandError;
use crate::config::PhoenixSettings;
use crate::context::BuildContext;
use crate::framework::{
    CompileTarget, Compiled, DetectError, Fallback, FallbackSwitch, Links, NotFollowing,
};
use crate::fs::files_below;
use crate::log::{Log, count};
use crate::manifest::{AssetRoot, Assets, ScanError};
use builder::Builder;
use buildpack_config::BuildpackConfig;
use cache_manifest::CacheManifest;
use detect::Project;
pub(crate) use failure::{NodeMismatch, PhoenixFailure, PhoenixFailureReason};
pub(crate) use links::PhoenixLinkProblem;
use links::{Judge, Verdict};
pub(crate) use official_node::NodeProblem;
use pages::{Built, tell_of_fixed_links};
use pipeline::{Mix, Pipeline};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
pub(crate) use templates::Place;
use templates::Usage;

/// Where Phoenix serves files from, in the folder of an app.
const STATICS: &str = "priv/static";

#[derive(Debug)]
pub(crate) struct Phoenix {
    project: Project,
    legacy: BuildpackConfig,
}

/// What a build needs that Elixir's buildpacks do not install.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tools {
    None,
    Node,
}

#[derive(Debug, derive_more::From)]
pub(crate) enum PhoenixError {
    NoMix {
        path: String,
        pipeline: String,
        app: String,
        /// Where scripts of npm might do it.
        package: Option<PathBuf>,
    },
    NoNode {
        program: &'static str,
        /// Node.js itself, where only its package manager is missing.
        node: Option<PathBuf>,
        pipeline: String,
        package: PathBuf,
        path: String,
    },
    /// The official Node.js could not be fetched.
    Node {
        url: String,
        problem: Box<NodeProblem>,
    },
    /// Nothing says how the assets are made, and none are there.
    NoPipeline {
        app: String,
        folder: PathBuf,
        /// Of `package.json`, where there is one.
        scripts: Option<Vec<String>>,
    },
    PackageJson {
        path: PathBuf,
        error: serde_json::Error,
    },
    Failed(Box<PhoenixFailure>),
    /// What the scan would refuse, found before anything is written beside it.
    Refused(ScanError),
    /// A folder that leads out of the app.
    Outside {
        path: PathBuf,
        leads_to: PathBuf,
    },
    /// `cache_manifest.json` is there, and is none.
    Manifest(io::Error),
    /// It ended well, and there is no new manifest or nothing in it.
    NothingDigested {
        pipeline: String,
        folder: PathBuf,
        output: String,
    },
    /// `cache_static_manifest` names another file than the digest's.
    OtherManifest {
        place: Place,
        configured: PathBuf,
    },
    /// Not there, although it was digested before the build.
    Prebuilt {
        file: PathBuf,
    },
    /// Changed since it was digested.
    Stale {
        file: PathBuf,
    },
    NotFollowing(Box<NotFollowing<PhoenixLinkProblem>>),
    #[from]
    Start(CommandError),
    #[from]
    Io(io::Error),
}

impl Phoenix {
    pub(crate) fn detect(
        app: &Path,
        settings: &PhoenixSettings,
    ) -> Result<Option<Self>, DetectError> {
        let legacy = BuildpackConfig::read(app)?;
        let project = detect::find(app, settings, &legacy)?;
        Ok(project.map(|project| Self { project, legacy }))
    }

    /// `mix.exs: shop (ShopWeb.Endpoint), Phoenix 1.7.21, assets/`
    /// The folder of the Mix project below the repository's.
    pub(crate) fn root(&self) -> &Path {
        &self.project.root
    }

    pub(crate) fn evidence(&self) -> String {
        let apps: Vec<String> = self
            .project
            .apps
            .iter()
            .map(|app| {
                let version = app.version.map_or_else(
                    || "Phoenix of unknown version".to_owned(),
                    |version| format!("Phoenix {version}"),
                );
                format!(
                    "{} ({}), {version}, {}",
                    app.otp_app,
                    app.modules(),
                    app.assets
                )
            })
            .collect();
        format!("{}: {}", self.project.because, apps.join("; "))
    }

    /// How the assets of each app would be made, in a build that has Elixir; what can't be told is left to it.
    pub(crate) fn pipelines(&self, repository: &Path, settings: &PhoenixSettings) -> Vec<String> {
        let pipeline = |app: &detect::WebApp| {
            let named = self.legacy.assets_path.as_deref();
            let package = node::Package::find(&repository.join(&app.folder), named).ok()?;
            let choice = (settings, &self.legacy, Mix::Found);
            let pipeline = Pipeline::of(app, repository, package.as_ref(), choice).ok()?;
            Some(format!("Assets of {}: {pipeline}", app.otp_app))
        };
        self.project.apps.iter().filter_map(pipeline).collect()
    }

    /// What a build of it runs besides Elixir.
    pub(crate) fn tools(&self, repository: &Path) -> Tools {
        let wants_node = |app: &detect::WebApp| {
            let named = self.legacy.assets_path.as_deref();
            let package = node::Package::find(&repository.join(&app.folder), named);
            package.is_ok_and(|package| package.is_some_and(|package| package.has_dependencies()))
        };
        if self.project.apps.iter().any(wants_node) {
            Tools::Node
        } else {
            Tools::None
        }
    }

    /// Compiles and digests each app where it is.
    pub(crate) fn compile(
        &self,
        ctx: &BuildContext<'_>,
        target: Option<&CompileTarget>,
    ) -> Result<Compiled, PhoenixError> {
        ctx.log.bullet(&self.evidence());
        for note in &self.legacy.notes {
            ctx.log.detail(note);
        }
        if self.legacy.clean_cache
            && let Some(cache) = &ctx.cache
        {
            cache::remove(cache)?;
            ctx.log.detail("cache emptied: clean_cache=true");
        }
        let settings = &ctx.config.framework.phoenix;
        let builder = Builder::new(ctx, (&self.project, settings, &self.legacy));
        let judge = target.map(|target| Judge {
            repository: &ctx.app_dir,
            project: &self.project,
            target,
            inject: ctx.inject(),
            pin: ctx.image.hook.pin(),
        });
        if let Some(judge) = &judge {
            judge.refuse_early(&self.built(ctx)?)?;
        }
        for web in &self.project.apps {
            steps::compile(&builder, web, ctx)?;
        }
        let built = self.built(ctx)?;
        let prefix = target.map(|target| &target.prefix);
        let mut fixed = None;
        for built in &built {
            let found = fixed_links::find(&built.folder, ctx.relative(&built.folder))?;
            fixed = fixed.or(tell_of_fixed_links(built, &found, prefix, ctx.log));
        }
        let Some(judge) = judge else {
            let unasked = Verdict {
                links: Links::Unverified,
                injection: None,
                switch: FallbackSwitch::StaticUrl,
                stays: None,
            };
            return self.compiled(ctx, &built, unasked, ctx.log);
        };
        let mut verdict = judge.judge(&built, ctx.log)?;
        verdict.stays = verdict.stays.or(fixed);
        self.compiled(ctx, &built, verdict, ctx.log)
    }

    /// Each app, with where its assets are and how its pages link to them.
    fn built(&self, ctx: &BuildContext<'_>) -> io::Result<Vec<Built<'_>>> {
        let is_alone = self.project.apps.len() == 1;
        let built = self.project.apps.iter().map(|web| {
            let folder = ctx.app_dir.join(&web.folder).join(STATICS);
            Ok(Built {
                app: web,
                usage: Usage::of(&ctx.app_dir, web, &folder)?,
                folder,
                mount: if is_alone {
                    String::new()
                } else {
                    format!("{}/", web.otp_app)
                },
            })
        });
        built.collect()
    }

    fn compiled(
        &self,
        ctx: &BuildContext<'_>,
        built: &[Built<'_>],
        verdict: Verdict,
        log: &Log,
    ) -> Result<Compiled, PhoenixError> {
        let mut by_products = BTreeSet::new();
        let mut unpublished = BTreeSet::new();
        let mut roots = Vec::new();
        for Built { folder, mount, .. } in built {
            by_products.extend(compressed_forms(folder)?.map(|path| format!("{mount}{path}")));
            unpublished.insert(format!("{mount}{}", CacheManifest::NAME));
            let left = left_of_earlier_digests(folder)?;
            if !left.is_empty() {
                log.detail(&format!(
                    "left out: {} of an earlier digest (mix phx.digest.clean --all removes them)",
                    count(left.len(), "file")
                ));
            }
            unpublished.extend(left.iter().map(|path| format!("{mount}{path}")));
            roots.push(AssetRoot {
                mount: mount.clone(),
                folder: folder.clone(),
            });
        }
        let mut reads_release_version = false;
        for web in &self.project.apps {
            reads_release_version |= reads::reads_release_version(&ctx.app_dir, web)?;
        }
        Ok(Compiled {
            assets: Assets { roots },
            links: verdict.links,
            injection: verdict.injection,
            reads_release_version,
            by_products,
            unpublished,
            runtime_files: Vec::new(),
            fallback: Fallback::InPlace(verdict.switch),
            stays: verdict.stays,
        })
    }
}

/// A tree that was digested before would else make another version than a clean one.
fn left_of_earlier_digests(folder: &Path) -> Result<Vec<String>, PhoenixError> {
    let Some(manifest) = builder::read_manifest(folder)? else {
        return Ok(Vec::new());
    };
    let latest: BTreeSet<&String> = manifest.latest.values().collect();
    let older = manifest
        .digests
        .keys()
        .filter(|path| !latest.contains(path) && folder.join(path).is_file());
    Ok(older.cloned().collect())
}

/// What compressors made of other files: a store serves one encoding of a name.
fn compressed_forms(folder: &Path) -> io::Result<impl Iterator<Item = String>> {
    let files: BTreeSet<String> = files_below(folder)?
        .into_iter()
        .filter_map(|path| path.into_os_string().into_string().ok())
        .collect();
    let forms: Vec<String> = files
        .iter()
        .filter(|path| {
            let original = [".gz", ".br", ".zst", ".deflate"]
                .iter()
                .find_map(|form| path.strip_suffix(form));
            original.is_some_and(|original| files.contains(original))
        })
        .cloned()
        .collect();
    Ok(forms.into_iter())
}
