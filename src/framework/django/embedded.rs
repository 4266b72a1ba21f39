//! The Python files that this program carries.

use fs_err as fs;
use std::io;
use std::path::Path;

/// The name and text of each file.
type EmbeddedFiles = [(&'static str, &'static str)];

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("python/", $name)))),*]
    };
}

const RUNNER: &EmbeddedFiles = embedded![
    "runner.py",
    "static_assets_runner/__init__.py",
    "static_assets_runner/command.py",
    "static_assets_runner/compressor.py",
    "static_assets_runner/environment.py",
    "static_assets_runner/failure.py",
    "static_assets_runner/finders.py",
    "static_assets_runner/launch_hook.py",
    "static_assets_runner/link_check.py",
    "static_assets_runner/paths.py",
    "static_assets_runner/run.py",
    "static_assets_runner/settings.py",
    "static_assets_runner/storage.py",
];
const ATTACH: &EmbeddedFiles = &[("sitecustomize.py", include_str!("python/attach.py"))];
const MODULE: &EmbeddedFiles = &[("static_assets_hook.py", include_str!("python/hook.py"))];

/// `opentelemetry-instrument` puts its own `sitecustomize` before ours and loads no other, but it calls this
/// entry point: <https://packaging.python.org/specifications/entry-points/>.
const LOADERS: &EmbeddedFiles = &[
    ("sitecustomize.py", include_str!("python/sitecustomize.py")),
    (
        "static_assets_inject-1.0.dist-info/METADATA",
        "Metadata-Version: 2.1\nName: static-assets-inject\nVersion: 1.0\n",
    ),
    (
        "static_assets_inject-1.0.dist-info/entry_points.txt",
        "[opentelemetry_pre_instrument]\nstatic_assets = static_assets_hook:install\n",
    ),
];

pub(super) fn write_runner(dir: &Path) -> io::Result<()> {
    write_files(dir, MODULE)?;
    write_files(dir, RUNNER)
}

/// Makes every Python that finds `dir` on its path attach the runner in it.
pub(super) fn write_attachment(dir: &Path) -> io::Result<()> {
    write_files(dir, ATTACH)
}

pub(super) fn write_hook(dir: &Path) -> io::Result<()> {
    write_files(dir, MODULE)?;
    write_files(dir, LOADERS)
}

fn write_files(dir: &Path, files: &EmbeddedFiles) -> io::Result<()> {
    for (name, text) in files {
        let path = dir.join(name);
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
        let [(_, hook)] = MODULE else { panic!() };
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
