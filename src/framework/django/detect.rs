//! What in a folder says that it is a Django project, before any of its dependencies is installed.

use crate::config::{DjangoSettings, FrameworkName, env_vars};
use crate::framework::DetectError;
use crate::framework::app_files::files_named;
use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

/// As deep as `find . -maxdepth 3` of Heroku's classic buildpack looks.
const DEPTH: usize = 2;

/// How the app's commands are started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Below the app's folder.
    ManagePy(PathBuf),
    /// `python -m django`, with the settings that the environment names.
    Module,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) entry: Entry,
    pub(crate) because: String,
}

pub(crate) fn find(app: &Path, settings: &DjangoSettings) -> Result<Option<Evidence>, DetectError> {
    if let Some(given) = &settings.manage_py {
        if !app.join(&given.value).is_file() {
            return Err(DetectError::Missing {
                setting: env_vars::MANAGE_PY.name,
                path: given.value.clone(),
            });
        }
        return Ok(Some(Evidence {
            entry: Entry::ManagePy(given.value.clone()),
            because: format!("{} ({})", given.value.display(), env_vars::MANAGE_PY.name),
        }));
    }
    if let Some(manage_py) = manage_py(app)? {
        return Ok(Some(Evidence {
            because: manage_py.display().to_string(),
            entry: Entry::ManagePy(manage_py),
        }));
    }
    let dependency = dependency(app)?;
    match (&settings.settings_module, dependency) {
        (Some(module), dependency) => Ok(Some(Evidence {
            entry: Entry::Module,
            because: match dependency {
                Some(file) => format!("Django in {}, {}", file.display(), module.value),
                None => module.value.clone(),
            },
        })),
        (None, Some(_)) if settings.collect_command.is_some() => Ok(Some(Evidence {
            entry: Entry::Module,
            because: env_vars::COLLECT_COMMAND.name.to_owned(),
        })),
        (None, Some(file)) => Err(DetectError::NoEntry {
            evidence: file.display().to_string(),
        }),
        (None, None) => Ok(None),
    }
}

/// The shallowest `manage.py` that is Django's: other frameworks have files of that name.
fn manage_py(app: &Path) -> Result<Option<PathBuf>, DetectError> {
    let mut candidates = Vec::new();
    for path in files_named(app, "manage.py", DEPTH)? {
        let text = String::from_utf8_lossy(&fs::read(&path)?).to_lowercase();
        if text.contains("django") {
            candidates.push(path.strip_prefix(app).unwrap_or(&path).to_owned());
        }
    }
    let depth = |path: &PathBuf| path.components().count();
    let Some(shallowest) = candidates.first().map(depth) else {
        return Ok(None);
    };
    candidates.retain(|path| depth(path) == shallowest);
    // A link and the file it names are one.
    candidates.dedup_by_key(|path| fs::canonicalize(app.join(path)).ok());
    match candidates.as_slice() {
        [only] => Ok(Some(only.clone())),
        _ => Err(DetectError::Tie {
            framework: FrameworkName::Django,
            setting: env_vars::MANAGE_PY.name,
            paths: candidates,
        }),
    }
}

const DEPENDENCY_FILES: [&str; 7] = [
    "pyproject.toml",
    "uv.lock",
    "poetry.lock",
    "Pipfile",
    "Pipfile.lock",
    "setup.cfg",
    "setup.py",
];

/// The file that names Django as a dependency.
fn dependency(app: &Path) -> io::Result<Option<PathBuf>> {
    let mut files: Vec<PathBuf> = requirement_files(app)?;
    files.extend(requirement_files(&app.join("requirements"))?);
    files.extend(DEPENDENCY_FILES.iter().map(|name| app.join(name)));
    for file in files {
        match fs::read(&file) {
            Ok(content) if names_django(&file, &String::from_utf8_lossy(&content)) => {
                return Ok(Some(file.strip_prefix(app).unwrap_or(&file).to_owned()));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(None)
}

/// `requirements*.txt` in the app's folder, and every `*.txt` of a `requirements` folder.
fn requirement_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let is_folder_of_requirements = folder
        .file_name()
        .is_some_and(|name| name == "requirements");
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".txt")
            && (is_folder_of_requirements || name.starts_with("requirements"))
            && path.is_file()
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a line names the distribution `django`: a requirement (`Django>=5.2`), a TOML string or
/// key (`"django~=5.2",`, `django = "*"`), or a lock file's entry (`name = "django"`). Lock files name
/// it in the extras of other packages as well.
fn names_django(file: &Path, text: &str) -> bool {
    let is_lock = file
        .extension()
        .is_some_and(|extension| extension == "lock")
        && file.file_stem().is_some_and(|stem| stem != "Pipfile");
    text.lines()
        .map(|line| line.trim().to_ascii_lowercase())
        .filter(|line| !line.starts_with('#'))
        .any(|line| {
            if is_lock {
                return line == "name = \"django\"";
            }
            line.split(['"', '\''])
                .chain([line.as_str()])
                .any(is_requirement_of_django)
        })
}

fn is_requirement_of_django(text: &str) -> bool {
    let rest = text.trim().strip_prefix("django");
    rest.is_some_and(|rest| {
        !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || "-_.:/".contains(next))
    })
}

/// The settings that the app's server loads by default, and `manage.py`'s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerSettings {
    pub(crate) module: String,
    /// `config/wsgi.py`
    pub(crate) file: PathBuf,
    pub(crate) manage_py: String,
}

pub(crate) fn server_settings(app: &Path, manage_py: &Path) -> io::Result<Option<ServerSettings>> {
    let Some(own) = default_settings(&app.join(manage_py))? else {
        return Ok(None);
    };
    let procfile = fs::read_to_string(app.join("Procfile")).unwrap_or_default();
    let mut servers = files_named(app, "wsgi.py", DEPTH)?;
    if servers.is_empty() {
        servers = files_named(app, "asgi.py", DEPTH)?;
    }
    let named: Vec<PathBuf> = servers
        .iter()
        .filter(|file| is_named_by(&procfile, file))
        .cloned()
        .collect();
    let mut found: Vec<ServerSettings> = Vec::new();
    for file in if named.is_empty() { servers } else { named } {
        if let Some(module) = default_settings(&file)? {
            found.push(ServerSettings {
                module,
                file: file.strip_prefix(app).unwrap_or(&file).to_owned(),
                manage_py: own.clone(),
            });
        }
    }
    found.dedup_by(|one, other| one.module == other.module);
    Ok(match found.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    })
}

/// The settings modules in the same package, those of production first.
pub(crate) fn settings_beside(app: &Path, module: &str) -> Vec<String> {
    let Some((package, _)) = module.rsplit_once('.') else {
        return Vec::new();
    };
    let folder = app.join(package.replace('.', "/"));
    let mut beside: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let name = name.strip_suffix(".py")?;
            let is_settings = !name.starts_with("__") && !NO_SETTINGS.contains(&name);
            is_settings.then(|| format!("{package}.{name}"))
        })
        .filter(|beside| beside != module)
        .collect();
    beside.sort_by_key(|name| (!name.contains("prod"), name.clone()));
    beside
}

/// Modules of a project that are in one folder with its settings.
const NO_SETTINGS: [&str; 5] = ["urls", "wsgi", "asgi", "celery", "manage"];

/// Whether a command of the Procfile names `config.wsgi` for `…/config/wsgi.py`.
fn is_named_by(procfile: &str, file: &Path) -> bool {
    let folder = file.parent().and_then(Path::file_name).unwrap_or_default();
    let stem = file.file_stem().unwrap_or_default();
    let module = format!("{}.{}", folder.to_string_lossy(), stem.to_string_lossy());
    procfile.contains(&module)
}

/// The module in `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")`.
fn default_settings(file: &Path) -> io::Result<Option<String>> {
    let text = String::from_utf8_lossy(&fs::read(file)?).into_owned();
    let module = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n")
        .split_once(env_vars::DJANGO_SETTINGS_MODULE.name)
        .and_then(|(_, rest)| {
            let rest = &rest[rest.find(',').filter(|comma| *comma < 4)?..];
            let start = rest.find(['"', '\''])? + 1;
            let end = rest[start..].find(['"', '\''])?;
            Some(rest[start..start + end].to_owned())
        });
    Ok(module.filter(|module| {
        !module.is_empty()
            && module
                .chars()
                .all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '.')
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Origin, Setting};
    use crate::fs::folder_with as app;

    const MANAGE_PY: &str = r#"os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")"#;

    fn found(files: &[(&str, &str)]) -> Option<Evidence> {
        find(app(files).path(), &DjangoSettings::default()).unwrap()
    }

    #[test]
    fn the_shallowest_manage_py_of_django_decides() {
        let evidence = found(&[
            ("manage.py", "from flask_script import Manager"),
            ("src/backend/manage.py", MANAGE_PY),
            ("node_modules/x/manage.py", MANAGE_PY),
            ("tests/manage.py", MANAGE_PY),
        ])
        .unwrap();
        assert_eq!(evidence.because, "src/backend/manage.py");
    }

    #[test]
    fn a_link_to_manage_py_counts_once() {
        let app = app(&[("site/manage.py", MANAGE_PY)]);
        std::os::unix::fs::symlink("site/manage.py", app.path().join("manage.py")).unwrap();
        let evidence = find(app.path(), &DjangoSettings::default())
            .unwrap()
            .unwrap();
        assert_eq!(evidence.entry, Entry::ManagePy("manage.py".into()));
    }

    #[test]
    fn several_of_one_depth_are_a_tie() {
        let app = app(&[("one/manage.py", MANAGE_PY), ("two/manage.py", MANAGE_PY)]);
        let error = find(app.path(), &DjangoSettings::default()).unwrap_err();
        assert!(matches!(error, DetectError::Tie { paths, .. } if paths.len() == 2));

        let settings = DjangoSettings {
            manage_py: Some(Setting {
                value: "two/manage.py".into(),
                origin: Origin::Environment,
            }),
            ..DjangoSettings::default()
        };
        let evidence = find(app.path(), &settings).unwrap().unwrap();
        assert_eq!(evidence.entry, Entry::ManagePy("two/manage.py".into()));
    }

    #[test]
    fn without_manage_py_the_settings_module_decides() {
        let app = app(&[(
            "pyproject.toml",
            "[dependency-groups]\nweb = [\n  \"django~=5.2\",\n]",
        )]);
        let settings = DjangoSettings {
            settings_module: Some(Setting {
                value: "site.settings".to_owned(),
                origin: Origin::Platform,
            }),
            ..DjangoSettings::default()
        };
        let evidence = find(app.path(), &settings).unwrap().unwrap();
        assert_eq!(evidence.entry, Entry::Module);
        assert_eq!(evidence.because, "Django in pyproject.toml, site.settings");
        assert!(matches!(
            find(app.path(), &DjangoSettings::default()),
            Err(DetectError::NoEntry { evidence }) if evidence == "pyproject.toml"
        ));
    }

    #[test]
    fn dependency_files_that_name_django() {
        for (file, line) in [
            ("requirements.txt", "Django==5.2.4"),
            (
                "requirements-prod.txt",
                "django[argon2]>=4.2 ; python_version>'3'",
            ),
            ("requirements/base.txt", "  Django"),
            ("pyproject.toml", "dependencies = [\"Django~=5.2\"]"),
            ("pyproject.toml", "django = \"^5.2\""),
            ("uv.lock", "name = \"django\""),
            ("poetry.lock", "name = \"django\""),
            ("Pipfile", "django = {version = \"*\"}"),
            ("Pipfile.lock", "        \"django\": {"),
            ("setup.cfg", "    Django >= 4.2"),
        ] {
            let app = app(&[(file, line)]);
            let found = dependency(app.path()).unwrap();
            assert_eq!(found, Some(PathBuf::from(file)), "{line}");
        }
    }

    #[test]
    fn dependency_files_that_do_not() {
        for (file, line) in [
            ("requirements.txt", "django-storages==1.14"),
            ("requirements.txt", "# Django==5.2"),
            ("requirements.txt", "djangorestframework"),
            ("pyproject.toml", "classifiers = [\"Framework :: Django\"]"),
            ("pyproject.toml", "known = [\"django.contrib\"]"),
            (
                "poetry.lock",
                "[package.extras]\ndjango = [\"django (>=1.8)\"]",
            ),
            ("notes.txt", "Django"),
        ] {
            let app = app(&[(file, line)]);
            assert_eq!(dependency(app.path()).unwrap(), None, "{line}");
        }
    }

    #[test]
    fn settings_of_the_server_win_over_manage_pys() {
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
    fn settings_beside_are_those_of_production_first() {
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
    fn servers_that_disagree_decide_nothing_unless_the_procfile_names_one() {
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
