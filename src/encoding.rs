//! Hexadecimal digits and percent-encoding.

use std::fmt::Write;

/// Of one segment, or any text.
pub(crate) fn percent_encoded(text: &str) -> String {
    with_plain(text, b"-._~")
}

/// Of a path, whose `/` stay.
pub(crate) fn percent_encoded_path(path: &str) -> String {
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
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
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

/// Writes bytes as hexadecimal digits in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
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
            assert_eq!(percent_encoded(text), expected);
            assert_eq!(percent_decoded(expected).unwrap(), text);
        }
        assert_eq!(percent_encoded_path("a b/c"), "a%20b/c");
        assert_eq!(percent_decoded("%zz"), None);
        assert_eq!(percent_decoded("%ff"), None);
    }

    #[test]
    fn hex_has_two_digits_per_byte() {
        assert_eq!(hex(&[0, 15, 16, 255]), "000f10ff");
    }
}
