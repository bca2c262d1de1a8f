//! Declarative generations of programs and config files: switch, roll back, never half.
//!
//! The modules stand in reading order: each uses those above it and none below. `tests/order.rs` knows.

pub mod env;
pub mod clock;
pub mod home;
pub mod process;
pub mod manifest;
pub mod import;
pub mod lock;
pub mod source;
pub mod registry;
pub mod resolve;
pub mod realise;
pub mod files;
pub mod view;
pub mod generation;
pub mod service;
pub mod check;
pub mod health;
pub mod activate;
pub mod ops;
pub mod ui;
pub mod cli;
