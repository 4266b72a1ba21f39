//! Runs builds and dynos as classic Heroku does. A build gets an empty environment, a fresh `BUILD_DIR` and config vars as
//! files, and the next buildpack sources `export`. A dyno sources `.profile.d` and has the slug at another path.
//! <https://devcenter.heroku.com/articles/buildpack-api>

use super::python::{Python, listening};
use super::running::Server;
use super::{Platform, Ran, copy_folder, random_name, repository};
use fs_err as fs;
use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A Heroku app, deployed from the app of a platform.
pub(crate) struct Heroku<'a> {
    platform: &'a Platform,
    config_vars: BTreeMap<String, String>,
    path: String,
    python: Option<&'a Python>,
    /// Whether heroku/python runs its own collectstatic first.
    collects: bool,
    /// Variables that earlier buildpacks export.
    exported: BTreeMap<String, String>,
}

/// The result of a build.
pub(crate) struct Slug {
    pub(crate) app: PathBuf,
    pub(crate) buildpack: PathBuf,
    /// The path at which the app was built. It no longer exists.
    pub(crate) build_dir: PathBuf,
    pub(crate) compile: Ran,
    pub(crate) report: String,
    pub(crate) release: String,
    /// The environment of the next buildpack.
    pub(crate) next: BTreeMap<String, String>,
}

/// The architecture of this machine, as releases name it.
pub(crate) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "amd64",
    }
}

const BASH: &str = "/bin/bash";
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

impl<'a> Heroku<'a> {
    pub(crate) fn app(platform: &'a Platform) -> Self {
        Self {
            platform,
            config_vars: BTreeMap::new(),
            path: PATH.to_owned(),
            python: None,
            collects: false,
            exported: BTreeMap::new(),
        }
    }

    pub(crate) fn config_var(mut self, name: &str, value: &str) -> Self {
        self.config_vars.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets a directory as store, and its public URL.
    pub(crate) fn publishes_to(self, store: &Path, url: &str) -> Self {
        fs::create_dir_all(store).unwrap();
        self.config_var(
            "STATIC_ASSETS_STORE",
            &format!("file://{}", store.display()),
        )
        .config_var("STATIC_ASSETS_PUBLIC_URL", url)
    }

    /// Installs Python as heroku/python does before this buildpack.
    pub(crate) fn python(mut self, python: &'a Python) -> Self {
        self.python = Some(python);
        self
    }

    /// Lets heroku/python run collectstatic, as it does by default.
    pub(crate) fn collects(mut self) -> Self {
        self.collects = true;
        self
    }

    /// Sets a variable that an earlier buildpack exports.
    pub(crate) fn exported(mut self, name: &str, value: &str) -> Self {
        self.exported.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.platform.path("heroku-cache")
    }

    /// Makes a fresh copy of the buildpack, as each build gets one.
    pub(crate) fn buildpack(&self) -> PathBuf {
        let buildpack = self.platform.path(&random_name("buildpack"));
        copy_folder(&repository().join("bin"), &buildpack.join("bin"));
        fs::create_dir(buildpack.join("dist")).unwrap();
        let name = format!("static-assets-linux-{}", architecture());
        symlink(
            env!("CARGO_BIN_EXE_static-assets"),
            buildpack.join("dist").join(name),
        )
        .unwrap();
        buildpack
    }

    fn env_dir(&self) -> PathBuf {
        let dir = self.platform.path(&random_name("env"));
        fs::create_dir(&dir).unwrap();
        for (name, value) in &self.config_vars {
            fs::write(dir.join(name), value).unwrap();
        }
        dir
    }

    pub(crate) fn build(&self) -> Slug {
        self.run("compile", &self.buildpack())
    }

    /// Builds as Heroku CI does.
    pub(crate) fn build_for_tests(&self) -> Slug {
        self.run("test-compile", &self.buildpack())
    }

    pub(crate) fn run(&self, action: &str, buildpack: &Path) -> Slug {
        let build_dir = self.platform.path(&random_name("build"));
        copy_folder(&self.platform.app(), &build_dir);
        let path = self.run_python_buildpack(&build_dir);
        fs::create_dir_all(self.cache()).unwrap();
        let env_dir = self.env_dir();
        let arguments = [build_dir.clone(), self.cache(), env_dir];
        let command = |program: &str, arguments: &[PathBuf]| {
            let mut command = Command::new(buildpack.join("bin").join(program));
            command
                .args(arguments)
                .current_dir("/")
                .env_clear()
                .envs([
                    ("HOME", "/invalid"),
                    ("LANG", "en_US.UTF-8"),
                    ("PATH", &path),
                    ("STACK", "heroku-24"),
                    ("DYNO", "run.1"),
                    ("REQUEST_ID", "1"),
                    ("SOURCE_VERSION", "4f1c2ab"),
                ])
                .env("TMPDIR", self.platform.path("tmp"))
                .envs(&self.exported)
                .stdin(Stdio::null());
            command
        };
        let text = |program: &str, arguments: &[PathBuf]| {
            let output = command(program, arguments).output().unwrap();
            assert!(output.status.success(), "{program}: {output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(text("detect", &arguments[..1]), "Static assets\n");
        let output = command(action, &arguments).output().unwrap();
        let compile = Ran::of(output, self.platform.path("none"), self.platform);
        let next = self.next_environment(buildpack);
        let (report, release) = if compile.output.status.success() {
            (text("report", &arguments), text("release", &arguments[..1]))
        } else {
            (String::new(), String::new())
        };
        let app = self.platform.path(&random_name("slug")).join("app");
        fs::create_dir_all(app.parent().unwrap()).unwrap();
        fs::rename(&build_dir, &app).unwrap();
        Slug {
            app,
            buildpack: buildpack.to_owned(),
            build_dir,
            compile,
            report,
            release,
            next,
        }
    }

    /// Does what heroku/python does before this buildpack, and returns the `PATH` that it exports.
    fn run_python_buildpack(&self, build_dir: &Path) -> String {
        let mut path = self.path.clone();
        if let Some(python) = self.python {
            python.install(build_dir);
            path = format!("{}:{path}", build_dir.join(".heroku/python/bin").display());
        }
        if self.collects {
            let output = Command::new("python")
                .args(["manage.py", "collectstatic", "--noinput"])
                .current_dir(build_dir)
                .env_clear()
                .env("PATH", &path)
                .env("SECRET_KEY", "of-the-build")
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
        }
        path
    }

    fn next_environment(&self, buildpack: &Path) -> BTreeMap<String, String> {
        let script = "if [ -f \"$1/export\" ]; then . \"$1/export\"; fi; exec env -0";
        let output = Command::new(BASH)
            .args(["-euc", script, "next"])
            .arg(buildpack)
            .env_clear()
            .env("PATH", PATH)
            .envs(&self.exported)
            .output()
            .unwrap();
        variables(&output.stdout)
    }

    /// Returns the command of a dyno's process. It sources `.profile.d` with the config vars already set.
    pub(crate) fn dyno(&self, slug: &Slug, line: &[&str]) -> Command {
        let script = "cd \"$HOME\"; for file in .profile.d/*.sh; do [ -f \"$file\" ] && . \"$file\"; done; \
                      exec \"$@\"";
        let mut command = Command::new(BASH);
        command
            .args(["-c", script, "dyno"])
            .args(line)
            .env_clear()
            .env("HOME", &slug.app)
            .env("PATH", &self.path)
            .env("TMPDIR", self.platform.path("tmp"))
            .env("DYNO", "web.1")
            .env("PORT", "0")
            .envs(&self.config_vars)
            .stdin(Stdio::null());
        command
    }

    /// Returns the environment of a dyno's process.
    pub(crate) fn dyno_env(&self, slug: &Slug) -> BTreeMap<String, String> {
        variables(&self.dyno(slug, &["env", "-0"]).output().unwrap().stdout)
    }

    pub(crate) fn serve_django(&self, slug: &Slug) -> Server {
        let line = [
            "python",
            "-m",
            "gunicorn",
            "--bind=127.0.0.1:0",
            "--workers=1",
            "--worker-tmp-dir=/tmp",
            "project.wsgi",
        ];
        let mut command = self.dyno(slug, &line);
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Server::of(child, listening)
    }
}

fn variables(output: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(output);
    text.split('\0')
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

impl Slug {
    /// Fails unless the build succeeded.
    #[track_caller]
    pub(crate) fn compiled(mut self) -> Self {
        self.compile = self.compile.succeeds();
        self
    }
}

impl Python {
    /// Installs Python as heroku/python does: into the app, found through `.profile.d`. Hard links make it fast; files that
    /// the build adds are not links.
    pub(crate) fn install(&self, build_dir: &Path) {
        let dir = build_dir.join(".heroku");
        fs::create_dir_all(&dir).unwrap();
        let copied = |option: &str| {
            Command::new("cp")
                .args([option, "-T"])
                .arg(fs::canonicalize(self.folder()).unwrap())
                .arg(dir.join("python"))
                .stderr(Stdio::null())
                .status()
                .unwrap()
                .success()
        };
        assert!(copied("-al") || copied("-a"));
        fs::create_dir_all(build_dir.join(".profile.d")).unwrap();
        fs::write(
            build_dir.join(".profile.d/python.sh"),
            "export PATH=\"$HOME/.heroku/python/bin:$PATH\"\nexport PYTHONPATH=\"${PYTHONPATH:-$HOME}\"\n",
        )
        .unwrap();
    }
}
