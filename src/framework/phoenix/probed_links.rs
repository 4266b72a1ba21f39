//! Judges what the app answered: is each link the URL of a published file?

use super::cache_manifest::CacheManifest;
use super::page_links::{LinkedFile, PageLinks};
use super::probe::{EndpointAnswer, ProbeAnswer, ProbeReport, ProbedLink, ProbedLinkKind};
use super::sources::SourceLocation;
use super::static_url::StaticUrlForm;
use std::path::Path;

/// The forms that a build tries, in this order.
pub(super) const FORMS: [StaticUrlForm; 3] = [
    StaticUrlForm::Path,
    StaticUrlForm::HostAndPath,
    StaticUrlForm::Host,
];
/// The answers of a report: of the app as it is with `STATIC_URL` and without it, then one for each form.
pub(super) const OWN: usize = 0;
pub(super) const UNSET: usize = 1;
pub(super) const FIRST_FORM: usize = 2;

/// A link that doesn't lead to the version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WrongLink {
    pub(crate) location: SourceLocation,
    pub(crate) url: String,
}

/// Where the links of one app lead in one state of the image.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) wrong: Vec<WrongLink>,
    /// How many lead to the version.
    pub(super) following: usize,
    /// The first link that stays on the app's own host.
    pub(super) stays: Option<SourceLocation>,
}

/// What a probe shows of one app.
#[derive(Debug)]
pub(super) struct ProbedApp {
    /// What the app does by itself.
    pub(super) own: Outcome,
    /// The first form with which every link follows. `None` if there is none, or if the app has no `runtime.exs`.
    pub(super) form: Option<(StaticUrlForm, Outcome)>,
}

/// One app, and where its files are published.
pub(super) struct Published<'a> {
    pub(super) otp_app: &'a str,
    /// The URL of its files. It ends with `/`.
    pub(super) base: &'a str,
    pub(super) manifest: &'a CacheManifest,
    pub(super) repository: &'a Path,
    /// The directory of the app, which its compiled code does not name.
    pub(super) folder: &'a Path,
}

enum Lead {
    Follows,
    Stays,
    Wrong,
}

impl Outcome {
    pub(super) fn is_right(&self) -> bool {
        self.wrong.is_empty() && self.following > 0
    }
}

impl Published<'_> {
    /// Judges the report. `None` if it says nothing about this app.
    pub(super) fn judge(&self, report: &ProbeReport) -> Option<ProbedApp> {
        let is_own = |answer: &&EndpointAnswer| self.has_endpoint(report, &answer.module);
        let is_about = |answer: &ProbeAnswer| answer.endpoints.iter().any(|it| is_own(&it));
        let unset = report.answers.get(UNSET).filter(|it| is_about(it))?;
        let outcome = |answer: &ProbeAnswer| {
            let endpoints = answer.endpoints.iter().filter(is_own);
            let mut outcome = Outcome::default();
            for endpoint in endpoints {
                let unset = unset
                    .endpoints
                    .iter()
                    .find(|it| it.module == endpoint.module);
                self.judge_endpoint(report, endpoint, unset, &mut outcome);
            }
            outcome
        };
        let own = outcome(report.answers.get(OWN)?);
        let answers = report.answers.iter().skip(FIRST_FORM);
        let mut forms = FORMS.into_iter().zip(answers.map(outcome));
        let form = forms.find(|(_, outcome)| outcome.is_right());
        Some(ProbedApp { own, form })
    }

    /// Replaces what reading found of an app's helpers.
    pub(super) fn replace_links(&self, report: &ProbeReport, links: &mut PageLinks) {
        links.paths.clear();
        links.urls.clear();
        links.joined.clear();
        links.hosts.clear();
        links.files.clear();
        for link in report.links.iter().filter(|it| self.owns(report, it)) {
            let location = self.location(link);
            let path = link.path.trim_start_matches('/');
            if link.whole {
                links.add_file(path, &location);
            } else if let Some((dir, _)) = path.rsplit_once('/') {
                let path = dir.to_owned();
                links.dirs.push(LinkedFile {
                    location: location.clone(),
                    path,
                });
            }
            match link.kind {
                ProbedLinkKind::Path => links.paths.push(location),
                ProbedLinkKind::Url | ProbedLinkKind::Joined => links.urls.push(location),
                ProbedLinkKind::Host => links.hosts.push(location),
            }
        }
    }

    fn judge_endpoint(
        &self,
        report: &ProbeReport,
        endpoint: &EndpointAnswer,
        unset: Option<&EndpointAnswer>,
        outcome: &mut Outcome,
    ) {
        let mut judged = false;
        for (number, link) in report.links.iter().enumerate() {
            let answer = |answer: &EndpointAnswer| answer.links.get(number).cloned().flatten();
            let Some(url) = answer(endpoint).filter(|_| self.owns(report, link)) else {
                continue;
            };
            judged = true;
            let location = self.location(link);
            match self.lead(link, &url, endpoint, unset) {
                Lead::Follows => outcome.following += 1,
                Lead::Stays => outcome.stays = outcome.stays.take().or(Some(location)),
                Lead::Wrong => {
                    let wrong = WrongLink { location, url };
                    if !outcome.wrong.contains(&wrong) {
                        outcome.wrong.push(wrong);
                    }
                }
            }
        }
        // Pages may hold no link that the code writes out.
        if !judged && endpoint.path == self.base {
            outcome.following += 1;
        }
    }

    fn lead(
        &self,
        link: &ProbedLink,
        url: &str,
        endpoint: &EndpointAnswer,
        unset: Option<&EndpointAnswer>,
    ) -> Lead {
        let is_host = link.kind == ProbedLinkKind::Host;
        let path_of = |url: &str| url.split(['?', '#']).next().unwrap_or_default().to_owned();
        let mut plain = path_of(url);
        // A public URL that is a path lies on the app's own host, which these links name.
        if self.base.starts_with('/')
            && let Some(path) = unset.and_then(|unset| plain.strip_prefix(&unset.static_url))
        {
            plain = path.to_owned();
        }
        let path = path_of(link.path.trim_start_matches('/'));
        let follows = match plain.strip_prefix(self.base) {
            Some(name) if link.whole => {
                name == path
                    || self
                        .manifest
                        .latest
                        .get(&path)
                        .is_some_and(|latest| latest == name)
            }
            Some(name) => name.starts_with(&path),
            None => is_host && path.is_empty() && plain == self.base.trim_end_matches('/'),
        };
        if follows {
            Lead::Follows
        } else if is_host && stays_on_own_host(endpoint, unset) {
            Lead::Stays
        } else {
            Lead::Wrong
        }
    }

    fn has_endpoint(&self, report: &ProbeReport, module: &str) -> bool {
        let mut endpoints = report.endpoints.iter();
        endpoints.any(|it| it.app == self.otp_app && it.module == module)
    }

    /// Whether a link is one of this app's endpoints. In an app without an endpoint, the code must name one.
    fn owns(&self, report: &ProbeReport, link: &ProbedLink) -> bool {
        match &link.endpoint {
            Some(module) => self.has_endpoint(report, module),
            None => link.app == self.otp_app,
        }
    }

    fn location(&self, link: &ProbedLink) -> SourceLocation {
        let file = match link.file.strip_prefix(self.repository) {
            Ok(file) => file.to_owned(),
            Err(_) => self.folder.join(&link.file),
        };
        let line = link.line;
        SourceLocation { file, line }
    }
}

/// Whether `static_url()` is what it is without `STATIC_URL`. The host `localhost` is Phoenix's own, if the configuration
/// gives none.
fn stays_on_own_host(endpoint: &EndpointAnswer, unset: Option<&EndpointAnswer>) -> bool {
    let url = &endpoint.static_url;
    let is_own =
        unset.is_some_and(|unset| unset.static_url == *url && !url.contains("//localhost"));
    *url == endpoint.url || is_own
}
