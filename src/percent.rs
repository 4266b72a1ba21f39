//! Percent-encoding, <https://www.rfc-editor.org/rfc/rfc3986#section-2>: everything but unreserved characters.

use std::fmt::Write;

/// Of one segment, or any text.
pub(crate) fn encoded(text: &str) -> String {
    with_plain(text, b"-._~")
}

/// Of a path, whose `/` stay.
pub(crate) fn encoded_path(path: &str) -> String {
    with_plain(path, b"-._~/")
}

fn with_plain(text: &str, plain: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// `None` where a `%` begins no byte, or the bytes are no text.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                tail
            }
            (byte, tail) => {
                bytes.push(*byte);
                tail
            }
        };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_to_the_same() {
        for (text, expected) in [
            ("a b/c", "a%20b%2Fc"),
            ("\u{e9}~", "%C3%A9~"),
            ("100%", "100%25"),
        ] {
            assert_eq!(encoded(text), expected);
            assert_eq!(decoded(expected).unwrap(), text);
        }
        assert_eq!(encoded_path("a b/c"), "a%20b/c");
        assert_eq!(decoded("%zz"), None);
        assert_eq!(decoded("%ff"), None);
    }
}
