//! What the Cloud Native Buildpack logs besides the steps of the build.

use super::title;
use crate::config::{FrameworkName, FrameworkSettings, Sources};
use crate::framework::{DetectError, Framework};
use crate::log::{Event, Log};
use std::path::Path;

pub(crate) enum CnbEvent<'a> {
    Title,
    /// Detect can't read the settings.
    UnreadableSettings,
    NoFramework,
    Detected(&'a Framework, &'a Path, &'a Sources<'a>),
    /// Detect passes, and the build reports what is wrong. The framework is the one that the app has for sure.
    Unclear(&'a DetectError, Option<FrameworkName>),
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
            Self::Detected(app, dir, sources) => detected(app, dir, sources, log),
            Self::Unclear(DetectError::Io(error), _) => {
                log.bullet(&format!(
                    "The app can't be read. The build reports it: {error}"
                ));
            }
            Self::Unclear(_, framework) => {
                let framework = match framework {
                    Some(FrameworkName::Django) => "Django",
                    Some(FrameworkName::Phoenix) => "Phoenix",
                    None => "Django or Phoenix",
                };
                log.bullet(&format!(
                    "{framework}, but which app is unclear. The build reports it."
                ));
            }
            Self::Failed(error) => log.bullet(&format!("The buildpack could not run: {error}")),
        }
    }
}

fn detected(app: &Framework, dir: &Path, sources: &Sources<'_>, log: &Log) {
    match app {
        Framework::Django(django) => log.bullet(&format!("Django: {}", django.evidence)),
        Framework::Phoenix(phoenix) => {
            log.bullet(&phoenix.evidence());
            let settings = FrameworkSettings::read(sources);
            let pipelines = phoenix.pipelines(dir, &settings.phoenix);
            for pipeline in pipelines {
                log.bullet(&pipeline);
            }
        }
        Framework::Prebuilt(_) => log.bullet("STATIC_ASSETS_DIR names a directory to publish"),
    }
}
