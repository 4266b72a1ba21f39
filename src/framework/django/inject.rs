//! The hook for apps that don't follow by themselves.

use super::DjangoError;
use super::steps::{PYTHON, Runner, write_hook};
use crate::command::{Command, Finished};
use crate::config::names::STATIC_URL;
use crate::framework::{InjectedFile, Injection, LaunchVar};
use crate::interrupt::Interrupt;
use crate::output::Log;
use crate::walk::files_below;
use fs_err as fs;
use std::path::{Path, PathBuf};

/// What the runner left for the launch: the hook, and what Python compiles it to.
pub(super) fn injection(hook: &Path) -> Result<Injection, DjangoError> {
    let mut files = Vec::new();
    for path in files_below(hook)? {
        files.push(InjectedFile {
            content: fs::read(hook.join(&path))?,
            path: Path::new(PYTHON).join(path),
        });
    }
    Ok(Injection {
        vars: vec![LaunchVar::PrependFolder {
            name: "PYTHONPATH",
            folder: PathBuf::from(PYTHON),
        }],
        files,
        edits: Vec::new(),
    })
}

/// Starts the app's Python as it will be started and looks whether the hook was loaded. Needs nothing
/// of the compile, so it runs beside it.
pub(super) fn try_reach(
    runner: &Runner<'_>,
    interrupt: &Interrupt,
) -> Result<Finished, DjangoError> {
    let folder = runner.scratch().join("reach");
    write_hook(&folder)?;
    let env = runner
        .env
        .clone()
        .with(STATIC_URL, "/")
        .with_first("PYTHONPATH", folder.as_os_str());
    Ok(Command::new(&runner.python, runner.folder(), &env)
        .argument("-c")
        .argument("import sys; sys.exit('static_assets_hook' not in sys.modules)")
        .run(interrupt)?)
}

/// `python -E`, `-I` and `-S` ignore `PYTHONPATH` or `sitecustomize`.
pub(super) fn warn_of_unreachable_processes(app: &Path, log: &mut Log) {
    let procfile = fs::read_to_string(app.join("Procfile")).unwrap_or_default();
    for line in procfile.lines().filter(|line| is_unreachable(line)) {
        log.warning(&format!(
            "this process starts Python so that STATIC_URL can't be set from outside:\n{line}"
        ));
    }
}

fn is_unreachable(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_python = |word: &str| {
        let name = word.rsplit('/').next().unwrap_or_default();
        name.starts_with("python")
    };
    words.any(is_python)
        && words
            .take_while(|word| word.starts_with('-') && !word.starts_with("--"))
            .any(|flags| flags.contains(['E', 'I', 'S']))
}

#[cfg(test)]
mod tests {
    use super::super::steps::HOOK;
    use super::*;

    #[test]
    fn processes_that_the_hook_cannot_reach() {
        for (line, unreachable) in [
            ("web: python -I -m gunicorn shop.wsgi", true),
            ("web: /layers/x/bin/python3.12 -uE manage.py x", true),
            ("web: gunicorn shop.wsgi -S", false),
            ("web: python manage.py migrate -E", false),
            ("web: python -u manage.py x", false),
        ] {
            assert_eq!(is_unreachable(line), unreachable, "{line}");
        }
    }

    #[test]
    fn the_hook_has_the_line_that_the_runner_bakes() {
        assert_eq!(HOOK.matches("BAKED = {}").count(), 1);
    }
}
