//! Finds processes that the hook can't reach.

use crate::context::HookPlace;
use fs_err as fs;
use std::path::Path;

/// Lists the lines of the Procfile that start Python without loading the hook: `python -E`, `-I` and `-S` ignore
/// `PYTHONPATH` or `sitecustomize`, and `-S` also ignores `.pth` files.
pub(super) fn processes_without_hook(app: &Path, place: &HookPlace) -> Vec<String> {
    let flags = match place {
        HookPlace::PythonPath => &['E', 'I', 'S'][..],
        HookPlace::SitePackages { .. } => &['S'],
    };
    let procfile = fs::read_to_string(app.join("Procfile")).unwrap_or_default();
    let lines = procfile.lines().filter(|line| has_flag(line, flags));
    lines.map(str::to_owned).collect()
}

fn has_flag(line: &str, flags: &[char]) -> bool {
    let mut words = line.split_whitespace();
    let is_python = |word: &str| {
        let name = word.rsplit('/').next();
        name.is_some_and(|name| name.starts_with("python"))
    };
    words.any(is_python)
        && words
            .take_while(|word| word.starts_with('-') && !word.starts_with("--"))
            .any(|word| word.contains(flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_keep_python_from_the_hook() {
        for (line, by_path, by_packages) in [
            ("web: python -I -m gunicorn shop.wsgi", true, false),
            ("web: /layers/x/bin/python3.12 -uE manage.py x", true, false),
            ("web: python -S manage.py x", true, true),
            ("web: gunicorn shop.wsgi -S", false, false),
            ("web: python manage.py migrate -E", false, false),
            ("web: python -u manage.py x", false, false),
        ] {
            assert_eq!(has_flag(line, &['E', 'I', 'S']), by_path, "{line}");
            assert_eq!(has_flag(line, &['S']), by_packages, "{line}");
        }
    }
}
