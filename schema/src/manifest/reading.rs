//! What is known of one file while it is read: its text, and what is wrong with it so far.

use std::cell::RefCell;
use std::sync::Arc;

use super::node::Key;
use super::problem::Problem;
use super::text::SourceText;
use super::text::Span;
use super::words;
use crate::code::Code;
use crate::nearest::nearest;

/// More than this nobody reads; a hostile file could have a million.
const MOST_PROBLEMS: usize = 100;

/// What is known about one file while it is read: its text, and what is wrong with it so far.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) source: Arc<SourceText>,
    problems: RefCell<Vec<(Span, Problem)>>,
}

impl Reading {
    pub(super) fn new(source: Arc<SourceText>) -> Self {
        Self {
            source,
            problems: RefCell::default(),
        }
    }

    /// Notes a problem at `span`.
    pub(super) fn note(&self, span: Span, code: Code, message: impl Into<String>) {
        self.note_with_hint(span, code, message, None);
    }

    /// Notes a problem at `span`, with what to do about it.
    pub(super) fn note_with_hint(
        &self,
        span: Span,
        code: Code,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let mut problems = self.problems.borrow_mut();
        if problems.len() < MOST_PROBLEMS {
            let problem = Problem::new(code, message, self.source.place(span));
            let problem = match hint {
                Some(hint) => problem.with_hint(hint),
                None => problem,
            };
            problems.push((span, problem));
        }
    }

    /// Whether something inside `span` is known to be wrong: then what is missing there is no news.
    pub(super) fn is_marred(&self, span: Span) -> bool {
        let problems = self.problems.borrow();
        problems
            .iter()
            .any(|(at, _)| span.start <= at.start && at.end <= span.end)
    }

    /// The problems in the order of the file.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|(span, _)| span.start);
        // What an alias names is read at each place it stands for.
        problems.dedup();
        problems.into_iter().map(|(_, problem)| problem).collect()
    }

    /// Notes a key that the map called `name` has no field for.
    pub(super) fn note_unknown_key(&self, name: &str, fields: &'static [&'static str], key: &Key) {
        let text = &key.text;
        if let Some(hint) = words::not_yet(name, text) {
            let message = format!("`{text}` is not something this version of dgmo does yet");
            self.note_with_hint(
                key.span,
                Code::ManifestNotYet,
                message,
                Some(hint.to_owned()),
            );
            return;
        }
        let hint = match nearest(text, fields.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the keys here are {}", words::list(fields)),
        };
        let message = format!("unknown key `{}`", words::shorten(text));
        self.note_with_hint(key.span, Code::ManifestUnknownKey, message, Some(hint));
    }
}
