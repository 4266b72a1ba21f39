//! Classic Heroku: an empty environment, a fresh `BUILD_DIR` each time, config vars as files, `export` sourced for
//! the next buildpack, and dynos that start from a slug that lies elsewhere, with `.profile.d` sourced.
//! <https://devcenter.heroku.com/articles/buildpack-api>

use super::python::{Python, listening};
use super::running::Server;
use super::{Platform, Ran, copy_folder, random_name, repository};
use fs_err as fs;
use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A Heroku app, deployed from the repository that the platform's app is.
pub(crate) struct Heroku<'a> {
    platform: &'a Platform,
    config_vars: BTreeMap<String, String>,
    path: String,
    python: Option<&'a Python>,
    /// heroku/python's own collectstatic.
    collects: bool,
    /// Variables of the buildpacks before, as `export` gives them.
    exported: BTreeMap<String, String>,
}

/// What a build has left.
pub(crate) struct Slug {
    pub(crate) app: PathBuf,
    pub(crate) buildpack: PathBuf,
    /// Where it was built; gone.
    pub(crate) build_dir: PathBuf,
    pub(crate) compile: Ran,
    pub(crate) report: String,
    pub(crate) release: String,
    /// What the next buildpack would find.
    pub(crate) next: BTreeMap<String, String>,
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

    /// A folder as store, at a URL.
    pub(crate) fn publishes_to(self, store: &Path, url: &str) -> Self {
        fs::create_dir_all(store).unwrap();
        self.config_var(
            "STATIC_ASSETS_STORE",
            &format!("file://{}", store.display()),
        )
        .config_var("STATIC_ASSETS_PUBLIC_URL", url)
    }

    /// After heroku/python.
    pub(crate) fn python(mut self, python: &'a Python) -> Self {
        self.python = Some(python);
        self
    }

    /// Which has collected by itself, as it does unless it is told not to.
    pub(crate) fn collects(mut self) -> Self {
        self.collects = true;
        self
    }

    /// After a buildpack whose `export` says this.
    pub(crate) fn exported(mut self, name: &str, value: &str) -> Self {
        self.exported.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.platform.path("heroku-cache")
    }

    /// Each build gets the buildpack anew.
    pub(crate) fn buildpack(&self) -> PathBuf {
        let folder = self.platform.path(&random_name("buildpack"));
        copy_folder(&repository().join("bin"), &folder.join("bin"));
        fs::create_dir(folder.join("dist")).unwrap();
        let name = format!("static-assets-{}", std::env::consts::ARCH);
        symlink(
            env!("CARGO_BIN_EXE_static-assets"),
            folder.join("dist").join(name),
        )
        .unwrap();
        folder
    }

    fn env_dir(&self) -> PathBuf {
        let folder = self.platform.path(&random_name("env"));
        fs::create_dir(&folder).unwrap();
        for (name, value) in &self.config_vars {
            fs::write(folder.join(name), value).unwrap();
        }
        folder
    }

    pub(crate) fn build(&self) -> Slug {
        self.run("compile", &self.buildpack())
    }

    /// As Heroku CI does.
    pub(crate) fn build_for_tests(&self) -> Slug {
        self.run("test-compile", &self.buildpack())
    }

    pub(crate) fn run(&self, action: &str, buildpack: &Path) -> Slug {
        let build_dir = self.platform.path(&random_name("build"));
        copy_folder(&self.platform.app(), &build_dir);
        let mut path = self.path.clone();
        if let Some(python) = self.python {
            python.install(&build_dir);
            path = format!("{}:{path}", build_dir.join(".heroku/python/bin").display());
        }
        if self.collects {
            let output = Command::new("python")
                .args(["manage.py", "collectstatic", "--noinput"])
                .current_dir(&build_dir)
                .env_clear()
                .env("PATH", &path)
                .env("SECRET_KEY", "of-the-build")
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
        }
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
        let next = self.next(buildpack);
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

    fn next(&self, buildpack: &Path) -> BTreeMap<String, String> {
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

    /// A process of a dyno: `.profile.d` is sourced, with the config vars set already.
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

    /// What a process of a dyno finds in its environment.
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
    /// Fails unless it was compiled.
    #[track_caller]
    pub(crate) fn compiled(mut self) -> Self {
        self.compile = self.compile.succeeds();
        self
    }
}

impl Python {
    /// As heroku/python leaves it: in the app's own folder, found by `.profile.d`. The files are links, so that it
    /// takes no time; what is put beside them is not.
    pub(crate) fn install(&self, build_dir: &Path) {
        let place = build_dir.join(".heroku");
        fs::create_dir_all(&place).unwrap();
        let copied = |option: &str| {
            Command::new("cp")
                .args([option, "-T"])
                .arg(fs::canonicalize(self.folder()).unwrap())
                .arg(place.join("python"))
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
