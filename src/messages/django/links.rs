//! Texts of the link check of a Django app.

use super::{Explain, Kind, Message, not_following};
use crate::framework::NotFollowing;
use crate::framework::django::{DjangoLinkProblem, HookDirProblem};
use indoc::formatdoc;

const NOT_LINKED: &str = "With its own settings, the app does not link to the published files";
const PLAIN_STORAGE: &str = "STORAGES[\"staticfiles\"] = {\n    \
     \"BACKEND\": \"django.contrib.staticfiles.storage.StaticFilesStorage\"}";

impl Explain for NotFollowing<DjangoLinkProblem> {
    fn explain(&self) -> Message {
        let by_settings = ("To need no hook, change the settings:", &*self.snippet);
        let mut details = "";
        let (why, fix) = match &self.why {
            DjangoLinkProblem::Debug { settings, beside } => {
                return debug_message(settings.as_deref(), beside);
            }
            DjangoLinkProblem::InjectOff => (
                format!(
                    "{NOT_LINKED}, and STATIC_ASSETS_INJECT=off forbids the hook that would change them. To allow \
                     the hook, unset STATIC_ASSETS_INJECT."
                ),
                by_settings,
            ),
            DjangoLinkProblem::InjectNowhere => (
                format!(
                    "{NOT_LINKED}. The command line installs the hook that would change them only with --pin, in \
                     a Dockerfile:\n  RUN static-assets publish --app . --pin"
                ),
                by_settings,
            ),
            DjangoLinkProblem::Unreachable { output } => {
                details = output;
                (
                    format!(
                        "{NOT_LINKED}, and Python does not load the hook that would change them. Likeliest cause: \
                         another sitecustomize hides it, or Python ignores PYTHONPATH (-E, -I) or its packages (-S)."
                    ),
                    by_settings,
                )
            }
            DjangoLinkProblem::NoHookDir(problem) => {
                let (why, shown) = why_no_dir(problem);
                details = shown;
                (
                    format!(
                        "{NOT_LINKED}, and the hook that would change them can't be installed. {why}"
                    ),
                    by_settings,
                )
            }
            DjangoLinkProblem::Emits { name, url, storage } => (
                format!(
                    "Even with STATIC_URL set at launch, static(\"{name}\") gives a URL that names no published \
                     file:\n  {url}\nLikeliest cause: {storage} builds its URLs without STATIC_URL."
                ),
                (
                    "Build them from self.base_url, or use Django's own storage:",
                    PLAIN_STORAGE,
                ),
            ),
            DjangoLinkProblem::StaticFails { error, storage } => (
                format!(
                    "static() fails with the settings that the running app would have:\n  {error}\nThe storage is \
                     {storage}."
                ),
                (
                    "Fix it, or use a storage that needs neither a manifest nor the network:",
                    PLAIN_STORAGE,
                ),
            ),
            DjangoLinkProblem::CompressesAtRunTime { template } => (
                format!(
                    "django-compressor compresses {} while the app runs. What it writes stays in that container, so \
                     pages would link to files that are not published.",
                    template.display()
                ),
                ("To compress in the build:", &*self.snippet),
            ),
        };
        not_following(&why, Some(fix)).with_details(details)
    }
}

/// Returns the text and the details of the problem.
fn why_no_dir(problem: &HookDirProblem) -> (String, &str) {
    match problem {
        HookDirProblem::NotDeployed { packages } => (
            format!(
                "The packages of this Python are in {}, which is not deployed with the app. Likeliest cause: the \
                 Python buildpack is missing, or installs Python elsewhere. Put it before this one.",
                packages.display()
            ),
            "",
        ),
        HookDirProblem::NotWritable { packages, error } => (
            format!(
                "The packages of this Python are in {}, where this user can't write. In a Dockerfile, run this step \
                 as root or put the Python of a virtual environment on PATH.",
                packages.display()
            ),
            error,
        ),
        HookDirProblem::Unknown { output } => (
            "This Python does not tell where its packages are (sysconfig.get_path('purelib'))."
                .to_owned(),
            output,
        ),
    }
}

fn debug_message(settings: Option<&str>, beside: &[String]) -> Message {
    let settings = settings.unwrap_or("The configuration");
    let production = beside.first();
    let production = production.map_or("config.settings.production", String::as_str);
    let body = formatdoc! {"
        {settings} has DEBUG on in the build. With DEBUG, pages don't link to what is published. Build with the
        settings of production, and run with them, too:
          DJANGO_SETTINGS_MODULE={production}
        If a variable turns DEBUG off, set it in the build, too:
          STATIC_ASSETS_BUILD_ENV=\"DEBUG=False\"
        To build without publishing: STATIC_ASSETS_PUBLISH=off"
    };
    Message::new(Kind::App, "DEBUG is on in the build", body)
}
