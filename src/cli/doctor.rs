//! `static-assets doctor`: would a deploy work?

use super::args::{DoctorArgs, Format};
use super::inspect::render;
use crate::config::{Platform, Sources};
use crate::doctor::examine;
use crate::env::Env;
use crate::log::{Log, data};
use crate::message::Message;
use crate::messages::cli::{CliEvent, FileError};
use crate::messages::doctor::{Line, line, works};
use crate::operate::OperateError;
use fs_err as fs;
use serde::Serialize;
use std::path::Path;

pub(super) fn run(args: &DoctorArgs, log: &Log) -> Result<(), Message> {
    let app = args.app.as_ref().map(|dir| {
        let real = fs::canonicalize(dir);
        real.map_err(|error| FileError::App(dir.clone(), error))
    });
    let app = app.transpose()?;
    let env = Env::of_process();
    let dir = app.as_deref().unwrap_or(Path::new("."));
    let sources = Sources::read(&env, Platform::default(), dir).map_err(OperateError::from)?;
    log.event(&CliEvent::Title);
    let mut checks = Vec::new();
    let mut report = |fact: &crate::doctor::Fact<'_>| {
        let line = line(fact);
        log.event(&line);
        checks.push(line);
    };
    let examined = examine(&sources, app.as_deref(), log, &mut report);
    if args.format == Format::Json {
        let checks = checks.iter().map(CheckJson::of).collect();
        data(&render(&DoctorJson { checks })).map_err(FileError::Output)?;
    }
    examined?;
    log.event(&works(&checks));
    Ok(())
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
