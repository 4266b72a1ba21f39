//! What the log says while a Django app is compiled.

use super::super::links::{blocking_policy, fixed_link};
use super::super::{SHOWN, warn_of_first};
use crate::framework::FixedLink;
use crate::framework::django::{
    BrokenLink, BrokenLinkCause, CollectReport, DjangoCheck, DjangoEvent, SettingsSource,
    StaticfilesStorage, WrittenFiles,
};
use crate::log::{Event, Log, count, seconds};
use std::fmt::Write as _;

impl Event for DjangoEvent<'_> {
    #[allow(clippy::too_many_lines, reason = "one text for each case")]
    fn write_to(&self, log: &Log) {
        match self {
            Self::Disabled(evidence, origin) => {
                log.bullet(&format!("Django: {evidence}"));
                log.bullet(&format!(
                    "Nothing is collected, published or pinned: DISABLE_COLLECTSTATIC is set ({origin}). Unset it to \
                     publish."
                ));
            }
            Self::ServerNeedsVariable(server, chosen) => log.warning(&format!(
                "{} runs with {} unless DJANGO_SETTINGS_MODULE is set for the running app, too. The build uses {chosen}.",
                server.file.display(),
                server.module,
            )),
            Self::ServerSettings(server, manage_py) => log.warning(&format!(
                "{} uses the settings {}, but {} uses {module}. The build uses the server's settings. To choose:\n\
                 DJANGO_SETTINGS_MODULE={module}",
                manage_py.display(),
                server.manage_py,
                server.file.display(),
                module = server.module,
            )),
            Self::Running(setting, line) => log.bullet(&format!("Running {line} ({setting})")),
            Self::WrittenAfterwards(files) => written_afterwards(*files, log),
            Self::Collected {
                evidence,
                settings,
                report,
                files,
            } => {
                log.bullet(&format!(
                    "Django {}: {evidence}, {}{}",
                    report.django.as_deref().unwrap_or("of unknown version"),
                    report.settings_module.as_deref().unwrap_or("no module"),
                    source_note(settings)
                ));
                log.bullet(&format!(
                    "Collected {} in {}{}",
                    count(*files, "file"),
                    seconds(report.duration),
                    storage_note(report.storage.as_ref())
                ));
                notes(report, log);
                variables_of_blocks(&report.variables_of_blocks, log);
            }
            Self::LinksNotChecked(error) => log.warning(&format!(
                "Not checked: the links that templates and modules name. Loading the templates failed: {error}"
            )),
            Self::SettingsAgain => {
                log.detail("Loading the settings again, to name all variables that are missing");
            }
            Self::BrokenLinks(links) => warn_of_first(links, log, broken_link),
            Self::JoinedLinks(places) => warn_of_first(places, log, |place| {
                let of_package = if place.file.starts_with("site-packages") {
                    " The template is a package's: one of the same name in the app takes its place."
                } else {
                    ""
                };
                format!(
                    "{place} puts something directly before the URL of a static file, so the link would have two \
                     hosts. static() gives a whole URL: remove what stands before it. Where an absolute URL is needed \
                     even in development, use request.build_absolute_uri(static(\"…\")).{of_package}"
                )
            }),
            Self::BlockingPolicy(policy, origin) => log.warning(&blocking_policy(policy, origin)),
            Self::PolicyNotRead(header, origin) => log.detail(&format!(
                "Not checked: the Content-Security-Policy of {header}. Browsers load the files only if it allows {origin}"
            )),
            Self::UncollectedFiles(number, first) => log.warning(&format!(
                "STATIC_ROOT holds {} that collectstatic did not collect, such as {}. They are not published, so a link to \
                 them by STATIC_URL would answer 404. If a command of the app writes them, run it in this build:\n\
                 STATIC_ASSETS_AFTER_COLLECT=\"python manage.py …\"\nor, if that command runs collectstatic itself, in its place: \
                 STATIC_ASSETS_COLLECT_COMMAND. If they are left from an earlier build, delete them.",
                count(*number, "file"),
                first.display()
            )),
            Self::FixedLinks(links, report) => fixed_links(links, report, log),
            Self::DynamicLinks(number, first) => log.detail(&format!(
                "Not checked: {} whose name only a request knows, first at {first}. A file that the app makes while it \
                 runs is not published: link to it by a URL of its own",
                count(*number, "link")
            )),
            Self::SameOriginLinks(places) => warn_of_first(places, log, |place| {
                format!(
                    "{place} loads a worker, or <use> of an SVG file, by static(). Browsers load those from the page's \
                     own host only. Serve that file from the app, or publish under a path of your site."
                )
            }),
            Self::StaticRoutes(places) => warn_of_first(places, log, |place| {
                format!(
                    "{place} serves something at settings.STATIC_URL, which is a URL of another host in the running \
                     app. Use its path: urllib.parse.urlsplit(settings.STATIC_URL).path"
                )
            }),
            Self::ProcessWithoutHook(line) => log.warning(&format!(
                "This process runs Python with -E, -I or -S, so the hook can't set STATIC_URL:\n{line}"
            )),
            Self::PinOnlyByEntrypoint => log.warning(
                "This Python does not load the hook. A process that replaces the image's ENTRYPOINT does not learn \
                 the version, unless it is started by: static-assets exec -- COMMAND",
            ),
        }
    }
}

/// Says what becomes of them: they are right as long as something serves the files at the app's own path.
fn fixed_links(links: &[FixedLink], report: &CollectReport, log: &Log) {
    let path = &report.own_path;
    warn_of_first(links, log, fixed_link);
    if links.len() > SHOWN {
        log.detail(&format!("To find all of them: git grep -n '{path}'"));
    }
    match &report.server {
        _ if links.is_empty() => {}
        Some(server) if server.serves_own_path => {}
        Some(server) => log.warning(&format!(
            "{} serves the files at the path of STATIC_URL only, so these links would answer 404. To serve the files at \
             {path}, too, add to the settings:\n{}",
            server.name,
            server.line()
        )),
        None => log.warning(&format!(
            "Neither WhiteNoise nor ServeStatic was found. If nothing else serves the files at {path}, these links answer \
             404: let them follow STATIC_URL, or add WhiteNoise."
        )),
    }
}

fn written_afterwards(WrittenFiles { added, kept }: WrittenFiles, log: &Log) {
    if added > 0 {
        let added = count(added, "file");
        log.detail(&format!(
            "It wrote {added} into STATIC_ROOT, to be published"
        ));
    }
    if kept > 0 {
        log.warning(&format!(
            "It also wrote {} that collectstatic had collected. They are published as collected. If the command runs \
             collectstatic itself, let it take the place of this build's own:\nSTATIC_ASSETS_COLLECT_COMMAND=\"…\"",
            count(kept, "file")
        ));
    }
}

fn variables_of_blocks(names: &[String], log: &Log) {
    if names.is_empty() {
        return;
    }
    // What belongs to one request has no list of values.
    let (of_requests, listed): (Vec<&str>, Vec<&str>) = names
        .iter()
        .map(String::as_str)
        .partition(|name| name.contains('.'));
    let mut text = format!(
        "Blocks of {{% compress %}} use what COMPRESS_OFFLINE_CONTEXT lacks: {}. A page that sets it renders another \
         block, and fails with OfflineGenerationError.",
        names.join(", ")
    );
    if !listed.is_empty() {
        let pairs: Vec<String> = listed.iter().map(|name| format!("\"{name}\": …")).collect();
        let pairs = pairs.join(", ");
        let _ = write!(
            text,
            " List the values that pages have together, for each … one of yours:\nCOMPRESS_OFFLINE_CONTEXT = [{{{pairs}}}, …]"
        );
    }
    if !of_requests.is_empty() {
        let names = of_requests.join(", ");
        let _ = write!(
            text,
            "\nMove what uses {names} out of the block: each request has another value."
        );
    }
    log.warning(&text);
}

fn broken_link(link: &BrokenLink<'_>) -> String {
    let BrokenLink { place, name, why } = link;
    match why {
        BrokenLinkCause::NotCollected => {
            format!(
                "{place} links to {name}, which collectstatic did not collect. The URL would answer 404."
            )
        }
        BrokenLinkCause::Elsewhere(url) => format!(
            "{place} links to {name} at {url}, which is not under the URL of this version. The link stays there."
        ),
        BrokenLinkCause::BundleElsewhere(url) => format!(
            "{place} links to the bundle {name} at {url}, which this build does not publish. With \
             publicPath: \"auto\" in webpack's output, and without publicPath in webpack-bundle-tracker, the URL comes \
             from STATIC_URL."
        ),
        BrokenLinkCause::Fails(error) => {
            format!("{place} asks for {name}. The page would fail: {error}")
        }
    }
}

fn source_note(settings: &SettingsSource) -> String {
    match settings {
        SettingsSource::App => String::new(),
        SettingsSource::Server(server) => format!(" ({})", server.file.display()),
        SettingsSource::Variable(origin) => format!(" (DJANGO_SETTINGS_MODULE, {origin})"),
    }
}

fn storage_note(storage: Option<&StaticfilesStorage>) -> String {
    match storage {
        Some(storage) if storage.own == storage.collected_with => String::new(),
        Some(storage) if storage.own.starts_with("whitenoise.") => {
            " (WhiteNoise storage, compression skipped)".to_owned()
        }
        Some(storage) if !storage.local => {
            let class = storage.own.rsplit('.').next().unwrap_or_default();
            format!(" ({class} replaced by a local storage: this build uploads)")
        }
        _ => String::new(),
    }
}

fn notes(report: &CollectReport, log: &Log) {
    if let Some(first) = report.relative_references.keys().next() {
        let references = report.relative_references.values().sum();
        log.detail(&format!(
            "Made {} in {} relative, first in {first}: absolute ones lead to the app's own host",
            count(references, "reference"),
            count(report.relative_references.len(), "stylesheet"),
        ));
    }
    if let Some(first) = report.vanished.first() {
        log.warning(&format!(
            "The manifest in STATIC_ROOT had {} that collectstatic does not collect, such as {first}. This build \
             replaces that manifest. If STATIC_ROOT is committed, remove it from the repository.",
            count(report.vanished.len(), "file"),
        ));
    }
    if !report.dummies.is_empty() {
        log.detail(&format!(
            "{} is unset in the build: collected with a throw-away value",
            report.dummies.join(", ")
        ));
    }
    if let Some(ignored) = &report.ignored_staticfiles_storage {
        log.warning(&format!(
            "STATICFILES_STORAGE = \"{ignored}\" is ignored since Django 5.1. To use it:\n\
             STORAGES = {{\n    \
                 \"default\": {{\"BACKEND\": \"django.core.files.storage.FileSystemStorage\"}},\n    \
                 \"staticfiles\": {{\"BACKEND\": \"{ignored}\"}},\n\
             }}"
        ));
    }
    for DjangoCheck { id, message } in &report.checks {
        let id = id.as_deref().unwrap_or("check");
        let advice = match id {
            "staticfiles.W004" => {
                "\nIf a frontend build makes that directory, run it first:\n\
                 STATIC_ASSETS_BEFORE_COLLECT=\"npm ci && npm run build\""
            }
            _ => "",
        };
        log.warning(&format!("{id}: {message}{advice}"));
    }
}
