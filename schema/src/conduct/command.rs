//! A command as a list of arguments, never a shell string.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
#[schemars(with = "Vec<String>")]
pub struct CommandLine(Vec<String>);

/// A command needs at least a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a command is a list with a program and its arguments; this one is empty")]
pub struct EmptyCommandError;

impl CommandLine {
    /// The program: a path, or a name to be found on the search path.
    pub fn program(&self) -> &str {
        &self.0[0]
    }

    /// Its arguments.
    pub fn arguments(&self) -> &[String] {
        &self.0[1..]
    }
}

impl TryFrom<Vec<String>> for CommandLine {
    type Error = EmptyCommandError;

    fn try_from(words: Vec<String>) -> Result<Self, EmptyCommandError> {
        match words.first() {
            Some(program) if !program.is_empty() => Ok(Self(words)),
            _ => Err(EmptyCommandError),
        }
    }
}

impl From<CommandLine> for Vec<String> {
    fn from(command: CommandLine) -> Self {
        command.0
    }
}

impl std::fmt::Display for CommandLine {
    /// For people; not something a shell could read back.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}
