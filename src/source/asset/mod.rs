//! Chooses a file of a forge's release by its name, and finds what proves it.
//!
//! All of it is of names and texts alone: nothing here reads a disk or a network.

mod checksums;
mod choose;
mod companions;
mod kind;
mod pattern;
mod reading;
mod tag;
#[cfg(test)]
mod tests;
mod words;

pub use checksums::Algorithm;
pub use checksums::Checksum;
pub use checksums::Checksums;
pub use checksums::Conflict;
pub(in crate::source) use checksums::LARGEST_LIST;
pub use choose::Asset;
pub use choose::Assumed;
pub use choose::Choice;
pub use choose::Chosen;
pub use choose::Hints;
pub use choose::Libc;
pub use choose::NoAsset;
pub use choose::choose;
pub use companions::ChecksumFile;
pub use companions::Companions;
pub use companions::Covers;
pub use companions::SignatureFile;
pub use companions::SignatureKind;
pub use companions::companions;
pub use companions::speaks_only_of;
pub use pattern::Pattern;
pub use pattern::PatternError;
pub use pattern::Patterns;
pub use tag::TagOf;
pub use tag::TagVersion;
pub use tag::version_of;
pub use tag::versions;
