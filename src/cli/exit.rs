//! The exit codes.

use std::io::Write;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;

use crate::process::interrupt;
use crate::ui::Printer;

use crate::ops::Failure;

/// A panic is a bug of ours: it is told as one and ends the process with its own code.
#[expect(clippy::exit, reason = "this room owns the exit code")]
pub(super) fn tell_of_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let mut stderr = std::io::stderr().lock();
        // There is nobody left to tell that stderr is closed.
        drop(writeln!(
            stderr,
            "error[{}]: {}\n  because: {panic}\n  hint: nothing is half done; please report this text",
            Code::Bug,
            Code::Bug.title(),
        ));
        std::process::exit(Exit::Bug.number().into());
    }));
}

/// A signal that asks us to end has the process end in order, told like any other failure.
///
/// Where it cannot be watched for, the signal itself ends the process: that is safe anywhere.
#[expect(clippy::exit, reason = "this room owns the exit code")]
pub(super) fn watch_for_signals(printer: Printer) {
    let wait = move || printer.say("finishing what was begun; once more ends it at once");
    let end = move || {
        // A dropped connection leaves nobody to tell; the exit code still does.
        drop(printer.error(&Interrupted, Exit::Interrupted.number()));
        std::process::exit(Exit::Interrupted.number().into());
    };
    drop(interrupt::watch(wait, end));
}

/// A signal ended the command.
#[derive(Debug, thiserror::Error)]
#[error("interrupted; nothing is half done")]
struct Interrupted;

impl Diagnose for Interrupted {
    fn code(&self) -> Code {
        Code::Interrupted
    }
}

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Asked wrongly.
    AskedWrongly,
    /// Looked and found something.
    Found,
    /// Someone else holds the guard.
    Busy,
    /// A signal ended it.
    Interrupted,
    /// Failed, and rolled back.
    RolledBack,
    /// A bug of ours.
    Bug,
    /// As the program ended that was run for us.
    Other(u8),
}

impl Exit {
    /// The exit code of an error.
    pub(super) fn of(code: Code) -> Self {
        match code {
            Code::Usage => Self::AskedWrongly,
            Code::Busy => Self::Busy,
            Code::Interrupted => Self::Interrupted,
            Code::Bug => Self::Bug,
            _ => Self::Failed,
        }
    }

    /// The exit code of a failure: what was done and taken back has one of its own.
    pub(super) fn of_failure(failure: &Failure) -> Self {
        match failure.report() {
            Some(_) => Self::RolledBack,
            None => Self::of(failure.code()),
        }
    }

    /// `Found` if there is something, else `Done`.
    pub(super) fn found(something: bool) -> Self {
        if something { Self::Found } else { Self::Done }
    }

    /// As the system takes it.
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::AskedWrongly => 2,
            Self::Found => 3,
            Self::Busy => 4,
            Self::Interrupted => interrupt::EXIT,
            Self::RolledBack => 5,
            Self::Bug => 101,
            Self::Other(code) => code,
        }
    }
}
