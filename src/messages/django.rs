//! Texts of Django: errors here and in `failure` and `links`, lines of the log in `log`.

mod failure;
mod links;
mod log;

use super::{Explain, Kind, Message, listed, not_following};
use crate::framework::DjangoError;
use indoc::formatdoc;

impl Explain for DjangoError {
    fn explain(&self) -> Message {
        match self {
            Self::NoPython(path) => Message::new(
                Kind::App,
                "No Python on PATH",
                formatdoc! {"
                    Collecting static files needs the app's Python, but no 'python' is on PATH:
                      {path}
                    Put this buildpack after the one that installs Python:
                      pack build app --buildpack heroku/python --buildpack <this buildpack>
                      heroku buildpacks:add --index 1 heroku/python
                    In a Dockerfile, put the Python of the virtual environment on PATH:
                      ENV PATH=/app/.venv/bin:$PATH"
                },
            ),
            Self::NoDjango(python) => Message::new(
                Kind::App,
                format!("{} can't import django", python.display()),
                formatdoc! {"
                    Likeliest cause: this step comes before the one that installs the app's dependencies. Put it after
                    that. If they are in a virtual environment, put that on PATH:
                      ENV PATH=/app/.venv/bin:$PATH
                    If Django is missing from the dependencies, add it to them, as in requirements.txt:
                      Django"
                },
            ),
            Self::Failed(failure) => failure.explain(),
            Self::Command {
                setting,
                line,
                status,
                output,
            } => command_failed(setting, line, *status).with_details(output),
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

fn command_failed(setting: &str, line: &str, status: Option<i32>) -> Message {
    if status != Some(0) {
        let title = format!("{setting} failed with {}", status_text(status));
        let body =
            format!("The build ran:\n  {line}\nIf the app needs no such command, unset {setting}.");
        return Message::new(Kind::App, title, body);
    }
    let body = formatdoc! {"
        This command ended without an error, but the build saw no 'collectstatic' of Django in it:
          {line}
        Likeliest cause: it empties the environment (env -i, sudo) or runs elsewhere (docker). Run Django's own command:
          {setting}=\"python manage.py collectstatic --noinput\""
    };
    Message::new(Kind::App, format!("{setting} collected nothing"), body)
}

fn status_text(status: Option<i32>) -> String {
    status.map_or("a signal".to_owned(), |status| format!("status {status}"))
}
