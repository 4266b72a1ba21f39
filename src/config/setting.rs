//! A value of a setting together with its origin. Nothing here reads or judges.

use std::fmt;

/// The place where a value was set. A message shows it beside the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Environment,
    /// `<platform>/env`, which holds what the operator of the build sets.
    Platform,
    /// A config var of a Heroku app. The build and every process of the app get it.
    ConfigVar,
    ProjectToml,
    Binding(String),
    /// A file that holds the value. A variable names the file.
    File(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl Origin {
    /// Whether the running app gets the value, too.
    pub(crate) fn is_platform(&self) -> bool {
        matches!(self, Self::Platform | Self::ConfigVar)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => formatter.write_str("environment"),
            Self::Platform => formatter.write_str("platform environment"),
            Self::ConfigVar => formatter.write_str("config var"),
            Self::ProjectToml => formatter.write_str("project.toml"),
            Self::Binding(name) => write!(formatter, "service binding '{name}'"),
            Self::File(variable) => write!(formatter, "file named by {variable}"),
            Self::Flag(flag) => formatter.write_str(flag),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

impl<T> Setting<T> {
    pub(super) fn new(value: impl Into<T>, origin: Origin) -> Self {
        let value = value.into();
        Self { value, origin }
    }

    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting::new(change(self.value), self.origin)
    }
}

/// Reads `1`, `true`, `yes` and `on`, or `0`, `false`, `no` and `off`.
pub(super) fn parse_flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}
