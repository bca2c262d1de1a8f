//! Who must have signed with cosign: the holder of a key, or who an authority knows by a name.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::Error as _;

use super::check::Checker;
use super::field::Field;
use super::raw::RawCosign;
use super::text::Span;
use super::words;
use crate::code::Code;

/// Who must have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cosign {
    /// The holder of a key: the base64 of its PEM, in one line.
    Key(String),
    /// Somebody with a name.
    Identity {
        /// The name, an address of the web or of mail; a `*` in it stands for any characters but `/` and `@`.
        identity: String,
        /// Who says that somebody has this name: the address of a provider.
        issuer: String,
    },
}

impl Cosign {
    /// Whether who has the name `identity` by the word of `issuer` is who must have signed. Never so with a key.
    pub fn means(&self, identity: &str, issuer: &str) -> bool {
        match self {
            Self::Key(_) => false,
            Self::Identity {
                identity: pattern,
                issuer: wanted,
            } => wanted == issuer && fits(pattern, identity),
        }
    }
}

/// Whether `text` is what `pattern` says. The parts between stars are found from the left; each star takes as little as
/// it can, and never a `/` or `@`, so that a branch called `x@refs/tags/v1` is no tag.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(start) else {
        return false;
    };
    let reach = text.find(['/', '@']).unwrap_or(text.len());
    let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    ends.any(|at| at <= reach && fits(rest, &text[at..]))
}

/// As it stands in a lock: `cosign key=…`, or `cosign identity=… issuer=…`.
impl fmt::Display for Cosign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "cosign key={key}"),
            Self::Identity { identity, issuer } => {
                write!(f, "cosign identity={identity} issuer={issuer}")
            }
        }
    }
}

impl FromStr for Cosign {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parts: Vec<&str> = text.split(' ').collect();
        let part = |at: usize, name: &str| {
            let value = parts.get(at)?.strip_prefix(name);
            value.filter(|value| !value.is_empty()).map(str::to_owned)
        };
        match parts[..] {
            ["cosign", _] => part(1, "key=").map(Self::Key).ok_or(()),
            ["cosign", _, _] => Ok(Self::Identity {
                identity: part(1, "identity=").ok_or(())?,
                issuer: part(2, "issuer=").ok_or(())?,
            }),
            _ => Err(()),
        }
    }
}

impl Serialize for Cosign {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cosign {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|()| D::Error::custom("this does not say who must have signed with cosign"))
    }
}

impl JsonSchema for Cosign {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CosignSigner".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^cosign (key=[^ ]+|identity=[^ ]+ issuer=[^ ]+)$",
        })
    }
}

/// How many letters keys have: of Ed25519, of the curves P-256 and P-384, and of RSA with 2048, 3072 and 4096 bits.
const LENGTHS: [usize; 6] = [60, 124, 160, 392, 564, 736];

/// The line of a public key in PEM; none where it is no such key. It may be that line already.
pub fn cosign_key(text: &str) -> Option<String> {
    let text = text.trim();
    let line: String = match text.strip_prefix("-----BEGIN PUBLIC KEY-----") {
        Some(rest) => {
            let lines = rest.strip_suffix("-----END PUBLIC KEY-----")?;
            lines.split_ascii_whitespace().collect()
        }
        None => text.to_owned(),
    };
    let base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=".contains(&b);
    (LENGTHS.contains(&line.len()) && line.starts_with('M') && line.bytes().all(base64))
        .then_some(line)
}

impl Checker<'_> {
    /// Who must have signed: one way to sign is enough, and two would make nobody wiser about which holds.
    pub(super) fn signers(
        &self,
        minisign: Option<Field<String>>,
        cosign: Option<Field<RawCosign>>,
    ) -> (Option<String>, Option<Cosign>) {
        if let (Some(_), Some(cosign)) = (&minisign, &cosign) {
            let message = "both `minisign` and `cosign` say who must have signed".to_owned();
            let hint = "keep the one whose signatures its publisher makes";
            self.note_with(cosign.span, Code::ManifestEntry, message, hint);
        }
        (
            minisign.and_then(|field| self.minisign(field)),
            cosign.and_then(|field| self.cosign(field)),
        )
    }

    /// Who must have signed, by what a package says of it.
    pub(super) fn cosign(&self, field: Field<RawCosign>) -> Option<Cosign> {
        let span = field.span;
        let raw = field.value?;
        match (raw.key, raw.identity, raw.issuer) {
            (Some(key), None, None) => self.cosign_key(key),
            (None, Some(identity), Some(issuer)) => Some(Cosign::Identity {
                identity: self.word(identity, "an identity")?,
                issuer: self.cosign_issuer(issuer)?,
            }),
            _ => {
                if !self.reading.is_marred(span) {
                    let message = "`cosign` does not say who must have signed";
                    let hint = "write `cosign: {identity: \"…\", issuer: \"https://…\"}`, or `cosign: {key: \"…\"}`";
                    self.note_with(span, Code::ManifestEntry, message.to_owned(), hint);
                }
                None
            }
        }
    }

    fn cosign_key(&self, field: Field<String>) -> Option<Cosign> {
        let text = field.value?;
        let key = cosign_key(&text);
        if key.is_none() {
            let message = format!(
                "`{}` is not a public key of cosign's",
                words::shorten(&text)
            );
            let hint = "copy the lines of the `.pub` file, from `-----BEGIN PUBLIC KEY-----` on";
            self.note_with(field.span, Code::ManifestValue, message, hint);
        }
        key.map(Cosign::Key)
    }

    /// A `*` in it would let anybody say who somebody is.
    fn cosign_issuer(&self, field: Field<String>) -> Option<String> {
        let span = field.span;
        let issuer = self.word(field, "an issuer")?;
        if issuer.starts_with("https://") && !issuer.contains('*') {
            return Some(issuer);
        }
        let message = format!("`{}` is not an issuer", words::shorten(&issuer));
        let hint = "write its whole address, from `https://` on";
        self.note_with(span, Code::ManifestValue, message, hint);
        None
    }

    fn word(&self, field: Field<String>, what: &str) -> Option<String> {
        let text = field.value?;
        if !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Some(text);
        }
        let message = format!("`{}` is not {what}", words::shorten(&text));
        self.reading.note(field.span, Code::ManifestValue, message);
        None
    }

    fn note_with(&self, span: Span, code: Code, message: String, hint: &str) {
        self.reading
            .note_with_hint(span, code, message, Some(hint.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_does_not_reach_over_a_slash_or_an_at() {
        let of = |pattern: &str| Cosign::Identity {
            identity: pattern.to_owned(),
            issuer: "https://a.example".to_owned(),
        };
        let pattern = of("https://h.example/o/r/.github/workflows/*@refs/tags/*");
        let is =
            |it: &str| pattern.means(&format!("https://h.example/o/r/{it}"), "https://a.example");
        assert!(is(".github/workflows/release.yml@refs/tags/v1"));
        assert!(!is(".github/workflows/release.yml@refs/heads/main"));
        assert!(!is(".github/workflows/x.yml@refs/heads/y@refs/tags/v1"));
        assert!(!is(".github/workflows/x/y.yml@refs/tags/v1"));
        assert!(of("*@b.example").means("ö@b.example", "https://a.example"));
        assert!(of("a").means("a", "https://a.example"));
        assert!(!of("a").means("a", "https://b.example"));
        assert!(!of("a*").means("b", "https://a.example"));
    }

    #[test]
    fn what_stands_in_a_lock_is_read_back() {
        for text in [
            "cosign key=MFk",
            "cosign identity=a*@b issuer=https://c.example",
        ] {
            assert_eq!(text.parse::<Cosign>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "RWQ",
            "cosign",
            "cosign key=",
            "cosign issuer=a identity=b",
            "cosign a b c",
        ] {
            assert!(text.parse::<Cosign>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_is_taken_as_its_file_and_as_its_line() {
        let line = format!("M{}", "A".repeat(123));
        let file = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----\n",
            &line[..64],
            &line[64..]
        );
        assert_eq!(cosign_key(&file), Some(line.clone()));
        assert_eq!(cosign_key(&line), Some(line));
        assert_eq!(cosign_key("RWQ"), None);
    }
}
