//! Objects on disk: content in, ids out, and nothing that a crash can leave half done.

pub mod durable;
