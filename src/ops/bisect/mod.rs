//! `dgmo bisect`: finds the generation, and in it the smallest set of changes, that breaks a command.
//!
//! First the two ends are tried. Then the first bad generation is searched by halves. Then the last good one is mixed
//! with the first bad one: the smallest set of packages, files and variables is found that, taken over into the good
//! one, breaks the command. At last what was found is tried again, to see whether the command is steady.

mod candidate;
mod error;
mod search;
mod stage;

pub use error::BisectError;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::rc::Rc;
use std::time::Duration;

use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::report::bisect::BisectReport;
use dgmo_schema::report::bisect::Verdict;
use dgmo_store::Root;
use dgmo_store::Store;

use super::Engine;
use super::Result;
use super::begin;
use super::gc;
use crate::generation::Generations;
use crate::generation::ReadError;
use candidate::Candidate;
use candidate::Unit;
use candidate::mix;
use candidate::units;
use search::Bounds;
use search::Smallest;
use stage::Named;
use stage::Stage;

/// What is asked for.
#[derive(Debug)]
pub struct BisectRequest {
    /// A generation in which the command works; nothing: searched for backwards.
    pub good: Option<String>,
    /// One in which it does not; nothing: the current one.
    pub bad: Option<String>,
    /// The command, word by word; never empty.
    pub command: Vec<OsString>,
    /// How often it is run in each candidate before that counts as good.
    pub repeat: u32,
    /// A run that takes longer is bad.
    pub limit: Option<Duration>,
    /// Whether the command sees the user's own home folder, and so no candidate's home files.
    pub own_home: bool,
}

/// Finds what breaks the command. Changes nothing.
pub fn bisect(engine: &Engine<'_>, request: &BisectRequest) -> Result<BisectReport> {
    let store = begin::look(engine)?;
    let row = Row::new(engine, request)?;
    let roots = row.roots(engine, &store)?;
    let mut stage = Stage::set(engine, &store, request, &roots)?;
    let bounds = row.first_bad(&mut stage)?;
    let (good, bad) = (row.load(bounds.good)?, row.load(bounds.bad)?);
    let numbers = (row.numbers[bounds.good], row.numbers[bounds.bad]);
    let units = units(&good, &bad, stage.home_files());
    let between = Between {
        numbers,
        good: &good,
        bad: &bad,
        units: &units,
    };
    let found = between.smallest(&mut stage)?;
    let (cured, output) = between.confirm(&mut stage, &found)?;
    let culprits = found
        .units
        .iter()
        .map(|unit| candidate::culprit(&units[*unit], &good, &bad));
    Ok(BisectReport {
        profile: engine.profile.name().clone(),
        command: request
            .command
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
        good: numbers.0,
        bad: numbers.1,
        skipped: bounds.skipped.iter().map(|at| row.numbers[*at]).collect(),
        differences: units.len() as u64,
        culprits: culprits.collect(),
        smallest: found.proven,
        cured,
        runs: stage.runs,
        tried: std::mem::take(&mut stage.tried),
        output,
    })
}

/// The generations from the good end to the bad one.
struct Row<'a> {
    generations: Generations<'a>,
    /// The good end first; where no good end was named, all there are before the bad one.
    numbers: Vec<GenerationNumber>,
    has_good_end: bool,
    /// Those that were tested: they stay testable whatever is pruned meanwhile.
    known: RefCell<BTreeMap<usize, Rc<Candidate>>>,
}

impl<'a> Row<'a> {
    fn new(engine: &'a Engine<'_>, request: &BisectRequest) -> Result<Self> {
        let generations = Generations::of(&engine.profile);
        let bad = generations.find(request.bad.as_deref().unwrap_or("current"))?;
        let good = request
            .good
            .as_deref()
            .map(|words| generations.find(words))
            .transpose()?;
        if good == Some(bad) {
            return Err(BisectError::OneEnd { number: bad }.into());
        }
        let from = good.unwrap_or(GenerationNumber::ZERO);
        let (low, high) = (from.min(bad), from.max(bad));
        let mut numbers = generations.numbers()?;
        numbers.retain(|number| (low..=high).contains(number));
        if from > bad {
            // What was rolled back from may be what works.
            numbers.reverse();
        }
        Ok(Self {
            generations,
            numbers,
            has_good_end: good.is_some(),
            known: RefCell::default(),
        })
    }

    fn load(&self, at: usize) -> std::result::Result<Rc<Candidate>, ReadError> {
        if let Some(known) = self.known.borrow().get(&at) {
            return Ok(Rc::clone(known));
        }
        let candidate = Rc::new(Candidate::load(self.generations, self.numbers[at])?);
        self.known.borrow_mut().insert(at, Rc::clone(&candidate));
        Ok(candidate)
    }

    /// What all of them need, as far as it is there: what is not is found out when it is tried.
    fn roots(&self, engine: &Engine<'_>, store: &Store) -> Result<Vec<Root>> {
        let mut roots = Vec::new();
        for number in &self.numbers {
            match gc::roots_of(&engine.profile, *number) {
                Ok(found) => roots.extend(found),
                Err(ReadError::Missing { .. } | ReadError::Damaged { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        roots.sort_unstable();
        roots.dedup();
        let mut there = Vec::new();
        for root in roots {
            if root.is_in(store)? {
                there.push(root);
            }
        }
        Ok(there)
    }

    fn test(&self, stage: &mut Stage<'_>, at: usize) -> Result<Verdict> {
        let number = self.numbers[at];
        let candidate = match self.load(at) {
            Ok(candidate) => candidate,
            // Pruned or broken meanwhile: there is no answer.
            Err(ReadError::Missing { .. } | ReadError::Damaged { .. }) => return Ok(Verdict::Skip),
            Err(error) => return Err(error.into()),
        };
        stage.try_one(&Named {
            what: format!("generation {number}"),
            number: Some(number.0),
            candidate: &candidate,
        })
    }

    /// The ends first, then by halves.
    fn first_bad(&self, stage: &mut Stage<'_>) -> Result<Bounds> {
        let last = self.numbers.len() - 1;
        self.expect(stage, last, Verdict::Bad)?;
        let (start, end) = if self.has_good_end {
            self.expect(stage, 0, Verdict::Good)?;
            (0, last)
        } else {
            self.search_backwards(stage, last)?
        };
        let bounds = search::first_bad(end - start, |at| self.test(stage, start + at))?;
        Ok(Bounds {
            good: start + bounds.good,
            bad: start + bounds.bad,
            skipped: bounds.skipped.iter().map(|at| start + at).collect(),
        })
    }

    fn expect(&self, stage: &mut Stage<'_>, at: usize, expected: Verdict) -> Result<()> {
        let verdict = self.test(stage, at)?;
        if verdict == expected {
            return Ok(());
        }
        let number = self.numbers[at];
        let ended = stage.tried.last().and_then(|tried| tried.ended.clone());
        let ended = ended.unwrap_or_else(|| "it cannot be put together any more".to_owned());
        let output = stage.output.clone();
        Err(match verdict {
            Verdict::Skip => BisectError::Untested { number, why: ended },
            Verdict::Good => BisectError::BadWorks { number, ended },
            Verdict::Bad => BisectError::GoodFails {
                number,
                ended,
                output,
            },
        }
        .into())
    }

    /// One back, then two more, then four more: what broke lately is found soon. Gives the good one and the last bad.
    fn search_backwards(&self, stage: &mut Stage<'_>, last: usize) -> Result<(usize, usize)> {
        let (mut bad, mut step) = (last, 1);
        let mut next = last;
        while next > 0 {
            next = next.saturating_sub(step);
            step *= 2;
            match self.test(stage, next)? {
                Verdict::Good => return Ok((next, bad)),
                Verdict::Bad => bad = next,
                Verdict::Skip => {}
            }
        }
        Err(BisectError::NoGood {
            number: self.numbers[last],
            output: stage.output.clone(),
        }
        .into())
    }
}

/// The last good generation, the first bad one, and in what they differ.
struct Between<'a> {
    numbers: (GenerationNumber, GenerationNumber),
    good: &'a Candidate,
    bad: &'a Candidate,
    units: &'a [Unit],
}

impl Between<'_> {
    fn smallest(&self, stage: &mut Stage<'_>) -> Result<Smallest> {
        if self.units.is_empty() {
            let (good, bad) = self.numbers;
            return Err(BisectError::NoDifference { good, bad }.into());
        }
        search::smallest(self.units.len(), |units| self.test(stage, units))
    }

    fn test(&self, stage: &mut Stage<'_>, units: &[usize]) -> Result<Verdict> {
        let taken: Vec<&Unit> = units.iter().map(|unit| &self.units[*unit]).collect();
        stage.try_one(&Named {
            what: self.in_words(units),
            number: None,
            candidate: &mix(self.good, self.bad, &taken),
        })
    }

    fn in_words(&self, units: &[usize]) -> String {
        let (good, bad) = self.numbers;
        match units.len() {
            0 => format!("generation {good}"),
            all if all == self.units.len() => format!("generation {bad}"),
            1 => format!("generation {good} with 1 change of {bad}"),
            count => format!("generation {good} with {count} changes of {bad}"),
        }
    }

    /// Runs once more what the answer rests on. Tells whether the bad one works without what was found, and what the
    /// command printed where it failed.
    fn confirm(
        &self,
        stage: &mut Stage<'_>,
        found: &Smallest,
    ) -> Result<(Option<bool>, Vec<String>)> {
        self.again(stage, &found.units, Verdict::Bad)?;
        let output = stage.output.clone();
        self.again(stage, &[], Verdict::Good)?;
        let others: Vec<usize> = (0..self.units.len())
            .filter(|unit| !found.units.contains(unit))
            .collect();
        if others.is_empty() {
            // That is the good one, which has just been tried.
            return Ok((Some(true), output));
        }
        let cured = match self.test(stage, &others)? {
            Verdict::Good => Some(true),
            Verdict::Bad => Some(false),
            Verdict::Skip => None,
        };
        Ok((cured, output))
    }

    fn again(&self, stage: &mut Stage<'_>, units: &[usize], before: Verdict) -> Result<()> {
        let now = self.test(stage, units)?;
        if now == before {
            return Ok(());
        }
        let word = |verdict| match verdict {
            Verdict::Good => "good",
            Verdict::Bad => "bad",
            Verdict::Skip => "skipped",
        };
        Err(BisectError::Unsteady {
            what: self.in_words(units),
            before: word(before),
            now: word(now),
        }
        .into())
    }
}
