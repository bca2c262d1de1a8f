//! What can go wrong with a trial, and what to do then.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Timestamp;

use super::Way;
use crate::activate::Action;
use crate::ops::failure::Failure;
use crate::process::Output;

/// What can go wrong with a trial.
#[derive(Debug)]
pub(in crate::ops) enum TrialError {
    /// A hook ended badly.
    Hook {
        command: String,
        ending: String,
        tail: String,
        log: PathBuf,
    },
    /// A hook could not be started.
    NoProgram { command: String, source: io::Error },
    /// What is required does not hold.
    Checks { failed: Vec<(String, String)> },
    /// A signal came while hooks ran or checks looked.
    Interrupted,
    /// A hook before the change failed: nothing was changed.
    Before {
        action: Action,
        to: GenerationNumber,
        source: Box<TrialError>,
    },
    /// The change was made and taken back.
    TakenBack {
        action: Action,
        from: GenerationNumber,
        to: GenerationNumber,
        source: Failure,
    },
    /// The change failed, and taking it back did too.
    Stuck {
        from: GenerationNumber,
        source: Failure,
    },
    /// A change waits for a person.
    Awaiting {
        to: GenerationNumber,
        from: GenerationNumber,
        deadline: Timestamp,
    },
    /// No change waits for a person.
    NothingToConfirm { current: GenerationNumber },
}

impl TrialError {
    pub(super) fn before(way: &Way<'_>, source: Self) -> Self {
        Self::Before {
            action: way.action,
            to: way.to.number,
            source: Box::new(source),
        }
    }

    pub(super) fn taken_back(way: &Way<'_>, source: Failure) -> Self {
        Self::TakenBack {
            action: way.action,
            from: way.from.number,
            to: way.to.number,
            source,
        }
    }

    pub(super) fn stuck(from: GenerationNumber, source: Failure) -> Self {
        Self::Stuck { from, source }
    }
}

impl fmt::Display for TrialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hook {
                command,
                ending,
                tail,
                ..
            } => write!(f, "the hook `{command}` failed: {ending}{tail}"),
            Self::NoProgram { command, .. } => write!(f, "the hook `{command}` cannot be started"),
            Self::Checks { failed } => f.write_str(&checks(failed)),
            Self::Interrupted => f.write_str("it was interrupted before it was proven"),
            Self::Before { to, .. } => {
                write!(
                    f,
                    "generation {to} is not made current; nothing was changed"
                )
            }
            Self::TakenBack { from, to, .. } => write!(
                f,
                "generation {to} did not stand its trial: generation {from} is current again"
            ),
            Self::Stuck { from, .. } => write!(f, "cannot go back to generation {from}"),
            Self::Awaiting { to, from, deadline } => write!(
                f,
                "generation {to} waits to be confirmed until {deadline}, else generation {from} comes back"
            ),
            Self::NothingToConfirm { current } => write!(
                f,
                "nothing waits to be confirmed: generation {current} is current for good"
            ),
        }
    }
}

fn checks(failed: &[(String, String)]) -> String {
    if let [(name, why)] = failed {
        return format!("the check `{name}` failed: {why}");
    }
    let lines: Vec<String> = failed
        .iter()
        .map(|(name, why)| format!("\n  `{name}`: {why}"))
        .collect();
    format!("{} checks failed:{}", failed.len(), lines.concat())
}

impl Error for TrialError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoProgram { source, .. } => Some(source),
            Self::Before { source, .. } => Some(&**source),
            Self::TakenBack { source, .. } | Self::Stuck { source, .. } => Some(source.error()),
            Self::Hook { .. }
            | Self::Checks { .. }
            | Self::Interrupted
            | Self::Awaiting { .. }
            | Self::NothingToConfirm { .. } => None,
        }
    }
}

impl Diagnose for TrialError {
    fn code(&self) -> Code {
        match self {
            Self::Hook { .. } | Self::NoProgram { .. } | Self::Before { .. } => Code::HookFailed,
            Self::Checks { .. } => Code::CheckFailed,
            Self::Interrupted => Code::Interrupted,
            Self::TakenBack { source, .. } => match source.code() {
                code @ Code::CheckFailed => code,
                Code::HookFailed => Code::HookTakenBack,
                _ => Code::TakenBack,
            },
            Self::Stuck { .. } => Code::NotTakenBack,
            Self::Awaiting { .. } => Code::AwaitsConfirmation,
            Self::NothingToConfirm { .. } => Code::NothingToConfirm,
        }
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::Hook { log, .. } => Hint::Do(format!(
                "see all it printed in `{}` and mend it",
                log.display()
            )),
            Self::NoProgram { .. } => Hint::Do(
                "name a program that is on the search path, or in a package of this manifest".to_owned(),
            ),
            Self::Checks { .. } | Self::Interrupted => return None,
            Self::Before { action, to, source } => or_without_hooks(&**source, *action, *to),
            Self::TakenBack { action, to, .. } if self.code() == Code::CheckFailed => {
                Hint::Do(format!(
                    "mend what is looked at and run `{}` again, or leave the checks out this once: `{}`",
                    again(*action, *to, "").trim_end(),
                    again(*action, *to, "--no-checks")
                ))
            }
            Self::TakenBack { action, to, source, .. } if self.code() == Code::HookTakenBack => {
                or_without_hooks(source.error(), *action, *to)
            }
            Self::TakenBack { source, .. } | Self::Stuck { source, .. } => {
                return source.error().deepest_hint().or_else(|| {
                    Some(Hint::Do("mend what the cause names, and run the command again".to_owned()))
                });
            }
            Self::Awaiting { .. } => Hint::Do(
                "say `dgmo confirm` if all is well, or `dgmo rollback` if not".to_owned(),
            ),
            Self::NothingToConfirm { .. } => Hint::Do(
                "ask for it beforehand with `dgmo switch --confirm-within 2m`; if it came too late, switch again"
                    .to_owned(),
            ),
        })
    }
}

/// What the hook's own error says helps, and the way around it.
fn or_without_hooks(hook: &dyn Diagnose, action: Action, to: GenerationNumber) -> Hint {
    let mend = match hook.hint() {
        Some(Hint::Do(text)) => text,
        _ => "mend the hook".to_owned(),
    };
    let again = again(action, to, "--no-hooks");
    Hint::Do(format!("{mend}, or leave hooks out this once: `{again}`"))
}

/// The command that tries the same again.
fn again(action: Action, to: GenerationNumber, flag: &str) -> String {
    match action {
        Action::Rollback => format!("dgmo rollback {to} {flag}"),
        Action::Switch | Action::Back | Action::Check => format!("dgmo switch {flag}"),
    }
}

/// So many lines of what a program printed are part of an error.
const LINES: usize = 10;

/// The last lines a program printed, each on a line of its own.
pub(super) fn tail(output: &Output) -> String {
    let text = output.text();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let skipped = lines.len().saturating_sub(LINES);
    let shown = lines[skipped..].iter();
    shown
        .map(|line| format!("\n  {}", line.trim_end()))
        .collect()
}
