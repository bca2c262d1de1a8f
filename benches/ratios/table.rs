//! Rows of the table, as text for people and as JSON for programs.

use serde::Serialize;

use crate::contest::Runs;
use crate::contest::cpu;
use crate::contest::wall;
use crate::wait::Usage;

/// What of a run is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Look {
    /// Start to end.
    Wall,
    /// User and system time.
    Cpu,
}

impl Look {
    fn at(self, usage: &Usage) -> f64 {
        match self {
            Self::Wall => wall(usage),
            Self::Cpu => cpu(usage),
        }
    }
}

/// What is asked of a figure.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    /// At most so many times the floor.
    Ratio(f64),
    /// At most so many milliseconds.
    Millis(f64),
    /// At most so many mebibytes of memory or file.
    Mebibytes(f64),
}

/// One line of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    work: String,
    look: Option<Look>,
    dgmo: Option<f64>,
    floor_is: String,
    floor: Option<f64>,
    ratio: Option<f64>,
    target: Option<Target>,
    met: Option<bool>,
    peak_mebibytes: Option<f64>,
    why_not: Option<String>,
}

#[expect(clippy::cast_precision_loss, reason = "a table for people")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

impl Row {
    /// `ours` against `floor`.
    pub(crate) fn new(
        work: impl Into<String>,
        look: Look,
        ours: &Runs,
        (floor_is, floor): (&str, &Runs),
        target: Target,
    ) -> Self {
        let figure = ours.median(|usage| look.at(usage));
        let ratio = ours.ratio(floor, |usage| look.at(usage));
        Self {
            work: work.into(),
            look: Some(look),
            dgmo: Some(figure),
            floor_is: floor_is.to_owned(),
            floor: Some(floor.median(|usage| look.at(usage))),
            ratio: Some(ratio),
            met: Some(match target {
                Target::Ratio(most) => ratio <= most,
                Target::Millis(most) => figure <= most,
                Target::Mebibytes(most) => mebibytes(ours.peak()) <= most,
            }),
            target: Some(target),
            peak_mebibytes: Some(mebibytes(ours.peak())),
            why_not: None,
        }
    }

    /// How much memory `ours` had.
    pub(crate) fn memory(work: impl Into<String>, ours: &Runs, most: f64) -> Self {
        Self::of_size(work, ours.peak(), most)
    }

    /// A size in bytes, which shall be at most so many mebibytes.
    pub(crate) fn of_size(work: impl Into<String>, bytes: u64, most: f64) -> Self {
        let size = mebibytes(bytes);
        Self {
            peak_mebibytes: Some(size),
            target: Some(Target::Mebibytes(most)),
            met: Some(size <= most),
            ..Self::cannot(work, String::new())
        }
    }

    /// What could not be measured, and why.
    pub(crate) fn cannot(work: impl Into<String>, why: String) -> Self {
        Self {
            work: work.into(),
            look: None,
            dgmo: None,
            floor_is: String::new(),
            floor: None,
            ratio: None,
            target: None,
            met: None,
            peak_mebibytes: None,
            why_not: (!why.is_empty()).then_some(why),
        }
    }

    fn cells(&self) -> [String; 7] {
        let millis = |value: Option<f64>| value.map(|ms| format!("{} ms", short(ms)));
        let look = self.look.map_or("", |look| match look {
            Look::Wall => " wall",
            Look::Cpu => " cpu",
        });
        let floor = millis(self.floor).map(|floor| format!("{}: {floor}", self.floor_is));
        [
            self.work.clone(),
            millis(self.dgmo).map_or_else(String::new, |ms| ms + look),
            floor.unwrap_or_default(),
            self.ratio
                .map(|ratio| format!("{ratio:.2}"))
                .unwrap_or_default(),
            match self.target {
                Some(Target::Ratio(most)) => format!("≤ {most}×"),
                Some(Target::Millis(most)) => format!("≤ {most} ms"),
                Some(Target::Mebibytes(most)) => format!("≤ {most} MiB"),
                None => String::new(),
            },
            match (self.met, &self.why_not) {
                (Some(true), _) => "yes".to_owned(),
                (Some(false), _) => "**no**".to_owned(),
                (None, Some(why)) => format!("not run: {}", why.lines().next().unwrap_or_default()),
                (None, None) => String::new(),
            },
            self.peak_mebibytes
                .map(|peak| format!("{peak:.1} MiB"))
                .unwrap_or_default(),
        ]
    }
}

fn short(millis: f64) -> String {
    if millis >= 100.0 {
        format!("{millis:.0}")
    } else {
        format!("{millis:.2}")
    }
}

/// The head of the table.
pub(crate) const HEAD: &str = "\
| work | dgmo | floor | ratio | target | met | peak |
|---|---|---|---|---|---|---|";

/// One line of it.
pub(crate) fn line(row: &Row) -> String {
    format!("| {} |", row.cells().join(" | "))
}
