//! Texts of detect: the app is ambiguous, or a setting names a path that does not exist.

use super::{Explain, Kind, Message, listed, titled};
use crate::config::FrameworkName;
use crate::framework::DetectError;
use indoc::formatdoc;
use std::path::PathBuf;

/// What detect looks for.
pub(super) fn evidence_of(framework: FrameworkName) -> &'static str {
    match framework {
        FrameworkName::Django => {
            "a manage.py at most two directories deep, Django among the dependencies, or DJANGO_SETTINGS_MODULE"
        }
        FrameworkName::Phoenix => {
            "a mix.exs at most two directories deep with :phoenix among its dependencies, and assets: an alias \
             assets.deploy, a directory assets or priv/static, or cache_static_manifest"
        }
    }
}

impl Explain for DetectError {
    fn explain(&self) -> Message {
        let text = match self {
            Self::Tie {
                framework,
                setting,
                paths,
            } => {
                let show = |path: &PathBuf| path.display().to_string();
                let what = match framework {
                    FrameworkName::Django => "manage.py",
                    FrameworkName::Phoenix => "Phoenix project",
                };
                formatdoc! {"
                    More than one {what}
                    They are equally deep in the app:
                    {paths}
                    Choose one:
                      {setting}={first}",
                    paths = listed(paths, show),
                    first = paths.first().map(show).unwrap_or_default()
                }
            }
            Self::Both { django, phoenix } => formatdoc! {"
                The app is both Django and Phoenix
                Django: {django}
                Phoenix: {phoenix}
                Choose the one whose assets are published:
                  STATIC_ASSETS_FRAMEWORK=django
                  STATIC_ASSETS_FRAMEWORK=phoenix"
            },
            Self::NotFound(framework) => {
                let name = match framework {
                    FrameworkName::Django => "django",
                    FrameworkName::Phoenix => "phoenix",
                };
                let evidence = evidence_of(*framework);
                format!(
                    "STATIC_ASSETS_FRAMEWORK={name}, but the app is not\nThe app has none of these: {evidence}."
                )
            }
            Self::Missing { setting, path } => format!(
                "{setting} names no existing path: '{}'\nIs the path relative to the app's directory?",
                path.display()
            ),
            Self::NoEntry { evidence } => formatdoc! {"
                No manage.py
                {evidence} names Django, but there is no manage.py at most two directories deep, and
                DJANGO_SETTINGS_MODULE is not set. One of these helps:
                  STATIC_ASSETS_MANAGE_PY=path/to/manage.py
                  DJANGO_SETTINGS_MODULE=shop.settings
                  STATIC_ASSETS_COLLECT_COMMAND=\"nanodjango manage app.py collectstatic --noinput\"
                If the app serves no pages:
                  STATIC_ASSETS_DISABLE=1"
            },
            Self::Io(error) => {
                let text = "The app can't be read\n\
                            Detect could not read a file of the app while it looked for a framework.";
                return titled(Kind::Machine, text).with_details(error.to_string());
            }
        };
        titled(Kind::Configuration, &text)
    }
}
