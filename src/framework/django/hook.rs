//! The hook for apps that ignore `STATIC_URL`: where the image has it, and whether Python loads it from there.

use super::embedded::write_hook;
use super::error::{DjangoError, DjangoLinkProblem, HookDirProblem};
use super::python::AppPython;
use crate::command::CommandError;
use crate::config::env_vars::STATIC_URL;
use crate::context::{BuildContext, HookPlace};
use crate::framework::{Injection, PlacedFile};
use crate::fs::{files_below, lies_in, remove_file_if_there, remove_folder_if_there};
use crate::launch::{InjectedFile, LaunchVar};
use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

/// The directory of the hook among the injected ones.
const PYTHON_DIR: &str = "python";
const MODULE: &str = "static_assets_hook";
const PTH: &str = "static_assets.pth";
const PROBE: &str = "static_assets_probe.pth";
const FILES: &str = "static_assets_files";

/// Where the hook is at launch, and what makes Python load it.
#[derive(Debug)]
pub(super) struct HookDir {
    pub(super) path: PathBuf,
    /// The directory, relative to `path`, of files that the app reads but the image has no `STATIC_ROOT` for.
    pub(super) beside: &'static str,
    pub(super) loader: HookLoader,
}

#[derive(Debug)]
pub(super) enum HookLoader {
    /// `PYTHONPATH` names the directory.
    PythonPath,
    /// A `.pth` file in the interpreter's own packages: <https://docs.python.org/3/library/site.html>.
    Pth,
    Nothing(HookDirProblem),
}

/// What a `.pth` file does when Python starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HookTask {
    /// Sets the pinned variables, which the app reads by itself.
    Pin,
    /// Sets them and changes the app's settings.
    PinAndLink,
}

/// Returns where the runner leaves the hook for the launch.
pub(super) fn hook_files(ctx: &BuildContext<'_>) -> PathBuf {
    ctx.scratch.join("inject")
}

impl HookDir {
    pub(super) fn find(python: &AppPython<'_>) -> Result<Self, DjangoError> {
        let HookPlace::SitePackages { within, .. } = &python.ctx.image.hook else {
            return Ok(Self {
                path: python.ctx.image.injected.join(PYTHON_DIR),
                beside: "../static",
                loader: HookLoader::PythonPath,
            });
        };
        let (path, loader) = match find_packages(python, within.as_deref())? {
            Ok(packages) => {
                remove_earlier_hook(&packages)?;
                (packages, HookLoader::Pth)
            }
            // The collect still shows whether the app needs the hook.
            Err(problem) => (
                python.ctx.scratch.join("nowhere"),
                HookLoader::Nothing(problem),
            ),
        };
        Ok(Self {
            path,
            beside: FILES,
            loader,
        })
    }

    /// Starts Python as the running app will start it and returns what keeps it from loading the hook. It needs
    /// nothing of the collect, so both run at the same time.
    pub(super) fn try_load(
        &self,
        python: &AppPython<'_>,
    ) -> Result<Option<DjangoLinkProblem>, DjangoError> {
        let finished = match &self.loader {
            HookLoader::PythonPath => {
                let dir = python.ctx.scratch.join("reach");
                write_hook(&dir)?;
                let env = python.env.clone().with(STATIC_URL, "/");
                let env = env.with_first("PYTHONPATH", dir.as_os_str());
                let code = "import sys; sys.exit(sys.argv[1] not in sys.modules)";
                python.run_code(&env, code, MODULE)?
            }
            HookLoader::Pth => {
                let probe = self.path.join(PROBE);
                fs::write(&probe, "import sys; sys.static_assets_probe = True\n")?;
                let code = "import sys; sys.exit(not hasattr(sys, sys.argv[1]))";
                let finished = python.run_code(&python.env, code, "static_assets_probe");
                fs::remove_file(&probe)?;
                finished?
            }
            HookLoader::Nothing(problem) => {
                return Ok(Some(DjangoLinkProblem::NoHookDir(problem.clone())));
            }
        };
        let output = finished.output;
        let is_loaded = finished.status.success();
        Ok((!is_loaded).then_some(DjangoLinkProblem::Unreachable { output }))
    }

    /// Returns the hook that the runner left, with its byte code, for its place in the image.
    pub(super) fn injection(
        &self,
        ctx: &BuildContext<'_>,
        task: HookTask,
    ) -> io::Result<Injection> {
        let files = hook_files(ctx);
        let by_path = matches!(self.loader, HookLoader::PythonPath);
        let mut injection = Injection::default();
        for path in files_below(&files)? {
            let content = fs::read(files.join(&path))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if by_path {
                let path = Path::new(PYTHON_DIR).join(path);
                injection.files.push(InjectedFile { path, content });
            } else if name.starts_with(MODULE) {
                let path = self.path.join(path);
                injection.placed.push(PlacedFile { path, content });
            }
        }
        if by_path {
            injection.vars.push(LaunchVar::PrependFolder {
                name: "PYTHONPATH",
                folder: PathBuf::from(PYTHON_DIR),
            });
        } else {
            // Last, because it loads the others.
            injection.placed.push(PlacedFile {
                path: self.path.join(PTH),
                content: pth(task).into_bytes(),
            });
        }
        Ok(injection)
    }
}

/// Finds the directory of the interpreter's packages, if the build can write there and the image will have it.
fn find_packages(
    python: &AppPython<'_>,
    within: Option<&Path>,
) -> Result<Result<PathBuf, HookDirProblem>, CommandError> {
    // Written into a file, because the app's own sitecustomize may print.
    let answer = python.ctx.scratch.join("purelib");
    let code = "import sys, sysconfig; open(sys.argv[1], 'w').write(sysconfig.get_path('purelib'))";
    let finished = python.run_code(&python.env, code, &answer.to_string_lossy())?;
    let packages = match fs::read_to_string(&answer) {
        Ok(packages) if finished.status.success() => PathBuf::from(packages),
        _ => {
            let output = finished.output;
            return Ok(Err(HookDirProblem::Unknown { output }));
        }
    };
    if within.is_some_and(|within| !lies_in(&packages, within)) {
        return Ok(Err(HookDirProblem::NotDeployed { packages }));
    }
    Ok(match tempfile::tempfile_in(&packages) {
        Ok(_) => Ok(packages),
        Err(error) => {
            let error = error.to_string();
            Err(HookDirProblem::NotWritable { packages, error })
        }
    })
}

/// Removes the hook of an earlier build, which the collect would load.
fn remove_earlier_hook(packages: &Path) -> io::Result<()> {
    for file in [PTH, PROBE, "static_assets_hook.py"] {
        remove_file_if_there(&packages.join(file))?;
    }
    remove_folder_if_there(&packages.join(FILES))
}

fn pth(task: HookTask) -> String {
    let install = match task {
        HookTask::Pin => String::new(),
        HookTask::PinAndLink => format!("; {MODULE}.install()"),
    };
    format!("import {MODULE}; {MODULE}.load_pin(){install}\n")
}
