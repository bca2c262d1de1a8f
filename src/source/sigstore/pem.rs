//! PEM: one block of bytes with a word before and after it that says what they are.

use super::super::base64;

/// The word of certificates.
pub(super) const CERTIFICATE: &str = "CERTIFICATE";
/// The word of public keys.
pub(super) const PUBLIC_KEY: &str = "PUBLIC KEY";

/// The word and the bytes of the first block.
pub(super) fn first(text: &str) -> Option<(&str, Vec<u8>)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (word, rest) = rest.split_once("-----")?;
    let (lines, end) = rest.split_once("-----END ")?;
    end.strip_prefix(word)?.strip_prefix("-----")?;
    let letters: String = lines.split_ascii_whitespace().collect();
    Some((word, base64::decode(&letters)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_block_is_read_with_its_word() {
        let text = "-----BEGIN PUBLIC KEY-----\nZm9v\nYmFy\n-----END PUBLIC KEY-----\n";
        assert_eq!(first(text), Some(("PUBLIC KEY", b"foobar".to_vec())));
        assert_eq!(first(&text.replace("END PUBLIC", "END OTHER")), None);
        assert_eq!(first(&text.replace("Zm9v", "Z*9v")), None);
        assert_eq!(first("-----BEGIN X"), None);
    }
}
