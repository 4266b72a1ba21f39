//! Texts of the classic buildpack.

use super::{Explain, Kind, Message};
use crate::heroku::ClassicError;

impl Explain for ClassicError {
    fn explain(&self) -> Message {
        match self {
            Self::Usage => Message::new(
                Kind::Configuration,
                "Usage",
                "The classic buildpack is run by its stubs:\n  bin/compile BUILD_DIR CACHE_DIR ENV_DIR\n  \
                 bin/test-compile BUILD_DIR CACHE_DIR ENV_DIR\n  bin/release BUILD_DIR\n  \
                 bin/report BUILD_DIR CACHE_DIR ENV_DIR",
            ),
            Self::BuildDir(error) => Message::new(
                Kind::Machine,
                "The app can't be read",
                "BUILD_DIR, the first argument of a classic buildpack, has to be the app's folder.",
            )
            .with_details(error.to_string()),
            Self::EnvDir(error) => Message::new(
                Kind::Machine,
                "The config vars can't be read",
                "ENV_DIR, the third argument of a classic buildpack, has to hold a file for each config var. Without \
                 them nothing tells where to publish.",
            )
            .with_details(error.to_string()),
            Self::Link(link) => Message::new(
                Kind::Refused,
                "A link in the place of a folder",
                format!(
                    "{} is a link, so what is written there would not be deployed. Make it a folder, or take it out \
                     of the repository.",
                    link.display()
                ),
            ),
            Self::NotWritten(error) => Message::new(
                Kind::Machine,
                "The pin can't be written",
                "The app's processes find their version in .profile.d/static-assets.sh of the slug, the buildpacks \
                 that follow in 'export' of this one.",
            )
            .with_details(error.to_string()),
        }
    }
}
