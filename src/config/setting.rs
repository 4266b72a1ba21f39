//! A value of a setting together with its origin, and the words that a value can be.

use std::fmt;

/// The place where a value was set. A message shows it beside the value.
#[derive(Clone, Debug, PartialEq, Eq, derive_more::Display)]
pub(crate) enum Origin {
    #[display("environment")]
    Environment,
    /// `<platform>/env`, which holds what the operator of the build sets.
    #[display("platform environment")]
    Platform,
    /// The builder image. Nobody who uses it can set another value.
    #[display("builder")]
    Builder,
    /// The builder image, for apps that set nothing else.
    #[display("builder's default")]
    BuilderDefault,
    /// A config var of a Heroku app. The build and every process of the app get it.
    #[display("config var")]
    ConfigVar,
    /// Variables that belong together, such as `AWS_*`.
    #[display("{_0}")]
    Variables(&'static str),
    #[display("project.toml")]
    ProjectToml,
    #[display("service binding '{_0}'")]
    Binding(String),
    /// A file that holds the value. A variable names the file.
    #[display("file named by {_0}")]
    File(String),
    /// A flag of the command line.
    #[display("{_0}")]
    Flag(&'static str),
}

impl Origin {
    /// Whether the running app gets the value, too.
    pub(crate) fn is_platform(&self) -> bool {
        matches!(self, Self::Platform | Self::ConfigVar)
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

/// Shows the value on one line: `'s3://acme-static' (config var)`.
impl fmt::Display for Setting<String> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value.replace(char::is_control, " ");
        write!(formatter, "'{value}' ({})", self.origin)
    }
}

/// The words that a setting can be, with what each means.
pub(super) type Choices<'a, T> = &'a [(&'static str, T)];

pub(super) const FLAGS: Choices<bool> = &[
    ("1", true),
    ("true", true),
    ("yes", true),
    ("on", true),
    ("0", false),
    ("false", false),
    ("no", false),
    ("off", false),
];

/// Matches a text against choices, in any case.
pub(super) fn choose<T: Copy>(text: &str, choices: Choices<T>) -> Option<T> {
    let mut choices = choices.iter();
    let chosen = choices.find(|(choice, _)| text.eq_ignore_ascii_case(choice));
    chosen.map(|(_, value)| *value)
}
