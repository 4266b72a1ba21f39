//! Texts about a Phoenix app and its links: what the log prints, and why no page would link to the version.

use super::links::{blocking_policy, fixed_link};
use super::{Explain, Message, listed, not_following, warn_of_first};
use crate::framework::NotFollowing;
use crate::framework::SourceLocation;
use crate::framework::phoenix::{
    OwnStaticUrlProblem, PhoenixEvent, PhoenixLinkProblem, ProbeProblem,
};
use crate::log::{Event, Log, count};
use crate::version::PLACEHOLDER;
use indoc::formatdoc;

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
                    format!(
                        "{link} links to /{path}, which this build does not publish. The URL would answer 404."
                    )
                });
            }
            Self::BlockingPolicy(policy, origin) => blocking_policy(policy, origin),
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
            Self::Probed {
                links,
                dynamic,
                stand_ins,
            } => return log_probed(*links, *dynamic, stand_ins, log),
            Self::NeedsStaticUrl(error) => format!(
                "Without STATIC_URL the app does not start, such as in a shell of the image that the launcher does not \
                 start. Its configuration raises: {error}"
            ),
            Self::NotProbed(problem) => {
                let text = not_probed(problem);
                let (text, output) = text.split_once('\n').unwrap_or((&text, ""));
                log.bullet(text);
                return log.block(output);
            }
            Self::EmptyDirs(dirs) => {
                return warn_of_first(dirs, log, |dir| {
                    let (link, path) = (&dir.location, &dir.path);
                    format!(
                        "{link} links to files under /{path}/ whose names are only known at run time, and the build \
                         has no file there. If the app saves them while it runs, such as uploads, they are never on the \
                         CDN: write that link as \"/{path}/…\", without ~p and static_path, so that the app's own \
                         host serves it."
                    )
                });
            }
            Self::OwnHostLink(link) => {
                return log.detail(&format!(
                    "{link} joins Endpoint.static_url() and a path. That link stays on the app's own host; \
                     static_url(…) and url(~p\"…\") follow STATIC_URL"
                ));
            }
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
            Self::UrlInImage(None) => URL_IN_IMAGE.to_owned(),
            Self::UrlInImage(Some(script)) => format!(
                "{URL_IN_IMAGE} {} is not read: rename it to runtime.exs, which Elixir 1.11 and newer evaluate at boot. \
                 They do so in development and tests, too: put its lines inside `if config_env() == :prod do`.",
                script.display()
            ),
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

/// Continues the sentence "`config/runtime.exs:3` reads `STATIC_URL`".
fn own_static_url(problem: OwnStaticUrlProblem<'_>) -> String {
    match problem {
        OwnStaticUrlProblem::TooEarly => {
            " when a release is built, not when it starts. Read it in config/runtime.exs, which is evaluated at boot."
                .to_owned()
        }
        OwnStaticUrlProblem::OtherForm(link) => {
            format!(", but its static_url does not fit links like the one at {link}.")
        }
        OwnStaticUrlProblem::NotRead => {
            ", but whether its links follow is not checked: reading the source does not show it. With Elixir on PATH, \
             the build asks the compiled app."
                .to_owned()
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

fn log_probed(links: usize, dynamic: usize, stand_ins: &[String], log: &Log) {
    let links = count(links, "link");
    log.bullet(&format!(
        "The compiled app was asked where its links lead: {links}"
    ));
    if dynamic > 0 {
        let dynamic = count(dynamic, "link");
        log.detail(&format!(
            "not checked: the names of files in {dynamic}, which are only known at run time"
        ));
    }
    if !stand_ins.is_empty() {
        log.detail(&format!(
            "with throw-away values, for this question alone: {}",
            stand_ins.join(", ")
        ));
    }
}

fn not_probed(problem: &ProbeProblem) -> String {
    match problem {
        ProbeProblem::NoElixir => {
            "The links of the compiled app are not checked: Elixir is not on PATH. The build reads the source instead."
                .to_owned()
        }
        ProbeProblem::NotCompiled(dir) => format!(
            "The links of the compiled app are not checked: {} does not exist. The build reads the source instead.",
            dir.display()
        ),
        ProbeProblem::Failed(output) => format!(
            "The links of the compiled app are not checked: Elixir could not run it. The build reads the source \
             instead.\n{}",
            last_lines(output)
        ),
        ProbeProblem::NotEvaluated(error) => format!(
            "The links of the compiled app are not checked: its configuration or its endpoint needs what the build \
             does not have. If that is a variable, give it to the build: STATIC_ASSETS_BUILD_ENV=\"NAME=value\". The \
             build reads the source instead.\n{}",
            last_lines(error)
        ),
        ProbeProblem::NoDebugInfo(modules) => format!(
            "Links in modules without debug information are not checked: {}",
            modules.join(", ")
        ),
    }
}

/// Shows the end of what a program said.
fn last_lines(output: &str) -> String {
    const SHOWN: usize = 5;
    let lines: Vec<&str> = output
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = lines[lines.len().saturating_sub(SHOWN)..].iter();
    last.copied().collect::<Vec<_>>().join("\n")
}

impl Explain for NotFollowing<PhoenixLinkProblem> {
    fn explain(&self) -> Message {
        let lead = match self.why {
            PhoenixLinkProblem::InjectOff
            | PhoenixLinkProblem::InjectNowhere
            | PhoenixLinkProblem::NoManifest(_)
            | PhoenixLinkProblem::NoScript(_) => {
                Some("Add these lines to config/runtime.exs, then build again:")
            }
            PhoenixLinkProblem::Wrong { .. } => {
                Some("Put these lines in place of the app's own static_url, then build again:")
            }
            _ => None,
        };
        let lines = lead.map(|lead| (lead, self.snippet.as_str()));
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
             other names? (Phoenix 1.7 has assets/app.css, 1.8 assets/css/app.css.) \
             If no page renders that template, such as a layout that mix phx.new left, delete it."
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
        PhoenixLinkProblem::Mixed {
            paths,
            urls,
            endpoint,
        } => mixed(paths, urls, endpoint),
        PhoenixLinkProblem::Wrong {
            location,
            variable,
            base,
            links,
        } => format!(
            "{location} reads {variable}, but with it these links do not lead to files under {}:\n{}\nIf that \
             depends on a variable that only the running app has, give it to the build: \
             STATIC_ASSETS_BUILD_ENV=\"NAME=value\"",
            with_version(base),
            listed(links, |link| format!("{}: {}", link.location, with_version(&link.url)))
        ),
        PhoenixLinkProblem::WrittenByHand(places) => format!(
            "Every link to a static file is written by hand, so none follows STATIC_URL. Links by \
             ~p\"/assets/app.css\" or Routes.static_path(@conn, \"/assets/app.css\") follow. Written by hand:\n{}",
            listed(places, SourceLocation::to_string)
        ),
    }
}

/// Before the files are known, the placeholder stands for the version.
fn with_version(url: &str) -> String {
    url.replace(PLACEHOLDER, "<version>")
}

fn mixed(paths: &[SourceLocation], urls: &[SourceLocation], endpoint: &str) -> String {
    let (without, with) = (count(paths.len(), "link"), count(urls.len(), "link"));
    let with_host = listed(urls, SourceLocation::to_string);
    let without_host = listed(paths, SourceLocation::to_string);
    formatdoc! {"
        Pages link in two ways, and no static_url serves both on another host: {without} without a host, by ~p\"…\" or
        static_path(…), and {with} with one, by url(~p\"…\"), static_url(…) or Endpoint.url(). Write all of them in
        one way. Where a link needs a host, as in a mail, this has one with and without STATIC_URL:
          URI.merge({endpoint}.url(), {endpoint}.static_path(\"/images/…\")) |> to_string()
        With a host:
        {with_host}
        Without a host:
        {without_host}"
    }
}
