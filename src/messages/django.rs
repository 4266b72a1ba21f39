//! Texts of Django's failures.

use super::{Explain, Kind, Message, listed, not_following};
use crate::command::CommandError;
use crate::config::env_vars::DJANGO_SETTINGS_MODULE;
use crate::framework::django::{
    DjangoFailure, DjangoFailureReason, DjangoLinkProblem, HookBlocked,
};
use crate::framework::{DjangoError, NotFollowing};
use indoc::formatdoc;

impl Explain for DjangoError {
    fn explain(&self) -> Message {
        match self {
            Self::NoPython { path } => Message::new(
                Kind::App,
                "No Python",
                formatdoc! {"
                    Collecting static files needs the app's Python, but no 'python' is on PATH:
                      {path}
                    Put this buildpack after the one that installs Python:
                      pack build app --buildpack heroku/python --buildpack <this buildpack>
                      heroku buildpacks:add --index 1 heroku/python
                    In a Dockerfile, put that of a virtual environment on PATH:
                      ENV PATH=/app/.venv/bin:$PATH"
                },
            ),
            Self::NoDjango { python } => Message::new(
                Kind::App,
                "No Django in this Python",
                formatdoc! {"
                    {python} can't import django. Either this step comes before the one that installs the app's
                    dependencies (put it after), or they are in a virtual environment that is not on PATH:
                      ENV PATH=/app/.venv/bin:$PATH
                    or Django is missing from them:
                      requirements.txt: Django",
                    python = python.display()
                },
            ),
            Self::Failed(failure) => failure.explain(),
            Self::Command {
                setting,
                line,
                status,
                output,
            } => Message::new(
                Kind::App,
                "A command of yours failed",
                format!(
                    "{setting} failed with {}:\n  {line}",
                    status_text(*status)
                ),
            )
            .with_details(output),
            Self::NothingCollected { line, output } => Message::new(
                Kind::App,
                "Nothing was collected",
                formatdoc! {"
                    STATIC_ASSETS_COLLECT_COMMAND ended well, but no Python below it ran Django's
                    'collectstatic' where it could be seen:
                      {line}
                    A command that empties the environment (env -i, sudo) or runs elsewhere (docker) can't
                    be used here. Run Django's own command:
                      STATIC_ASSETS_COLLECT_COMMAND=\"python manage.py collectstatic --noinput\""
                },
            )
            .with_details(output),
            Self::NotFollowing(not_following) => not_following.explain(),
            Self::Start(error) => error.explain(),
            Self::Report(error) => Message::new(
                Kind::Internal,
                "What Django reported can't be read",
                "The report of the collectstatic run could not be understood.",
            )
            .with_details(error.to_string()),
            Self::Io(error) => Message::new(
                Kind::Machine,
                "A file can't be read or written",
                "Collecting static files, a file could not be read or written.",
            )
            .with_details(error.to_string()),
        }
    }
}

fn status_text(status: Option<i32>) -> String {
    match status {
        Some(status) => format!("status {status}"),
        None => "a signal".to_owned(),
    }
}

impl Explain for DjangoFailure {
    fn explain(&self) -> Message {
        let place = self
            .place
            .as_ref()
            .map_or_else(String::new, |place| format!(" at {place}"));
        let header = format!(
            "'{}' failed with {}{place}.",
            self.command,
            status_text(self.status)
        );
        let (title, text) = reason_text(&self.reason);
        Message::new(Kind::App, title, format!("{header}\n\n{text}")).with_details(&self.output)
    }
}

fn in_settings(settings: Option<&String>) -> String {
    settings.map_or_else(String::new, |settings| format!(" of {settings}"))
}

#[allow(
    clippy::too_many_lines,
    reason = "one text for each reason, in one place"
)]
fn reason_text(reason: &DjangoFailureReason) -> (&'static str, String) {
    match reason {
        DjangoFailureReason::MissingVariable { name } => (
            "A variable is missing in the build",
            formatdoc! {"
                The settings need {name}, which the build does not have. collectstatic needs no real value;
                this gives one to the build alone, never to the running app:
                  STATIC_ASSETS_BUILD_ENV=\"{name}=unused-while-collecting\"
                Or give {name} a default in the settings."
            },
        ),
        DjangoFailureReason::NoSuchSettings { module, beside } => (
            "No such settings",
            formatdoc! {"
                There is no module {module} ({setting}).{found}",
                setting = DJANGO_SETTINGS_MODULE.name,
                found = if beside.is_empty() {
                    String::new()
                } else {
                    format!(" In the same folder:\n{}", listed(beside, |module| {
                        format!("{}={module}", DJANGO_SETTINGS_MODULE.name)
                    }))
                }
            },
        ),
        DjangoFailureReason::MissingModule { name, settings } => (
            "A module is missing",
            formatdoc! {"
                Python can't import '{name}'. Is it in the dependencies that production installs, and does
                the build use the right settings{settings}? To choose others:
                  DJANGO_SETTINGS_MODULE=config.settings.production",
                settings = settings.as_ref().map_or_else(String::new, |module| format!(" (now {module})"))
            },
        ),
        DjangoFailureReason::UnknownCommand { settings } => (
            "Django has no collectstatic here",
            formatdoc! {"
                'django.contrib.staticfiles' is not in INSTALLED_APPS{settings}, so there is no such command.
                With static files, add it:
                  INSTALLED_APPS = [..., \"django.contrib.staticfiles\"]
                Other settings than the build's? DJANGO_SETTINGS_MODULE=config.settings.production
                Without static files: STATIC_ASSETS_DISABLE=1",
                settings = in_settings(settings.as_ref())
            },
        ),
        DjangoFailureReason::SettingsNotConfigured => (
            "No settings",
            formatdoc! {"
                Django does not know which settings to use. Name them:
                  DJANGO_SETTINGS_MODULE=shop.settings"
            },
        ),
        DjangoFailureReason::MissingReference { message } => (
            "A stylesheet refers to a file that is not there",
            formatdoc! {"
                {message}

                The storage of the settings hashes names, and follows every url(...) and source map to do so.
                Add the file, remove the reference, or use a storage that leaves names alone; a version of its
                own already makes browsers load changed files:
                  STORAGES[\"staticfiles\"] = {{
                      \"BACKEND\": \"django.contrib.staticfiles.storage.StaticFilesStorage\"}}"
            },
        ),
        DjangoFailureReason::BadSettings { message } => (
            "The settings can't be used in the build",
            formatdoc! {"
                {message}

                A value that only the build lacks can be given to it alone:
                  STATIC_ASSETS_BUILD_ENV=\"NAME=value\"
                Other settings: DJANGO_SETTINGS_MODULE=config.settings.production"
            },
        ),
        DjangoFailureReason::Permission { message } => (
            "A file can't be read or written",
            formatdoc! {"
                {message}

                The build runs as another user than root. Something that the settings or an app do at start
                needs a folder that this user can't use; a path below the app's folder works."
            },
        ),
        DjangoFailureReason::Compress { message } => (
            "django-compressor failed",
            formatdoc! {"
                {message}

                COMPRESS_OFFLINE is on, so 'compress' ran after collectstatic. Templates that can't be compiled
                without a request are left out by COMPRESS_OFFLINE_CONTEXT or a block of their own. Without any
                compression:
                  COMPRESS_ENABLED = False"
            },
        ),
        DjangoFailureReason::SyntaxError { message } => (
            "The app's code can't be read by this Python",
            formatdoc! {"
                {message}

                Is this the Python version that the app is written for? .python-version names it."
            },
        ),
        DjangoFailureReason::Other { kind, message } => (
            "collectstatic failed",
            formatdoc! {"
                {kind}: {message}

                To see more of it, on your machine:
                  python manage.py collectstatic --noinput --traceback"
            },
        ),
        DjangoFailureReason::Died => (
            "collectstatic ended without a word",
            "The process was killed or exited by itself before it could report. Out of memory is the \
             likeliest cause; the end of its output is below."
                .to_owned(),
        ),
    }
}

impl Explain for NotFollowing<DjangoLinkProblem> {
    fn explain(&self) -> Message {
        let why = match &self.why {
            DjangoLinkProblem::InjectOff => format!(
                "The app's settings ignore STATIC_URL, and STATIC_ASSETS_INJECT=off keeps this buildpack from changing that."
            ),
            DjangoLinkProblem::InjectNowhere => format!(
                "The app's settings ignore STATIC_URL, and the command line changes that only with --pin. In a Dockerfile:\n  RUN static-assets publish --app . --pin"
            ),
            DjangoLinkProblem::Debug { settings, beside } => {
                return debug_message(settings.as_deref(), beside);
            }
            DjangoLinkProblem::Emits { name, url } => format!(
                "Even with STATIC_URL set at launch, static(\"{name}\") gives\n  {url}\nwhich is not the \
                 published version: something in the app builds its URLs in another way."
            ),
            DjangoLinkProblem::StaticFails { error } => format!(
                "static() fails with the settings that the running app would have:\n  {error}"
            ),
            DjangoLinkProblem::HookBlocked(obstacle) => format!(
                "The app's settings ignore STATIC_URL, and the hook that would change that can't be installed. {}",
                why_no_place(obstacle)
            ),
            DjangoLinkProblem::CompressesAtRunTime { template } => format!(
                "django-compressor is on without offline compression, and {} uses it: what it writes \
                 while the app runs stays in that container, so pages would link to files that are not \
                 published.",
                template.display()
            ),
            DjangoLinkProblem::Unreachable { .. } => {
                "The app's STATIC_URL ignores the environment, and something keeps Python from loading \
                 the hook that would set it: another sitecustomize that loads no other, or an \
                 interpreter that ignores PYTHONPATH, or its own packages (-S)."
                    .to_owned()
            }
        };
        let details = match &self.why {
            DjangoLinkProblem::Unreachable { output }
            | DjangoLinkProblem::HookBlocked(HookBlocked::Unknown { output }) => output.clone(),
            DjangoLinkProblem::HookBlocked(HookBlocked::NotWritable { error, .. }) => {
                error.to_string()
            }
            _ => String::new(),
        };
        let lead = "These lines in the settings make the app follow by itself:";
        not_following(&why, Some((lead, &self.snippet))).with_details(details)
    }
}

fn why_no_place(obstacle: &HookBlocked) -> String {
    match obstacle {
        HookBlocked::NotDeployed { packages } => format!(
            "The packages of this Python are in {}, which is not deployed with the app. Is the Python buildpack one \
             that installs Python elsewhere, or missing? It belongs before this one.",
            packages.display()
        ),
        HookBlocked::NotWritable { packages, .. } => format!(
            "The packages of this Python are in {}, where this user may not write. In a Dockerfile: run this step as \
             root, or with the Python of a virtual environment on PATH.",
            packages.display()
        ),
        HookBlocked::Unknown { .. } => {
            "This Python does not tell where its packages are (sysconfig.get_path('purelib'))."
                .to_owned()
        }
    }
}

fn debug_message(settings: Option<&str>, beside: &[String]) -> Message {
    let production = beside
        .first()
        .map_or("config.settings.production", String::as_str);
    let body = formatdoc! {"
        {settings} has DEBUG on in the build, so pages would not link to what is published. Build with the settings of production, and run with them, too:
          DJANGO_SETTINGS_MODULE={production}
        Where a variable turns DEBUG off, give the build that one as well:
          STATIC_ASSETS_BUILD_ENV=\"DEBUG=False\"
        Without publishing: STATIC_ASSETS_PUBLISH=off",
        settings = settings.unwrap_or("The configuration")
    };
    Message::new(Kind::App, "DEBUG is on in the build", body)
}

impl Explain for CommandError {
    fn explain(&self) -> Message {
        match self {
            Self::NotFound { program, path } => Message::new(
                Kind::App,
                "A program is missing",
                format!("'{program}' is not on PATH:\n  {path}"),
            ),
            Self::Io { command, error } => Message::new(
                Kind::Machine,
                "A program can't be started",
                format!("This could not be run:\n  {command}"),
            )
            .with_details(error.to_string()),
            Self::Interrupted => Message::new(
                Kind::Interrupted,
                "Interrupted",
                "The build was told to stop while the assets were compiled.",
            ),
        }
    }
}
