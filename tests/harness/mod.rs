//! Runs `bin/detect`, `bin/build` and the command line as platforms do, without Docker: a run takes milliseconds. The
//! modules are the servers, programs and frameworks that tests need.

pub(crate) mod azure;
pub(crate) mod browser;
pub(crate) mod canary;
pub(crate) mod clock;
pub(crate) mod dice;
pub(crate) mod docker;
pub(crate) mod gcs;
pub(crate) mod heroku;
pub(crate) mod http;
pub(crate) mod names;
pub(crate) mod pages;
pub(crate) mod phoenix;
pub(crate) mod proxy;
pub(crate) mod python;
pub(crate) mod refusing;
pub(crate) mod running;
pub(crate) mod s3;
pub(crate) mod server;
pub(crate) mod sources;
pub(crate) mod stores;
pub(crate) mod tls;
pub(crate) mod web;
pub(crate) mod xml;

use fs_err as fs;
use libcnb::Env;
use libcnb::layer_env::{LayerEnv, Scope};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// Logs what would be needed to run the test again.
pub(crate) fn note(text: &str) {
    writeln!(std::io::stderr().lock(), "{text}").unwrap();
}

/// Logs that this machine lacks something that the running test needs. CI fails unless `allowed-skips.txt` names the test.
pub(crate) fn skipped(reason: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default();
    let mut out = std::io::stderr().lock();
    writeln!(out, "skipped: {test} because {reason}").unwrap();
    if let Some(ledger) = variable("STATIC_ASSETS_TEST_SKIPS") {
        let mut ledger = fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(ledger)
            .unwrap();
        // One write, because other tests append at the same time.
        ledger
            .write_all(format!("{test}\t{reason}\n").as_bytes())
            .unwrap();
    }
}

/// The format of a time in a header.
pub(crate) const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

#[allow(clippy::disallowed_methods, reason = "the tests' own settings")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Appends random lower-case letters and digits, which every store accepts in a name.
pub(crate) fn random_name(prefix: &str) -> String {
    let random = tempfile::Builder::new().rand_bytes(8).tempfile().unwrap();
    let random = random.path().file_name().unwrap().to_string_lossy();
    let random = random.to_lowercase();
    prefix
        .chars()
        .chain(random.chars().filter(char::is_ascii_alphanumeric))
        .collect()
}

/// An app and the platform that builds it, in a temporary directory.
pub(crate) struct Platform {
    dir: Arc<TempDir>,
    env: BTreeMap<OsString, OsString>,
}

impl Platform {
    /// Makes a platform whose app is a copy of a fixture.
    pub(crate) fn with(fixture: &str) -> Self {
        let platform = Self::empty();
        copy_folder(
            &repository().join("fixtures").join(fixture),
            &platform.app(),
        );
        platform
    }

    pub(crate) fn empty() -> Self {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        for name in [
            "app",
            "platform/env",
            "platform/bindings",
            "buildpack/bin",
            "tmp",
        ] {
            fs::create_dir_all(dir.path().join(name)).unwrap();
        }
        let buildpack = dir.path().join("buildpack");
        fs::copy(
            repository().join("buildpack.toml"),
            buildpack.join("buildpack.toml"),
        )
        .unwrap();
        for phase in ["detect", "build"] {
            symlink(
                env!("CARGO_BIN_EXE_static-assets"),
                buildpack.join("bin").join(phase),
            )
            .unwrap();
        }
        let mut platform = Self {
            dir,
            env: BTreeMap::new(),
        };
        for (name, value) in [
            // Builds find nothing of this machine unless a test provides it.
            ("PATH", "/invalid"),
            ("LD_LIBRARY_PATH", "/invalid"),
            ("HOME", "/invalid"),
            ("CNB_TARGET_OS", "linux"),
            ("CNB_TARGET_ARCH", "amd64"),
            ("CNB_TARGET_DISTRO_NAME", "ubuntu"),
            ("CNB_TARGET_DISTRO_VERSION", "24.04"),
            // The public URLs of tests don't exist. Tests of the check switch it on.
            ("STATIC_ASSETS_CHECK", "off"),
        ] {
            platform = platform.env(name, value);
        }
        let buildpack = platform.path("buildpack");
        let tmp = platform.path("tmp");
        platform
            .env("CNB_BUILDPACK_DIR", buildpack)
            .env("TMPDIR", tmp)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn app(&self) -> PathBuf {
        self.path("app")
    }

    /// Reaches the store at another address, such as a proxy's.
    pub(crate) fn with_endpoint(mut self, old: &str, new: &str) -> Self {
        for value in self.env.values_mut() {
            let text = value.to_str().unwrap();
            let is_endpoint = text == old || text.contains(&format!("BlobEndpoint={old}"));
            if is_endpoint {
                *value = text.replace(old, new).into();
            }
        }
        self
    }

    pub(crate) fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Sets a variable as `pack build --env` does: as a file, and in the environment.
    pub(crate) fn platform_env(self, name: &str, value: &str) -> Self {
        fs::write(self.path("platform/env").join(name), value).unwrap();
        self.env(name, value)
    }

    pub(crate) fn binding(self, name: &str, entries: &[(&str, &str)]) -> Self {
        let dir = self.path("platform/bindings").join(name);
        fs::create_dir_all(&dir).unwrap();
        for (entry, value) in entries {
            fs::write(dir.join(entry), value).unwrap();
        }
        self
    }

    /// Sets a directory as store, and a public URL.
    pub(crate) fn file_store(self) -> Self {
        let store = self.store();
        fs::create_dir_all(&store).unwrap();
        self.env("STATIC_ASSETS_STORE", format!("file://{}", store.display()))
            .env(
                "STATIC_ASSETS_PUBLIC_URL",
                "https://static.example.com/shop",
            )
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path("store")
    }

    pub(crate) fn write(&self, path: &str, content: &str) -> &Self {
        let file = self.app().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
        self
    }

    /// Appends lines to the settings of a Django fixture.
    pub(crate) fn settings(&self, lines: &str) -> &Self {
        let own = fs::read_to_string(self.app().join("project/settings.py")).unwrap();
        self.write("project/settings.py", &format!("{own}\n{lines}\n"))
    }

    /// Replaces text in a file of the app. Fails if the file does not hold it.
    pub(crate) fn edit(&self, path: &str, old: &str, new: &str) -> &Self {
        let own = fs::read_to_string(self.app().join(path)).unwrap();
        assert!(own.contains(old), "{path} does not hold '{old}'");
        self.write(path, &own.replace(old, new))
    }

    fn command(&self, phase: &str) -> Command {
        let mut command = Command::new(self.path("buildpack/bin").join(phase));
        command
            .current_dir(self.app())
            .env_clear()
            .envs(&self.env)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn detect(&self) -> Ran {
        let plan = self.path("detect-plan.toml");
        fs::write(&plan, "").unwrap();
        let output = self
            .command("detect")
            .arg(self.path("platform"))
            .arg(&plan)
            .output()
            .unwrap();
        Ran::of(output, self.path("none"), self)
    }

    pub(crate) fn plan(&self) -> String {
        fs::read_to_string(self.path("detect-plan.toml")).unwrap()
    }

    fn build_command(&self, layers: &Path) -> Command {
        fs::create_dir_all(layers).unwrap();
        let plan = self.path("build-plan.toml");
        fs::write(&plan, "").unwrap();
        let mut command = self.command("build");
        command.arg(layers).arg(self.path("platform")).arg(plan);
        command
    }

    /// Builds into fresh layers.
    pub(crate) fn build(&self) -> Ran {
        let layers = self.fresh_layers();
        let output = self.build_command(&layers).output().unwrap();
        Ran::of(output, layers, self)
    }

    /// Builds with the cache layer of the previous build, as the lifecycle restores it.
    pub(crate) fn build_with_cache(&self) -> Ran {
        let saved = self.path("saved-cache");
        let cache = self.path("layers/cache");
        if cache.exists() {
            fs::rename(&cache, &saved).unwrap();
        }
        let layers = self.fresh_layers();
        fs::create_dir_all(&layers).unwrap();
        if saved.exists() {
            fs::rename(&saved, layers.join("cache")).unwrap();
        }
        let output = self.build_command(&layers).output().unwrap();
        Ran::of(output, layers, self)
    }

    /// Builds with files that the lifecycle restores from the previous image.
    pub(crate) fn build_over(&self, restored: &[(&str, &str)]) -> Ran {
        let layers = self.fresh_layers();
        let mut command = self.build_command(&layers);
        for (path, content) in restored {
            fs::write(layers.join(path), content).unwrap();
        }
        Ran::of(command.output().unwrap(), layers, self)
    }

    /// Starts a build that the test ends early.
    pub(crate) fn start_build(&self) -> Child {
        let layers = self.fresh_layers();
        self.build_command(&layers)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Runs the command line in the app's directory.
    pub(crate) fn cli(&self, arguments: &[&str]) -> Ran {
        let output = self.cli_command(arguments).output().unwrap();
        Ran::of(output, self.path("none"), self)
    }

    /// Runs the command line with more variables.
    pub(crate) fn cli_with(&self, arguments: &[&str], env: &[(&str, &str)]) -> Ran {
        let mut command = self.cli_command(arguments);
        let output = command.envs(env.iter().copied()).output().unwrap();
        Ran::of(output, self.path("none"), self)
    }

    /// The files of the one version in the store.
    pub(crate) fn published(&self) -> Vec<String> {
        let version = fs::read_dir(self.store())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .find(|name| !name.starts_with('.'))
            .expect("no version");
        tree(&self.store().join(version)).into_keys().collect()
    }

    /// Returns the command of a script that starts the command line as `$0`.
    pub(crate) fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", script, env!("CARGO_BIN_EXE_static-assets")])
            .current_dir(self.app())
            .env_clear()
            .envs(&self.env)
            .stdin(Stdio::null());
        command
    }

    /// Starts the command line. The test ends it early.
    pub(crate) fn start_cli(&self, arguments: &[&str]) -> Child {
        self.start_cli_with(arguments, &[])
    }

    pub(crate) fn start_cli_with(&self, arguments: &[&str], env: &[(&str, &str)]) -> Child {
        self.cli_command(arguments)
            .envs(env.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn cli_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_static-assets"));
        command
            .args(arguments)
            .current_dir(self.app())
            .env_clear()
            .envs(&self.env)
            .stdin(Stdio::null());
        command
    }

    /// Empties the layers. Their path is the same for each build, as on a platform.
    fn fresh_layers(&self) -> PathBuf {
        let layers = self.path("layers");
        if layers.exists() {
            fs::remove_dir_all(&layers).unwrap();
        }
        layers
    }
}

/// The output of a run, and the layers that it wrote.
pub(crate) struct Ran {
    output: Output,
    pub(crate) layers: PathBuf,
    /// Keeps the temporary directory while a test reads the layers.
    _dir: Arc<TempDir>,
}

impl Ran {
    fn of(output: Output, layers: PathBuf, platform: &Platform) -> Self {
        Self {
            output,
            layers,
            _dir: platform.dir.clone(),
        }
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    fn everything(&self) -> String {
        format!(
            "status {:?}\n--- stdout\n{}--- stderr\n{}",
            self.output.status.code(),
            self.stdout(),
            self.stderr()
        )
    }

    pub(crate) fn has_succeeded(&self) -> bool {
        self.output.status.success()
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        let everything = self.everything();
        assert_eq!(self.output.status.code(), Some(code), "{everything}");
        self
    }

    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        let ran = self.exits(0);
        assert_eq!(ran.stderr(), "", "{}", ran.everything());
        ran
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        let everything = self.everything();
        assert!(
            everything.contains(text),
            "nothing says '{text}':\n{everything}"
        );
        self
    }

    /// Fails unless one line of the output names all of the values.
    #[track_caller]
    pub(crate) fn line_names(self, values: &[&str]) -> Self {
        let everything = self.everything();
        let names_all = |line: &str| values.iter().all(|value| line.contains(value));
        assert!(
            everything.lines().any(names_all),
            "no line names {values:?}:\n{everything}"
        );
        self
    }

    /// Fails unless the title of the error names the value.
    #[track_caller]
    pub(crate) fn error_names(self, value: &str) -> Self {
        let everything = self.everything();
        let error = everything.split_once("[Error: static assets: ");
        let title = error.and_then(|(_, rest)| rest.lines().next());
        assert!(
            title.is_some_and(|title| title.contains(value)),
            "no error names '{value}' in its title:\n{everything}"
        );
        self
    }

    #[track_caller]
    pub(crate) fn does_not_say(self, text: &str) -> Self {
        let everything = self.everything();
        assert!(!everything.contains(text), "'{text}' in:\n{everything}");
        self
    }

    /// Parses the JSON object that the command line printed.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout()).unwrap_or_else(|_| panic!("{}", self.everything()))
    }

    /// Returns the environment of a launched process. Layers apply in the order of the lifecycle.
    pub(crate) fn launch_env(&self) -> Env {
        self.launch_env_over(&Env::new())
    }

    pub(crate) fn launch_env_over(&self, env: &Env) -> Env {
        self.layer_names().iter().fold(env.clone(), |env, name| {
            LayerEnv::read_from_layer_dir(self.layers.join(name))
                .unwrap()
                .apply(Scope::Launch, &env)
        })
    }

    #[track_caller]
    pub(crate) fn launch(&self, name: &str) -> String {
        match self.launch_env().get(name) {
            Some(value) => value.to_string_lossy().into_owned(),
            None => panic!("{name} is not set at launch:\n{}", self.everything()),
        }
    }

    pub(crate) fn layer_names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.layers)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// Returns every file under a directory by its path. A link counts as its target.
pub(crate) fn tree(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fn add(dir: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                add(&entry.path(), &format!("{path}/"), files);
            } else if kind.is_symlink() {
                let target = fs::read_link(entry.path()).unwrap();
                files.insert(path, target.into_os_string().into_encoded_bytes());
            } else {
                files.insert(path, fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    if dir.is_dir() {
        add(dir, "", &mut files);
    }
    files
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_symlink() {
            symlink(fs::read_link(entry.path()).unwrap(), to).unwrap();
        } else if kind.is_dir() {
            if entry.file_name() != "__pycache__" {
                copy_folder(&entry.path(), &to);
            }
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
