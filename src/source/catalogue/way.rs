//! How a piece of a package gets here: most are downloads; some a catalogue's own program brings.

use std::fmt;
use std::fs::File;

use dgmo_store::ReadSeek;

use super::super::Downloads;
use super::super::Errand;
use super::super::Fetched;
use super::super::Request;
use super::CatalogueError;

/// How a piece gets here.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each piece that is missing, and most are downloads"
)]
pub enum Way<'a> {
    /// Its bytes lie behind an address, as its publisher packed them, and their digest proves them.
    Download(Request),
    /// Its catalogue makes an archive of it on this machine; the tree that comes of it proves it.
    Made(Box<dyn Bring + 'a>),
}

/// What brings a piece here without a download of ours.
pub trait Bring: Send + Sync {
    /// Who is asked: not too many at once are brought from one host.
    fn host(&self) -> Option<String>;

    /// Brings it. Several threads may.
    fn bring(&self) -> Result<Brought, CatalogueError>;
}

/// A piece that is here, packed as the lock says or as is usual for its catalogue.
#[derive(Debug)]
pub struct Brought {
    /// The archive, to read from the start.
    pub file: File,
    /// How many bytes came over the network now.
    pub received: u64,
}

impl From<Fetched> for Brought {
    fn from(fetched: Fetched) -> Self {
        Self {
            file: fetched.file,
            received: fetched.received,
        }
    }
}

impl Way<'_> {
    /// Goes it.
    pub fn go(&self, downloads: &Downloads<'_>) -> Result<Brought, CatalogueError> {
        match self {
            Self::Download(request) => Ok(downloads.fetch(request)?.into()),
            Self::Made(bring) => bring.bring(),
        }
    }

    /// The same, and has `take` read the archive while it comes, as [`Downloads::fetch_and`] does.
    pub fn go_and<T: Send>(
        &self,
        downloads: &Downloads<'_>,
        take: &(dyn Fn(&mut dyn ReadSeek) -> T + Sync),
    ) -> Result<(Brought, T), CatalogueError> {
        match self {
            Self::Download(request) => {
                let (fetched, taken) = downloads.fetch_and(request, take)?;
                Ok((fetched.into(), taken))
            }
            Self::Made(bring) => {
                let mut brought = bring.bring()?;
                let taken = take(&mut brought.file);
                Ok((brought, taken))
            }
        }
    }

    /// Who is asked, and for how much.
    pub(crate) fn errand(&self) -> Errand {
        match self {
            Self::Download(request) => Errand::of(request),
            Self::Made(bring) => Errand {
                host: bring.host(),
                ..Errand::default()
            },
        }
    }
}

impl fmt::Debug for Way<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Download(request) => f.debug_tuple("Download").field(request).finish(),
            Self::Made(bring) => f.debug_tuple("Made").field(&bring.host()).finish(),
        }
    }
}
