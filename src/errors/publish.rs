//! Texts of the core.

use super::{Explain, Kind, Message};
use crate::framework::CompileError;
use crate::publish::PublishError;
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
            Self::Store { error, asked } => error.explain().with_line(&format!("Asked: {asked}")),
        }
    }
}
