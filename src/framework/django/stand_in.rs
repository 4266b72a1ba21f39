//! Values for variables that the settings need and collectstatic does not.

/// A variable that is missing in the build, and a value that settings can parse.
#[derive(Clone, Debug, PartialEq, Eq, derive_more::Display)]
#[display("{name}={value}")]
pub(crate) struct StandIn {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// Words in the name of a variable, and a value of the shape that such variables have. `{}` stands for the name.
const SHAPES: [(&[&str], &str); 10] = [
    (&["ENGINE"], "django.db.backends.sqlite3"),
    (&["ROOT", "DIR", "PATH", "FOLDER"], "/tmp/unused-{}"),
    (&["HOST", "HOSTNAME", "DOMAIN"], "localhost"),
    (
        &["DATABASE_URL", "DB_URL", "POSTGRES_URL"],
        "sqlite:///unused.db",
    ),
    (&["REDIS"], "redis://localhost:6379/0"),
    (&["BROKER", "AMQP", "RABBIT"], "amqp://localhost"),
    (&["DSN", "URL", "URI", "ORIGIN"], "https://{}.invalid"),
    (&["EMAIL"], "{}@unused.invalid"),
    (
        &[
            "PORT", "TIMEOUT", "SECONDS", "MINUTES", "HOURS", "DAYS", "SIZE", "COUNT", "LIMIT",
            "MAX", "MIN",
        ],
        NUMBER,
    ),
    (&["DEBUG", "ENABLED", "DISABLED", "USE", "IS"], "False"),
];
pub(super) const NUMBER: &str = "1";

impl StandIn {
    pub(crate) fn of(name: &str) -> Self {
        let upper = name.to_ascii_uppercase();
        // Whole words, so that SUPPORT_NAME is no port.
        let has = |word: &&str| format!("_{upper}_").contains(&format!("_{word}_"));
        let shape = SHAPES.iter().find(|(words, _)| words.iter().any(has));
        // A value of its own for each, so that an error shows which one it is about.
        let value = shape.map_or("unused-{}", |(_, value)| value);
        Self {
            name: name.to_owned(),
            value: value.replace("{}", &upper.to_ascii_lowercase().replace('_', "-")),
        }
    }

    /// Whether an error is about this value. The settings then likely parse a number.
    pub(super) fn is_refused(&self, message: &str) -> bool {
        self.value != NUMBER && message.contains(&self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_shape_of_the_name() {
        for (name, value) in [
            ("DATABASE_URL", "sqlite:///unused.db"),
            ("CACHE_REDIS_HOST", "localhost"),
            ("REDIS_URL", "redis://localhost:6379/0"),
            ("SENTRY_DSN", "https://sentry-dsn.invalid"),
            ("SMTP_PORT", "1"),
            ("SUPPORT_NAME", "unused-support-name"),
            ("MEDIA_ROOT", "/tmp/unused-media-root"),
            ("DB_ENGINE", "django.db.backends.sqlite3"),
            ("USE_S3", "False"),
        ] {
            assert_eq!(StandIn::of(name).value, value, "{name}");
        }
    }
}
