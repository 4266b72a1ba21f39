//! What a release has, made by `script/package` from a program that is there already, and the step of the GitHub Action.

use crate::harness::heroku::architecture;
use crate::harness::{Platform, repository, skipped, variable};
use fs_err as fs;
use sha2::Digest;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_static-assets");

/// Fills a directory with a release, whose programs are stand-ins.
fn package(platform: &Platform, name: &str) -> PathBuf {
    let (made, dist) = (platform.path("made"), platform.path(name));
    fs::create_dir_all(&made).unwrap();
    for architecture in ["amd64", "arm64"] {
        let program = made.join(format!("static-assets-linux-{architecture}"));
        fs::write(program, format!("the program for {architecture}")).unwrap();
    }
    fs::write(made.join("sbom.cdx.json"), "{\"bomFormat\": \"CycloneDX\"}").unwrap();
    let packaged = script(&[
        "--from",
        &made.display().to_string(),
        "--dist",
        &dist.display().to_string(),
    ]);
    assert!(packaged.status.success(), "{packaged:?}");
    dist
}

fn script(arguments: &[&str]) -> Output {
    let mut command = Command::new(repository().join("script/package"));
    command.args(arguments).output().unwrap()
}

#[test]
fn a_release_is_complete_and_has_the_same_bytes_twice() {
    let platform = Platform::empty();
    let dist = package(&platform, "one");
    let sums = fs::read_to_string(dist.join("SHA256SUMS")).unwrap();
    let names: Vec<&str> = sums
        .lines()
        .map(|line| line.split_once("  ").unwrap().1)
        .collect();
    assert_eq!(
        names,
        [
            "sbom.cdx.json",
            "static-assets-auto-linux-amd64.cnb",
            "static-assets-auto-linux-arm64.cnb",
            "static-assets-heroku.tgz",
            "static-assets-image.tar",
            "static-assets-linux-amd64",
            "static-assets-linux-amd64.cnb",
            "static-assets-linux-arm64",
            "static-assets-linux-arm64.cnb",
        ]
    );
    let again = package(&platform, "two");
    assert_eq!(fs::read_to_string(again.join("SHA256SUMS")).unwrap(), sums);
}

#[test]
fn what_was_changed_in_a_release_is_found() {
    let platform = Platform::empty();
    let again = package(&platform, "dist");
    let sums = fs::read_to_string(again.join("SHA256SUMS")).unwrap();
    let check = || {
        // The stand-ins don't start.
        let checked = script(&[
            "check",
            "--no-start",
            "--dist",
            &again.display().to_string(),
        ]);
        assert!(!checked.status.success());
        String::from_utf8(checked.stderr).unwrap()
    };
    let [classic, listed] = ["static-assets-heroku.tgz", "SHA256SUMS"].map(|it| again.join(it));
    let right = fs::read(&classic).unwrap();
    fs::write(&classic, "another").unwrap();
    let said = check();
    assert!(
        said.contains("static-assets-heroku.tgz is not what SHA256SUMS names"),
        "{said}"
    );
    fs::write(&classic, right).unwrap();
    for (text, problem) in [
        (String::new(), "lacks these files of a release"),
        (format!("{sums}x\n"), "no checksum with a name"),
    ] {
        fs::write(&listed, text).unwrap();
        let said = check();
        assert!(said.contains(problem), "{said}");
    }
    fs::write(&listed, &sums).unwrap();
    fs::write(again.join("more"), "").unwrap();
    let said = check();
    assert!(said.contains("or has more: more"), "{said}");
}

#[test]
fn what_was_changed_in_the_classic_buildpack_is_found() {
    let platform = Platform::empty();
    let dist = package(&platform, "dist");
    let [classic, listed] = ["static-assets-heroku.tgz", "SHA256SUMS"].map(|it| dist.join(it));
    let right = fs::read(&classic).unwrap();
    let sums = fs::read_to_string(&listed).unwrap();
    let check = || script(&["check", "--no-start", "--dist", &dist.display().to_string()]);
    let line = |bytes: &[u8]| format!("{}  static-assets-heroku.tgz\n", hex(bytes));
    for (change, problem) in [
        ("echo evil > bin/compile", "holds another bin/compile"),
        (
            "chmod -x bin/detect",
            "bin/detect of static-assets-heroku.tgz has another mode",
        ),
        ("touch bin/more", "or has more: bin/more"),
        (
            "echo evil > dist/static-assets-linux-amd64",
            "holds another dist/static-assets-linux-amd64",
        ),
    ] {
        let changed = repacked(&right, change);
        fs::write(&classic, &changed).unwrap();
        fs::write(&listed, sums.replace(&line(&right), &line(&changed))).unwrap();
        let said = String::from_utf8(check().stderr).unwrap();
        assert!(said.contains(problem), "{said}");
    }
    // What `pin` writes afterwards is no difference.
    let pinned = repacked(&right, "echo version=9 > bin/pin");
    fs::write(&classic, &pinned).unwrap();
    fs::write(&listed, sums.replace(&line(&right), &line(&pinned))).unwrap();
    let checked = check();
    assert!(checked.status.success(), "{checked:?}");
}

/// Unpacks an archive, lets a script change it, and packs it again.
fn repacked(archive: &[u8], change: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("old.tgz"), archive).unwrap();
    let line =
        format!("mkdir it && tar -xzf old.tgz -C it && cd it && {change} && tar -czf ../new.tgz *");
    let mut shell = Command::new("sh");
    let made = shell.args(["-ec", &line]).current_dir(&dir).status();
    assert!(made.unwrap().success());
    fs::read(dir.path().join("new.tgz")).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    let digest = sha2::Sha256::digest(bytes);
    let bytes: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.concat()
}

#[test]
fn no_directory_is_emptied_that_is_no_release() {
    let platform = Platform::empty();
    let dist = package(&platform, "dist");
    let dir = dist.display().to_string();
    let refused = script(&["--from", &dir, "--dist", &dir]);
    assert!(!refused.status.success());
    assert!(dist.join("static-assets-linux-amd64").is_file());
    fs::write(dist.join("thesis.txt"), "years").unwrap();
    let made = platform.path("made").display().to_string();
    let refused = script(&["--from", &made, "--dist", &dir]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("is not emptied, because it also holds thesis.txt"),
        "{said}"
    );
    assert!(dist.join("thesis.txt").is_file());
}

#[test]
fn only_a_url_that_a_shell_can_read_is_pinned() {
    let dist = Platform::empty().path("dist").display().to_string();
    for url in ["https://x.example/$(id)", "https://x.example/a b", "://"] {
        let refused = script(&["pin", url, "--dist", &dist]);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("is no https URL of a release"), "{said}");
    }
}

#[test]
fn every_descriptor_has_the_version_of_the_program() {
    for (file, count) in [("buildpack.toml", 1), ("auto/buildpack.toml", 2)] {
        let text = fs::read_to_string(repository().join(file)).unwrap();
        let line = format!("version = \"{}\"", env!("CARGO_PKG_VERSION"));
        assert_eq!(text.matches(&line).count(), count, "{file}");
    }
}

#[test]
fn pack_reads_the_packages() {
    let Some(pack) = variable("STATIC_ASSETS_TEST_PACK") else {
        skipped("STATIC_ASSETS_TEST_PACK names no pack");
        return;
    };
    let platform = Platform::empty();
    let dist = package(&platform, "dist");
    for (name, id) in [
        (
            "static-assets-linux-amd64.cnb",
            "static-assets/static-assets",
        ),
        ("static-assets-auto-linux-amd64.cnb", "static-assets/auto"),
    ] {
        let output = Command::new(&pack)
            .args(["buildpack", "inspect", "--verbose"])
            .arg(dist.join(name))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains(id), "{output:?}");
        assert!(said.contains("static-assets/static-assets"), "{said}");
    }
}

/// Runs the step of the action against a release of this machine, and returns its outputs.
fn action(platform: &Platform, inputs: &[(&str, &str)]) -> (Output, BTreeMap<String, String>) {
    let checkout = platform.path("checkout");
    if !checkout.exists() {
        for dir in ["script", "bin"] {
            crate::harness::copy_folder(&repository().join(dir), &checkout.join(dir));
        }
    }
    let [outputs, exported] = ["outputs", "exported"].map(|name| platform.path(name));
    let all = [
        "DIR",
        "APP",
        "STORE",
        "PUBLIC_URL",
        "VERSION",
        "ENV_FILE",
        "ARGS",
        "RELEASE",
    ];
    let mut command = Command::new(checkout.join("script/action"));
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env(
            "STATIC_ASSETS_TEST_RELEASES",
            format!("file://{}", platform.path("releases").display()),
        )
        .env("STATIC_ASSETS_CHECK", "off")
        .env("GITHUB_OUTPUT", &outputs)
        .env("GITHUB_ENV", &exported)
        .env("GITHUB_SHA", "4f1c2ab90deadbeef")
        .envs(all.map(|name| (format!("INPUT_{name}"), "")))
        .envs(
            inputs
                .iter()
                .map(|(name, value)| (format!("INPUT_{name}"), value)),
        )
        .current_dir(platform.app());
    let output = command.output().unwrap();
    let text = fs::read_to_string(&outputs).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    (output, pairs.collect())
}

/// The inputs by which the action publishes a directory.
fn inputs(store: &str) -> [(&'static str, &str); 5] {
    [
        ("DIR", "dist"),
        ("STORE", store),
        ("PUBLIC_URL", "https://static.acme.com/shop"),
        ("VERSION", "v42"),
        ("RELEASE", "v1.0.0"),
    ]
}

/// A release that has only the program, as the action needs it.
fn release(platform: &Platform) {
    let dir = platform.path("releases/v1.0.0");
    fs::create_dir_all(&dir).unwrap();
    let name = format!("static-assets-linux-{}", architecture());
    fs::copy(PROGRAM, dir.join(&name)).unwrap();
    let sums = Command::new("sha256sum")
        .arg(&name)
        .current_dir(&dir)
        .output()
        .unwrap();
    fs::write(dir.join("SHA256SUMS"), sums.stdout).unwrap();
}

#[test]
fn the_action_publishes_and_hands_the_url_on() {
    let platform = Platform::empty().file_store();
    platform.write("dist/app.css", "a{}");
    release(&platform);
    let store = format!("file://{}", platform.store().display());
    let inputs = inputs(&store);
    let (output, outputs) = action(&platform, &inputs);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(outputs["version"], "v42");
    assert_eq!(outputs["url"], "https://static.acme.com/shop/v42/");
    assert!(outputs["json"].starts_with("{\"version\":\"v42\""));
    let exported = fs::read_to_string(platform.path("exported")).unwrap();
    assert!(
        exported.contains("STATIC_URL=https://static.acme.com/shop/v42/\n"),
        "{exported}"
    );
    platform.cli(&["show", "v42"]).exits(0).says("4f1c2ab90dea");

    let with_file = [
        &inputs[..],
        &[("ENV_FILE", "static.env"), ("ARGS", "--dry-run")],
    ]
    .concat();
    fs::remove_file(platform.path("exported")).unwrap();
    fs::write(platform.app().join("static.env"), "KEPT=1\n").unwrap();
    let (output, _) = action(&platform, &with_file[..6]);
    assert!(output.status.success(), "{output:?}");
    let env = fs::read_to_string(platform.app().join("static.env")).unwrap();
    assert!(
        env.starts_with("KEPT=1\n") && env.contains("RELEASE_VERSION=v42"),
        "{env}"
    );
    assert!(!platform.path("exported").exists());

    // A program that is not what the release names is never started.
    let program = format!("releases/v1.0.0/static-assets-linux-{}", architecture());
    fs::write(platform.path(&program), "#!/bin/sh\necho started\n").unwrap();
    fs::remove_dir_all(platform.path("checkout")).unwrap();
    let (output, _) = action(&platform, &inputs);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && !said.contains("started"),
        "{said}"
    );
    let main = [&inputs[..4], &[("RELEASE", "main")]].concat();
    let (output, _) = action(&platform, &main);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("'main' is no release, such as v1.0.0"),
        "{said}"
    );
}

#[test]
fn the_outputs_of_the_action_are_those_of_this_run() {
    let platform = Platform::empty().file_store();
    platform.write("dist/app.css", "a{}");
    release(&platform);
    let store = format!("file://{}", platform.store().display());
    let inputs = inputs(&store);
    let (output, outputs) = action(
        &platform,
        &[&inputs[..], &[("ARGS", "--dry-run\n--help")]].concat(),
    );
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("Usage: static-assets publish"), "{said}");
    assert!(!output.status.success() && outputs.is_empty());
    let (output, outputs) = action(&platform, &[&inputs[..], &[("ARGS", "--dry-run")]].concat());
    assert!(output.status.success(), "{output:?}");
    assert_eq!([&outputs["version"], &outputs["url"]], ["", ""]);
    assert!(outputs["json"].contains("\"dry_run\":true"));
    assert!(!platform.path("exported").exists());
    // Another program's lines in the file are no outputs.
    let forged = "NOTE=\"\nSTATIC_ASSETS_VERSION=url=http://evil\n\"\n";
    fs::write(platform.app().join("-s"), forged).unwrap();
    let named = [&inputs[..], &[("ENV_FILE", "-s")]].concat();
    let (output, outputs) = action(&platform, &named);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(outputs["version"], "v42");
}

#[test]
fn the_action_gives_its_script_every_input() {
    let text = fs::read_to_string(repository().join("action.yml")).unwrap();
    let script = fs::read_to_string(repository().join("script/action")).unwrap();
    let inputs = text
        .split("\ninputs:\n")
        .nth(1)
        .unwrap()
        .split("\noutputs:\n")
        .next()
        .unwrap();
    let is_input = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    for input in inputs.lines().filter(is_input) {
        let name = input.trim().trim_end_matches(':');
        let variable = format!("INPUT_{}", name.to_uppercase().replace('-', "_"));
        assert!(
            text.contains(&format!("{variable}: ${{{{ inputs.{name} ")),
            "{name}"
        );
        assert!(script.contains(&variable), "{variable}");
    }
}
