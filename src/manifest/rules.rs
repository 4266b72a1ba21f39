//! The rules of a scan: the settings of the app and the limits of the store.

use super::{AppSecrets, VersionKind};
use crate::prefix::{NameRules, StoreUrl};
use crate::redaction::Redaction;
use crate::version::Version;
use std::collections::BTreeSet;
use std::str::FromStr;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SourceMaps {
    #[default]
    Publish,
    Exclude,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Empty {
    #[default]
    Refused,
    Allowed,
}

/// What may be published. It has no `Debug`, because it holds the build's secrets.
#[derive(Clone, Default)]
pub(crate) struct ScanRules {
    pub(crate) allowed: Allowed,
    pub(crate) empty: Empty,
    pub(crate) source_maps: SourceMaps,
    /// The storage credentials.
    pub(crate) secrets: Redaction,
    pub(crate) app_secrets: AppSecrets,
    /// Compressed files that the compile made of other files.
    pub(crate) by_products: BTreeSet<String>,
    /// Files that only the framework reads.
    pub(crate) unpublished: BTreeSet<String>,
    /// The store's limit for one file, in bytes.
    pub(crate) largest: Option<u64>,
    pub(crate) names: NameRules,
}

impl ScanRules {
    /// Adds the limits of a store for files of this version.
    pub(crate) fn for_store(&self, store: &StoreUrl, version: &Version, kind: VersionKind) -> Self {
        Self {
            largest: match kind {
                VersionKind::Digest => store.largest_file(),
                VersionKind::Explicit => store.largest_put(),
            },
            names: store.name_rules(version),
            ..self.clone()
        }
    }
}

/// `STATIC_ASSETS_ALLOW`: files that somebody has reviewed and that may be published. Globs, separated by spaces,
/// commas or lines. `*` stands for anything in a segment, `**` for anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allowed(Vec<String>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParseAllowedError(pub(crate) String);

impl Allowed {
    pub(crate) fn everything() -> Self {
        Self(vec!["**".to_owned()])
    }

    pub(crate) fn allows(&self, path: &str) -> bool {
        let path = path.as_bytes();
        self.0.iter().any(|glob| matches(glob.as_bytes(), path))
    }

    /// Whether a file under `dir` may be allowed.
    pub(crate) fn reaches_into(&self, dir: &str) -> bool {
        let under = format!("{dir}/");
        let mut globs = self.0.iter();
        globs.any(|glob| glob.starts_with(&under) || glob.starts_with("**/"))
    }
}

impl FromStr for Allowed {
    type Err = ParseAllowedError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let globs = text.split([',', ' ', '\n', '\t', '\r']);
        let globs = globs.filter(|glob| !glob.is_empty()).map(str::to_owned);
        let globs: Vec<String> = globs.collect();
        let is_too_wide = |glob: &&String| {
            glob.matches("**").count() > 2 || glob.bytes().all(|byte| b"*/.".contains(&byte))
        };
        match globs.iter().find(is_too_wide) {
            Some(glob) => Err(ParseAllowedError(glob.clone())),
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
