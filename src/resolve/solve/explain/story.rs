//! What of a proof is told: where requirements do not meet, and the shortest ways there.
//!
//! All of it is a few hundred edges that are looked through from end to end: maps would be more program than use.

use pubgrub::External;

use super::super::Numbers;
use super::super::ROOT;
use super::Leaf;

/// All that is said of one package's need of another; or why some of its versions cannot be used.
pub(super) type Told<'t> = &'t [&'t Leaf];

/// A proof, seen as packages that need each other.
pub(super) struct Story<'t> {
    /// By who needs and what is needed; where a package cannot be used, by itself and nothing.
    edges: Edges<'t>,
    /// What led to a package first, and how far from the beginning it is.
    reached: Vec<Reached<'t>>,
    /// Requirements of what there is not.
    absent: Vec<Edge<'t>>,
}

type Edge<'t> = (&'t str, Option<&'t str>);

type Edges<'t> = Vec<(Edge<'t>, Vec<&'t Leaf>)>;

/// A package, how far it is, and what led to it.
type Reached<'t> = (&'t str, usize, Option<Edge<'t>>);

impl<'t> Story<'t> {
    pub(super) fn of(leaves: &[&'t Leaf], is_none: impl Fn(&Leaf) -> bool) -> Self {
        let mut edges: Edges<'_> = Vec::new();
        let mut absent = Vec::new();
        for leaf in leaves {
            let edge = match leaf {
                External::FromDependencyOf(package, _, needed, _) => {
                    (package.as_str(), Some(needed.as_str()))
                }
                External::Custom(package, ..) => (package.as_str(), None),
                External::NoVersions(..) | External::NotRoot(..) => continue,
            };
            if is_none(leaf) || edge.1.is_none() {
                absent.push(edge);
            }
            match edges.iter_mut().find(|(it, _)| *it == edge) {
                Some((_, leaves)) => leaves.push(leaf),
                None => edges.push((edge, vec![leaf])),
            }
        }
        edges.sort_by_key(|(edge, _)| *edge);
        absent.sort_unstable();
        absent.dedup();
        let reached = reached(&edges);
        Self {
            edges,
            reached,
            absent,
        }
    }

    /// What is told: the ways from what is asked for to where it breaks, and what breaks there.
    pub(super) fn told(&self) -> (Vec<Told<'_>>, Vec<Told<'_>>) {
        let mut breaks = self.breaks();
        breaks.sort_by_key(|edges| self.distances(edges));
        let mut broken: Vec<Edge<'t>> = breaks.concat();
        if broken.is_empty() {
            broken.extend(self.edges.iter().map(|(edge, _)| *edge));
        }
        let ways = broken.iter().flat_map(|edge| self.way_to(edge));
        let mut told = broken.clone();
        for edge in ways {
            if !told.contains(&edge) {
                told.push(edge);
            }
        }
        let mut ways = told.split_off(broken.len());
        // What is asked for is said before all else.
        ways.sort_by_key(|(package, _)| *package != ROOT);
        broken.sort_by_key(|(package, _)| *package != ROOT);
        let told = |edges: Vec<Edge<'t>>| {
            let told = edges.into_iter().map(|edge| self.leaves(&edge));
            told.collect()
        };
        (told(ways), told(broken))
    }

    /// Of each place where requirements do not meet, those requirements.
    fn breaks(&self) -> Vec<Vec<Edge<'t>>> {
        let mut breaks: Vec<Vec<Edge<'_>>> = self.absent.iter().map(|edge| vec![*edge]).collect();
        let needs = self.edges.iter().map(|(edge, _)| *edge);
        let mut needs: Vec<Edge<'_>> = needs.filter(|edge| !self.absent.contains(edge)).collect();
        needs.sort_by_key(|(_, needed)| *needed);
        let needed = needs.chunk_by(|one, other| one.1 == other.1);
        let goes_on = |package| self.edges.iter().any(|((by, _), _)| Some(*by) == package);
        let (ends, others): (Vec<_>, Vec<_>) = needed.partition(|edges| !goes_on(edges[0].1));
        for edges in ends {
            breaks.push(self.apart(edges).unwrap_or_else(|| edges.to_vec()));
        }
        // Where packages need each other in a circle, nothing is an end.
        if breaks.is_empty() {
            let apart = others.iter().filter_map(|edges| self.apart(edges));
            breaks.extend(apart.min_by_key(|pair| self.distances(pair)));
        }
        breaks
    }

    /// The two that are nearest to the beginning, of which no version is what both want.
    fn apart(&self, edges: &[Edge<'t>]) -> Option<Vec<Edge<'t>>> {
        let wanted: Vec<(Edge<'_>, Numbers)> = edges
            .iter()
            .map(|edge| (*edge, self.wanted(edge)))
            .collect();
        let pairs = wanted.iter().enumerate().flat_map(|(at, one)| {
            let others = wanted[at + 1..].iter();
            others.map(move |other| (one, other))
        });
        let apart = pairs.filter(|((_, one), (_, other))| one.is_disjoint(other));
        let pairs = apart.map(|((one, _), (other, _))| vec![*one, *other]);
        pairs.min_by_key(|pair| self.distances(pair))
    }

    /// The versions that any of a package's versions want.
    fn wanted(&self, edge: &Edge<'t>) -> Numbers {
        let wanted = self.leaves(edge).iter().filter_map(|leaf| match leaf {
            External::FromDependencyOf(.., among) => Some(among),
            _ => None,
        });
        wanted.fold(Numbers::empty(), |all, among| all.union(among))
    }

    fn distances(&self, edges: &[Edge<'t>]) -> usize {
        edges.iter().map(|edge| self.distance(edge)).sum()
    }

    fn distance(&self, edge: &Edge<'t>) -> usize {
        let found = self.reached.iter().find(|(package, ..)| *package == edge.0);
        found.map_or(usize::MAX / 4, |(_, far, _)| *far)
    }

    fn leaves(&self, edge: &Edge<'t>) -> Told<'_> {
        let found = self.edges.iter().find(|(it, _)| it == edge);
        found.map_or(&[], |(_, leaves)| leaves)
    }

    fn before(&self, package: &str) -> Option<Edge<'t>> {
        let found = self.reached.iter().find(|(it, ..)| *it == package);
        found.and_then(|(.., before)| *before)
    }

    /// The requirements that lead to who has this one.
    fn way_to(&self, edge: &Edge<'t>) -> Vec<Edge<'t>> {
        let mut way = Vec::new();
        let mut package = edge.0;
        while let Some(before) = self.before(package) {
            way.push(before);
            package = before.0;
        }
        way.reverse();
        way
    }
}

/// How each package is reached from what is asked for, the shortest way.
fn reached<'t>(edges: &Edges<'t>) -> Vec<Reached<'t>> {
    let mut reached: Vec<Reached<'_>> = vec![(ROOT, 0, None)];
    let mut at = 0;
    while let Some((package, far, _)) = reached.get(at).copied() {
        at += 1;
        for (edge, _) in edges.iter().filter(|((by, _), _)| *by == package) {
            if let Some(next) = edge.1
                && reached.iter().all(|(known, ..)| *known != next)
            {
                reached.push((next, far + 1, Some(*edge)));
            }
        }
    }
    reached
}
