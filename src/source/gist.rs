//! What matters of an answer, kept beside it, so that it is not looked for in all of it each time.
//!
//! ```text
//! <key>.gist      "dgmo gist 1 <digest of the rest>\n<kind>\n<size> <digest> <digest>…\n", and the gist
//! ```
//!
//! The third line is of the answer it was read from: its size, and what it was proven to hash to. So a gist is believed
//! as far as that answer would be, and only where it is the answer that is wanted now. What is damaged, of another kind
//! or of another answer counts as none.

use std::fs;
use std::path::Path;

use dgmo_schema::id::Digest;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_store::durable;

use super::Address;
use super::CatalogueError;
use super::Downloads;
use super::Fetched;
use super::Online;
use super::Request;
use super::download::Download;
use super::partial::Partial;

/// How its file begins.
const HEAD: &str = "dgmo gist 1";

const MODE: u32 = 0o600;

/// Which answer a gist is of.
struct Of {
    size: Option<u64>,
    digests: Vec<ExpectedDigest>,
}

impl Downloads<'_> {
    /// What matters of a download: as it was kept, else as `read` finds it in the bytes. `kind` stands for how it is
    /// read, and is another one when that changes.
    pub(super) fn gist(
        &self,
        request: &Request,
        kind: &str,
        read: &dyn Fn(&mut Fetched) -> Result<String, CatalogueError>,
    ) -> Result<String, CatalogueError> {
        if let Some(gist) = self.gist_without_asking(request, kind) {
            return Ok(gist);
        }
        let mut fetched = self.fetch(request)?;
        let mut digests = vec![ExpectedDigest::Blake3(fetched.digest)];
        digests.extend(&request.expected.digests);
        let of = Of {
            size: Some(fetched.size),
            digests,
        };
        // Beside a file of somebody else's nothing is kept.
        let is_ours = fetched.path.parent() == Some(self.folder());
        if is_ours && let Some(gist) = of.kept(&fetched.path, kind) {
            return Ok(gist);
        }
        let gist = read(&mut fetched)?;
        if is_ours {
            of.keep(&fetched.path, kind, &gist);
        }
        Ok(gist)
    }

    /// The gist of what would be taken as it lies here, without a look at its bytes.
    fn gist_without_asking(&self, request: &Request, kind: &str) -> Option<String> {
        let Ok(Address::Remote(remote)) = Address::parse(&request.url) else {
            return None;
        };
        if self.settings().vendor.is_some() {
            return None;
        }
        let download = Download {
            downloads: self,
            request,
            remote: &remote,
            watch: None,
        };
        let mut of = Of {
            size: request.expected.size,
            digests: request.expected.digests.clone(),
        };
        if of.digests.is_empty() {
            if self.online() == Online::Yes && !self.is_still_good(request) {
                return None;
            }
            of.digests = vec![ExpectedDigest::Blake3(download.whole()?)];
        }
        of.kept(&download.bytes(), kind)
    }
}

impl Of {
    /// What was kept beside `bytes` of this answer.
    fn kept(&self, bytes: &Path, kind: &str) -> Option<String> {
        let mut text = fs::read_to_string(bytes.with_extension("gist")).ok()?;
        let (head, rest) = text.split_once('\n')?;
        let digest = head.strip_prefix(HEAD)?.trim_start();
        if digest != Digest::of(rest.as_bytes()).to_string() {
            return None;
        }
        let (of_kind, rest) = rest.split_once('\n')?;
        let (of, rest) = rest.split_once('\n')?;
        let mut words = of.split(' ');
        let size: u64 = words.next()?.parse().ok()?;
        let mut wanted = self.digests.iter().map(ToString::to_string);
        let is_it = of_kind == kind
            && self.size.is_none_or(|wanted| wanted == size)
            && wanted.all(|wanted| words.clone().any(|word| word == wanted));
        let begin = text.len() - rest.len();
        is_it.then(|| {
            text.drain(..begin);
            text
        })
    }

    /// Writes a gist down beside `bytes`. What cannot be written will be read again: that is no error.
    fn keep(&self, bytes: &Path, kind: &str, gist: &str) {
        let digests = self.digests.iter().map(|digest| format!(" {digest}"));
        let of: String = digests.collect();
        let rest = format!("{kind}\n{}{of}\n{gist}", self.size.unwrap_or(0));
        let text = format!("{HEAD} {}\n{rest}", Digest::of(rest.as_bytes()));
        let (Some(folder), Some(key)) = (bytes.parent(), bytes.file_stem()) else {
            return;
        };
        // Whoever holds it now writes it down, or will need another one.
        if let Ok(Some(_held)) = Partial::try_lock(folder, &key.to_string_lossy()) {
            let path = bytes.with_extension("gist");
            drop(durable::remove_file(&path));
            drop(durable::write_new(&path, text.as_bytes(), MODE));
        }
    }
}
