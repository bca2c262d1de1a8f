//! What a person decided about a profile's generations: it is not rolled back with them.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::manifest::Keep;
use dgmo_store::durable;
use serde::Deserialize;
use serde::Serialize;

use crate::home;
use crate::home::Profile;

/// The generations a person pinned.
pub type Pinned = BTreeSet<GenerationNumber>;

/// Pins and the rule for pruning: `policy.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The format; 1.
    format: u32,
    /// What pruning keeps, as the manifest of the last switch said.
    #[serde(default)]
    pub keep: Keep,
    /// Kept whatever the rule says, where the rule says that pins keep.
    #[serde(default)]
    pub pinned: Pinned,
}

/// Why the policy could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error("cannot {deed} `{}`", path.display())]
    Io {
        deed: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("`{}` is damaged", path.display())]
    Damaged {
        path: PathBuf,
        source: serde_json::Error,
    },
}

impl Diagnose for PolicyError {
    fn code(&self) -> Code {
        match self {
            Self::Io { source, .. } => home::code_of(source),
            Self::Damaged { .. } => Code::GenerationDamaged,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Io { source, .. } => Some(home::hint_for(source)),
            Self::Damaged { .. } => None,
        }
    }
}

impl Policy {
    /// Reads that of `profile`; the default where there is none yet.
    pub fn load(profile: &Profile) -> Result<Self, PolicyError> {
        let path = profile.policy();
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|source| PolicyError::Damaged { path, source }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self {
                format: 1,
                ..Self::default()
            }),
            Err(source) => Err(PolicyError::Io {
                deed: "read",
                path,
                source,
            }),
        }
    }

    /// Writes it; the caller holds the profile's guard.
    pub fn save(&self, profile: &Profile) -> Result<(), PolicyError> {
        let mut text = serde_json::to_vec_pretty(self).expect("a policy has string keys");
        text.push(b'\n');
        durable::replace_file(&profile.policy(), &text, 0o644).map_err(|source| PolicyError::Io {
            deed: "write",
            path: profile.policy(),
            source,
        })
    }
}
