//! Parses the arguments into one value for each command.

use crate::context::DryRun;
use crate::inventory::Comparison;
use crate::launch::pin::PIN_FILE;
use crate::messages::cli::{UsageError, WrongArguments};
use crate::operate::PinName;
use crate::version::Version;
use indoc::indoc;
use lexopt::prelude::*;
use std::ffi::OsString;
use std::path::PathBuf;

pub(super) enum Parsed {
    Publish(PublishArgs),
    Exec(ExecArgs),
    List(ListArgs),
    Show(ShowArgs),
    Verify(VerifyArgs),
    Pin(PinArgs),
    Unpin(PinName),
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

pub(super) struct ListArgs {
    pub(super) format: Format,
}

pub(super) struct ShowArgs {
    pub(super) version: Version,
    pub(super) format: Format,
}

pub(super) struct PinArgs {
    pub(super) pin: PinName,
    pub(super) reason: String,
}

pub(super) struct VerifyArgs {
    /// The versions to verify. Empty means all.
    pub(super) versions: Vec<Version>,
    pub(super) comparison: Comparison,
    /// Where missing files may be.
    pub(super) repair: Option<PathBuf>,
    pub(super) format: Format,
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

const VERSION: &str = concat!("static-assets ", env!("CARGO_PKG_VERSION"), "\n");

const HELP: &str = indoc! {"
    Publishes a web app's static assets under an immutable, versioned URL.

    Usage: static-assets <command> [options]

      publish      compile and upload the assets, and print or pin what the running app reads
      list         show which versions are in the store, and how large they are
      show         show the files and the builds of one version
      verify       compare the files in the store with what was published
      pin, unpin   keep a version from a later prune, and no longer
      exec         start a process of a container image with what its build pinned
      help, --help, --version

    More: static-assets <command> --help. If it is called as bin/detect or bin/build,
    it is a Cloud Native Buildpack. The stubs of its repository make it a classic Heroku buildpack.
"};

const PUBLISH_HELP: &str = indoc! {"
    Publishes static assets under a version of their own. A version is complete or invisible, and never
    overwritten.

    Usage: static-assets publish (--app DIR | --dir DIR | --prepared[=DIR]) [options]

      --app DIR        compile the assets of a Django or Phoenix app
      --dir DIR        publish a directory that is already built, such as dist/
      --prepared[=DIR] in a release phase: upload what a build with STATIC_ASSETS_PUBLISH=release saved in
                       this image, before its processes start
      --pin[=FILE]     in a Dockerfile: pin the version in this image (/etc/static-assets/pin.env) for
                       static-assets exec, and put Django's hook into the Python on PATH
      --json           print one JSON object on stdout: version, url, digest, framework, files, bytes,
                       uploaded {files, bytes}, requests {get, head, list, put}, seconds; dry_run with
                       --dry-run; prepared if the release phase uploads
      --env-file FILE  write STATIC_ASSETS_VERSION, STATIC_URL and a given RELEASE_VERSION to FILE and
                       keep its other lines
      --dry-run        show what would be uploaded; send nothing, pin nothing and write no env file. The
                       app's own commands run, and a Phoenix app is compiled in place
      --help

    Settings come from the environment. These are needed:
      STATIC_ASSETS_STORE         s3://bucket/prefix, az://container/prefix, gs://bucket/prefix or
                                  file:///directory
      STATIC_ASSETS_PUBLIC_URL    base URL under which browsers find it, unless the store has its own
    Credentials: STATIC_ASSETS_ACCESS_KEY_ID and STATIC_ASSETS_SECRET_ACCESS_KEY or AWS_*,
    AZURE_STORAGE_*, GOOGLE_*. A file may hold a secret: STATIC_ASSETS_SECRET_ACCESS_KEY_FILE=/run/secrets/key
    RELEASE_VERSION=v42 names the version. If it is unset, the version is the hash of the files.

    Examples:
      static-assets publish --dir dist --json
      static-assets publish --dir dist --env-file \"$GITHUB_ENV\"
      RUN --mount=type=secret,id=key STATIC_ASSETS_SECRET_ACCESS_KEY_FILE=/run/secrets/key … publish --app . --pin
      release: static-assets publish --prepared

    Exit codes: 0 done, 1 error, 2 arguments or settings, 5 temporary (run again), 10 no such bucket or
    directory, 11 the version exists with other content, 12 credentials missing, invalid or expired,
    13 a safety rule said no, 130 interrupted. Nothing new is visible unless the code is 0, or 1
    because the public check failed.
"};

const EXEC_HELP: &str = indoc! {"
    Becomes a process that reads what the build pinned in this image.

    Usage: static-assets exec [--pin=FILE] -- COMMAND [ARGUMENT…]

      --pin=FILE   read this file in place of /etc/static-assets/pin.env
      --help

    In a Dockerfile:
      ENTRYPOINT [\"static-assets\", \"exec\", \"--\"]
      CMD [\"gunicorn\", \"project.wsgi\"]

    STATIC_ASSETS_VERSION is the pinned version. STATIC_URL is the environment's if it is set; else the
    version under STATIC_ASSETS_PUBLIC_URL if that is set; else the pinned URL. No shell is needed.

    Exit codes: the command's own; 2 no pin file, 126 the command can't be started, 127 it does not exist.
"};

const LIST_HELP: &str = indoc! {"
    Shows which versions are in the store: one row each, the one that was built last first.

    Usage: static-assets list [--json]

      --json   print one JSON object: store, versions [{version, state, kind, files, bytes, groups, commit,
               published, built, pins}], unknown
      --help

    States: published; unfinished: a build is running, or stopped before it wrote the marker; deleting and
    deleted, by a prune; unreadable: its marker or tombstone is of a newer schema, or damaged.

    The settings are those of publish; no public URL is needed. The key must be able to list and to read
    .static-assets/ under the prefix.

    Exit codes: 0 done, 1 error, 2 arguments or settings, 5 temporary (run again), 10 no such bucket or
    directory, 12 credentials missing, invalid or without the right, 130 interrupted.
"};

const SHOW_HELP: &str = indoc! {"
    Shows the files of one version, and the builds that made it.

    Usage: static-assets show VERSION [--json]

      --json   print one JSON object: what list prints of the version, runs [{at, group, commit}], paths
               [{path, size, sha256, type}]
      --help

    Settings and exit codes are those of list; 10 also if the store has nothing of the version.
"};

const VERIFY_HELP: &str = indoc! {"
    Compares the files in the store with what the builds published: sizes, hashes and headers.

    Usage: static-assets verify (VERSION… | --all) [--read] [--repair DIR] [--json]

      --all         every published version
      --read        read every file and hash its bytes, in place of the hash that the store keeps beside it
      --repair DIR  upload what is missing from DIR, such as an image's copy: only files with the published
                    bytes, and only where nothing is
      --json        print one JSON object on stdout: versions [{version, files, bytes, unproven, problems
                    [{path, problem, header, stored, wanted}]}]. A problem is missing, size, bytes, header,
                    link: a symbolic link leads there, or foreign: a file that the marker doesn't name
      --help

    A directory keeps no hashes: without --read, its files are known by their size.
    Settings are those of list; with a bucket, the key must also be able to read the files, and for --repair
    to write.

    The log is on stderr. Exit codes: 0 nothing differs, 1 something differs or could not be compared, 10 also
    if a version is not published, and those of list.
"};

const PIN_HELP: &str = indoc! {"
    Keeps a published version from a later prune, until it is unpinned.

    Usage: static-assets pin VERSION --reason TEXT [--name NAME]
           static-assets unpin VERSION [--name NAME]

      --reason TEXT  why, for whoever finds the pin: \"rollback target of 2026\"
      --name NAME    a version may have several pins. If it is left out: manual
      --help

    A pin is the object .static-assets/pins/VERSION/NAME.json. A pin of the same name is replaced. To see the
    pins: static-assets show VERSION.

    Settings are those of list. The key of pin must be able to write, the key of unpin to delete.

    Exit codes: those of list; 5 if a prune is deleting the version, 10 if there is no such version or pin.
"};

/// The commands, each with its help.
const COMMANDS: [(&str, &str); 7] = [
    ("publish", PUBLISH_HELP),
    ("exec", EXEC_HELP),
    ("list", LIST_HELP),
    ("show", SHOW_HELP),
    ("verify", VERIFY_HELP),
    ("pin", PIN_HELP),
    ("unpin", PIN_HELP),
];

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
        Some("verify") => parse_verify(parser),
        Some("show") => parse_show(parser),
        _ => Err(UsageError::UnknownCommand(name)),
    }
}

fn parse_help(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
    let Some(Value(topic)) = parser.next()? else {
        return Ok(Parsed::Data(HELP));
    };
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

fn parse_list(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
    let mut format = Format::Log;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("json") => format = Format::Json,
            Short('h') | Long("help") => return Ok(Parsed::Data(LIST_HELP)),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Parsed::List(ListArgs { format }))
}

fn parse_show(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
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

fn parse_version(name: OsString) -> Result<Version, UsageError> {
    let parsed = name.to_str().and_then(|name| name.parse().ok());
    parsed.ok_or(UsageError::NoVersion(name))
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

fn parse_pin(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
    let Some((pin, reason)) = parse_pin_name(parser)? else {
        return Ok(Parsed::Data(PIN_HELP));
    };
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    let reason = reason.ok_or(UsageError::NoReason)?;
    Ok(Parsed::Pin(PinArgs { pin, reason }))
}

fn parse_unpin(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
    match parse_pin_name(parser)? {
        None => Ok(Parsed::Data(PIN_HELP)),
        Some((pin, None)) => Ok(Parsed::Unpin(pin)),
        Some((_, Some(_))) => Err(Long("reason").unexpected().into()),
    }
}

fn parse_verify(parser: &mut lexopt::Parser) -> Result<Parsed, UsageError> {
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
