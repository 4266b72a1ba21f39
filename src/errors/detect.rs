//! Texts of an app that can't be told.

use super::{Explain, Kind, Message, listed};
use crate::framework::DetectError;
use indoc::formatdoc;

impl Explain for DetectError {
    fn explain(&self) -> Message {
        match self {
            Self::Tie { what, paths } => {
                let first = paths.first().map(|path| path.display().to_string());
                let body = formatdoc! {"
                    Several {what} were found, equally deep in the app:
                    {paths}
                    Choose one:
                      STATIC_ASSETS_MANAGE_PY={first}",
                    paths = listed(paths, |path| path.display().to_string()),
                    first = first.unwrap_or_default()
                };
                Message::new(Kind::Configuration, "Which Django project?", body)
            }
            Self::Missing { setting, path } => Message::new(
                Kind::Configuration,
                "Nothing is there",
                format!(
                    "{setting} is '{}', which is not there, or not what it is to be.",
                    path.display()
                ),
            ),
            Self::NoEntry { evidence } => {
                let body = formatdoc! {"
                    {evidence} names Django, but there is nothing to start it with: no manage.py at most
                    two folders deep, and DJANGO_SETTINGS_MODULE is not set. One of these helps:
                      STATIC_ASSETS_MANAGE_PY=path/to/manage.py
                      DJANGO_SETTINGS_MODULE=shop.settings
                      STATIC_ASSETS_COLLECT_COMMAND=\"nanodjango manage app.py collectstatic --noinput\"
                    For an app that serves no pages:
                      STATIC_ASSETS_DISABLE=1"
                };
                Message::new(Kind::Configuration, "No manage.py", body)
            }
            Self::Io(error) => Message::new(
                Kind::Machine,
                "The app can't be read",
                "Looking for a framework, a file of the app could not be read.",
            )
            .with_details(error.to_string()),
        }
    }
}
