//! The proof that pages will link to what is published, and the hook for apps that don't by
//! themselves.

use super::DjangoError;
use super::evidence::settings_beside;
use super::report::{Emitted, Report, Sample};
use super::steps::{PYTHON, Runner, write_hook};
use crate::app::is_foreign;
use crate::command::{Command, Finished};
use crate::config::Inject;
use crate::config::names::STATIC_URL;
use crate::framework::{Draft, Emission, FollowsBy, InjectedFile, Injection, LaunchVar};
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
        beside: Vec<String>,
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
    /// django-compressor would write files at run time that are not in the store.
    CompressesAtRunTime {
        template: PathBuf,
    },
}

/// What django-compressor writes at run time lands in the container, not in the store: pages would
/// link to nothing.
pub(super) fn refuse_compression_at_run_time(
    report: &Report,
    app: &Path,
) -> Result<(), DjangoError> {
    if !report.compresses_at_run_time() {
        return Ok(());
    }
    match template_with(app, app, uses_compress)? {
        Some(template) => Err(DjangoError::NotFollowing(Box::new(NotFollowing {
            cause: NotFollowingCause::CompressesAtRunTime { template },
            own_url: report.static_url.own.clone(),
            snippet: "COMPRESS_OFFLINE = True".to_owned(),
        }))),
        None => Ok(()),
    }
}

const TEMPLATES: [&str; 6] = ["html", "htm", "djhtml", "jinja", "jinja2", "j2"];

/// `{% compress css %}`, however it is spaced.
fn uses_compress(template: &str) -> bool {
    template.split("{%").skip(1).any(|tag| {
        tag.trim_start_matches(['-', '+', ' ', '\t', '\n'])
            .strip_prefix("compress")
            .is_some_and(|rest| rest.starts_with([' ', '\t', '\n']))
    })
}

/// A template of the app's own that uses a tag.
fn template_with(
    root: &Path,
    folder: &Path,
    uses: fn(&str) -> bool,
) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() && !is_foreign(&entry.file_name().to_string_lossy()) {
            if let Some(found) = template_with(root, &path, uses)? {
                return Ok(Some(found));
            }
        } else if kind.is_file()
            && path
                .extension()
                .is_some_and(|extension| TEMPLATES.contains(&extension.to_string_lossy().as_ref()))
            && uses(&String::from_utf8_lossy(&fs::read(&path)?))
        {
            return Ok(Some(path.strip_prefix(root).unwrap_or(&path).to_owned()));
        }
    }
    Ok(None)
}

/// The hook that the runner left, and whether the app's Python loads one.
pub(super) struct Hook {
    pub(super) folder: PathBuf,
    pub(super) reach: Finished,
    pub(super) app: PathBuf,
    pub(super) collected: PathBuf,
}

pub(super) fn judge(
    report: &Report,
    draft: &Draft,
    inject: Inject,
    hook: &Hook,
) -> Result<Emission, DjangoError> {
    let own_follows = first_elsewhere(&report.emission.own, draft, hook).is_none();
    let needs_files = report.inject.static_root;
    if own_follows && !needs_files {
        return Ok(Emission::Follows {
            by: if follows_static_url(report, draft) {
                FollowsBy::StaticUrl
            } else {
                FollowsBy::Version
            },
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
            beside: report
                .settings_module
                .as_deref()
                .map(|module| settings_beside(&hook.app, module))
                .unwrap_or_default(),
        });
    }
    match first_elsewhere(&report.emission.injected, draft, hook) {
        None if hook.reach.status.success() => Ok(Emission::Needs {
            because: why_needed(report),
            injection: injection(&hook.folder)?,
            snippet: snippet(report),
        }),
        None => failed(NotFollowingCause::Unreachable {
            output: hook.reach.output.clone(),
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

/// The first thing that shows that `static()` does not give the draft's URL of a collected file.
fn first_elsewhere<'a>(emitted: &'a Emitted, draft: &Draft, hook: &Hook) -> Option<Elsewhere<'a>> {
    if let Some(error) = &emitted.error {
        return Some(Elsewhere::Error(error));
    }
    let is_published = |sample: &&Sample| {
        let path = draft.prefix.path_of(&sample.url);
        path.is_some_and(|path| hook.collected.join(path).is_file())
    };
    emitted
        .samples
        .iter()
        .find(|sample| !is_published(sample))
        .map(Elsewhere::Url)
}

fn follows_static_url(report: &Report, draft: &Draft) -> bool {
    let own_url = report.static_url.own.as_deref().unwrap_or_default();
    own_url.trim_end_matches('/') == draft.prefix.url().trim_end_matches('/')
}

fn because(report: &Report, draft: &Draft) -> String {
    if follows_static_url(report, draft) {
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

/// What the runner left for the launch: the hook, and what Python compiles it to.
fn injection(hook: &Path) -> Result<Injection, DjangoError> {
    let mut files = Vec::new();
    collect_files(hook, Path::new(PYTHON), &mut files)?;
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

/// Starts the app's Python as it will be started and looks whether the hook was loaded. Needs nothing
/// of the compile, so it runs beside it.
pub(super) fn try_reach(
    runner: &Runner<'_>,
    interrupt: &Interrupt,
) -> Result<Finished, DjangoError> {
    let folder = runner.scratch().join("reach");
    write_hook(&folder)?;
    let env = runner
        .env
        .clone()
        .with(STATIC_URL, "/")
        .with_first("PYTHONPATH", folder.as_os_str());
    Ok(Command::new(&runner.python, runner.folder(), &env)
        .argument("-c")
        .argument("import sys; sys.exit('static_assets_hook' not in sys.modules)")
        .run(interrupt)?)
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
    use super::super::steps::HOOK;
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
    fn templates_that_compress() {
        for (template, uses) in [
            ("{% compress css %}", true),
            ("{%compress js inline%}", true),
            ("{%- compress css -%}", true),
            ("{% load compress %}", false),
            ("{% compressed %}", false),
            ("compress css", false),
        ] {
            assert_eq!(uses_compress(template), uses, "{template}");
        }
    }

    #[test]
    fn the_hook_has_the_line_that_the_runner_bakes() {
        assert_eq!(HOOK.matches("BAKED = {}").count(), 1);
    }
}
