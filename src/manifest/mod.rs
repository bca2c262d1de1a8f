//! Load, check and edit `dgmo.yaml`, with positions for messages.

mod edit;
mod find;
mod index;
mod layout;
mod load;
#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;
mod rewrite;
mod save;
mod scalar;
mod starter;
mod version;
mod write;
mod yaml;

pub use edit::EditError;
pub use edit::add_package;
pub use edit::remove_package;
pub use find::MANIFEST_FILE;
pub use find::find;
pub use index::read_index;
pub use load::LoadError;
pub use load::LoadedManifest;
pub use load::load;
pub use load::load_text;
pub use rewrite::RewriteError;
pub use rewrite::Step;
pub use rewrite::inside_value;
pub use rewrite::set_text;
pub use rewrite::set_values;
pub use rewrite::words;
pub use save::save_text;
pub use starter::TEXT as STARTER;
pub use version::set_version;
