//! The real `pack` and lifecycle, a builder image, and the packages of a release: `pack build` as the guides write it.

use crate::harness::docker::Docker;
use crate::harness::{Platform, copy_folder, repository, skipped, variable};
use fs_err as fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Pack {
    docker: Docker,
    program: PathBuf,
    lifecycle: PathBuf,
}

impl Pack {
    fn find() -> Option<Self> {
        let path = |name: &str| {
            let path = variable(name).map(PathBuf::from);
            if path.is_none() {
                skipped(&format!("{name} is not set"));
            }
            path
        };
        Some(Self {
            program: path("STATIC_ASSETS_TEST_PACK")?,
            lifecycle: path("STATIC_ASSETS_TEST_LIFECYCLE")?,
            docker: Docker::find()?,
        })
    }

    fn run(&self, dir: &Path, arguments: &[&str]) -> String {
        let output = Command::new(&self.program)
            .args(arguments)
            .args(["--pull-policy", "never"])
            .current_dir(dir)
            .env("DOCKER_HOST", format!("unix://{}", self.docker.socket))
            .env("HOME", dir)
            .output()
            .unwrap();
        let log = [output.stdout, output.stderr].concat();
        let log = String::from_utf8_lossy(&log).into_owned();
        assert!(output.status.success(), "{log}");
        log
    }

    /// The archive that a builder takes its lifecycle from.
    fn archive(&self, dir: &Path) {
        let bin = dir.join("archive/lifecycle");
        fs::create_dir_all(&bin).unwrap();
        for program in ["lifecycle", "launcher"] {
            fs::copy(self.lifecycle.join(program), bin.join(program)).unwrap();
        }
        for phase in [
            "analyzer", "builder", "creator", "detector", "exporter", "restorer",
        ] {
            symlink("lifecycle", bin.join(phase)).unwrap();
        }
        let apis = "[apis.buildpack]\nsupported = [\"0.10\"]\n[apis.platform]\nsupported = [\"0.12\", \"0.13\"]\n\
                    [lifecycle]\nversion = \"0.21.0\"\n";
        fs::write(dir.join("archive/lifecycle.toml"), apis).unwrap();
        succeeds(
            Command::new("tar")
                .args(["-czf", "lifecycle.tgz", "-C", "archive", "."])
                .current_dir(dir),
        );
    }
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// The packages of the program under test, without what only debuggers read.
fn packages(dir: &Path) {
    let made = dir.join("made");
    fs::create_dir_all(&made).unwrap();
    let program = made.join("static-assets-linux-amd64");
    let mut strip = Command::new("strip");
    succeeds(
        strip
            .arg("-o")
            .arg(&program)
            .arg(env!("CARGO_BIN_EXE_static-assets")),
    );
    fs::copy(&program, made.join("static-assets-linux-arm64")).unwrap();
    fs::write(made.join("sbom.cdx.json"), "{\"bomFormat\": \"CycloneDX\"}").unwrap();
    let mut package = Command::new(repository().join("script/package"));
    succeeds(
        package
            .arg("--from")
            .arg(&made)
            .arg("--dist")
            .arg(dir.join("dist")),
    );
}

#[test]
fn a_builder_and_an_app_take_the_packages() {
    let Some(pack) = Pack::find() else {
        return;
    };
    let platform = Platform::with("django_basic");
    let dir = platform.path("pack");
    fs::create_dir_all(dir.join("base")).unwrap();
    packages(&dir);
    pack.archive(&dir);
    fs::write(
        dir.join("base/Dockerfile"),
        "FROM python:3.13-slim\nRUN pip install django gunicorn && useradd --uid 1000 --create-home cnb\n\
         ENV CNB_USER_ID=1000 CNB_GROUP_ID=1000 CNB_TARGET_DISTRO_NAME=debian CNB_TARGET_DISTRO_VERSION=12\n\
         LABEL io.buildpacks.base.distro.name=debian io.buildpacks.base.distro.version=12\nUSER 1000:1000\n",
    )
    .unwrap();
    create_builder(&pack, &dir);
    build_app(&pack, &dir, &platform);
    for image in ["shop", "acme/builder", "acme/base"] {
        pack.docker.succeeds(&["rmi", "--force", image]);
    }
}

fn create_builder(pack: &Pack, dir: &Path) {
    let base = dir.join("base").display().to_string();
    pack.docker
        .succeeds(&["build", "--network=host", "--tag", "acme/base", &base]);
    fs::write(
        dir.join("builder.toml"),
        "[[buildpacks]]\nuri = \"dist/static-assets-auto-linux-amd64.cnb\"\n\
         [[order]]\n[[order.group]]\nid = \"static-assets/auto\"\nversion = \"1.0.0\"\n\
         [build]\nimage = \"acme/base\"\n[[build.env]]\nname = \"STATIC_ASSETS_GROUP\"\nvalue = \"fleet\"\n\
         [run]\n[[run.images]]\nimage = \"acme/base\"\n[lifecycle]\nuri = \"lifecycle.tgz\"\n",
    )
    .unwrap();
    let target = ["--target", "linux/amd64"];
    let create = [
        "builder",
        "create",
        "acme/builder",
        "--config",
        "builder.toml",
    ];
    pack.run(dir, &[&create[..], &target].concat());
}

fn build_app(pack: &Pack, dir: &Path, platform: &Platform) {
    copy_folder(&platform.app(), &dir.join("app"));
    let store = dir.join("store");
    fs::create_dir_all(&store).unwrap();
    succeeds(Command::new("chmod").arg("777").arg(&store));
    let volume = format!("{}:/assets:rw", store.display());
    let build = [
        "build",
        "shop",
        "--builder",
        "acme/builder",
        "--path",
        "app",
        "--trust-builder",
        "--docker-host",
        "inherit",
        "--network",
        "host",
        "--volume",
        &volume,
        "--env",
        "STATIC_ASSETS_STORE=file:///assets",
        "--env",
        "STATIC_ASSETS_CHECK=off",
        "--env",
        "STATIC_ASSETS_PUBLIC_URL=https://static.acme.com/shop",
    ];
    let log = pack.run(dir, &build);
    assert!(log.contains("static-assets/static-assets 1.0.0"), "{log}");
    assert!(log.contains("Published to file:///assets: 5 new"), "{log}");
    let refs = fs::read_dir(store.join(".static-assets/refs")).unwrap();
    let refs: Vec<_> = refs
        .map(|entry| entry.unwrap().path().join("fleet"))
        .collect();
    assert!(
        refs.iter().all(|dir| dir.is_dir()),
        "the builder's default: {refs:?}"
    );

    // The package of the buildpack alone, beside those of a builder.
    let package = [
        "--buildpack",
        "dist/static-assets-linux-amd64.cnb",
        "--trust-extra-buildpacks",
    ];
    let log = pack.run(dir, &[&build[..], &package].concat());
    assert!(
        log.contains("Published before, unchanged: 0 uploaded"),
        "{log}"
    );
    let url = pack.docker.succeeds(&[
        "run",
        "--rm",
        "--network=host",
        "--entrypoint=launcher",
        "shop",
        "printenv",
        "STATIC_URL",
    ]);
    let url = String::from_utf8_lossy(&url).into_owned();
    assert!(url.starts_with("https://static.acme.com/shop/"), "{url}");
}
