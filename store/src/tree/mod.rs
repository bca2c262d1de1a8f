//! Trees: what a folder holds, as one canonical run of bytes.
//!
//! ```text
//! "dgmo tree 1\n", then for each entry, sorted by the bytes of its name:
//!   kind     1 byte: f file, x executable, l link, d folder
//!   length   u16, little endian
//!   name
//!   f, x, d: 32 bytes, the id of the blob or tree
//!   l:       u32, little endian: length of the target, then the target
//! ```
//!
//! No owner, no time, no size: equal content gives equal bytes. Decoding accepts nothing that encoding would not
//! write, so one tree has exactly one encoding and one id.

mod bytes;
mod name;

pub use bytes::DecodeError;
pub use name::EntryName;
pub use name::LinkTarget;
pub use name::NameProblem;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;
use unicode_normalization::UnicodeNormalization;

/// What one folder holds, sorted by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    entries: Vec<Entry>,
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: EntryName,
    pub node: Node,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    File(BlobId),
    Executable(BlobId),
    Link(LinkTarget),
    Folder(TreeId),
}

/// Why entries do not make a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the name `{name}` occurs twice in one folder")]
pub struct DuplicateName {
    pub name: EntryName,
}

impl Tree {
    /// The tree of these entries, in whatever order they come.
    pub fn new(mut entries: Vec<Entry>) -> Result<Self, DuplicateName> {
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        match entries.windows(2).find(|pair| pair[0].name == pair[1].name) {
            Some(pair) => Err(DuplicateName {
                name: pair[0].name.clone(),
            }),
            None => Ok(Self { entries }),
        }
    }

    /// The entries, sorted by the bytes of their names.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// What `name` stands for.
    pub fn get(&self, name: &[u8]) -> Option<&Node> {
        let at = self
            .entries
            .binary_search_by(|entry| entry.name.as_bytes().cmp(name))
            .ok()?;
        Some(&self.entries[at].node)
    }

    /// The id: the digest of the encoding.
    pub fn id(&self) -> TreeId {
        TreeId(Digest::of(&self.encode()))
    }

    /// Names that are one name to some file systems, and why.
    pub fn collisions(&self) -> Vec<(&EntryName, &EntryName, Alike)> {
        let mut folded: Vec<(String, &EntryName)> = self
            .entries
            .iter()
            .map(|entry| (entry.name.to_string(), &entry.name))
            .map(|(text, name)| (text.to_lowercase().nfd().collect(), name))
            .collect();
        folded.sort();
        let alike = folded.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        alike
            .map(|pair| (pair[0].1, pair[1].1))
            .map(|(one, other)| (one, other, Alike::why(one, other)))
            .collect()
    }
}

/// Why two names are one name to some file systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alike {
    /// They differ in upper and lower case.
    Case,
    /// They differ in how letters with marks are written: as one sign or as two.
    Form,
}

impl Alike {
    fn why(one: &EntryName, other: &EntryName) -> Self {
        let [one, other] = [one, other].map(|name| name.to_string().nfd().collect::<String>());
        if one == other { Self::Form } else { Self::Case }
    }
}

impl Node {
    /// The file whose bytes are the blob.
    pub(crate) fn of_blob(id: BlobId, executable: bool) -> Self {
        if executable {
            Self::Executable(id)
        } else {
            Self::File(id)
        }
    }

    /// The blob, if it is a file, and whether that is executable.
    pub fn blob(&self) -> Option<(BlobId, bool)> {
        match self {
            Self::File(id) => Some((*id, false)),
            Self::Executable(id) => Some((*id, true)),
            Self::Link(_) | Self::Folder(_) => None,
        }
    }
}
