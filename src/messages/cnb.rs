//! What the Cloud Native Buildpack logs besides the steps of the build.

use super::title;
use crate::config::env_vars::DIR;
use crate::config::{FrameworkName, FrameworkSettings, Origin, Setting, Sources};
use crate::framework::{DetectError, Framework};
use crate::log::{Event, Log};
use std::path::Path;

pub(crate) enum CnbEvent<'a> {
    Title,
    /// Detect can't read the settings.
    UnreadableSettings,
    NoFramework,
    Detected(&'a Framework, &'a Path, &'a Sources<'a>),
    /// Detect passes, and the build reports what is wrong.
    Ambiguous(&'a DetectError),
    /// libcnb could not run the buildpack.
    Failed(String),
}

impl Event for CnbEvent<'_> {
    fn write_to(&self, log: &Log) {
        match self {
            Self::Title => log.header(&title()),
            Self::UnreadableSettings => {
                log.bullet("The settings can't be read. The build reports what is wrong.");
            }
            Self::NoFramework => {
                log.bullet(
                    "No Django project: no manage.py of Django, no Django among the dependencies, no \
                     DJANGO_SETTINGS_MODULE",
                );
                log.bullet(
                    "No Phoenix project with assets: no mix.exs with :phoenix among its dependencies and an alias \
                     assets.deploy, a directory assets, files in priv/static or a cache_static_manifest",
                );
            }
            Self::Detected(app, dir, sources) => {
                for line in evidence(app, dir, sources) {
                    log.bullet(&line);
                }
            }
            Self::Ambiguous(error) => log.bullet(&ambiguous(error)),
            Self::Failed(error) => log.bullet(&format!("The buildpack could not run: {error}")),
        }
    }
}

/// Says what was found, and how its assets are made.
pub(super) fn evidence(app: &Framework, dir: &Path, sources: &Sources<'_>) -> Vec<String> {
    match app {
        Framework::Django(django) => vec![format!("Django: {}", django.evidence)],
        Framework::Phoenix(phoenix) => {
            let settings = FrameworkSettings::read(sources);
            let pipelines = phoenix.pipelines(dir, &settings.phoenix);
            std::iter::once(phoenix.evidence())
                .chain(pipelines)
                .collect()
        }
        Framework::Prebuilt(prebuilt) => {
            let Setting { value, origin } = &prebuilt.dir;
            let source = match origin {
                Origin::Flag(flag) => (*flag).to_owned(),
                origin => format!("STATIC_ASSETS_DIR, {origin}"),
            };
            let dir = value.display();
            vec![format!(
                "A directory that is already built: {dir} ({source})"
            )]
        }
    }
}

fn ambiguous(error: &DetectError) -> String {
    let what = match error {
        DetectError::Missing { setting, .. } if *setting == DIR.name => {
            return "STATIC_ASSETS_DIR names a directory to publish".to_owned();
        }
        DetectError::Missing { setting, path } => {
            format!("{setting}={}: no such path in the app", path.display())
        }
        DetectError::NoEntry { evidence } => {
            format!("{evidence} names Django, but the app has no manage.py")
        }
        DetectError::Tie { framework, .. } => match framework {
            FrameworkName::Django => "The app has more than one manage.py".to_owned(),
            FrameworkName::Phoenix => "The app has more than one Phoenix project".to_owned(),
        },
        DetectError::Both { .. } => "The app is both Django and Phoenix".to_owned(),
        DetectError::NotFound(_) => {
            "The app does not have the framework that was chosen".to_owned()
        }
        DetectError::Io(error) => format!("The app can't be read: {error}"),
    };
    format!("{what}. The build reports it.")
}
