//! Texts of `static-assets doctor`: one line for each fact, and a fix for each that would stop a deploy.

use super::cnb::evidence;
use super::links::blocking_policy;
use super::upload::gzip_reason;
use super::{Explain, Message, check, publish};
use crate::check::AssetKind;
use crate::config::{Config, Destination};
use crate::doctor::{Channel, DoctorError, Fact};
use crate::log::{Event, Log, count};
use crate::store::{Creates, Right};
use chrono::TimeDelta;
use std::path::Path;

/// How a fact is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Good,
    /// A deploy works, but somebody should know.
    Warning,
    Failed,
}

/// A fact as a person reads it.
pub(crate) struct Line {
    pub(crate) verdict: Verdict,
    /// One line.
    pub(crate) text: String,
    /// What it means, and what to do. Empty if there is nothing to do.
    pub(crate) more: String,
}

impl Verdict {
    /// The word for it, in JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }

    fn mark(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Warning => "!",
            Self::Failed => "✗",
        }
    }
}

impl Event for Line {
    fn write_to(&self, log: &Log) {
        log.bullet(&format!("{} {}", self.verdict.mark(), self.text));
        if !self.more.is_empty() {
            log.block(&self.more);
        }
    }
}

impl Line {
    fn of(verdict: Verdict, text: impl Into<String>, more: impl Into<String>) -> Self {
        let (text, more) = (text.into(), more.into());
        Self {
            verdict,
            text,
            more,
        }
    }

    fn good(text: impl Into<String>) -> Self {
        Self::of(Verdict::Good, text, "")
    }

    fn warning(text: impl Into<String>, more: impl Into<String>) -> Self {
        Self::of(Verdict::Warning, text, more)
    }
}

impl Explain for DoctorError {
    fn explain(&self) -> Message {
        let title = match self.failures {
            1 => "Not ready for a deploy: one check failed".to_owned(),
            failures => format!("Not ready for a deploy: {failures} checks failed"),
        };
        let body = "Each is named above, with its fix. Then run the same command again.";
        self.first.explain().of_same_kind(title, body).alone()
    }
}

/// The end of a run that found nothing to stop a deploy.
pub(crate) fn works(lines: &[Line], app: Option<&Path>) -> Line {
    let works = match app {
        Some(_) => "A deploy would work",
        None => {
            "The store is ready for a deploy; --app DIR or --dir DIR examines what is published, too"
        }
    };
    let is_warning = |line: &&Line| line.verdict == Verdict::Warning;
    match lines.iter().filter(is_warning).count() {
        0 => Line::good(works),
        warnings => Line::good(format!("{works}; see {} above", count(warnings, "warning"))),
    }
}

#[allow(clippy::too_many_lines, reason = "one text for each case")]
pub(crate) fn line(fact: &Fact<'_>) -> Line {
    match fact {
        Fact::Failed(error) => {
            let message = error.explain().alone();
            let text = message.title().to_owned();
            Line::of(Verdict::Failed, text, message.to_string().trim_end())
        }
        Fact::Settings(to, config) => Line::good(settings(to, config)),
        Fact::Off(why) => Line::warning(
            "A deploy would publish nothing",
            publish::why_not_published(why),
        ),
        Fact::Deferred => Line::warning(
            "The release phase uploads, so its key was not examined",
            "Run this command where the release phase runs, with STATIC_ASSETS_PUBLISH=build.",
        ),
        Fact::Answers(Channel::Directory) => Line::good("The directory exists"),
        Fact::Answers(Channel::Https) => {
            Line::good("The store answers over https, and its certificate is trusted")
        }
        Fact::Answers(Channel::PlainHttp) => Line::warning(
            "The store answers over plain http",
            "Whoever is on the way can read the files and change them. That is all right on one machine only.",
        ),
        Fact::Uploads(creates) => uploads(*creates),
        Fact::Gets => Line::good("Builds can read their markers and refs"),
        Fact::List(Right::Granted) => {
            Line::good("Files can be listed, so an interrupted build resumes")
        }
        Fact::List(Right::Denied) => Line::warning(
            "The key may not list",
            "A build that was cut uploads all of its files again, and RELEASE_VERSION can't be used. docs/stores.md has the \
             rights of a build.",
        ),
        Fact::Delete(Right::Denied) => Line::good("The key may not delete, and no build has to"),
        Fact::Delete(Right::Granted) => Line::warning(
            "The key may delete, which no build has to",
            "Whoever has it can remove what is published. If the store knows a key that can't delete, docs/stores.md has its \
             policy, and one for operators.",
        ),
        Fact::ClockDiffers(ahead) => clock(*ahead),
        Fact::PathOfSite(public) => Line::warning(
            format!("The public URL is a path of your site, so it was not checked: {public}"),
            "Your site has to serve it from the store. Once it is deployed: static-assets check URL",
        ),
        Fact::Public(kinds) => {
            let kinds: Vec<_> = kinds.iter().map(AssetKind::to_string).collect();
            Line::good(format!(
                "Browsers get the samples with the right bytes, types and headers: {}",
                kinds.join(", ")
            ))
        }
        Fact::CheckFailed(finding, site) => {
            let text = check::finding_text(finding, site);
            let (first, more) = text.split_once('\n').unwrap_or((&text, ""));
            Line::warning(first, more)
        }
        Fact::Compressed(Some(encoding), _) => {
            Line::good(format!("Browsers get text compressed ({encoding})"))
        }
        Fact::StoresCompressed(why) => Line::good(format!(
            "A build stores text gzip-encoded ({})",
            gzip_reason(why)
        )),
        Fact::Compressed(None, Channel::Directory) => Line::warning(
            "Browsers get text uncompressed",
            "Let the web server in front of the directory compress it. For nginx:\n  gzip on; gzip_types text/css \
             text/javascript application/javascript application/json image/svg+xml;",
        ),
        Fact::Compressed(None, _) => Line::warning(
            "Browsers get text uncompressed",
            "Turn on compression in the CDN: it shrinks CSS, JS and SVG to about a quarter. Or let builds store them \
             compressed: STATIC_ASSETS_COMPRESS=gzip",
        ),
        Fact::MetaIsPublic(false) => {
            Line::good("Nobody without a key gets the protocol's own objects")
        }
        Fact::MetaIsPublic(true) => Line::warning(
            "Anyone can read .static-assets/, which names every file, commit and group",
            "It holds no secret. To hide it, see the recipe of your store in docs/stores.md, and \"Public buckets\" there for AWS.",
        ),
        Fact::Region(region, variable) => {
            let name = region.name();
            let fix = variable.map_or_else(
                || format!("give the service binding the entry 'region' = {name}"),
                |variable| format!("{variable}={name}"),
            );
            Line::good(format!(
                "The store's answer says that the bucket is in {name}. To save a request in each run: {fix}"
            ))
        }
        Fact::VersionExists(version) => Line::warning(
            format!("RELEASE_VERSION names a version that is published already: {version}"),
            "A build with other files is refused. Set another one, or unset it: the version is then a hash of the files.",
        ),
        Fact::App(app, dir, sources) => Line::good(evidence(app, dir, sources).join("; ")),
        Fact::PolicyBlocks(policy, origin) => {
            let text = blocking_policy(policy, origin);
            let (first, more) = text.split_once('\n').unwrap_or((&text, ""));
            Line::warning(first, more)
        }
        Fact::Scanned(files) => Line::good(format!(
            "Nothing in the directory is refused: {}",
            count(*files, "file")
        )),
        Fact::Loads => Line::good(
            "Nothing of the app stops a build before it compiles. What pages link to is known afterwards: \
             static-assets publish --app . --dry-run --pin",
        ),
    }
}

fn settings(to: &Destination, config: &Config) -> String {
    let version = config.version.as_ref();
    let version = version.map_or_else(
        || "the version is a hash of the files".to_owned(),
        |it| format!("version {} ({})", it.value, it.origin),
    );
    format!(
        "{to} at {}; {version}, group {}",
        to.site.public, config.group
    )
}

fn uploads(creates: Creates) -> Line {
    match creates {
        Creates::Refused => {
            Line::good("Files can be uploaded, and the store refuses to replace what exists")
        }
        Creates::Replaced | Creates::Unknown => Line::warning(
            "Files can be uploaded, but the store knows no conditional writes",
            "Builds don't rely on them: they never replace a file of another build. A program that is none of ours and writes \
             at the same moment could be replaced.",
        ),
    }
}

fn clock(ahead: TimeDelta) -> Line {
    let minutes = ahead.num_minutes();
    let (minutes, how) = (
        minutes.abs(),
        if minutes > 0 { "behind" } else { "ahead of" },
    );
    Line::warning(
        format!("This machine's clock is {minutes} min {how} the store's"),
        "Above 15 minutes, S3 refuses every request. Set the clock of the machine that builds.",
    )
}
