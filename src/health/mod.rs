//! Checks that look, findings they see, and how each finding is mended.
//!
//! A finding is a value, not an error: it has a code that `dgmo explain` knows, and either a fix, which `dgmo repair`
//! carries out, or a remedy, which a person does.

mod finding;
mod machine;
mod programs;
mod start_file;

pub use finding::Check;
pub use finding::Finding;
pub use machine::clock;
pub use machine::disk;
pub use machine::links;
pub use machine::permissions;
pub use machine::reserve;
pub use programs::programs;
pub use start_file::Marked;
pub use start_file::StartFile;
