//! `static-assets check`: what a browser makes of a live page.

use super::args::{CheckArgs, Format};
use super::inspect::{render, sources_of};
use crate::config::{Config, Mode, Phase};
use crate::env::Env;
use crate::http::Client;
use crate::log::Log;
use crate::message::Message;
use crate::messages::cli::FileError;
use crate::messages::page as texts;
use crate::page::{PageFile, PageProblem, PageReport, check_page};
use serde::Serialize;
use std::collections::BTreeMap;
use url::Url;

pub(super) fn run(args: &CheckArgs, log: &Log) -> Result<(), Message> {
    let env = Env::of_process();
    // A page can be read without any setting. Those that are right tell its versions.
    let sources = sources_of(&env).ok();
    let config = sources.and_then(|sources| Config::read(&sources, &Phase::BUILD).ok());
    let mode = config.as_ref().map(|config| &config.mode);
    let client = Client::new(mode.and_then(Mode::ca_file));
    let public = mode.and_then(Mode::public_url);
    let report = check_page(&args.url, &client, public)?;
    match args.format {
        Format::Log => log.event(&texts::Checked(&report)),
        Format::Json => {
            log.data(&render(&PageJson::of(&report)))
                .map_err(FileError::Output)?;
        }
    }
    texts::verdict(&report)
}

#[derive(Serialize)]
struct PageJson<'a> {
    url: &'a str,
    files: Vec<PageFileJson<'a>>,
    versions: &'a BTreeMap<String, usize>,
    /// Files of no version that come from the page's own host.
    unversioned: Vec<&'a str>,
    problems: Vec<PageProblemJson<'a>>,
    /// Files that were not read.
    left_out: usize,
}

#[derive(Serialize)]
struct PageFileJson<'a> {
    url: &'a str,
    kind: &'static str,
}

#[derive(Serialize)]
struct PageProblemJson<'a> {
    url: &'a str,
    problem: &'static str,
    text: String,
    /// Whether a browser refuses the file.
    refused: bool,
}

impl<'a> PageJson<'a> {
    fn of(report: &'a PageReport) -> Self {
        let file = |file: &'a PageFile| PageFileJson {
            url: file.url.as_str(),
            kind: texts::kind_word(file.kind),
        };
        let problem = |(file, problem): &'a (PageFile, PageProblem)| PageProblemJson {
            url: file.url.as_str(),
            problem: texts::problem_word(problem),
            text: texts::problem_text(file, problem),
            refused: problem.is_fatal(),
        };
        Self {
            url: report.url.as_str(),
            files: report.files.iter().map(file).collect(),
            versions: &report.versions,
            unversioned: report.unversioned.iter().map(Url::as_str).collect(),
            problems: report.problems.iter().map(problem).collect(),
            left_out: report.left_out,
        }
    }
}
