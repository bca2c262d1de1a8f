//! A browser of generations that fills the screen.
//!
//! [`state`] knows what keys mean and holds what is shown, [`draw`] shows it, [`terminal`] is the thin shell between the
//! two and a real terminal. What keys ask for is done by whoever runs it.

mod draw;
mod state;
mod terminal;
#[cfg(test)]
mod tests;

pub use state::Action;
pub use state::Browser;
pub use terminal::BrowseError;
pub use terminal::can_browse;
pub use terminal::run;

use state::Key;
