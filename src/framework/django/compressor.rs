//! Finds apps in which django-compressor compresses while they run.

use super::error::{DjangoError, DjangoLinkProblem};
use super::report::CollectReport;
use crate::framework::NotFollowing;
use crate::framework::app_files::is_foreign;
use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

const TEMPLATE_EXTENSIONS: [&str; 6] = ["html", "htm", "djhtml", "jinja", "jinja2", "j2"];

/// Fails if pages would link to files that django-compressor writes while the app runs: they are in that
/// container, not in the store.
pub(super) fn check_compressor(report: &CollectReport, app: &Path) -> Result<(), DjangoError> {
    if report.compressor.as_deref() != Some("run_time") {
        return Ok(());
    }
    let Some(path) = find_template(app)? else {
        return Ok(());
    };
    let template = path.strip_prefix(app).unwrap_or(&path).to_owned();
    let why = DjangoLinkProblem::CompressesAtRunTime(template);
    let snippet = "COMPRESS_OFFLINE = True".to_owned();
    Err(Box::new(NotFollowing { why, snippet }).into())
}

/// Whether a template holds `{% compress css %}`, with any spaces.
fn uses_compress(template: &str) -> bool {
    template.split("{%").skip(1).any(|tag| {
        tag.trim_start_matches(['-', '+', ' ', '\t', '\n'])
            .strip_prefix("compress")
            .is_some_and(|rest| rest.starts_with([' ', '\t', '\n']))
    })
}

/// Finds one of the app's own templates that compresses.
fn find_template(dir: &Path) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir()
            && !is_foreign(&entry.file_name().to_string_lossy())
            && let Some(found) = find_template(&path)?
        {
            return Ok(Some(found));
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        if kind.is_file()
            && TEMPLATE_EXTENSIONS.contains(&&*extension)
            && uses_compress(&String::from_utf8_lossy(&fs::read(&path)?))
        {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_with_the_compress_tag() {
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
}
