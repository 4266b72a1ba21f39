//! What is never published. Each refusal names the file; nothing has been sent by then.

use std::str::FromStr;

/// Why a file is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A symbolic link to something outside the folder, to a folder, or to nothing.
    Link {
        target: String,
    },
    NotAFile,
    SecretName,
    PrivateKey,
    /// A storage credential of this very build.
    StorageCredential,
    ControlCharacter,
    NotUtf8,
    /// `..`, or a name that no URL reaches.
    Segment,
    /// A segment that ends in a dot, which the store drops.
    TrailingDot,
    SameAs {
        other: String,
    },
    /// Of a name.
    TooLong,
    TooLarge {
        size: u64,
    },
}

impl Violation {
    /// A reviewed file passes these; the others would break the store or the pages.
    pub(crate) fn can_be_allowed(&self) -> bool {
        matches!(self, Self::SecretName | Self::PrivateKey)
    }
}

const SECRET_FOLDERS: [&str; 5] = [".git", ".ssh", ".aws", ".gnupg", ".svn"];
const SECRET_FILES: [&str; 10] = [
    ".htpasswd",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "db.sqlite3",
];
const SECRET_EXTENSIONS: [&str; 5] = [".p12", ".pfx", ".jks", ".keystore", ".kdbx"];

/// Whether a name says that the file is a secret.
pub(crate) fn is_secret_name(path: &str) -> bool {
    path.split('/').any(|segment| {
        let segment = segment.to_ascii_lowercase();
        segment.starts_with(".env")
            || SECRET_FOLDERS.contains(&segment.as_str())
            || SECRET_FILES.contains(&segment.as_str())
            || SECRET_EXTENSIONS
                .iter()
                .any(|extension| segment.ends_with(extension))
    })
}

const KEY_STARTS: [&[u8]; 2] = [b"PRIVATE KEY-----", b"PRIVATE KEY BLOCK-----"];
/// Characters of the key itself in one line.
const KEY_LINE: usize = 40;
/// How far behind its start a key's own lines begin: an encrypted one has headers first.
const KEY_HEADERS: usize = 512;

/// Whether content holds a private key in PEM or PGP's armour: the first line *and* a line of the key,
/// since libraries that read keys hold the first line alone.
pub(crate) fn holds_private_key(content: &[u8]) -> bool {
    KEY_STARTS.iter().any(|start| {
        memchr::memmem::find_iter(content, start).any(|at| {
            let rest = &content[at + start.len()..];
            let rest = &rest[..rest.len().min(KEY_HEADERS)];
            // In a string of a program, the line ends are written `\\n`.
            rest.split(|byte| matches!(byte, b'\n' | b'\r' | b'\\'))
                .skip(1)
                .map(|line| line.strip_prefix(b"n").unwrap_or(line))
                .any(is_key_line)
        })
    })
}

fn is_key_line(line: &[u8]) -> bool {
    let of_key = line
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
        .count();
    of_key >= KEY_LINE
}

/// `STATIC_ASSETS_ALLOW`: globs of reviewed files, separated by spaces, commas or lines.
/// `*` stands for anything within a segment, `**` for anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allowed(Vec<String>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParseAllowedError(pub(crate) String);

impl Allowed {
    pub(crate) fn everything() -> Self {
        Self(vec!["**".to_owned()])
    }

    pub(crate) fn allows(&self, path: &str) -> bool {
        self.0
            .iter()
            .any(|glob| matches(glob.as_bytes(), path.as_bytes()))
    }

    /// Whether a file below `folder` may be allowed.
    pub(crate) fn reaches_into(&self, folder: &str) -> bool {
        let below = format!("{folder}/");
        self.0
            .iter()
            .any(|glob| glob.starts_with(&below) || glob.starts_with("**/"))
    }
}

impl FromStr for Allowed {
    type Err = ParseAllowedError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let globs: Vec<String> = text
            .split([',', ' ', '\n', '\t', '\r'])
            .filter(|glob| !glob.is_empty())
            .map(str::to_owned)
            .collect();
        let is_too_wide = |glob: &&String| {
            glob.matches("**").count() > 2 || glob.bytes().all(|byte| b"*/.".contains(&byte))
        };
        match globs.iter().find(is_too_wide) {
            Some(everything) => Err(ParseAllowedError(everything.clone())),
            None => Ok(Self(globs)),
        }
    }
}

fn matches(glob: &[u8], path: &[u8]) -> bool {
    match glob {
        [] => path.is_empty(),
        [b'*', b'*', b'/', rest @ ..] if matches(rest, path) => true,
        [b'*', b'*', rest @ ..] => (0..=path.len()).any(|skipped| matches(rest, &path[skipped..])),
        [b'*', rest @ ..] => {
            let segment = path.iter().take_while(|byte| **byte != b'/').count();
            (0..=segment).any(|skipped| matches(rest, &path[skipped..]))
        }
        [first, rest @ ..] => path
            .split_first()
            .is_some_and(|(byte, path)| byte == first && matches(rest, path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_names() {
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
    fn names_that_only_look_like_secrets() {
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
    fn private_keys_and_the_libraries_that_read_them() {
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

    #[test]
    fn allowed_globs() {
        let allowed: Allowed = "demo/*.p12, **/id_rsa docs/**".parse().unwrap();
        for (path, allows) in [
            ("demo/a.p12", true),
            ("demo/b/a.p12", false),
            ("x/y/id_rsa", true),
            ("id_rsa", true),
            ("docs/a/b.key", true),
            ("other/.env", false),
        ] {
            assert_eq!(allowed.allows(path), allows, "{path}");
        }
        for everything in [
            "**",
            "*",
            "***",
            "**/**",
            "*/**",
            "**/*.*",
            "**/a/**/b/**/c",
        ] {
            assert!(everything.parse::<Allowed>().is_err(), "{everything}");
        }
    }
}
