//! `mirror.json`: what a mirror says of itself.
//!
//! ```json
//! { "format": 1 }
//! ```
//!
//! What it has is told by the names of its files alone.

use serde::Deserialize;
use serde::Serialize;

/// The only format of mirrors there is so far.
pub const FORMAT: u32 = 1;

/// What a mirror says of itself. Keys that are not known are passed over: what must not be is of another format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The format.
    pub format: u32,
}

impl About {
    /// The file.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut text = serde_json::to_vec(&self).expect("it has only string keys");
        text.push(b'\n');
        text
    }
}
