//! Finds apps in which django-compressor compresses while they run.

use super::error::{DjangoError, DjangoLinkProblem};
use super::report::{CollectReport, CompressorUse};
use crate::framework::NotFollowing;
use crate::framework::app_files::is_foreign;
use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

const TEMPLATE_EXTENSIONS: [&str; 6] = ["html", "htm", "djhtml", "jinja", "jinja2", "j2"];

/// Fails if pages would link to files that django-compressor writes while the app runs: they are in that
/// container, not in the store.
pub(super) fn check_compressor(report: &CollectReport, app: &Path) -> Result<(), DjangoError> {
    let (is_written, snippet): (&dyn Fn(&str) -> bool, _) = match report.compressor {
        Some(CompressorUse::RunTime) => (&uses_compress, "COMPRESS_OFFLINE = True"),
        Some(CompressorUse::Precompiles) => (
            &|template| precompiles(template, &report.precompiled_types),
            "COMPRESS_ENABLED = True\nCOMPRESS_OFFLINE = True",
        ),
        Some(CompressorUse::Never | CompressorUse::Build) | None => return Ok(()),
    };
    let Some(path) = find_template(app, is_written)? else {
        return Ok(());
    };
    let template = path.strip_prefix(app).unwrap_or(&path).to_owned();
    let why = DjangoLinkProblem::CompressesAtRunTime(template);
    let snippet = snippet.to_owned();
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

/// Whether a template compresses something of one of these types: `<link type="text/x-scss" …>`.
fn precompiles(template: &str, types: &[String]) -> bool {
    let names =
        |quote: char, kind: &String| template.contains(&format!("type={quote}{kind}{quote}"));
    uses_compress(template)
        && types
            .iter()
            .any(|kind| names('"', kind) || names('\'', kind))
}

/// Finds one of the app's own templates of which django-compressor writes a file.
fn find_template(dir: &Path, is_written: &dyn Fn(&str) -> bool) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir()
            && !is_foreign(&entry.file_name().to_string_lossy())
            && let Some(found) = find_template(&path, is_written)?
        {
            return Ok(Some(found));
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        if kind.is_file()
            && TEMPLATE_EXTENSIONS.contains(&&*extension)
            && is_written(&String::from_utf8_lossy(&fs::read(&path)?))
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
    fn templates_with_a_type_that_is_compiled() {
        let types = ["text/x-scss".to_owned()];
        for (template, is_compiled) in [
            (
                "{% compress css %}<link type=\"text/x-scss\" href=\"a\">",
                true,
            ),
            ("{% compress css %}<style type='text/x-scss'>", true),
            ("{% compress css %}<link href=\"a\">", false),
            ("<link type=\"text/x-scss\" href=\"a\">", false),
        ] {
            assert_eq!(precompiles(template, &types), is_compiled, "{template}");
        }
    }

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
