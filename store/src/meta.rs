//! `meta.json`: what a program must know before it touches a home.
//!
//! ```json
//! {"format": 1, "features": {"ignore": [], "read-only": [], "refuse": []}}
//! ```
//!
//! A feature a program does not know tells it by its tier what it may still do: all, only read, or nothing. So a new
//! version can add to a home without older ones breaking what they do not understand.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde::Serialize;

/// The format of the home there is so far.
pub const FORMAT: u32 = 1;

/// Features this program knows, in whichever tier.
const KNOWN: &[&str] = &[];

/// The content of `meta.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// The version of the whole layout.
    pub format: u32,
    /// Additions to it.
    #[serde(default)]
    pub features: Features,
    /// How many folders above the home were made for it: they go with it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub made_above: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// How many folders above `home` were made for it, as far as is known.
pub fn made_above(home: &Path) -> io::Result<usize> {
    let text = match std::fs::read(home.join("meta.json")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        text => text?,
    };
    Ok(serde_json::from_slice::<Meta>(&text).map_or(0, |meta| meta.made_above))
}

/// The features a home uses, by what one may do who does not know them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Features {
    /// Everything.
    pub ignore: BTreeSet<String>,
    /// Read.
    pub read_only: BTreeSet<String>,
    /// Nothing.
    pub refuse: BTreeSet<String>,
}

/// What this program may do with a home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Read and write.
    Full,
    /// Only read, because of these features.
    ReadOnly(Vec<String>),
    /// Nothing, because of these features or this format.
    None(String),
}

impl Meta {
    /// That of a home made now.
    pub fn new() -> Self {
        Self {
            format: FORMAT,
            features: Features::default(),
            made_above: 0,
        }
    }

    /// What this program may do with such a home.
    pub fn access(&self) -> Access {
        self.access_knowing(KNOWN)
    }

    fn access_knowing(&self, known: &[&str]) -> Access {
        let unknown = |tier: &BTreeSet<String>| -> Vec<String> {
            let strange = tier.iter().filter(|name| !known.contains(&name.as_str()));
            strange.cloned().collect()
        };
        if self.format != FORMAT {
            return Access::None(format!("its format is {}", self.format));
        }
        let refused = unknown(&self.features.refuse);
        if !refused.is_empty() {
            return Access::None(format!("it uses `{}`", refused.join("`, `")));
        }
        match unknown(&self.features.read_only) {
            features if features.is_empty() => Access::Full,
            features => Access::ReadOnly(features),
        }
    }
}

impl Default for Meta {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(text: &str) -> Meta {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_unknown_feature_is_treated_as_its_tier_says() {
        let ignore = meta(r#"{"format": 1, "features": {"ignore": ["x"]}}"#);
        assert_eq!(ignore.access(), Access::Full);
        let read = meta(r#"{"format": 1, "features": {"read-only": ["x"]}}"#);
        assert_eq!(read.access(), Access::ReadOnly(vec!["x".to_owned()]));
        assert_eq!(read.access_knowing(&["x"]), Access::Full);
        let refuse = meta(r#"{"format": 1, "features": {"refuse": ["x"], "read-only": ["y"]}}"#);
        assert!(matches!(refuse.access(), Access::None(_)));
    }

    #[cfg(unix)]
    #[test]
    fn what_was_made_for_a_home_that_cannot_be_read_is_not_nothing() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(made_above(home.path()).unwrap(), 0);
        let path = home.path().join("meta.json");
        crate::durable::symlink(Path::new("meta.json"), &path).unwrap();
        assert!(made_above(home.path()).is_err());
    }

    #[test]
    fn another_format_is_refused_and_an_unknown_key_is_not() {
        assert!(matches!(meta(r#"{"format": 2}"#).access(), Access::None(_)));
        assert_eq!(
            meta(r#"{"format": 1, "made-by": "x"}"#).access(),
            Access::Full
        );
        let text = serde_json::to_string(&Meta::new()).unwrap();
        assert_eq!(meta(&text), Meta::new());
    }
}
