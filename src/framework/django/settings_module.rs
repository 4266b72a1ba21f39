//! The settings modules that the files of an app name, read without running them.

use super::detect::DEPTH;
use crate::config::{Origin, env_vars::DJANGO_SETTINGS_MODULE};
use crate::framework::app_files::files_named;
use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

/// Modules that many projects have beside their settings.
const NO_SETTINGS: [&str; 5] = ["urls", "wsgi", "asgi", "celery", "manage"];

/// Who chose the settings of the build.
#[derive(Debug)]
pub(crate) enum SettingsSource {
    App,
    Variable(Origin),
    Server(ServerSettings),
}

/// The settings that the app's server loads by default, and those of `manage.py`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ServerSettings {
    pub(crate) module: String,
    /// `config/wsgi.py`
    pub(crate) file: PathBuf,
    pub(crate) manage_py: String,
}

/// Finds the server's settings, unless several servers disagree.
pub(super) fn server_settings(app: &Path, manage_py: &Path) -> io::Result<Option<ServerSettings>> {
    let Some(of_manage_py) = default_settings(&app.join(manage_py))? else {
        return Ok(None);
    };
    let mut servers = files_named(app, "wsgi.py", DEPTH)?;
    if servers.is_empty() {
        servers = files_named(app, "asgi.py", DEPTH)?;
    }
    let procfile = fs::read_to_string(app.join("Procfile")).unwrap_or_default();
    if servers.iter().any(|file| is_named_by(&procfile, file)) {
        servers.retain(|file| is_named_by(&procfile, file));
    }
    let mut found = Vec::new();
    for file in servers {
        if let Some(module) = default_settings(&file)? {
            found.push(ServerSettings {
                module,
                file: file.strip_prefix(app).unwrap_or(&file).to_owned(),
                manage_py: of_manage_py.clone(),
            });
        }
    }
    found.dedup_by(|one, other| one.module == other.module);
    Ok(found.pop().filter(|_| found.is_empty()))
}

/// Lists the other settings modules of the same package, those of production first.
pub(super) fn settings_beside(app: &Path, module: &str) -> Vec<String> {
    let Some((package, _)) = module.rsplit_once('.') else {
        return Vec::new();
    };
    let entries = fs::read_dir(app.join(package.replace('.', "/")));
    let names = entries.into_iter().flatten().filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        let name = name.strip_suffix(".py")?;
        let is_settings = !name.starts_with("__") && !NO_SETTINGS.contains(&name);
        is_settings.then(|| format!("{package}.{name}"))
    });
    let mut beside: Vec<String> = names.filter(|beside| beside != module).collect();
    beside.sort_by_key(|name| (!name.contains("prod"), name.clone()));
    beside
}

/// Whether a command of the Procfile names `config.wsgi` for `…/config/wsgi.py`.
fn is_named_by(procfile: &str, file: &Path) -> bool {
    let dir = file.parent().and_then(Path::file_name).unwrap_or_default();
    let stem = file.file_stem().unwrap_or_default();
    let module = format!("{}.{}", dir.to_string_lossy(), stem.to_string_lossy());
    procfile.contains(&module)
}

/// Finds the module in `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")`.
fn default_settings(file: &Path) -> io::Result<Option<String>> {
    let text = fs::read(file)?;
    let text = String::from_utf8_lossy(&text);
    let lines = text.lines().map(str::trim_start);
    let code: Vec<&str> = lines.filter(|line| !line.starts_with('#')).collect();
    let code = code.join("\n");
    let module = code.split_once(DJANGO_SETTINGS_MODULE.name);
    let module = module.and_then(|(_, rest)| {
        let comma = rest.find(',').filter(|comma| *comma < 4)?;
        let (_, quoted) = rest[comma..].split_once(['"', '\''])?;
        Some(quoted.split_once(['"', '\''])?.0)
    });
    let is_allowed = |letter: char| letter.is_alphanumeric() || "_.".contains(letter);
    let module = module.filter(|module| !module.is_empty() && module.chars().all(is_allowed));
    Ok(module.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::folder_with as app;

    #[test]
    fn settings_of_the_server_are_found() {
        let files = [
            (
                "manage.py",
                "setdefault('DJANGO_SETTINGS_MODULE', 'config.settings.local')",
            ),
            (
                "config/wsgi.py",
                "# DJANGO_SETTINGS_MODULE, \"x\"\nsetdefault(\n    \"DJANGO_SETTINGS_MODULE\", \"config.settings.production\")",
            ),
            (
                "config/asgi.py",
                "setdefault('DJANGO_SETTINGS_MODULE', 'config.settings.local')",
            ),
        ];
        let app = app(&files);
        let server = server_settings(app.path(), Path::new("manage.py"))
            .unwrap()
            .unwrap();
        assert_eq!(server.module, "config.settings.production");
        assert_eq!(server.file, Path::new("config/wsgi.py"));
        assert_eq!(server.manage_py, "config.settings.local");
    }

    #[test]
    fn settings_beside_begin_with_production() {
        let app = app(&[
            ("config/settings/__init__.py", ""),
            ("config/settings/base.py", ""),
            ("config/settings/local.py", ""),
            ("config/settings/production.py", ""),
        ]);
        assert_eq!(
            settings_beside(app.path(), "config.settings.local"),
            ["config.settings.production", "config.settings.base"]
        );
        assert_eq!(settings_beside(app.path(), "settings"), [""; 0]);
    }

    #[test]
    fn procfile_decides_between_servers_that_disagree() {
        let setdefault = |module: &str| format!("setdefault('DJANGO_SETTINGS_MODULE', '{module}')");
        let (own, one, two) = (setdefault("a"), setdefault("b"), setdefault("c"));
        let files = [
            ("manage.py", own.as_str()),
            ("one/wsgi.py", one.as_str()),
            ("two/wsgi.py", two.as_str()),
        ];
        let app = app(&files);
        let manage_py = Path::new("manage.py");
        assert_eq!(server_settings(app.path(), manage_py).unwrap(), None);

        fs::write(
            app.path().join("Procfile"),
            "web: gunicorn two.wsgi:application",
        )
        .unwrap();
        let server = server_settings(app.path(), manage_py).unwrap().unwrap();
        assert_eq!(server.module, "c");
    }
}
