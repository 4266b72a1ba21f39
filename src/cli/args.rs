//! Parses the arguments into one value for each command.

mod operate;

use super::help::{COMMANDS, EXEC_HELP, HELP, PUBLISH_HELP, VERSION};
use crate::context::DryRun;
use crate::launch::pin::PIN_FILE;
use crate::messages::cli::{UsageError, WrongArguments};
use crate::operate::PinName;
use crate::version::Version;
use lexopt::prelude::*;
pub(super) use operate::{
    CheckArgs, DoctorArgs, InUseArg, ListArgs, PinArgs, PruneArgs, ShowArgs, VerifyArgs,
};
use operate::{
    parse_check, parse_discard, parse_doctor, parse_list, parse_pin, parse_prune, parse_show,
    parse_unpin, parse_verify,
};
use std::ffi::OsString;
use std::path::PathBuf;

pub(super) enum Parsed {
    /// `help settings`.
    Settings,
    Publish(PublishArgs),
    Exec(ExecArgs),
    List(ListArgs),
    Show(ShowArgs),
    Verify(VerifyArgs),
    Pin(PinArgs),
    Unpin(PinName),
    Prune(PruneArgs),
    /// The versions to discard.
    Discard(Vec<Version>),
    Doctor(DoctorArgs),
    Check(CheckArgs),
    /// A text for stdout.
    Data(&'static str),
}

pub(super) struct PublishArgs {
    pub(super) source: AssetSource,
    pub(super) format: Format,
    pub(super) env_file: Option<PathBuf>,
    /// Where the processes of the image that is being built find the pin.
    pub(super) pin: Option<PathBuf>,
    pub(super) dry_run: DryRun,
}

/// The process that `exec` becomes.
pub(super) struct ExecArgs {
    pub(super) pin: PathBuf,
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
}

pub(super) enum AssetSource {
    /// An app whose framework compiles the assets.
    App(PathBuf),
    /// The assets themselves, already built.
    Dir(PathBuf),
    /// What a build saved for the release phase; `None` means the directory that the build chose.
    Prepared(Option<PathBuf>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A text for people.
    Log,
    /// One object on stdout.
    Json,
}

pub(super) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Parsed, WrongArguments> {
    let mut command = None;
    let parsed = parse_command(&mut lexopt::Parser::from_iter(arguments), &mut command);
    parsed.map_err(|error| WrongArguments { command, error })
}

/// Parses the command and its arguments. `command` becomes its name once that is known.
fn parse_command(
    parser: &mut lexopt::Parser,
    command: &mut Option<&'static str>,
) -> Result<Parsed, UsageError> {
    let name = match parser.next()? {
        None => return Err(UsageError::NoCommand),
        Some(Short('h') | Long("help")) => return Ok(Parsed::Data(HELP)),
        Some(Short('V') | Long("version")) => return Ok(Parsed::Data(VERSION)),
        Some(Value(name)) if name == "help" => return parse_help(parser),
        Some(Value(name)) => name,
        Some(other) => return Err(other.unexpected().into()),
    };
    let known = COMMANDS.iter().find(|(known, _)| name == *known);
    *command = known.map(|(known, _)| *known);
    match *command {
        Some("publish") => parse_publish(parser),
        Some("exec") => parse_exec(parser),
        Some("list") => parse_list(parser),
        Some("pin") => parse_pin(parser),
        Some("unpin") => parse_unpin(parser),
        Some("prune") => parse_prune(parser),
        Some("check") => parse_check(parser),
        Some("doctor") => parse_doctor(parser),
        Some("discard") => parse_discard(parser),
        Some("verify") => parse_verify(parser),
        Some("show") => parse_show(parser),
        _ => Err(UsageError::UnknownCommand(name)),
    }
}

fn parse_help(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
    let Some(Value(topic)) = parser.next()? else {
        return Ok(Parsed::Data(HELP));
    };
    if let Some(more) = parser.next()? {
        return Err(more.unexpected().into());
    }
    if topic == "settings" {
        return Ok(Parsed::Settings);
    }
    let help = COMMANDS.iter().find(|(name, _)| topic == *name);
    let help = help.map(|(_, help)| Parsed::Data(help));
    help.ok_or(UsageError::UnknownCommand(topic))
}

/// Refuses an empty path: the variable that should hold it is not set.
fn path(flag: &'static str, value: OsString) -> Result<PathBuf, UsageError> {
    let path = Some(value).filter(|value| !value.is_empty());
    path.map(PathBuf::from).ok_or(UsageError::EmptyDir(flag))
}

/// Parses `exec`. What follows `--`, or the first word that is not an option, belongs to the command.
fn parse_exec(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
    let mut pin = PathBuf::from(PIN_FILE);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("pin") => pin = path("--pin", parser.value()?)?,
            Short('h') | Long("help") => return Ok(Parsed::Data(EXEC_HELP)),
            Value(program) => {
                let arguments = parser.raw_args()?.collect();
                return Ok(Parsed::Exec(ExecArgs {
                    pin,
                    program,
                    arguments,
                }));
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Err(UsageError::NothingToExec)
}

fn parse_version(name: OsString) -> Result<Version, UsageError> {
    let parsed = name.to_str().and_then(|name| name.parse().ok());
    parsed.ok_or(UsageError::NoVersion(name))
}

fn parse_publish(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
    let (mut source, mut env_file, mut pin) = (None, None, None);
    let (mut format, mut dry_run) = (Format::Log, DryRun::No);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("app" | "dir" | "prepared") if source.is_some() => {
                return Err(UsageError::TwoSources);
            }
            Long("app") => source = Some(AssetSource::App(path("--app", parser.value()?)?)),
            Long("dir") => source = Some(AssetSource::Dir(path("--dir", parser.value()?)?)),
            Long("prepared") => {
                let dir = parser.optional_value();
                let dir = dir.map(|dir| path("--prepared", dir)).transpose()?;
                source = Some(AssetSource::Prepared(dir));
            }
            Long("pin") => {
                let file = parser.optional_value();
                pin = Some(path("--pin", file.unwrap_or_else(|| PIN_FILE.into()))?);
            }
            Long("json") => format = Format::Json,
            Long("env-file") => env_file = Some(parser.value()?.into()),
            Long("dry-run") => dry_run = DryRun::Yes,
            Short('h') | Long("help") => return Ok(Parsed::Data(PUBLISH_HELP)),
            other => return Err(other.unexpected().into()),
        }
    }
    let source = source.ok_or(UsageError::NoSource)?;
    let pin_text = pin.as_ref().map(|pin| pin.to_str().unwrap_or("\n"));
    if pin_text.is_some_and(|pin| pin.contains(['\n', '\r'])) {
        return Err(UsageError::PinPath);
    }
    if matches!(source, AssetSource::Prepared(_)) && pin.is_some() {
        return Err(UsageError::PinOfPrepared);
    }
    Ok(Parsed::Publish(PublishArgs {
        source,
        format,
        env_file,
        pin,
        dry_run,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Comparison;
    use std::path::Path;

    fn parsed(arguments: &str) -> Result<Parsed, UsageError> {
        let words = arguments.split_whitespace().map(OsString::from);
        let parsed = parse(std::iter::once("static-assets".into()).chain(words));
        parsed.map_err(|wrong| wrong.error)
    }

    #[test]
    fn valid_arguments() {
        let Ok(Parsed::Publish(publish)) =
            parsed("publish --dir=dist --json --env-file x.env --dry-run")
        else {
            panic!("not publish");
        };
        assert!(matches!(publish.source, AssetSource::Dir(dir) if dir.as_os_str() == "dist"));
        assert!(publish.format == Format::Json);
        assert_eq!(publish.env_file, Some(PathBuf::from("x.env")));
        assert_eq!(publish.dry_run, DryRun::Yes);
        assert!(matches!(parsed("publish --app ."), Ok(Parsed::Publish(_))));
        assert!(matches!(parsed("publish --help"), Ok(Parsed::Data(text)) if text == PUBLISH_HELP));
        assert!(matches!(parsed("help publish"), Ok(Parsed::Data(text)) if text == PUBLISH_HELP));
        assert!(matches!(parsed("--help"), Ok(Parsed::Data(text)) if text == HELP));
        assert!(matches!(parsed("--version"), Ok(Parsed::Data(text)) if text == VERSION));
    }

    #[test]
    fn what_follows_the_command_of_exec_is_its_own() {
        let words = |exec: ExecArgs| {
            let all = std::iter::once(exec.program).chain(exec.arguments);
            all.map(|word| word.into_string().unwrap())
                .collect::<Vec<_>>()
        };
        for arguments in ["exec -- sh -c --help", "exec sh -c --help"] {
            let Ok(Parsed::Exec(exec)) = parsed(arguments) else {
                panic!("not exec");
            };
            assert_eq!(exec.pin, Path::new(PIN_FILE));
            assert_eq!(words(exec), ["sh", "-c", "--help"], "{arguments}");
        }
        let Ok(Parsed::Exec(exec)) = parsed("exec --pin=/x -- -odd --") else {
            panic!("not exec");
        };
        assert_eq!(exec.pin, Path::new("/x"));
        assert_eq!(words(exec), ["-odd", "--"]);
        assert!(matches!(parsed("exec --"), Err(UsageError::NothingToExec)));
        assert!(matches!(parsed("exec"), Err(UsageError::NothingToExec)));
        assert!(matches!(parsed("help exec"), Ok(Parsed::Data(text)) if text == EXEC_HELP));
    }

    #[test]
    fn prepared_and_pin_have_places_of_their_own() {
        let Ok(Parsed::Publish(publish)) = parsed("publish --app . --pin") else {
            panic!("not publish");
        };
        assert_eq!(publish.pin.as_deref(), Some(Path::new(PIN_FILE)));
        for (arguments, folder) in [
            ("publish --prepared", None),
            ("publish --prepared=/x --json", Some(Path::new("/x"))),
        ] {
            let Ok(Parsed::Publish(publish)) = parsed(arguments) else {
                panic!("not publish");
            };
            assert!(
                matches!(publish.source, AssetSource::Prepared(found) if found.as_deref() == folder)
            );
        }
        let pinned = parsed("publish --prepared --pin");
        assert!(matches!(pinned, Err(UsageError::PinOfPrepared)));
    }

    #[test]
    fn every_command_has_help() {
        for (name, help) in COMMANDS {
            for arguments in [format!("help {name}"), format!("{name} --help")] {
                assert!(
                    matches!(parsed(&arguments), Ok(Parsed::Data(text)) if text == help),
                    "{arguments}"
                );
            }
            let line = HELP
                .lines()
                .find(|line| line.trim_start().split([' ', ',']).any(|it| it == name));
            assert!(line.is_some(), "{name}");
        }
    }

    #[test]
    fn a_version_is_shown_by_its_name() {
        let Ok(Parsed::Show(show)) = parsed("show v42 --json") else {
            panic!("not show");
        };
        assert_eq!(show.version.as_str(), "v42");
        assert!(show.format == Format::Json);
        assert!(matches!(parsed("show"), Err(UsageError::VersionMissing)));
        assert!(matches!(parsed("show a/b"), Err(UsageError::NoVersion(_))));
        assert!(matches!(parsed("show a b"), Err(UsageError::Argument(_))));
        assert!(matches!(parsed("list --json"), Ok(Parsed::List(_))));
        let Ok(Parsed::Verify(verify)) = parsed("verify v1 v2 --read") else {
            panic!("not verify");
        };
        assert_eq!(
            (verify.versions.len(), verify.comparison),
            (2, Comparison::Read)
        );
        assert!(
            matches!(parsed("verify --all"), Ok(Parsed::Verify(args)) if args.versions.is_empty())
        );
        let Ok(Parsed::Pin(args)) = parsed("pin v1 --reason rollback") else {
            panic!("not pin");
        };
        assert_eq!(
            (args.pin.name.as_str(), &*args.reason),
            ("manual", "rollback")
        );
        assert!(matches!(parsed("pin v1"), Err(UsageError::NoReason)));
        assert!(matches!(parsed("unpin v1 --name a"), Ok(Parsed::Unpin(_))));
        assert!(matches!(
            parsed("unpin v1 --reason a"),
            Err(UsageError::Argument(_))
        ));
        for arguments in ["verify", "verify v1 --all"] {
            assert!(matches!(parsed(arguments), Err(UsageError::VersionsOrAll)));
        }
    }

    #[test]
    fn invalid_arguments() {
        assert!(matches!(parsed(""), Err(UsageError::NoCommand)));
        let unknown = parsed("upload");
        assert!(matches!(unknown, Err(UsageError::UnknownCommand(name)) if name == "upload"));
        assert!(matches!(
            parsed("help upload"),
            Err(UsageError::UnknownCommand(_))
        ));
        assert!(matches!(parsed("publish"), Err(UsageError::NoSource)));
        for empty in ["publish --dir=", "publish --app="] {
            assert!(matches!(parsed(empty), Err(UsageError::EmptyDir(_))));
        }
        let arguments = ["static-assets", "publish", "--app=.", "--pin=/a\nb"].map(OsString::from);
        assert!(
            matches!(parse(arguments), Err(wrong) if matches!(wrong.error, UsageError::PinPath))
        );
        let two = parsed("publish --app . --dir dist");
        assert!(matches!(two, Err(UsageError::TwoSources)));
        for arguments in [
            "publish --dir",
            "publish dist",
            "--force",
            "publish --dir x --force",
        ] {
            let parsed = parsed(arguments);
            assert!(
                matches!(parsed, Err(UsageError::Argument(_))),
                "{arguments}"
            );
        }
    }
}
