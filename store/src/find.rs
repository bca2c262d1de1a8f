//! Objects by the beginning of their ids, as people type them.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;

use crate::read::ReadError;
use crate::roots::Root;
use crate::store::Store;

/// So many digits are asked for at least: fewer name half the store.
const FEWEST_DIGITS: usize = 4;

/// Why what was typed names no object.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    #[error("`{words}` is not an id: expected at least {FEWEST_DIGITS} hexadecimal digits")]
    NotAnId { words: String },
    #[error("no object's id begins with `{words}`")]
    None { words: String },
    #[error("the ids of {count} objects begin with `{words}`")]
    Several { words: String, count: usize },
    #[error("cannot read `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Look(#[from] ReadError),
}

impl Diagnose for FindError {
    fn code(&self) -> Code {
        match self {
            Self::NotAnId { .. } => Code::NotAnId,
            Self::None { .. } => Code::ObjectMissing,
            Self::Several { .. } => Code::IdAmbiguous,
            Self::Io { .. } => Code::StoreNotRead,
            Self::Look(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::NotAnId { .. } => Some(Hint::Do(
                "copy an id that `dgmo store add` printed".to_owned(),
            )),
            Self::None { .. } => Some(Hint::Do("add it with `dgmo store add PATH`".to_owned())),
            Self::Several { .. } => Some(Hint::Do("type more digits of the id".to_owned())),
            Self::Io { .. } => None,
            Self::Look(error) => error.hint(),
        }
    }
}

impl Store {
    /// The one object whose id begins with `words`; a tree where a blob has the same id.
    pub fn find(&self, words: &str) -> Result<Root, FindError> {
        let digits = words
            .strip_prefix("b3:")
            .unwrap_or(words)
            .to_ascii_lowercase();
        let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hexadecimal || !(FEWEST_DIGITS..=64).contains(&digits.len()) {
            return Err(FindError::NotAnId {
                words: words.to_owned(),
            });
        }
        if let Some(whole) = Digest::from_hex(digits.as_bytes()) {
            return self.find_whole(whole, words);
        }
        let (shard, rest) = digits.split_at(2);
        let found = self.names_in(shard, rest)?;
        match &found
            .iter()
            .map(|(digest, _)| digest)
            .collect::<BTreeSet<_>>()
            .len()
        {
            0 => Err(FindError::None {
                words: words.to_owned(),
            }),
            1 => {
                let is_tree = found.iter().any(|(_, is_tree)| *is_tree);
                let digest = found.first().expect("there is one").0;
                Ok(if is_tree {
                    Root::Tree(TreeId(digest))
                } else {
                    Root::Blob(BlobId(digest))
                })
            }
            count => Err(FindError::Several {
                words: words.to_owned(),
                count: *count,
            }),
        }
    }

    /// A whole id needs no listing: it is there or not.
    fn find_whole(&self, digest: Digest, words: &str) -> Result<Root, FindError> {
        let (tree, blob) = (Root::Tree(TreeId(digest)), Root::Blob(BlobId(digest)));
        for root in [tree, blob] {
            if root.is_in(self)? {
                return Ok(root);
            }
        }
        Err(FindError::None {
            words: words.to_owned(),
        })
    }

    /// The objects of a shard whose names begin with `rest`, and whether each is a tree.
    fn names_in(&self, shard: &str, rest: &str) -> Result<BTreeSet<(Digest, bool)>, FindError> {
        let path = self.layout().objects().join(shard);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(source) => return Err(FindError::Io { path, source }),
        };
        let mut found = BTreeSet::new();
        for entry in entries {
            let name = entry.map_err(|source| FindError::Io {
                path: path.clone(),
                source,
            })?;
            let name = name.file_name();
            let Some(name) = name.to_str().filter(|name| name.starts_with(rest)) else {
                continue;
            };
            let (digits, suffix) = name.split_at(name.len().min(62));
            let digest = Digest::from_hex(format!("{shard}{digits}").as_bytes());
            found.extend(digest.map(|digest| (digest, suffix == ".t")));
        }
        Ok(found)
    }
}
