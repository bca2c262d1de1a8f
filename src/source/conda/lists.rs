//! What channels list: in shards where they have those, else in one list.

use std::io;
use std::io::Read;
use std::sync::Arc;

use dgmo_schema::id::Digest;

use super::super::Address;
use super::super::Downloads;
use super::super::Expected;
use super::super::FetchError;
use super::super::Request;
use super::super::catalogue::CatalogueError;
use super::super::pypi::Known;
use super::index::Index;
use super::index::IndexError;
use super::record::Raw;
use super::settings::Channel;
use super::shards;
use super::shards::Shards;

/// The list of a folder of a channel, as most have it.
const COMPRESSED: &str = "repodata.json.zst";

/// The lists of channels, each found out about once in a run, by the addresses of their folders.
pub(super) struct Lists<'a> {
    downloads: &'a Downloads<'a>,
    /// Nothing where a channel has no such folder.
    known: Known<Option<Arc<List>>>,
    shards: Known<Option<Arc<Shards>>>,
    /// What tells where packages are.
    leading: Known<Option<Arc<Shards>>>,
}

/// What a channel has in one of its folders.
enum List {
    Sharded(Arc<Shards>),
    Whole(Index),
}

impl<'a> Lists<'a> {
    pub(super) fn new(downloads: &'a Downloads<'a>) -> Self {
        Self {
            downloads,
            known: Known::default(),
            shards: Known::default(),
            leading: Known::default(),
        }
    }

    /// All that the folder `place` of a channel says of a package.
    pub(super) fn records(
        &self,
        channel: &Channel,
        place: &str,
        name: &str,
    ) -> Result<Vec<Raw>, CatalogueError> {
        let Some(list) = self.list(channel, place)? else {
            return Ok(Vec::new());
        };
        match &*list {
            List::Sharded(shards) => shards.records(self.downloads, name),
            List::Whole(index) => index.records(name).map_err(|source| {
                let url = folder(channel, place);
                FetchError::Cache { url, source }.into()
            }),
        }
    }

    /// Whether each package has a file of its own there.
    pub(super) fn is_sharded(
        &self,
        channel: &Channel,
        place: &str,
    ) -> Result<bool, CatalogueError> {
        let list = self.list(channel, place)?;
        Ok(list.is_some_and(|list| matches!(*list, List::Sharded(_))))
    }

    fn list(&self, channel: &Channel, place: &str) -> Result<Option<Arc<List>>, CatalogueError> {
        self.known.get(&folder(channel, place), || {
            let mut unknown = None;
            let shards = self.shards(channel, place);
            if let Some(Some(shards)) = if_there(shards, &mut unknown)? {
                return Ok(Some(Arc::new(List::Sharded(shards))));
            }
            for name in [COMPRESSED, "repodata.json"] {
                let whole = self.whole(channel, place, name);
                if let Some(index) = if_there(whole, &mut unknown)? {
                    return Ok(Some(Arc::new(List::Whole(index))));
                }
            }
            unknown.map_or(Ok(None), |error| Err(error.into()))
        })
    }

    fn shards(
        &self,
        channel: &Channel,
        place: &str,
    ) -> Result<Option<Arc<Shards>>, CatalogueError> {
        self.shards.get(&folder(channel, place), || {
            shards_of(self.downloads, channel, place)
        })
    }

    fn whole(&self, channel: &Channel, place: &str, name: &str) -> Result<Index, CatalogueError> {
        let request = file_request(channel, &format!("{place}/{name}"), Expected::default());
        let fetched = self.downloads.fetch(&request)?;
        let key = Digest::of(request.url.as_bytes()).hex();
        let path = self.downloads.beside("conda").join(&key[..32]);
        let index = Index::of(&path, fetched.digest, || {
            let reader: Box<dyn Read> = if name == COMPRESSED {
                Box::new(zstd::stream::read::Decoder::new(fetched.file)?)
            } else {
                Box::new(fetched.file)
            };
            Ok(reader)
        });
        index.map_err(|error| match error {
            IndexError::List(why) => CatalogueError::Answer {
                url: super::super::redacted(&request.url),
                why,
            },
            IndexError::Cache(source) => FetchError::Cache {
                url: super::super::redacted(&request.url),
                source,
            }
            .into(),
        })
    }

    /// Asks for a package where its channel has it, which the index of its shards tells. Where that is does not change, so
    /// an index that came before will do.
    pub(super) fn lead(
        &self,
        channel: &Channel,
        (place, file): (&str, &str),
        request: Request,
    ) -> Request {
        let known = self.leading.get(&folder(channel, place), || {
            let kept = shards_of(&self.downloads.kept(), channel, place);
            let known = kept.or_else(|_| self.shards(channel, place));
            // Where nobody can be asked, the package may still lie beside the list.
            Ok(known.ok().flatten())
        });
        match known {
            Ok(Some(shards)) => shards.lead(request, file),
            _ => request,
        }
    }
}

/// The shards of a folder of a channel; nothing where it has none.
fn shards_of(
    downloads: &Downloads<'_>,
    channel: &Channel,
    place: &str,
) -> Result<Option<Arc<Shards>>, CatalogueError> {
    let request = file_request(
        channel,
        &format!("{place}/{}", shards::INDEX),
        Expected::default(),
    );
    if !matches!(Address::parse(&request.url), Ok(Address::Remote(_))) {
        // A folder of this machine is read at once.
        return Ok(None);
    }
    let index = match downloads.document(&request) {
        Ok(index) => index,
        // Some servers say of what is not there that it is not for us. If so, the list is not either, and that is told.
        Err(FetchError::Refused { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match Shards::read(channel, place, &index) {
        Ok(shards) => Ok(shards.map(Arc::new)),
        Err(why) => Err(CatalogueError::Answer {
            url: super::super::redacted(&request.url),
            why,
        }),
    }
}

/// What there is; what is not here without a network goes into `unknown`, since it may be here in another form.
fn if_there<T>(
    result: Result<T, CatalogueError>,
    unknown: &mut Option<FetchError>,
) -> Result<Option<T>, CatalogueError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(CatalogueError::Fetch(error)) if is_absent(&error) => Ok(None),
        Err(CatalogueError::Fetch(error @ FetchError::Offline { .. })) => {
            unknown.get_or_insert(error);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn is_absent(error: &FetchError) -> bool {
    let is_no_file = |source: &io::Error| source.kind() == io::ErrorKind::NotFound;
    error.says_absent() || matches!(error, FetchError::Local { source, .. } if is_no_file(source))
}

fn folder(channel: &Channel, place: &str) -> String {
    format!("{}/{place}", channel.server.url)
}

/// What is asked for a file of a channel.
pub(super) fn file_request(channel: &Channel, path: &str, expected: Expected) -> Request {
    let mirrors = channel.server.mirrors.iter();
    Request {
        what: path.rsplit('/').next().unwrap_or(path).to_owned(),
        url: format!("{}/{path}", channel.server.url),
        mirrors: mirrors.map(|mirror| format!("{mirror}/{path}")).collect(),
        headers: channel.server.own_headers().accepting("*/*"),
        expected,
    }
}
