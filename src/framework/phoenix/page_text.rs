//! What the text around an occurrence in a page says about it. Templates are searched line by line, not parsed.

use super::elixir_values::{is_name_letter, leading_name};

/// An occurrence of a pattern outside of comments.
pub(super) struct Occurrence<'a> {
    pub(super) at: usize,
    /// The text before it, as far as it is looked at.
    before: &'a str,
    pub(super) after: &'a str,
}

/// How many bytes before an occurrence are looked at: lines of bundled code may be very long.
const LOOK_BACK: usize = 400;

/// The connection or socket that Phoenix's helpers take before the path.
const CONNECTIONS: [&str; 4] = ["@conn", "conn", "@socket", "socket"];

/// Finds a pattern in the text of a page, but not in comments.
pub(super) fn occurrences<'a>(
    text: &'a str,
    pattern: &'a str,
) -> impl Iterator<Item = Occurrence<'a>> {
    let found = text.match_indices(pattern).map(move |(at, pattern)| {
        let from = text.ceil_char_boundary(at.saturating_sub(LOOK_BACK));
        Occurrence {
            at,
            before: &text[from..at],
            after: &text[at + pattern.len()..],
        }
    });
    found.filter(|it| !it.is_comment())
}

impl Occurrence<'_> {
    /// Returns the line before the occurrence.
    pub(super) fn line(&self) -> &str {
        self.before.rsplit('\n').next().unwrap_or_default()
    }

    /// Whether it is in the tag `<use …>`.
    pub(super) fn is_in_use(&self) -> bool {
        let tag = self.before.rsplit_once("<use");
        tag.is_some_and(|(_, tag)| {
            tag.starts_with(char::is_whitespace) && !tag.contains("/>") && !tag.contains("</")
        })
    }

    /// Whether its tag has a `src` that is written out and names a host, such as that of a development server.
    pub(super) fn is_in_tag_of_other_host(&self) -> bool {
        let before = self.before.rsplit('<').next().unwrap_or_default();
        let after = self.after.split('>').next().unwrap_or_default();
        let mut hosts = ["src=\"http://", "src=\"https://", "src=\"//"].into_iter();
        hosts.any(|host| before.contains(host) || after.contains(host))
    }

    fn is_comment(&self) -> bool {
        let line = self.line().trim_start();
        let mut comments = ["#", "-#", "<%#", "<%!--", "<!--"].into_iter();
        comments.any(|comment| line.starts_with(comment))
    }

    /// Whether it is an argument of `url(…)`, the first one or behind a connection.
    pub(super) fn is_in_url(&self) -> bool {
        let before = self.before.trim_end();
        let called = match before.strip_suffix(',') {
            Some(argument) => argument.rsplit_once('(').map(|(called, _)| called),
            None => before.strip_suffix('('),
        };
        called.is_some_and(ends_in_url)
    }

    /// Whether `Endpoint.url() <> ` or `#{Endpoint.url()}#{` is before it, or before the modules that it is called on.
    pub(super) fn is_joined(&self) -> bool {
        let is_call = |letter| is_name_letter(letter) || letter == '.';
        let line = self.line().trim_end_matches(is_call).trim_end();
        let joined = line.strip_suffix("<>").or_else(|| line.strip_suffix("}#{"));
        let call = joined.and_then(|joined| joined.trim_end().strip_suffix(')'));
        let call = call.and_then(|call| call.rsplit_once('('));
        call.is_some_and(|(called, _)| ends_in_url(called))
    }

    /// Whether it is a call with an argument, with or without parentheses, and neither a definition nor a part of a
    /// longer name.
    pub(super) fn is_call(&self) -> bool {
        let line = self.line();
        let mut definitions = ["def", "defp", "defdelegate", "&", "@doc"].into_iter();
        let is_defined = definitions.any(|word| line.trim_end().ends_with(word));
        let is_called = match self.after.strip_prefix('(') {
            Some(arguments) => !arguments.starts_with(')'),
            None => self.after.strip_prefix(' ').is_some_and(|arguments| {
                begins_with_connection(arguments) || arguments.starts_with("Endpoint")
            }),
        };
        is_called && !line.ends_with(is_name_letter) && !is_defined
    }

    /// Whether it is Phoenix's own helper: it is called on a module of helpers, or with a connection. A function of the
    /// app with the same name has neither.
    pub(super) fn is_helper(&self) -> bool {
        let module = self.line().strip_suffix('.').unwrap_or_default();
        let arguments = self.after.trim_start_matches(['(', ' ']);
        let mut helpers = ["Routes", "Helpers", "Endpoint"].into_iter();
        let is_of_phoenix = helpers.any(|helpers| module.ends_with(helpers));
        let argument = leading_name(arguments, &['.', '@']);
        is_of_phoenix
            || begins_with_connection(arguments)
            || argument == "@endpoint"
            || argument.rsplit('.').next() == Some("Endpoint")
    }
}

fn begins_with_connection(arguments: &str) -> bool {
    CONNECTIONS.iter().any(|it| arguments.starts_with(it))
}

/// Whether the name `url` ends there, and not a longer one.
fn ends_in_url(before: &str) -> bool {
    let name = before.strip_suffix("url");
    name.is_some_and(|before| !before.ends_with(is_name_letter))
}
