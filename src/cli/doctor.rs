//! `static-assets doctor`: would a deploy work?

use super::args::{DoctorArgs, Format};
use super::inspect::render;
use super::publish::absolute;
use crate::config::{Platform, Sources};
use crate::doctor::{Fact, examine};
use crate::env::Env;
use crate::log::Log;
use crate::message::{Explain, Message};
use crate::messages::cli::{CliEvent, FileError};
use crate::messages::doctor::{Line, line, works};
use crate::publish::{PublishError, warn};
use fs_err as fs;
use serde::Serialize;
use std::path::Path;

pub(super) fn run(args: &DoctorArgs, log: &Log) -> Result<(), Message> {
    // `project.toml` is in the directory in which the command is called, unless an app is named.
    let app = args
        .app
        .clone()
        .or_else(|| args.dir.as_ref().map(|_| ".".into()));
    let app = app.map(|dir| {
        let real = fs::canonicalize(&dir);
        real.map_err(|error| FileError::App(dir, error))
    });
    let app = app.transpose()?;
    let env = Env::of_process();
    let dir = app.as_deref().unwrap_or(Path::new("."));
    let sources = Sources::read(&env, Platform::default(), dir);
    let sources = sources.map_err(|problems| unreadable(&problems.into(), args.format, log))?;
    let sources = match &args.dir {
        Some(dir) => sources.with_dir(absolute(dir)),
        None => sources,
    };
    log.event(&CliEvent::Title);
    warn(&sources.warnings(), log);
    let mut checks = Vec::new();
    let mut report = |fact: &Fact<'_>| {
        let line = line(fact);
        log.event(&line);
        checks.push(line);
    };
    let examined = examine(&sources, app.as_deref(), log, &mut report);
    if args.format == Format::Json {
        let checks = checks.iter().map(CheckJson::of).collect();
        log.data(&render(&DoctorJson { checks }))
            .map_err(FileError::Output)?;
    }
    examined?;
    log.event(&works(&checks, app.as_deref()));
    Ok(())
}

/// Reports settings that can't be read, as a check that failed.
fn unreadable(error: &PublishError, format: Format, log: &Log) -> Message {
    let failed = line(&Fact::Failed(error));
    log.event(&failed);
    if format == Format::Json {
        let checks = vec![CheckJson::of(&failed)];
        if let Err(error) = log.data(&render(&DoctorJson { checks })) {
            return FileError::Output(error).into();
        }
    }
    error.explain().alone()
}

#[derive(Serialize)]
struct DoctorJson<'a> {
    checks: Vec<CheckJson<'a>>,
}

#[derive(Serialize)]
struct CheckJson<'a> {
    result: &'static str,
    text: &'a str,
    fix: Option<&'a str>,
}

impl<'a> CheckJson<'a> {
    fn of(line: &'a Line) -> Self {
        Self {
            result: line.verdict.word(),
            text: &line.text,
            fix: Some(&*line.more).filter(|more| !more.is_empty()),
        }
    }
}
