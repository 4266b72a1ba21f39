//! The link check: would the pages of an app link to the version?

use super::PhoenixError;
use super::app_pages::AppPages;
use super::compiled_assets::describe_links;
use super::detect::Project;
use super::error::PhoenixLinkProblem;
use super::event::{OwnStaticUrlProblem, PhoenixEvent};
use super::page_links::LinkedFile;
use super::phx_digest::holds_digest;
use super::releases::AssembledRelease;
use super::sources::{files_in, has_extension};
use super::static_url::{EndpointTarget, StaticUrlForm};
use crate::config::Inject;
use crate::config::env_vars::STATIC_URL;
use crate::context::BuildContext;
use crate::framework::fixed_links::{SCRIPTS, find_fixed_links};
use crate::framework::{CompileTarget, Compiled, LinkReason, Links, Stays};
use crate::prefix::Prefix;
use std::io;
use std::path::Path;

pub(super) struct LinkVerifier<'a> {
    pub(super) ctx: &'a BuildContext<'a>,
    pub(super) project: &'a Project,
    pub(super) target: &'a CompileTarget,
}

impl LinkVerifier<'_> {
    /// Ends the build before minutes of compiling if the app's source doesn't read `STATIC_URL` and the build may not
    /// change that.
    pub(super) fn verify_source(&self) -> Result<(), PhoenixError> {
        let Some(why) = self.injection_problem() else {
            return Ok(());
        };
        let apps = AppPages::read(self.project, &self.ctx.app_dir)?;
        // What an app that sets it makes of it is asked once the app is compiled.
        let can_ask = self.can_ask();
        let may_follow = |it: &AppPages<'_>| match &it.own_url {
            _ if can_ask && it.sets_static_url() => true,
            Some(own) => own.fits(&it.links),
            None => false,
        };
        let others: Vec<_> = apps.iter().filter(|pages| !may_follow(pages)).collect();
        if others.iter().all(|pages| pages.app.endpoints.is_empty()) {
            return Ok(());
        }
        // No line to paste serves links of both kinds.
        let has_both =
            |it: &&&AppPages<'_>| !it.links.paths.is_empty() && !it.links.urls.is_empty();
        let mixed = others
            .iter()
            .find(has_both)
            .filter(|_| !self.target.prefix.is_path());
        let why = mixed.map_or(why, |pages| pages.mixed());
        Err(AppPages::not_following(why, &others))
    }

    /// Finds out whether the compiled apps' pages follow, and prepares what makes them follow if they don't.
    pub(super) fn verify_links(&self, apps: &[AppPages<'_>]) -> Result<Compiled, PhoenixError> {
        for pages in apps {
            self.require_linked_code(pages)?;
            self.require_right_links(pages)?;
        }
        let releases = AssembledRelease::find(&self.ctx.app_dir.join(&self.project.root))?;
        self.warn_of_early_releases(&releases, apps)?;
        self.warn_of_other_host(apps)?;
        let follows = |pages: &AppPages<'_>| self.follows_by_itself(pages, &releases);
        let others: Vec<_> = apps.iter().filter(|pages| !follows(pages)).collect();
        if others.is_empty() {
            let reads = apps.iter().map(|pages| {
                let config = || {
                    (
                        self.ctx.relative(&pages.config).display().to_string(),
                        STATIC_URL,
                    )
                };
                let own = pages.own_url.as_ref();
                own.map_or_else(config, |own| (own.location.to_string(), own.variable))
            });
            let links = Links::ByApp(LinkReason::SourceReads(reads.collect()));
            return Ok(describe_links(links, self.load_pin(apps, &releases)?));
        }
        let find_problem = |pages: &&AppPages<'_>| pages.find_problem(&self.target.prefix);
        let problem = self.injection_problem();
        if let Some(why) = problem.or_else(|| others.iter().find_map(find_problem)) {
            return Err(AppPages::not_following(why, &others));
        }
        self.warn_of_unproved_links(&others);
        self.inject_links(&others, &releases)
    }

    /// Ends the build if an app that reads `STATIC_URL` when it starts makes other links of it.
    fn require_right_links(&self, pages: &AppPages<'_>) -> Result<(), PhoenixError> {
        let (Some(probed), Some(own)) = (&pages.probed, &pages.own_url) else {
            return Ok(());
        };
        if probed.own.wrong.is_empty() {
            return Ok(());
        }
        if !own.is_at_boot {
            let problem = OwnStaticUrlProblem::TooEarly;
            let event = PhoenixEvent::OwnStaticUrl(&own.location, own.variable, problem);
            self.ctx.log.event(&event);
            return Ok(());
        }
        let why = if probed.form.is_some() {
            PhoenixLinkProblem::Wrong {
                location: own.location.clone(),
                variable: own.variable,
                base: self.base_of(pages),
                links: probed.own.wrong.clone(),
            }
        } else {
            pages.mixed()
        };
        Err(AppPages::not_following(why, &[pages]))
    }

    /// Returns the URL of the app's files.
    pub(super) fn base_of(&self, pages: &AppPages<'_>) -> String {
        format!("{}{}", self.target.prefix.url(), pages.mount)
    }

    /// Ends the build if the pipeline made none of the scripts and stylesheets that an app's pages link to.
    fn require_linked_code(&self, pages: &AppPages<'_>) -> Result<(), PhoenixError> {
        let files = pages.links.files.iter();
        let is_made = |file: &&LinkedFile| pages.static_dir.join(&file.path).is_file();
        let (made, missing): (Vec<_>, Vec<_>) = files.partition(is_made);
        let code = missing.iter().find(|file| file.is_code());
        if let Some(file) = code.filter(|_| !made.iter().any(|file| file.is_code())) {
            let why = PhoenixLinkProblem::NotMade(file.location.clone(), file.path.clone());
            return Err(AppPages::not_following(why, &[pages]));
        }
        self.ctx.log.event(&PhoenixEvent::MissingFiles(&missing));
        let dirs = pages.links.dirs.iter();
        let empty: Vec<_> = dirs
            .filter(|dir| !pages.static_dir.join(&dir.path).is_dir())
            .collect();
        self.ctx.log.event(&PhoenixEvent::EmptyDirs(&empty));
        Ok(())
    }

    /// Whether what an app does by itself makes its pages follow.
    fn follows_by_itself(&self, pages: &AppPages<'_>, releases: &[AssembledRelease]) -> bool {
        if let Some(probed) = &pages.probed {
            return probed.own.is_right();
        }
        let Some(own) = &pages.own_url else {
            return false;
        };
        let warn = |problem| {
            let event = PhoenixEvent::OwnStaticUrl(&own.location, own.variable, problem);
            self.ctx.log.event(&event);
        };
        let (path, url) = (pages.links.paths.first(), pages.links.urls.first());
        if !own.is_at_boot && !releases.is_empty() {
            warn(OwnStaticUrlProblem::TooEarly);
            return false;
        }
        if let Some(link) = path.or(url).filter(|_| !own.fits(&pages.links)) {
            warn(OwnStaticUrlProblem::OtherForm(link));
            return false;
        }
        if own.form.is_none() {
            warn(OwnStaticUrlProblem::NotRead);
        }
        if let Some(url) = url.filter(|_| own.form == Some(StaticUrlForm::Path)) {
            warn(OwnStaticUrlProblem::TwoHosts(url));
        }
        if !pages.mount.is_empty() {
            let (otp_app, mount) = (&pages.app.otp_app, &pages.mount);
            warn(OwnStaticUrlProblem::Mount(otp_app, mount));
        }
        true
    }

    /// Why the build may not make an app follow.
    fn injection_problem(&self) -> Option<PhoenixLinkProblem> {
        match self.ctx.inject() {
            Inject::Auto => None,
            Inject::Off => Some(PhoenixLinkProblem::InjectOff),
            Inject::Nowhere => Some(PhoenixLinkProblem::InjectNowhere),
        }
    }

    /// Warns of what browsers don't do across origins.
    fn warn_of_other_host(&self, apps: &[AppPages<'_>]) -> io::Result<()> {
        let Some(origin) = self.target.prefix.origin() else {
            return Ok(());
        };
        for AppPages {
            links, static_dir, ..
        } in apps
        {
            let files = files_in(static_dir)?;
            for policy in &links.policies {
                if let Some(policy) = policy.blocks(origin, &files, links.nonces) {
                    let event = PhoenixEvent::BlockingPolicy(&policy, origin);
                    self.ctx.log.event(&event);
                }
            }
            let events = [
                links.modules.first().map(PhoenixEvent::ModuleScript),
                links.sprites.first().map(PhoenixEvent::SpriteFile),
                links.joined.first().map(PhoenixEvent::JoinedUrl),
            ];
            let events = events.iter().flatten();
            events.for_each(|event| self.ctx.log.event(event));
        }
        Ok(())
    }

    /// Warns of releases that don't know the names of these assets.
    fn warn_of_early_releases(
        &self,
        releases: &[AssembledRelease],
        apps: &[AppPages<'_>],
    ) -> io::Result<()> {
        for release in releases {
            for pages in apps {
                if release.is_older_than(pages)? {
                    let dir = self.ctx.relative(&release.dir);
                    self.ctx.log.event(&PhoenixEvent::EarlyRelease(dir));
                }
            }
        }
        Ok(())
    }

    /// Warns of apps without links.
    fn warn_of_unproved_links(&self, apps: &[&AppPages<'_>]) {
        for pages in apps {
            let links = &pages.links;
            let is_host = |target: EndpointTarget<'_>| target.form == StaticUrlForm::Host;
            let own_host = links.host_paths.first();
            if let Some(link) = own_host.filter(|_| !pages.targets().any(is_host)) {
                self.ctx.log.event(&PhoenixEvent::OwnHostLink(link));
            } else if links.paths.is_empty() && links.urls.is_empty() {
                let otp_app = &pages.app.otp_app;
                self.ctx.log.event(&PhoenixEvent::NoLinks(otp_app));
            }
        }
    }
}

/// Finds out why the image has to serve the files, and warns of links that stay on the app's own host if the public URL
/// has another one.
pub(super) fn find_link_that_stays(
    apps: &[AppPages<'_>],
    prefix: Option<&Prefix>,
    ctx: &BuildContext<'_>,
) -> io::Result<Option<Stays>> {
    let mut first = None;
    for pages in apps {
        let dir = &pages.static_dir;
        let is_digested = |path: &Path| holds_digest(&path.to_string_lossy());
        let files = files_in(dir)?;
        let in_scripts = find_fixed_links(dir, &files, ctx.relative(dir), "/", is_digested)?;
        let in_pages = pages.links.by_hand();
        if prefix.is_some_and(|prefix| !prefix.is_path()) {
            ctx.log.event(&PhoenixEvent::FixedLinks(&in_scripts));
            ctx.log.event(&PhoenixEvent::LinksByHand(&in_pages));
        }
        let mut locations = in_scripts.iter().map(|link| &link.location).chain(in_pages);
        first = first.or(locations.next().map(|link| Stays::Link(link.to_string())));
        let links = &pages.links;
        let is_host = |target: EndpointTarget<'_>| target.form == StaticUrlForm::Host;
        let hosts = links
            .host_paths
            .iter()
            .filter(|_| !pages.targets().any(is_host));
        let mut others = hosts.chain(&links.mentions);
        first = first.or_else(|| Some(Stays::Link(others.next()?.to_string())));
        let is_unproved = |kind: &[&str]| {
            let mut linked = pages.links.files.iter().map(|file| Path::new(&file.path));
            let is_published = files.iter().any(|path| has_extension(path, kind));
            is_published && !linked.any(|path| has_extension(path, kind))
        };
        if is_unproved(&SCRIPTS) || is_unproved(&["css"]) {
            first = first.or_else(|| Some(Stays::Unproved(pages.app.otp_app.clone())));
        }
    }
    Ok(first)
}
