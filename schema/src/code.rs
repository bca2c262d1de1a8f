//! Error codes, and how an error says its code and what to do next.
//!
//! A code is for ever: one that is no longer raised stays here, so that `dgmo explain` knows it.

use std::error::Error;
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

macro_rules! codes {
    ($($name:ident = $number:literal, $title:literal, $page:literal;)*) => {
        /// The stable name of an error.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Code {
            $(#[doc = $title] #[serde(rename = $number)] $name,)*
        }

        impl Code {
            /// Every code there is, in order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// As shown to people and in reports: `DG` and four digits.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $number),* }
            }

            /// What went wrong, in one line.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),* }
            }

            /// What it means and what helps: the text of `dgmo explain`.
            pub const fn page(self) -> &'static str {
                match self { $(Self::$name => $page),* }
            }
        }
    };
}

include!("code/table.rs");

impl Code {
    /// The code that is written `text`, in any case, with or without its letters.
    pub fn find(text: &str) -> Option<Self> {
        let wanted = text.trim().to_ascii_uppercase();
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == wanted || code.as_str()[2..] == wanted)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The next thing to do about an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// A command to run, word for word.
    Run(String),
    /// Something only a person can do, as an imperative sentence without a full stop.
    Do(String),
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(command) => write!(f, "run `{command}`"),
            Self::Do(text) => f.write_str(text),
        }
    }
}

/// Where in a file something is wrong. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The file, as the user named it.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
    /// How many characters are meant; 1 where only the start is known.
    pub length: usize,
    /// The line itself, without its end.
    pub text: String,
}

/// An error with a code. The text is the error's own; causes are its `source`.
pub trait Diagnose: Error {
    /// The stable name of this error.
    fn code(&self) -> Code;

    /// What to do next, where there is something to do.
    fn hint(&self) -> Option<Hint> {
        None
    }

    /// Where in a file the user wrote it is wrong.
    fn place(&self) -> Option<&Place> {
        None
    }

    /// The error this one only adds words to, so that the deepest hint and place can be found.
    fn inner(&self) -> Option<&dyn Diagnose> {
        None
    }

    /// What else is wrong at the same time, each told like an error of its own.
    fn others(&self) -> Vec<&dyn Diagnose> {
        Vec::new()
    }

    /// The hint to show: the deepest one there is.
    fn deepest_hint(&self) -> Option<Hint> {
        self.inner()
            .and_then(Diagnose::deepest_hint)
            .or_else(|| self.hint())
    }

    /// The place to show: the deepest one there is.
    fn deepest_place(&self) -> Option<&Place> {
        self.inner()
            .and_then(Diagnose::deepest_place)
            .or_else(|| self.place())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        for pair in Code::ALL.windows(2) {
            assert!(
                pair[0].as_str() < pair[1].as_str(),
                "{} before {}",
                pair[0],
                pair[1]
            );
        }
    }

    #[test]
    fn every_code_has_a_page_that_says_what_to_do() {
        for code in Code::ALL {
            assert!(
                !code.title().is_empty() && !code.title().ends_with('.'),
                "{code}"
            );
            assert!(code.page().len() > 40, "{code}");
        }
    }

    #[test]
    fn a_code_is_found_in_every_spelling() {
        let code = Code::ALL[0];
        assert_eq!(Code::find(code.as_str()), Some(code));
        assert_eq!(Code::find(&code.as_str().to_lowercase()), Some(code));
        assert_eq!(Code::find(&code.as_str()[2..]), Some(code));
        assert_eq!(Code::find("DG0000"), None);
    }
}
