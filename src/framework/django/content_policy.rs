//! The Content-Security-Policies of a Django app: that of its settings, and those that its own code and templates write out.

use super::report::{CollectReport, PolicySetting};
use crate::context::BuildContext;
use crate::framework::app_files::is_foreign;
use crate::framework::content_policy::{BlockingPolicy, ContentPolicy, Directive, NonceTags};
use crate::framework::source_text::{SourceLocation, has_extension, read_text};
use crate::framework::written_policies::{find_header, find_policies};
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// The extensions of files that may hold a policy.
const WRITTEN_IN: [&str; 5] = ["py", "html", "htm", "jinja", "jinja2"];

/// What is known of the policies that an app writes out by itself.
pub(super) struct PolicyFindings {
    pub(super) blocking: Vec<BlockingPolicy>,
    /// Headers whose policy could not be read.
    pub(super) unread: Vec<SourceLocation>,
}

/// Judges the policies of an app for these files from `origin`.
pub(super) fn judge_policies(
    report: &CollectReport,
    origin: &str,
    files: &[PathBuf],
    ctx: &BuildContext<'_>,
) -> PolicyFindings {
    let of_settings = report.content_policy.as_ref().map(policy_of);
    let mut policies: Vec<ContentPolicy> = of_settings.into_iter().collect();
    let (mut unread, mut nonces) = (Vec::new(), NonceTags::default());
    for entry in WalkDir::new(&ctx.app_dir)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(is_own)
    {
        // What can't be read is not what the app runs.
        let Ok(entry) = entry else { continue };
        let path = entry.path();
        let shown = ctx.relative(path);
        let is_read = report.content_policy.is_some() && is_of_settings(shown);
        if !entry.file_type().is_file() || !has_extension(path, &WRITTEN_IN) || is_read {
            continue;
        }
        let Ok(text) = read_text(path) else { continue };
        nonces = nonces.and_of(&text);
        if let Some(header) = find_header(shown, &text) {
            let found = find_policies(shown, &text);
            if found.is_empty() {
                unread.push(header);
            }
            policies.extend(found);
        }
    }
    let blocking = policies.iter();
    let blocking = blocking.filter_map(|policy| policy.blocks(origin, files, nonces));
    PolicyFindings {
        blocking: blocking.collect(),
        unread,
    }
}

fn policy_of(policy: &PolicySetting) -> ContentPolicy {
    let directives = policy.directives.iter().map(|(name, sources)| Directive {
        place: policy.setting.clone(),
        name: name.clone(),
        sources: sources.clone(),
    });
    ContentPolicy {
        directives: directives.collect(),
    }
}

/// Whether a file of the app is a module of settings, whose policy Django has said.
fn is_of_settings(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut folders = path.parent().into_iter().flat_map(Path::iter);
    has_extension(path, &["py"])
        && (name.contains("settings") || folders.any(|it| it == "settings"))
}

/// Whether the app runs it: not its tests and documentation.
fn is_own(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let is_foreign = if entry.file_type().is_dir() {
        is_foreign(&name) || name == "docs"
    } else {
        is_test(&name)
    };
    entry.depth() == 0 || !is_foreign
}

/// Whether a Python file is one of tests, by the names that test runners look for.
fn is_test(name: &str) -> bool {
    let Some(module) = name.strip_suffix(".py") else {
        return false;
    };
    matches!(module, "tests" | "conftest")
        || module.starts_with("test_")
        || module.ends_with("_test")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_named_as_runners_look_for_them() {
        for name in ["tests.py", "test_csp.py", "csp_test.py", "conftest.py"] {
            assert!(is_test(name), "{name}");
        }
        for name in ["testimonials.py", "test_page.html", "contest.py"] {
            assert!(!is_test(name), "{name}");
        }
    }

    #[test]
    fn settings_are_modules() {
        for path in [
            "web/settings.py",
            "web/settings/prod.py",
            "web/_build_settings.py",
        ] {
            assert!(is_of_settings(Path::new(path)), "{path}");
        }
        for path in [
            "templates/settings/base.html",
            "user_settings/views.py",
            "web/csp.py",
        ] {
            assert!(!is_of_settings(Path::new(path)), "{path}");
        }
    }
}
