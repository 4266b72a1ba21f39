//! Texts of a run: what the log prints while it publishes, and why it can't go on.

use super::{Explain, Kind, Message, check, config_message, links, upload};
use crate::config::Unpublished;
use crate::config::env_vars::STORE;
use crate::framework::CompileError;
use crate::log::{Event, Log};
use crate::publish::{CheckSkipped, PublishError, PublishEvent};
use crate::release::deferred::{DeferredError, Malformed};
use indoc::formatdoc;

impl Event for PublishEvent<'_> {
    fn write_to(&self, log: &Log) {
        match self {
            Self::Warning(warning) => log.warning(&warning.text()),
            Self::Off(why) => log.bullet(&off(why)),
            Self::CompileOnly(why) => log.bullet(&compile_only(why)),
            Self::Version {
                release,
                given,
                commit,
            } => upload::version(release, *given, *commit, log),
            Self::LeftOut(scanned) => upload::left_out(scanned, log),
            Self::Saved { release, dry_run } => upload::saved(release, *dry_run, log),
            Self::Deferred { release, commit } => upload::deferred(release, *commit, log),
            Self::NothingDeferred => upload::nothing_deferred(log),
            Self::NotUploaded { why, deferred } => {
                upload::not_uploaded(why, deferred.as_ref(), log);
            }
            Self::Progress(progress) => log.detail(&upload::progress(*progress)),
            Self::Uploaded {
                summary,
                release,
                destination,
                dry_run,
            } => upload::uploaded(summary, release, destination, *dry_run, log),
            Self::Change { change, release } => upload::change(change, release, log),
            Self::CheckSkipped { release, why } => {
                let url = release.prefix.url();
                log.bullet(&format!(
                    "Public URL: {url}, not checked: {}",
                    skipped(*why)
                ));
            }
            Self::CheckBegins(release) => {
                log.bullet(&format!("Public check {}", release.prefix.url()));
            }
            Self::Checked(kinds) if kinds.is_empty() => {}
            Self::Checked(kinds) => {
                let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
                log.detail(&format!("{}: 200, right bytes and types", kinds.join(" ")));
            }
            Self::CheckFailed {
                finding,
                destination,
            } => {
                let site = &destination.site;
                log.warning(&check::finding_text(finding, &site.store, &site.public));
            }
            Self::Links {
                compiled,
                release,
                ctx,
            } => links::links(compiled, release, ctx, log),
        }
    }
}

fn off(why: &Unpublished) -> String {
    match why {
        Unpublished::Disabled(setting) => {
            format!(
                "Static assets: off, STATIC_ASSETS_DISABLE ({}).",
                setting.origin
            )
        }
        Unpublished::Tests => {
            "The app is built for its tests: nothing is compiled, published or pinned. To compile: \
             STATIC_ASSETS_COMPILE=1"
                .to_owned()
        }
        _ => "Static assets: off. To publish them under their own URL with each build: \
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
        Unpublished::PublishOff(setting) => format!(
            "Not published, nothing pinned: STATIC_ASSETS_PUBLISH=off ({}). The app serves its own files.",
            setting.origin
        ),
        Unpublished::MissingCredentials(store) => format!(
            "Not published, nothing pinned: no credentials for {store} and STATIC_ASSETS_MISSING_CREDENTIALS=skip. \
             The app serves its own files."
        ),
        Unpublished::NoStore | Unpublished::Disabled(_) => {
            "Compiled only: no store is set. To publish: STATIC_ASSETS_STORE=s3://bucket/prefix"
                .to_owned()
        }
    }
}

fn skipped(why: CheckSkipped) -> &'static str {
    match why {
        CheckSkipped::Off => "STATIC_ASSETS_CHECK=off",
        CheckSkipped::AlreadyChecked => {
            "the previous build checked it. To check every build: STATIC_ASSETS_CHECK=fail"
        }
        CheckSkipped::Path => "it is a path of your site, which must lead to the store",
        CheckSkipped::NothingToAskFor => "the version has no CSS, JS, SVG or font",
    }
}

impl Explain for PublishError {
    fn explain(&self) -> Message {
        match self {
            Self::Config(problems) => config_message(problems),
            Self::Detect(error) => error.explain(),
            Self::NoFramework => Message::new(
                Kind::Configuration,
                "No framework",
                formatdoc! {"
                    A store is set, but this is no app whose assets can be compiled. Looked for Django: a
                    manage.py at most two folders deep, Django among the dependencies, or
                    DJANGO_SETTINGS_MODULE; and for Phoenix: a mix.exs at most two folders deep with :phoenix among
                    its dependencies, and assets. A folder that is built already, such as dist:
                      STATIC_ASSETS_DIR=dist      (on the command line: --dir dist)
                    Nothing, for this app:
                      STATIC_ASSETS_DISABLE=1"
                },
            ),
            Self::Compile(CompileError::Django(error)) => error.explain(),
            Self::Compile(CompileError::Phoenix(error)) => error.explain(),
            Self::Release(error) => error.explain(),
            Self::NoStore => Message::new(
                Kind::Configuration,
                "No store",
                formatdoc! {"
                    {name} is not set. It says where to publish:
                      {name}=s3://bucket/prefix
                    and az://container/prefix, gs://bucket/prefix or file:///folder.",
                    name = STORE.name
                },
            ),
            Self::Occupied(folder) => Message::new(
                Kind::Refused,
                "A folder is in the way",
                formatdoc! {"
                    What the release phase uploads would be kept in {folder}, but that folder holds something else,
                    which stays as it is. Put the pin, which it lies beside, into a folder of its own:
                      --pin=/etc/static-assets/pin.env",
                    folder = folder.display()
                },
            ),
            Self::StoreInside(root) => Message::new(
                Kind::Configuration,
                "The store lies in the folder that is published",
                format!(
                    "{} would be published into itself, once more with each run. Choose another folder for the \
                     store, or publish one below.",
                    root.display()
                ),
            ),
            Self::Leftover(path) => Message::new(
                Kind::Refused,
                "A file of the app would hold no version",
                formatdoc! {"
                    {path} was written by the compile and holds the version's URL, but the version is made
                    from the compiled files and was not known then. A version that is known before:
                      RELEASE_VERSION=v42",
                    path = path.display()
                },
            ),
            Self::Install(error) => Message::new(
                Kind::Machine,
                "A file can't be written into the app",
                formatdoc! {"
                    The collected files, or those that the running app reads (staticfiles.json), could not be
                    put where it reads them."
                },
            )
            .with_details(error.to_string()),
            Self::Check(error) => error.explain(),
            Self::Deferred(error) => error.explain(),
            Self::Store { error, asked } => error.explain().with_line(&format!("Asked: {asked}")),
        }
    }
}

impl Explain for DeferredError {
    fn explain(&self) -> Message {
        match self {
            Self::Missing { folder } => Message::new(
                Kind::Configuration,
                "This image has kept nothing to publish",
                formatdoc! {"
                    {folder} is not there, or not whole. A build keeps the files in its image with
                      STATIC_ASSETS_PUBLISH=release
                    and in a Dockerfile with --pin as well. In another stage, copy the folder; elsewhere, name it:
                      static-assets publish --prepared=DIR
                    Without that setting the build has published already, and no release phase is needed.",
                    folder = folder.display()
                },
            ),
            Self::Malformed { file, cause } => {
                let (why, details) = match cause {
                    Malformed::Schema(schema) => (
                        format!(
                            "was written by a newer version of static-assets (schema {schema}). Publish with the \
                             one in the image"
                        ),
                        String::new(),
                    ),
                    Malformed::Json(error) => ("is no JSON".to_owned(), error.to_string()),
                    Malformed::PublicUrl => ("holds no public URL".to_owned(), String::new()),
                    Malformed::Version => ("holds no version".to_owned(), String::new()),
                };
                Message::new(
                    Kind::Refused,
                    "What was kept can't be read",
                    format!("{} {why}. Build the image again.", file.display()),
                )
                .with_details(details)
            }
            Self::Changed { path } => Message::new(
                Kind::Refused,
                "A kept file is not what the build has kept",
                formatdoc! {"
                    {path} was changed, cut or removed since the image was built, so the version would not be what
                    its name says. Is something written or mounted over the folder? Build the image again."
                },
            ),
            Self::Scan(error) => error.explain(),
            Self::Io(error) => Message::new(
                Kind::Machine,
                "What was kept can't be read",
                "The user of this process has to be able to read it.",
            )
            .with_details(error.to_string()),
        }
    }
}
