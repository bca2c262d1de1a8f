//! Contenders run in turn, A B A B, so that whatever else the machine does meets them alike.

use std::time::Duration;

use crate::Result;
use crate::program::Program;
use crate::wait::Usage;

/// One of those that are compared.
pub(crate) struct Contender<'a> {
    prepare: Vec<Step<'a>>,
    run: Vec<Step<'a>>,
}

enum Step<'a> {
    Program(Program),
    Own(Box<dyn Fn() -> Result<Usage> + 'a>),
}

impl Step<'_> {
    fn take(&self) -> Result<Usage> {
        match self {
            Self::Program(program) => program.run(),
            Self::Own(own) => own(),
        }
    }
}

impl<'a> Contender<'a> {
    /// A program.
    pub(crate) fn of(program: Program) -> Self {
        Self {
            prepare: Vec::new(),
            run: vec![Step::Program(program)],
        }
    }

    /// Work done by the benchmark itself, which measures it.
    pub(crate) fn own(own: impl Fn() -> Result<Usage> + 'a) -> Self {
        Self {
            prepare: Vec::new(),
            run: vec![Step::Own(Box::new(own))],
        }
    }

    /// One more program after the others; what they take is added up.
    pub(crate) fn then(mut self, program: Program) -> Self {
        self.run.push(Step::Program(program));
        self
    }

    /// Run before each measured run, without being measured.
    pub(crate) fn after(mut self, program: Program) -> Self {
        self.prepare.push(Step::Program(program));
        self
    }

    /// The same, for what no program does.
    pub(crate) fn after_own(mut self, own: impl Fn() -> Result<()> + 'a) -> Self {
        let own = move || own().map(|()| Usage::default());
        self.prepare.push(Step::Own(Box::new(own)));
        self
    }

    fn measure(&self) -> Result<Usage> {
        for step in &self.prepare {
            step.take()?;
        }
        let mut usage = Usage::default();
        for step in &self.run {
            usage += step.take()?;
        }
        Ok(usage)
    }
}

/// The runs of one contender.
pub(crate) struct Runs(Vec<Usage>);

impl Runs {
    /// The median of what `look` sees in each run.
    pub(crate) fn median(&self, look: impl Fn(&Usage) -> f64) -> f64 {
        median(self.0.iter().map(look).collect())
    }

    /// The median of the ratios of runs that followed each other.
    pub(crate) fn ratio(&self, floor: &Self, look: impl Fn(&Usage) -> f64) -> f64 {
        let pairs = self.0.iter().zip(&floor.0);
        median(
            pairs
                .map(|(ours, floor)| look(ours) / look(floor))
                .collect(),
        )
    }

    /// Runs that would have taken what both took, `factor` times the second.
    pub(crate) fn plus(&self, other: &Self, factor: f64) -> Self {
        let pairs = self.0.iter().zip(&other.0);
        let sum = |(one, two): (&Usage, &Usage)| Usage {
            wall: one.wall + two.wall.mul_f64(factor),
            cpu: one.cpu + two.cpu.mul_f64(factor),
            peak: one.peak.max(two.peak),
        };
        Self(pairs.map(sum).collect())
    }

    /// The most memory any run had.
    pub(crate) fn peak(&self) -> u64 {
        self.0.iter().map(|usage| usage.peak).max().unwrap_or(0)
    }
}

/// Lets all run in turn, `rounds` times, after a turn that does not count.
pub(crate) fn in_turn<const N: usize>(
    rounds: usize,
    contenders: &[Contender<'_>; N],
) -> Result<[Runs; N]> {
    let mut runs = [(); N].map(|()| Runs(Vec::new()));
    for round in 0..=rounds {
        for (contender, runs) in contenders.iter().zip(&mut runs) {
            let usage = contender.measure()?;
            if round > 0 {
                runs.0.push(usage);
            }
        }
    }
    Ok(runs)
}

/// Start to end, in milliseconds.
pub(crate) fn wall(usage: &Usage) -> f64 {
    millis(usage.wall)
}

/// User and system time, in milliseconds.
pub(crate) fn cpu(usage: &Usage) -> f64 {
    millis(usage.cpu)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}
