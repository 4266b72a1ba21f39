//! The pages of an app, and where the files that they link to are.

use super::PhoenixError;
use super::detect::Project;
use super::elixir_values::{find_env_read, has_word};
use super::error::PhoenixLinkProblem;
use super::own_static_url::{AppSources, OwnStaticUrl, SourceFile, own_host};
use super::page_links::PageLinks;
use super::probed_links::ProbedApp;
use super::sources::{MANIFEST_KEY, RUNTIME_EXS, STATICS};
use super::static_url::{EndpointTarget, StaticUrlForm, snippet};
use super::web_app::WebApp;
use crate::config::env_vars::RELEASE_VERSION;
use crate::framework::NotFollowing;
use crate::framework::written_policies::find_policies;
use crate::prefix::Prefix;
use std::io;
use std::path::{Path, PathBuf};

pub(super) struct AppPages<'a> {
    pub(super) app: &'a WebApp,
    pub(super) links: PageLinks,
    /// Where the app's source reads `STATIC_URL`, if it does.
    pub(super) own_url: Option<OwnStaticUrl>,
    /// What the app answered, if it could be asked.
    pub(super) probed: Option<ProbedApp>,
    pub(super) static_dir: PathBuf,
    /// The app's directory under the version. Empty, or ends with `/`.
    pub(super) mount: String,
    sources: AppSources,
    /// Scheme, host and port of its `url:`, as the configuration writes them.
    own_host: String,
    /// The directory of its configuration.
    pub(super) config: PathBuf,
}

impl<'a> AppPages<'a> {
    /// Reads the pages of each app of a project.
    pub(super) fn read(project: &'a Project, repository: &Path) -> io::Result<Vec<Self>> {
        let is_alone = project.apps.len() == 1;
        let pages = project.apps.iter().map(|app| {
            let dir = repository.join(&app.folder);
            let static_dir = dir.join(STATICS);
            let sources = AppSources::read(repository, app)?;
            let mut links = PageLinks::read(repository, &dir, &static_dir)?;
            for file in &sources.config {
                let policies = find_policies(&file.path, &file.source.code);
                links.policies.extend(policies);
            }
            let mount = (!is_alone).then(|| format!("{}/", app.otp_app));
            Ok(Self {
                app,
                links,
                own_url: OwnStaticUrl::find(&sources, project, app),
                probed: None,
                own_host: own_host(&sources, project, app),
                sources,
                static_dir,
                mount: mount.unwrap_or_default(),
                config: repository.join(&app.config),
            })
        });
        pages.collect()
    }

    /// Returns the app's script of boot, if it has one.
    pub(super) fn runtime_exs(&self) -> Option<PathBuf> {
        let script = self.config.join(RUNTIME_EXS);
        script.is_file().then_some(script)
    }

    /// Lists the endpoints, with the form of `static_url` that makes the pages follow.
    pub(super) fn targets(&self) -> impl Iterator<Item = EndpointTarget<'_>> {
        let probed = self.probed.as_ref().and_then(|probed| probed.form.as_ref());
        let form = probed.map(|(form, _)| *form);
        self.targets_with(form.unwrap_or_else(|| StaticUrlForm::for_links(&self.links)))
    }

    pub(super) fn targets_with(
        &self,
        form: StaticUrlForm,
    ) -> impl Iterator<Item = EndpointTarget<'_>> {
        let mount = self.mount.trim_end_matches('/');
        self.app
            .endpoints
            .iter()
            .map(move |endpoint| EndpointTarget {
                endpoint,
                form,
                mount,
                own_host: (!self.links.hosts.is_empty()).then_some(&*self.own_host),
            })
    }

    /// These apps don't follow. The error shows the lines that would make them follow.
    pub(super) fn not_following(why: PhoenixLinkProblem, apps: &[&Self]) -> PhoenixError {
        let targets: Vec<_> = apps.iter().flat_map(|pages| pages.targets()).collect();
        let snippet = snippet(&targets);
        PhoenixError::NotFollowing(Box::new(NotFollowing { why, snippet }))
    }

    /// Why no configuration can make the pages follow the public URL.
    pub(super) fn find_problem(&self, prefix: &Prefix) -> Option<PhoenixLinkProblem> {
        let (links, app) = (&self.links, self.app);
        if links.paths.is_empty() && links.urls.is_empty() && !links.fixed_code.is_empty() {
            let links = links.fixed_code.clone();
            return Some(PhoenixLinkProblem::WrittenByHand(links));
        }
        if app.endpoints.is_empty() {
            return Some(PhoenixLinkProblem::NoEndpoint(app.otp_app.clone()));
        }
        if let Some(probed) = &self.probed
            && links.urls.is_empty() | self.runtime_exs().is_some()
        {
            let injected = probed.injected();
            let follows = injected.is_some_and(|outcome| outcome.wrong.is_empty());
            let otp_app = app.otp_app.clone();
            return match self.runtime_exs() {
                _ if follows => None,
                Some(_) => Some(self.mixed()),
                None => Some(PhoenixLinkProblem::NoManifest(otp_app)),
            };
        }
        let url = links.urls.first()?.clone();
        if prefix.is_path() {
            return Some(PhoenixLinkProblem::NoHost(url));
        }
        (!links.paths.is_empty()).then(|| self.mixed())
    }

    /// No form of `static_url` makes all links of these pages follow.
    pub(super) fn mixed(&self) -> PhoenixLinkProblem {
        // Others are for sockets and devices.
        let endpoints = &self.app.endpoints;
        let of_pages = endpoints.iter().find(|it| it.module.ends_with(".Endpoint"));
        let endpoint = of_pages.or(endpoints.first());
        PhoenixLinkProblem::Mixed {
            paths: self.links.paths.clone(),
            urls: self.links.urls.clone(),
            endpoint: endpoint.map_or_else(String::new, |endpoint| endpoint.module.clone()),
        }
    }

    /// Whether the configuration sets a `static_url`, or an endpoint may do so.
    pub(super) fn sets_static_url(&self) -> bool {
        let is_set = |file: &SourceFile| has_word(&file.source.bare, "static_url:");
        let mut files = self.sources.config.iter().chain(&self.sources.code);
        files.any(is_set) || self.own_url.is_some()
    }

    /// Returns the script that only releases of Elixir before 1.11 evaluate at boot, if it is there and `runtime.exs` is not.
    pub(super) fn releases_exs(&self) -> Option<PathBuf> {
        let script = self.config.join("releases.exs");
        (script.is_file() && self.runtime_exs().is_none()).then_some(script)
    }

    /// Whether Phoenix reads the names of digested files from a manifest.
    pub(super) fn reads_manifest(&self) -> bool {
        let mut config = self.sources.config.iter();
        config.any(|file| has_word(&file.source.bare, MANIFEST_KEY))
    }

    /// Whether the app asks for the version in the way that elsewhere names its own release.
    pub(super) fn reads_release_version(&self) -> bool {
        let name = &[RELEASE_VERSION.name];
        let mut files = self.sources.config.iter().chain(&self.sources.code);
        files.any(|file| find_env_read(&file.source, name).is_some())
    }
}
