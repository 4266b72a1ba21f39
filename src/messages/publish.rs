//! Texts of a run: what the log prints while it publishes, and why it can't go on.

use super::detect::evidence_of;
use super::{Explain, Kind, Message, check, config, config_message, links, titled, upload};
use crate::check::CheckSkipped;
use crate::config::{FrameworkName, Unpublished};
use crate::framework::{CompileError, InstallError, Prebuilt};
use crate::log::{Event, Log};
use crate::manifest::UnreadableMarker;
use crate::publish::{PublishError, PublishEvent};
use crate::release::deferred::{DeferredError, MalformedCause, SaveError};
use indoc::formatdoc;

impl Event for PublishEvent<'_> {
    fn write_to(&self, log: &Log) {
        match self {
            Self::Warning(warning) => log.warning(&config::warning_text(warning)),
            Self::Off(why) => log.bullet(&off(why)),
            Self::CompileOnly(why) => log.bullet(&compile_only(why)),
            Self::Version(release, config) => upload::version(release, config, log),
            Self::LeftOut(scanned) => upload::left_out(scanned, log),
            Self::Compressed(saving, why) => upload::compressed(*saving, why, log),
            Self::Saved(release, ctx) => upload::saved(release, ctx, log),
            Self::Deferred(release, config) => upload::deferred(release, config, log),
            Self::NothingDeferred => log.bullet(
                "Nothing to upload: the build of this image published its assets, or publishing was \
                 off",
            ),
            Self::NotUploaded(why, deferred) => upload::not_uploaded(why, deferred.as_ref(), log),
            Self::Progress(progress) => log.detail(&upload::progress(*progress)),
            Self::Uploaded(summary, to) => upload::uploaded(summary, to, log),
            Self::WouldUpload(summary, release, to) => {
                upload::would_upload(summary, release, to, log);
            }
            Self::Change(change, release) => upload::change(change, release, log),
            Self::CheckSkipped(release, why) => {
                let (url, why) = (release.prefix.url(), skipped(*why));
                log.bullet(&format!("Public URL: {url}, not checked: {why}"));
            }
            Self::CheckBegins(release) => {
                log.bullet(&format!("Public check {}", release.prefix.url()));
            }
            Self::Checked([]) => {}
            Self::Checked(kinds) => {
                let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
                log.detail(&format!("{}: 200, right bytes and types", kinds.join(" ")));
            }
            Self::CheckFailed(finding, site) => log.warning(&check::finding_text(finding, site)),
            Self::Links(compiled, release, ctx) => links::links(compiled, release, ctx, log),
            Self::Done(published, taken) => upload::done(published, *taken, log),
        }
    }
}

impl Event for Prebuilt {
    fn write_to(&self, log: &Log) {
        let dir = self.dir.value.display().to_string();
        let (dir, origin) = (dir.escape_debug(), &self.dir.origin);
        log.bullet(&format!("Directory {dir}, as it is ({origin})"));
    }
}

/// Why a run publishes nothing.
pub(super) fn why_not_published(why: &Unpublished) -> String {
    match why {
        Unpublished::NoStore
        | Unpublished::Disabled(_)
        | Unpublished::Nameless(..)
        | Unpublished::Tests => off(why),
        Unpublished::PublishOff(_) | Unpublished::MissingCredentials(_) => compile_only(why),
    }
}

fn off(why: &Unpublished) -> String {
    match why {
        Unpublished::Disabled(origin) => {
            format!("Static assets are off: STATIC_ASSETS_DISABLE is set ({origin}).")
        }
        Unpublished::Tests => {
            "The app is built for its tests: nothing is compiled, published or pinned. To compile: \
                               STATIC_ASSETS_COMPILE=1"
                .to_owned()
        }
        Unpublished::Nameless(origin, id) => format!(
            "Static assets are off: the store of the {origin} holds {{app}}, and this app has no name{}. To take part: \
             [_] id = \"shop\" in project.toml, or STATIC_ASSETS_APP=shop",
            no_name(id.as_deref())
        ),
        _ => "Static assets are off: no store is set. To publish them under their own URL with each build: \
              STATIC_ASSETS_STORE=s3://bucket/prefix"
            .to_owned(),
    }
}

fn compile_only(why: &Unpublished) -> String {
    match why {
        Unpublished::Tests => {
            "Compiled only: the app is built for its tests, so nothing is published or pinned"
                .to_owned()
        }
        Unpublished::PublishOff(origin) => format!(
            "Not published, nothing pinned: STATIC_ASSETS_PUBLISH=off ({origin}). The app serves its own files."
        ),
        Unpublished::MissingCredentials(store) => format!(
            "Not published, nothing pinned: no credentials for {store} and STATIC_ASSETS_MISSING_CREDENTIALS=skip. \
             The app serves its own files."
        ),
        Unpublished::Nameless(origin, id) => format!(
            "Compiled only: the store of the {origin} holds {{app}}, and this app has no name{}. To publish: \
             STATIC_ASSETS_APP=shop",
            no_name(id.as_deref())
        ),
        Unpublished::NoStore | Unpublished::Disabled(_) => {
            "Compiled only: no store is set. To publish: STATIC_ASSETS_STORE=s3://bucket/prefix"
                .to_owned()
        }
    }
}

fn no_name(id: Option<&str>) -> String {
    id.map_or_else(String::new, |id| {
        format!(" (its id '{id}' in project.toml can't be one)")
    })
}

fn skipped(why: CheckSkipped) -> &'static str {
    match why {
        CheckSkipped::Off => "STATIC_ASSETS_CHECK=off",
        CheckSkipped::AlreadyChecked => {
            "the previous build checked the same version, URL and store. To check every build: STATIC_ASSETS_CHECK=fail"
        }
        CheckSkipped::Path => "it is a path of your site, which must lead to the store",
        CheckSkipped::NothingToAskFor => "the version has no CSS, JS, SVG or font",
    }
}

impl Explain for PublishError {
    #[allow(clippy::too_many_lines, reason = "one text for each case")]
    fn explain(&self) -> Message {
        match self {
            Self::Config(problems) => config_message(problems),
            Self::Detect(error) => error.explain(),
            Self::NoFramework => titled(
                Kind::Configuration,
                &formatdoc! {"
                    Neither Django nor Phoenix was found
                    A store is set, but nothing here can be compiled. Detect looks for Django: {django};
                    and for Phoenix: {phoenix}.
                    If the files are already built in a directory, such as dist:
                      STATIC_ASSETS_DIR=dist      (on the command line: --dir dist)
                    If this app has no assets:
                      STATIC_ASSETS_DISABLE=1",
                    django = evidence_of(FrameworkName::Django),
                    phoenix = evidence_of(FrameworkName::Phoenix)
                },
            ),
            Self::Compile(CompileError::Django(error)) => error.explain(),
            Self::Compile(CompileError::Phoenix(error)) => error.explain(),
            Self::Release(error) => error.explain(),
            Self::NoStore => titled(
                Kind::Configuration,
                "STATIC_ASSETS_STORE is not set\nIt says where to publish:\n  STATIC_ASSETS_STORE=s3://bucket/prefix\n\
                 or az://container/prefix, gs://bucket/prefix or file:///directory.",
            ),
            Self::Save(SaveError::Occupied(dir)) => Message::new(
                Kind::Refused,
                format!("{} holds files that no build saved", dir.display()),
                "The build saves there what the release phase uploads, and it replaces only what an earlier build saved. \
                 Remove the directory, or move its files elsewhere. In a Dockerfile, another path for the pin moves it, \
                 too:\n  --pin=/app/.static-assets/pin.env",
            ),
            Self::StoreInside(root) => Message::new(
                Kind::Configuration,
                "The store is in the directory that is published",
                format!(
                    "{} would be published into itself, once more with each run. Choose another directory for the store, \
                     or publish a subdirectory.",
                    root.display()
                ),
            ),
            Self::Install(InstallError::Leftover(path)) => Message::new(
                Kind::Refused,
                format!("{} holds the placeholder of the version", path.display()),
                "The compile wrote the version's URL into this file of the app, but the version is the hash of the \
                 compiled files, which was not known then. Give a version that is known before:\n  \
                 RELEASE_VERSION=v42",
            ),
            Self::Install(InstallError::IntoLink(path)) => Message::new(
                Kind::Machine,
                format!("{} is a link", path.display()),
                "Static files are only written into directories: the link may lead out of the app, into another \
                 buildpack's layer. Replace it by a directory, or set another STATIC_ROOT.",
            ),
            Self::Install(InstallError::Io(error)) | Self::Save(SaveError::Io(error)) => titled(
                Kind::Machine,
                "A file can't be written into the image\n\
                 The app reads the collected files, and files such as staticfiles.json, at run time.",
            )
            .with_details(error.to_string()),
            Self::Scratch(error) => titled(
                Kind::Machine,
                "A temporary directory can't be made\n\
                 The build collects files there before it uploads them. Is the disk full, or does TMPDIR name a \
                 directory that this user can't write to?",
            )
            .with_details(error.to_string()),
            Self::Check(error) => error.explain(),
            Self::Deferred(error) => error.explain(),
            Self::Store(error, asked) => error.explain().with_line(&format!("Asked: {asked}")),
        }
    }
}

impl Explain for DeferredError {
    fn explain(&self) -> Message {
        match self {
            Self::Missing(folder) => titled(
                Kind::Configuration,
                &formatdoc! {"
                    This image holds nothing to publish
                    {dir} does not exist or is incomplete. A build saves the files in its image if
                      STATIC_ASSETS_PUBLISH=release
                    is set, in a Dockerfile together with --pin. If another stage built the image, copy the directory. If
                    it has another path:
                      static-assets publish --prepared=DIR
                    Without that setting, the build has already published and needs no release phase.",
                    dir = folder.display()
                },
            ),
            Self::Malformed(file, cause) => {
                let mut details = String::new();
                let why = match cause {
                    MalformedCause::Unreadable(UnreadableMarker::UnknownSchema(schema)) => {
                        &format!("a newer version of static-assets wrote it (schema {schema})")
                    }
                    MalformedCause::Unreadable(UnreadableMarker::NotJson(error)) => {
                        details = error.to_string();
                        "it is not valid JSON"
                    }
                    MalformedCause::PublicUrl => "it has no public URL",
                    MalformedCause::Version => "it has no version",
                    MalformedCause::Encoding(name) => {
                        &format!("a newer version of static-assets wrote it (encoding {name})")
                    }
                };
                let body = format!("{}: {why}. Build the image again.", file.display());
                Message::new(Kind::Refused, UNREADABLE, body).with_details(details)
            }
            Self::Changed(path) => Message::new(
                Kind::Refused,
                format!("{path} changed after the build"),
                "What the release phase would upload is not what the version's name stands for. Does something write to \
                 the directory, or mount over it? Build the image again.",
            ),
            Self::CompressedForDirectory => Message::new(
                Kind::Configuration,
                "A file:// store can't serve the compressed files of this image",
                "A directory has no headers, so browsers would not know that the files are compressed. Build the image again \
                 with\n  STATIC_ASSETS_COMPRESS=off",
            ),
            Self::Scan(error) => error.explain(),
            Self::Io(error) => {
                let body = "The user that runs the release phase must be able to read it.";
                Message::new(Kind::Machine, UNREADABLE, body).with_details(error.to_string())
            }
        }
    }
}

const UNREADABLE: &str = "What the build saved can't be read";
