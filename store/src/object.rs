//! The names of objects in their folders.

use std::ffi::OsStr;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;

/// Which of the files an id can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Inode {
    /// A blob that is not executable: no suffix, mode 0444.
    Plain,
    /// The same blob as an executable: `.x`, mode 0555. An inode has one mode, so it is another inode.
    Executable,
    /// A tree object: `.t`, mode 0444.
    Tree,
}

impl Inode {
    /// The inode of a blob that a file or an executable needs.
    pub fn of_blob(executable: bool) -> Self {
        if executable {
            Self::Executable
        } else {
            Self::Plain
        }
    }

    /// The inode with the same bytes and the other mode; a tree object has none and is its own.
    #[must_use]
    pub fn twin(self) -> Self {
        match self {
            Self::Plain => Self::Executable,
            Self::Executable => Self::Plain,
            Self::Tree => Self::Tree,
        }
    }

    /// The permission bits of such a file.
    pub fn mode(self) -> u32 {
        match self {
            Self::Plain | Self::Tree => 0o444,
            Self::Executable => 0o555,
        }
    }

    fn suffix(self) -> &'static [u8] {
        match self {
            Self::Plain => b"",
            Self::Executable => b".x",
            Self::Tree => b".t",
        }
    }
}

/// The name of one object's file: the folder `ab` and the rest within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ObjectName {
    digest: Digest,
    inode: Inode,
    text: [u8; 66],
    length: u8,
}

impl ObjectName {
    /// The name of a blob's file.
    pub fn blob(id: BlobId, inode: Inode) -> Self {
        Self::new(id.0, inode)
    }

    /// The name of a tree object's file.
    pub fn tree(id: TreeId) -> Self {
        Self::new(id.0, Inode::Tree)
    }

    /// The name of the file that `digest` has as `inode`.
    pub fn new(digest: Digest, inode: Inode) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 66];
        for (pair, byte) in text.chunks_exact_mut(2).zip(digest.as_bytes()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        let suffix = inode.suffix();
        text[64..64 + suffix.len()].copy_from_slice(suffix);
        let length = if suffix.is_empty() { 64 } else { 66 };
        Self {
            digest,
            inode,
            text,
            length,
        }
    }

    /// The object found in the folder `shard` (two digits) under `name`, if that is a name of ours.
    pub fn parse(shard: &OsStr, name: &OsStr) -> Option<Self> {
        let (shard, name) = (shard.as_encoded_bytes(), name.as_encoded_bytes());
        let (rest, inode) = match name.len() {
            62 => (name, Inode::Plain),
            64 if name.ends_with(b".x") => (&name[..62], Inode::Executable),
            64 if name.ends_with(b".t") => (&name[..62], Inode::Tree),
            _ => return None,
        };
        let digest = Digest::from_hex(&[shard, rest].concat())?;
        Some(Self::new(digest, inode))
    }

    pub fn digest(&self) -> Digest {
        self.digest
    }

    pub fn inode(&self) -> Inode {
        self.inode
    }

    /// Which of the 256 folders it is in.
    pub fn shard(&self) -> u8 {
        self.digest.as_bytes()[0]
    }

    /// The name of that folder.
    pub fn shard_name(&self) -> &OsStr {
        OsStr::new(ascii(&self.text[..2]))
    }

    /// The name within that folder.
    pub fn file_name(&self) -> &OsStr {
        OsStr::new(ascii(&self.text[2..usize::from(self.length)]))
    }
}

fn ascii(text: &[u8]) -> &str {
    str::from_utf8(text).expect("hex digits and a suffix are ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_a_stranger_does_not() {
        let digest = Digest::of(b"some content");
        for inode in [Inode::Plain, Inode::Executable, Inode::Tree] {
            let name = ObjectName::new(digest, inode);
            assert_eq!(
                ObjectName::parse(name.shard_name(), name.file_name()),
                Some(name)
            );
        }
        let name = ObjectName::new(digest, Inode::Plain);
        for stranger in ["", "lost+found", "x.x", &"G".repeat(62)] {
            assert_eq!(
                ObjectName::parse(name.shard_name(), OsStr::new(stranger)),
                None
            );
        }
    }
}
