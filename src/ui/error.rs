//! How an error looks.
//!
//! ```text
//! error[DG1003]: unknown key `pakages`
//!   --> dgmo.yaml:3:1
//!    |
//!  3 | pakages:
//!    | ^^^^^^^
//!   because: …
//!   hint: did you mean `packages`?
//! ```

use std::error::Error;
use std::fmt::Write as _;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::code::Place;
use dgmo_schema::report::error::ErrorReport;
use dgmo_schema::report::error::Failure as FailureReport;

use super::Style;

/// The error for people.
pub(super) fn text(error: &dyn Diagnose, style: Style) -> String {
    let first = one(error, style);
    let others = error.others().into_iter().map(|other| one(other, style));
    first + &others.collect::<String>()
}

fn one(error: &dyn Diagnose, style: Style) -> String {
    let parts = Parts {
        code: error.code(),
        message: error.to_string(),
        because: causes(error),
        place: error.deepest_place(),
        hint: Some(hint(error)),
    };
    parts.render(style)
}

/// The error for programs.
pub(super) fn report(error: &dyn Diagnose, exit: u8) -> ErrorReport {
    let failure = |error: &dyn Diagnose| FailureReport {
        code: error.code(),
        message: error.to_string(),
        because: causes(error),
        place: error.deepest_place().cloned(),
        hint: Some(hint(error)),
        exit,
    };
    ErrorReport {
        error: failure(error),
        others: error.others().into_iter().map(failure).collect(),
    }
}

/// What to do about it; where nothing better is known, where to read on.
fn hint(error: &dyn Diagnose) -> Hint {
    let page = || Hint::Run(format!("dgmo explain {}", error.code()));
    error.deepest_hint().unwrap_or_else(page)
}

struct Parts<'a> {
    code: Code,
    message: String,
    because: Vec<String>,
    place: Option<&'a Place>,
    hint: Option<Hint>,
}

impl Parts<'_> {
    fn render(&self, style: Style) -> String {
        let head = style.bad(&format!("error[{}]", self.code));
        let mut text = format!("{head}: {}\n", self.message);
        if let Some(place) = self.place {
            text.push_str(&snippet(place, style));
        }
        for cause in &self.because {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  because: {}", cause.replace('\n', "\n  "));
        }
        if let Some(hint) = &self.hint {
            let hint = hint.to_string().replace('\n', "\n    ");
            let _ = writeln!(text, "  {}: {hint}", style.good("hint"));
        }
        text
    }
}

/// The line that is wrong, with a mark under what is meant.
pub(super) fn snippet(place: &Place, style: Style) -> String {
    let number = place.line.to_string();
    let gap = " ".repeat(number.len());
    let bar = style.faint("|");
    // A tab stays a tab under the line, so that the mark stands where it should.
    let before: String = place
        .text
        .chars()
        .take(place.column.saturating_sub(1))
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let rest = place
        .text
        .chars()
        .count()
        .saturating_sub(place.column.saturating_sub(1));
    let mark = style.bad(&"^".repeat(place.length.clamp(1, rest.max(1))));
    format!(
        " {gap}{} {}:{}:{}\n {gap} {bar}\n {} {bar} {}\n {gap} {bar} {before}{mark}\n",
        style.faint("-->"),
        place.file,
        place.line,
        place.column,
        style.faint(&number),
        place.text,
    )
}

/// The causes, outermost first; one that only repeats the words above it is left out.
fn causes(error: &dyn Diagnose) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    let mut last = error.to_string();
    let mut next: Option<&dyn Error> = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !last.ends_with(&text) {
            texts.push(text.clone());
        }
        last = text;
        next = cause.source();
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_under_what_is_meant() {
        let place = Place {
            file: "dgmo.yaml".to_owned(),
            line: 12,
            column: 3,
            length: 4,
            text: "  jqqq: 1".to_owned(),
        };
        let expected = "   --> dgmo.yaml:12:3\n    |\n 12 |   jqqq: 1\n    |   ^^^^\n";
        assert_eq!(snippet(&place, Style::PLAIN), expected);
    }
}
