//! What of a proof is told: where requirements do not meet, and the shortest ways there.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;

use pubgrub::External;

use super::super::Numbers;
use super::super::ROOT;
use super::Leaf;

/// All that is said of one package's need of another; or why some of its versions cannot be used.
pub(super) type Told<'t> = &'t [&'t Leaf];

/// A proof, seen as packages that need each other.
pub(super) struct Story<'t> {
    /// By who needs and what is needed; where a package cannot be used, by itself and nothing.
    edges: BTreeMap<Edge<'t>, Vec<&'t Leaf>>,
    /// What led to a package first, and how far from the beginning it is.
    reached: HashMap<&'t str, (usize, Option<Edge<'t>>)>,
    /// Requirements of what there is not.
    absent: BTreeSet<Edge<'t>>,
}

type Edge<'t> = (&'t str, Option<&'t str>);

impl<'t> Story<'t> {
    pub(super) fn of(leaves: &[&'t Leaf], is_none: impl Fn(&Leaf) -> bool) -> Self {
        let mut edges: BTreeMap<Edge<'_>, Vec<&Leaf>> = BTreeMap::new();
        let mut absent = BTreeSet::new();
        for leaf in leaves {
            let edge = match leaf {
                External::FromDependencyOf(package, _, needed, _) => {
                    (package.as_str(), Some(needed.as_str()))
                }
                External::Custom(package, ..) => (package.as_str(), None),
                External::NoVersions(..) | External::NotRoot(..) => continue,
            };
            if is_none(leaf) || edge.1.is_none() {
                absent.insert(edge);
            }
            edges.entry(edge).or_default().push(leaf);
        }
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
            broken.extend(self.edges.keys());
        }
        let ways = broken.iter().flat_map(|edge| self.way_to(edge));
        let mut seen: HashSet<Edge<'_>> = broken.iter().copied().collect();
        let mut ways: Vec<Edge<'t>> = ways.filter(|edge| seen.insert(*edge)).collect();
        // What is asked for is said before all else.
        ways.sort_by_key(|(package, _)| *package != ROOT);
        broken.sort_by_key(|(package, _)| *package != ROOT);
        let told = |edges: Vec<Edge<'t>>| {
            let told = edges.into_iter().map(|edge| &self.edges[&edge][..]);
            told.collect()
        };
        (told(ways), told(broken))
    }

    /// Of each place where requirements do not meet, those requirements.
    fn breaks(&self) -> Vec<Vec<Edge<'t>>> {
        let mut breaks: Vec<Vec<Edge<'_>>> = self.absent.iter().map(|edge| vec![*edge]).collect();
        let mut needed: BTreeMap<&str, Vec<Edge<'_>>> = BTreeMap::new();
        for edge in self.edges.keys().filter(|edge| !self.absent.contains(edge)) {
            if let Some(package) = edge.1 {
                needed.entry(package).or_default().push(*edge);
            }
        }
        let goes_on = |package: &str| self.edges.keys().any(|(by, _)| *by == package);
        let (ends, others): (Vec<_>, Vec<_>) = needed
            .into_iter()
            .partition(|(package, _)| !goes_on(package));
        for (_, edges) in ends {
            breaks.push(self.apart(&edges).unwrap_or(edges));
        }
        // Where packages need each other in a circle, nothing is an end.
        if breaks.is_empty() {
            let apart = others.iter().filter_map(|(_, edges)| self.apart(edges));
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
        let wanted = self.edges[edge].iter().filter_map(|leaf| match leaf {
            External::FromDependencyOf(.., among) => Some(among),
            _ => None,
        });
        wanted.fold(Numbers::empty(), |all, among| all.union(among))
    }

    fn distances(&self, edges: &[Edge<'t>]) -> usize {
        edges.iter().map(|edge| self.distance(edge)).sum()
    }

    fn distance(&self, edge: &Edge<'t>) -> usize {
        self.reached
            .get(edge.0)
            .map_or(usize::MAX / 4, |(far, _)| *far)
    }

    /// The requirements that lead to who has this one.
    fn way_to(&self, edge: &Edge<'t>) -> Vec<Edge<'t>> {
        let mut way = Vec::new();
        let mut package = edge.0;
        while let Some((_, Some(before))) = self.reached.get(package) {
            way.push(*before);
            package = before.0;
        }
        way.reverse();
        way
    }
}

/// How each package is reached from what is asked for, the shortest way.
fn reached<'t>(
    edges: &BTreeMap<Edge<'t>, Vec<&'t Leaf>>,
) -> HashMap<&'t str, (usize, Option<Edge<'t>>)> {
    let mut reached = HashMap::from([(ROOT, (0, None))]);
    let mut waiting = VecDeque::from([ROOT]);
    while let Some(package) = waiting.pop_front() {
        let far = reached[package].0;
        let from_here = edges.range((package, None)..);
        for (edge, _) in from_here.take_while(|((by, _), _)| *by == package) {
            if let Some(next) = edge.1.filter(|next| !reached.contains_key(next)) {
                reached.insert(next, (far + 1, Some(*edge)));
                waiting.push_back(next);
            }
        }
    }
    reached
}
