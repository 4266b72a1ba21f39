//! Every command of README and the guides, run from the text itself. `static-assets` is the real program, with a store and
//! a page of this machine. What can't run here is a stand-in that says yes, with its reason in [`NOT_HERE`].

use crate::docs::{pages, read};
use crate::harness::http::Answer;
use crate::harness::python::Python;
use crate::harness::{Platform, server};
use fs_err as fs;
use regex::Regex;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

/// Programs that are not run, and why.
const NOT_HERE: &[(&str, &str)] = &[
    (
        "aws",
        "no account; the policies were tried on MinIO and moto",
    ),
    ("az", "no account"),
    ("cargo", "the tests themselves are run by it"),
    ("weed", "the tests run it: script/services"),
    ("crane", "no registry"),
    ("curl", "no release is out"),
    ("docker", "tests/docker.rs runs the Dockerfiles"),
    ("garage", "no package registry has it"),
    ("gcloud", "no account"),
    ("gh", "GitHub is not reached"),
    ("git", "the repository is not changed"),
    (
        "heroku",
        "Heroku is not reached; tests/heroku.rs runs the buildpack as Heroku does",
    ),
    ("kubectl", "no cluster"),
    ("mc", "no package registry has it"),
    ("npx", "Cloudflare is not reached"),
    (
        "pack",
        "no package registry has it; tests/packaging.rs and tests/lifecycle.rs run what it would",
    ),
    ("sha256sum", "no release is out"),
    ("script/bench", "it takes minutes"),
    ("script/demo", "the demo is compared by itself"),
    ("script/environments", "the tests run in it"),
    ("script/package", "tests/packaging.rs runs it"),
    ("script/test", "it runs this"),
];

/// Blocks that are not for a shell, by the start of their first line, and why.
const NO_COMMANDS: &[(&str, &str)] = &[
    ("17 3 * * *", "a line of a crontab"),
    ("bytes    =", "a formula"),
    ("{\"Effect\"", "a policy"),
    ("{\"Version\"", "a policy"),
    ("server {", "a configuration of nginx"),
];

/// Pages that hold commands for users.
fn guides() -> impl Iterator<Item = std::path::PathBuf> {
    let is_other = |page: &Path| {
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        [
            "CHANGELOG.md",
            "contract.md",
            "configuration.md",
            "performance.md",
        ]
        .contains(&&*name)
    };
    pages().into_iter().filter(move |page| !is_other(page))
}

/// The commands of a page, in their order.
fn commands(page: &Path) -> Vec<String> {
    let text = read(page);
    let fence = Regex::new(r"(?ms)^( *)```([a-z]*)[^\n]*\n(.*?)^ *```").unwrap();
    let mut found: Vec<(usize, String)> = Vec::new();
    for block in fence.captures_iter(&text) {
        let start = block.get(0).unwrap().start();
        match &block[2] {
            // A script to save has a test of its own.
            "sh" | "bash" if !block[3].starts_with("#!") => {
                found.push((start, block[3].to_owned()));
            }
            "yaml" => found.extend(commands_of_yaml(&block[3]).map(|it| (start, it))),
            _ => {}
        }
    }
    // The length stays, so that the order is that of the page.
    let prose = fence.replace_all(&text, |block: &regex::Captures<'_>| {
        let lines = block[0].split('\n').map(|line| "-".repeat(line.len()));
        lines.collect::<Vec<_>>().join("\n")
    });
    let indented = Regex::new(r"(?m)(?:^    .*\n)+").unwrap();
    for block in indented.find_iter(&prose) {
        let before = prose[..block.start()].trim_end_matches('\n');
        let is_of_list = before
            .lines()
            .last()
            .is_some_and(|line| line.starts_with("- "));
        let block_text = block.as_str().replace("\n    ", "\n");
        if !is_of_list && is_shell(block_text.trim_start()) {
            found.push((block.start(), block_text));
        }
    }
    found.sort_by_key(|(start, _)| *start);
    found.into_iter().map(|(_, text)| text).collect()
}

/// The steps of a CI job that call this program.
fn commands_of_yaml(text: &str) -> impl Iterator<Item = String> {
    let step = Regex::new(r"(?m)^ *(?:- )?(?:run: )?(static-assets [^\n]*)$").unwrap();
    let found: Vec<String> = step
        .captures_iter(text)
        .map(|it| it[1].to_owned())
        .collect();
    found.into_iter()
}

/// Whether an indented block is for a shell: its first line calls a program, and is no output or configuration.
fn is_shell(block: &str) -> bool {
    let first = block.lines().next().unwrap_or_default();
    if NO_COMMANDS.iter().any(|(part, _)| first.starts_with(part)) {
        return false;
    }
    let word = first.split_whitespace().next().unwrap_or_default();
    let is_assignment = Regex::new(r"^[a-z_]+=[^ ]*\$\(").unwrap().is_match(first);
    let own = ["static-assets", "export", "mkdir", "echo", "#"];
    is_assignment || own.contains(&word) || NOT_HERE.iter().any(|(program, _)| *program == word)
}

fn executable(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// Makes a place where the commands of a page can run: an app, a store with versions, a page of the site, and programs.
fn prepare(platform: &Platform) -> String {
    platform
        .write("dist/app.css", "a{}")
        .write("files/app.css", "a{}");
    for version in ["v41", "v42"] {
        let run = ["publish", "--dir", "dist"];
        platform
            .cli_with(&run, &[("RELEASE_VERSION", version)])
            .exits(0);
    }
    let root = platform.store();
    let site = server::serve(move |request| match request.target.as_str() {
        "/" => {
            let page = b"<!doctype html><link rel=stylesheet href=/v42/app.css>";
            let mut answer = Answer::of(200, page.to_vec());
            let kind = ("content-type".to_owned(), "text/html".to_owned());
            answer.headers.extend([kind]);
            answer
        }
        file => server::file_answer(&root.join(file.trim_start_matches('/'))),
    });
    let stub = "#!/bin/bash\nprintf '%s\\n' \"${0##*/} $*\" >>\"$CALLS\"\n\
                case \"${0##*/} $*\" in *inspect* | *printenv* | crane*) echo v42 ;; *) echo A=1 ;; esac\n\
                while (($#)); do\n  case $1 in -o | -*Lo) echo stub >\"$2\" ;; esac\n  shift\ndone\n";
    for (program, _) in NOT_HERE {
        let dir = if program.contains('/') {
            platform.app()
        } else {
            platform.path("bin")
        };
        executable(&dir.join(program), stub);
    }
    let program = env!("CARGO_BIN_EXE_static-assets");
    let store = platform.store().display().to_string();
    let real = format!(
        "#!/bin/bash\n\
         for name in $(compgen -e | grep -E '^(STATIC_ASSETS|AZURE|GOOGLE|AWS)_'); do unset \"$name\"; done\n\
         export STATIC_ASSETS_STORE=file://{store} STATIC_ASSETS_PUBLIC_URL={site}\n\
         arguments=()\nfor word in \"$@\"; do arguments+=(\"${{word//https:\\/\\/shop.example.com/{site}}}\"); done\n\
         exec {program} \"${{arguments[@]}}\"\n"
    );
    executable(&platform.path("bin/static-assets"), &real);
    site
}

#[test]
fn every_command_of_the_guides_runs() {
    let Some(python) = Python::find("django52") else {
        return;
    };
    let mut run = 0;
    for page in guides() {
        let commands = commands(&page);
        if commands.is_empty() {
            continue;
        }
        run += commands.len();
        let platform = Platform::with("django_basic").python(&python).file_store();
        prepare(&platform);
        let temporary = platform.path("srv").display().to_string();
        let script = commands.join("\n").replace("/srv/static", &temporary);
        let calls = platform.path("calls");
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &script])
            .current_dir(platform.app())
            .env_clear()
            .env(
                "PATH",
                format!("{}:{}", platform.path("bin").display(), python.path()),
            )
            .env("VIRTUAL_ENV", python.folder())
            .env("HOME", platform.path("home"))
            .env("CALLS", &calls)
            .env("GITHUB_ENV", platform.path("github-env"))
            .env("project", "acme")
            .env("AZURE_CLIENT_ID", "client")
            .env("CLOUDFLARE_ACCOUNT_ID", "account")
            .env("CLOUDFLARE_ZONE_ID", "zone")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let [out, error] = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it));
        assert!(
            output.status.success(),
            "{} ends with {}\n{out}\n{error}\n--- {script}",
            page.display(),
            output.status
        );
        let called = fs::read_to_string(&calls).unwrap_or_default();
        assert_settings_exist(&platform, &called, &page);
    }
    assert!(run > 50, "only {run} blocks of commands were found");
}

/// The settings of each recipe lead to the server of that store.
#[test]
fn the_settings_of_each_recipe_reach_their_store() {
    let text = read(Path::new("docs/stores.md"));
    let recipes = [
        ("AWS S3", "s3.us-east-1.amazonaws.com"),
        ("Cloudflare R2", "account.r2.cloudflarestorage.com"),
        ("MinIO", "minio.acme.com"),
        ("Garage", "garage.acme.com"),
        ("Azure Blob Storage", "acmestatic.blob.core.windows.net"),
    ];
    // Each asks several times before it gives up.
    thread::scope(|scope| {
        for (heading, host) in recipes {
            let section = text.split(&format!("\n## {heading}\n")).nth(1).unwrap();
            let section = section.split("\n## ").next().unwrap();
            scope.spawn(move || assert_reaches(section, host));
        }
    });
}

/// All that would leave this machine is asked of a proxy, which refuses it.
fn assert_reaches(section: &str, host: &str) {
    let exports = section.lines().map(|line| {
        let line = line.trim_start().replace("&…&", "&sv=2022-11-02&sr=c&");
        // Placeholders of secrets end with an ellipsis.
        line.replace('…', "x")
    });
    let exports: Vec<String> = exports.filter(|line| line.starts_with("export ")).collect();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    let proxy = server::serve(move |request| {
        seen.lock().unwrap().push(request.target.clone());
        Answer::of(403, Vec::new())
    });
    let platform = Platform::empty();
    platform.write("dist/app.css", "a{}");
    let script = format!(
        "{}\nexec \"$PROGRAM\" publish --dir dist",
        exports.join("\n")
    );
    let output = Command::new("bash")
        .args(["-euc", &script])
        .current_dir(platform.app())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("PROGRAM", env!("CARGO_BIN_EXE_static-assets"))
        .env("HTTPS_PROXY", &proxy)
        .env("CLOUDFLARE_ACCOUNT_ID", "account")
        .env("secret", "x")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let asked = asked.lock().unwrap().clone();
    let wanted = format!("{host}:443");
    assert!(
        !asked.is_empty() && asked.iter().all(|it| *it == wanted),
        "{asked:?}\n{said}"
    );
}

/// The script with which a platform team finds out which repositories would fail.
#[test]
fn the_check_of_a_fleet_names_what_would_fail() {
    let text = read(Path::new("docs/platforms.md"));
    let script = text
        .split("```bash\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let platform = Platform::empty();
    let clones = platform.path("clones");
    for (fixture, name) in [("django_basic", "fine"), ("django_matrix", "odd")] {
        let fixture = crate::harness::repository().join("fixtures").join(fixture);
        crate::harness::copy_folder(&fixture, &clones.join(name));
    }
    let settings = clones.join("odd/project/settings.py");
    let odd = fs::read_to_string(&settings)
        .unwrap()
        .replace("STATIC_ROOT", "OTHER_ROOT");
    fs::write(&settings, format!("{odd}\nDEBUG = True\n")).unwrap();
    executable(&platform.path("fleet-check.sh"), script);
    let output = Command::new(platform.path("fleet-check.sh"))
        .arg(&clones)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("odd/: no STATIC_ROOT, so heroku/python fails"),
        "{output:?}"
    );
    assert!(
        said.contains("fails if it is on in the build: ") && said.contains("DEBUG = True"),
        "{said}"
    );
    assert!(!said.contains("fine"), "{said}");
}

/// A config var that a guide sets is one that somebody reads.
fn assert_settings_exist(platform: &Platform, called: &str, page: &Path) {
    const OTHERS: [&str; 2] = ["STATIC_URL", "STATIC_ASSETS_VERSION"];
    let known = platform.cli(&["help", "settings"]).exits(0).stdout();
    for line in called
        .lines()
        .filter(|line| line.starts_with("heroku config:set"))
    {
        let names = line
            .split_whitespace()
            .filter_map(|word| word.split_once('='));
        for (name, _) in names {
            let is_known = known.contains(&format!("  {name}\n")) || OTHERS.contains(&name);
            assert!(is_known, "{}: {name}", page.display());
        }
    }
}
