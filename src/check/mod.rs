//! Looks whether what a generation promises holds, until that is decided.
//!
//! A check is looked at again and again until so many tries in a row say the same; [`Machine`] decides, and knows
//! neither clocks nor sockets.

mod look;
mod machine;
mod probe;

pub use look::look_at;
pub use machine::Decision;
pub use machine::Limits;
pub use machine::Machine;
pub use machine::Try;
pub use probe::Surroundings;
pub use probe::probe;
