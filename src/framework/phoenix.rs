//! Phoenix: finds the project, runs its asset pipeline and digest, and checks that its pages will link to the version.
//! What decides is read from the app's source. Nothing here knows a store, and no text of the log is here.

mod app_build;
mod app_pages;
mod buildpack_config;
mod cache;
mod cache_manifest;
mod compile;
mod compiled_assets;
mod css;
mod detect;
mod digest;
mod elixir;
mod elixir_values;
mod endpoint;
mod error;
mod event;
mod failure;
mod link_injection;
mod links;
mod node_distribution;
mod node_range;
mod own_static_url;
mod package;
mod packages;
mod page_links;
mod page_text;
mod phx_digest;
mod pipeline;
mod probe;
mod probed_links;
mod probing;
mod production_config;
mod releases;
mod runtime_exs;
mod sources;
mod static_url;
mod throw_away;
mod version;
mod web_app;

use crate::config::PhoenixSettings;
use crate::context::BuildContext;
use crate::framework::{BlockingPolicy, CompileTarget, Compiled, DetectError, Links};
use app_build::AppBuild;
use app_pages::AppPages;
use buildpack_config::BuildpackConfig;
pub(crate) use buildpack_config::{ConfigNote, ELIXIR_CONFIG, STATIC_CONFIG};
use compiled_assets::{add_assets, describe_links};
use detect::{Project, find_project};
pub(crate) use error::{PhoenixError, PhoenixLinkProblem};
pub(crate) use event::{NodeOrigin, OwnStaticUrlProblem, PhoenixEvent, PipelineEvent};
pub(crate) use failure::{NodeMismatch, PhoenixFailure, PhoenixFailureReason};
use links::{LinkVerifier, find_link_that_stays};
pub(crate) use node_distribution::NodeProblem;
pub(crate) use node_range::WantedNode;
use package::Package;
pub(crate) use pipeline::Pipeline;
pub(crate) use probe::ProbeProblem;
#[cfg(test)]
pub(crate) use probed_links::WrongLink;
use sources::STATICS;
use std::path::{Path, PathBuf};
use web_app::WebApp;

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

impl Phoenix {
    pub(crate) fn detect(
        app: &Path,
        settings: &PhoenixSettings,
    ) -> Result<Option<Self>, DetectError> {
        let legacy = BuildpackConfig::read(app)?;
        let project = find_project(app, settings, &legacy)?;
        Ok(project.map(|project| Self { project, legacy }))
    }

    /// Returns the directory of the Mix project, relative to the repository.
    pub(crate) fn root(&self) -> &Path {
        &self.project.root
    }

    /// Describes the project: `mix.exs: shop (ShopWeb.Endpoint), Phoenix 1.7.21, assets/`.
    pub(crate) fn evidence(&self) -> String {
        let apps: Vec<String> = self.project.apps.iter().map(WebApp::to_string).collect();
        format!("{}: {}", self.project.found_by, apps.join("; "))
    }

    /// Describes how a build that has Elixir would make the assets of each app. An app about which that is uncertain
    /// is left out: the build reports why.
    pub(crate) fn pipelines(&self, repository: &Path, settings: &PhoenixSettings) -> Vec<String> {
        let pipeline = |app: &WebApp| {
            let package = self.package(app, repository).ok()?;
            let of_app = || {
                let mix = Some(Path::new("mix"));
                Pipeline::of_app(app, repository, package.as_ref(), mix).ok()
            };
            let pipeline = Pipeline::of_settings(settings, &self.legacy).or_else(of_app)?;
            Some(format!("Assets of {}: {pipeline}", app.otp_app))
        };
        self.project.apps.iter().filter_map(pipeline).collect()
    }

    pub(crate) fn tools(&self, repository: &Path) -> Tools {
        let needs_node = |app: &WebApp| {
            let package = self.package(app, repository);
            package.is_ok_and(|package| package.is_some_and(|package| package.has_dependencies()))
        };
        if self.project.apps.iter().any(needs_node) {
            Tools::Node
        } else {
            Tools::None
        }
    }

    fn package(&self, app: &WebApp, repository: &Path) -> Result<Option<Package>, PhoenixError> {
        let assets_path = self.legacy.assets_path.as_deref();
        Package::find(&repository.join(&app.folder), assets_path)
    }

    /// Judges the policies that the apps write out for such files.
    pub(crate) fn prepare(
        &self,
        ctx: &BuildContext<'_>,
        target: Option<&CompileTarget>,
        files: &[PathBuf],
    ) -> Result<Vec<BlockingPolicy>, PhoenixError> {
        let Some(origin) = target.and_then(|target| target.prefix.origin()) else {
            return Ok(Vec::new());
        };
        let apps = AppPages::read(&self.project, &ctx.app_dir)?;
        let policies = apps.iter().flat_map(|AppPages { links, .. }| {
            let policies = links.policies.iter();
            policies.filter_map(|policy| policy.blocks(origin, files, links.nonces))
        });
        Ok(policies.collect())
    }

    /// Compiles and digests each app in its own directory.
    pub(crate) fn compile(
        &self,
        ctx: &BuildContext<'_>,
        target: Option<&CompileTarget>,
    ) -> Result<Compiled, PhoenixError> {
        ctx.log.event(&PhoenixEvent::Project(&self.evidence()));
        let notes = PipelineEvent::BuildpackConfig(&self.legacy.notes);
        ctx.log.event(&notes);
        if let Some(cache) = ctx.cache.as_ref().filter(|_| self.legacy.clean_cache) {
            cache::remove(cache)?;
            ctx.log.event(&PhoenixEvent::CacheEmptied);
        }
        let project = &self.project;
        let verifier = target.map(|target| LinkVerifier {
            ctx,
            project,
            target,
        });
        if let Some(verifier) = &verifier {
            verifier.verify_source()?;
        }
        for app in &self.project.apps {
            AppBuild::of(ctx, &self.project, &self.legacy, app)?.compile()?;
        }
        let mut apps = AppPages::read(&self.project, &ctx.app_dir)?;
        if let Some(verifier) = &verifier {
            verifier.ask_apps(&mut apps)?;
        }
        let stays = find_link_that_stays(&apps, target.map(|target| &target.prefix), ctx)?;
        let mut compiled = match verifier {
            Some(verifier) => verifier.verify_links(&apps)?,
            None => describe_links(Links::Unverified, None),
        };
        compiled.stays = compiled.stays.or(stays);
        add_assets(&mut compiled, &apps, ctx)?;
        Ok(compiled)
    }
}
