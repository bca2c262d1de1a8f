//! Why a cause could not be found.

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::generation::GenerationNumber;

/// Why a cause could not be found.
#[derive(Debug, thiserror::Error)]
pub enum BisectError {
    #[error("the command works in generation {number} already ({ended}), which should be bad")]
    BadWorks {
        number: GenerationNumber,
        ended: String,
    },
    #[error(
        "the command does not work in generation {number} ({ended}), which should be good{}",
        quoted(output)
    )]
    GoodFails {
        number: GenerationNumber,
        ended: String,
        output: Vec<String>,
    },
    #[error("good and bad are the same generation, {number}")]
    OneEnd { number: GenerationNumber },
    #[error("the command works in no generation before {number}{}", quoted(output))]
    NoGood {
        number: GenerationNumber,
        output: Vec<String>,
    },
    #[error("generation {number} cannot be tested: {why}")]
    Untested {
        number: GenerationNumber,
        why: String,
    },
    #[error(
        "the command does not answer the same each time: with {what} it was {before}, and now it is {now}"
    )]
    Unsteady {
        what: String,
        before: &'static str,
        now: &'static str,
    },
    #[error("generations {good} and {bad} do not differ in anything the command could see")]
    NoDifference {
        good: GenerationNumber,
        bad: GenerationNumber,
    },
}

/// The last lines of a command, below the message.
fn quoted(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("\n  | {line}")).collect();
    lines.concat()
}

impl Diagnose for BisectError {
    fn code(&self) -> Code {
        match self {
            Self::BadWorks { .. } | Self::GoodFails { .. } | Self::OneEnd { .. } => {
                Code::BisectEnds
            }
            Self::NoGood { .. } => Code::BisectNoGood,
            Self::Untested { .. } => Code::BisectUntested,
            Self::Unsteady { .. } | Self::NoDifference { .. } => Code::BisectUnsteady,
        }
    }

    fn hint(&self) -> Option<Hint> {
        let text = match self {
            Self::BadWorks { .. } => "name a generation in which it fails with `--bad N`",
            Self::GoodFails { .. } => {
                "name a generation in which it works with `--good N`; if it needs your own home folder, add `--own-home`"
            }
            Self::OneEnd { .. } => "name two generations with `--good N` and `--bad M`",
            Self::NoGood { .. } => {
                "look whether the command itself is right; if it needs your own home folder, add `--own-home`"
            }
            Self::Untested { .. } => "name other ends with `--good N` and `--bad M`",
            Self::Unsteady { .. } => {
                "make the command steady, or have it run several times for each candidate with `--repeat 5`"
            }
            Self::NoDifference { .. } => {
                "what breaks it is not in the generations: look at what else changed on this machine"
            }
        };
        Some(Hint::Do(text.to_owned()))
    }
}
