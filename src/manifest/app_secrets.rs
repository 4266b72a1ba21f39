//! The values of the build's variables that are secrets by their names. They must not be among the assets.

use crate::redaction::Redaction;
use percent_encoding::percent_decode_str;
use url::Url;

/// Shorter values may be ordinary words.
const SHORTEST: usize = 16;
/// A password in a URL is rarely a word.
const SHORTEST_PASSWORD: usize = 12;
const SECRET_ENDS: [&str; 7] = [
    "SECRET_KEY",
    "SECRET_KEY_BASE",
    "_TOKEN",
    "_SECRET",
    "PASSWORD",
    "PASSWD",
    "PRIVATE_KEY",
];
/// Bundlers put variables whose names begin so into scripts.
const PUBLIC_STARTS: [&str; 6] = [
    "VITE_",
    "REACT_APP_",
    "GATSBY_",
    "VUE_APP_",
    "PARCEL_",
    "STORYBOOK_",
];
/// Words of names whose values are for browsers.
const PUBLIC_WORDS: [&str; 9] = [
    "PUBLIC",
    "PUBLISHABLE",
    "CLIENT",
    "BROWSER",
    "SITE",
    "MAPBOX",
    "MIXPANEL",
    "CESIUM",
    "BEACON",
];
/// Keys for browsers begin with this.
const PUBLIC_VALUES: [&str; 3] = ["pk.", "pk_", "pub"];

/// It has no `Debug`, because it holds secrets.
#[derive(Clone, Default)]
pub(crate) struct AppSecrets {
    /// One search for all; the values by name are searched only if it finds something.
    any: Redaction,
    by_name: Vec<(String, Redaction)>,
}

impl AppSecrets {
    /// Takes the variables of a build, by name and value.
    pub(crate) fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let secrets = variables
            .into_iter()
            .filter_map(|(name, value)| Some((name, secret_of(name, value)?)));
        let secrets: Vec<(&str, String)> = secrets.collect();
        let search = |value: &String| Redaction::of([], [value.as_str()]);
        Self {
            any: Redaction::of([], secrets.iter().map(|(_, value)| value.as_str())),
            by_name: secrets
                .iter()
                .map(|(name, value)| ((*name).to_owned(), search(value)))
                .collect(),
        }
    }

    /// The variable whose value `content` holds.
    pub(super) fn name_in(&self, content: &[u8]) -> Option<&str> {
        if !self.any.occurs_in(content) {
            return None;
        }
        let found = self
            .by_name
            .iter()
            .find(|(_, value)| value.occurs_in(content));
        found.map(|(name, _)| name.as_str())
    }
}

fn secret_of(name: &str, value: &str) -> Option<String> {
    let name = name.to_ascii_uppercase();
    let is_public = PUBLIC_STARTS.iter().any(|start| name.starts_with(start))
        || name.split('_').any(|word| PUBLIC_WORDS.contains(&word))
        || PUBLIC_VALUES.iter().any(|start| value.starts_with(start));
    if is_public {
        return None;
    }
    if SECRET_ENDS.iter().any(|end| name.ends_with(end)) {
        return (value.len() >= SHORTEST).then(|| value.to_owned());
    }
    let url = Url::parse(value).ok()?;
    let password = percent_decode_str(url.password()?).decode_utf8().ok()?;
    (password.len() >= SHORTEST_PASSWORD).then(|| password.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        let value = "0123456789abcdef";
        for (name, value, found) in [
            ("SECRET_KEY", value, true),
            ("DJANGO_SECRET_KEY", value, true),
            ("SLACK_TOKEN", value, true),
            ("STRIPE_SECRET", value, true),
            ("SMTP_PASSWORD", value, true),
            ("SMTP_PASSWORD", "short", false),
            ("VITE_MAP_TOKEN", value, false),
            ("INVITE_TOKEN", value, true),
            ("REPUBLIC_SECRET", value, true),
            ("ROLLBAR_CLIENT_TOKEN", value, false),
            ("NEXT_PUBLIC_TOKEN", value, false),
            ("MAPBOX_TOKEN", "pk.0123456789abcdef", false),
            ("RELEASE", value, false),
        ] {
            let secrets = AppSecrets::of([(name, value)]);
            let script = format!("var a = '{value}'");
            assert_eq!(
                secrets.name_in(script.as_bytes()),
                found.then_some(name),
                "{name}={value}"
            );
        }
    }

    #[test]
    fn the_password_of_a_url_is_a_secret() {
        let secrets = AppSecrets::of([("DATABASE_URL", "postgres://shop:correct-horse@db/shop")]);
        assert_eq!(secrets.name_in(b"x correct-horse y"), Some("DATABASE_URL"));
        assert_eq!(secrets.name_in(b"postgres://db/shop"), None);
        let secrets =
            AppSecrets::of([("DATABASE_URL", "postgres://shop:correct%20horse%21@db/shop")]);
        assert_eq!(secrets.name_in(b"'correct horse!'"), Some("DATABASE_URL"));
    }
}
