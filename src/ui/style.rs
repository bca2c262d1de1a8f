//! Colour, where it is wanted; it never says anything that the words do not.

use std::io::IsTerminal;

use crate::env::Var;

/// Whether a stream gets colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    colour: bool,
}

impl Style {
    /// For a stream that is a terminal or not, as the environment wishes.
    pub fn for_stream(stream: &impl IsTerminal) -> Self {
        let dumb = Var::Terminal.text().is_some_and(|kind| kind == "dumb");
        let forced = Var::ColorForce.text().is_some_and(|value| value != "0");
        let colour = Var::NoColor.raw().is_none() && (forced || (stream.is_terminal() && !dumb));
        Self { colour }
    }

    /// No colour.
    pub const PLAIN: Self = Self { colour: false };

    /// Something went wrong.
    pub fn bad(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    /// Something to look at.
    pub fn odd(self, text: &str) -> String {
        self.paint("1;33", text)
    }

    /// Something came or went well.
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// Something that matters.
    pub fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Something that matters less.
    pub fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}
