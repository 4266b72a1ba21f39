//! Python environments, laid out as a Python buildpack leaves them, and the app started in one.

use super::running::Server;
use super::{Platform, Ran, skipped, variable};
use libcnb::Env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The environments that `script/environments` makes.
pub(crate) const ENVIRONMENTS: [&str; 3] = ["django42", "django52", "django61"];

pub(crate) struct Python {
    folder: PathBuf,
}

impl Python {
    /// `None`, and logged as skipped, if the environment is missing.
    pub(crate) fn find(environment: &str) -> Option<Self> {
        let Some(root) = variable("STATIC_ASSETS_TEST_VENVS") else {
            skipped("no Python environments were made (script/environments)");
            return None;
        };
        let folder = PathBuf::from(root).join(environment);
        if folder.join("bin/python").exists() {
            Some(Self { folder })
        } else {
            skipped(&format!("the environment {environment} is missing"));
            None
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn path(&self) -> String {
        format!("{}:/usr/bin:/bin", self.folder.join("bin").display())
    }

    pub(crate) fn command(&self, platform: &Platform, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.folder.join("bin/python"));
        command
            .args(arguments)
            .current_dir(platform.app())
            .env_clear()
            .env("PATH", self.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null());
        command
    }

    /// Starts the app with the launch environment and the variables that an operator sets.
    pub(crate) fn serve(
        &self,
        platform: &Platform,
        ran: &Ran,
        operator: &[(&str, &str)],
    ) -> Server {
        let mut env = Env::new();
        for (name, value) in operator {
            env.insert(name, value);
        }
        self.serve_in(platform, &ran.launch_env_over(&env))
    }

    pub(crate) fn serve_in(&self, platform: &Platform, env: &Env) -> Server {
        let arguments = [
            "-m",
            "gunicorn",
            "--bind=127.0.0.1:0",
            "--workers=1",
            "--worker-tmp-dir=/tmp",
            "project.wsgi",
        ];
        let child = self
            .command(platform, &arguments)
            .envs(env)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Server::of(child, listening)
    }
}

/// Reads the URL from the line that gunicorn logs when it listens.
pub(crate) fn listening(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("Listening at: ")?;
    Some(rest.split(' ').next()?.to_owned())
}

impl Platform {
    pub(crate) fn python(self, python: &Python) -> Self {
        let folder = python.folder.clone();
        self.env("PATH", python.path()).env("VIRTUAL_ENV", folder)
    }
}
