//! Finds a Django project in the files of an app, before its dependencies are installed.

use super::dependency::find_dependency;
use crate::config::{DjangoSettings, FrameworkName, env_vars};
use crate::framework::DetectError;
use crate::framework::app_files::files_named;
use fs_err as fs;
use std::path::{Path, PathBuf};

/// How deep files are looked for: as deep as `find . -maxdepth 3` of Heroku's classic buildpack.
pub(super) const DEPTH: usize = 2;

/// How the app's commands are started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DjangoEntry {
    /// A path relative to the app.
    ManagePy(PathBuf),
    /// `python -m django`, with the settings that the environment names.
    Module,
}

#[derive(Debug)]
pub(crate) struct Django {
    pub(super) entry: DjangoEntry,
    /// What shows that the app is a Django project.
    pub(crate) evidence: String,
}

impl Django {
    pub(crate) fn detect(
        app: &Path,
        settings: &DjangoSettings,
    ) -> Result<Option<Self>, DetectError> {
        let found = |entry, evidence| Ok(Some(Self { entry, evidence }));
        if let Some(given) = &settings.manage_py {
            let path = given.value.clone();
            let setting = env_vars::MANAGE_PY.name;
            if !app.join(&path).is_file() {
                return Err(DetectError::Missing { setting, path });
            }
            let evidence = format!("{} ({setting})", path.display());
            return found(DjangoEntry::ManagePy(path), evidence);
        }
        if let Some(path) = find_manage_py(app)? {
            let evidence = path.display().to_string();
            return found(DjangoEntry::ManagePy(path), evidence);
        }
        let module = settings.settings_module.as_ref().map(|given| &given.value);
        let file = find_dependency(app)?.map(|file| file.display().to_string());
        let evidence = match (module, file) {
            (Some(module), Some(file)) => format!("Django in {file}, {module}"),
            (Some(module), None) => module.clone(),
            (None, Some(_)) if settings.collect_command.is_some() => {
                env_vars::COLLECT_COMMAND.name.to_owned()
            }
            (None, Some(evidence)) => return Err(DetectError::NoEntry { evidence }),
            (None, None) => return Ok(None),
        };
        found(DjangoEntry::Module, evidence)
    }
}

/// Finds the shallowest `manage.py` that names Django: other frameworks have files of that name.
fn find_manage_py(app: &Path) -> Result<Option<PathBuf>, DetectError> {
    let mut paths = Vec::new();
    for path in files_named(app, "manage.py", DEPTH)? {
        let text = String::from_utf8_lossy(&fs::read(&path)?).to_lowercase();
        if text.contains("django") {
            paths.push(path.strip_prefix(app).unwrap_or(&path).to_owned());
        }
    }
    let depth = |path: &PathBuf| path.components().count();
    let shallowest = paths.first().map(depth);
    paths.retain(|path| Some(depth(path)) == shallowest);
    // A link and the file that it names are one.
    paths.dedup_by_key(|path| fs::canonicalize(app.join(path)).ok());
    if paths.len() > 1 {
        return Err(DetectError::Tie {
            framework: FrameworkName::Django,
            setting: env_vars::MANAGE_PY.name,
            paths,
        });
    }
    Ok(paths.pop())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Origin, Setting};
    use crate::fs::folder_with as app;

    const MANAGE_PY: &str = r#"os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")"#;

    fn found(files: &[(&str, &str)]) -> Option<Django> {
        Django::detect(app(files).path(), &DjangoSettings::default()).unwrap()
    }

    #[test]
    fn shallowest_manage_py_of_django_decides() {
        let evidence = found(&[
            ("manage.py", "from flask_script import Manager"),
            ("src/backend/manage.py", MANAGE_PY),
            ("node_modules/x/manage.py", MANAGE_PY),
            ("tests/manage.py", MANAGE_PY),
        ])
        .unwrap();
        assert_eq!(evidence.evidence, "src/backend/manage.py");
    }

    #[test]
    fn link_to_manage_py_counts_once() {
        let app = app(&[("site/manage.py", MANAGE_PY)]);
        std::os::unix::fs::symlink("site/manage.py", app.path().join("manage.py")).unwrap();
        let evidence = Django::detect(app.path(), &DjangoSettings::default())
            .unwrap()
            .unwrap();
        assert_eq!(evidence.entry, DjangoEntry::ManagePy("manage.py".into()));
    }

    #[test]
    fn two_manage_py_of_one_depth_tie() {
        let app = app(&[("one/manage.py", MANAGE_PY), ("two/manage.py", MANAGE_PY)]);
        let error = Django::detect(app.path(), &DjangoSettings::default()).unwrap_err();
        assert!(matches!(error, DetectError::Tie { paths, .. } if paths.len() == 2));

        let settings = DjangoSettings {
            manage_py: Some(Setting {
                value: "two/manage.py".into(),
                origin: Origin::Environment,
            }),
            ..DjangoSettings::default()
        };
        let evidence = Django::detect(app.path(), &settings).unwrap().unwrap();
        assert_eq!(
            evidence.entry,
            DjangoEntry::ManagePy("two/manage.py".into())
        );
    }

    #[test]
    fn settings_module_decides_without_manage_py() {
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
        let evidence = Django::detect(app.path(), &settings).unwrap().unwrap();
        assert_eq!(evidence.entry, DjangoEntry::Module);
        assert_eq!(evidence.evidence, "Django in pyproject.toml, site.settings");
        assert!(matches!(
            Django::detect(app.path(), &DjangoSettings::default()),
            Err(DetectError::NoEntry { evidence }) if evidence == "pyproject.toml"
        ));
    }
}
