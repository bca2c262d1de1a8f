//! What the hook of a shell remembers between two prompts, in one variable of the environment.
//!
//! ```text
//! DGMO_HOOKED=1;in=FOLDER;at=GENERATION;told=WORDS;path=PATH AS SET;+NAME=VALUE BEFORE;-NAME
//! ```
//!
//! Values are percent-encoded, so any bytes come back as they were. Being exported it reaches shells that are started
//! inside the folder: they restore what was there before as well.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fmt::Write as _;

/// The version of the form.
const FORM: &str = "1";

/// What was set, and what was there before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Hooked {
    /// The folder whose environment it is.
    pub(super) folder: Option<OsString>,
    /// The folder of the generation.
    pub(super) generation: Option<OsString>,
    /// What has been said, so that it is not said at every prompt.
    pub(super) told: String,
    /// The search path as it was set.
    pub(super) path: Option<OsString>,
    /// The variables that were set, and their values before; nothing where there was none.
    pub(super) before: BTreeMap<String, Option<OsString>>,
}

impl Hooked {
    /// Reads it back. What is not of this form is as good as nothing: then there is nothing to restore.
    pub(super) fn parse(text: &OsStr) -> Self {
        let mut hooked = Self::default();
        let Some(text) = text.to_str() else {
            return hooked;
        };
        let mut fields = text.split(';');
        if fields.next() != Some(FORM) {
            return hooked;
        }
        for field in fields {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            let value = decode(value);
            match name {
                "in" => hooked.folder = Some(value),
                "at" => hooked.generation = Some(value),
                "told" => hooked.told = value.to_string_lossy().into_owned(),
                "path" => hooked.path = Some(value),
                _ => {
                    if let Some(name) = name.strip_prefix('+') {
                        hooked.before.insert(name.to_owned(), Some(value));
                    } else if let Some(name) = name.strip_prefix('-') {
                        hooked.before.insert(name.to_owned(), None);
                    }
                }
            }
        }
        hooked
    }

    /// Whether there is nothing to remember.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// As it is kept.
    pub(super) fn text(&self) -> String {
        let mut text = FORM.to_owned();
        let mut field = |name: &str, value: Option<&OsStr>| {
            if let Some(value) = value {
                // Writing to a String cannot fail.
                let _ = write!(text, ";{name}={}", encode(value));
            }
        };
        field("in", self.folder.as_deref());
        field("at", self.generation.as_deref());
        let told = OsStr::new(&self.told);
        field("told", (!told.is_empty()).then_some(told));
        field("path", self.path.as_deref());
        for (name, value) in &self.before {
            match value {
                Some(value) => field(&format!("+{name}"), Some(value)),
                None => field(&format!("-{name}"), Some(OsStr::new(""))),
            }
        }
        text
    }
}

fn encode(value: &OsStr) -> String {
    let mut text = String::new();
    for byte in value.as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-+,@:".contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02x}");
        }
    }
    text
}

fn decode(text: &str) -> OsString {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = (*first == b'%').then(|| after.get(..2)).flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    from_bytes(bytes)
}

#[cfg(unix)]
fn from_bytes(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

/// Elsewhere variables are text.
#[cfg(not(unix))]
fn from_bytes(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_before_reads_back_byte_for_byte() {
        let odd = from_bytes((1..=255).collect());
        let hooked = Hooked {
            folder: Some("/src/my app".into()),
            generation: Some(odd.clone()),
            told: "a;b=c".to_owned(),
            path: Some("/a:/b".into()),
            before: BTreeMap::from([
                ("NONE".to_owned(), None),
                ("EMPTY".to_owned(), Some(OsString::new())),
                ("ODD".to_owned(), Some(odd)),
            ]),
        };
        let text = hooked.text();
        assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text}");
        assert_eq!(Hooked::parse(OsStr::new(&text)), hooked);
    }

    #[test]
    fn what_somebody_else_wrote_is_nothing() {
        for odd in ["", "2;in=/x", "rubbish", "1;%;=;+"] {
            let hooked = Hooked::parse(OsStr::new(odd));
            assert_eq!(hooked.folder, None, "{odd}");
            assert!(hooked.path.is_none(), "{odd}");
        }
    }
}
