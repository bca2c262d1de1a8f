//! The memo that nothing is dead: what makes collecting cheap when there is nothing to collect.
//!
//! ```text
//! cache/collected:  "dgmo collected 1\n", digest of `changes`, digest of the roots, digest of the boot,
//!                   then the digest of all that
//! ```
//!
//! It holds while the store, the roots and the boot are the same. The boot, because a crash of the machine may keep
//! what an insertion named but lose the number that told of it.

use std::fs;
use std::path::PathBuf;

use dgmo_schema::id::Digest;

use super::State;
use crate::closure::write_cache;
use crate::layout::Layout;
use crate::platform;

const MAGIC: &[u8] = b"dgmo collected 1\n";

fn path(layout: &Layout) -> PathBuf {
    layout.cache().join("collected")
}

pub(super) fn says_nothing_is_dead(layout: &Layout, state: &State) -> bool {
    match (fs::read(path(layout)), text(state)) {
        (Ok(found), Some(wanted)) => found == wanted,
        _ => false,
    }
}

pub(super) fn remember_that_nothing_is_dead(layout: &Layout, state: &State) {
    if let Some(text) = text(state) {
        // Without it, the next one looks again.
        drop(write_cache(&path(layout), &text));
    }
}

/// The whole memo; none where boots cannot be told apart.
fn text(state: &State) -> Option<Vec<u8>> {
    let boot = Digest::of(platform::boot()?.as_bytes());
    let mut text = MAGIC.to_vec();
    for digest in [state.changes, state.roots, boot] {
        text.extend(digest.as_bytes());
    }
    let digest = Digest::of(&text);
    text.extend(digest.as_bytes());
    Some(text)
}
