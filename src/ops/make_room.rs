//! `dgmo gc --target-free`: no more goes than is needed for so much free space, the oldest first.
//!
//! What nothing needs goes first and costs nobody anything. Then generations that the rule would drop anyway are
//! dropped, in the order in which they were made, over all profiles; how many are needed is found by asking, before
//! anything is touched, what would be free without the first 1, 2, … of them.

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::report::store::CollectReport;
use dgmo_schema::report::store::PrunedGenerations;
use dgmo_schema::report::store::TargetFree;
use dgmo_schema::size::Size;
use dgmo_store::Freed;
use dgmo_store::Store;

use super::CollectRequest;
use super::Engine;
use super::OpError;
use super::Result;
use super::gc;
use crate::generation::Generations;

/// There cannot be so much free space.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} of free space cannot be had: there {} {} free{}",
    Size(*asked),
    if *dry_run { "would be" } else { "are" },
    Size(*after),
    freed_in_words(*freed, *dry_run)
)]
pub struct RoomError {
    asked: u64,
    after: u64,
    freed: u64,
    dry_run: bool,
}

fn freed_in_words(freed: u64, dry_run: bool) -> String {
    match (freed, dry_run) {
        (0, _) => ", and nothing more may go".to_owned(),
        (_, true) => format!(", {} of it by what may go", Size(freed)),
        (_, false) => format!(", {} of it by what has gone now", Size(freed)),
    }
}

impl Diagnose for RoomError {
    fn code(&self) -> Code {
        Code::TargetFreeNotReached
    }

    fn hint(&self) -> Option<Hint> {
        Some(Hint::Do(
            "keep fewer generations, such as with `--keep 'last 1'`, take pins and labels away, or ask for less"
                .to_owned(),
        ))
    }
}

/// After so many rounds others fill the disk as fast as it is emptied.
const ROUNDS: usize = 8;

/// Collects until `asked` bytes are free, dropping generations only as far as needed.
pub(super) fn collect(
    engine: &Engine<'_>,
    store: &Store,
    request: &CollectRequest,
    asked: u64,
) -> Result<CollectReport> {
    let before = free_space(store)?;
    let mut freed = Freed::default();
    let mut pruned = Vec::new();
    let mut after = before;
    let mut room = 0;
    for _ in 0..ROUNDS {
        if after >= asked {
            break;
        }
        let choice = choose(engine, store, request, asked - after)?;
        if request.dry_run {
            freed = choice.freed;
            after = before.saturating_add(choice.room);
            room = choice.room;
            pruned = choice.drop;
            break;
        }
        // Collecting makes it again at its end.
        gc::empty_trash(engine)?;
        store.release_reserve();
        let more = carry_out(engine, store, request, &choice, &mut pruned)?;
        freed += more;
        after = free_space(store)?;
        room += choice.room;
        if more == Freed::default() && choice.drop.is_empty() {
            break;
        }
    }
    if !request.dry_run {
        gc::forget_made(engine, store);
    }
    if after < asked {
        return Err(RoomError {
            asked,
            after,
            freed: room,
            dry_run: request.dry_run,
        }
        .into());
    }
    Ok(CollectReport {
        target_free: Some(TargetFree {
            asked,
            before,
            after,
        }),
        ..gc::report(request, pruned, freed)
    })
}

fn free_space(store: &Store) -> Result<u64> {
    let failed = OpError::io("tell the free space of", store.home());
    Ok(store.free_space().map_err(failed)?)
}

fn carry_out(
    engine: &Engine<'_>,
    store: &Store,
    request: &CollectRequest,
    choice: &Choice,
    pruned: &mut Vec<PrunedGenerations>,
) -> Result<Freed> {
    let mut freed = store.room_of_folders(&gc::folders_of(engine, &choice.drop)?)?;
    for dropped in &choice.drop {
        pruned.extend(gc::prune(engine, request, dropped)?);
    }
    freed += gc::collect_now(engine, store)?;
    Ok(freed)
}

/// What to drop, and what goes with it.
struct Choice {
    drop: Vec<PrunedGenerations>,
    freed: Freed,
    /// What that is on the disk, with the state that is kept of what is dropped.
    room: u64,
}

/// A generation that may go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    made_at: Timestamp,
    profile: String,
    number: GenerationNumber,
}

/// The fewest of the oldest generations without which `need` bytes more are free; all where these are not enough.
fn choose(
    engine: &Engine<'_>,
    store: &Store,
    request: &CollectRequest,
    need: u64,
) -> Result<Choice> {
    let candidates = by_age(engine, request)?;
    let without_first = |count: usize| -> Result<Choice> {
        let mut drop = grouped(&candidates[..count]);
        for group in &mut drop {
            let profile = engine.home.profile(group.profile.parse()?);
            group.state_bytes = gc::kept_bytes(&profile, &group.generations);
        }
        let freed = gc::plan_without(engine, store, &drop)?.freed();
        let state: u64 = drop.iter().map(|group| group.state_bytes).sum();
        Ok(Choice {
            room: freed.on_disk + state,
            drop,
            freed,
        })
    };
    fewest(candidates.len(), need, without_first)
}

/// The first choice, by how many generations it drops, that frees `need`; the last one where none does.
///
/// Dropping more never frees less, so that it can be searched for by halves.
fn fewest(most: usize, need: u64, choice: impl Fn(usize) -> Result<Choice>) -> Result<Choice> {
    let none = choice(0)?;
    if none.room >= need || most == 0 {
        return Ok(none);
    }
    let mut best = choice(most)?;
    let (mut too_few, mut enough) = (0, most);
    while best.room >= need && enough - too_few > 1 {
        let middle = usize::midpoint(too_few, enough);
        let tried = choice(middle)?;
        if tried.room >= need {
            (best, enough) = (tried, middle);
        } else {
            too_few = middle;
        }
    }
    Ok(best)
}

fn by_age(engine: &Engine<'_>, request: &CollectRequest) -> Result<Vec<Candidate>> {
    let mut candidates = Vec::new();
    for PrunedGenerations {
        profile,
        generations,
        ..
    } in gc::droppable(engine, request)?
    {
        let of = engine.home.profile(profile.parse()?);
        for number in generations {
            candidates.push(Candidate {
                made_at: Generations::of(&of).load(number)?.made_at,
                profile: profile.clone(),
                number,
            });
        }
    }
    candidates.sort();
    Ok(candidates)
}

fn grouped(candidates: &[Candidate]) -> Vec<PrunedGenerations> {
    let mut groups: Vec<PrunedGenerations> = Vec::new();
    for candidate in candidates {
        let group = groups
            .iter_mut()
            .find(|group| group.profile == candidate.profile);
        match group {
            Some(group) => group.generations.push(candidate.number),
            None => groups.push(PrunedGenerations {
                profile: candidate.profile.clone(),
                generations: vec![candidate.number],
                state_bytes: 0,
            }),
        }
    }
    for group in &mut groups {
        group.generations.sort_unstable();
    }
    groups
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// The n-th generation frees `sizes[n]`; 100 are free to be had without any.
    fn chosen(sizes: &[u64], need: u64) -> (usize, u64, usize) {
        let asked = Cell::new(0);
        let choice = fewest(sizes.len(), need, |count| {
            asked.set(asked.get() + 1);
            let numbers = (1..=count as u64).map(GenerationNumber).collect();
            Ok(Choice {
                drop: vec![PrunedGenerations {
                    profile: "p".to_owned(),
                    generations: numbers,
                    state_bytes: 0,
                }],
                freed: Freed::default(),
                room: 100 + sizes[..count].iter().sum::<u64>(),
            })
        })
        .unwrap();
        let dropped = choice.drop[0].generations.len();
        (dropped, choice.room, asked.get())
    }

    #[test]
    fn no_more_is_dropped_than_is_needed() {
        let sizes = [10; 64];
        for (need, dropped) in [(1, 0), (100, 0), (101, 1), (110, 1), (111, 2), (740, 64)] {
            let (count, freed, _) = chosen(&sizes, need);
            assert_eq!(count, dropped, "{need}");
            assert!(freed >= need);
        }
        // What cannot be had is told with all that can.
        assert_eq!(chosen(&sizes, 741).0, 64);
        assert_eq!(chosen(&[], 1000).0, 0);
        assert!(chosen(&sizes, 333).2 <= 9, "it is searched for by halves");
    }

    #[test]
    fn the_oldest_go_first_whatever_profile_they_are_of() {
        let made = |profile: &str, number, seconds| Candidate {
            made_at: Timestamp::from_seconds(seconds),
            profile: profile.to_owned(),
            number: GenerationNumber(number),
        };
        let mut all = [made("b", 1, 30), made("a", 2, 20), made("a", 1, 40)];
        all.sort();
        let groups = grouped(&all[..2]);
        let told: Vec<_> = groups
            .iter()
            .map(|group| (group.profile.as_str(), group.generations[0].0))
            .collect();
        assert_eq!(told, [("a", 2), ("b", 1)]);
    }
}
