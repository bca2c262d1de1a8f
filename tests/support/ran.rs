//! What a command said and how it ended.

use std::process::Output;

use serde_json::Value;

/// What a command said and how it ended.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    pub(crate) command: String,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) exit: i32,
}

impl Ran {
    pub(crate) fn new(command: String, output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("all output is UTF-8");
        Self {
            command,
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            exit: output.status.code().unwrap_or(-1),
        }
    }

    /// It ended with `exit`.
    #[track_caller]
    pub(crate) fn exits(self, exit: i32) -> Self {
        assert_eq!(self.exit, exit, "{self}");
        self
    }

    /// It worked.
    #[track_caller]
    pub(crate) fn works(self) -> Self {
        self.exits(0)
    }

    /// It failed with this code.
    #[track_caller]
    pub(crate) fn fails(self, code: &str) -> Self {
        let said = format!("error[{code}]");
        assert!(
            self.stderr.contains(&said) || self.stdout.contains(&format!("\"code\": \"{code}\"")),
            "expected {code}: {self}"
        );
        assert!(self.exit != 0, "{self}");
        self
    }

    /// It says this, on either stream.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(
            self.stdout.contains(words) || self.stderr.contains(words),
            "expected `{words}`: {self}"
        );
        self
    }

    /// It does not say this.
    #[track_caller]
    pub(crate) fn says_nothing_of(self, words: &str) -> Self {
        assert!(
            !self.stdout.contains(words) && !self.stderr.contains(words),
            "did not expect `{words}`: {self}"
        );
        self
    }

    /// The one document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("not one JSON document: {error}: {self}"))
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            command,
            stdout,
            stderr,
            exit,
        } = self;
        write!(
            f,
            "`{command}` ended with {exit}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        )
    }
}
