//! The client of a mirror: a server that offers objects by their ids.
//!
//! Any server of plain files is one, over what `dgmo mirror` made, over a home or over its folder of objects:
//!
//! ```text
//! GET BASE/mirror.json                   there: its objects are below objects
//! GET BASE/meta.json                     there: BASE is a home, and its objects are below store/objects
//! GET BASE[/objects|/store/objects]/ab/<62 hex>   a blob; with `.x` its executable twin, with `.t` a tree object
//! ```
//!
//! Nobody is believed: what arrives is hashed on its way, and what is not what its name says is nothing.

use std::io;

use dgmo_schema::id::Digest;
use dgmo_schema::manifest::ExpectedDigest;

use crate::source::Downloads;
use crate::source::Expected;
use crate::source::FetchError;
use crate::source::Fetched;
use crate::source::Request;
use crate::source::about_mirror;
use crate::source::redacted;

/// A mirror.
#[derive(Debug)]
pub struct Mirror {
    /// The address of its folder of objects, with a slash at the end.
    objects: String,
    /// As it was named, without a password.
    shown: String,
}

/// One of the files that an object may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub id: Digest,
    pub form: Form,
}

/// Which file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Blob,
    Program,
    Tree,
}

/// What a mirror has to say of one file.
#[derive(Debug)]
pub enum Answer {
    /// Here it is, proven.
    Has(Fetched),
    /// It has none.
    Lacks,
    /// It has something else under that name.
    Lies(FetchError),
    /// It could not be asked, or does not answer as a mirror does.
    Fails(FetchError),
}

impl Mirror {
    /// Finds out where the mirror at `address` has its objects.
    pub fn open(downloads: &Downloads<'_>, address: &str) -> Result<Self, FetchError> {
        let base = address.trim_end_matches('/');
        let shown = redacted(address);
        if about_mirror(downloads, base)?.is_some() {
            return Ok(Self {
                objects: format!("{base}/objects/"),
                shown,
            });
        }
        let meta = downloads.fetch(&Request::new(
            format!("mirror {shown}"),
            format!("{base}/meta.json"),
            Expected::default(),
        ));
        let below = match meta.map_or_else(answer, Answer::Has) {
            Answer::Has(_) => "store/objects/",
            Answer::Lacks => "",
            Answer::Lies(error) | Answer::Fails(error) => return Err(error),
        };
        Ok(Self {
            objects: format!("{base}/{below}"),
            shown,
        })
    }

    /// As people know it.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Asks for some files, several at once; the answers are in their order.
    pub fn ask(&self, downloads: &Downloads<'_>, wanted: &[Wanted]) -> Vec<Answer> {
        let requests: Vec<Request> = wanted.iter().map(|one| self.request(*one)).collect();
        downloads.fetch_all(&requests, |_, fetched| {
            fetched.map_or_else(answer, Answer::Has)
        })
    }

    fn request(&self, Wanted { id, form }: Wanted) -> Request {
        let hex = id.hex();
        let (shard, name) = hex.split_at(2);
        let ending = match form {
            Form::Blob => "",
            Form::Program => ".x",
            Form::Tree => ".t",
        };
        let url = format!("{}{shard}/{name}{ending}", self.objects);
        let expected = Expected {
            digests: vec![ExpectedDigest::Blake3(id)],
            ..Expected::default()
        };
        Request::new(id.to_string(), url, expected)
    }
}

fn answer(error: FetchError) -> Answer {
    match error {
        FetchError::Refused { ref status, .. }
            if status.starts_with("404") || status.starts_with("410") =>
        {
            Answer::Lacks
        }
        FetchError::Local { ref source, .. } if source.kind() == io::ErrorKind::NotFound => {
            Answer::Lacks
        }
        FetchError::WrongDigest { .. } | FetchError::WrongSize { .. } => Answer::Lies(error),
        error => Answer::Fails(error),
    }
}
