//! The Cloud Native Buildpacks lifecycle itself, if this machine has it: `STATIC_ASSETS_TEST_LIFECYCLE` names a directory
//! with its programs `lifecycle` and `launcher`. They refuse to run as root, so they run as another user.

use crate::harness::{Platform, copy_folder, repository, skipped, tree, variable};
use fs_err as fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Output};

struct Lifecycle {
    programs: PathBuf,
    platform: Platform,
}

const OTHER: &str = "api = \"0.10\"\n[buildpack]\nid = \"other/yes\"\nversion = \"1.0.0\"\n\
                     [[targets]]\nos = \"linux\"\narch = \"amd64\"\n";
/// The order of a builder whose only group ends with this buildpack.
const ORDER: &str = "[[order]]\n[[order.group]]\nid = \"other/yes\"\nversion = \"1.0.0\"\n\
                     [[order.group]]\nid = \"static-assets/auto\"\nversion = \"1.0.0\"\n";
const ANALYZED: &str =
    "[run-image]\nreference = \"x\"\n[run-image.target]\nos = \"linux\"\narch = \"amd64\"\n";

impl Lifecycle {
    /// `None`, and logged as skipped, if this machine has no lifecycle.
    fn with(platform: Platform) -> Option<Self> {
        let Some(programs) = variable("STATIC_ASSETS_TEST_LIFECYCLE") else {
            skipped("no lifecycle was found (STATIC_ASSETS_TEST_LIFECYCLE)");
            return None;
        };
        let lifecycle = Self {
            programs: PathBuf::from(programs),
            platform,
        };
        let buildpacks = lifecycle.platform.path("buildpacks");
        let ours = buildpacks.join("static-assets_static-assets/1.0.0");
        fs::create_dir_all(ours.join("bin")).unwrap();
        fs::copy(
            repository().join("buildpack.toml"),
            ours.join("buildpack.toml"),
        )
        .unwrap();
        fs::copy(env!("CARGO_BIN_EXE_static-assets"), ours.join("bin/build")).unwrap();
        symlink("build", ours.join("bin/detect")).unwrap();
        let auto = buildpacks.join("static-assets_auto/1.0.0");
        copy_folder(&repository().join("auto"), &auto);
        let other = buildpacks.join("other_yes/1.0.0");
        fs::create_dir_all(other.join("bin")).unwrap();
        fs::write(other.join("buildpack.toml"), OTHER).unwrap();
        for phase in ["detect", "build"] {
            let program = other.join("bin").join(phase);
            fs::write(&program, "#!/bin/sh\nexit 0\n").unwrap();
            fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        }
        for (name, text) in [("order.toml", ORDER), ("analyzed.toml", ANALYZED)] {
            fs::write(lifecycle.platform.path(name), text).unwrap();
        }
        fs::create_dir_all(lifecycle.platform.path("layers")).unwrap();
        Some(lifecycle)
    }

    fn run(&self, program: &str, arguments: &[&str], env: &[(&str, &str)]) -> Output {
        let own = Command::new("chown")
            .args(["-R", "1000:1000"])
            .arg(self.platform.path("."))
            .status()
            .unwrap();
        assert!(own.success());
        Command::new("/usr/bin/setpriv")
            .args(["--reuid=1000", "--regid=1000", "--clear-groups", program])
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", "/tmp")
            .env("CNB_PLATFORM_API", "0.14")
            .env("CNB_LAYERS_DIR", self.platform.path("layers"))
            .env("CNB_APP_DIR", self.platform.app())
            .envs(env.iter().copied())
            .output()
            .unwrap()
    }

    #[track_caller]
    fn phase(&self, name: &str, arguments: &[(&str, &str)]) {
        let program = self.platform.path(name);
        symlink(self.programs.join("lifecycle"), &program).unwrap();
        let common = [
            ("-app", "app"),
            ("-buildpacks", "buildpacks"),
            ("-layers", "layers"),
            ("-platform", "platform"),
            ("-analyzed", "analyzed.toml"),
        ];
        let pairs = common.iter().chain(arguments);
        let arguments: Vec<String> = pairs
            .flat_map(|(flag, name)| {
                [
                    (*flag).to_owned(),
                    self.platform.path(name).display().to_string(),
                ]
            })
            .collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = self.run(&program.display().to_string(), &arguments, &[]);
        assert!(output.status.success(), "{name}: {output:?}");
    }

    fn builds(&self) -> String {
        self.phase("detector", &[("-order", "order.toml")]);
        self.phase(
            "builder",
            &[
                ("-group", "layers/group.toml"),
                ("-plan", "layers/plan.toml"),
            ],
        );
        fs::read_to_string(self.platform.path("layers/group.toml")).unwrap()
    }

    /// Returns a variable as a process of the image finds it.
    fn launched(&self, env: &[(&str, &str)], name: &str) -> String {
        let launcher = self.programs.join("launcher").display().to_string();
        let output = self.run(&launcher, &["--", "printenv", name], env);
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }
}

#[test]
fn an_auto_group_builds_apps_without_assets() {
    let platform = Platform::empty();
    platform.write("index.html", "hello");
    let Some(lifecycle) = Lifecycle::with(platform) else {
        return;
    };
    let group = lifecycle.builds();
    assert!(
        group.contains("other/yes") && !group.contains("static-assets"),
        "{group}"
    );
}

#[test]
fn the_launcher_runs_release_phase_and_promotion() {
    let platform = Platform::with("phoenix_monorepo");
    for (name, value) in [
        ("STATIC_ASSETS_DIGEST", "native"),
        ("STATIC_ASSETS_PUBLISH", "release"),
        (
            "STATIC_ASSETS_PUBLIC_URL",
            "https://static.example.com/shop",
        ),
    ] {
        fs::write(platform.path("platform/env").join(name), value).unwrap();
    }
    fs::create_dir_all(platform.store()).unwrap();
    let Some(lifecycle) = Lifecycle::with(platform) else {
        return;
    };
    let group = lifecycle.builds();
    assert!(group.contains("static-assets/static-assets"), "{group}");
    let version = lifecycle.launched(&[], "STATIC_ASSETS_VERSION");
    let url = |env: &[(&str, &str)]| lifecycle.launched(env, "STATIC_URL");
    assert_eq!(
        url(&[]),
        format!("https://static.example.com/shop/{version}/")
    );
    let promoted = [("STATIC_ASSETS_PUBLIC_URL", "https://prod.example.com")];
    assert_eq!(
        url(&promoted),
        format!("https://prod.example.com/{version}/")
    );
    assert_eq!(url(&[("STATIC_URL", "/")]), "/");

    let process = lifecycle.platform.path("static-assets-publish");
    symlink(lifecycle.programs.join("launcher"), &process).unwrap();
    let process = process.display().to_string();
    let store = format!("file://{}", lifecycle.platform.store().display());
    let env = [
        ("STATIC_ASSETS_STORE", store.as_str()),
        ("STATIC_ASSETS_CHECK", "off"),
    ];
    let published = lifecycle.run(&process, &[], &env);
    assert!(published.status.success(), "{published:?}");
    assert!(
        tree(&lifecycle.platform.store())
            .keys()
            .any(|key| key.starts_with(&version))
    );
    assert_eq!(lifecycle.run(&process, &[], &[]).status.code(), Some(2));
}
