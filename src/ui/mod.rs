//! The terminal: what is printed where, progress, tables, how an error looks.
//!
//! stdout is what was asked for; all else is stderr. Off a terminal there are no bars, no colours and no questions.

mod ask;
mod error;
mod printer;
mod progress;
mod style;
mod table;
mod width;
mod words;

pub use ask::Consent;
pub use printer::Format;
pub use printer::Printer;
pub use printer::Volume;
pub use progress::Renderer;
pub use style::Style;
pub use table::Table;
pub use words::bytes;
pub use words::count;
pub use words::signed_bytes;
