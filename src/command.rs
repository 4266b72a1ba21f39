//! Child processes: always with an explicit environment, never with ours.

use crate::env::ChildEnv;
use crate::interrupt::Interrupt;
use rustix::process::{Pid, Signal, kill_process_group};
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How often a waiting build looks for an interrupt.
const LOOK: Duration = Duration::from_millis(100);
/// Chunks that are still read when a child has ended.
const REST: usize = 64;
/// What is kept of a child's output: its end.
const KEPT: usize = 256 << 10;

/// Becomes another program, with this environment and some more; gives back only why it could not.
pub(crate) fn replace_process(
    program: &OsStr,
    arguments: &[OsString],
    more: &[(String, String)],
) -> io::Error {
    std::process::Command::new(program)
        .args(arguments)
        .envs(more.iter().map(|(name, value)| (name, value)))
        .exec()
}

/// A command line; what is shown is what runs.
pub(crate) struct Command<'a> {
    program: OsString,
    arguments: Vec<OsString>,
    folder: &'a Path,
    env: &'a ChildEnv,
}

#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
    pub(crate) duration: Duration,
}

#[derive(Debug)]
pub(crate) enum CommandError {
    NotFound { program: String, path: String },
    Io { command: String, error: io::Error },
    Interrupted,
}

impl<'a> Command<'a> {
    pub(crate) fn new(program: impl Into<OsString>, folder: &'a Path, env: &'a ChildEnv) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            folder,
            env,
        }
    }

    /// A command line of the user's, by the rules of `sh`.
    pub(crate) fn shell(line: &str, folder: &'a Path, env: &'a ChildEnv) -> Self {
        Self::new("sh", folder, env).argument("-ec").argument(line)
    }

    pub(crate) fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder
    }

    pub(crate) fn shown(&self) -> String {
        let words: Vec<_> = std::iter::once(&self.program)
            .chain(&self.arguments)
            .map(|word| word.to_string_lossy())
            .map(|word| {
                if !word.is_empty() && word.chars().all(is_plain) {
                    word.into_owned()
                } else {
                    shell_words::quote(&word).into_owned()
                }
            })
            .collect();
        words.join(" ")
    }

    /// Runs to the end, with its output captured; an interrupt ends it.
    pub(crate) fn run(&self, interrupt: &Interrupt) -> Result<Finished, CommandError> {
        let failed = |error: io::Error| {
            if error.kind() == io::ErrorKind::NotFound && self.folder.is_dir() {
                CommandError::NotFound {
                    program: self.program.to_string_lossy().into_owned(),
                    path: self.env.text("PATH").unwrap_or_default().to_owned(),
                }
            } else {
                CommandError::Io {
                    command: self.shown(),
                    error,
                }
            }
        };
        let start = Instant::now();
        let (reader, writer) = io::pipe().map_err(failed)?;
        let mut child = std::process::Command::new(&self.program)
            .args(&self.arguments)
            .current_dir(self.folder)
            .env_clear()
            .envs(self.env.pairs())
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(writer.try_clone().map_err(failed)?)
            .stderr(writer)
            .spawn()
            .map_err(failed)?;
        let output = read_to_end(reader);
        let (output, status) = wait(&mut child, &output, interrupt, failed)?;
        Ok(Finished {
            status,
            output,
            duration: start.elapsed(),
        })
    }
}

/// What needs no quotes, also where a library is more careful.
fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_-./:=,@%+".contains(letter)
}

/// Waits for the end of the output, then of the child. A child that leaves a daemon behind with the
/// pipe in its hand is done when it has exited.
fn wait(
    child: &mut Child,
    output: &mpsc::Receiver<Vec<u8>>,
    interrupt: &Interrupt,
    failed: impl Fn(io::Error) -> CommandError,
) -> Result<(String, ExitStatus), CommandError> {
    let mut kept = Vec::new();
    let mut looked = Instant::now();
    loop {
        let received = output.recv_timeout(LOOK);
        // What it left behind may talk on for ever.
        if looked.elapsed() >= LOOK {
            looked = Instant::now();
            if let Some(status) = child.try_wait().map_err(&failed)? {
                if let Ok(chunk) = received {
                    kept.extend(chunk);
                }
                kept.extend(output.try_iter().take(REST).flatten());
                return Ok((String::from_utf8_lossy(&kept).into_owned(), status));
            }
        }
        if interrupt.is_raised() {
            end(child).map_err(failed)?;
            return Err(CommandError::Interrupted);
        }
        match received {
            Ok(chunk) => {
                kept.extend_from_slice(&chunk);
                if kept.len() > 2 * KEPT {
                    kept.drain(..kept.len() - KEPT);
                }
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let status = child.wait().map_err(failed)?;
                return Ok((String::from_utf8_lossy(&kept).into_owned(), status));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Ends a child with all that it has started: `sh` alone would leave its npm and python behind.
fn end(child: &mut Child) -> io::Result<()> {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        // Gone already where it ended by itself.
        let _ = kill_process_group(group, Signal::KILL);
    }
    child.wait().map(drop)
}

fn read_to_end(mut reader: io::PipeReader) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut chunk = vec![0; 8192];
        while let Ok(length @ 1..) = reader.read(&mut chunk) {
            if sender.send(chunk[..length].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The first of `names` that is a program on the child's `PATH`.
pub(crate) fn program_on_path(env: &ChildEnv, names: &[&str]) -> Option<PathBuf> {
    let path = env.text("PATH")?;
    names.iter().find_map(|name| {
        path.split(':')
            .map(|folder| Path::new(folder).join(name))
            .find(|program| program.is_file())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    fn env(pairs: &[(&str, &str)]) -> ChildEnv {
        pairs
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect::<Env>()
            .for_children(&[], [])
    }

    #[test]
    fn a_child_sees_only_what_it_is_given() {
        let env = env(&[("PATH", "/usr/bin:/bin"), ("ONLY", "this")]);
        let command = Command::shell("env; echo err >&2; exit 3", Path::new("/"), &env);
        let finished = command.run(&Interrupt::default()).unwrap();
        assert_eq!(finished.status.code(), Some(3));
        assert!(finished.output.contains("ONLY=this"));
        assert!(finished.output.ends_with("err\n"));
        assert!(!finished.output.contains("CARGO"));
    }

    #[test]
    fn a_missing_program_is_named_with_the_path_that_was_searched() {
        let env = env(&[("PATH", "/nowhere")]);
        let error = Command::new("mix", Path::new("/"), &env)
            .run(&Interrupt::default())
            .unwrap_err();
        assert!(matches!(
            error,
            CommandError::NotFound { program, path } if program == "mix" && path == "/nowhere"
        ));
    }

    #[test]
    fn an_interrupt_ends_the_child() {
        let env = env(&[("PATH", "/usr/bin:/bin")]);
        let interrupt = Interrupt::default();
        interrupt.raise();
        // A silent one, and one that never stops talking.
        for line in ["sleep 600", "while :; do echo; done"] {
            let error = Command::shell(line, Path::new("/"), &env)
                .run(&interrupt)
                .unwrap_err();
            assert!(matches!(error, CommandError::Interrupted));
        }
    }

    #[test]
    fn a_child_that_leaves_a_talking_process_behind_is_done_when_it_has_exited() {
        let env = env(&[("PATH", "/usr/bin:/bin")]);
        // Ends by itself when nobody reads any more.
        let line = "(while echo x; do :; done) & echo done";
        let command = Command::shell(line, Path::new("/"), &env);
        let finished = command.run(&Interrupt::default()).unwrap();
        assert!(finished.status.success());
    }

    #[test]
    fn a_command_is_shown_as_it_could_be_typed() {
        let env = env(&[]);
        let command = Command::new("python", Path::new("/"), &env).argument("a b");
        assert_eq!(command.shown(), "python 'a b'");
    }
}
