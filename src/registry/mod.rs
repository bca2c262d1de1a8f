//! Servers that offer objects: today mirrors, which know them by their ids.

mod mirror;

pub use mirror::Answer;
pub use mirror::Form;
pub use mirror::Mirror;
pub use mirror::Wanted;
