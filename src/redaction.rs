//! Removes secrets, in every form in which they could be found again, from each line that leaves the process: error
//! bodies of S3 repeat session tokens, and URLs of proxies hold passwords. The scan searches files for the same forms.

use crate::encoding::{hex, percent_encoded};
use aho_corasick::{AhoCorasick, AhoCorasickKind, packed};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::BTreeSet;
use std::sync::Arc;

const REDACTED: &str = "[redacted]";

/// Shorter values would redact ordinary words.
pub(crate) const SHORTEST_SECRET: usize = 6;
/// Longer secrets are files, which are found by their parts.
const LONGEST_SECRET: usize = 512;

/// The forms of the secrets to search for. It has no `Debug`, because it holds them.
#[derive(Clone, Default)]
pub(crate) struct Redaction {
    needles: Vec<String>,
    search: Option<Arc<Search>>,
}

/// Finds all needles in one pass: there are dozens, and the scan searches every published byte.
enum Search {
    /// Uses SIMD, and takes some dozens.
    Packed(packed::Searcher),
    Automaton(AhoCorasick),
}

impl Search {
    fn of(needles: &[String]) -> Option<Self> {
        if needles.is_empty() {
            return None;
        }
        packed::Searcher::new(needles)
            .map(Self::Packed)
            .or_else(|| {
                let mut builder = AhoCorasick::builder();
                let automaton = builder.kind(Some(AhoCorasickKind::DFA)).build(needles);
                automaton.ok().map(Self::Automaton)
            })
    }
}

impl Redaction {
    /// `parts` are those of secrets that are whole files, such as the lines of a private key.
    pub(crate) fn of<'a>(
        secrets: impl IntoIterator<Item = &'a str>,
        parts: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let parts = parts.into_iter().filter(|it| it.len() >= SHORTEST_SECRET);
        let parts = parts.flat_map(|part| [part.to_owned(), percent_encoded(part)]);
        let secrets = secrets.into_iter().flat_map(forms);
        let mut needles: Vec<String> = secrets.chain(parts).collect();
        // The longest first: a shorter form may be part of a longer one.
        needles.sort_by(|one, other| other.len().cmp(&one.len()).then(one.cmp(other)));
        needles.dedup();
        let search = Search::of(&needles).map(Arc::new);
        Self { needles, search }
    }

    pub(crate) fn apply(&self, text: &str) -> String {
        let redacted = |text: String, needle| text.replace(needle, REDACTED);
        self.needles.iter().fold(text.to_owned(), redacted)
    }

    /// Whether `content` holds a secret.
    pub(crate) fn occurs_in(&self, content: &[u8]) -> bool {
        match self.search.as_deref() {
            Some(Search::Packed(searcher)) => searcher.find(content).is_some(),
            Some(Search::Automaton(automaton)) => automaton.is_match(content),
            None => false,
        }
    }
}

fn forms(secret: &str) -> Vec<String> {
    match secret.len() {
        ..SHORTEST_SECRET => return Vec::new(),
        LONGEST_SECRET.. => return vec![secret.to_owned()],
        _ => {}
    }
    let mut forms = base64_forms(secret.as_bytes());
    forms.extend([
        secret.to_owned(),
        hex(secret.as_bytes()),
        hex(secret.as_bytes()).to_uppercase(),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        percent_encoded(secret),
        lower_case_escapes(&percent_encoded(secret)),
        secret.replace('\\', "\\\\").replace('"', "\\\""),
        // Some writers of JSON escape the slash, too.
        secret
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('/', "\\/"),
    ]);
    forms
}

/// Writes the digits of `%2F` in lower case.
fn lower_case_escapes(text: &str) -> String {
    let mut parts = text.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |done, part| {
        let (digits, rest) = part.split_at(part.len().min(2));
        format!("{done}%{}{rest}", digits.to_ascii_lowercase())
    })
}

/// What base64 makes of `bytes` at each of the three alignments inside a longer text, without the
/// characters at the edges, which depend on the neighbours.
pub(crate) fn base64_forms(bytes: &[u8]) -> Vec<String> {
    let forms = (0..3).flat_map(|padding| {
        let padded = [&vec![0; padding], bytes].concat();
        let inner = (padding * 8).div_ceil(6)..padded.len() * 8 / 6;
        let engines = [STANDARD_NO_PAD, URL_SAFE_NO_PAD];
        engines.map(|engine| engine.encode(&padded)[inner.clone()].to_owned())
    });
    forms.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    const SECRET: &str = "s3cr3t/Key+With=Odd%\"Signs";

    #[test]
    fn every_form_of_a_secret_is_redacted() {
        let redaction = Redaction::of([SECRET], []);
        for form in [
            SECRET.to_owned(),
            percent_encoded(SECRET),
            hex(SECRET.as_bytes()),
            serde_json::to_string(SECRET).unwrap(),
            "s3cr3t%2fKey%2bWith%3dOdd%25%22Signs".to_owned(),
            "s3cr3t\\/Key+With=Odd%\\\"Signs".to_owned(),
            STANDARD.encode(format!("a{SECRET}b")),
            STANDARD.encode(format!("ab{SECRET}")),
            STANDARD.encode(SECRET),
        ] {
            let shown = redaction.apply(&format!("before {form} after"));
            assert!(shown.contains(REDACTED), "{form} is shown as {shown}");
            assert!(redaction.occurs_in(form.as_bytes()), "{form}");
        }
    }

    #[test]
    fn parts_are_redacted_and_dozens_of_needles_are_found() {
        let parts: Vec<String> = (0..100)
            .map(|number| format!("line-{number:03}/+="))
            .collect();
        let redaction = Redaction::of([SECRET], parts.iter().map(String::as_str));
        for part in &parts {
            assert_eq!(redaction.apply(part), REDACTED);
            assert!(
                redaction.occurs_in(format!("x{part}y").as_bytes()),
                "{part}"
            );
        }
        assert!(redaction.occurs_in(SECRET.as_bytes()));
        assert!(!redaction.occurs_in(b"line-1000"));
    }

    #[test]
    fn ordinary_text_passes() {
        let redaction = Redaction::of([SECRET, "short"], []);
        assert_eq!(redaction.apply("a short line"), "a short line");
    }
}
