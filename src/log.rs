//! The log: headers, bullets, details and warnings. It is append-only and readable without colour.

use crate::message::Message;
use crate::redaction::Redaction;
use libherokubuildpack::write::line_mapped;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The log of one run. Every line passes the [`Redaction`] on its way out.
pub(crate) struct Log {
    style: Style,
    sink: Mutex<Sink>,
}

struct Sink {
    lines: Box<dyn Write + Send>,
    /// Where errors go, if not with the lines.
    errors: Option<Box<dyn Write + Send>>,
    redaction: Redaction,
    /// That of what other programs read. They need names whole, of which S3's key ids may be a part.
    data_redaction: Redaction,
}

/// A fact that the log prints. Its text is in `messages/`, where this is implemented.
pub(crate) trait Event {
    fn write_to(&self, log: &Log);
}

/// What a platform wants lines to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    /// What is before and after a header.
    header: [&'static str; 2],
    bullet: &'static str,
    detail: &'static str,
    warning: &'static str,
    /// The further lines of a warning, and lines to paste, begin with this.
    block: &'static str,
    error: &'static str,
}

impl Style {
    const PLAIN: Self = Self {
        header: ["[", "]"],
        bullet: "- ",
        detail: "  - ",
        warning: "  ! ",
        block: "    ",
        error: "",
    };
    /// The style of Heroku's classic buildpacks: <https://devcenter.heroku.com/articles/buildpack-api#style>.
    pub(crate) const HEROKU: Self = Self {
        header: ["-----> ", ""],
        bullet: "       ",
        detail: "         ",
        warning: " !     ",
        block: "           ",
        error: " !     ",
    };
}

impl Log {
    pub(crate) fn to(lines: impl Write + Send + 'static) -> Self {
        Self {
            style: Style::PLAIN,
            sink: Mutex::new(Sink {
                lines: Box::new(lines),
                errors: None,
                redaction: Redaction::default(),
                data_redaction: Redaction::default(),
            }),
        }
    }

    pub(crate) fn with_errors_to(self, errors: impl Write + Send + 'static) -> Self {
        self.sink().errors = Some(Box::new(errors));
        self
    }

    pub(crate) fn in_style(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    /// Writes to stdout what a person reads. Names that an app or a store gives are escaped, as in the log.
    pub(crate) fn show(&self, text: &str) -> io::Result<()> {
        data(&plain(&self.sink().redaction.apply(text)))
    }

    /// Writes to stdout what other programs read.
    pub(crate) fn data(&self, text: &str) -> io::Result<()> {
        data(&self.redacted(text))
    }

    /// A text without the secrets: a store may show one that it was sent.
    pub(crate) fn redacted(&self, text: &str) -> String {
        self.sink().data_redaction.apply(text)
    }

    pub(crate) fn redact(&self, redaction: Redaction, data_redaction: Redaction) {
        let mut sink = self.sink();
        sink.redaction = redaction;
        sink.data_redaction = data_redaction;
    }

    pub(crate) fn event(&self, event: &dyn Event) {
        event.write_to(self);
    }

    pub(crate) fn header(&self, text: &str) {
        let [before, after] = self.style.header;
        self.line(&format!("{before}{text}{after}"));
    }

    pub(crate) fn bullet(&self, text: &str) {
        self.line(&format!("{}{text}", self.style.bullet));
    }

    pub(crate) fn detail(&self, text: &str) {
        self.line(&format!("{}{text}", self.style.detail));
    }

    pub(crate) fn warning(&self, text: &str) {
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        self.line(&format!("{}{first}", self.style.warning));
        self.block(rest);
    }

    /// Writes lines to read or to paste, set off from the log around them.
    pub(crate) fn block(&self, text: &str) {
        let text = plain(&self.sink().redaction.apply(text));
        if !text.is_empty() {
            self.write(&indented(&text, self.style.block));
        }
    }

    pub(crate) fn error(&self, message: &Message) {
        let mut sink = self.sink();
        let title = format!("[Error: static assets: {}]", message.title());
        let text = plain(&sink.redaction.apply(&format!("{title}\n{message}")));
        let text = indented(text.trim_end(), self.style.error);
        let Sink { lines, errors, .. } = &mut *sink;
        let _ = lines.flush();
        let errors = errors.as_mut().unwrap_or(lines);
        let _ = writeln!(errors, "\n{text}");
        let _ = errors.flush();
    }

    fn line(&self, text: &str) {
        let text = plain(&self.sink().redaction.apply(text));
        self.write(&text.replace('\n', "\\n"));
    }

    /// A log that can't be written must not fail the build.
    fn write(&self, text: &str) {
        let mut sink = self.sink();
        let _ = writeln!(sink.lines, "{text}");
        let _ = sink.lines.flush();
    }

    fn sink(&self) -> MutexGuard<'_, Sink> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Indents lines and leaves no space at their end, so that a formatter accepts what is pasted.
fn indented(text: &str, indent: &'static str) -> String {
    let mut lines = Vec::new();
    let mut writer = line_mapped(&mut lines, move |line| {
        let is_empty = line.iter().all(u8::is_ascii_whitespace);
        let indent = if is_empty { indent.trim_end() } else { indent };
        [indent.as_bytes(), &line].concat()
    });
    // Writing to memory does not fail, and the mapping writes the last line when it ends.
    let _ = write!(writer, "{text}");
    drop(writer);
    String::from_utf8_lossy(&lines).into_owned()
}

/// Escapes control characters and commands of CI platforms, so that what an app or a store names can't move the cursor or
/// give an order. GitHub reads `::` at the start of a line, and it and Azure read `##[` and `##vso[` anywhere.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for line in text.replace("\r\n", "\n").split_inclusive('\n') {
        if line.trim_start().starts_with("::") {
            plain.push('\\');
        }
        for letter in line.chars() {
            match letter {
                '\n' | '\t' => plain.push(letter),
                '#' if plain.ends_with('#') => plain.push_str("\\#"),
                _ if letter.is_control() => plain.extend(letter.escape_debug()),
                _ => plain.push(letter),
            }
        }
    }
    plain
}

/// Writes to stdout what other programs read. A reader that went away is no failure.
pub(crate) fn data(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout();
    let written = stdout.write_all(text.as_bytes());
    match written.and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Shows `450 files` or `1 file`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Shows bytes in decimal units, in which object stores bill them: `9.8 MB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if number < 1000 {
        return format!("{number} B");
    }
    let mut tenths = number / 100;
    let mut unit = 0;
    while tenths >= 9995 && unit + 1 < UNITS.len() {
        tenths = (tenths + 500) / 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// Shows `1.9 s`.
pub(crate) fn seconds(duration: std::time::Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_no_orders() {
        for (text, shown) in [
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("list:\n  ::error::x", "list:\n\\  ::error::x"),
            ("x ##vso[task]", "x #\\#vso[task]"),
            ("tab\tand\r\nline", "tab\tand\nline"),
            ("A::B", "A::B"),
        ] {
            assert_eq!(plain(text), shown);
        }
    }

    #[test]
    fn bytes_in_decimal_units() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_000), "1.0 kB");
        assert_eq!(bytes(9_812_345), "9.8 MB");
        assert_eq!(bytes(129_000_000), "129.0 MB");
        assert_eq!(bytes(5_000_000_000), "5.0 GB");
    }

    #[test]
    fn count_with_its_noun() {
        assert_eq!(count(0, "file"), "0 files");
        assert_eq!(count(1, "file"), "1 file");
    }
}
