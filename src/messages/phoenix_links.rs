//! Texts about a Phoenix app and its links: what the log prints, and why no page would link to the version.

use super::{Explain, Message, listed, not_following, warn_of_first};
use crate::framework::NotFollowing;
use crate::framework::phoenix::{
    FixedLink, FixedLinkKind, OwnStaticUrlProblem, PhoenixEvent, PhoenixLinkProblem, SourceLocation,
};
use crate::log::{Event, Log, count};

impl Event for PhoenixEvent<'_> {
    #[allow(clippy::too_many_lines, reason = "one text for each case")]
    fn write_to(&self, log: &Log) {
        let warning = match self {
            Self::Project(evidence) => return log.bullet(evidence),
            Self::CacheEmptied => return log.detail("The cache was emptied: clean_cache=true"),
            Self::EarlierDigests(files) => {
                let files = count(*files, "file");
                return log.detail(&format!(
                    "Not uploaded: {files} of an earlier digest. To remove them: mix phx.digest.clean --all"
                ));
            }
            Self::FixedLinks(links) => return warn_of_first(links, log, fixed_link),
            Self::LinksByHand(links) => return warn_of_first(links, log, |link| by_hand(link)),
            Self::MissingFiles(files) => {
                return warn_of_first(files, log, |file| {
                    let (link, path) = (&file.location, &file.path);
                    format!("{link} links to /{path}, which the pipeline did not make.")
                });
            }
            Self::PolicyWithoutHost(policy, host) => format!(
                "{policy} has a Content-Security-Policy without {host}, so browsers would block the files. Add \
                 https://{host} to its script-src, style-src, img-src and font-src."
            ),
            Self::ModuleScript(link) => format!(
                "{link} loads a script with type=\"module\". Browsers load it, and what it imports, only if the \
                 store's CORS rules allow your site."
            ),
            Self::SpriteFile(link) => format!(
                "{link} has <use> of a file, which browsers follow on the page's own host only. Copy the SVG into the \
                 page, or write its path by hand."
            ),
            Self::JoinedUrl(link) => format!(
                "{link} puts Endpoint.url() before a static path, so the link would have two hosts. Write \
                 url(~p\"…\") or static_url(…) instead."
            ),
            Self::MixedLinks(urls, paths) => format!(
                "Pages have links with a host, by url(~p\"…\") or static_url ({}), and without one ({paths}). No \
                 static_url serves both on another host: those with a host follow STATIC_URL, the others stay on the \
                 app's own host. Write all of them in one way. With a host:\n{}",
                urls.len(),
                listed(urls, SourceLocation::to_string)
            ),
            Self::NoLinks(otp_app) => format!(
                "No page of {otp_app} with a link to a static file was found under lib, so the link check proves \
                 nothing. Links by ~p\"…\", static_path(…), url(~p\"…\") and static_url(…) follow STATIC_URL."
            ),
            Self::EarlyRelease(dir) => format!(
                "The release {} was built before these assets, so it doesn't know their names. Build it after this \
                 step. If elixir_buildpack.config has release=true: set release=false, and add a buildpack that \
                 builds the release after this one.",
                dir.display()
            ),
            Self::OwnStaticUrl(location, variable, problem) => {
                format!("{location} reads {variable}{}", own_static_url(*problem))
            }
            Self::UrlInImage => URL_IN_IMAGE.to_owned(),
            Self::NoPinLoader => NO_PIN_LOADER.to_owned(),
        };
        log.warning(&warning);
    }
}

const URL_IN_IMAGE: &str = "There is no config/runtime.exs, so the URL becomes a part of the image: STATIC_URL has no \
     effect at run time, and LiveView reloads its pages with each version (static_changed?).";
const NO_PIN_LOADER: &str = "There is no config/runtime.exs, so a process whose ENTRYPOINT is replaced can't find the \
     pin. Start it with: static-assets exec -- COMMAND";

fn by_hand(link: &SourceLocation) -> String {
    format!(
        "{link}: a link written by hand stays on the app's own host. Links by ~p\"…\" or static_path(…) follow \
         STATIC_URL."
    )
}

fn fixed_link(link: &FixedLink) -> String {
    let text = match &link.kind {
        FixedLinkKind::PublicPath(path) => format!(
            "webpack's publicPath is \"{path}\", so chunks are loaded from the app's own host. With \
             publicPath: \"auto\" they follow STATIC_URL."
        ),
        FixedLinkKind::Worker => {
            "a worker must come from the page's own host, so its file stays in the image."
                .to_owned()
        }
        FixedLinkKind::Path(path) => {
            format!("\"{path}\" is written by hand and stays on the app's own host.")
        }
    };
    format!("{}: {text}", link.location)
}

/// Continues the sentence "`config/runtime.exs:3` reads `STATIC_URL`".
fn own_static_url(problem: OwnStaticUrlProblem<'_>) -> String {
    match problem {
        OwnStaticUrlProblem::TooEarly => {
            " when a release is built, and one is built already. Read it in config/runtime.exs, which is evaluated \
             at boot."
                .to_owned()
        }
        OwnStaticUrlProblem::OtherForm(link) => {
            format!(", but its static_url does not fit links like the one at {link}.")
        }
        OwnStaticUrlProblem::TwoHosts(url) => format!(
            " as a path, so links with a host, like the one at {url}, would have two. Write them without one: \
             ~p\"…\" or static_path(…)."
        ),
        OwnStaticUrlProblem::Mount(otp_app, mount) => {
            format!(". The files of {otp_app} are under {mount} there: add that to the URL.")
        }
    }
}

impl Explain for NotFollowing<PhoenixLinkProblem> {
    fn explain(&self) -> Message {
        let is_cured_by_snippet = matches!(
            self.why,
            PhoenixLinkProblem::InjectOff
                | PhoenixLinkProblem::InjectNowhere
                | PhoenixLinkProblem::NoManifest(_)
                | PhoenixLinkProblem::NoScript(_)
        );
        let lead = "Add these lines to config/runtime.exs, then build again:";
        let lines = is_cured_by_snippet.then_some((lead, self.snippet.as_str()));
        not_following(&why(&self.why), lines)
    }
}

fn why(problem: &PhoenixLinkProblem) -> String {
    match problem {
        PhoenixLinkProblem::InjectOff => {
            "The app doesn't read STATIC_URL, and STATIC_ASSETS_INJECT=off forbids the build to set it: no page would \
             link to what was published."
                .to_owned()
        }
        PhoenixLinkProblem::InjectNowhere => {
            "The app doesn't read STATIC_URL, and without --pin the command line changes no file of an app: no page \
             would link to what was published. In a Dockerfile, --pin changes runtime.exs, in that image only:\n  \
             RUN static-assets publish --app . --pin"
                .to_owned()
        }
        PhoenixLinkProblem::NotMade(place, path) => format!(
            "{place} links to /{path}, but the pipeline made neither that file nor any other script or stylesheet \
             that pages link to: all of these links would answer 404. Does it write into another directory, or under \
             other names? (Phoenix 1.7 has assets/app.css, 1.8 assets/css/app.css.)"
        ),
        PhoenixLinkProblem::NoManifest(otp_app) => format!(
            "{otp_app} has no config/runtime.exs that could set its URL from STATIC_URL, and its configuration has no \
             cache_static_manifest, by which it would find the published names."
        ),
        PhoenixLinkProblem::NoEndpoint(otp_app) => format!(
            "No module of {otp_app} has 'use Phoenix.Endpoint, otp_app: …', so there is no endpoint whose static_url \
             could be set."
        ),
        PhoenixLinkProblem::NoScript(url) => format!(
            "{url} writes a link with a host, by url(~p\"…\") or static_url(…). Such a link follows only the \
             configuration, and there is no config/runtime.exs that could set it at run time. Create one that begins \
             with 'import Config'."
        ),
        PhoenixLinkProblem::NoHost(url) => format!(
            "{url} writes a link with a host, by url(~p\"…\") or static_url(…), but the public URL is a path of the \
             app's own site: Phoenix would make links to http://localhost. Write the link without a host, ~p\"…\" or \
             static_path(…), or set a STATIC_ASSETS_PUBLIC_URL with a host."
        ),
        PhoenixLinkProblem::Mixed { path, url } => format!(
            "{path} links without a host, {url} with one (url(~p\"…\") or static_url(…)). With a port in the public \
             URL, or a path in the endpoint's url, no static_url serves both. Write all of them in one way: with \
             ~p\"…\" or static_path(…) alone, everything follows."
        ),
        PhoenixLinkProblem::WrittenByHand(places) => format!(
            "Every link to a static file is written by hand, so none follows STATIC_URL. Links by \
             ~p\"/assets/app.css\" or Routes.static_path(@conn, \"/assets/app.css\") follow. Written by hand:\n{}",
            listed(places, SourceLocation::to_string)
        ),
    }
}
