//! A running app, which logs its URL when it listens.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;

/// A running app. Dropping it ends the process by its id.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    /// Waits until `url_of` finds the URL in a line that the app prints.
    pub(crate) fn of(mut child: Child, url_of: impl Fn(&str) -> Option<String>) -> Self {
        let output: Box<dyn Read + Send> = match child.stderr.take() {
            Some(stderr) => Box::new(stderr),
            None => Box::new(child.stdout.take().unwrap()),
        };
        Self::reading(child, output, url_of)
    }

    /// Waits in the same way, on the stream that the app writes to.
    pub(crate) fn reading(
        child: Child,
        output: impl Read + Send + 'static,
        url_of: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let mut log = BufReader::new(output);
        let mut seen = String::new();
        let url = loop {
            let mut line = String::new();
            let length = log.read_line(&mut line).unwrap();
            assert_ne!(length, 0, "the app did not start:\n{seen}");
            seen.push_str(&line);
            if let Some(url) = url_of(&line) {
                break url;
            }
        };
        // Someone must read the pipe, or the server would block.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { child, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let process = i32::try_from(self.child.id()).unwrap();
        if let Some(process) = rustix::process::Pid::from_raw(process) {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
    }
}
