//! What the log says of links: how the pages come to link to the version, and the fallback.

use super::listed;
use crate::config::Keep;
use crate::config::env_vars::STATIC_URL;
use crate::context::BuildContext;
use crate::framework::{
    BlockingPolicy, Compiled, Fallback, FixedLink, FixedLinkKind, LinkReason, Links, Stays,
};
use crate::log::Log;
use crate::release::Release;

pub(super) fn links(compiled: &Compiled, release: &Release, ctx: &BuildContext<'_>, log: &Log) {
    match &compiled.links {
        Links::ByApp(reason) => log.bullet(&format!("Links: {}", reason_text(reason, ctx))),
        Links::ByInjection { reason, snippet } => {
            log.bullet(&format!(
                "Links: {} (STATIC_ASSETS_INJECT=auto). To do it in your own code:",
                reason_text(reason, ctx)
            ));
            log.block(snippet);
        }
        Links::Unverified => {}
    }
    fallback(compiled, release, ctx, log);
    warn_of_disagreement(compiled, release, ctx, log);
}

fn reason_text(reason: &LinkReason, ctx: &BuildContext<'_>) -> String {
    let at_launch = |why: &str, what: &str| format!("{why}, so {what} set at launch");
    let in_image = |change: &str| {
        format!("the app doesn't read STATIC_URL, so {change}; your repository is unchanged")
    };
    match reason {
        LinkReason::SettingsReadUrl => "the settings read STATIC_URL from the environment".into(),
        LinkReason::SettingsIgnoreUrl => at_launch("the settings ignore STATIC_URL", "it is"),
        LinkReason::OwnStorage(storage) => format!("{storage} links to the version by itself"),
        LinkReason::OtherStorage(storage) => at_launch(
            &format!("{storage} links elsewhere"),
            "a local storage and STATIC_URL are",
        ),
        LinkReason::NoManifest => at_launch(
            "no STATIC_ROOT in the image holds the manifest",
            "STATIC_ROOT and STATIC_URL are",
        ),
        LinkReason::SourceReads(reads) => {
            let reads = reads
                .iter()
                .map(|(place, variable)| format!("{place} reads {variable}"));
            reads.collect::<Vec<_>>().join(", ")
        }
        LinkReason::AppendedBlock(scripts) => {
            let scripts = scripts
                .iter()
                .map(|script| ctx.relative(script).display().to_string());
            let scripts = scripts.collect::<Vec<_>>().join(" and ");
            in_image(&format!("a block was appended to {scripts} in the image"))
        }
        LinkReason::ManifestKeys => {
            in_image("cache_manifest.json in the image now leads to the version")
        }
    }
}

fn fallback(compiled: &Compiled, release: &Release, ctx: &BuildContext<'_>, log: &Log) {
    let keeps_all = ctx.config.keep == Keep::All;
    let text = match (&compiled.fallback, &compiled.stays) {
        (Fallback::Untouched, _) => return,
        (Fallback::InPlace | Fallback::UrlInImage | Fallback::Folder { .. }, Some(why))
            if !keeps_all => {
            log.warning(&format!("STATIC_ASSETS_KEEP=manifests has no effect: {}.", stays(why)));
            return;
        }
        _ if !keeps_all => "none, STATIC_ASSETS_KEEP=manifests leaves the files out".to_owned(),
        (Fallback::Folder { path, url, served_by }, _) => {
            let server = if release.prefix.covers(url) {
                "would reach the store, because STATIC_ASSETS_PUBLIC_URL covers it. Choose another path"
            } else if let Some(name) = served_by {
                &format!("works ({name} found)")
            } else {
                "needs a server for it (WhiteNoise, nginx)"
            };
            let dir = ctx.relative(path).display();
            format!("full copy in {dir}; STATIC_URL={url} {server}")
        }
        (Fallback::OutsideImage(path), _) => format!(
            "none, STATIC_ROOT {} is outside of the app, and only the app's directory becomes the image",
            path.display()
        ),
        (Fallback::UrlInImage, _) => {
            "none, the URL is part of the image. A build with STATIC_ASSETS_PUBLISH=off serves from the app".to_owned()
        }
        (Fallback::InPlace, _) => {
            let roots = compiled.assets.roots.iter();
            let dirs = roots.map(|root| ctx.relative(&root.folder).display().to_string());
            let dirs = dirs.collect::<Vec<_>>().join(", ");
            format!("full copy in {dirs}; STATIC_URL=/ serves from the app again")
        }
        (Fallback::NoFolder, _) => {
            "none, the app has no STATIC_ROOT. With one, and a server for it (WhiteNoise, nginx), STATIC_URL=/static/ serves from \
             the app".to_owned()
        }
    };
    log.bullet(&format!("Fallback: {text}"));
}

fn stays(why: &Stays) -> String {
    match why {
        Stays::Link(place) => format!("the image has to serve links like the one at {place}"),
        Stays::Unproved(otp_app) => format!(
            "no link to a script, or none to a stylesheet, was found in {otp_app}, so its pages may need the files on the \
             app's own host"
        ),
    }
}

/// A value that the platform sets is there at run time too, and wins over the pinned one.
fn warn_of_disagreement(compiled: &Compiled, release: &Release, ctx: &BuildContext<'_>, log: &Log) {
    if let Some(given) = &ctx.config.version
        && given.origin.is_platform()
        && compiled.reads_release_version
    {
        log.warning(
            "the app reads RELEASE_VERSION, which is set on the platform. If it is also set at run time, an older \
             image uses the newer version. Set it for the build only, or read STATIC_ASSETS_VERSION in the app.",
        );
    }
    let url = ctx.env.text(STATIC_URL);
    let Some(url) = url.filter(|url| *url != release.prefix.url()) else {
        return;
    };
    if ctx.image.hook.pin().is_some() {
        log.warning(&format!(
            "STATIC_URL={url} is set here. An ENV of the Dockerfile or of its base image is also set at run time and \
             wins over the pin: pages would link there and not to this version. To unset it:\nENV STATIC_URL="
        ));
    } else {
        log.warning(&format!(
            "STATIC_URL={url} is set on the platform. If it is also set at run time, pages link there and not to this \
             version. Unset it unless you want the fallback."
        ));
    }
}

/// A Content-Security-Policy that makes browsers refuse files of the public URL.
pub(super) fn blocking_policy(policy: &BlockingPolicy, origin: &str) -> String {
    let by_workers = policy.wanted_by_workers.as_ref();
    let by_workers = by_workers.map(|directive| {
        format!("\nIf a service worker of the app fetches files, it also needs:\n    {directive};")
    });
    format!(
        "{} has a Content-Security-Policy without {origin}, so browsers would block files. It needs:\n{}{}",
        policy.place,
        listed(&policy.wanted, |directive| format!("  {directive};")),
        by_workers.unwrap_or_default()
    )
}

/// A link that a built script or a template hard-codes.
pub(super) fn fixed_link(link: &FixedLink) -> String {
    let by_hand =
        |path: &str| format!("\"{path}\" is written by hand and stays on the app's own host.");
    let text = match &link.kind {
        FixedLinkKind::PublicPath(path) => format!(
            "webpack's publicPath is \"{path}\", so chunks are loaded from the app's own host. With \
             webpack 5 and publicPath: \"auto\" they follow STATIC_URL."
        ),
        FixedLinkKind::Worker => {
            "a worker must come from the page's own host, so its file stays in the image."
                .to_owned()
        }
        FixedLinkKind::Path(path) => by_hand(path),
        FixedLinkKind::Template { path, name } => {
            let call = match link.location.file.extension() {
                Some(extension) if extension == "py" => {
                    format!("static('{name}'), from django.templatetags.static")
                }
                _ => format!("{{% static '{name}' %}}"),
            };
            format!("{} To follow STATIC_URL, write: {call}", by_hand(path))
        }
        FixedLinkKind::Jinja { path, name } => format!(
            "{} To follow STATIC_URL, write: {{{{ static('{name}') }}}}",
            by_hand(path)
        ),
    };
    format!("{}: {text}", link.location)
}
