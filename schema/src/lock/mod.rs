//! `dgmo.lock`: a resolution written down exactly, for all systems, byte for byte the same on every machine.
//!
//! ```json
//! {
//!   "dgmo-lock": 1,
//!   "packages": {
//!     "helix": {
//!       "version": "25.1",
//!       "x86_64-linux": {
//!         "url": "https://example.org/helix-25.1-x86_64-linux.tar.xz",
//!         "size": 11731000,
//!         "digest": "b3:…",
//!         "unpack": "tar.xz",
//!         "strip": 1,
//!         "tree": "b3:…"
//!       }
//!     },
//!     "notes": {
//!       "any": { "path": "./tools/notes", "tree": "b3:…" }
//!     }
//!   }
//! }
//! ```

mod pieces;
mod raw;
mod signed;
mod text;

pub use pieces::LockedPieces;
pub use pieces::Piece;
pub use signed::SignedBy;
pub use text::LockError;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::id::Digest;
use crate::id::TreeId;
use crate::manifest::Packing;
use crate::manifest::Recipe;
use crate::name::PackageName;
use crate::system::ParseSystemError;
use crate::system::System;

/// The format written; every older one is read for good.
pub const FORMAT: u32 = 1;

/// A whole lock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// The packages by name.
    pub packages: BTreeMap<PackageName, LockedPackage>,
}

/// One package of a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPackage {
    /// The version, where its source has one.
    pub version: Option<String>,
    /// What its programs run with, where that is a package of the same manifest: its name and version.
    pub runs_with: Option<String>,
    /// What the index said of it, where the manifest has it by a short name: so that no index is asked again.
    pub recipes: Vec<Recipe>,
    /// What each system gets.
    pub builds: BTreeMap<Scope, Locked>,
}

/// For which systems a build of a package is: written `any` or as the system's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// For each of them.
    Any,
    /// For this one.
    System(System),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::System(system) => system.fmt(f),
        }
    }
}

impl FromStr for Scope {
    type Err = ParseSystemError;

    fn from_str(text: &str) -> Result<Self, ParseSystemError> {
        match text {
            "any" => Ok(Self::Any),
            _ => text.parse().map(Self::System),
        }
    }
}

/// One package for one system, or for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Locked {
    /// Fetched from an address.
    Url(LockedUrl),
    /// Taken from a folder or a file of the machine that locks.
    Path {
        /// As the manifest says it.
        path: String,
        /// What was found there.
        tree: TreeId,
    },
    /// Put together from what a catalogue offers.
    Pieces(LockedPieces),
}

/// A package behind an address, with all that is needed to fetch it again and know it for the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LockedUrl {
    /// The address without placeholders.
    pub url: String,
    /// How many bytes it has.
    pub size: u64,
    /// What its bytes hash to, as fetched.
    pub digest: Digest,
    /// Their SHA-256 in hex, where the manifest asks for it: so that one edited there is noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// How they are packed.
    pub unpack: Packing,
    /// How many leading folders are dropped.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub strip: u32,
    /// The name a single program gets in `bin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Who signed the bytes: a minisign key, or as `cosign key=…` or `cosign identity=… issuer=…` who is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// What unpacking gives: derived, checked at every unpacking.
    pub tree: TreeId,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// The JSON Schema of the newest format.
pub(crate) fn json_schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<raw::RawLock>()
}

impl LockedPackage {
    /// What `system` gets, if the lock covers it.
    pub fn for_system(&self, system: &System) -> Option<&Locked> {
        self.builds
            .get(&Scope::System(system.clone()))
            .or_else(|| self.builds.get(&Scope::Any))
    }
}

impl Locked {
    /// The tree this becomes in the store, where the lock knows it: what is put together from pieces becomes one
    /// only where it is wanted.
    pub fn tree(&self) -> Option<TreeId> {
        match self {
            Self::Url(url) => Some(url.tree),
            Self::Path { tree, .. } => Some(*tree),
            Self::Pieces(_) => None,
        }
    }
}
