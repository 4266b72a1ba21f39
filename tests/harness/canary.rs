//! Whether a secret is anywhere, in the forms in which it could be found again.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;

pub(crate) fn hex(text: &str) -> String {
    text.bytes()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}

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

#[track_caller]
pub(crate) fn assert_clean(what: &str, files: &BTreeMap<String, Vec<u8>>, canaries: &[&str]) {
    for (path, content) in files {
        for canary in canaries {
            assert!(!holds(content, canary), "{what}: {path} holds a credential");
            assert!(!path.contains(canary), "{what}: a path holds a credential");
        }
    }
}
