//! The scripts that give the pin to others: every dyno sources `.profile.d/static-assets.sh` at its start, after its
//! config vars are set, and the next buildpack sources `export` of this one.

use super::dirs::Dirs;
use crate::config::env_vars::{PUBLIC_URL, STATIC_ASSETS_VERSION, STATIC_URL};
use crate::fs::{remove_file_if_exists, write_for_all};
use crate::launch::{Launch, LaunchVar};
use fs_err as fs;
use indoc::formatdoc;
use shell_words::quote;
use std::io;
use std::path::Path;

const FILE: &str = ".profile.d/static-assets.sh";
const EXPORT: &str = "export";

pub(super) fn exists_in(build: &Path) -> bool {
    build.join(FILE).is_file()
}

pub(super) fn write(dirs: &Dirs, launch: &Launch) -> io::Result<()> {
    let exports = exports(launch);
    let script = format!("{COMMENT}{exports}");
    write_for_all(&dirs.build.join(FILE), script.as_bytes())?;
    fs::write(dirs.buildpack.join(EXPORT), exports)
}

/// Removes what an earlier build told dynos, the next buildpack and `bin/release`: a directory that outlives a build
/// says nothing about an app that was built before.
pub(super) fn forget(dirs: &Dirs) -> io::Result<()> {
    for file in [FILE.to_owned(), path_file("publisher"), path_file("node")] {
        remove_file_if_exists(&dirs.build.join(file))?;
    }
    remove_file_if_exists(&dirs.buildpack.join(EXPORT))?;
    remove_file_if_exists(&dirs.phoenix_root())
}

/// The script that puts a program on the `PATH`.
fn path_file(what: &str) -> String {
    format!(".profile.d/static-assets-{what}.sh")
}

/// Puts a directory of the slug on the `PATH` of its dynos.
pub(super) fn add_path(build: &Path, what: &str, folder: &Path) -> io::Result<()> {
    let export = format!("export PATH=\"$HOME/{}:$PATH\"\n", folder.display());
    write_for_all(&build.join(path_file(what)), export.as_bytes())
}

const COMMENT: &str = "# static-assets: what the processes of this slug find.\n";

/// The lines that a shell sources. A value that the platform sets wins, except for the version, which belongs to the slug.
fn exports(launch: &Launch) -> String {
    let export = |var: &LaunchVar| match var {
        LaunchVar::Override { name, value } => format!("export {name}={}\n", quote(value)),
        LaunchVar::Default { name, value } => {
            let value = in_double_quotes(value);
            format!("export {name}=\"${{{name}:-{value}}}\"\n")
        }
        LaunchVar::Url(url) => url_export(url),
        // Only a launcher has that directory.
        LaunchVar::PrependFolder { .. } => String::new(),
    };
    launch.vars.iter().map(export).collect()
}

/// A slug that was promoted to another app has that app's public URL at run time. A value with `{app}`, or one that is
/// not a URL, changes nothing.
fn url_export(url: &str) -> String {
    formatdoc! {r#"
        if [ -z "${{{STATIC_URL}:-}}" ]; then
        	{STATIC_URL}={url}
        	static_assets_base=$(printf %s "${{{base}:-}}")
        	case "$static_assets_base" in
        	*[!A-Za-z0-9/:.%_~+=,-]* | //*) ;;
        	https://[A-Za-z0-9]* | http://[A-Za-z0-9]* | /*)
        		{STATIC_URL}=$static_assets_base
        		while [ "${{{STATIC_URL}%/}}" != "${STATIC_URL}" ]; do {STATIC_URL}=${{{STATIC_URL}%/}}; done
        		{STATIC_URL}=${STATIC_URL}/${STATIC_ASSETS_VERSION}/
        		;;
        	esac
        	unset static_assets_base
        fi
        export {STATIC_URL}
        "#,
        url = quote(url),
        base = PUBLIC_URL.name,
    }
}

/// <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_03>
fn in_double_quotes(value: &str) -> String {
    let mut escaped = String::new();
    for letter in value.chars() {
        escaped.extend("\\\"$`}".contains(letter).then_some('\\'));
        escaped.push(letter);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::config::env_vars::RELEASE_VERSION;
    use crate::env::Env;
    use crate::interrupt::Interrupt;
    use crate::launch::pin::BASES;

    /// What a shell has after it has sourced the script.
    fn sourced(script: &str, env: &[(&str, &str)], asked: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("script.sh"), script).unwrap();
        let pairs = env.iter().chain(&[("PATH", "/usr/bin:/bin")]);
        let env = pairs
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect::<Env>()
            .for_children(&[], []);
        let line = format!("set -u; . ./script.sh; printf %s \"${asked}\"");
        let command = Command::shell(&line, folder.path(), &env);
        command.run(&Interrupt::default()).unwrap().output
    }

    fn launch(value: &str) -> Launch {
        Launch {
            vars: vec![
                LaunchVar::Override {
                    name: STATIC_ASSETS_VERSION,
                    value: "v1".to_owned(),
                },
                LaunchVar::Url("https://built/shop/v1/".to_owned()),
                LaunchVar::Default {
                    name: RELEASE_VERSION.name,
                    value: value.to_owned(),
                },
            ],
            ..Launch::default()
        }
    }

    #[test]
    fn values_come_out_as_they_went_in() {
        for value in [
            "v1", "a b", "$(id)", "`id`", "\"}'", "${HOME}", "a\\b", "!x",
        ] {
            let script = exports(&launch(value));
            assert_eq!(sourced(&script, &[], RELEASE_VERSION.name), value);
        }
        let script = exports(&Launch {
            vars: vec![LaunchVar::Override {
                name: STATIC_ASSETS_VERSION,
                value: "$(id) 'x'".to_owned(),
            }],
            ..Launch::default()
        });
        assert_eq!(sourced(&script, &[], STATIC_ASSETS_VERSION), "$(id) 'x'");
    }

    #[test]
    fn config_vars_win_but_for_the_version() {
        let script = exports(&launch("v1"));
        for name in [STATIC_URL, RELEASE_VERSION.name] {
            assert_eq!(sourced(&script, &[(name, "/own/")], name), "/own/");
        }
        let stale = [(STATIC_ASSETS_VERSION, "v0")];
        assert_eq!(sourced(&script, &stale, STATIC_ASSETS_VERSION), "v1");
    }

    #[test]
    fn a_public_url_of_run_time_is_the_base() {
        let script = exports(&launch("v1"));
        for line in BASES.lines().filter(|line| !line.starts_with('#')) {
            let (base, url) = line.split_once('\t').unwrap();
            let url = if url.is_empty() {
                "https://built/shop/v1/"
            } else {
                url
            };
            for base in [base, &format!("{base}\n")] {
                let found = sourced(&script, &[(PUBLIC_URL.name, base)], STATIC_URL);
                assert_eq!(found, url, "{base}");
            }
        }
    }
}
