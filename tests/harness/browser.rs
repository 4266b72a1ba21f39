//! A real browser: Chromium, which `browser.py` drives.

use super::{repository, skipped, variable};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub(crate) struct Browser {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// What a tab shows of a command.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) value: Value,
    /// Requests that failed, and lines of the console.
    pub(crate) problems: Vec<String>,
}

impl Shown {
    #[track_caller]
    pub(crate) fn without_problems(self) -> Self {
        assert!(self.problems.is_empty(), "{:#?}", self.problems);
        self
    }

    pub(crate) fn text(&self) -> &str {
        self.value.as_str().unwrap_or_default()
    }
}

impl Browser {
    /// `None`, and logged as skipped, if no browser is installed.
    pub(crate) fn start() -> Option<Self> {
        let python = variable("STATIC_ASSETS_TEST_BROWSER");
        let chromium = variable("STATIC_ASSETS_TEST_CHROMIUM");
        let (Some(python), Some(chromium)) = (python, chromium) else {
            skipped("no browser is there (script/test browser)");
            return None;
        };
        let mut child = Command::new(python)
            .arg("-B")
            .arg(repository().join("tests/harness/browser.py"))
            .arg(chromium)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Some(Self {
            commands: child.stdin.take(),
            answers: BufReader::new(child.stdout.take().unwrap()),
            child,
        })
    }

    #[track_caller]
    fn ask(&mut self, tab: &str, action: &str, with: &Value) -> Shown {
        let command = json!({"tab": tab, action: with});
        writeln!(self.commands.as_ref().unwrap(), "{command}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the browser did not {action} {with}");
        let mut answer: Value = serde_json::from_str(&line).unwrap();
        let problems = answer["problems"].as_array().unwrap().iter();
        Shown {
            problems: problems.map(|it| it.as_str().unwrap().to_owned()).collect(),
            value: answer["value"].take(),
        }
    }

    #[track_caller]
    pub(crate) fn open(&mut self, tab: &str, url: &str) -> Shown {
        self.ask(tab, "open", &json!(url))
    }

    #[track_caller]
    pub(crate) fn reload(&mut self, tab: &str) -> Shown {
        self.ask(tab, "reload", &json!(true))
    }

    /// Clicks, and waits until the text of another element changes.
    #[track_caller]
    pub(crate) fn click(&mut self, tab: &str, selector: &str, changes: &str) -> Shown {
        self.ask(tab, "click", &json!([selector, changes]))
    }

    #[track_caller]
    pub(crate) fn text(&mut self, tab: &str, selector: &str) -> String {
        self.ask(tab, "text", &json!(selector)).text().to_owned()
    }

    #[track_caller]
    pub(crate) fn evaluate(&mut self, tab: &str, script: &str) -> Value {
        self.ask(tab, "evaluate", &json!(script)).value
    }

    /// Saves what the tab shows, if the pictures of the documentation are made.
    pub(crate) fn picture(&mut self, tab: &str, name: &str) {
        if let Some(dir) = variable("STATIC_ASSETS_TEST_PICTURES") {
            let path = Path::new(&dir).join(format!("{name}.png"));
            self.ask(tab, "picture", &json!(path));
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends with its input, and closes the browser.
        drop(self.commands.take());
        let _ = self.child.wait();
    }
}
