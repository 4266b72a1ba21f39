//! The arguments, parsed into one value for each command.

use crate::publish::Intent;
use indoc::indoc;
use lexopt::prelude::*;
use std::ffi::OsString;
use std::path::PathBuf;

pub(super) enum Command {
    Publish(Publish),
    Help(&'static str),
    Version,
}

pub(super) struct Publish {
    pub(super) source: Source,
    pub(super) format: Format,
    pub(super) env_file: Option<PathBuf>,
    pub(super) intent: Intent,
}

pub(super) enum Source {
    /// An app, whose framework compiles them.
    App(PathBuf),
    /// The assets themselves.
    Dir(PathBuf),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// The log, on stderr.
    Log,
    /// One object on stdout, and the log on stderr.
    Json,
}

#[derive(Debug)]
pub(crate) enum UsageError {
    NoCommand,
    UnknownCommand(String),
    NoSource,
    TwoSources,
    /// A variable that was not set, most likely.
    EmptyFolder(&'static str),
    /// It would be published with whatever else it holds.
    EnvFileInside,
    Argument(lexopt::Error),
    /// `publish` was called, and there is nowhere to publish to.
    NoStore,
}

impl From<lexopt::Error> for UsageError {
    fn from(error: lexopt::Error) -> Self {
        Self::Argument(error)
    }
}

const HELP: &str = indoc! {"
    Publishes a web app's static assets under an immutable, versioned URL.

    Usage: static-assets <command> [options]

      publish      compile, upload, and print what the running app must find
      help, --help, --version

    static-assets publish --help tells more. Called as bin/detect and bin/build, it is a Cloud Native
    Buildpack.
"};

const PUBLISH_HELP: &str = indoc! {"
    Publishes static assets under a version of their own: complete or invisible, never overwritten.

    Usage: static-assets publish (--app DIR | --dir DIR) [options]

      --app DIR        an app: its framework (Django, Phoenix) compiles the assets
      --dir DIR        a folder that is built already, such as dist/; published as it is
      --json           print one JSON object on stdout: version, url, digest, framework, files, bytes,
                       uploaded {files, bytes}, requests {get, head, list, put}, seconds; with --dry-run
                       also dry_run
      --env-file FILE  write STATIC_ASSETS_VERSION, STATIC_URL and a given RELEASE_VERSION to FILE; its
                       other lines stay
      --dry-run        show what would be put; send nothing, write no env file. A Phoenix app is compiled
                       where it is
      --help

    Settings come from the environment. The least:
      STATIC_ASSETS_STORE         s3://bucket/prefix, az://container/prefix, gs://bucket/prefix or
                                  file:///folder
      STATIC_ASSETS_PUBLIC_URL    base URL under which browsers find it, unless the store has its own
    and credentials: STATIC_ASSETS_ACCESS_KEY_ID and STATIC_ASSETS_SECRET_ACCESS_KEY or AWS_*,
    AZURE_STORAGE_*, GOOGLE_*. A secret may be in a file: STATIC_ASSETS_SECRET_ACCESS_KEY_FILE=/run/secrets/key
    RELEASE_VERSION=v42 names the version; unset, it is made from the content.

    Examples:
      static-assets publish --dir dist --json
      static-assets publish --dir dist --env-file \"$GITHUB_ENV\"
      RUN --mount=type=secret,id=key STATIC_ASSETS_SECRET_ACCESS_KEY_FILE=/run/secrets/key … publish --app .

    Exit codes: 0 done, 1 error, 2 usage or configuration, 5 temporary (run again), 10 no such bucket or
    folder, 11 the version exists with other content, 12 credentials missing, rejected or expired,
    13 refused by a safety rule, 130 interrupted. Nothing new is visible unless it is 0, or 1 because
    the public check failed.
"};

pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, UsageError> {
    let mut parser = lexopt::Parser::from_iter(arguments);
    match parser.next()? {
        None => Err(UsageError::NoCommand),
        Some(Short('h') | Long("help")) => Ok(Command::Help(HELP)),
        Some(Short('V') | Long("version")) => Ok(Command::Version),
        Some(Value(name)) => match name.to_str() {
            Some("publish") => parse_publish(&mut parser),
            Some("help") => match parser.next()? {
                Some(Value(topic)) if topic == "publish" => Ok(Command::Help(PUBLISH_HELP)),
                _ => Ok(Command::Help(HELP)),
            },
            _ => Err(UsageError::UnknownCommand(
                name.to_string_lossy().into_owned(),
            )),
        },
        Some(other) => Err(other.unexpected().into()),
    }
}

fn folder(flag: &'static str, parser: &mut lexopt::Parser) -> Result<PathBuf, UsageError> {
    let folder = parser.value()?;
    if folder.is_empty() {
        Err(UsageError::EmptyFolder(flag))
    } else {
        Ok(folder.into())
    }
}

fn parse_publish(parser: &mut lexopt::Parser) -> Result<Command, UsageError> {
    let (mut source, mut env_file) = (None, None);
    let (mut format, mut intent) = (Format::Log, Intent::Publish);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("app" | "dir") if source.is_some() => return Err(UsageError::TwoSources),
            Long("app") => source = Some(Source::App(folder("--app", parser)?)),
            Long("dir") => source = Some(Source::Dir(folder("--dir", parser)?)),
            Long("json") => format = Format::Json,
            Long("env-file") => env_file = Some(parser.value()?.into()),
            Long("dry-run") => intent = Intent::Rehearse,
            Short('h') | Long("help") => return Ok(Command::Help(PUBLISH_HELP)),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Publish(Publish {
        source: source.ok_or(UsageError::NoSource)?,
        format,
        env_file,
        intent,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &str) -> Result<Command, UsageError> {
        let words = arguments.split_whitespace().map(OsString::from);
        parse(std::iter::once("static-assets".into()).chain(words))
    }

    #[test]
    fn valid_arguments() {
        let Ok(Command::Publish(publish)) =
            parsed("publish --dir=dist --json --env-file x.env --dry-run")
        else {
            panic!("not publish");
        };
        assert!(matches!(publish.source, Source::Dir(dir) if dir.as_os_str() == "dist"));
        assert!(publish.format == Format::Json);
        assert_eq!(publish.env_file, Some(PathBuf::from("x.env")));
        assert_eq!(publish.intent, Intent::Rehearse);
        assert!(matches!(parsed("publish --app ."), Ok(Command::Publish(_))));
        assert!(
            matches!(parsed("publish --help"), Ok(Command::Help(text)) if text == PUBLISH_HELP)
        );
        assert!(matches!(parsed("help publish"), Ok(Command::Help(text)) if text == PUBLISH_HELP));
        assert!(matches!(parsed("--help"), Ok(Command::Help(text)) if text == HELP));
        assert!(matches!(parsed("--version"), Ok(Command::Version)));
    }

    #[test]
    fn invalid_arguments() {
        assert!(matches!(parsed(""), Err(UsageError::NoCommand)));
        let unknown = parsed("upload");
        assert!(matches!(unknown, Err(UsageError::UnknownCommand(name)) if name == "upload"));
        assert!(matches!(parsed("publish"), Err(UsageError::NoSource)));
        for empty in ["publish --dir=", "publish --app="] {
            assert!(matches!(parsed(empty), Err(UsageError::EmptyFolder(_))));
        }
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
