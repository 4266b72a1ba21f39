//! The settings modules that the files of an app name, read without running them.

use super::detect::DEPTH;
use super::error::DjangoError;
use super::settings_source::ServerSettings;
use crate::command::Command;
use crate::config::env_vars::DJANGO_SETTINGS_MODULE;
use crate::context::BuildContext;
use crate::framework::app_files::files_named;
use crate::fs::remove_file_if_exists;
use fs_err as fs;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Reads Python files by Python's own parser.
const READER: &str = include_str!("python/read_settings.py");

/// What a Python file says of settings.
#[derive(Debug, Default, Deserialize)]
struct SettingsFile {
    /// The module that it sets whatever the environment says.
    sets: Option<String>,
    /// The module that it sets if the environment names none.
    sets_by_default: Option<String>,
    /// The variable that decides on `DEBUG`.
    debug_variable: Option<String>,
    installed_apps: bool,
    /// The modules from which it takes everything.
    imports: Vec<String>,
}

/// Finds the server's settings, unless several servers disagree.
pub(super) fn server_settings(
    python: Command<'_>,
    ctx: &BuildContext<'_>,
    manage_py: &Path,
) -> Result<Option<ServerSettings>, DjangoError> {
    let app = &ctx.app_dir;
    let mut servers = files_named(app, "wsgi.py", DEPTH)?;
    if servers.is_empty() {
        servers = files_named(app, "asgi.py", DEPTH)?;
    }
    let procfile = fs::read_to_string(app.join("Procfile")).unwrap_or_default();
    if servers.iter().any(|file| is_named_by(&procfile, file)) {
        servers.retain(|file| is_named_by(&procfile, file));
    }
    let manage_py = app.join(manage_py);
    let mut read = read_files(python, ctx, servers.iter().chain([&manage_py]))?;
    let of_manage_py = read.remove(&manage_py);
    let of_manage_py = of_manage_py.and_then(|file| file.sets.or(file.sets_by_default));
    let Some(of_manage_py) = of_manage_py else {
        return Ok(None);
    };
    let of_procfile = module_of_procfile(&procfile);
    let mut found = Vec::new();
    for (file, said) in read {
        let (module, file, is_fixed) = match (said.sets, &of_procfile, said.sets_by_default) {
            (Some(module), _, _) => (module, file.as_path(), true),
            (None, Some(module), _) => (module.clone(), Path::new("Procfile"), true),
            (None, None, Some(module)) => (module, file.as_path(), false),
            (None, None, None) => continue,
        };
        found.push(ServerSettings {
            module,
            file: file.strip_prefix(app).unwrap_or(file).to_owned(),
            manage_py: of_manage_py.clone(),
            is_fixed,
        });
    }
    found.dedup_by(|one, other| one.module == other.module);
    Ok(found.pop().filter(|_| found.is_empty()))
}

/// Where the settings most likely are, if nothing names them: beside `wsgi.py`, or in `settings/` there. Ends in a dot,
/// because the module itself is unknown.
pub(super) fn guess_settings_package(app: &Path) -> Option<String> {
    let servers = files_named(app, "wsgi.py", DEPTH).ok()?;
    let package = servers.first()?.parent()?;
    let settings = package.join("settings");
    let package = if settings.is_dir() {
        &settings
    } else {
        package
    };
    let parts = package.strip_prefix(app).ok()?.iter();
    let parts: Vec<_> = parts.map(|part| part.to_string_lossy()).collect();
    (!parts.is_empty()).then(|| format!("{}.", parts.join(".")))
}

/// What the files in the directory of a settings module say.
#[derive(Debug, Default)]
pub(super) struct SettingsPackage {
    /// The other settings modules, those of production first.
    pub(super) others: Vec<String>,
    pub(super) debug_variable: Option<String>,
}

/// Reads the files beside a settings module, which may be named wrongly.
pub(super) fn settings_package(
    python: Command<'_>,
    ctx: &BuildContext<'_>,
    module: Option<&str>,
) -> Result<SettingsPackage, DjangoError> {
    let Some((package, _)) = module.and_then(|module| module.rsplit_once('.')) else {
        return Ok(SettingsPackage::default());
    };
    let entries = fs::read_dir(ctx.app_dir.join(package.replace('.', "/")));
    let files = entries.into_iter().flatten().filter_map(|entry| {
        let path = entry.ok()?.path();
        path.extension()
            .is_some_and(|it| it == "py")
            .then_some(path)
    });
    let read = read_files(python, ctx, files.collect::<Vec<_>>().iter())?;
    let stem = |file: &Path| {
        let stem = file.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    };
    let complete = read.iter().filter(|(_, file)| file.installed_apps);
    let complete: Vec<String> = complete.map(|(path, _)| stem(path)).collect();
    let is_complete = |import: &String| {
        let last = import.rsplit('.').next();
        complete.iter().any(|stem| last == Some(stem))
    };
    let is_settings =
        |file: &SettingsFile| file.installed_apps || file.imports.iter().any(is_complete);
    let settings = read.iter().filter(|(_, file)| is_settings(file));
    let modules = settings
        .map(|(path, _)| stem(path))
        .filter(|stem| is_module(stem));
    let names = modules.map(|stem| format!("{package}.{stem}"));
    let mut others: Vec<String> = names
        .filter(|name| Some(name.as_str()) != module && !name.ends_with("__"))
        .collect();
    others.sort_by_key(|name| (!name.contains("prod"), name.clone()));
    let own = module.and_then(|module| module.rsplit('.').next());
    let is_own = |path: &Path| Some(stem(path).as_str()) == own;
    let by_own = read.iter().filter(|(path, _)| is_own(path));
    let mut variables = by_own
        .chain(&read)
        .filter_map(|(_, file)| file.debug_variable.clone());
    Ok(SettingsPackage {
        others,
        debug_variable: variables.next(),
    })
}

/// Whether Python can import a file: `production.example.py` is no module.
fn is_module(stem: &str) -> bool {
    stem.chars().all(|it| it.is_alphanumeric() || it == '_')
}

fn read_files<'a>(
    python: Command<'_>,
    ctx: &BuildContext<'_>,
    files: impl Iterator<Item = &'a PathBuf>,
) -> Result<BTreeMap<PathBuf, SettingsFile>, DjangoError> {
    let files: Vec<&PathBuf> = files.collect();
    if files.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (script, answer) = ("read_settings.py", "settings.json");
    let [script, answer] = [script, answer].map(|name| ctx.scratch.join(name));
    fs::write(&script, READER)?;
    // Without the app's packages and its environment.
    let mut command = python.argument("-IS").argument(&script).argument(&answer);
    for file in files {
        command = command.argument(file);
    }
    remove_file_if_exists(&answer)?;
    let finished = command.run(ctx.interrupt)?;
    if !finished.status.success() {
        return Err(DjangoError::SettingsNotRead(finished.output));
    }
    Ok(serde_json::from_slice(&fs::read(&answer)?)?)
}

/// Whether a command of the Procfile names `config.wsgi` for `…/config/wsgi.py`.
fn is_named_by(procfile: &str, file: &Path) -> bool {
    let dir = file.parent().and_then(Path::file_name).unwrap_or_default();
    let stem = file.file_stem().unwrap_or_default();
    let module = format!("{}.{}", dir.to_string_lossy(), stem.to_string_lossy());
    procfile.contains(&module)
}

/// Finds the settings that the `web` process of a Procfile sets for itself: `web: DJANGO_SETTINGS_MODULE=… gunicorn`.
fn module_of_procfile(procfile: &str) -> Option<String> {
    let web = procfile
        .lines()
        .find_map(|line| line.strip_prefix("web:"))?;
    let words = shell_words::split(web).ok()?;
    let given = words.iter().find_map(|word| {
        word.split_once(DJANGO_SETTINGS_MODULE.name)?
            .1
            .strip_prefix('=')
    });
    given
        .filter(|module| !module.contains('$'))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_the_web_process_are_found() {
        for (line, module) in [
            (
                "web: DJANGO_SETTINGS_MODULE=a.b gunicorn a.wsgi",
                Some("a.b"),
            ),
            (
                "web: env X=1 DJANGO_SETTINGS_MODULE='a.b' gunicorn",
                Some("a.b"),
            ),
            (
                "web: gunicorn --env DJANGO_SETTINGS_MODULE=a.b a.wsgi",
                Some("a.b"),
            ),
            (
                "web: gunicorn --env=DJANGO_SETTINGS_MODULE=a.b a.wsgi",
                Some("a.b"),
            ),
            (
                "web: DJANGO_SETTINGS_MODULE=$SETTINGS gunicorn a.wsgi",
                None,
            ),
            ("worker: DJANGO_SETTINGS_MODULE=a.b celery", None),
            ("web: gunicorn a.wsgi", None),
        ] {
            assert_eq!(module_of_procfile(line).as_deref(), module, "{line}");
        }
    }
}
