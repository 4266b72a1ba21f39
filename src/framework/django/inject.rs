//! The proof that pages will link to what is published, and the hook for apps that don't by
//! themselves.

use super::DjangoError;
use super::report::{Emitted, Report, Sample};
use super::steps::{HOOK, Runner, SITECUSTOMIZE, write_files};
use crate::command::Command;
use crate::config::Inject;
use crate::config::names::STATIC_URL;
use crate::framework::{Draft, Emission, InjectedFile, Injection, LaunchVar};
use crate::interrupt::Interrupt;
use crate::output::Log;
use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why nobody would link to the version.
#[derive(Debug)]
pub(crate) struct NotFollowing {
    pub(crate) cause: NotFollowingCause,
    pub(crate) own_url: Option<String>,
    pub(crate) snippet: String,
}

#[derive(Debug)]
pub(crate) enum NotFollowingCause {
    /// `STATIC_ASSETS_INJECT=off`, and the settings ignore `STATIC_URL`.
    InjectOff,
    /// The hook stays out of DEBUG.
    Debug {
        settings: Option<String>,
    },
    /// Even with the hook, `static()` gives this.
    Emits {
        name: String,
        url: String,
    },
    StaticFails {
        error: String,
    },
    /// Something keeps Python from loading the hook.
    Unreachable {
        output: String,
    },
}

const PYTHON: &str = "python";
const BAKED_LINE: &str = "BAKED = {}";

/// <https://packaging.python.org/specifications/entry-points/>: `opentelemetry-instrument` puts a
/// `sitecustomize` of its own before ours and loads no other, but it calls this entry point.
const DIST_INFO: [(&str, &str); 2] = [
    (
        "static_assets_inject-1.0.dist-info/METADATA",
        "Metadata-Version: 2.1\nName: static-assets-inject\nVersion: 1.0\n",
    ),
    (
        "static_assets_inject-1.0.dist-info/entry_points.txt",
        "[opentelemetry_pre_instrument]\nstatic_assets = static_assets_hook:install\n",
    ),
];

pub(super) fn judge(
    report: &Report,
    draft: &Draft,
    inject: Inject,
    runner: &Runner<'_>,
    interrupt: &Interrupt,
) -> Result<Emission, DjangoError> {
    let own_follows = first_elsewhere(&report.emission.own, draft).is_none();
    let needs_files = report.inject.static_root;
    if own_follows && !needs_files {
        return Ok(Emission::Follows {
            because: because(report, draft),
        });
    }
    let failed = |cause| {
        Err(DjangoError::NotFollowing(Box::new(NotFollowing {
            cause,
            own_url: report.static_url.own.clone(),
            snippet: snippet(report),
        })))
    };
    if inject == Inject::Off {
        return failed(NotFollowingCause::InjectOff);
    }
    if report.debug {
        return failed(NotFollowingCause::Debug {
            settings: report.settings_module.clone(),
        });
    }
    match first_elsewhere(&report.emission.injected, draft) {
        None => Ok(Emission::Needs {
            because: why_needed(report),
            injection: injection(runner, report, interrupt)?,
            snippet: snippet(report),
        }),
        Some(Elsewhere::Url(Sample { name, url })) => failed(NotFollowingCause::Emits {
            name: name.clone(),
            url: url.clone(),
        }),
        Some(Elsewhere::Error(error)) => failed(NotFollowingCause::StaticFails {
            error: error.to_owned(),
        }),
    }
}

enum Elsewhere<'a> {
    Url(&'a Sample),
    Error(&'a str),
}

/// The first thing that shows that `static()` does not give the draft's URL.
fn first_elsewhere<'a>(emitted: &'a Emitted, draft: &Draft) -> Option<Elsewhere<'a>> {
    if let Some(error) = &emitted.error {
        return Some(Elsewhere::Error(error));
    }
    emitted
        .samples
        .iter()
        .find(|sample| draft.prefix.path_of(&sample.url).is_none())
        .map(Elsewhere::Url)
}

fn because(report: &Report, draft: &Draft) -> String {
    let own_url = report.static_url.own.as_deref().unwrap_or_default();
    if own_url.trim_end_matches('/') == draft.prefix.url().trim_end_matches('/') {
        "settings follow STATIC_URL from the environment".to_owned()
    } else {
        format!("{} links to the version by itself", report.own_storage())
    }
}

fn why_needed(report: &Report) -> String {
    match (&report.inject.storage, report.inject.static_root) {
        (Some(_), _) => format!(
            "{} links elsewhere, so a local storage and STATIC_URL are set at launch",
            report.own_storage()
        ),
        (None, true) => {
            "no STATIC_ROOT in the image holds the manifest, so it is set at launch with STATIC_URL"
                .to_owned()
        }
        (None, false) => "settings ignore STATIC_URL, so it is set at launch".to_owned(),
    }
}

/// The lines that make the hook unnecessary.
fn snippet(report: &Report) -> String {
    let mut lines = Vec::new();
    let own = report.static_url.own.as_deref().unwrap_or("/static/");
    let is_address = own.contains("://");
    lines.push(format!(
        "STATIC_URL = os.environ.get(\"STATIC_URL\", \"{}\")",
        if is_address { "/static/" } else { own }
    ));
    if report.inject.static_root && report.static_root.is_none() {
        lines.push("STATIC_ROOT = BASE_DIR / \"staticfiles\"".to_owned());
    }
    if let Some(storage) = &report.inject.storage {
        lines.push(format!(
            "STORAGES[\"staticfiles\"] = {{\"BACKEND\": \"{storage}\"}}"
        ));
    }
    lines.join("\n")
}

/// Puts the hook, and what Python compiles it to, beside the app.
fn injection(
    runner: &Runner<'_>,
    report: &Report,
    interrupt: &Interrupt,
) -> Result<Injection, DjangoError> {
    let folder = prove_reach(runner, report, interrupt)?;
    let mut files = Vec::new();
    collect_files(&folder, Path::new(PYTHON), &mut files)?;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(Injection {
        vars: vec![LaunchVar::PrependFolder {
            name: "PYTHONPATH",
            folder: PathBuf::from(PYTHON),
        }],
        files,
    })
}

fn collect_files(from: &Path, to: &Path, files: &mut Vec<InjectedFile>) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let path = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            collect_files(&entry.path(), &path, files)?;
        } else {
            files.push(InjectedFile {
                path,
                content: fs::read(entry.path())?,
            });
        }
    }
    Ok(())
}

fn python_files(report: &Report) -> Vec<(&'static str, String)> {
    let baked = format!("BAKED = {}", report.inject.baked);
    let mut files = vec![
        ("sitecustomize.py", SITECUSTOMIZE.to_owned()),
        (
            "static_assets_hook.py",
            HOOK.replacen(BAKED_LINE, &baked, 1),
        ),
    ];
    files.extend(DIST_INFO.map(|(name, text)| (name, text.to_owned())));
    files
}

/// Exits with 1 where the hook was not loaded; else compiles it, or every start of Python would. The
/// byte code is checked against no time: the lifecycle resets those.
const PROVE: &str = "\
import sys
if 'static_assets_hook' not in sys.modules:
    sys.exit(1)
import os, py_compile
folder, at_launch = sys.argv[1:]
for name in ('sitecustomize.py', 'static_assets_hook.py'):
    py_compile.compile(os.path.join(folder, name), dfile=os.path.join(at_launch, name), doraise=True,
                       invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
";

/// Starts the app's Python as it will be started and looks whether the hook was loaded. Returns the
/// folder of the hook.
fn prove_reach(
    runner: &Runner<'_>,
    report: &Report,
    interrupt: &Interrupt,
) -> Result<PathBuf, DjangoError> {
    let folder = runner.scratch().join("inject");
    let files = python_files(report);
    fs::create_dir_all(folder.join("static_assets_inject-1.0.dist-info"))?;
    let files: Vec<_> = files
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    write_files(&folder, &files)?;
    let env = runner
        .env
        .clone()
        .with(STATIC_URL, "/")
        .with_first("PYTHONPATH", folder.as_os_str());
    let finished = Command::new(&runner.python, runner.folder(), &env)
        .argument("-c")
        .argument(PROVE)
        .argument(&folder)
        .argument(runner.injected().join(PYTHON))
        .run(interrupt)?;
    if finished.status.success() {
        return Ok(folder);
    }
    Err(DjangoError::NotFollowing(Box::new(NotFollowing {
        cause: NotFollowingCause::Unreachable {
            output: finished.output,
        },
        own_url: report.static_url.own.clone(),
        snippet: snippet(report),
    })))
}

/// `python -E`, `-I` and `-S` ignore `PYTHONPATH` or `sitecustomize`.
pub(super) fn warn_of_unreachable_processes(app: &Path, log: &mut Log) {
    let procfile = fs::read_to_string(app.join("Procfile")).unwrap_or_default();
    for line in procfile.lines().filter(|line| is_unreachable(line)) {
        log.warning(&format!(
            "this process starts Python so that STATIC_URL can't be set from outside:\n{line}"
        ));
    }
}

fn is_unreachable(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_python = |word: &str| {
        let name = word.rsplit('/').next().unwrap_or_default();
        name.starts_with("python")
    };
    words.any(is_python)
        && words
            .take_while(|word| word.starts_with('-') && !word.starts_with("--"))
            .any(|flags| flags.contains(['E', 'I', 'S']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_that_the_hook_cannot_reach() {
        for (line, unreachable) in [
            ("web: python -I -m gunicorn shop.wsgi", true),
            ("web: /layers/x/bin/python3.12 -uE manage.py x", true),
            ("web: gunicorn shop.wsgi -S", false),
            ("web: python manage.py migrate -E", false),
            ("web: python -u manage.py x", false),
        ] {
            assert_eq!(is_unreachable(line), unreachable, "{line}");
        }
    }

    #[test]
    fn the_hook_has_the_line_that_is_baked() {
        assert_eq!(HOOK.matches(BAKED_LINE).count(), 1);
    }
}
