//! The hook for apps that don't follow by themselves: where it lies, and whether Python loads it from there.

use super::DjangoError;
use super::runner::{HookFolder, Runner, write_hook};
use crate::command::{Command, CommandError};
use crate::config::env_vars::STATIC_URL;
use crate::context::HookPlace;
use crate::env::ChildEnv;
use crate::framework::{Injection, PlacedFile};
use crate::fs::files_below;
use crate::fs::{lies_in, remove_dir_if_exists, remove_file_if_exists};
use crate::interrupt::Interrupt;
use crate::launch::{InjectedFile, LaunchVar};
use crate::log::Log;
use fs_err as fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder, below the injected ones, of the hook.
const PYTHON: &str = "python";

/// Where the hook lies at launch, and what makes Python load it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) folder: HookFolder,
    way: Way,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Way {
    /// `PYTHONPATH` leads there.
    PythonPath,
    /// Lines in a `.pth` of the interpreter's own packages: <https://docs.python.org/3/library/site.html>.
    SitePackages,
}

/// Why nothing can be put where Python would load it.
#[derive(Debug)]
pub(crate) enum HookBlocked {
    /// Only a part of the machine is deployed, and Python is none of it.
    NotDeployed {
        packages: PathBuf,
    },
    NotWritable {
        packages: PathBuf,
        error: io::Error,
    },
    /// Python could not tell where its packages are.
    Unknown {
        output: String,
    },
}

/// Whether Python loads a hook that lies in its place.
#[derive(Debug)]
pub(super) enum Reach {
    Loads(Place),
    /// Something keeps it from that; the output of the start.
    Silent(String),
    No(HookBlocked),
}

/// What a `.pth` does at the start of Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// The app follows by itself, once it has the environment.
    Pin,
    Follow,
}

const MODULE: &str = "static_assets_hook";
const PTH: &str = "static_assets.pth";
const PROBE: &str = "static_assets_probe.pth";
const FILES: &str = "static_assets_files";

impl Place {
    pub(super) fn find(
        runner: &Runner<'_>,
        interrupt: &Interrupt,
    ) -> Result<Result<Self, HookBlocked>, DjangoError> {
        match runner.hook_place() {
            HookPlace::PythonPath => Ok(Ok(Self {
                folder: HookFolder {
                    at: runner.injected().join(PYTHON),
                    beside: "../static",
                },
                way: Way::PythonPath,
            })),
            HookPlace::SitePackages { within, .. } => {
                let place = Self::of_packages(runner, interrupt, within.as_deref())?;
                if let Ok(place) = &place {
                    place.remove_what_an_earlier_build_left()?;
                }
                Ok(place)
            }
        }
    }

    /// Where there is none, for a collect that shows whether one is needed.
    pub(super) fn none(runner: &Runner<'_>) -> Self {
        Self {
            folder: HookFolder {
                at: runner.scratch().join("nowhere"),
                beside: FILES,
            },
            way: Way::SitePackages,
        }
    }

    fn of_packages(
        runner: &Runner<'_>,
        interrupt: &Interrupt,
        within: Option<&Path>,
    ) -> Result<Result<Self, HookBlocked>, DjangoError> {
        // Into a file: what the app's own sitecustomize prints is no answer.
        let answer = runner.scratch().join("purelib");
        let finished = Command::new(&runner.python, runner.folder(), &runner.env)
            .argument("-c")
            .argument(
                "import sys, sysconfig; open(sys.argv[1], 'w').write(sysconfig.get_path('purelib'))",
            )
            .argument(&answer)
            .run(interrupt)?;
        let packages = match fs::read_to_string(&answer) {
            Ok(packages) if finished.status.success() => PathBuf::from(packages),
            _ => {
                let output = finished.output;
                return Ok(Err(HookBlocked::Unknown { output }));
            }
        };
        if within.is_some_and(|within| !lies_in(&packages, within)) {
            return Ok(Err(HookBlocked::NotDeployed { packages }));
        }
        if let Err(error) = tempfile::tempfile_in(&packages) {
            return Ok(Err(HookBlocked::NotWritable { packages, error }));
        }
        Ok(Ok(Self {
            folder: HookFolder {
                at: packages,
                beside: FILES,
            },
            way: Way::SitePackages,
        }))
    }

    /// It would work in the collect, too.
    fn remove_what_an_earlier_build_left(&self) -> io::Result<()> {
        for file in [PTH.to_owned(), PROBE.to_owned(), format!("{MODULE}.py")] {
            remove_file_if_exists(&self.folder.at.join(file))?;
        }
        remove_dir_if_exists(&self.folder.at.join(FILES))
    }

    /// Starts the app's Python as it will be started and looks whether the hook was loaded. Needs nothing of
    /// the compile, so it runs beside it.
    pub(super) fn try_reach(
        &self,
        runner: &Runner<'_>,
        interrupt: &Interrupt,
    ) -> Result<Reach, DjangoError> {
        let (loaded, finished) = match self.way {
            Way::PythonPath => {
                let folder = runner.scratch().join("reach");
                write_hook(&folder)?;
                let env = runner
                    .env
                    .clone()
                    .with(STATIC_URL, "/")
                    .with_first("PYTHONPATH", folder.as_os_str());
                start(
                    &format!("'{MODULE}' in sys.modules"),
                    runner,
                    &env,
                    interrupt,
                )
            }
            Way::SitePackages => {
                let probe = self.folder.at.join(PROBE);
                fs::write(&probe, "import sys; sys.static_assets_probe = True\n")?;
                let asked = "hasattr(sys, 'static_assets_probe')";
                let started = start(asked, runner, &runner.env, interrupt);
                fs::remove_file(&probe)?;
                started
            }
        }?;
        Ok(if loaded {
            Reach::Loads(self.clone())
        } else {
            Reach::Silent(finished)
        })
    }

    /// What the runner left for the launch: the hook, and what Python compiles it to.
    pub(super) fn injection(&self, hook: &Path, job: Job) -> Result<Injection, DjangoError> {
        let files = files_below(hook)?;
        if self.way == Way::PythonPath {
            let files = files.into_iter().map(|path| {
                Ok(InjectedFile {
                    content: fs::read(hook.join(&path))?,
                    path: Path::new(PYTHON).join(path),
                })
            });
            return Ok(Injection {
                vars: vec![LaunchVar::PrependFolder {
                    name: "PYTHONPATH",
                    folder: PathBuf::from(PYTHON),
                }],
                files: files.collect::<io::Result<_>>()?,
                ..Injection::default()
            });
        }
        let of_the_module = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(MODULE)
        };
        let mut placed = Vec::new();
        for path in files.into_iter().filter(of_the_module) {
            placed.push(PlacedFile {
                content: fs::read(hook.join(&path))?,
                path: self.folder.at.join(path),
            });
        }
        // Last: it loads the others.
        placed.push(PlacedFile {
            path: self.folder.at.join(PTH),
            content: pth(job).into_bytes(),
        });
        Ok(Injection {
            placed,
            ..Injection::default()
        })
    }
}

/// Whether what was asked of a started Python is so, and what it printed.
fn start(
    asked: &str,
    runner: &Runner<'_>,
    env: &ChildEnv,
    interrupt: &Interrupt,
) -> Result<(bool, String), CommandError> {
    let finished = Command::new(&runner.python, runner.folder(), env)
        .argument("-c")
        .argument(format!("import sys; sys.exit(not ({asked}))"))
        .run(interrupt)?;
    Ok((finished.status.success(), finished.output))
}

fn pth(job: Job) -> String {
    let install = match job {
        Job::Pin => String::new(),
        Job::Follow => format!("; {MODULE}.install()"),
    };
    format!("import {MODULE}; {MODULE}.load_pin(){install}\n")
}

/// `python -E`, `-I` and `-S` ignore `PYTHONPATH` or `sitecustomize`; only `-S` ignores a `.pth`.
pub(super) fn warn_of_unreachable_processes(app: &Path, place: &HookPlace, log: &Log) {
    let procfile = fs::read_to_string(app.join("Procfile")).unwrap_or_default();
    let flags = match place {
        HookPlace::PythonPath => &['E', 'I', 'S'][..],
        HookPlace::SitePackages { .. } => &['S'],
    };
    for line in procfile.lines().filter(|line| is_unreachable(line, flags)) {
        log.warning(&format!(
            "this process starts Python so that STATIC_URL can't be set from outside:\n{line}"
        ));
    }
}

fn is_unreachable(line: &str, letters: &[char]) -> bool {
    let mut words = line.split_whitespace();
    let is_python = |word: &str| {
        let name = word.rsplit('/').next().unwrap_or_default();
        name.starts_with("python")
    };
    words.any(is_python)
        && words
            .take_while(|word| word.starts_with('-') && !word.starts_with("--"))
            .any(|flags| flags.contains(letters))
}

#[cfg(test)]
mod tests {
    use super::super::runner::HOOK;
    use super::*;

    #[test]
    fn processes_that_the_hook_cannot_reach() {
        for (line, by_path, by_packages) in [
            ("web: python -I -m gunicorn shop.wsgi", true, false),
            ("web: /layers/x/bin/python3.12 -uE manage.py x", true, false),
            ("web: python -S manage.py x", true, true),
            ("web: gunicorn shop.wsgi -S", false, false),
            ("web: python manage.py migrate -E", false, false),
            ("web: python -u manage.py x", false, false),
        ] {
            assert_eq!(is_unreachable(line, &['E', 'I', 'S']), by_path, "{line}");
            assert_eq!(is_unreachable(line, &['S']), by_packages, "{line}");
        }
    }

    #[test]
    fn the_hook_has_the_lines_that_the_runner_bakes() {
        assert_eq!(HOOK.matches("BAKED = {}").count(), 1);
        assert_eq!(HOOK.matches("PIN = None").count(), 1);
    }
}
