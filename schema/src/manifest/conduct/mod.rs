//! The keys of a manifest about conduct: what a generation does besides being there.
//!
//! One file for each key: the shape serde reads, and what is checked of it.

mod checks;
mod command;
mod hooks;

pub(super) use checks::RawCheck;
pub(super) use checks::RawKind;
pub(super) use command::RawCommand;
pub(super) use command::Time;
pub(super) use hooks::PartHooks;
pub(super) use hooks::RawHooks;
