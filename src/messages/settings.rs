//! All settings, as `static-assets help settings` prints them and as `docs/configuration.md` lists them.

use crate::config::env_vars::{self, ALL, Variable};
use std::fmt::Write;

/// The headings, each with the first setting under it.
const SECTIONS: [(&str, &Variable); 12] = [
    ("Store and public URL", &env_vars::STORE),
    ("Versions", &env_vars::RELEASE_VERSION),
    ("Whether and when to publish", &env_vars::PUBLISH),
    ("Files and links", &env_vars::INJECT),
    ("Key and server", &env_vars::ACCESS_KEY_ID),
    ("The app", &env_vars::DIR),
    ("Django", &env_vars::MANAGE_PY),
    ("Phoenix", &env_vars::PHOENIX_PATH),
    ("S3, as other tools set it", &env_vars::AWS_ACCESS_KEY_ID),
    ("Azure", &env_vars::AZURE_STORAGE_CONNECTION_STRING),
    ("Google", &env_vars::GOOGLE_SERVICE_ACCOUNT_KEY),
    ("Platform", &env_vars::SERVICE_BINDING_ROOT),
];

fn heading_before(variable: &Variable) -> Option<&'static str> {
    let mut sections = SECTIONS.iter();
    let section = sections.find(|(_, first)| first.name == variable.name);
    section.map(|(heading, _)| *heading)
}

/// The text for a terminal.
pub(crate) fn settings() -> String {
    let mut text = "Settings are read from the environment, then from project.toml under [io.github.static-assets]. \
                    The default is in brackets.\n"
        .to_owned();
    for variable in ALL {
        if let Some(heading) = heading_before(variable) {
            let _ = writeln!(text, "\n{heading}");
        }
        let (values, default) = (
            variable.values.replace('`', ""),
            variable.default.replace('`', ""),
        );
        let (name, help) = (variable.name, variable.help);
        let _ = writeln!(text, "  {name}\n      {help}\n      {values} [{default}]");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::env_vars::VariableKind;
    use fs_err as fs;
    use std::path::Path;

    const INTRODUCTION: &str = "\
# Configuration

For everyone who sets something. Every setting that the program reads is one row here. `src/config/env_vars.rs` holds
the same table, and a test compares the two. `static-assets help settings` prints it.

A setting is read from the environment, else from `project.toml`, else it is the default. In `project.toml` it is a key
of the table `[io.github.static-assets]`:

```toml
[io.github.static-assets]
store = \"s3://acme-static/shop\"
public-url = \"https://static.acme.com/shop\"
```

- An empty value counts as unset.
- A flag is on as `1`, `true`, `yes` or `on`, and off as `0`, `false`, `no` or `off`. Choices ignore case.
- A secret is never read from `project.toml`. A file can hold it: the variable of the same name with `_FILE` at its end
  names the file, such as `STATIC_ASSETS_SECRET_ACCESS_KEY_FILE=/run/secrets/key`.
- A name that begins with `STATIC_ASSETS_` and that nothing reads is a warning, with the nearest name.
- All problems of the settings are reported together, before anything is compiled or sent.
- Service bindings can hold the store, its public URL and its key: [platforms](platforms.md), [stores](stores.md).
- Credentials are one set from one source: a service binding, else `STATIC_ASSETS_*`, else what other tools set. Keys of two sources are
  an error or the first source is taken, and the log names it. [The contract](contract.md#credentials-one-set-from-one-source) has the order.
";

    fn markdown() -> String {
        let mut page = INTRODUCTION.to_owned();
        for variable in ALL {
            if let Some(heading) = heading_before(variable) {
                let _ = write!(
                    page,
                    "\n## {heading}\n\n| setting | in `project.toml` | meaning | values | default |\n|---|---|---|---|---|\n"
                );
            }
            let Variable {
                name,
                kind,
                values,
                default,
                help,
            } = variable;
            let key = match kind {
                VariableKind::Setting => format!("`{}`", variable.key()),
                VariableKind::Secret | VariableKind::Foreign => "never".to_owned(),
            };
            let _ = writeln!(page, "| `{name}` | {key} | {help} | {values} | {default} |");
        }
        page
    }

    #[test]
    fn the_page_lists_every_setting() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
        #[allow(clippy::disallowed_methods, reason = "the test's own setting")]
        let blessed = std::env::var_os("STATIC_ASSETS_TEST_BLESS").is_some();
        if blessed {
            fs::write(&file, markdown()).unwrap();
        }
        assert!(
            fs::read_to_string(&file).unwrap_or_default() == markdown(),
            "docs/configuration.md is another one: STATIC_ASSETS_TEST_BLESS=1 cargo test settings"
        );
    }

    #[test]
    fn every_section_has_its_settings() {
        let text = settings();
        for (heading, first) in SECTIONS {
            assert!(text.contains(&format!("\n{heading}\n  {}\n", first.name)));
        }
        for variable in ALL {
            assert!(text.contains(&format!("\n  {}\n", variable.name)));
        }
    }
}
