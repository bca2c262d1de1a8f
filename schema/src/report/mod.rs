//! What each command says at the end: the types behind `--json`, one file for each room.

pub mod activation;
pub mod catalogue;
pub mod bisect;
pub mod drift;
pub mod error;
pub mod generation;
pub mod health;
pub mod import;
pub mod profile;
pub mod running;
pub mod service;
pub mod store;
