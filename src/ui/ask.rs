//! One question: whether to do what cannot be undone. Asked on a terminal only.

use std::io;
use std::io::BufRead;
use std::io::Write;

use super::Printer;

/// What a person said, or that there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Yes, here or beforehand with `--yes`.
    Yes,
    /// Anything else: a question that is not understood is not agreed to.
    No,
    /// Off a terminal nobody is asked. Whoever asks decides what that means: what was spelt out on the command line may
    /// go on, what destroys more than it says must not.
    NobodyToAsk,
}

impl Printer {
    /// Asks `question`, which says what will be gone; `yes` is the flag that answers beforehand.
    pub fn ask(self, question: &str, yes: bool) -> io::Result<Consent> {
        if yes {
            return Ok(Consent::Yes);
        }
        if !self.can_ask() {
            return Ok(Consent::NobodyToAsk);
        }
        let mut stderr = io::stderr().lock();
        write!(stderr, "{question} [y/N] ")?;
        stderr.flush()?;
        drop(stderr);
        let mut answer = String::new();
        // The end of the input is an answer too.
        let read = io::stdin().lock().read_line(&mut answer)?;
        if read == 0 {
            self.say("");
        }
        Ok(understood(&answer))
    }
}

fn understood(answer: &str) -> Consent {
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Consent::Yes,
        _ => Consent::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        for yes in ["y\n", "Y", " yes \r\n", "YES\n"] {
            assert_eq!(understood(yes), Consent::Yes, "{yes:?}");
        }
        for no in ["", "\n", "n\n", "yess\n", "ye", "1", "sure"] {
            assert_eq!(understood(no), Consent::No, "{no:?}");
        }
    }
}
