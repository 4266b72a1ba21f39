//! A Python environment laid out as a Python buildpack leaves it, and the app started in it.

use super::{Platform, Ran, skipped, variable};
use libcnb::Env;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The environments that `script/environments` makes.
pub(crate) const ENVIRONMENTS: [&str; 3] = ["django42", "django52", "django61"];

pub(crate) struct Python {
    folder: PathBuf,
}

impl Python {
    /// `None`, and said so, where the environment is not there.
    pub(crate) fn find(environment: &str) -> Option<Self> {
        let Some(root) = variable("STATIC_ASSETS_TEST_VENVS") else {
            skipped("no Python environments are there (script/environments)");
            return None;
        };
        let folder = PathBuf::from(root).join(environment);
        if folder.join("bin/python").exists() {
            Some(Self { folder })
        } else {
            skipped(&format!("the environment {environment} is not there"));
            None
        }
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

    /// Starts the app with the launch environment only, and with what an operator sets.
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
        let mut child = self
            .command(platform, &arguments)
            .envs(env)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut seen = String::new();
        let url = loop {
            let mut line = String::new();
            let length = log.read_line(&mut line).unwrap();
            assert_ne!(length, 0, "the app did not start:\n{seen}");
            seen.push_str(&line);
            if let Some((_, rest)) = line.split_once("Listening at: ") {
                break rest.split(' ').next().unwrap().to_owned();
            }
        };
        // The pipe is read on, so that the server never waits for a reader.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Server { child, url }
    }
}

/// A running app, stopped by its id at the end.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let process = i32::try_from(self.child.id()).unwrap();
        if let Some(process) = rustix::process::Pid::from_raw(process) {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

impl Platform {
    pub(crate) fn python(self, python: &Python) -> Self {
        let folder = python.folder.clone();
        self.env("PATH", python.path()).env("VIRTUAL_ENV", folder)
    }
}
