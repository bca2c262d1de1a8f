//! Sizes of large blobs: a hint that tells a large file that is probably new from one that is probably there.
//!
//! One that is probably new is read once, hashed and written at the same time; one that is probably there is hashed
//! first, so that adding it again writes nothing. A wrong guess costs a second reading or a write in vain, no more.
//!
//! ```text
//! cache/large-blobs: "dgmo large-blobs 1\n", then sizes: u64, little endian
//! ```

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::OnceLock;

use crate::durable;
use crate::layout::Layout;
use crate::parallel::held;

const MAGIC: &[u8] = b"dgmo large-blobs 1\n";

/// What is known about sizes, and what is new since.
#[derive(Debug, Default)]
pub(crate) struct LargeSizes {
    known: OnceLock<HashSet<u64>>,
    new: Mutex<HashSet<u64>>,
}

impl LargeSizes {
    /// Whether a large blob of this size is or was in the store.
    pub(super) fn knows(&self, layout: &Layout, size: u64) -> bool {
        let known = self.known.get_or_init(|| load(layout));
        known.contains(&size) || held(&self.new).contains(&size)
    }

    /// Takes note of a new large blob.
    pub(super) fn learn(&self, size: u64) {
        held(&self.new).insert(size);
    }
}

fn load(layout: &Layout) -> HashSet<u64> {
    let Ok(bytes) = std::fs::read(layout.large_blobs()) else {
        return HashSet::new();
    };
    let Some(sizes) = bytes.strip_prefix(MAGIC) else {
        return HashSet::new();
    };
    let sizes = sizes.as_chunks::<8>().0.iter();
    sizes.map(|size| u64::from_le_bytes(*size)).collect()
}

/// Writes down what was learned.
pub(super) fn remember(layout: &Layout, sizes: &LargeSizes) {
    let path = layout.large_blobs();
    let known = sizes.known.get_or_init(|| load(layout));
    let new = held(&sizes.new);
    let mut bytes = Vec::new();
    for size in new.difference(known) {
        bytes.extend_from_slice(&size.to_le_bytes());
    }
    if bytes.is_empty() {
        return;
    }
    if !path.exists() {
        bytes.splice(0..0, MAGIC.iter().copied());
    }
    // Only a hint: without it the next addition does a little more work.
    drop(durable::append(&path, &bytes, 0o644));
}
