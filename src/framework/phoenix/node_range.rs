//! Which versions of Node.js an app asks for.

use super::buildpack_config::STATIC_CONFIG;
use super::sources::read_text;
use regex::Regex;
use semver::{Version, VersionReq};
use serde::Deserialize;
use std::path::Path;
use std::sync::LazyLock;

/// What an app says of the Node.js that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WantedNode {
    pub(crate) range: String,
    /// Where it says so, such as `.nvmrc` or `engines in package.json`.
    pub(crate) source: String,
}

impl WantedNode {
    pub(super) fn new(range: &str, source: &str) -> Self {
        let (range, source) = (range.to_owned(), source.to_owned());
        Self { range, source }
    }

    /// Reads the files of version managers in these directories, then the key of the static buildpack.
    pub(super) fn of_files(dirs: &[&Path], legacy: Option<&str>) -> Option<Self> {
        let read = |name: &str| {
            let mut dirs = dirs.iter();
            let text = dirs.find_map(|dir| read_text(&dir.join(name)).ok())?;
            Some(Self::new(text.trim(), name))
        };
        let of_tools = || {
            let Self { range, source } = read(".tool-versions")?;
            let mut lines = range.lines();
            let versions = lines.find_map(|line| line.strip_prefix("nodejs "))?;
            Some(Self::new(versions.split_whitespace().next()?, &source))
        };
        read(".nvmrc")
            .or_else(|| read(".node-version"))
            .or_else(of_tools)
            .or_else(|| Some(Self::new(legacy?, STATIC_CONFIG)))
    }

    /// Whether the app plainly asks for another major version than this one.
    pub(super) fn rejects(&self, version: &str) -> bool {
        only_major(&self.range).is_some_and(|major| only_major(version) != Some(major))
    }
}

/// The one major version that a plain range allows: `18`, `v18.12.0`, `^18.1`, `18.x`.
fn only_major(range: &str) -> Option<u32> {
    let range = range.trim().trim_start_matches(['^', '~', 'v', '=']);
    let (major, rest) = range.split_once('.').unwrap_or((range, ""));
    let is_plain =
        |part: &str| matches!(part, "x" | "*") || part.bytes().all(|byte| byte.is_ascii_digit());
    let major = major.parse().ok();
    major.filter(|_| rest.split('.').all(is_plain))
}

/// One version in the list of a distribution.
#[derive(Debug, Deserialize)]
pub(super) struct NodeRelease {
    version: String,
    files: Vec<String>,
    /// `false`, or the name of the line.
    lts: serde_json::Value,
}

/// The name of this machine's architecture in the distribution.
pub(super) const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "x64"
};

/// A range of versions as npm reads it, <https://github.com/npm/node-semver#ranges>, or a name as nvm has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NodeRange {
    /// Alternatives.
    Versions(Vec<VersionReq>),
    /// The newest version with long-term support, or the newest of the line of that name.
    Lts(Option<String>),
    Newest,
}

impl NodeRange {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        match text.as_str() {
            "" | "*" | "x" | "latest" | "node" | "current" | "stable" => Some(Self::Newest),
            "lts" | "lts/*" => Some(Self::Lts(None)),
            range => match range.strip_prefix("lts/") {
                Some(line) => Some(Self::Lts(Some(line.to_owned()))),
                None => Some(Self::Versions(
                    range.split("||").map(requirement).collect::<Option<_>>()?,
                )),
            },
        }
    }

    pub(super) fn allows(&self, version: &Version) -> bool {
        match self {
            Self::Versions(any) => any.iter().any(|one| one.matches(version)),
            Self::Lts(_) | Self::Newest => version.pre.is_empty(),
        }
    }

    /// The newest version that has a build for this machine.
    pub(super) fn newest(&self, list: &[NodeRelease]) -> Option<Version> {
        let platform = format!("linux-{ARCHITECTURE}");
        let is_of_line = |lts: &serde_json::Value| match (self, lts.as_str()) {
            (Self::Lts(None), lts) => lts.is_some(),
            (Self::Lts(Some(line)), lts) => lts.is_some_and(|lts| lts.eq_ignore_ascii_case(line)),
            (Self::Versions(_) | Self::Newest, _) => true,
        };
        list.iter()
            .filter(|release| release.files.contains(&platform) && is_of_line(&release.lts))
            .filter_map(|release| release.version.trim_start_matches('v').parse().ok())
            .filter(|version| self.allows(version))
            .max()
    }
}

/// An operator, which may be missing, and a version: `>= v18`.
static COMPARATOR: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = "([<>=^~]+[[:space:]]*|)v?([^[:space:]]+)";
    Regex::new(pattern).expect("a valid expression")
});

/// Translates one of npm's alternatives for Cargo's parser, for which a bare version allows newer ones and commas
/// join.
fn requirement(text: &str) -> Option<VersionReq> {
    let text = match text.split_once(" - ") {
        Some((from, to)) => format!(">={from} <={to}"),
        None => text.to_owned(),
    };
    let comparators = COMPARATOR.captures_iter(&text);
    let comparators = comparators.map(|found| match (found[1].trim_end(), &found[2]) {
        ("", "x" | "*") => "*".to_owned(),
        ("", version) => format!("={version}"),
        ("~>", version) => format!("~{version}"),
        (operator, version) => format!("{operator}{version}"),
    });
    VersionReq::parse(&comparators.collect::<Vec<_>>().join(", ")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Vec<NodeRelease> {
        let json = r#"[
            {"version": "v23.1.0", "lts": false, "files": ["linux-x64", "linux-arm64"]},
            {"version": "v22.11.0", "lts": "Jod", "files": ["linux-x64", "linux-arm64"]},
            {"version": "v20.18.0", "lts": "Iron", "files": ["linux-x64", "linux-arm64"]},
            {"version": "v18.20.4", "lts": "Hydrogen", "files": ["linux-x64", "linux-arm64"]},
            {"version": "v18.12.1", "lts": "Hydrogen", "files": ["linux-x64", "linux-arm64"]},
            {"version": "v16.20.2", "lts": "Gallium", "files": ["linux-x64", "linux-arm64"]},
            {"version": "v10.20.1", "lts": "Dubnium", "files": ["linux-x64"]},
            {"version": "v24.0.0", "lts": false, "files": ["osx-arm64-tar"]}
        ]"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_range_chooses_the_newest_allowed_version() {
        for (wanted, version) in [
            ("18", "18.20.4"),
            ("v18.12", "18.12.1"),
            ("18.12.1", "18.12.1"),
            ("=18.12.1", "18.12.1"),
            ("18.x", "18.20.4"),
            ("18.x.x", "18.20.4"),
            ("^16.3", "16.20.2"),
            ("~18.12.0", "18.12.1"),
            (">=18 <20", "18.20.4"),
            (">= 18.0.0 < 20", "18.20.4"),
            (">=v18 <v20", "18.20.4"),
            ("~> 18.12", "18.12.1"),
            ("17 || x", "23.1.0"),
            (">=16", "23.1.0"),
            ("<= 20", "20.18.0"),
            ("16 || 18", "18.20.4"),
            ("^16 || ^20.1", "20.18.0"),
            ("16 - 18", "18.20.4"),
            ("16.0.0 - 18.12.5", "18.12.1"),
            ("lts/*", "22.11.0"),
            ("lts/iron", "20.18.0"),
            ("lts/Hydrogen", "18.20.4"),
            ("node", "23.1.0"),
            ("*", "23.1.0"),
        ] {
            let newest = NodeRange::parse(wanted).and_then(|range| range.newest(&list()));
            assert_eq!(
                newest.map(|newest| newest.to_string()).as_deref(),
                Some(version),
                "{wanted}"
            );
        }
    }

    #[test]
    fn unmatched_and_unreadable_ranges_give_none() {
        for wanted in ["17", "lts/none", "24"] {
            assert_eq!(
                NodeRange::parse(wanted).unwrap().newest(&list()),
                None,
                "{wanted}"
            );
        }
        for wanted in ["eighteen", "18 |", "file:../node"] {
            assert_eq!(NodeRange::parse(wanted), None, "{wanted}");
        }
    }

    #[test]
    fn only_plain_ranges_name_one_major() {
        for (range, major) in [
            ("18", Some(18)),
            ("v10.20.1\n", Some(10)),
            ("^14.2", Some(14)),
            ("16.x", Some(16)),
            (">=12", None),
            ("12 || 14", None),
            ("lts/*", None),
        ] {
            assert_eq!(only_major(range), major, "{range}");
        }
    }
}
