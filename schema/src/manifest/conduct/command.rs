//! Commands and lengths of time in a manifest.

use schemars::JsonSchema;

use crate::code::Code;
use crate::conduct::CommandLine;
use crate::lapse::Lapse;
use crate::manifest::check::Checker;
use crate::manifest::field::Field;
use crate::manifest::raw::Text;
use crate::manifest::text::Span;

/// A length of time, as it is in the JSON Schema.
pub(in crate::manifest) type Time = Field<String>;

/// A command as it is written: a list, so that no shell ever reads it.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(in crate::manifest) struct RawCommand(
    #[schemars(length(min = 1))] pub(in crate::manifest) Vec<Field<Text>>,
);

impl Checker<'_> {
    /// A command with its words checked; what is wrong with one of them has been noted.
    pub(in crate::manifest) fn command(&self, raw: RawCommand, span: Span) -> Option<CommandLine> {
        let count = raw.0.len();
        let words: Vec<String> = raw
            .0
            .into_iter()
            .filter_map(|word| {
                let text = word.value?.0;
                if text.contains('\0') {
                    let message = "a word of a command cannot hold a zero byte";
                    self.reading.note(word.span, Code::ManifestValue, message);
                    return None;
                }
                Some(text)
            })
            .collect();
        if words.len() < count {
            return None;
        }
        CommandLine::try_from(words)
            .map_err(|error| {
                let hint = "write the program and its arguments as a list: `[systemctl, --user, restart, web]`";
                self.reading.note_with_hint(
                    span,
                    Code::ManifestValue,
                    error.to_string(),
                    Some(hint.to_owned()),
                );
            })
            .ok()
    }

    /// The length of time in `field`, else `standard`.
    pub(in crate::manifest) fn lapse(&self, field: Option<Time>, standard: Lapse) -> Lapse {
        let Some(Field {
            value: Some(text),
            span,
        }) = field
        else {
            return standard;
        };
        text.parse().unwrap_or_else(|error| {
            let error: crate::lapse::ParseLapseError = error;
            self.reading
                .note(span, Code::ManifestValue, error.to_string());
            standard
        })
    }

    /// The same, where no time at all makes no sense.
    pub(in crate::manifest) fn some_lapse(&self, field: Option<Time>, standard: Lapse) -> Lapse {
        let span = field.as_ref().map(|field| field.span);
        let lapse = self.lapse(field, standard);
        if let Some(span) = span
            && lapse.as_millis() == 0
        {
            let message = "a time-out of nothing always runs out";
            let hint = Some("write a length of time such as `10s`".to_owned());
            self.reading
                .note_with_hint(span, Code::ManifestValue, message, hint);
            return standard;
        }
        lapse
    }
}
