//! Bytes as hexadecimal digits, lower case.

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
    #[test]
    fn hex_has_two_digits_a_byte() {
        assert_eq!(super::hex(&[0, 15, 16, 255]), "000f10ff");
    }
}
