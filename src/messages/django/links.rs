//! Texts of the link check of a Django app.

use super::failure::choose_settings;
use super::{Explain, Message, app_message, not_following};
use crate::framework::NotFollowing;
use crate::framework::django::DjangoLinkProblem;
use indoc::formatdoc;
use std::path::Path;

const PLAIN: &str = ".StaticFilesStorage";
const PLAIN_STORAGE: &str = "STORAGES[\"staticfiles\"] = {\n    \
     \"BACKEND\": \"django.contrib.staticfiles.storage.StaticFilesStorage\"}";

impl Explain for NotFollowing<DjangoLinkProblem> {
    #[allow(clippy::too_many_lines, reason = "one text for each problem")]
    fn explain(&self) -> Message {
        let no_hook = |why: &str| {
            let text = "With its own settings, the app does not link to the published files. The hook that would \
                        set STATIC_URL when Python starts";
            let lead = "To need no hook, change the settings:";
            (format!("{text} {why}"), (lead, &*self.snippet))
        };
        let storage_fix = |lead| (lead, PLAIN_STORAGE);
        let (why, fix) = match &self.why {
            DjangoLinkProblem::Debug {
                settings,
                beside,
                variable,
            } => return debug_message(settings.as_deref(), beside, variable.as_deref()),
            DjangoLinkProblem::InjectOff => no_hook(
                "is forbidden by STATIC_ASSETS_INJECT=off. To allow it, unset STATIC_ASSETS_INJECT.",
            ),
            DjangoLinkProblem::InjectNowhere => no_hook(
                "is installed by the command line only with --pin. In a Dockerfile, and on a server \
                 (docs/docker.md):\n  \
                 RUN static-assets publish --app . --pin\n  \
                 static-assets publish --app . --pin=pin.env",
            ),
            DjangoLinkProblem::Unreachable(_) => no_hook(
                "is not loaded by Python. Likeliest cause: another sitecustomize hides it, or Python ignores \
                 PYTHONPATH (-E, -I) or its packages (-S).",
            ),
            DjangoLinkProblem::PackagesUnknown(_) => no_hook(
                "can't be installed: this Python does not tell where its packages are \
                 (sysconfig.get_path('purelib')).",
            ),
            DjangoLinkProblem::PackagesNotDeployed(packages) => no_hook(&format!(
                "can't be installed: the packages of this Python are in {}, which is not deployed with the app. \
                 Likeliest cause: the Python buildpack is missing, or installs Python elsewhere. Run it before this \
                 one.",
                packages.display()
            )),
            DjangoLinkProblem::PackagesNotWritable { packages, .. } => no_hook(&format!(
                "can't be installed: the packages of this Python are in {}, where this user can't write. In a \
                 Dockerfile, run this step as root or add a virtual environment to PATH.",
                packages.display()
            )),
            DjangoLinkProblem::Emits { name, url, storage } => (
                format!(
                    "Even with STATIC_URL set at launch, static(\"{name}\") gives a URL that names no published \
                     file:\n  {url}\nLikeliest cause: {storage} builds its URLs without STATIC_URL."
                ),
                storage_fix("Build them from self.base_url, or use Django's own storage:"),
            ),
            DjangoLinkProblem::StaticFails { error, storage } if storage.ends_with(PLAIN) => (
                format!(
                    "static() fails with the settings that the running app would have:\n  {error}"
                ),
                (
                    "The likeliest cause is a setting. To see it on your machine:",
                    "python manage.py check",
                ),
            ),
            DjangoLinkProblem::StaticFails { error, storage } => (
                format!(
                    "static() fails with the settings that the running app would have:\n  {error}\n\
                     The storage is {storage}."
                ),
                storage_fix(
                    "Fix that storage, or use one that needs neither a manifest nor the network:",
                ),
            ),
            DjangoLinkProblem::CompressesAtRunTime(template) => (
                format!(
                    "django-compressor compresses {} while the app runs. What it writes stays in that container, so \
                     pages would link to files that are not published.",
                    template.display()
                ),
                ("To compress in the build:", &*self.snippet),
            ),
        };
        let details = match &self.why {
            DjangoLinkProblem::Unreachable(details)
            | DjangoLinkProblem::PackagesUnknown(details)
            | DjangoLinkProblem::PackagesNotWritable { error: details, .. } => details,
            _ => "",
        };
        not_following(&why, Some(fix)).with_details(details)
    }
}

pub(super) fn vanished(place: &str, name: &str, root: &Path) -> Message {
    app_message(&formatdoc! {"
        {place} links to {name}, which is not published
        The file, or its entry in a manifest, is in STATIC_ROOT ({root}), but none of the directories that collectstatic
        reads has it. The build replaces the manifest there and publishes what it collects, so the page would break.
        Likeliest cause: {root} is committed. If a bundler makes the file, run it before, with the app's own command:
          STATIC_ASSETS_BEFORE_COLLECT=\"npm ci && npm run build\"
        If the file was removed from the sources, put it back into the static directory of an app, or into one of
        STATICFILES_DIRS, or remove the link.",
        root = root.display()
    })
}

fn debug_message(settings: Option<&str>, beside: &[String], variable: Option<&str>) -> Message {
    let settings = settings.unwrap_or("The configuration");
    let production = choose_settings(beside.first().filter(|it| it.contains("prod")));
    let by_variable = match variable {
        Some(name) => format!(
            "{name} decides on DEBUG. If it is off in the running app, turn it off in the build, too:\n  \
             STATIC_ASSETS_BUILD_ENV=\"{name}=False\"\n"
        ),
        None if beside.is_empty() => "If there are no others, let the environment decide. ALLOWED_HOSTS must then name the \
                                      site's host:\n  import os\n  DEBUG = os.environ.get(\"DEBUG\") == \"1\"\n"
            .to_owned(),
        None => String::new(),
    };
    app_message(&formatdoc! {"
        DEBUG is on in the build
        {settings} has DEBUG on in the build. With DEBUG, pages don't link to what is published. Build with the
        settings of production, and run with them, too{production}
        {by_variable}To build without publishing: STATIC_ASSETS_PUBLISH=off"
    })
}
