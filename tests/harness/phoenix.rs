//! Phoenix apps, built with the real Phoenix sources, Elixir and Node.js that this machine has, or with stand-ins for these
//! programs. Tests with stand-ins prove how processes are started, and prove nothing about the frameworks.

use super::heroku::{Heroku, Slug};
use super::running::Server;
use super::{Platform, Ran, copy_folder, skipped, variable};
use fs_err as fs;
use libcnb::Env;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A stand-in for `mix`. Its tasks build and digest two files.
pub(crate) const MIX: &str = r#"
case "$1" in
  assets.deploy)
    mkdir -p priv/static/assets/css
    printf 'h1 { color: red }' > priv/static/assets/css/app.css
    exec "$0" phx.digest ;;
  phx.digest)
    cp priv/static/assets/css/app.css priv/static/assets/css/app-0123456789abcdef0123456789abcdef.css
    printf '{"version":1,"latest":{"assets/css/app.css":"assets/css/app-0123456789abcdef0123456789abcdef.css"},' \
      > priv/static/cache_manifest.json
    printf '"digests":{"assets/css/app-0123456789abcdef0123456789abcdef.css":{"digest":"x","logical_path":"assets/css/app.css",' \
      >> priv/static/cache_manifest.json
    printf '"mtime":63900000000,"sha512":"x","size":17}}}' >> priv/static/cache_manifest.json ;;
esac
"#;

impl Platform {
    /// Puts a shell script on the `PATH` of the build as a program, and records each call with its directory.
    pub(crate) fn stand_in(self, program: &str, script: &str) -> Self {
        let bin = self.path("bin");
        fs::create_dir_all(&bin).unwrap();
        let file = bin.join(program);
        let calls = self.path("calls");
        let text = format!(
            "#!/bin/sh\necho \"${{PWD#{app}}} {program} $*\" >>{calls}\n{script}\n",
            app = self.app().display(),
            calls = calls.display(),
        );
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
        self.tools()
    }

    /// Sets a `PATH` with a shell and the tools that scripts use, but without Mix and Node.js.
    pub(crate) fn tools(self) -> Self {
        const TOOLS: [&str; 17] = [
            "sh",
            "bash",
            "env",
            "cat",
            "cp",
            "mkdir",
            "rm",
            "basename",
            "dirname",
            "touch",
            "uname",
            "sed",
            "printf",
            "test",
            "tar",
            "gzip",
            "sha256sum",
        ];
        let bin = self.path("bin");
        fs::create_dir_all(&bin).unwrap();
        for tool in TOOLS {
            self.link_tool(&Path::new("/usr/bin").join(tool));
        }
        self.env("PATH", bin)
    }

    fn link_tool(&self, program: &Path) {
        let link = self.path("bin").join(program.file_name().unwrap());
        if !link.exists() && program.exists() {
            symlink(program, link).unwrap();
        }
    }

    /// Returns the recorded calls of the stand-ins, each with its directory relative to the app.
    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    /// Adds Node.js and npm of this machine. `None`, and logged as skipped, if it has none.
    pub(crate) fn node(self) -> Option<Self> {
        let path = variable("PATH").unwrap_or_default();
        let has = |folder: &&str| {
            ["node", "npm"]
                .iter()
                .all(|program| Path::new(folder).join(program).is_file())
        };
        let Some(folder) = path.split(':').find(has) else {
            skipped("no Node.js with npm is on PATH");
            return None;
        };
        let home = self.path("home");
        fs::create_dir_all(&home).unwrap();
        let platform = self.tools();
        for program in ["node", "npm"] {
            platform.link_tool(&Path::new(folder).join(program));
        }
        Some(
            platform
                .env("HOME", home)
                .env("npm_config_update_notifier", "false"),
        )
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.app().join(path)).unwrap()
    }
}

/// Returns the `PATH` if it has Elixir. `None`, and logged as skipped, if not.
pub(crate) fn elixir() -> Option<String> {
    let path = variable("PATH").unwrap_or_default();
    if path
        .split(':')
        .any(|folder| Path::new(folder).join("elixir").is_file())
    {
        Some(path)
    } else {
        skipped("no Elixir is on PATH");
        None
    }
}

/// The sources of one generation of Phoenix and of its dependencies, in
/// `$STATIC_ASSETS_TEST_PHOENIX/<generation>/deps/<name>`. Machines without the Hex registry can't download them.
pub(crate) struct Phoenix {
    folder: PathBuf,
    esbuild: PathBuf,
}

impl Phoenix {
    pub(crate) fn find(generation: &str) -> Option<Self> {
        let Some(root) = variable("STATIC_ASSETS_TEST_PHOENIX") else {
            skipped("no Phoenix was found (STATIC_ASSETS_TEST_PHOENIX)");
            return None;
        };
        let folder = Path::new(&root).join(generation);
        assert!(folder.join("deps/phoenix").is_dir(), "{}", folder.display());
        Some(Self {
            folder,
            esbuild: Path::new(&root).join("esbuild"),
        })
    }

    /// Gives a fixture its dependencies from the local sources, in place of `mix deps.get`.
    pub(crate) fn platform(&self, fixture: &str) -> Platform {
        let platform = Platform::with(fixture);
        let deps = self.folder.join("deps");
        let mut lines = Vec::new();
        for entry in fs::read_dir(&deps).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let options = match name.as_str() {
                "esbuild" | "tailwind" => ", runtime: false",
                _ => "",
            };
            let path = deps.join(&name);
            let path = path.display();
            lines.push(format!(
                "{{:{name}, path: \"{path}\", override: true{options}}}"
            ));
        }
        let mix_exs = platform.read("mix.exs");
        let start = mix_exs.find("defp deps do").unwrap();
        let end = start + mix_exs[start..].find("\n  end").unwrap();
        let listed = format!("defp deps do\n    [{}]", lines.join(", "));
        platform.write(
            "mix.exs",
            &format!("{}{listed}{}", &mix_exs[..start], &mix_exs[end..]),
        );
        symlink(&deps, platform.app().join("deps")).unwrap();
        fs::create_dir_all(platform.app().join("_build")).unwrap();
        fs::copy(
            &self.esbuild,
            platform.app().join("_build/esbuild-linux-x64"),
        )
        .unwrap();
        let home = platform.path("home");
        fs::create_dir_all(&home).unwrap();
        self.env()
            .into_iter()
            .fold(platform, |platform, (name, value)| {
                platform.env(name, value)
            })
            .env("HOME", home)
    }

    pub(crate) fn env(&self) -> Vec<(&'static str, String)> {
        let elixir = self.folder.join("elixir/bin");
        let mut env = vec![
            (
                "PATH",
                format!("{}:/usr/local/bin:/usr/bin:/bin", elixir.display()),
            ),
            ("HEX_OFFLINE", "1".to_owned()),
        ];
        let home = self.folder.join("mix");
        if home.is_dir() {
            env.push(("MIX_HOME", home.display().to_string()));
        }
        env
    }

    /// Returns a command in a copy of the app, with the launch environment and the variables that an operator sets.
    pub(crate) fn command(
        &self,
        app: &Path,
        ran: &Ran,
        operator: &[(&str, &str)],
        line: &[&str],
    ) -> Command {
        let mut env = Env::new();
        for (name, value) in operator {
            env.insert(name, value);
        }
        let mut command = Command::new(line[0]);
        command
            .args(&line[1..])
            .current_dir(app)
            .env_clear()
            .envs(self.env())
            .env("MIX_ENV", "prod")
            .env("LC_ALL", "C.UTF-8")
            .env("HOME", app)
            .env("SECRET_KEY_BASE", "s".repeat(64))
            .env("PHX_SERVER", "true")
            .env("PORT", "0")
            // Releases of tests that run at once have one name.
            .env("RELEASE_DISTRIBUTION", "none")
            .envs(&ran.launch_env_over(&env))
            .stdin(Stdio::null());
        command
    }

    /// Copies the sources of the dependencies and this Elixir into an app, so that Docker can use it as a context.
    pub(crate) fn pack(&self, app: &Path) {
        fs::remove_file(app.join("deps")).unwrap();
        for (from, to) in [
            ("deps", "deps"),
            ("elixir", "tools/elixir"),
            ("mix", "tools/mix"),
        ] {
            let from = self.folder.join(from);
            if from.is_dir() {
                copy_folder(&fs::canonicalize(from).unwrap(), &app.join(to));
            }
        }
        let mix_exs = fs::read_to_string(app.join("mix.exs")).unwrap();
        let deps = format!("{}/deps/", self.folder.display());
        fs::write(app.join("mix.exs"), mix_exs.replace(&deps, "deps/")).unwrap();
    }

    /// Starts a dyno with the slug of a Heroku build.
    pub(crate) fn serve_slug(&self, heroku: &Heroku<'_>, slug: &Slug, line: &str) -> Server {
        let line: Vec<&str> = line.split(' ').collect();
        let mut command = heroku.dyno(slug, &line);
        let child = command
            .envs(self.env())
            .env("MIX_ENV", "prod")
            .env("LC_ALL", "C.UTF-8")
            .env("SECRET_KEY_BASE", "s".repeat(64))
            .env("PHX_SERVER", "true")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Server::of(child, listening)
    }

    /// Starts the app and waits until it listens.
    pub(crate) fn serve(
        &self,
        app: &Path,
        ran: &Ran,
        operator: &[(&str, &str)],
        line: &[&str],
    ) -> Server {
        let mut command = self.command(app, ran, operator, line);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Server::of(child, listening)
    }
}

/// Reads the URL from the line that Phoenix logs when it listens.
pub(crate) fn listening(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("with Bandit")?;
    let at = rest.split(" at ").nth(1)?;
    Some(format!("http://{}", at.split(' ').next()?))
}

/// Copies the app as the build has left it, like an image does.
pub(crate) fn image(platform: &Platform, name: &str) -> PathBuf {
    let image = platform.path(name);
    copy_folder(&platform.app(), &image);
    image
}
