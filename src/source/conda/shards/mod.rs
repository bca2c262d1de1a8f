//! The list of a channel in shards: one small file for each package, named by what it hashes to.
//!
//! ```text
//! FOLDER/repodata_shards.msgpack.zst      where shards and packages are, and of each package the SHA-256 of its shard
//! SHARDS/<64 hex digits>.msgpack.zst      what the whole list would say of that package
//! ```
//!
//! So of hundreds of megabytes those few kilobytes come that are asked for, and never a second time: what a shard is called
//! proves it, so one that came before is asked for by nobody. What a shard says is read as the whole list is, whichever
//! of the two a channel has: the same is chosen.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io::Read;

use dgmo_schema::manifest::ExpectedDigest;
use serde::Deserialize;

use super::super::Downloads;
use super::super::Expected;
use super::super::FetchError;
use super::super::Request;
use super::super::address::Address;
use super::super::address::Remote;
use super::super::catalogue::CatalogueError;
use super::listing;
use super::msgpack;
use super::record::Raw;
use super::settings::Channel;

/// What tells which shards there are.
pub(super) const INDEX: &str = "repodata_shards.msgpack.zst";

/// The most bytes of a shard as it comes; the largest have some hundred thousands.
const LARGEST: u64 = 16 << 20;

/// The most bytes of a shard or an index when it is no longer packed; the largest index has two millions.
const LARGEST_PLAIN: u64 = 64 << 20;

/// What an index tells.
#[derive(Debug, Deserialize)]
struct Told {
    #[serde(default)]
    version: Option<u64>,
    info: Info,
    /// Nothing where a package is not there any more.
    shards: HashMap<String, Option<String>>,
}

#[derive(Debug, Deserialize)]
struct Info {
    #[serde(default)]
    base_url: String,
    #[serde(default)]
    shards_base_url: String,
}

/// The shards of one folder of a channel.
#[derive(Debug)]
pub(super) struct Shards {
    channel: Channel,
    /// Where its index is, as it may be told.
    index: String,
    /// Where the shards are, and where mirrors of the channel have them.
    beside: Vec<Remote>,
    /// Where the packages are, where that is not beside the list.
    packages: Option<Remote>,
    /// Of each package what its shard hashes to, as text.
    digests: HashMap<String, Option<String>>,
}

impl Shards {
    /// Understands the index of the folder `place` of a channel. Nothing where it is of a later kind, which is not known
    /// to mean the same; what is wrong is told in words.
    pub(super) fn read(
        channel: &Channel,
        place: &str,
        index: &[u8],
    ) -> Result<Option<Self>, String> {
        let json = msgpack::to_json(&plain(index)?)?;
        let told: Told = serde_json::from_slice(&json).map_err(|error| error.to_string())?;
        if told.version.is_some_and(|version| version > 1) {
            return Ok(None);
        }
        let servers = std::iter::once(&channel.server.url).chain(&channel.server.mirrors);
        let mut beside: Vec<Remote> = Vec::new();
        for server in servers {
            let at = folder(server, place, &told.info.shards_base_url)?;
            // An address with a server of its own is the same beside every mirror.
            if !beside.contains(&at) {
                beside.push(at);
            }
        }
        let own = folder(&channel.server.url, place, "")?;
        let packages = folder(&channel.server.url, place, &told.info.base_url)?;
        Ok(Some(Self {
            channel: channel.clone(),
            index: format!("{}/{place}/{INDEX}", channel.server.url),
            beside,
            packages: (packages != own).then_some(packages),
            digests: told.shards,
        }))
    }

    /// All that is said of the package `name`.
    pub(super) fn records(
        &self,
        downloads: &Downloads<'_>,
        name: &str,
    ) -> Result<Vec<Raw>, CatalogueError> {
        let Some(Some(hex)) = self.digests.get(name) else {
            return Ok(Vec::new());
        };
        let digest = format!("sha256:{hex}").parse();
        let digest: ExpectedDigest = digest.map_err(|_| CatalogueError::Answer {
            url: self.index.clone(),
            why: format!("`{hex}`, the shard of `{name}`, is no SHA-256"),
        })?;
        let request = self.request(name, &format!("{hex}.msgpack.zst"), digest);
        let few = downloads.within(LARGEST);
        let fetched = few.fetch(&request).and_then(|mut it| it.read(&request));
        let bytes = fetched.map_err(|error| self.explain(name, error))?;
        records(name, &bytes).map_err(|why| CatalogueError::Answer {
            url: super::super::redacted(&request.url),
            why: format!(
                "{why}; it should tell of `{name}` in the channel `{}`",
                self.channel.name
            ),
        })
    }

    fn request(&self, name: &str, file: &str, digest: ExpectedDigest) -> Request {
        let mut urls = self.beside.iter().map(|at| format!("{}{file}", at.text()));
        let first = &self.beside[0];
        Request {
            what: format!("{name} (its shard)"),
            url: urls.next().unwrap_or_default(),
            mirrors: urls.collect(),
            headers: self.channel.server.headers(first).accepting("*/*"),
            expected: Expected {
                digests: vec![digest],
                ..Expected::default()
            },
        }
    }

    /// What is wrong with a shard is no fault of who asks for it.
    fn explain(&self, name: &str, error: FetchError) -> CatalogueError {
        let is_its_own = error.says_absent()
            || matches!(
                error,
                FetchError::WrongDigest { .. } | FetchError::TooLarge { .. }
            );
        if !is_its_own {
            return error.into();
        }
        CatalogueError::Shard {
            package: name.to_owned(),
            channel: self.channel.name.clone(),
            source: Box::new(error),
        }
    }

    /// Asks for a package where the channel has it, and then where it would lie by its name.
    pub(super) fn lead(&self, mut request: Request, file: &str) -> Request {
        if let Some(at) = &self.packages {
            let beside = std::mem::replace(&mut request.url, format!("{}{file}", at.text()));
            request.mirrors.insert(0, beside);
            request.headers = self.channel.server.headers(at).accepting("*/*");
        }
        request
    }
}

/// What a shard says of its package. One that tells of another is not believed: the whole list would have that elsewhere.
fn records(name: &str, bytes: &[u8]) -> Result<Vec<Raw>, String> {
    let json = msgpack::to_json(&plain(bytes)?)?;
    let mut records = Vec::new();
    let from: Box<dyn Read + '_> = Box::new(&json[..]);
    listing::read(from, &mut |record| {
        if record.name == name {
            records.push(record);
        }
        Ok(())
    })?;
    Ok(records)
}

/// What `bytes` are when they are no longer packed.
fn plain(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let told = |error: std::io::Error| error.to_string();
    let unpacked = zstd::stream::read::Decoder::with_buffer(bytes).map_err(told)?;
    let mut plain = Vec::new();
    let mut few = unpacked.take(LARGEST_PLAIN + 1);
    few.read_to_end(&mut plain).map_err(told)?;
    if plain.len() as u64 > LARGEST_PLAIN {
        return Err(format!("it has more than {LARGEST_PLAIN} bytes"));
    }
    Ok(plain)
}

/// Where `location` leads from the index in the folder `place` of a channel, as a folder.
fn folder(server: &str, place: &str, location: &str) -> Result<Remote, String> {
    let index = Address::parse(&format!("{server}/{place}/{INDEX}"));
    let Address::Remote(index) = index.map_err(|error| error.to_string())? else {
        return Err("it is a file".to_owned());
    };
    let led = index.redirected(location)?;
    Ok(if led.path().ends_with('/') {
        led
    } else {
        led.with_suffix("/")
    })
}
