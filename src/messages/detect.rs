//! Texts of detect: the app is ambiguous, or a setting names nothing that exists.

use super::{Explain, Kind, Message};
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
        let (title, body) = match self {
            Self::Tie {
                framework,
                setting,
                paths,
            } => {
                let show = |path: &std::path::PathBuf| path.display().to_string();
                let what = match framework {
                    FrameworkName::Django => "manage.py",
                    FrameworkName::Phoenix => "Phoenix project",
                };
                let body = formatdoc! {"
                    They are equally deep in the app. Choose one:
                      {setting}={first}",
                    first = paths.first().map(show).unwrap_or_default()
                };
                let paths: Vec<String> = paths.iter().map(show).collect();
                (format!("More than one {what}: {}", paths.join(", ")), body)
            }
            Self::Both { django, phoenix } => {
                let body = formatdoc! {"
                    Django: {django}
                    Phoenix: {phoenix}
                    Choose the one whose assets are published:
                      STATIC_ASSETS_FRAMEWORK=django
                      STATIC_ASSETS_FRAMEWORK=phoenix"
                };
                ("The app is both Django and Phoenix".to_owned(), body)
            }
            Self::NotFound(framework) => {
                let (chosen, name) = match framework {
                    FrameworkName::Django => ("django", "Django"),
                    FrameworkName::Phoenix => ("phoenix", "Phoenix"),
                };
                let body = format!(
                    "Detect found none of these: {}.\nUnset STATIC_ASSETS_FRAMEWORK, or publish a directory that is already \
                     built:\n  STATIC_ASSETS_DIR=dist",
                    evidence_of(*framework)
                );
                let title =
                    format!("STATIC_ASSETS_FRAMEWORK={chosen}, but the app has no {name} project");
                (title, body)
            }
            Self::Missing { setting, path } => (
                format!("{setting}={}: no such file or directory", path.display()),
                match *setting {
                    "--dir" => "The path is relative to the directory in which the command runs.",
                    _ => "The path is relative to the app's directory.",
                }
                .to_owned(),
            ),
            Self::NoEntry { evidence } => {
                let body = formatdoc! {"
                    Detect looks at most two directories deep. DJANGO_SETTINGS_MODULE is not set either. One of these helps:
                      STATIC_ASSETS_MANAGE_PY=path/to/manage.py
                      DJANGO_SETTINGS_MODULE=shop.settings
                      STATIC_ASSETS_COLLECT_COMMAND=\"nanodjango manage app.py collectstatic --noinput\"
                    If the app serves no pages:
                      STATIC_ASSETS_DISABLE=1"
                };
                (
                    format!("{evidence} names Django, but the app has no manage.py"),
                    body,
                )
            }
            Self::Io(error) => {
                let body =
                    "Detect could not read a file of the app while it looked for a framework.";
                return Message::new(Kind::Machine, "The app can't be read", body)
                    .with_details(error.to_string());
            }
        };
        Message::new(Kind::Configuration, title, body)
    }
}
