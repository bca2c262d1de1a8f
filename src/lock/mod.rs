//! Load, save and compare `dgmo.lock`.

mod diff;
mod file;

pub use diff::BuildChange;
pub use diff::LockDiff;
pub use diff::PackageChange;
pub use file::LOCK_FILE;
pub use file::LoadLockError;
pub use file::Prepared;
pub use file::SaveLockError;
pub use file::Saved;
pub use file::load;
pub use file::path_beside;
pub use file::prepare;
pub use file::save;
