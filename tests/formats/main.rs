//! The formats people and machines write: every one ever released is read, and nothing hostile gets through.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as the tests do"
)]

mod edits;
mod hostile;
mod includes;
mod indexes;
mod problems;
mod rewriting;
mod samples;
mod sources;
