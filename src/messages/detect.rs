//! Texts of an app that can't be told.

use super::{Explain, Kind, Message, listed};
use crate::config::FrameworkName;
use crate::framework::DetectError;
use indoc::formatdoc;

impl Explain for DetectError {
    fn explain(&self) -> Message {
        match self {
            Self::Tie {
                framework,
                setting,
                paths,
            } => {
                let first = paths.first().map(|path| path.display().to_string());
                let (what, title) = match framework {
                    FrameworkName::Django => ("manage.py", "Which Django project?"),
                    FrameworkName::Phoenix => ("Phoenix projects", "Which Phoenix project?"),
                };
                let body = formatdoc! {"
                    Several {what} were found, equally deep in the app:
                    {paths}
                    Choose one:
                      {setting}={first}",
                    paths = listed(paths, |path| path.display().to_string()),
                    first = first.unwrap_or_default()
                };
                Message::new(Kind::Configuration, title, body)
            }
            Self::Both { django, phoenix } => {
                let body = formatdoc! {"
                    The app is both:
                      Django: {django}
                      Phoenix: {phoenix}
                    Choose the one whose assets are published:
                      STATIC_ASSETS_FRAMEWORK=django
                      STATIC_ASSETS_FRAMEWORK=phoenix"
                };
                Message::new(Kind::Configuration, "Django or Phoenix?", body)
            }
            Self::NotFound(framework) => {
                let (chosen, looked_for) = match framework {
                    FrameworkName::Django => (
                        "django",
                        "a manage.py at most two folders deep, Django among the dependencies, or \
                         DJANGO_SETTINGS_MODULE",
                    ),
                    FrameworkName::Phoenix => (
                        "phoenix",
                        "a mix.exs at most two folders deep with :phoenix among its dependencies, and assets: \
                         an alias assets.deploy, a folder assets or priv/static, or cache_static_manifest",
                    ),
                };
                Message::new(
                    Kind::Configuration,
                    "Not what was chosen",
                    format!(
                        "STATIC_ASSETS_FRAMEWORK={chosen}, but the app shows none of it: {looked_for}."
                    ),
                )
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
