//! The pin file of a container image, for processes that start without a launcher: `NAME=value` lines. The value of
//! `STATIC_ASSETS_VERSION` is fixed; an operator's value of any other variable wins.

use super::{Launch, LaunchVar};
use crate::config::env_vars::{PUBLIC_URL, STATIC_ASSETS_VERSION, STATIC_URL};
use crate::prefix::PublicUrl;
use crate::version::Version;
use std::path::Path;

/// The default path, which `static-assets exec`, the hook and the runtime.exs block read.
pub(crate) const PIN_FILE: &str = "/etc/static-assets/pin.env";

const COMMENT: &str =
    "# static-assets: what the processes of this image find. Read by \"static-assets exec\".\n";
const NEEDS: &str = "# needs: ";
const NOTHING: &str = "# Nothing was published by the build: the app serves its own files.\n";

/// The `NAME=value` lines of a launch.
pub(crate) fn lines(launch: &Launch) -> String {
    let mut text = String::new();
    for var in &launch.vars {
        let (name, value) = match var {
            LaunchVar::Override { name, value } | LaunchVar::Default { name, value } => {
                (*name, value)
            }
            LaunchVar::Url(url) => (STATIC_URL, url),
            // Only a launcher adds that directory.
            LaunchVar::PrependFolder { .. } => continue,
        };
        text.extend([name, "=", value.as_str(), "\n"]);
    }
    text
}

pub(crate) fn render(launch: &Launch) -> String {
    let needs = launch.needs.iter().map(|path| path.display());
    let needs = needs.fold(String::new(), |text, path| format!("{text}{NEEDS}{path}\n"));
    match lines(launch).as_str() {
        "" => format!("{COMMENT}{NOTHING}"),
        lines => format!("{COMMENT}{needs}{lines}"),
    }
}

/// The needed files that don't exist: a later stage of a Dockerfile has installed its packages anew.
pub(crate) fn missing(pin: &str) -> Vec<&Path> {
    let needs = pin.lines().filter_map(|line| line.strip_prefix(NEEDS));
    needs.map(Path::new).filter(|path| !path.exists()).collect()
}

pub(crate) fn has_version(pin: &str) -> bool {
    let mut lines = pin.lines().filter_map(|line| line.split_once('='));
    lines.any(|(name, _)| name == STATIC_ASSETS_VERSION)
}

/// The variables that a process gets in addition to its own, which `own` looks up.
pub(crate) fn environment<'a>(
    pin: &str,
    own: impl Fn(&str) -> Option<&'a str>,
) -> Vec<(String, String)> {
    let lines = pin.lines().filter(|line| !line.starts_with('#'));
    let pairs: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once('=')).collect();
    let is_version = |(name, _): &&(&str, &str)| *name == STATIC_ASSETS_VERSION;
    let version = pairs
        .iter()
        .find(is_version)
        .and_then(|(_, value)| value.parse().ok());
    let pairs = pairs.into_iter();
    let missing = pairs.filter(|(name, _)| *name == STATIC_ASSETS_VERSION || own(name).is_none());
    let filled = missing.map(|(name, value)| {
        let rebased = match (name, &version, own(PUBLIC_URL.name)) {
            (STATIC_URL, Some(version), Some(base)) => rebased(base, version),
            _ => None,
        };
        (name.to_owned(), rebased.unwrap_or_else(|| value.to_owned()))
    });
    filled.collect()
}

/// The URL of a version under a base that is given at run time. `None` if that is not a base.
pub(crate) fn rebased(base: &str, version: &Version) -> Option<String> {
    let base: PublicUrl = Some(base).filter(|base| is_base(base))?.parse().ok()?;
    Some(base.prefix(version).url().to_owned())
}

/// The rule exists in four languages: here, in `static_assets_hook.py`, in `runtime_exs.rs` and in `profile_d.rs`. A base that only
/// a build accepts (`{app}`, a user, an IPv6 address) changes nothing at run time.
fn is_base(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/:.%_~+=,-".contains(&byte);
    let host = (text.strip_prefix("https://")).or(text.strip_prefix("http://"));
    let is_address = host.is_some_and(|it| it.starts_with(|it: char| it.is_ascii_alphanumeric()));
    let is_path = text.starts_with('/') && !text.starts_with("//");
    text.bytes().all(is_plain) && (is_address || is_path)
}

#[cfg(test)]
pub(crate) const BASES: &str = include_str!("../../tests/rebase.txt");

#[cfg(test)]
mod tests {
    use super::*;

    const PIN: &str = "# a comment=x\nSTATIC_ASSETS_VERSION=v1\nSTATIC_URL=https://built/v1/\n";

    fn environment_over(own: &[(&str, &'static str)]) -> Vec<(String, String)> {
        let own = |name: &str| {
            let found = own.iter().find(|(own, _)| *own == name);
            found.map(|(_, value)| *value)
        };
        environment(PIN, own)
    }

    fn url_over(own: &[(&str, &'static str)]) -> Option<String> {
        let environment = environment_over(own).into_iter();
        environment
            .filter(|(name, _)| name == STATIC_URL)
            .map(|(_, value)| value)
            .next()
    }

    #[test]
    fn the_version_is_fixed_and_an_operators_url_wins() {
        let version = ("STATIC_ASSETS_VERSION".to_owned(), "v1".to_owned());
        assert_eq!(environment_over(&[])[0], version);
        let stale = environment_over(&[("STATIC_ASSETS_VERSION", "v0")]);
        assert_eq!(stale[0], version);
        assert_eq!(url_over(&[]).as_deref(), Some("https://built/v1/"));
        assert_eq!(url_over(&[("STATIC_URL", "/static/")]), None);
    }

    #[test]
    fn a_public_url_of_run_time_is_the_base() {
        let mut rows = 0;
        for line in BASES.lines().filter(|line| !line.starts_with('#')) {
            let (base, url) = line.split_once('\t').unwrap();
            let url = if url.is_empty() {
                "https://built/v1/"
            } else {
                url
            };
            let found = url_over(&[("STATIC_ASSETS_PUBLIC_URL", base)]);
            assert_eq!(found.as_deref(), Some(url), "{base}");
            rows += 1;
        }
        assert!(rows > 10);
        let both = url_over(&[
            ("STATIC_ASSETS_PUBLIC_URL", "https://stage/"),
            ("STATIC_URL", "/static/"),
        ]);
        assert_eq!(both, None);
    }

    #[test]
    fn a_launch_without_anything_says_so() {
        let text = render(&Launch::default());
        assert!(text.lines().all(|line| line.starts_with('#')));
        assert!(environment(&text, |_| None).is_empty());
    }
}
