//! One thing that is wrong with a manifest, with its place.

use crate::code::Code;
use crate::code::Diagnose;
use crate::code::Hint;
use crate::code::Place;

/// One thing that is wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Its stable name.
    pub code: Code,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
    /// Where.
    pub place: Box<Place>,
    /// The other place, where two do not go together.
    pub other: Option<Box<Place>>,
    /// What to do.
    pub hint: Option<Hint>,
}

impl Problem {
    /// A problem without a hint.
    pub fn new(code: Code, message: impl Into<String>, place: Place) -> Self {
        Self {
            code,
            message: message.into(),
            place: Box::new(place),
            other: None,
            hint: None,
        }
    }

    /// The same with what to do about it: an imperative sentence.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(Hint::Do(hint.into()));
        self
    }

    /// The same with the other place it is about.
    #[must_use]
    pub fn with_other(mut self, other: Place) -> Self {
        self.other = Some(Box::new(other));
        self
    }
}

impl Diagnose for Problem {
    fn code(&self) -> Code {
        self.code
    }

    fn hint(&self) -> Option<Hint> {
        self.hint.clone()
    }

    fn place(&self) -> Option<&Place> {
        Some(&self.place)
    }
}
