//! `static-assets verify`: does the store hold what was published?

use super::args::{Format, VerifyArgs};
use super::inspect::{open, render};
use crate::inventory::{FileProblem, Verification};
use crate::log::Log;
use crate::message::Message;
use crate::messages::cli::FileError;
use crate::messages::operate as texts;
use serde::Serialize;

pub(super) fn run(args: &VerifyArgs, log: &Log) -> Result<(), Message> {
    let verified =
        open(log)?.verify(&args.versions, args.comparison, args.repair.as_deref(), log)?;
    if args.format == Format::Json {
        let versions = verified.versions.iter().map(VersionJson::of).collect();
        log.data(&render(&VerifiedJson { versions }))
            .map_err(FileError::Output)?;
    }
    Ok(verified.into_result()?)
}

#[derive(Serialize)]
struct VerifiedJson<'a> {
    versions: Vec<VersionJson<'a>>,
}

#[derive(Serialize)]
struct VersionJson<'a> {
    version: &'a str,
    files: usize,
    bytes: u64,
    /// Files that are known by their size only.
    unproven: usize,
    problems: Vec<ProblemJson<'a>>,
}

#[derive(Serialize)]
struct ProblemJson<'a> {
    path: &'a str,
    problem: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wanted: Option<&'a str>,
}

impl<'a> VersionJson<'a> {
    fn of(found: &'a Verification) -> Self {
        Self {
            version: found.version.as_str(),
            files: found.files,
            bytes: found.bytes,
            unproven: found.unproven,
            problems: found.problems.iter().map(ProblemJson::of).collect(),
        }
    }
}

impl<'a> ProblemJson<'a> {
    fn of((path, problem): &'a (String, FileProblem)) -> Self {
        let (header, stored, wanted) = match problem {
            FileProblem::Header(name, stored, wanted) => {
                (Some(*name), stored.as_deref(), Some(&**wanted))
            }
            _ => (None, None, None),
        };
        Self {
            path,
            problem: texts::problem(problem),
            header,
            stored,
            wanted,
        }
    }
}
