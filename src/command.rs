//! Child processes. Each gets an explicit environment and never inherits ours.

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

/// How often a wait checks for an interrupt and for the child's exit.
const POLL: Duration = Duration::from_millis(100);
/// How many chunks of output are still read after the child has exited, and for how long: the last ones may be in the
/// pipe.
const CHUNKS_AFTER_EXIT: usize = 64;
const PATIENCE_AFTER_EXIT: Duration = Duration::from_secs(1);
/// How many bytes of a child's output are kept: its end.
const OUTPUT_KEPT: usize = 256 << 10;

/// Replaces this process by another program, with this environment and `more`. Returns only if that fails.
pub(crate) fn replace_process(
    program: &OsStr,
    arguments: &[OsString],
    more: &[(String, String)],
) -> io::Error {
    let mut command = std::process::Command::new(program);
    command.args(arguments).envs(more.iter().cloned()).exec()
}

/// A command line. The log shows exactly what runs.
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

    /// A command line of the user's, which `sh` splits.
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

    /// The command line as a shell takes it.
    pub(crate) fn shown(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        let words: Vec<String> = words.map(|word| quoted(&word.to_string_lossy())).collect();
        words.join(" ")
    }

    /// Runs the command to its end and captures its output. An interrupt ends it.
    pub(crate) fn run(&self, interrupt: &Interrupt) -> Result<Finished, CommandError> {
        let start = Instant::now();
        let ended = self.start_and_wait(interrupt);
        let ended = ended.map_err(|error| self.failure(error))?;
        let (output, status) = ended.ok_or(CommandError::Interrupted)?;
        Ok(Finished {
            status,
            output: String::from_utf8_lossy(&output).into_owned(),
            duration: start.elapsed(),
        })
    }

    fn start_and_wait(&self, interrupt: &Interrupt) -> io::Result<Option<(Vec<u8>, ExitStatus)>> {
        let (reader, writer) = io::pipe()?;
        let mut child = std::process::Command::new(&self.program)
            .args(&self.arguments)
            .current_dir(self.folder)
            .env_clear()
            .envs(self.env.pairs())
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .spawn()?;
        wait(&mut child, &read_to_end(reader), interrupt)
    }

    fn failure(&self, error: io::Error) -> CommandError {
        if error.kind() == io::ErrorKind::NotFound && self.folder.is_dir() {
            let program = self.program.to_string_lossy().into_owned();
            let path = self.env.text("PATH").unwrap_or_default().to_owned();
            return CommandError::NotFound { program, path };
        }
        let command = self.shown();
        CommandError::Io { command, error }
    }
}

/// Quotes a word if it needs quotes; `shell_words` quotes more than that.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:=,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        shell_words::quote(word).into_owned()
    }
}

/// Waits for the end of the output and the child's exit; `None` after an interrupt. The exit alone is enough: a
/// daemon that the child left behind may hold the pipe open.
fn wait(
    child: &mut Child,
    output: &mpsc::Receiver<Vec<u8>>,
    interrupt: &Interrupt,
) -> io::Result<Option<(Vec<u8>, ExitStatus)>> {
    let mut kept = Vec::new();
    let mut polled = Instant::now();
    loop {
        let received = output.recv_timeout(POLL);
        let is_closed = received == Err(mpsc::RecvTimeoutError::Disconnected);
        kept.extend(received.unwrap_or_default());
        if kept.len() > 2 * OUTPUT_KEPT {
            kept.drain(..kept.len() - OUTPUT_KEPT);
        }
        // Not only after a timeout: the daemon may write without a pause.
        if polled.elapsed() >= POLL {
            polled = Instant::now();
            if let Some(status) = child.try_wait()? {
                kept.extend(last_chunks(output));
                return Ok(Some((kept, status)));
            }
        }
        if interrupt.is_raised() {
            kill_group(child)?;
            return Ok(None);
        }
        if is_closed {
            return Ok(Some((kept, child.wait()?)));
        }
    }
}

/// Reads what the child wrote before it exited. A daemon that holds the pipe open is not awaited for long.
fn last_chunks(output: &mpsc::Receiver<Vec<u8>>) -> Vec<u8> {
    let end = Instant::now() + PATIENCE_AFTER_EXIT;
    let next = || {
        let left = end.saturating_duration_since(Instant::now());
        output.recv_timeout(left).ok()
    };
    let chunks = std::iter::from_fn(next).take(CHUNKS_AFTER_EXIT);
    chunks.flatten().collect()
}

/// Kills a child with all that it has started: killing `sh` alone would leave its npm and python behind.
fn kill_group(child: &mut Child) -> io::Result<()> {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // Fails if the group has ended by itself.
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
        let mut programs = path.split(':').map(|dir| Path::new(dir).join(name));
        programs.find(|program| program.is_file())
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
    fn a_child_sees_only_its_own_environment() {
        let env = env(&[("PATH", "/usr/bin:/bin"), ("ONLY", "this")]);
        let command = Command::shell("env; echo err >&2; exit 3", Path::new("/"), &env);
        let finished = command.run(&Interrupt::default()).unwrap();
        assert_eq!(finished.status.code(), Some(3));
        assert!(finished.output.contains("ONLY=this"));
        assert!(finished.output.ends_with("err\n"));
        assert!(!finished.output.contains("CARGO"));
    }

    #[test]
    fn a_missing_program_is_reported_with_the_path() {
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
    fn a_daemon_of_the_child_is_not_awaited() {
        let env = env(&[("PATH", "/usr/bin:/bin")]);
        // Ends by itself when nobody reads any more.
        let line = "(while echo x; do :; done) & echo done";
        let command = Command::shell(line, Path::new("/"), &env);
        let finished = command.run(&Interrupt::default()).unwrap();
        assert!(finished.status.success());
    }

    #[test]
    fn the_last_output_is_awaited() {
        let (sender, receiver) = mpsc::channel();
        let late = std::thread::spawn(move || {
            std::thread::yield_now();
            sender.send(b"late".to_vec())
        });
        assert_eq!(last_chunks(&receiver), b"late");
        late.join().unwrap().unwrap();
        // Nothing comes any more, but the pipe is open.
        let (_daemon, receiver) = mpsc::channel();
        assert_eq!(last_chunks(&receiver), b"");
    }

    #[test]
    fn a_command_is_shown_as_it_could_be_typed() {
        let env = env(&[]);
        let command = Command::new("python", Path::new("/"), &env).argument("a b");
        assert_eq!(command.shown(), "python 'a b'");
    }
}
