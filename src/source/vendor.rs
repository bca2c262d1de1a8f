//! A folder that has every download a lock names, for machines that reach nothing.
//!
//! ```text
//! DIR/sha512-<hex>      the bytes, named by the digest the lock has of them
//! ```
//!
//! Where the folder is used nothing else is: no socket is opened, and bytes are proven like any others.

use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_store::look;

use super::Bring;
use super::Brought;
use super::CatalogueError;
use super::Expected;
use super::FetchError;
use super::Fetched;
use super::Request;
use super::Way;

/// Where the bytes of a digest lie.
pub fn vendored_at(folder: &Path, digest: &ExpectedDigest) -> PathBuf {
    folder.join(vendored_name(digest))
}

/// What a file with these bytes is called.
pub fn vendored_name(digest: &ExpectedDigest) -> String {
    digest.to_string().replace(':', "-")
}

/// Whether a file of that name is one of such a folder.
pub fn is_vendored_name(name: &str) -> bool {
    let digest = name.replacen('-', ":", 1).parse::<ExpectedDigest>();
    digest.is_ok_and(|digest| vendored_name(&digest) == name)
}

/// Whether the folder has the bytes of a digest, whole.
pub fn is_vendored(folder: &Path, digest: &ExpectedDigest, size: Option<u64>) -> bool {
    let expected = Expected {
        size,
        digests: vec![*digest],
        signer: None,
    };
    fetch(folder, &Request::new("", "", expected)).is_ok()
}

/// Whether an archive in the folder becomes the tree that names it.
pub fn becomes_tree(folder: &Path, digest: &ExpectedDigest) -> bool {
    let file = std::fs::File::open(vendored_at(folder, digest));
    file.is_ok_and(|mut file| {
        super::mirrors::becomes(&mut file).is_ok_and(|it| it == digest.to_string())
    })
}

/// What `request` asks for, from the folder alone.
pub(super) fn fetch(folder: &Path, request: &Request) -> Result<Fetched, FetchError> {
    let mut places = request.expected.digests.iter();
    let place = places.find_map(|digest| there(folder, digest));
    match place {
        // Who signed it was asked when it was locked; the digest is that of the lock.
        Some(place) => super::local::fetch(request, None, place),
        None => Err(FetchError::NotVendored {
            what: super::redacted(&request.url),
            folder: folder.to_owned(),
        }),
    }
}

/// The file with a digest, if there is one.
fn there(folder: &Path, digest: &ExpectedDigest) -> Option<PathBuf> {
    let place = vendored_at(folder, digest);
    // Where it cannot be looked at, reading it says why.
    look::is_there(&place).unwrap_or(true).then_some(place)
}

/// How a piece is taken from the folder; its catalogue is not asked anything.
pub(super) fn way<'a>(folder: &'a Path, of: &LockedPieces, piece: &'a Piece) -> Way<'a> {
    if of.of.catalogue.is_proven_by_tree() {
        return Way::Made(Box::new(Archive { folder, piece }));
    }
    let expected = Expected {
        size: piece.size,
        digests: vec![piece.digest],
        signer: None,
    };
    Way::Download(Request::new(&*piece.name, &*piece.file, expected))
}

/// A piece that the tree it becomes proves.
struct Archive<'a> {
    folder: &'a Path,
    piece: &'a Piece,
}

impl Bring for Archive<'_> {
    fn host(&self) -> Option<String> {
        None
    }

    fn bring(&self) -> Result<Brought, CatalogueError> {
        let place =
            there(self.folder, &self.piece.digest).ok_or_else(|| FetchError::NotVendored {
                what: super::redacted(&self.piece.name),
                folder: self.folder.to_owned(),
            })?;
        match std::fs::File::open(&place) {
            Ok(file) => Ok(Brought { file, received: 0 }),
            Err(source) => Err(FetchError::Local {
                path: place,
                source,
            }
            .into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_digests() {
        let digest: ExpectedDigest = format!("sha256:{}", "0f".repeat(32)).parse().unwrap();
        let name = vendored_name(&digest);
        assert_eq!(name, format!("sha256-{}", "0f".repeat(32)));
        assert!(is_vendored_name(&name));
        for other in [
            "sha256-0f",
            "README",
            "b3",
            &name.to_uppercase(),
            &name[1..],
        ] {
            assert!(!is_vendored_name(other), "{other}");
        }
    }
}
