//! Hexadecimal digits and percent-encoding.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Every character but the unreserved ones: <https://www.rfc-editor.org/rfc/rfc3986#section-2.3>
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// Encodes one segment of a path, or any other text.
pub(crate) fn percent_encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Encodes a path and keeps its `/`.
pub(crate) fn percent_encoded_path(path: &str) -> String {
    utf8_percent_encode(path, RESERVED_IN_PATH).to_string()
}

/// Decodes a text. `None` if a `%` has no two hexadecimal digits, or if the bytes are not UTF-8.
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    has_whole_escapes(text).then(|| decoded.into_owned())
}

/// Whether two hexadecimal digits follow each `%`.
pub(crate) fn has_whole_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
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
    fn encoded_text_is_decoded_to_the_same_text() {
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
        assert_eq!(percent_decoded("100%"), None);
    }

    #[test]
    fn hex_has_two_digits_per_byte() {
        assert_eq!(hex(&[0, 15, 16, 255]), "000f10ff");
    }
}
