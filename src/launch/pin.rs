//! The pin file of a container image: what its processes find, for whoever starts them without a launcher.
//!
//! Lines of `NAME=value`. `STATIC_ASSETS_VERSION` is the truth; of the others, what an operator sets wins.

use super::{Launch, LaunchVar};
use crate::config::env_vars::{PUBLIC_URL, STATIC_ASSETS_VERSION, STATIC_URL};
use crate::prefix::PublicUrl;
use crate::version::Version;
use std::path::Path;

/// Read without being named: by `static-assets exec`, by the hook in an image's Python and by the lines in an
/// image's `runtime.exs`.
pub(crate) const PIN_FILE: &str = "/etc/static-assets/pin.env";

const COMMENT: &str =
    "# static-assets: what the processes of this image find. Read by \"static-assets exec\".\n";
const NEEDS: &str = "# needs: ";
const NOTHING: &str = "# Nothing was published by the build: the app serves its own files.\n";

/// The `NAME=value` lines of a launch.
pub(crate) fn lines(launch: &Launch) -> String {
    let mut text = String::new();
    for var in &launch.vars {
        match var {
            LaunchVar::Override { name, value } | LaunchVar::Default { name, value } => {
                text.extend([name, "=", value.as_str(), "\n"]);
            }
            LaunchVar::Url(url) => text.extend([STATIC_URL, "=", url.as_str(), "\n"]),
            // Of a folder that only a launcher puts there.
            LaunchVar::PrependFolder { .. } => {}
        }
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

/// The files without which pages would not link to the version, and which are not there: a later stage of a Dockerfile
/// has installed its packages anew.
pub(crate) fn missing(pin: &str) -> Vec<&Path> {
    let needs = pin.lines().filter_map(|line| line.strip_prefix(NEEDS));
    needs.map(Path::new).filter(|path| !path.exists()).collect()
}

/// What a process gets besides its own environment, in which `own` looks.
pub(crate) fn environment<'a>(
    pin: &str,
    own: impl Fn(&str) -> Option<&'a str>,
) -> Vec<(String, String)> {
    let pairs: Vec<(&str, &str)> = pin
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .collect();
    let version = pairs
        .iter()
        .find(|(name, _)| *name == STATIC_ASSETS_VERSION)
        .and_then(|(_, version)| version.parse().ok());
    let mut environment = Vec::new();
    for (name, value) in pairs {
        if name != STATIC_ASSETS_VERSION && own(name).is_some() {
            continue;
        }
        let value = match (name, &version, own(PUBLIC_URL.name)) {
            (STATIC_URL, Some(version), Some(base)) => rebased(base, version),
            _ => None,
        }
        .unwrap_or_else(|| value.to_owned());
        environment.push((name.to_owned(), value));
    }
    environment
}

/// The URL of a version below a base that is given at run time; `None` where that is no base.
pub(crate) fn rebased(base: &str, version: &Version) -> Option<String> {
    if !is_base(base) {
        return None;
    }
    let base: PublicUrl = base.parse().ok()?;
    Some(base.prefix(version).url().to_owned())
}

/// The same rule in four languages: here, in `static_assets_hook.py`, in the lines of `runtime_exs.rs` and in those of
/// `profile_d.rs`. What a build accepts beyond it (`{app}`, a user, an address of IPv6) changes nothing at run time.
fn is_base(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/:.%_~+=,-".contains(&byte);
    let starts_well = |rest: &str| rest.starts_with(|first: char| first.is_ascii_alphanumeric());
    let is_address = ["https://", "http://"]
        .iter()
        .any(|scheme| text.strip_prefix(scheme).is_some_and(starts_well));
    let is_path = text.starts_with('/') && !text.starts_with("//");
    text.bytes().all(is_plain) && (is_address || is_path)
}

/// Bases of run time, and the URL of `v1` below them: empty where the pinned one stands.
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
    fn the_version_is_the_truth_and_an_operators_url_wins() {
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
