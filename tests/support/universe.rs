//! A universe of packages that need each other, drawn the same each time, as an index looks after years.
//!
//! Each version was made for what was there then. Most leave the end of a range open, some close it at the next major
//! version; some packages were left alone long ago, and their newest version is for what was there at that time.

/// Numbers that look drawn.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, end: usize) -> usize {
        // Knuth's multiplier; the low bits of such a row repeat soon, the high ones do not.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % end
    }
}

/// How a universe is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) packages: usize,
    /// One package in so many was left alone.
    pub(crate) left_alone: usize,
}

/// One package: of each version, what it needs and which versions of that.
pub(crate) type Versions = Vec<Vec<(String, String)>>;

/// The name of a package by its place: the first needs, in the end, all others.
pub(crate) fn name(package: usize) -> String {
    format!("p{package}")
}

/// A version by its place, the oldest first: four to each major number.
pub(crate) fn version(at: usize) -> String {
    format!("{}.{}", at / 4 + 1, at % 4)
}

/// All packages, each with 5 to 20 versions that need up to 8 others.
pub(crate) fn draw(plan: Plan) -> Vec<Versions> {
    let mut drawn = Drawn(plan.seed);
    let counts = (0..plan.packages).map(|_| 5 + drawn.below(16));
    let counts: Vec<usize> = counts.collect();
    let packages = (0..plan.packages).map(|package| {
        let others = others(package, plan.packages, &mut drawn);
        let is_left_alone = drawn.below(plan.left_alone) == 0;
        let last = counts[package] - 1;
        let versions = (0..=last).map(|at| {
            let needs = others.iter().map(|other| {
                let there = (counts[*other] - 1) * at / last;
                let there = if is_left_alone { there / 2 } else { there };
                (name(*other), range_around(there, &mut drawn))
            });
            needs.collect()
        });
        versions.collect()
    });
    packages.collect()
}

/// Two as in a heap, so that all are needed, and up to six more: the further down the list, the more people need one.
fn others(package: usize, packages: usize, drawn: &mut Drawn) -> Vec<usize> {
    let mut others = vec![2 * package + 1, 2 * package + 2];
    let left = packages - package;
    for _ in 0..drawn.below(7) {
        others.push(packages - drawn.below(left) * drawn.below(left) / left);
    }
    others.retain(|other| (package + 1..packages).contains(other));
    others.sort_unstable();
    others.dedup();
    others
}

/// What somebody writes who has version `at` and knows since when what they use is there.
fn range_around(at: usize, drawn: &mut Drawn) -> String {
    let since = version(at - drawn.below(at / 2 + 1));
    let next = at / 4 + 2;
    match drawn.below(20) {
        0 => String::new(),
        1..=3 => format!(">={since},<{next}"),
        _ => format!(">={since}"),
    }
}
