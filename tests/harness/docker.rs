//! The Docker engine that `script/docker` starts for the tests, and the code blocks of the documentation that it builds.

use super::running::Server;
use super::{random_name, repository, skipped, variable};
use fs_err as fs;
use std::path::Path;
use std::process::{Command, Stdio};

pub(crate) struct Docker {
    pub(crate) socket: String,
    cli: String,
}

/// The builder of an image.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Builder {
    BuildKit,
    /// The builder of heroku.yml, which mounts no secret.
    Classic,
}

/// A built image, removed when it is dropped.
pub(crate) struct Image<'a> {
    docker: &'a Docker,
    pub(crate) name: String,
    /// The output of the build.
    pub(crate) log: String,
}

impl Docker {
    /// `None`, and logged as skipped, if no engine is up.
    pub(crate) fn find() -> Option<Self> {
        let Some(socket) = variable("STATIC_ASSETS_TEST_DOCKER") else {
            skipped("no Docker engine is up (script/docker -- cargo test)");
            return None;
        };
        Some(Self {
            socket,
            cli: variable("STATIC_ASSETS_TEST_DOCKER_CLI").unwrap(),
        })
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.cli);
        command
            .arg(format!("--host=unix://{}", self.socket))
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", "/invalid")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command that must succeed, and returns what it wrote to both streams.
    #[track_caller]
    pub(crate) fn succeeds(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.command(arguments).output().unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {log}");
        [output.stdout, output.stderr].concat()
    }

    /// Builds a context with its Dockerfile. Secrets are passed as `--secret id=…,env=…`. Returns the log if the build fails.
    pub(crate) fn build(
        &self,
        context: &Path,
        builder: Builder,
        arguments: &[(&str, &str)],
        secrets: &[(&str, &str)],
    ) -> Result<Image<'_>, String> {
        let name = random_name("test");
        let mut command = self.command(&["build", "--network=host", "--tag", &name]);
        command.env(
            "DOCKER_BUILDKIT",
            if builder == Builder::BuildKit {
                "1"
            } else {
                "0"
            },
        );
        if builder == Builder::BuildKit {
            command.arg("--progress=plain");
        }
        for (name, value) in arguments {
            command.args(["--build-arg", &format!("{name}={value}")]);
        }
        for (number, (id, value)) in secrets.iter().enumerate() {
            let variable = format!("SECRET_{number}");
            command.args(["--secret", &format!("id={id},env={variable}")]);
            command.env(variable, value);
        }
        let output = command.arg(context).output().unwrap();
        let log = [output.stdout, output.stderr].concat();
        let log = String::from_utf8_lossy(&log).into_owned();
        if output.status.success() {
            Ok(Image {
                docker: self,
                name,
                log,
            })
        } else {
            Err(log)
        }
    }
}

impl Image<'_> {
    /// Runs a process until it ends. The options come before the image's name.
    pub(crate) fn run(&self, options: &[&str], line: &[&str]) -> (i32, String) {
        let output = self.started(options, line).output().unwrap();
        let log = [output.stdout, output.stderr].concat();
        let log = String::from_utf8_lossy(&log).into_owned();
        (output.status.code().unwrap_or(-1), log)
    }

    fn started(&self, options: &[&str], line: &[&str]) -> Command {
        let mut command = self.docker.command(&["run", "--rm", "--network=host"]);
        command.args(options).arg(&self.name).args(line);
        command
    }

    /// Starts a process that listens, and waits until it logs its URL.
    pub(crate) fn serve(
        &self,
        options: &[&str],
        line: &[&str],
        url_of: impl Fn(&str) -> Option<String>,
    ) -> Container<'_> {
        let name = random_name("test");
        let named = format!("--name={name}");
        let options = [&[named.as_str()], options].concat();
        // Both streams go to one pipe, because apps differ in which they use.
        let (reader, writer) = std::io::pipe().unwrap();
        let mut command = self.started(&options, line);
        let child = command
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .spawn()
            .unwrap();
        drop(command);
        Container {
            docker: self.docker,
            name,
            server: Server::reading(child, reader, url_of),
        }
    }

    /// Everything that the image gives to its owner: layers, history, configuration and labels.
    pub(crate) fn everything(&self) -> Vec<u8> {
        let mut all = self.docker.succeeds(&["history", "--no-trunc", &self.name]);
        all.extend(self.docker.succeeds(&["inspect", &self.name]));
        all.extend(self.docker.succeeds(&["save", &self.name]));
        all
    }
}

/// A running container. Its first process ignores signals that it does not handle, so it is removed by name.
pub(crate) struct Container<'a> {
    docker: &'a Docker,
    name: String,
    pub(crate) server: Server,
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let _ = self.docker.command(&["rm", "--force", &self.name]).output();
    }
}

impl Drop for Image<'_> {
    fn drop(&mut self) {
        let _ = self
            .docker
            .command(&["rmi", "--force", &self.name])
            .output();
    }
}

/// Returns the first code block of a kind under a heading of a document.
pub(crate) fn block(document: &str, heading: &str, kind: &str) -> String {
    let text = fs::read_to_string(repository().join(document)).unwrap();
    let heading = format!("{heading}\n");
    let at = text
        .find(&heading)
        .unwrap_or_else(|| panic!("{document} has no '{heading}'"));
    let fence = format!("```{kind}\n");
    let start = at + text[at..].find(&fence).unwrap() + fence.len();
    let end = start + text[start..].find("```").unwrap();
    text[start..end].to_owned()
}
