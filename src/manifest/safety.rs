//! The safety rules: files that are never published. All files are checked before the first one is sent.

/// A file that breaks a safety rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefusedFile {
    pub(crate) path: String,
    pub(crate) violation: Violation,
}

impl RefusedFile {
    pub(crate) fn new(path: impl Into<String>, violation: Violation) -> Self {
        let path = path.into();
        Self { path, violation }
    }
}

/// Why a file is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A symbolic link to this target, which is outside the directory, a directory, or nothing.
    Link(String),
    NotAFile,
    SecretName,
    PrivateKey,
    /// The file holds a storage credential of this build.
    StorageCredential,
    /// The file holds a token of this platform.
    Token(&'static str),
    /// The file holds the value of this variable of the build.
    AppSecret(String),
    /// A database, or a dump of one.
    Database,
    /// A part of the app's own code that configures it.
    AppCode,
    /// A symbolic link to this file, which has the name of a secret.
    SecretTarget(String),
    ControlCharacter,
    NotUtf8,
    /// The path holds `..` or another name that no URL reaches.
    Segment,
    /// A segment ends in a dot, which the store drops.
    TrailingDot,
    SameAs(String),
    /// The path is too long for the store.
    TooLong,
    /// The size of the file and the limit.
    TooLarge(u64, u64),
}

impl Violation {
    /// Whether a review can allow the file. The other violations would break the store or the pages.
    pub(crate) fn can_be_allowed(&self) -> bool {
        matches!(
            self,
            Self::SecretName
                | Self::PrivateKey
                | Self::Token(_)
                | Self::AppSecret(_)
                | Self::Database
                | Self::AppCode
                | Self::SecretTarget(_)
        )
    }
}

#[rustfmt::skip]
const SECRET_NAMES: [&str; 15] = [
    ".git", ".ssh", ".aws", ".gnupg", ".svn",
    ".htpasswd", ".netrc", ".npmrc", ".pypirc", ".pgpass",
    "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "db.sqlite3",
];
const SECRET_EXTENSIONS: [&str; 5] = [".p12", ".pfx", ".jks", ".keystore", ".kdbx"];

/// What a file does wrong by its path alone, unless a review allows it.
pub(super) fn violation_of_path(path: &str) -> Option<Violation> {
    if is_secret_name(path) {
        Some(Violation::SecretName)
    } else {
        is_app_code(path).then_some(Violation::AppCode)
    }
}

/// Whether a directory or file of the path has the name of a secret.
fn is_secret_name(path: &str) -> bool {
    path.to_ascii_lowercase().split('/').any(|segment| {
        segment.starts_with(".env")
            || SECRET_NAMES.contains(&segment)
            || SECRET_EXTENSIONS.iter().any(|end| segment.ends_with(end))
    })
}

/// Whether the path is that of code that configures an app: it holds what no browser needs, and often a password.
fn is_app_code(path: &str) -> bool {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    let dir = dir.rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((stem, "py")) => stem == "manage" || stem.ends_with("settings") || dir == "settings",
        Some((stem, "exs")) => stem == "mix" || dir == "config",
        _ => false,
    }
}

/// The first bytes of databases and their dumps.
const DATABASES: [&[u8]; 5] = [
    b"SQLite format 3\0",
    b"PGDMP",
    b"--\n-- PostgreSQL database dump",
    b"-- MySQL dump ",
    b"-- MariaDB dump ",
];

/// Maps in the form of a `SQLite` file, which pages read by ranges.
const MAPS: [&str; 2] = ["mbtiles", "gpkg"];

/// Whether a file that begins so is a database that no page reads.
pub(super) fn is_database(path: &str, content: &[u8]) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    DATABASES.iter().any(|start| content.starts_with(start)) && !MAPS.contains(&extension)
}

/// Whether the file holds variables, such as `production.env`. Textures of 3D engines have that extension, too.
pub(super) fn is_env_file(path: &str, content: &[u8]) -> bool {
    let is_variable = |line: &str| {
        let name = line
            .split_once('=')
            .map_or("", |(name, _)| name.trim_start_matches("export "));
        let is_of_name =
            |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        !name.is_empty() && name.bytes().all(is_of_name)
    };
    let is_named = path.to_ascii_lowercase().ends_with(".env");
    is_named && std::str::from_utf8(content).is_ok_and(|text| text.lines().any(is_variable))
}

const KEY_STARTS: [&[u8]; 2] = [b"PRIVATE KEY-----", b"PRIVATE KEY BLOCK-----"];
/// How many characters of the key are in one line.
const KEY_LINE: usize = 40;
/// How many bytes after the first line the key may begin: an encrypted key has headers.
const KEY_HEADERS: usize = 512;

/// Whether content holds a private key in PEM or PGP's armour: the first line *and* a line of the key.
/// Libraries that read keys hold the first line alone.
pub(super) fn holds_private_key(content: &[u8]) -> bool {
    KEY_STARTS.iter().any(|start| {
        memchr::memmem::find_iter(content, start).any(|at| {
            let rest = &content[at + start.len()..];
            let rest = &rest[..rest.len().min(KEY_HEADERS)];
            // A string of a program holds its line ends as `\\n`.
            let lines = rest.split(|byte| matches!(byte, b'\n' | b'\r' | b'\\'));
            let mut lines = lines
                .skip(1)
                .map(|line| line.strip_prefix(b"n").unwrap_or(line));
            lines.any(is_key_line)
        })
    })
}

fn is_key_line(line: &[u8]) -> bool {
    let is_of_key = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    line.len() >= KEY_LINE && line[..KEY_LINE].iter().all(is_of_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for path in [
            ".env",
            "config/.env.production",
            "config/.envrc",
            ".git/config",
            "vendor/.ssh/id_rsa",
            "certs/store.P12",
            "db.sqlite3",
        ] {
            assert!(is_secret_name(path), "{path} is refused");
        }
    }

    #[test]
    fn names_that_resemble_secrets() {
        for path in [
            "js/environment.js",
            "img/git.svg",
            "js/passkeys.js",
            "fonts/key.woff2",
            "js/envelope.js",
        ] {
            assert!(!is_secret_name(path), "{path} is published");
        }
    }

    #[test]
    fn files_of_variables_are_told_from_textures() {
        for (path, content, is_env) in [
            ("x/production.env", &b"# x\nexport API_KEY=1"[..], true),
            ("studio.env", b"\x86\x16\x87\x96\xf6\xd6", false),
            ("about.env", b"no variable here", false),
            ("x.css", b"A=1", false),
        ] {
            assert_eq!(is_env_file(path, content), is_env, "{path}");
        }
        assert!(!is_database("world.mbtiles", b"SQLite format 3\0"));
    }

    #[test]
    fn private_keys_are_found_but_not_libraries() {
        let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
        for (content, holds) in [
            (format!("-----BEGIN PRIVATE KEY-----\n{body}\n"), true),
            (format!("-----BEGIN RSA PRIVATE KEY-----\r\n{body}"), true),
            (format!("k='-----BEGIN EC PRIVATE KEY-----\\n{body}'"), true),
            (
                format!(
                    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES\n\n{body}"
                ),
                true,
            ),
            (
                format!("-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 2\n\n{body}\n"),
                true,
            ),
            (
                "if(k.includes('-----BEGIN PRIVATE KEY-----'))".to_owned(),
                false,
            ),
            (format!("-----BEGIN PUBLIC KEY-----\n{body}\n"), false),
        ] {
            assert_eq!(holds_private_key(content.as_bytes()), holds, "{content}");
        }
    }
}
