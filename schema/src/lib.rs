//! Every format and word of dgmo that leaves the process: no I/O, no clock, no threads.

pub mod both;
pub mod catalogue;
pub mod code;
pub mod conduct;
pub mod event;
pub mod generation;
pub mod id;
pub mod json;
pub mod lapse;
pub mod lock;
pub mod manifest;
pub mod mirror;
pub mod name;
pub mod osv;
pub mod nearest;
pub mod report;
pub mod size;
pub mod system;
pub mod version;
