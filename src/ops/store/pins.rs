//! `dgmo store pins`, `pin` and `unpin`: objects a person keeps.

use dgmo_schema::name::PinName;
use dgmo_schema::report::store::PinsReport;
use dgmo_schema::report::store::ShownPin;
use dgmo_store::Pin;
use dgmo_store::Store;

use super::find;
use super::open;
use crate::ops::Engine;
use crate::ops::OpError;
use crate::ops::Result;

/// All pins.
pub fn pins(engine: &Engine<'_>) -> Result<PinsReport> {
    report(&open(engine)?)
}

/// Keeps an object and all it needs, under a name.
pub fn pin(
    engine: &Engine<'_>,
    name: PinName,
    words: &str,
    note: Option<String>,
) -> Result<PinsReport> {
    let store = open(engine)?;
    let guard = store.wait_to_share(engine.observer)?;
    let root = find(&store, words)?;
    store.pin(&Pin { name, root, note }, &guard)?;
    report(&store)
}

/// Keeps it no longer.
pub fn unpin(engine: &Engine<'_>, name: &PinName) -> Result<PinsReport> {
    let store = open(engine)?;
    if !store.unpin(name)? {
        return Err(OpError::NoSuchPin {
            name: name.to_string(),
        }
        .into());
    }
    report(&store)
}

fn report(store: &Store) -> Result<PinsReport> {
    let shown = |pin: Pin| ShownPin {
        name: pin.name,
        id: pin.root.id(),
        note: pin.note,
    };
    Ok(PinsReport {
        pins: store.pins()?.into_iter().map(shown).collect(),
    })
}
