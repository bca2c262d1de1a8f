//! A package of a catalogue, locked: the pieces it is put together from.
//!
//! ```json
//! {
//!   "of": "npm:typescript",
//!   "pieces": [
//!     { "name": "typescript", "version": "5.9.2", "file": "typescript/-/typescript-5.9.2.tgz",
//!       "digest": "sha512:…", "at": "lib/node_modules/typescript" }
//!   ],
//!   "programs": { "tsc": "lib/node_modules/typescript/bin/tsc" },
//!   "runtime": "node"
//! }
//! ```
//!
//! A file is named as its catalogue names it, not by a whole address: whoever asks another mirror has the same lock.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::catalogue::Offer;
use crate::id::Digest;
use crate::manifest::ExpectedDigest;
use crate::manifest::Packing;

/// A package put together from pieces, with all that is needed to fetch them again and know them for the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LockedPieces {
    /// What it is in its catalogue.
    pub of: Offer,
    /// What is downloaded, the package itself first.
    pub pieces: Vec<Piece>,
    /// The programs it shows, by name, as paths inside it; empty: what is found in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub programs: BTreeMap<String, String>,
    /// What its programs run with, such as `node` or `python 3.11`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// Who signed the first piece: a minisign key, or as `cosign key=…` or `cosign identity=… issuer=…` who is asked for.
    /// With `list=…` behind it they signed the list of digests of that name, which names the piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// Whether what it needs was asked for too, where that is a choice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

/// One download of a package put together from several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// The name it has in its catalogue.
    pub name: String,
    /// Its version there.
    pub version: String,
    /// The file, as the catalogue names it.
    pub file: String,
    /// How many bytes it has, where the catalogue tells; of a repository, how many an archive of it has, more or less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// What its bytes hash to, as the catalogue tells, or as they were when they were fetched to be locked.
    pub digest: ExpectedDigest,
    /// How it is packed, where that is not the same for all of its catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpack: Option<Packing>,
    /// Where in the package it goes; empty: its root.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub at: String,
}

impl LockedPieces {
    /// What a generation knows it by: everything that decides what it becomes.
    pub fn identity(&self) -> Digest {
        let text = serde_json::to_vec(self).expect("pieces have only string keys");
        Digest::of(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids of generations are made from it: a change here changes them.
    #[test]
    fn the_identity_never_changes() {
        let text = r#"{"of":"npm:typescript","pieces":[{"name":"typescript","version":"5.9.2","file":"typescript/-/typescript-5.9.2.tgz","size":7,"digest":"b3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262","unpack":"tar.gz","at":"lib"}],"programs":{"tsc":"lib/bin/tsc"},"runtime":"node"}"#;
        let pieces: LockedPieces = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&pieces).unwrap(), text);
        assert_eq!(pieces.identity(), Digest::of(text.as_bytes()));
    }
}
