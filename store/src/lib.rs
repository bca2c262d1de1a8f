//! Objects on disk: content in, ids out, and nothing that a crash can leave half done.
//!
//! The modules stand in reading order; each uses those above it.

pub mod look;

pub mod durable;

mod platform;

mod parallel;

pub mod failure;

pub mod layout;

pub mod meta;

pub mod guard;

pub mod hold;

pub mod object;

pub mod tree;

mod objects;

pub mod store;

pub mod read;

pub mod anchor;

mod staging;

pub mod stat_cache;

pub mod insert;

pub mod unpack;

pub mod roots;

pub mod find;

pub mod closure;

mod chain;

mod scratch;

mod reserve;

mod letting_go;

pub mod sweep;

pub mod verify;

pub mod archive;

pub mod copy;

pub use platform::boot;
pub mod repair;

pub use anchor::Anchor;
pub use archive::Compression;
pub use archive::Export;
pub use archive::ExportError;
pub use archive::Exported;
pub use archive::ImportError;
pub use archive::ImportLimits;
pub use archive::Imported;
pub use chain::ChainStep;
pub use closure::Closure;
pub use closure::ClosureError;
pub use copy::Copied;
pub use copy::CopyError;
pub use failure::WriteError;
pub use find::FindError;
pub use guard::ExclusiveGuard;
pub use guard::GuardError;
pub use guard::SharedGuard;
pub use hold::Hold;
pub use hold::Owned;
pub use hold::mark_of_process;
pub use insert::AddOptions;
pub use insert::Added;
pub use insert::Committed;
pub use insert::Content;
pub use insert::Escaping;
pub use insert::InsertError;
pub use insert::Insertion;
pub use insert::LayOutError;
pub use insert::hash_path;
pub use layout::Layout;
pub use parallel::Busy;
pub use read::ReadError;
pub use repair::LaidOutMended;
pub use repair::Lost;
pub use repair::Mended;
pub use repair::Mending;
pub use repair::RepairError;
pub use roots::Held;
pub use roots::Lease;
pub use roots::Pin;
pub use roots::Root;
pub use roots::RootError;
pub use scratch::Scratch;
pub use staging::abandon;
pub use stat_cache::StatCache;
pub use store::OpenError;
pub use store::Store;
pub use sweep::CollectError;
pub use sweep::CollectPlan;
pub use sweep::Freed;
pub use sweep::OtherRoots;
pub use tree::Entry;
pub use tree::EntryName;
pub use tree::LinkTarget;
pub use tree::Node;
pub use tree::Tree;
pub use unpack::LayersError;
pub use unpack::Limits;
pub use unpack::ReadSeek;
pub use unpack::Role;
pub use unpack::Unpack;
pub use unpack::UnpackError;
pub use unpack::Unproven;
pub use unpack::decoded;
pub use unpack::hash_archive;
pub use unpack::packing_of;
pub use verify::Finding;
pub use verify::Verified;
pub use verify::VerifyError;
