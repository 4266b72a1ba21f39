//! The hook for apps that ignore `STATIC_URL`: where the image has it, and whether Python loads it from there.

use super::embedded::{HOOK, write_files};
use super::error::{DjangoError, DjangoLinkProblem};
use super::python::AppPython;
use crate::config::env_vars::STATIC_URL;
use crate::context::{BuildContext, HookPlace};
use crate::framework::Injection;
use crate::fs::{files_below, lies_in, remove_dir_if_exists, remove_file_if_exists};
use crate::launch::{InjectedFile, LaunchVar};
use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

/// The directory of the hook among the injected ones.
const PYTHON_DIR: &str = "python";
const MODULE: &str = "static_assets_hook";
const PTH: &str = "static_assets.pth";
const PROBE: &str = "static_assets_probe.pth";
const PROBE_LINE: &str = "import sys; sys.modules['static_assets_probe'] = sys\n";
const FILES: &str = "static_assets_files";

const PRINT_PURELIB: &str = "import os, sysconfig; \
     open(os.environ['STATIC_ASSETS_PURELIB'], 'w').write(sysconfig.get_path('purelib'))";
const IS_LOADED: &str = "import sys; \
     sys.exit({'static_assets_hook', 'static_assets_probe'}.isdisjoint(sys.modules))";

/// Where the hook is at launch.
#[derive(Debug)]
pub(super) struct HookDir {
    pub(super) path: PathBuf,
    /// What keeps the hook out of there.
    problem: Option<DjangoLinkProblem>,
}

/// The `.pth` of an app that reads the pinned variables by itself.
pub(super) const PIN: &str = "import static_assets_hook; static_assets_hook.load_pin()\n";
/// The `.pth` that sets them and changes the app's settings.
pub(super) const PIN_AND_LINK: &str =
    "import static_assets_hook; static_assets_hook.load_pin(); static_assets_hook.install()\n";

/// Returns the directory, relative to the hook's, of files that the app reads but the image has no `STATIC_ROOT` for.
pub(super) fn dir_beside_hook(ctx: &BuildContext<'_>) -> &'static str {
    match ctx.image.hook {
        HookPlace::PythonPath => "../static",
        HookPlace::SitePackages { .. } => FILES,
    }
}

/// Returns where the runner leaves the hook for the launch.
pub(super) fn hook_files(ctx: &BuildContext<'_>) -> PathBuf {
    ctx.scratch.join("inject")
}

impl HookDir {
    /// Finds the place that the front end gives the hook.
    pub(super) fn find(python: &AppPython<'_>) -> Result<Self, DjangoError> {
        let ctx = python.ctx;
        let HookPlace::SitePackages { within, .. } = &ctx.image.hook else {
            let (path, problem) = (ctx.image.injected.join(PYTHON_DIR), None);
            return Ok(Self { path, problem });
        };
        // Python writes the path into a file, because the app's own sitecustomize may print.
        let answer = ctx.scratch.join("purelib");
        let env = python.env.clone().with("STATIC_ASSETS_PURELIB", &answer);
        let finished = python.run_code(&env, PRINT_PURELIB)?;
        let packages = fs::read_to_string(&answer).map(PathBuf::from);
        let packages = packages.ok().filter(|_| finished.status.success());
        let problem = match &packages {
            Some(packages) => find_problem(packages, within.as_deref()),
            None => Some(DjangoLinkProblem::PackagesUnknown(finished.output)),
        };
        let path = packages.unwrap_or(answer);
        // The collect would load the hook of an earlier build.
        if problem.is_none() {
            for file in [PTH, PROBE, "static_assets_hook.py"] {
                remove_file_if_exists(&path.join(file))?;
            }
            remove_dir_if_exists(&path.join(FILES))?;
        }
        Ok(Self { path, problem })
    }

    /// Starts Python as the running app will start it and returns what keeps it from loading the hook. It needs
    /// nothing of the collect, so both run at the same time.
    pub(super) fn try_load(
        &self,
        python: &AppPython<'_>,
    ) -> Result<Option<DjangoLinkProblem>, DjangoError> {
        if let Some(problem) = &self.problem {
            return Ok(Some(problem.clone()));
        }
        let probe = self.path.join(PROBE);
        let mut env = python.env.clone();
        if loads_by_path(python.ctx) {
            let dir = python.ctx.scratch.join("reach");
            write_files(HOOK, &dir)?;
            env = env.with(STATIC_URL, "/");
            env = env.with_first("PYTHONPATH", dir.as_os_str());
        } else {
            fs::write(&probe, PROBE_LINE)?;
        }
        let finished = python.run_code(&env, IS_LOADED);
        remove_file_if_exists(&probe)?;
        let finished = Some(finished?).filter(|finished| !finished.status.success());
        Ok(finished.map(|finished| DjangoLinkProblem::Unreachable(finished.output)))
    }

    /// Returns the hook that the runner left, with its byte code, for its place in the image.
    pub(super) fn injection(&self, ctx: &BuildContext<'_>, line: &str) -> io::Result<Injection> {
        let files = hook_files(ctx);
        let by_path = loads_by_path(ctx);
        let mut injection = Injection::default();
        for path in files_below(&files)? {
            let content = fs::read(files.join(&path))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if by_path {
                let path = Path::new(PYTHON_DIR).join(path);
                injection.files.push(InjectedFile { path, content });
            } else if name.starts_with(MODULE) {
                let path = self.path.join(path);
                injection.placed.push(InjectedFile { path, content });
            }
        }
        if by_path {
            let (name, folder) = ("PYTHONPATH", PYTHON_DIR.into());
            injection.vars = vec![LaunchVar::PrependFolder { name, folder }];
        } else {
            // Last, because it loads the others.
            let (path, content) = (self.path.join(PTH), line.into());
            injection.placed.push(InjectedFile { path, content });
        }
        Ok(injection)
    }
}

/// Whether `PYTHONPATH` names the directory. Otherwise a `.pth` file in the interpreter's own packages loads the hook:
/// <https://docs.python.org/3/library/site.html>.
fn loads_by_path(ctx: &BuildContext<'_>) -> bool {
    ctx.image.hook == HookPlace::PythonPath
}

/// Finds what keeps the hook out of the interpreter's packages.
fn find_problem(packages: &Path, within: Option<&Path>) -> Option<DjangoLinkProblem> {
    let packages = packages.to_owned();
    if within.is_some_and(|within| !lies_in(&packages, within)) {
        return Some(DjangoLinkProblem::PackagesNotDeployed(packages));
    }
    let error = tempfile::tempfile_in(&packages).err()?.to_string();
    Some(DjangoLinkProblem::PackagesNotWritable { packages, error })
}
