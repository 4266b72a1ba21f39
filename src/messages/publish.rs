//! Texts of the core.

use super::{Explain, Kind, Message};
use crate::config::env_vars::STORE;
use crate::framework::CompileError;
use crate::publish::PublishError;
use crate::release::deferred::{DeferredError, MalformedCause};
use indoc::formatdoc;

impl Explain for PublishError {
    fn explain(&self) -> Message {
        match self {
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
            Self::Prepared(error) => error.explain(),
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
                    MalformedCause::Schema(schema) => (
                        format!(
                            "was written by a newer version of static-assets (schema {schema}). Publish with the \
                             one in the image"
                        ),
                        String::new(),
                    ),
                    MalformedCause::Json(error) => ("is no JSON".to_owned(), error.to_string()),
                    MalformedCause::PublicUrl => ("holds no public URL".to_owned(), String::new()),
                    MalformedCause::Version => ("holds no version".to_owned(), String::new()),
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
