//! The terminal: what is printed where, progress, tables, how an error looks.
//!
//! stdout is what was asked for; all else is stderr. Off a terminal there are no bars, no colours and no questions.

mod ask;
#[cfg(feature = "tui")]
mod browser;
mod error;
mod graph;
mod printer;
mod progress;
mod style;
mod table;
mod width;
mod words;

pub use ask::Consent;
#[cfg(feature = "tui")]
pub use browser::Action;
#[cfg(feature = "tui")]
pub use browser::BrowseError;
#[cfg(feature = "tui")]
pub use browser::Browser;
#[cfg(feature = "tui")]
pub use browser::can_browse;
#[cfg(feature = "tui")]
pub use browser::run as browse;
pub use graph::dot;
pub use graph::mermaid;
pub use printer::Format;
pub use printer::Printer;
pub use printer::Volume;
pub use progress::Renderer;
pub use style::Style;
pub use table::Table;
pub use words::bytes;
pub use words::count;
pub use words::signed_bytes;
