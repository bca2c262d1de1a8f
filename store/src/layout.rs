//! Where things are below the home.
//!
//! ```text
//! HOME/
//!   meta.json              what one must know to touch the rest
//!   store/
//!     objects/ab/<62 hex>    a blob (0444); with `.x` the same as an executable (0555); with `.t` a tree (0444)
//!     trees/<64 hex>/        a tree laid out
//!     anchors/<name>         a link to a tree whose files name this place
//!     staging/<unique>/      work in progress
//!     lock  gate  changes
//!   pins/  leases/  cache/
//!   reserve                a little room for a full disk
//! ```

use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::id::TreeId;

/// The paths below one home.
#[derive(Debug, Clone)]
pub struct Layout {
    home: PathBuf,
}

impl Layout {
    /// The paths below `home`.
    pub fn new(home: &Path) -> Self {
        Self {
            home: home.to_owned(),
        }
    }

    pub fn home(&self) -> &Path {
        &self.home
    }

    pub fn meta(&self) -> PathBuf {
        self.home.join("meta.json")
    }

    pub fn reserve(&self) -> PathBuf {
        self.home.join("reserve")
    }

    pub fn pins(&self) -> PathBuf {
        self.home.join("pins")
    }

    pub fn leases(&self) -> PathBuf {
        self.home.join("leases")
    }

    pub fn cache(&self) -> PathBuf {
        self.home.join("cache")
    }

    pub fn store(&self) -> PathBuf {
        self.home.join("store")
    }

    pub fn objects(&self) -> PathBuf {
        self.store().join("objects")
    }

    pub fn trees(&self) -> PathBuf {
        self.store().join("trees")
    }

    /// Where the tree `id` is when it is laid out.
    pub fn tree(&self, id: TreeId) -> PathBuf {
        self.trees().join(id.hex())
    }

    pub fn anchors(&self) -> PathBuf {
        self.store().join("anchors")
    }

    pub fn staging(&self) -> PathBuf {
        self.store().join("staging")
    }

    pub fn lock(&self) -> PathBuf {
        self.store().join("lock")
    }

    pub fn gate(&self) -> PathBuf {
        self.store().join("gate")
    }

    /// Holds another number after every commit: a key for what was derived from the store's content.
    pub fn changes(&self) -> PathBuf {
        self.store().join("changes")
    }

    /// Sizes of large blobs, a hint for insertion.
    pub fn large_blobs(&self) -> PathBuf {
        self.cache().join("large-blobs")
    }

    /// What files outside hashed to when they were last added.
    pub fn stat_cache(&self) -> PathBuf {
        self.cache().join("stat")
    }
}
