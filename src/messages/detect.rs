//! Texts of detect: the app is ambiguous, or a setting names a path that does not exist.

use super::{Explain, Kind, Message, titled};
use crate::config::FrameworkName;
use crate::framework::DetectError;
use indoc::formatdoc;

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
    #[allow(clippy::too_many_lines, reason = "one text for each case")]
    fn explain(&self) -> Message {
        let text = match self {
            Self::Tie {
                framework,
                setting,
                paths,
            } => {
                let what = match framework {
                    FrameworkName::Django => "manage.py",
                    FrameworkName::Phoenix => "Phoenix project",
                };
                let paths: Vec<String> = paths
                    .iter()
                    .map(|path| path.display().to_string())
                    .collect();
                formatdoc! {"
                    More than one {what}: {all}
                    They are equally deep in the app. Choose one:
                      {setting}={first}",
                    all = paths.join(", "),
                    first = paths.first().map_or("", String::as_str)
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
                let (chosen, name) = match framework {
                    FrameworkName::Django => ("django", "Django"),
                    FrameworkName::Phoenix => ("phoenix", "Phoenix"),
                };
                formatdoc! {"
                    STATIC_ASSETS_FRAMEWORK={chosen}, but the app has no {name} project
                    Detect found none of these: {evidence}.
                    Unset STATIC_ASSETS_FRAMEWORK, or publish a directory that is already built:
                      STATIC_ASSETS_DIR=dist",
                    evidence = evidence_of(*framework)
                }
            }
            Self::Missing { setting, path } => {
                let base = match *setting {
                    "--dir" => "the directory in which the command runs",
                    _ => "the app's directory",
                };
                let path = path.display();
                format!(
                    "{setting}={path}: no such file or directory\nThe path is relative to {base}."
                )
            }
            Self::NoEntry { evidence } => formatdoc! {"
                {evidence} names Django, but the app has no manage.py
                Detect looks at most two directories deep. DJANGO_SETTINGS_MODULE is not set either. One of these helps:
                  STATIC_ASSETS_MANAGE_PY=path/to/manage.py
                  DJANGO_SETTINGS_MODULE=shop.settings
                  STATIC_ASSETS_COLLECT_COMMAND=\"nanodjango manage app.py collectstatic --noinput\"
                If the app serves no pages:
                  STATIC_ASSETS_DISABLE=1"
            },
            Self::Io(error) => {
                let text = "The app can't be read\nDetect could not read a file of the app while it looked for a framework.";
                return titled(Kind::Machine, text).with_details(error.to_string());
            }
        };
        titled(Kind::Configuration, &text)
    }
}
