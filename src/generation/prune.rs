//! Which generations a rule drops: a pure function of what is known of them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::manifest::Keep;
use dgmo_schema::report::generation::GenerationSummary;
use dgmo_schema::report::generation::HistoryEntry;
use dgmo_schema::report::generation::HistoryEvent;

use super::Pinned;

/// What is known of a profile's generations.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// All of them, in order.
    pub all: &'a [GenerationSummary],
    /// The current one.
    pub current: GenerationNumber,
    /// What happened to them, oldest first.
    pub history: &'a [HistoryEntry],
    /// Those a person pinned.
    pub pinned: &'a Pinned,
}

const DAY: u64 = 24 * 60 * 60;

/// What the rule drops, in order: whatever no part of it keeps.
///
/// Never dropped: the current generation, the one that was current before it, and 0. What counts for `days` is when a
/// generation was *current*, and the one that was current at the limit stays too, so that the state of that day can
/// be had back. One that did not stand its trial is no way back, so `last` does not count it.
pub fn to_drop(known: &Known<'_>, keep: &Keep, now: Timestamp) -> Vec<GenerationNumber> {
    let Known {
        all,
        current,
        history,
        pinned,
    } = *known;
    let mut kept = BTreeSet::from([GenerationNumber::ZERO, current]);
    kept.extend(before(all, current, history));
    kept.extend(
        all.iter()
            .rev()
            .filter(|summary| summary.failed.is_none())
            .take(keep.last as usize)
            .map(|summary| summary.number),
    );
    kept.extend(current_within(all, history, keep.days, now));
    if keep.pinned {
        kept.extend(pinned);
    }
    if keep.labelled {
        kept.extend(all.iter().filter(|s| s.label.is_some()).map(|s| s.number));
    }
    all.iter()
        .map(|summary| summary.number)
        .filter(|number| !kept.contains(number))
        .collect()
}

/// The generation that was current before `current`: the way back must stay open.
fn before(
    all: &[GenerationSummary],
    current: GenerationNumber,
    history: &[HistoryEntry],
) -> Option<GenerationNumber> {
    let there = |number: &GenerationNumber| all.iter().any(|summary| summary.number == *number);
    let from_history = history
        .iter()
        .rev()
        .filter(|entry| entry.what != HistoryEvent::TakenBack)
        .find(|entry| entry.generation == current && entry.from.is_some_and(|from| from != current))
        .and_then(|entry| entry.from)
        .filter(there);
    let below = || {
        all.iter()
            .rev()
            .map(|summary| summary.number)
            .find(|number| *number < current)
    };
    from_history.or_else(below)
}

/// Those that were current at some moment of the last `days`.
fn current_within(
    all: &[GenerationSummary],
    history: &[HistoryEntry],
    days: u32,
    now: Timestamp,
) -> BTreeSet<GenerationNumber> {
    if days == 0 {
        return BTreeSet::new();
    }
    let limit = now.seconds().saturating_sub(u64::from(days) * DAY);
    // A generation no entry tells of became current when it was made.
    let mut became: BTreeMap<GenerationNumber, u64> = all
        .iter()
        .map(|summary| (summary.number, summary.made_at.seconds()))
        .collect();
    for entry in history.iter().filter(|entry| entry.from.is_some()) {
        let at = became.entry(entry.generation).or_insert(0);
        *at = (*at).max(entry.at.seconds());
    }
    let mut kept: BTreeSet<_> = became
        .iter()
        .filter(|(_, at)| **at >= limit)
        .map(|(number, _)| *number)
        .collect();
    let at_the_limit = became
        .iter()
        .filter(|(_, at)| **at < limit)
        .max_by_key(|(_, at)| **at);
    kept.extend(at_the_limit.map(|(number, _)| *number));
    kept
}

#[cfg(test)]
mod tests {
    use dgmo_schema::generation::GenerationNumber as N;
    use dgmo_schema::id::Digest;
    use dgmo_schema::id::GenerationId;

    use super::*;

    fn made(number: u64, day: u64) -> GenerationSummary {
        GenerationSummary {
            number: N(number),
            id: GenerationId(Digest::of(b"")),
            made_at: Timestamp::from_seconds(day * DAY),
            made_from: "switch".to_owned(),
            parent: N(number.saturating_sub(1)),
            label: None,
            note: None,
            failed: None,
            package_count: 0,
            file_count: 0,
        }
    }

    fn dropped(all: &[GenerationSummary], current: u64, pinned: &[u64], keep: &Keep) -> Vec<u64> {
        let pinned = pinned.iter().copied().map(N).collect();
        let now = Timestamp::from_seconds(100 * DAY);
        let known = Known {
            all,
            current: N(current),
            history: &[],
            pinned: &pinned,
        };
        to_drop(&known, keep, now)
            .into_iter()
            .map(|n| n.0)
            .collect()
    }

    const NOTHING: Keep = Keep {
        last: 0,
        days: 0,
        pinned: false,
        labelled: false,
    };

    #[test]
    fn the_current_one_the_one_before_and_zero_always_stay() {
        let all: Vec<_> = (0..=5).map(|n| made(n, n)).collect();
        assert_eq!(dropped(&all, 3, &[], &NOTHING), [1, 4, 5]);
    }

    #[test]
    fn each_rule_keeps_its_own_and_the_union_stays() {
        let mut all: Vec<_> = (0..=9).map(|n| made(n, n * 11)).collect();
        all[2].label = Some("good".parse().unwrap());
        let last = Keep { last: 2, ..NOTHING };
        assert_eq!(dropped(&all, 9, &[], &last), [1, 2, 3, 4, 5, 6, 7]);
        let pinned = Keep {
            pinned: true,
            ..NOTHING
        };
        assert_eq!(dropped(&all, 9, &[4], &pinned), [1, 2, 3, 5, 6, 7]);
        let union = Keep {
            last: 1,
            days: 0,
            pinned: true,
            labelled: true,
        };
        assert_eq!(dropped(&all, 9, &[4], &union), [1, 3, 5, 6, 7]);
    }

    #[test]
    fn by_days_the_state_at_the_limit_can_be_had_back() {
        let all: Vec<_> = (0..=9).map(|n| made(n, n * 11)).collect();
        // Day 100 less 20 is day 80: 8 (day 88) and 9 (day 99) were made since; 7 (day 77) was current on day 80.
        let days = Keep {
            days: 20,
            ..NOTHING
        };
        assert_eq!(dropped(&all, 9, &[], &days), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn the_way_back_is_the_generation_that_was_current_not_the_number_below() {
        let all: Vec<_> = (0..=5).map(|n| made(n, n)).collect();
        let history = [HistoryEntry {
            at: Timestamp::from_seconds(0),
            what: dgmo_schema::report::generation::HistoryEvent::RolledBack,
            generation: N(2),
            from: Some(N(5)),
            by: String::new(),
            note: None,
        }];
        let now = Timestamp::from_seconds(100 * DAY);
        let pinned = Pinned::new();
        let known = Known {
            all: &all,
            current: N(2),
            history: &history,
            pinned: &pinned,
        };
        let gone = to_drop(&known, &NOTHING, now);
        assert_eq!(gone, [N(1), N(3), N(4)]);
    }
}
