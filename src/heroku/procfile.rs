//! The app's own `Procfile` and `app.json`.

use crate::fs::read_file;
use fs_err as fs;
use std::path::Path;

/// The command of a process type.
pub(super) fn process(app: &Path, name: &str) -> Option<String> {
    let procfile = read_file(&app.join("Procfile")).ok()?;
    let procfile = String::from_utf8_lossy(&procfile);
    let mut processes = procfile.lines().filter_map(|line| line.split_once(':'));
    let (_, command) = processes.find(|(found, _)| found.trim() == name)?;
    Some(command.trim().to_owned())
}

/// Whether the release phase, or a script of `app.json`, runs the deferred upload.
pub(super) fn calls_publisher(app: &Path) -> bool {
    let app_json = fs::read_to_string(app.join("app.json")).unwrap_or_default();
    let release = process(app, "release").unwrap_or_default();
    [release, app_json]
        .iter()
        .any(|text| text.contains("publish --prepared"))
}
