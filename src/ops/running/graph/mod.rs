//! What a generation is made of, and what keeps a thing, as a graph: for people who see more in a picture.
//!
//! The lock knows the pieces of a package and not which of them asked for which; that is read from what the pieces say
//! of themselves in the store.

mod circles;
mod needs;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use dgmo_schema::generation::Generation;
use dgmo_schema::generation::Identity;
use dgmo_schema::generation::Record;
use dgmo_schema::id::TreeId;
use dgmo_schema::lock::Locked;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::name::PackageName;
use dgmo_schema::report::running::GraphEdge;
use dgmo_schema::report::running::GraphNode;
use dgmo_schema::report::running::GraphReport;
use dgmo_schema::report::running::WhyReport;
use dgmo_store::Store;

use super::super::Engine;
use super::super::Result;
use super::super::begin;
use super::super::this_system;
use crate::generation::Generations;
use crate::lock;
use crate::manifest::EditError;

/// The graph of a generation, or of one of its packages.
pub fn tree_graph(
    engine: &Engine<'_>,
    at: Option<&str>,
    only: Option<&PackageName>,
) -> Result<GraphReport> {
    let store = begin::look(engine)?;
    let generations = Generations::of(&engine.profile);
    let number = generations.find(at.unwrap_or("current"))?;
    let generation = generations.load(number)?;
    let record = generations.record(number)?;
    if let Some(name) = only.filter(|name| !generation.packages.contains_key(*name)) {
        return Err(EditError::absent(name, generation.packages.keys()).into());
    }
    let mut graph = Graph::of(match only {
        Some(name) => format!("{name} of generation {number}"),
        None => format!("generation {number}"),
    });
    let pieces = pieces(&generation, &record);
    let view = only.is_none().then(|| graph.beginning(&record, number.0));
    for (name, package) in &generation.packages {
        if only.is_some_and(|only| only != name) {
            continue;
        }
        let node = graph.add(
            "package",
            in_version(name.as_str(), package.version.as_deref()),
        );
        if let Some(view) = view {
            graph.join(view, node, "");
        }
        match (pieces.get(name), record.packages.get(name)) {
            (Some(of), _) => graph.package(&store, node, of, package.tree),
            (None, Some(it)) if matches!(it.identity, Identity::Pieces(_)) => {
                graph.report.unknown.push(name.clone());
            }
            (None, _) => {}
        }
    }
    Ok(graph.done())
}

/// The ways that keep a thing, as a graph.
pub fn ways_graph(report: &WhyReport) -> GraphReport {
    let mut graph = Graph::of(report.asked.clone());
    let mut known = BTreeMap::new();
    let mut joined = BTreeSet::new();
    for chain in &report.chains {
        let mut from = graph.add(&chain.root, chain.name.clone());
        for step in &chain.steps {
            let to = *known.entry(step.id.clone()).or_insert_with(|| {
                let name = if step.name.is_empty() {
                    &step.id
                } else {
                    &step.name
                };
                graph.add(&step.what, name.clone())
            });
            if joined.insert((from, to, step.name.clone())) {
                graph.join(from, to, &step.name);
            }
            from = to;
        }
    }
    graph.done()
}

/// The pieces of packages, by the lock that the generation was made from, as far as that has not gone on.
fn pieces(generation: &Generation, record: &Record) -> BTreeMap<PackageName, LockedPieces> {
    let path = generation.manifest.as_ref().map(std::path::Path::new);
    // A lock that is gone or not right any more tells nothing; what it is needed for is then said to be unknown.
    let lock = path.and_then(|path| lock::load(&lock::path_beside(path)).ok().flatten());
    let mut pieces = BTreeMap::new();
    for (name, package) in lock.into_iter().flat_map(|lock| lock.packages) {
        let recorded = record.packages.get(&name).map(|it| &it.identity);
        if let (Some(Identity::Pieces(id)), Some(Locked::Pieces(of))) =
            (recorded, package.for_system(&this_system()))
            && of.identity() == *id
        {
            pieces.insert(name, of.clone());
        }
    }
    pieces
}

fn in_version(name: &str, version: Option<&str>) -> String {
    format!("{name} {}", version.unwrap_or_default())
        .trim_end()
        .to_owned()
}

/// A graph that grows.
struct Graph {
    report: GraphReport,
    edges: Vec<(usize, usize)>,
}

impl Graph {
    fn of(what: String) -> Self {
        Self {
            report: GraphReport {
                of: what,
                nodes: Vec::new(),
                edges: Vec::new(),
                circles: Vec::new(),
                unknown: Vec::new(),
            },
            edges: Vec::new(),
        }
    }

    fn add(&mut self, kind: &str, name: String) -> usize {
        let index = self.report.nodes.len();
        self.report.nodes.push(GraphNode {
            id: format!("n{index}"),
            kind: kind.to_owned(),
            name,
        });
        index
    }

    fn join(&mut self, from: usize, to: usize, how: &str) {
        self.edges.push((from, to));
        self.report.edges.push(GraphEdge {
            from: format!("n{from}"),
            to: format!("n{to}"),
            how: how.to_owned(),
        });
    }

    /// The generation itself, its files and its services. Gives the view, which shows the packages.
    fn beginning(&mut self, record: &Record, number: u64) -> usize {
        let top = self.add("generation", format!("generation {number}"));
        let view = self.add("view", "view".to_owned());
        self.join(top, view, "");
        for path in record.files.keys() {
            let file = self.add("file", path.to_string());
            self.join(top, file, "");
        }
        for path in record.secrets.keys() {
            let secret = self.add("secret", path.to_string());
            self.join(top, secret, "");
        }
        let mut services = BTreeMap::new();
        for name in record.conduct.services.keys() {
            let service = self.add("service", name.to_string());
            self.join(top, service, "");
            services.insert(name, service);
        }
        for (name, service) in &record.conduct.services {
            for before in service.after.iter().filter_map(|it| services.get(it)) {
                self.join(services[name], *before, "after");
            }
        }
        view
    }

    /// The pieces of a package: each below what needs it, and below the package where nothing does.
    fn package(&mut self, store: &Store, package: usize, of: &LockedPieces, tree: TreeId) {
        let nodes: Vec<usize> = of
            .pieces
            .iter()
            .map(|piece| self.add("piece", in_version(&piece.name, Some(&piece.version))))
            .collect();
        let needs = needs::between(store, of, tree);
        let needed: BTreeSet<usize> = needs.iter().map(|(_, to)| *to).collect();
        let tops = (0..nodes.len()).filter(|index| *index == 0 || !needed.contains(index));
        for top in tops {
            self.join(package, nodes[top], "");
        }
        for (from, to) in needs {
            self.join(nodes[from], nodes[to], "needs");
        }
    }

    fn done(mut self) -> GraphReport {
        let circles = circles::find(self.report.nodes.len(), &self.edges);
        let named = |circle: Vec<usize>| circle.into_iter().map(|index| format!("n{index}"));
        self.report.circles = circles.into_iter().map(|it| named(it).collect()).collect();
        self.report
    }
}
