//! What the tests that run the real program share.

pub(crate) mod ran;
pub(crate) mod sandbox;
pub(crate) mod snapshot;

pub(crate) use ran::Ran;
pub(crate) use sandbox::Sandbox;
pub(crate) use snapshot::Snapshot;
