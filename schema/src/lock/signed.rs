//! Who signed a download, as a lock says it in one line.
//!
//! ```text
//! RWQf6LRCGA9i53ml…                                       the holder of a key of minisign's
//! cosign key=MFkwEwYH…                                    the holder of a key of cosign's
//! cosign identity=… issuer=…                              somebody with a name
//! cosign identity=… issuer=… list=checksums.txt           the same: not the file itself, but a list that names it
//! ```
//!
//! A list is named as it lies beside the file, or by its whole address where it lies elsewhere.

use std::fmt;

/// What stands before the name of a list.
const LIST: &str = " list=";

/// Who signed, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedBy<'a> {
    /// Who is asked for: what the manifest says.
    pub signer: &'a str,
    /// The list of digests that was signed in place of the file.
    pub list: Option<&'a str>,
}

impl<'a> SignedBy<'a> {
    /// Reads the line.
    pub fn parse(text: &'a str) -> Self {
        match text.rsplit_once(LIST) {
            Some((signer, list)) => Self {
                signer,
                list: Some(list),
            },
            None => Self {
                signer: text,
                list: None,
            },
        }
    }
}

impl fmt::Display for SignedBy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.signer)?;
        match self.list {
            Some(list) => write!(f, "{LIST}{list}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_who_signed_and_which_list() {
        for (text, signer, list) in [
            ("RWQ", "RWQ", None),
            ("RWQ list=SHA256SUMS", "RWQ", Some("SHA256SUMS")),
            (
                "cosign identity=a issuer=https://b list=https://c/d",
                "cosign identity=a issuer=https://b",
                Some("https://c/d"),
            ),
        ] {
            let found = SignedBy::parse(text);
            assert_eq!((found.signer, found.list), (signer, list));
            assert_eq!(found.to_string(), text);
        }
    }
}
