//! `dgmo store …`: objects alone, without manifest or generation.

mod add;
mod look;
mod pins;
mod transfer;
mod verify;

pub use add::StoreAddRequest;
pub use add::add;
pub use look::cat;
pub use look::list;
pub use look::path;
pub use pins::pin;
pub use pins::pins;
pub use pins::unpin;
pub use transfer::ExportRequest;
pub use transfer::copy;
pub use transfer::export;
pub use transfer::import;
pub use verify::verify;

use dgmo_schema::id::Digest;
use dgmo_store::Root;
use dgmo_store::Store;

use super::Engine;
use super::Result;

/// The store of the home.
fn open(engine: &Engine<'_>) -> Result<Store> {
    Ok(Store::open(engine.home.root())?)
}

/// The object that `words` mean: a pin's name or the beginning of an id.
pub(super) fn find(store: &Store, words: &str) -> Result<Root> {
    // A whole id cannot be a pin's name by chance, and many at once must not read all pins for each.
    if words.parse::<Digest>().is_ok() {
        return Ok(store.find(words)?);
    }
    let pinned = store
        .pins()?
        .into_iter()
        .find(|pin| pin.name.as_str() == words);
    match pinned {
        Some(pin) => Ok(pin.root),
        None => Ok(store.find(words)?),
    }
}
