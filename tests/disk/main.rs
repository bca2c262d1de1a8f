//! Real file systems: one that is full, one that is read-only, some that share blocks between files.
//!
//! They are made in files and mounted, which needs root and a kernel that lets one; where that is not so, the tests say
//! so and try nothing.
#![cfg(target_os = "linux")]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "mounts file systems and fills them: what dgmo may not do itself"
)]

mod full;
mod making_room;
mod machine;
mod mount;
mod read_only;
mod sharing;
