//! django-compressor: compresses while the app is built, or not at all.

use super::DjangoError;
use super::links::DjangoLinkProblem;
use super::report::Report;
use crate::framework::NotFollowing;
use crate::framework::app_files::is_foreign;
use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

/// What django-compressor writes at run time lands in the container, not in the store: pages would
/// link to nothing.
pub(super) fn refuse_at_run_time(report: &Report, app: &Path) -> Result<(), DjangoError> {
    if !report.compresses_at_run_time() {
        return Ok(());
    }
    match template_with(app, app, uses_compress)? {
        Some(template) => Err(DjangoError::NotFollowing(Box::new(NotFollowing {
            why: DjangoLinkProblem::CompressesAtRunTime { template },
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
