//! Where a secret comes from: the only thing about it that is ever written down.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::check::Checker;
use super::field::Field;
use super::raw::RawSecret;
use super::text::Span;
use super::words;
use crate::code::Code;
use crate::conduct::CommandLine;
use crate::name::VariableName;

/// Where a secret comes from. It holds nothing of the secret, and no folder of the manifest: a rollback has none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SecretSource {
    /// What this command prints.
    Command(CommandLine),
    /// What this variable of dgmo's own environment holds.
    Env(VariableName),
    /// What this file holds: an absolute path, or one that begins with `~/`.
    File(String),
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(command) => write!(f, "the command `{command}`"),
            Self::Env(name) => write!(f, "the variable `{name}`"),
            Self::File(path) => write!(f, "the file `{path}`"),
        }
    }
}

/// Why a path cannot be where a secret comes from, or where its command is.
pub(super) fn bad_place(path: &str) -> Option<&'static str> {
    let fixed = path.starts_with('/') || path.starts_with("~/") || has_drive(path);
    (!fixed).then_some("a rollback has no manifest whose folder a relative path could start from")
}

fn has_drive(path: &str) -> bool {
    cfg!(windows) && matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

impl Checker<'_> {
    /// Exactly one of the ways to come by a secret.
    pub(super) fn secret(&self, raw: RawSecret, span: Span) -> Option<SecretSource> {
        let ways = [
            raw.command.as_ref().map(|field| field.span),
            raw.env.as_ref().map(|field| field.span),
            raw.file.as_ref().map(|field| field.span),
        ];
        let mut written = ways.into_iter().flatten();
        let Some(_) = written.next() else {
            if !self.reading.is_marred(span) {
                self.wrong(span, "`secret` says nothing of where it comes from", ONE_OF);
            }
            return None;
        };
        if let Some(second) = written.next() {
            self.wrong(second, "`secret` comes from one place only", ONE_OF);
            return None;
        }
        if let Some(command) = raw.command {
            return self.secret_command(command);
        }
        if let Some(Field { value, span }) = raw.env {
            let name = value?.parse::<VariableName>();
            let noted = name.map_err(|error| {
                self.reading
                    .note(span, Code::ManifestName, error.to_string());
            });
            return noted.ok().map(SecretSource::Env);
        }
        let field = raw.file?;
        let span = field.span;
        let path = self.local_path(field)?;
        self.is_fixed(&path, span)
            .then_some(SecretSource::File(path))
    }

    fn secret_command(&self, field: Field<Vec<Field<String>>>) -> Option<SecretSource> {
        let span = field.span;
        let words: Option<Vec<String>> = field.value?.into_iter().map(|word| word.value).collect();
        let words = words?;
        match CommandLine::try_from(words) {
            Ok(command) => {
                let program = command.program();
                let is_name = !program.contains('/');
                (is_name || self.is_fixed(program, span)).then_some(SecretSource::Command(command))
            }
            Err(error) => {
                let hint = "write `command: [pass, show, netrc]`";
                self.wrong(span, &error.to_string(), hint);
                None
            }
        }
    }

    fn is_fixed(&self, path: &str, span: Span) -> bool {
        let why = bad_place(path);
        if let Some(why) = why {
            let message = format!("`{}` must not be relative: {why}", words::shorten(path));
            let hint = "begin it with `~/` for your home folder, or with `/`";
            self.wrong(span, &message, hint);
        }
        why.is_none()
    }

    fn wrong(&self, span: Span, message: &str, hint: &str) {
        let hint = Some(hint.to_owned());
        self.reading
            .note_with_hint(span, Code::ManifestEntry, message, hint);
    }
}

const ONE_OF: &str = "give it one of `command:`, `env:` and `file:`";
