//! Finds the file that names Django as a dependency.

use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

const DEPENDENCY_FILES: [&str; 7] = [
    "pyproject.toml",
    "uv.lock",
    "poetry.lock",
    "Pipfile",
    "Pipfile.lock",
    "setup.cfg",
    "setup.py",
];

/// Finds the first file that names Django as a dependency. Its path is relative to the app.
pub(super) fn find_dependency(app: &Path) -> io::Result<Option<PathBuf>> {
    let mut files = text_files(app, "requirements")?;
    files.extend(text_files(&app.join("requirements"), "")?);
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

/// Lists the `.txt` files of a directory, which may be absent, whose names begin with `prefix`.
fn text_files(dir: &Path, prefix: &str) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?;
    files.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(prefix) && name.ends_with(".txt") && path.is_file()
    });
    files.sort();
    Ok(files)
}

/// Whether a line names the distribution `django`: a requirement (`Django>=5.2`), a TOML string or key
/// (`"django~=5.2",`, `django = "*"`), or the entry of a lock file (`name = "django"`). Other lines of a lock file
/// name it in the extras of other packages.
fn names_django(file: &Path, text: &str) -> bool {
    let is_lock = file.ends_with("uv.lock") || file.ends_with("poetry.lock");
    text.lines()
        .map(|line| line.trim().to_ascii_lowercase())
        .filter(|line| !line.starts_with('#'))
        .any(|line| {
            if is_lock {
                return line == "name = \"django\"";
            }
            let mut words = line.split(['"', '\'']).chain([line.as_str()]);
            words.any(is_requirement_of_django)
        })
}

fn is_requirement_of_django(text: &str) -> bool {
    let rest = text.trim().strip_prefix("django");
    let continues = |next: char| next.is_ascii_alphanumeric() || "-_.:/".contains(next);
    rest.is_some_and(|rest| !rest.starts_with(continues))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::folder_with as app;

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
            let found = find_dependency(app.path()).unwrap();
            assert_eq!(found, Some(PathBuf::from(file)), "{line}");
        }
    }

    #[test]
    fn dependency_files_that_do_not_name_django() {
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
            assert_eq!(find_dependency(app.path()).unwrap(), None, "{line}");
        }
    }
}
