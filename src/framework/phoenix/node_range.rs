//! Which version of Node.js an app's words mean, of those that a distribution lists.

use semver::{Version, VersionReq};
use serde::Deserialize;

/// What there is of one version.
#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    version: String,
    files: Vec<String>,
    /// `false`, or a name.
    lts: serde_json::Value,
}

/// As the distribution names it.
pub(super) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "x64",
    }
}

/// Which versions do: <https://github.com/npm/node-semver#ranges>, and the names that nvm has.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// One of these.
    Versions(Vec<VersionReq>),
    /// The newest with long-term support, or of the line of that name.
    Lts(Option<String>),
    Newest,
}

impl Range {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match text.to_ascii_lowercase().as_str() {
            "" | "*" | "x" | "latest" | "node" | "current" | "stable" => Some(Self::Newest),
            "lts" | "lts/*" => Some(Self::Lts(None)),
            name if name.starts_with("lts/") => Some(Self::Lts(Some(name[4..].to_owned()))),
            _ => text
                .split("||")
                .map(requirement)
                .collect::<Option<_>>()
                .map(Self::Versions),
        }
    }

    pub(super) fn allows(&self, version: &Version) -> bool {
        match self {
            Self::Versions(any) => any.iter().any(|one| one.matches(version)),
            Self::Lts(_) | Self::Newest => version.pre.is_empty(),
        }
    }

    pub(super) fn newest(&self, list: &[Listed]) -> Option<Version> {
        let platform = format!("linux-{}", architecture());
        let line = |listed: &&Listed| match self {
            Self::Lts(None) => listed.lts.is_string(),
            Self::Lts(Some(name)) => {
                let lts = listed.lts.as_str();
                lts.is_some_and(|lts| lts.eq_ignore_ascii_case(name))
            }
            Self::Versions(_) | Self::Newest => true,
        };
        list.iter()
            .filter(|listed| listed.files.contains(&platform))
            .filter(line)
            .filter_map(|listed| listed.version.trim_start_matches('v').parse().ok())
            .filter(|version| self.allows(version))
            .max()
    }
}

/// One alternative of npm's in the form of Cargo's, where a version alone means what follows it, and commas join.
fn requirement(text: &str) -> Option<VersionReq> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if let [from, "-", to] = words[..] {
        return VersionReq::parse(&format!(">={}, <={}", bare(from), bare(to))).ok();
    }
    let mut joined: Vec<String> = Vec::new();
    for word in words {
        match joined.last_mut() {
            // `>= 18`
            Some(last) if last.ends_with(['<', '>', '=', '^', '~']) => last.push_str(bare(word)),
            _ => joined.push(comparator(word)),
        }
    }
    VersionReq::parse(&joined.join(", ")).ok()
}

fn comparator(word: &str) -> String {
    let version = word.trim_start_matches(['<', '>', '=', '^', '~']);
    let operator = &word[..word.len() - version.len()];
    let version = bare(version);
    match operator {
        "" if version.split('.').count() == 3 && !version.contains(['x', 'X', '*']) => {
            format!("={version}")
        }
        "" if version.contains(['x', 'X', '*']) => version.to_owned(),
        "" if !version.is_empty() => format!("{version}.*"),
        "~>" => format!("~{version}"),
        operator => format!("{operator}{version}"),
    }
}

fn bare(version: &str) -> &str {
    version.trim_start_matches(['v', 'V'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Vec<Listed> {
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
    fn ranges_choose_the_newest_version_that_they_allow() {
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
            let newest = Range::parse(wanted).and_then(|range| range.newest(&list()));
            assert_eq!(
                newest.map(|newest| newest.to_string()).as_deref(),
                Some(version),
                "{wanted}"
            );
        }
    }

    #[test]
    fn what_no_version_is_or_no_range_gives_none() {
        for wanted in ["17", "lts/none", "24"] {
            assert_eq!(
                Range::parse(wanted).unwrap().newest(&list()),
                None,
                "{wanted}"
            );
        }
        for wanted in ["eighteen", "18 |", "file:../node"] {
            assert_eq!(Range::parse(wanted), None, "{wanted}");
        }
    }
}
