//! Parses the arguments of the commands about a store and a page.

use super::{Format, Parsed, parse_version, path};
use crate::cli::help::{
    CHECK_HELP, DISCARD_HELP, DOCTOR_HELP, LIST_HELP, PIN_HELP, PRUNE_HELP, SHOW_HELP, VERIFY_HELP,
};
use crate::config::RetentionFlags;
use crate::inventory::Comparison;
use crate::messages::cli::UsageError;
use crate::operate::{Apply, Force, PinName};
use crate::version::Version;
use lexopt::prelude::*;
use std::ffi::OsString;
use std::path::PathBuf;
use url::Url;

pub(in crate::cli) struct ListArgs {
    pub(in crate::cli) format: Format,
    /// The page to write in place of a table.
    pub(in crate::cli) html: Option<PathBuf>,
    pub(in crate::cli) retention: RetentionFlags,
}

pub(in crate::cli) struct ShowArgs {
    pub(in crate::cli) version: Version,
    pub(in crate::cli) format: Format,
}

pub(in crate::cli) struct PinArgs {
    pub(in crate::cli) pin: PinName,
    pub(in crate::cli) reason: String,
}

pub(in crate::cli) struct CheckArgs {
    /// Of the page.
    pub(in crate::cli) url: String,
    pub(in crate::cli) format: Format,
}

pub(in crate::cli) struct DoctorArgs {
    pub(in crate::cli) app: Option<PathBuf>,
    /// What is published as it is, in place of an app.
    pub(in crate::cli) dir: Option<PathBuf>,
    pub(in crate::cli) format: Format,
}

pub(in crate::cli) struct PruneArgs {
    pub(in crate::cli) retention: RetentionFlags,
    pub(in crate::cli) in_use: Vec<InUseArg>,
    pub(in crate::cli) apply: Apply,
    pub(in crate::cli) force: Force,
    pub(in crate::cli) format: Format,
}

/// What says which versions are in use.
pub(in crate::cli) enum InUseArg {
    /// The page at this URL.
    Page(String),
    Stdin,
}

pub(in crate::cli) struct VerifyArgs {
    /// The versions to verify. Empty means all.
    pub(in crate::cli) versions: Vec<Version>,
    pub(in crate::cli) comparison: Comparison,
    /// Where missing files may be.
    pub(in crate::cli) repair: Option<PathBuf>,
    pub(in crate::cli) format: Format,
}

pub(super) fn parse_list(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
    let (mut format, mut html) = (Format::Log, None);
    let mut retention = RetentionFlags::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("json") => format = Format::Json,
            Long("html") => html = Some(path("--html", parser.value()?)?),
            Long("keep-last") => retention.keep_last = Some(parser.value()?.string()?),
            Long("keep-within") => retention.keep_within = Some(parser.value()?.string()?),
            Short('h') | Long("help") => return Ok(Parsed::Data(LIST_HELP)),
            other => return Err(other.unexpected().into()),
        }
    }
    let has_policy = retention.keep_last.is_some() || retention.keep_within.is_some();
    if html.is_none() && has_policy || html.is_some() && format == Format::Json {
        return Err(UsageError::PolicyOfPage);
    }
    Ok(Parsed::List(ListArgs {
        format,
        html,
        retention,
    }))
}

pub(super) fn parse_show(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
    let (mut format, mut version) = (Format::Log, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Value(name) if version.is_none() => version = Some(parse_version(name)?),
            Long("json") => format = Format::Json,
            Short('h') | Long("help") => return Ok(Parsed::Data(SHOW_HELP)),
            other => return Err(other.unexpected().into()),
        }
    }
    let version = version.ok_or(UsageError::VersionMissing)?;
    Ok(Parsed::Show(ShowArgs { version, format }))
}

/// `None` if help is asked for.
fn parse_pin_name(
    parser: &mut lexopt::Parser,
) -> Result<Option<(PinName, Option<String>)>, UsageError> {
    let (mut version, mut name, mut reason) = (None, None, None);
    while let Some(argument) = parser.next()? {
        match argument {
            Value(name) if version.is_none() => version = Some(parse_version(name)?),
            Long("name") => name = Some(parse_version(parser.value()?)?),
            Long("reason") => reason = Some(parser.value()?.string()?),
            Short('h') | Long("help") => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    let name = name.map_or_else(|| parse_version("manual".into()), Ok)?;
    let version = version.ok_or(UsageError::VersionMissing)?;
    Ok(Some((PinName { version, name }, reason)))
}

pub(super) fn parse_pin(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
    let Some((pin, reason)) = parse_pin_name(parser)? else {
        return Ok(Parsed::Data(PIN_HELP));
    };
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    let reason = reason.ok_or(UsageError::NoReason)?;
    Ok(Parsed::Pin(PinArgs { pin, reason }))
}

pub(super) fn parse_unpin(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
    match parse_pin_name(parser)? {
        None => Ok(Parsed::Data(PIN_HELP)),
        Some((pin, None)) => Ok(Parsed::Unpin(pin)),
        Some((_, Some(_))) => Err(Long("reason").unexpected().into()),
    }
}

pub(super) fn parse_check(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
    let (mut url, mut format) = (None, Format::Log);
    while let Some(argument) = parser.next()? {
        match argument {
            Value(value) if url.is_none() => url = Some(value.string()?),
            Long("json") => format = Format::Json,
            Short('h') | Long("help") => return Ok(Parsed::Data(CHECK_HELP)),
            other => return Err(other.unexpected().into()),
        }
    }
    let url = url.ok_or(UsageError::PageMissing)?;
    if !is_page(&url)? {
        return Err(UsageError::PageMissing);
    }
    Ok(Parsed::Check(CheckArgs { url, format }))
}

pub(super) fn parse_doctor(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
    let (mut app, mut dir, mut format) = (None, None, Format::Log);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("app" | "dir") if app.is_some() || dir.is_some() => {
                return Err(UsageError::TwoSources);
            }
            Long("app") => app = Some(path("--app", parser.value()?)?),
            Long("dir") => dir = Some(path("--dir", parser.value()?)?),
            Long("json") => format = Format::Json,
            Short('h') | Long("help") => return Ok(Parsed::Data(DOCTOR_HELP)),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Parsed::Doctor(DoctorArgs { app, dir, format }))
}

/// Whether a text is the URL of a page. A password in it would be shown by every error.
fn is_page(text: &str) -> Result<bool, UsageError> {
    let Ok(url) = Url::parse(text) else {
        return Ok(false);
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UsageError::PasswordInUrl);
    }
    Ok(matches!(url.scheme(), "http" | "https"))
}

pub(super) fn parse_prune(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
    let (mut retention, mut in_use) = (RetentionFlags::default(), Vec::new());
    let (mut apply, mut force, mut format) = (Apply::No, Force::No, Format::Log);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("keep-last") => retention.keep_last = Some(parser.value()?.string()?),
            Long("keep-within") => retention.keep_within = Some(parser.value()?.string()?),
            Long("in-use") => in_use.push(parse_in_use(parser.value()?)?),
            Long("apply") => apply = Apply::Yes,
            Long("force") => force = Force::Yes,
            Long("json") => format = Format::Json,
            Short('h') | Long("help") => return Ok(Parsed::Data(PRUNE_HELP)),
            other => return Err(other.unexpected().into()),
        }
    }
    if force == Force::Yes && apply == Apply::No {
        return Err(UsageError::NothingToForce);
    }
    Ok(Parsed::Prune(PruneArgs {
        retention,
        in_use,
        apply,
        force,
        format,
    }))
}

fn parse_in_use(value: OsString) -> Result<InUseArg, UsageError> {
    match value.to_str() {
        Some("-") => Ok(InUseArg::Stdin),
        Some(url) if is_page(url)? => Ok(InUseArg::Page(url.to_owned())),
        _ => Err(UsageError::InUse(value)),
    }
}

pub(super) fn parse_discard(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
    let mut versions = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Value(name) => versions.push(parse_version(name)?),
            Short('h') | Long("help") => return Ok(Parsed::Data(DISCARD_HELP)),
            other => return Err(other.unexpected().into()),
        }
    }
    if versions.is_empty() {
        return Err(UsageError::VersionMissing);
    }
    Ok(Parsed::Discard(versions))
}

pub(super) fn parse_verify(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
    let (mut versions, mut all, mut repair) = (Vec::new(), false, None);
    let (mut format, mut comparison) = (Format::Log, Comparison::Head);
    while let Some(argument) = parser.next()? {
        match argument {
            Value(name) => versions.push(parse_version(name)?),
            Long("all") => all = true,
            Long("repair") => repair = Some(path("--repair", parser.value()?)?),
            Long("read") => comparison = Comparison::Read,
            Long("json") => format = Format::Json,
            Short('h') | Long("help") => return Ok(Parsed::Data(VERIFY_HELP)),
            other => return Err(other.unexpected().into()),
        }
    }
    if all != versions.is_empty() {
        return Err(UsageError::VersionsOrAll);
    }
    Ok(Parsed::Verify(VerifyArgs {
        versions,
        comparison,
        repair,
        format,
    }))
}
