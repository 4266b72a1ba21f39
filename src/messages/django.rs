//! Texts of Django: errors here and in `failure` and `links`, lines of the log in `log`.

mod failure;
mod links;
mod log;

use super::{Explain, Kind, Message, listed, not_following, titled};
use crate::framework::DjangoError;
use crate::framework::django::ServerSettings;
use indoc::formatdoc;
use links::vanished;
use std::path::Path;

impl Explain for DjangoError {
    fn explain(&self) -> Message {
        match self {
            Self::NoPython(path) => app_message(&formatdoc! {"
                No Python on PATH
                Collecting static files needs the app's Python, but no 'python' is on PATH:
                  {path}
                Run this buildpack after the one that installs Python:
                  pack build app --buildpack heroku/python --buildpack <this buildpack>
                  heroku buildpacks:add --index 1 heroku/python
                If it is in a virtual environment, put that on PATH, in a shell or in a Dockerfile:
                  . .venv/bin/activate
                  ENV PATH=/app/.venv/bin:$PATH"
            }),
            Self::NoDjango(python) => app_message(&formatdoc! {"
                {} can't import django
                Likeliest cause: this step comes before the one that installs the app's dependencies. Put it after
                that. If they are in a virtual environment, put that on PATH, in a shell or in a Dockerfile:
                  . .venv/bin/activate
                  ENV PATH=/app/.venv/bin:$PATH
                If Django is missing from the dependencies, add it to them, as in requirements.txt:
                  Django",
                python.display()
            }),
            Self::Failed(failure) => failure.explain(),
            Self::Command(setting, line, finished) => {
                command_failed(setting, line, finished.status.code()).with_details(&finished.output)
            }
            Self::OtherSettings(manage_py, server) => other_settings(manage_py, server),
            Self::SettingsNotRead(output) => Message::new(
                Kind::Machine,
                "Python can't read the app's settings files",
                "The build lets Python's own parser read wsgi.py and manage.py. Likeliest cause: this Python is older \
                 than 3.7.",
            )
            .with_details(output.as_str()),
            Self::Vanished { place, name, root } => vanished(place, name, root),
            Self::NotFollowing(not_following) => not_following.explain(),
            Self::Start(error) => error.explain(),
            Self::Report(error) => Message::new(
                Kind::Internal,
                "The report of collectstatic can't be read",
                "The build could not read what its own runner reported of collectstatic.",
            )
            .with_details(error.to_string()),
            Self::Io(error) => Message::new(
                Kind::Machine,
                "A file can't be read or written",
                "The build could not read or write a file while it collected static files.",
            )
            .with_details(error.to_string()),
        }
    }
}

/// A message about the app whose text begins with its title.
fn app_message(text: &str) -> Message {
    titled(Kind::App, text)
}

fn other_settings(manage_py: &Path, server: &ServerSettings) -> Message {
    let (manage_py, file) = (manage_py.display(), server.file.display());
    let (used, module) = (&server.manage_py, &server.module);
    app_message(&formatdoc! {"
        {manage_py} uses the settings {used}, and the server uses {module}
        {manage_py} sets DJANGO_SETTINGS_MODULE whatever the environment says, so the build can't check the pages of the
        server, which runs with {module} ({file}). Let the environment choose, in {manage_py}:
          os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"{used}\")"
    })
}

fn command_failed(setting: &str, line: &str, status: Option<i32>) -> Message {
    if status != Some(0) {
        let status = status_text(status);
        return app_message(&formatdoc! {"
            {setting} failed with {status}
            The build ran:
              {line}
            If the app needs no such command, unset {setting}."
        });
    }
    app_message(&formatdoc! {"
        {setting} collected nothing
        This command ended without an error, but the build saw no 'collectstatic' of Django in it:
          {line}
        Likeliest cause: it empties the environment (env -i, sudo) or runs elsewhere (docker). Run Django's own command:
          {setting}=\"python manage.py collectstatic --noinput\""
    })
}

fn status_text(status: Option<i32>) -> String {
    status.map_or("a signal".to_owned(), |status| format!("status {status}"))
}
