//! What each command says at the end: the types behind `--json`, one file for each room.

pub mod error;
