//! The program as a user meets it: real processes in a sandbox, one module for each thing a user does.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "sets sandboxes up and starts processes: what dgmo may not do itself"
)]

mod asking;
mod auditing;
mod bisecting;
#[cfg(feature = "tui")]
mod browsing;
mod collecting;
mod crates;
mod conda;
mod damage;
mod deb;
mod downloads;
mod drift;
mod forge;
mod editing;
mod git;
mod generations;
mod graphs;
mod hooks;
mod importing;
mod in_the_way;
mod index;
mod looking;
mod manifests;
mod mirroring;
mod mirrors;
mod npm;
mod oci;
mod packages;
mod pty;
mod pypi;
mod releases;
mod remedies;
mod repairing;
mod reports;
mod secrets;
mod running;
mod relocating;
mod runs;
mod services;
mod signed;
mod switching;
mod terminal;
mod together;
mod trials;
mod uninstalling;
mod updating;
mod vendoring;
mod waiting;
mod ways;

#[path = "../support/minisign.rs"]
mod minisign;
#[path = "../support/msgpack.rs"]
mod msgpack;
#[path = "../support/server.rs"]
mod server;
#[expect(dead_code, reason = "the room that checks signatures asks for more")]
#[path = "../support/sigstore.rs"]
mod sigstore;
#[path = "../support/mod.rs"]
mod support;

use support::Ran;
use support::Sandbox;
use support::Snapshot;
