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
    /// With a manifest that leads to the version, if the app has no `runtime.exs`.
    pub(super) manifest: Option<Outcome>,
}

impl ProbedApp {
    /// What the links are with what the build changes in the image.
    pub(super) fn injected(&self) -> Option<&Outcome> {
        let form = self.form.as_ref().map(|(_, outcome)| outcome);
        form.or(self.manifest.as_ref())
    }
}

/// One app, and where its files are published.
pub(super) struct AppFiles<'a> {
    pub(super) otp_app: &'a str,
    /// The URL of its files. It ends with `/`.
    pub(super) base: &'a str,
    pub(super) manifest: &'a CacheManifest,
    /// Whether a `runtime.exs` can set `static_url`. Otherwise a manifest leads to the version.
    pub(super) has_script: bool,
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

impl AppFiles<'_> {
    /// Judges the report. `None` if it says nothing about this app.
    pub(super) fn judge(&self, report: &ProbeReport) -> Option<ProbedApp> {
        let is_own = |answer: &&EndpointAnswer| self.has_endpoint(report, &answer.module);
        let answered = report.answers.get(OWN)?;
        if !answered.endpoints.iter().any(|it| is_own(&it)) {
            return None;
        }
        let unset = report.answers.get(UNSET);
        let outcome = |answer: &ProbeAnswer| {
            let endpoints = answer.endpoints.iter().filter(is_own);
            let mut outcome = Outcome::default();
            for endpoint in endpoints {
                let mut unset = unset.iter().flat_map(|it| &it.endpoints);
                let unset = unset.find(|it| it.module == endpoint.module);
                self.judge_endpoint(report, endpoint, unset, &mut outcome);
            }
            outcome
        };
        let own = outcome(answered);
        let mut answers = report.answers.iter().skip(FIRST_FORM).map(outcome);
        let (form, manifest) = if self.has_script {
            let mut forms: Vec<_> = FORMS.into_iter().zip(answers).collect();
            forms.retain(|(_, outcome)| outcome.wrong.is_empty());
            let right = forms.iter().position(|(_, outcome)| outcome.following > 0);
            let form = (!forms.is_empty()).then(|| forms.swap_remove(right.unwrap_or(0)));
            (form, None)
        } else {
            (None, answers.next())
        };
        Some(ProbedApp {
            own,
            form,
            manifest,
        })
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
            // What follows a `?` changes no file.
            if link.whole || path.contains('?') {
                let path = path.split(['?', '#']).next().unwrap_or_default();
                if !path.is_empty() && !self.manifest.latest.contains_key(path) {
                    // Also a route, which no file of the public URL can be.
                    let path = path.to_owned();
                    links.files.push(LinkedFile {
                        location: location.clone(),
                        path,
                    });
                } else {
                    links.add_file(path, &location);
                }
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
        if plain.starts_with("//") {
            let (scheme, _) = self.base.split_once("//").unwrap_or_default();
            plain.insert_str(0, scheme);
        }
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
        let is_known = link.whole && self.manifest.latest.contains_key(&path);
        if follows {
            Lead::Follows
        } else if !self.has_script && !is_known && plain == format!("/{path}") {
            // A manifest leads to the files that it names.
            Lead::Stays
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

    /// Whether a link is one of this app's endpoints. If several apps have endpoints, another app's code must name one.
    fn owns(&self, report: &ProbeReport, link: &ProbedLink) -> bool {
        if let Some(module) = &link.endpoint {
            return self.has_endpoint(report, module);
        }
        let mut endpoints = report.endpoints.iter();
        link.app == self.otp_app || endpoints.all(|it| it.app == self.otp_app)
    }

    fn location(&self, ProbedLink { file, line, .. }: &ProbedLink) -> SourceLocation {
        let own = file.strip_prefix(self.repository).map(Path::to_owned);
        SourceLocation {
            file: own.unwrap_or_else(|_| self.folder.join(file)),
            line: *line,
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const BASE: &str = "https://cdn.example.com/v1/";
    const DIGESTED: &str = "assets/app-0123456789abcdef0123456789abcdef.css";

    fn endpoint(path: &str, static_url: &str, links: &[&str]) -> Value {
        json!({
            "module": "ShopWeb.Endpoint", "path": path, "static_url": static_url,
            "url": "https://shop.example.com", "links": links,
        })
    }

    /// A report about one link: the app as it is with `STATIC_URL` and without it, then the forms.
    fn report(link: &Value, answers: &[Value]) -> ProbeReport {
        let mut link = link.clone();
        let defaults = json!({
            "app": "shop", "file": "/app/lib/shop_web/page.ex", "line": 3, "whole": true, "endpoint": null,
        });
        for (key, value) in defaults.as_object().unwrap() {
            let has = link.get(key).is_some();
            if !has {
                link[key] = value.clone();
            }
        }
        let answers = answers.iter();
        let answers = answers.map(|it| json!({"stand_ins": [], "error": null, "endpoints": [it]}));
        let report = json!({
            "endpoints": [{"module": "ShopWeb.Endpoint", "app": "shop"}],
            "links": [link], "unreadable": [], "answers": answers.collect::<Vec<_>>(),
        });
        serde_json::from_value(report).unwrap()
    }

    fn judged(report: &ProbeReport, base: &str) -> ProbedApp {
        let latest = [("assets/app.css".to_owned(), DIGESTED.to_owned())];
        let manifest = CacheManifest {
            latest: latest.into(),
            ..CacheManifest::default()
        };
        let published = AppFiles {
            otp_app: "shop",
            base,
            manifest: &manifest,
            has_script: true,
            repository: Path::new("/app"),
            folder: Path::new(""),
        };
        published.judge(report).unwrap()
    }

    /// What the app itself makes of a link, and without `STATIC_URL`.
    fn own(link: &Value, url: &str, unset: &str, static_url: &str) -> Outcome {
        let answers = [
            endpoint("/", static_url, &[url]),
            endpoint("/", "https://shop.example.com", &[unset]),
        ];
        judged(&report(link, &answers), BASE).own
    }

    #[test]
    fn a_link_follows_if_it_is_the_url_of_a_published_file() {
        let link = json!({"kind": "path", "path": "/assets/app.css"});
        for (url, follows) in [
            (&*format!("{BASE}{DIGESTED}?vsn=d"), true),
            (&format!("{BASE}assets/app.css"), true),
            (&format!("{BASE}/{DIGESTED}"), false),
            (&format!("{BASE}assets/other.css"), false),
            (&format!("/{DIGESTED}"), false),
            (&format!("http://localhost:4000/{DIGESTED}"), false),
            (&format!("https://shop.example.com{BASE}{DIGESTED}"), false),
        ] {
            let outcome = own(
                &link,
                url,
                &format!("/{DIGESTED}"),
                "https://shop.example.com",
            );
            assert_eq!(outcome.is_right(), follows, "{url}");
            assert_eq!(outcome.wrong.is_empty(), follows, "{url}");
        }
        let dynamic = json!({"kind": "path", "path": "/images/", "whole": false});
        let outcome = own(
            &dynamic,
            &format!("{BASE}images/"),
            "/images/",
            "https://shop.example.com",
        );
        assert!(outcome.is_right());
    }

    #[test]
    fn what_asks_for_the_host_alone_may_stay_on_the_own_host() {
        let link = json!({"kind": "host", "path": "/images/a.png"});
        let at = |host: &str| format!("{host}/images/a.png");
        for (host, wrong, stays) in [
            ("https://shop.example.com", false, true),
            ("https://cdn.example.com/v1", false, false),
            ("http://localhost:4000", true, false),
            ("https://cdn.example.com", true, false),
        ] {
            let outcome = own(&link, &at(host), &at("https://shop.example.com"), host);
            assert_eq!(outcome.wrong.is_empty(), !wrong, "{host}");
            assert_eq!(outcome.stays.is_some(), stays, "{host}");
        }
    }

    #[test]
    fn the_first_form_with_which_every_link_follows_is_chosen() {
        let link = json!({"kind": "url", "path": "/assets/app.css"});
        let unset = endpoint(
            "/",
            "https://shop.example.com",
            &["https://shop.example.com/a"],
        );
        let twice = format!("https://shop.example.com{BASE}{DIGESTED}");
        let right = format!("{BASE}{DIGESTED}");
        let answers = [
            unset.clone(),
            unset,
            endpoint(BASE, "https://shop.example.com", &[&twice]),
            endpoint("/v1/", "https://cdn.example.com", &[&right]),
            endpoint("/", "https://cdn.example.com/v1", &[&right]),
        ];
        let (form, _) = judged(&report(&link, &answers), BASE).form.unwrap();
        assert_eq!(form, StaticUrlForm::HostAndPath);
        assert!(judged(&report(&link, &answers[..3]), BASE).form.is_none());
    }

    #[test]
    fn a_public_url_without_a_host_lies_on_the_own_host() {
        let link = json!({"kind": "url", "path": "/assets/app.css"});
        let url = format!("https://shop.example.com/assets-v/v1/{DIGESTED}");
        let answers = [
            endpoint("/assets-v/v1/", "https://shop.example.com", &[&url]),
            endpoint("/", "https://shop.example.com", &["/"]),
        ];
        assert!(
            judged(&report(&link, &answers), "/assets-v/v1/")
                .own
                .is_right()
        );
    }

    #[test]
    fn without_a_link_the_endpoint_shows_whether_links_would_follow() {
        let link = json!({"kind": "path", "path": "/a.css", "endpoint": "Other.Endpoint"});
        for (path, follows) in [(BASE, true), ("/", false)] {
            let answers = [endpoint(path, "", &[]), endpoint("/", "", &[])];
            let outcome = judged(&report(&link, &answers), BASE).own;
            assert_eq!(outcome.is_right(), follows);
        }
    }
}
