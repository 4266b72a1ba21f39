//! The Python files that this program carries.

use fs_err as fs;
use std::io;
use std::path::Path;

/// Lists the path and text of each file.
macro_rules! embedded {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("python/", $path)))),*]
    };
}

pub(super) const RUNNER: &[(&str, &str)] = embedded![
    "runner.py",
    "static_assets_hook.py",
    "static_assets_runner/__init__.py",
    "static_assets_runner/backend.py",
    "static_assets_runner/command.py",
    "static_assets_runner/compressor.py",
    "static_assets_runner/content_policy.py",
    "static_assets_runner/environment.py",
    "static_assets_runner/failure.py",
    "static_assets_runner/finders.py",
    "static_assets_runner/launch_hook.py",
    "static_assets_runner/link_check.py",
    "static_assets_runner/paths.py",
    "static_assets_runner/references.py",
    "static_assets_runner/run.py",
    "static_assets_runner/settings.py",
    "static_assets_runner/storage.py",
    "static_assets_runner/stylesheets.py",
    "static_assets_runner/webpack.py",
];

/// Attaches the runner beside it to a process that finds its directory on `PYTHONPATH`.
pub(super) const ATTACHMENT: &[(&str, &str)] =
    &[("sitecustomize.py", include_str!("python/attach.py"))];

/// `opentelemetry-instrument` puts its own `sitecustomize` before ours and loads no other, but it calls the entry point
/// of this distribution: <https://packaging.python.org/specifications/entry-points/>.
pub(super) const HOOK: &[(&str, &str)] = embedded![
    "sitecustomize.py",
    "static_assets_hook.py",
    "static_assets_inject-1.0.dist-info/METADATA",
    "static_assets_inject-1.0.dist-info/entry_points.txt",
];

pub(super) fn write_files(files: &[(&str, &str)], dir: &Path) -> io::Result<()> {
    for (path, text) in files {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap_or(dir))?;
        fs::write(path, text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hook_has_the_lines_that_the_runner_replaces() {
        let (_, hook) = HOOK[1];
        assert_eq!(hook.matches("BAKED = {}").count(), 1);
        assert_eq!(hook.matches("PIN = None").count(), 1);
    }

    #[test]
    fn every_module_of_the_runner_is_embedded() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("src/framework/django/python/static_assets_runner");
        for entry in fs::read_dir(package).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let is_embedded = RUNNER.iter().any(|(path, _)| path.ends_with(&name));
            assert!(is_embedded || name == "__pycache__", "{name}");
        }
    }
}
