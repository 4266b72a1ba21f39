//! All output: headers, bullets, details and warnings, append-only and readable without colour.

mod redaction;

use crate::errors::Message;
use libherokubuildpack::write::line_mapped;
pub(crate) use redaction::{Redaction, SHORTEST_SECRET, base64_forms};
use std::io::Write;

/// The log of one run. Every line passes [`Redaction`] on its way out.
pub(crate) struct Log {
    writer: Box<dyn Write + Send>,
    redaction: Redaction,
}

impl Log {
    pub(crate) fn to(writer: impl Write + Send + 'static) -> Self {
        Self {
            writer: Box::new(writer),
            redaction: Redaction::default(),
        }
    }

    pub(crate) fn redact(&mut self, redaction: Redaction) {
        self.redaction = redaction;
    }

    pub(crate) fn header(&mut self, text: &str) {
        self.line(&format!("[{text}]"));
    }

    pub(crate) fn bullet(&mut self, text: &str) {
        self.line(&format!("- {text}"));
    }

    pub(crate) fn detail(&mut self, text: &str) {
        self.line(&format!("  - {text}"));
    }

    pub(crate) fn warning(&mut self, text: &str) {
        let mut lines = text.lines();
        self.line(&format!("  ! {}", lines.next().unwrap_or_default()));
        self.block(&lines.collect::<Vec<_>>().join("\n"));
    }

    /// Lines to read or to paste, set off from the log around them.
    pub(crate) fn block(&mut self, text: &str) {
        let text = self.redaction.apply(text);
        if text.is_empty() {
            return;
        }
        // The last line is written when the mapping ends. A log that can't be written must not fail
        // the build.
        // No space at the end of a line: what is pasted stays as a formatter wants it.
        let mut indented = line_mapped(&mut self.writer, |line| {
            let is_empty = line.iter().all(u8::is_ascii_whitespace);
            let prefix = if is_empty { "" } else { "    " };
            [prefix.as_bytes(), &line].concat()
        });
        let _ = write!(indented, "{text}");
        drop(indented);
        let _ = writeln!(self.writer);
    }

    pub(crate) fn error(&mut self, message: &Message) {
        let text = self.redaction.apply(&message.to_string());
        let _ = writeln!(self.writer, "\n[Error: static assets: {}]", message.title());
        let _ = write!(self.writer, "{text}");
        let _ = self.writer.flush();
    }

    fn line(&mut self, text: &str) {
        let text = plain(&self.redaction.apply(text));
        let _ = writeln!(self.writer, "{text}");
        let _ = self.writer.flush();
    }
}

/// Names of files and settings can't move a terminal's cursor or begin a line of their own making.
fn plain(text: &str) -> String {
    let escaped = |letter: char| {
        let escape = letter.is_control() && letter != '\n';
        let shown = if escape {
            letter.escape_debug().to_string()
        } else {
            letter.to_string()
        };
        shown.chars().collect::<Vec<_>>()
    };
    text.chars().flat_map(escaped).collect()
}

/// What other programs read, on stdout. A reader that has gone is not our failure.
pub(crate) fn data(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// `450 files`, `1 file`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// Bytes in decimal units, as object stores bill them: `9.8 MB`.
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

/// `1.9 s`.
pub(crate) fn seconds(duration: std::time::Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

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
