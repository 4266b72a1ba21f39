//! Searches for a secret in files and output, in the encodings from which it could be recovered.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;

pub(crate) fn hex(text: &str) -> String {
    text.bytes()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}

/// Returns the secret in plain text, UTF-16, hex and base64 at each offset.
fn needles(secret: &str) -> Vec<Vec<u8>> {
    let mut needles = vec![
        secret.as_bytes().to_vec(),
        secret.bytes().flat_map(|byte| [byte, 0]).collect(),
    ];
    let hex = hex(secret);
    needles.push(hex.clone().into_bytes());
    needles.push(hex.to_uppercase().into_bytes());
    for padding in 0..3 {
        let padded = [vec![0; padding], secret.as_bytes().to_vec()].concat();
        let encoded = STANDARD.encode(&padded);
        let first = (padding * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        needles.push(encoded.as_bytes()[first..last].to_vec());
    }
    needles
}

pub(crate) fn holds(content: &[u8], secret: &str) -> bool {
    needles(secret)
        .iter()
        .any(|needle| memchr::memmem::find(content, needle).is_some())
}

/// The places where a build or a release leaves something: files, output, the environment of a process.
#[derive(Default)]
pub(crate) struct Places(Vec<(String, BTreeMap<String, Vec<u8>>)>);

impl Places {
    pub(crate) fn files(mut self, what: &str, files: BTreeMap<String, Vec<u8>>) -> Self {
        self.0.push((what.to_owned(), files));
        self
    }

    pub(crate) fn text(self, what: &str, text: impl Into<Vec<u8>>) -> Self {
        self.files(what, BTreeMap::from([(what.to_owned(), text.into())]))
    }

    pub(crate) fn environment(self, what: &str, variables: &BTreeMap<String, String>) -> Self {
        let lines = variables
            .iter()
            .map(|(name, value)| format!("{name}={value}\n"));
        self.text(what, lines.collect::<String>())
    }

    /// Returns each place that holds one of the canaries.
    pub(crate) fn leaks(&self, canaries: &[&str]) -> Vec<String> {
        let mut leaks = Vec::new();
        for (what, files) in &self.0 {
            for (path, content) in files {
                let is_leak = |canary: &&str| holds(content, canary) || path.contains(*canary);
                if canaries.iter().any(is_leak) {
                    leaks.push(format!("{what}: {path}"));
                }
            }
        }
        leaks
    }

    #[track_caller]
    pub(crate) fn assert_clean(&self, canaries: &[&str]) {
        assert_eq!(
            self.leaks(canaries),
            [""; 0],
            "places that hold a credential"
        );
    }
}

#[track_caller]
pub(crate) fn assert_clean(what: &str, files: &BTreeMap<String, Vec<u8>>, canaries: &[&str]) {
    Places::default()
        .files(what, files.clone())
        .assert_clean(canaries);
}
