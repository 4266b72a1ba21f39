//! The link check: would the pages of an app link to the version?

use super::app_pages::AppPages;
use super::detect::Project;
use super::error::PhoenixError;
use super::link_check::{PhoenixLinkCheck, PhoenixLinkProblem};
use super::link_event::{OwnStaticUrlProblem, PhoenixEvent};
use super::releases::AssembledRelease;
use super::static_url::StaticUrlForm;
use crate::config::Inject;
use crate::context::BuildContext;
use crate::framework::{CompileTarget, LinkReason, Links};

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
        let follows = |pages: &&AppPages<'_>| {
            let own = pages.own_url.as_ref();
            own.is_some_and(|own| own.fits(&pages.links))
        };
        let others: Vec<_> = apps.iter().filter(|pages| !follows(pages)).collect();
        if others.iter().all(|pages| pages.app.endpoints.is_empty()) {
            return Ok(());
        }
        Err(PhoenixError::not_following(why, &others))
    }

    /// Finds out whether the compiled apps' pages follow, and prepares what makes them follow if they don't.
    pub(super) fn verify_links(
        &self,
        apps: &[AppPages<'_>],
    ) -> Result<PhoenixLinkCheck, PhoenixError> {
        for pages in apps {
            self.require_linked_code(pages)?;
        }
        let releases = AssembledRelease::find(&self.ctx.app_dir.join(&self.project.root))?;
        self.warn_of_early_releases(&releases, apps)?;
        self.warn_of_other_host(apps);
        let others: Vec<_> = apps
            .iter()
            .filter(|pages| !self.follows_by_itself(pages, &releases))
            .collect();
        if others.is_empty() {
            return Ok(PhoenixLinkCheck {
                injection: self.load_pin(apps, &releases)?,
                ..PhoenixLinkCheck::of(links_by_app(apps))
            });
        }
        let find_problem = |pages: &&AppPages<'_>| pages.find_problem(&self.target.prefix);
        let problem = self.injection_problem();
        if let Some(why) = problem.or_else(|| others.iter().find_map(find_problem)) {
            return Err(PhoenixError::not_following(why, &others));
        }
        self.warn_of_unproved_links(&others);
        self.inject_links(&others, &releases)
    }

    /// Ends the build if the pipeline made none of the scripts and stylesheets that an app's pages link to.
    fn require_linked_code(&self, pages: &AppPages<'_>) -> Result<(), PhoenixError> {
        let (made, missing): (Vec<_>, Vec<_>) = pages
            .links
            .files
            .iter()
            .partition(|file| pages.has_file(file));
        let code = missing.iter().find(|file| file.is_code());
        if let Some(file) = code.filter(|_| !made.iter().any(|file| file.is_code())) {
            let why = PhoenixLinkProblem::NotMade {
                place: file.location.clone(),
                path: file.path.clone(),
            };
            return Err(PhoenixError::not_following(why, &[pages]));
        }
        self.ctx.log.event(&PhoenixEvent::MissingFiles(&missing));
        Ok(())
    }

    /// Whether what an app does by itself makes its pages follow.
    fn follows_by_itself(&self, pages: &AppPages<'_>, releases: &[AssembledRelease]) -> bool {
        let Some(own) = &pages.own_url else {
            return false;
        };
        let warn = |problem| {
            self.ctx.log.event(&PhoenixEvent::OwnStaticUrl {
                location: &own.location,
                variable: own.variable,
                problem,
            });
        };
        let (path, url) = (pages.links.paths.first(), pages.links.urls.first());
        if !own.is_at_boot && !releases.is_empty() {
            warn(OwnStaticUrlProblem::TooEarly);
            return false;
        }
        if !own.fits(&pages.links)
            && let Some(link) = path.or(url)
        {
            warn(OwnStaticUrlProblem::OtherForm { link });
            return false;
        }
        if own.form == Some(StaticUrlForm::Path)
            && let Some(url) = url
        {
            warn(OwnStaticUrlProblem::TwoHosts { url });
        }
        if !pages.mount.is_empty() {
            warn(OwnStaticUrlProblem::Mount {
                otp_app: &pages.app.otp_app,
                mount: &pages.mount,
            });
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
}

fn links_by_app(apps: &[AppPages<'_>]) -> Links {
    let own = apps.iter().filter_map(|pages| pages.own_url.as_ref());
    let reads = own.map(|own| (own.location.to_string(), own.variable));
    Links::ByApp(LinkReason::SourceReads(reads.collect()))
}
