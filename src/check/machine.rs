//! When a check has failed, and when it holds: a pure function of its tries.

use std::time::Duration;

use dgmo_schema::conduct::HealthCheck;

/// What one try said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Try {
    /// It was as it should be.
    Good,
    /// It was not.
    Bad,
}

/// What decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For so long a bad try does not count.
    pub grace: Duration,
    /// So many bad tries in a row mean failed.
    pub fail_after: u32,
    /// So many good tries in a row mean that it holds.
    pub ok_after: u32,
}

impl From<&HealthCheck> for Limits {
    fn from(check: &HealthCheck) -> Self {
        Self {
            grace: check.grace.duration(),
            fail_after: check.fail_after,
            ok_after: check.ok_after,
        }
    }
}

/// What is known after some tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Not enough yet: look again.
    Undecided,
    /// It holds, and that is final.
    Holds,
    /// It failed, and that is final.
    Failed,
}

/// Who counts the tries of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Machine {
    good: u32,
    bad: u32,
    /// Tries that counted, good or bad: one that is now this, now that, is not steady.
    counted: u32,
}

/// What goes to and fro for so many times what would have decided it does not hold.
const PATIENCE: u32 = 10;

impl Machine {
    /// Takes a try that ended `after` the change, and says what is known now.
    #[must_use]
    pub fn take(self, limits: Limits, after: Duration, what: Try) -> (Self, Decision) {
        let in_grace = after < limits.grace;
        let next = match what {
            Try::Good => Self {
                good: self.good.saturating_add(1),
                bad: 0,
                counted: self.counted.saturating_add(1),
            },
            Try::Bad if in_grace => Self::default(),
            Try::Bad => Self {
                good: 0,
                bad: self.bad.saturating_add(1),
                counted: self.counted.saturating_add(1),
            },
        };
        let most = limits
            .fail_after
            .saturating_add(limits.ok_after)
            .saturating_mul(PATIENCE);
        let decision = if next.good >= limits.ok_after.max(1) {
            Decision::Holds
        } else if next.bad >= limits.fail_after.max(1) || (next.counted >= most && !in_grace) {
            Decision::Failed
        } else {
            Decision::Undecided
        };
        (next, decision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        grace: Duration::from_secs(10),
        fail_after: 3,
        ok_after: 2,
    };

    /// Each try is a letter: `g`ood or `b`ad after the grace, in upper case within it.
    fn decide(limits: Limits, tries: &str) -> (Decision, usize) {
        let mut machine = Machine::default();
        for (index, letter) in tries.chars().enumerate() {
            let after = if letter.is_uppercase() { 0 } else { 10 };
            let what = match letter.to_ascii_lowercase() {
                'g' => Try::Good,
                _ => Try::Bad,
            };
            let decision;
            (machine, decision) = machine.take(limits, Duration::from_secs(after), what);
            if decision != Decision::Undecided {
                return (decision, index + 1);
            }
        }
        (Decision::Undecided, tries.len())
    }

    #[test]
    fn a_check_is_decided_by_its_tries() {
        use Decision::Failed;
        use Decision::Holds;
        use Decision::Undecided;
        for (tries, expected, taken) in [
            ("", Undecided, 0),
            ("g", Undecided, 1),
            ("gg", Holds, 2),
            ("bb", Undecided, 2),
            ("bbb", Failed, 3),
            ("bbg", Undecided, 3),
            ("bbgbb", Undecided, 5),
            ("bbgbbb", Failed, 6),
            ("gbgg", Holds, 4),
            ("gbgbgbb", Undecided, 7),
            ("gbgbgbbb", Failed, 8),
            // Within the grace bad tries do not count, good ones do.
            ("GG", Holds, 2),
            ("BBBBBBBB", Undecided, 8),
            ("BBBBbb", Undecided, 6),
            ("BBBBbbb", Failed, 7),
            ("GBG", Undecided, 3),
            ("GBGG", Holds, 4),
            ("Gg", Holds, 2),
        ] {
            assert_eq!(decide(LIMITS, tries), (expected, taken), "{tries}");
        }
    }

    #[test]
    fn one_try_is_enough_where_one_is_asked_for() {
        let one = Limits {
            grace: Duration::ZERO,
            fail_after: 1,
            ok_after: 1,
        };
        assert_eq!(decide(one, "g"), (Decision::Holds, 1));
        assert_eq!(decide(one, "b"), (Decision::Failed, 1));
    }

    #[test]
    fn what_goes_to_and_fro_for_ever_does_not_hold() {
        let (decision, taken) = decide(LIMITS, &"gb".repeat(100));
        assert_eq!((decision, taken), (Decision::Failed, 50));
    }
}
