//! Lists of a channel in shards, as its server has them.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::channel::listed;
use crate::msgpack;
use crate::pypi::sha256;

/// What tells which shards there are.
pub(crate) const INDEX: &str = "repodata_shards.msgpack.zst";

type Records = BTreeMap<String, Map<String, Value>>;

/// How lists are in shards.
pub(crate) struct Shelf {
    /// What the index says of where packages are; `SUBDIR` stands for the folder.
    pub(crate) packages: &'static str,
    /// What it says of where shards are.
    pub(crate) shards: &'static str,
    /// Where they are: below the folder that has the index, or from the top.
    pub(crate) at: &'static str,
    /// In place of the shards of some packages.
    pub(crate) instead: BTreeMap<&'static str, Instead>,
    /// In place of every index.
    pub(crate) index: Option<Vec<u8>>,
}

/// What is wrong with a shard.
pub(crate) enum Instead {
    Missing,
    /// Other bytes than the index says.
    Changed,
    /// These bytes, as the index says.
    Odd(Vec<u8>),
}

impl Default for Shelf {
    fn default() -> Self {
        Self {
            packages: "",
            shards: "./shards/",
            at: "shards/",
            instead: BTreeMap::new(),
            index: None,
        }
    }
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

impl Shelf {
    /// An index or a shard that there is.
    pub(super) fn found(&self, target: &str, records: &Records) -> Option<Vec<u8>> {
        let (above, name) = target.rsplit_once('/')?;
        if name == INDEX {
            let shards = self.shards(records.get(above)?);
            return self
                .index
                .clone()
                .or_else(|| Some(self.index(above, &shards)));
        }
        let hex = name.strip_suffix(".msgpack.zst")?;
        records.iter().find_map(|(folder, records)| {
            let at = match self.at.strip_prefix('/') {
                Some(_) => self.at.to_owned(),
                None => format!("{folder}/{}", self.at),
            };
            if format!("{above}/") != at {
                return None;
            }
            let mut shards = self.shards(records).into_iter();
            let (name, _, bytes) = shards.find(|(_, known, _)| known == hex)?;
            match self.instead.get(name.as_str()) {
                Some(Instead::Missing) => None,
                Some(Instead::Changed) => Some(b"something else".to_vec()),
                _ => Some(bytes),
            }
        })
    }

    /// Of each package its name, its shard's digest and its shard.
    fn shards(&self, records: &Map<String, Value>) -> Vec<(String, String, Vec<u8>)> {
        let mut packages: BTreeMap<&str, Vec<(String, Value)>> = BTreeMap::new();
        for (file, record) in records {
            let all = packages.entry(record["name"].as_str().unwrap());
            all.or_default().push((file.clone(), record.clone()));
        }
        let shards = packages.into_iter().map(|(name, records)| {
            let bytes = match self.instead.get(name) {
                Some(Instead::Odd(bytes)) => bytes.clone(),
                _ => zst(&msgpack::packed(&listed(records))),
            };
            (name.to_owned(), sha256(&bytes), bytes)
        });
        shards.collect()
    }

    fn index(&self, folder: &str, shards: &[(String, String, Vec<u8>)]) -> Vec<u8> {
        let subdir = folder.rsplit('/').next().unwrap();
        let info = json!({
            "subdir": subdir, "base_url": self.packages.replace("SUBDIR", subdir),
            "shards_base_url": self.shards, "created_at": "2025-01-01T00:00:00Z",
        });
        let shards = shards
            .iter()
            .map(|(name, hex, _)| (name.as_str(), hex.as_str()));
        zst(&msgpack::index(&info, &shards.collect::<Vec<_>>()))
    }

    /// Whether it is a package, and packages lie elsewhere.
    pub(super) fn has_moved(&self, target: &str) -> bool {
        let is_package = [".conda", ".tar.bz2"]
            .iter()
            .any(|end| target.ends_with(end));
        is_package && self.packages.starts_with('/')
    }

    /// Where a package was before it was moved; nothing of a place it was moved from.
    pub(super) fn moved_from(&self, target: &str) -> Option<String> {
        let pool = self.packages.split("SUBDIR").next().unwrap();
        Some(format!("/lab/{}", target.strip_prefix(pool)?))
    }
}
