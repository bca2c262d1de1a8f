//! What goes to stdout and what to stderr.

use std::io;
use std::io::IsTerminal;
use std::io::Write;

use dgmo_schema::code::Diagnose;
use serde::Serialize;

use super::Style;
use super::error;

/// For whom a command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs: one JSON document.
    Json,
}

/// How much is said besides what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volume {
    /// Errors only.
    Quiet,
    /// What a person wants to know.
    Normal,
    /// What a person who looks for a mistake wants to know.
    Verbose,
}

/// The terminal, or what stands in its place.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    /// For whom.
    pub format: Format,
    /// How much.
    pub volume: Volume,
    out: Style,
    err: Style,
}

impl Printer {
    /// For this process's streams.
    pub fn new(format: Format, volume: Volume) -> Self {
        Self {
            format,
            volume,
            out: Style::for_stream(&io::stdout()),
            err: Style::for_stream(&io::stderr()),
        }
    }

    /// The style of stdout.
    pub fn out_style(self) -> Style {
        self.out
    }

    /// The style of stderr.
    pub fn err_style(self) -> Style {
        self.err
    }

    /// Whether a person can be asked.
    pub fn can_ask(self) -> bool {
        self.format == Format::Text && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Prints what was asked for: the report, or the words `render` finds for it.
    pub fn report<T: Serialize>(
        self,
        report: &T,
        render: impl FnOnce(&T, Style) -> String,
    ) -> io::Result<()> {
        match self.format {
            Format::Json => {
                let mut text = serde_json::to_string_pretty(report)?;
                text.push('\n');
                self.out(&text)
            }
            Format::Text => self.out(&render(report, self.out)),
        }
    }

    /// Prints to stdout. Whoever reads there may have seen enough: a closed pipe is not an error.
    pub fn out(self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
        {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }

    /// Says something besides, on stderr.
    pub fn say(self, text: &str) {
        if self.volume != Volume::Quiet && self.format == Format::Text {
            write_err(&format!("{text}\n"));
        }
    }

    /// Says that something should be looked at, on stderr.
    pub fn warn(self, text: &str) {
        if self.volume != Volume::Quiet {
            write_err(&format!("{}: {text}\n", self.err.odd("warning")));
        }
    }

    /// Tells an error: on stderr for people, on stdout for programs.
    pub fn error(self, error: &dyn Diagnose, exit: u8) -> io::Result<()> {
        match self.format {
            Format::Text => {
                write_err(&error::text(error, self.err));
                Ok(())
            }
            Format::Json => self.report(&error::report(error, exit), |_, _| String::new()),
        }
    }

    /// The same for a failure that has something to report besides: for programs both are one document.
    pub fn failure(
        self,
        error: &dyn Diagnose,
        exit: u8,
        besides: Option<&serde_json::Value>,
    ) -> io::Result<()> {
        let (Format::Json, Some(besides)) = (self.format, besides) else {
            return self.error(error, exit);
        };
        let mut document = besides.clone();
        let failure = serde_json::to_value(error::report(error, exit))?;
        if let (Some(all), Some(failure)) = (document.as_object_mut(), failure.as_object()) {
            all.extend(failure.clone());
        }
        self.report(&document, |_, _| String::new())
    }
}

/// There is nobody to tell that stderr is closed.
fn write_err(text: &str) {
    drop(io::stderr().lock().write_all(text.as_bytes()));
}
