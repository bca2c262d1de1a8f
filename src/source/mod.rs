//! Brings a package's bytes to this machine and proves that they are the ones meant.
//!
//! ```text
//! HOME/cache/downloads/
//!   <key>.lock      held by whoever fetches this address; another one waits and uses what came
//!   <key>.bytes     the bytes as they come; an interrupted transfer goes on at their end
//!   <key>.json      what the server said of them: entity tag, date; what they hash to once all have come
//!   <key>.minisig   their signature, where one was asked for
//!   <key>.gist      what matters of them, where it is little and there is much else
//! ```
//!
//! `<key>` is the digest of the address, and of the form that was asked for. All of it may be deleted at any time: nothing here is believed without its
//! digest, so nothing here is synced either.

mod address;
mod agent;
mod arrival;
pub mod asset;
mod backoff;
mod base64;
mod catalogue;
mod deb;
mod crates;
mod conda;
mod download;
mod downloads;
mod errand;
mod error;
mod exchange;
mod forge;
mod forward;
mod git;
mod gate;
mod gist;
mod headers;
mod index;
mod local;
mod mirrors;
mod npm;
mod oci;
mod parallel;
mod partial;
mod persist;
mod pypi;
mod settings;
pub mod osv;
mod signature;
mod signed_list;
mod sigstore;
mod standing;
mod status;
#[cfg(test)]
pub(crate) mod tests;
mod total;
mod transfer;
mod trim;
mod vendor;

pub use address::Address;
pub use address::AddressError;
pub(crate) use address::redacted;
#[cfg(unix)]
pub(crate) use backoff::chance;
pub use catalogue::Advice;
pub use catalogue::Ask;
pub use catalogue::Bring;
pub use catalogue::Brought;
pub use catalogue::BuildOf;
pub use catalogue::CatalogueError;
pub use catalogue::Catalogues;
pub use catalogue::Endpoints;
pub use catalogue::Fetcher;
pub use catalogue::LeftOut;
pub use catalogue::Listed;
pub use catalogue::Need;
pub use catalogue::Needs;
pub use catalogue::Offered;
pub use catalogue::OfferedVersion;
pub use catalogue::Reach;
pub use catalogue::Universe;
pub use catalogue::Versions;
pub use catalogue::Way;
pub use crates::NoBinary;
pub use downloads::Downloads;
pub use downloads::Expected;
pub use downloads::Fetched;
pub use downloads::Request;
pub(crate) use errand::Errand;
pub use error::FetchError;
pub(crate) use forge::is_meant as release_file_is_meant;
pub use headers::Headers;
pub use index::Found;
pub use index::IndexError;
pub use index::Indexes;
pub use mirrors::MIRROR_FILE;
pub use mirrors::MIRRORED_DOWNLOADS;
pub use mirrors::about as about_mirror;
pub use mirrors::address_of_folder;
pub(crate) use npm::NODE;
pub(crate) use npm::own_node;
pub(crate) use oci::IMAGE;
pub(crate) use oci::is_layer;
pub(crate) use oci::range as range_of_tags;
pub(crate) use parallel::run as in_parallel;
pub use settings::BackOff;
pub use settings::MinimumRate;
pub use settings::Online;
pub use settings::OnlyMirrors;
pub use settings::Proxies;
pub use settings::Settings;
pub use status::ask_for_status;
pub use vendor::becomes_tree;
pub use vendor::is_vendored;
pub use vendor::is_vendored_name;
pub use vendor::vendored_at;
pub use vendor::vendored_name;
