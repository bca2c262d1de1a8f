//! In which order services start: what they wait for first, the rest by name.

use std::collections::BTreeMap;

use dgmo_schema::conduct::Service;
use dgmo_schema::name::ServiceName;
use petgraph::algo::toposort;
use petgraph::graph::DiGraph;

use super::ServiceError;

/// The services in an order in which each comes after those it waits for. Stopping goes the other way.
pub fn start_order(
    services: &BTreeMap<ServiceName, Service>,
) -> Result<Vec<ServiceName>, ServiceError> {
    let mut graph: DiGraph<&ServiceName, ()> = DiGraph::new();
    // The last added come first in petgraph's order; we want names in theirs.
    let nodes: BTreeMap<&ServiceName, _> = services
        .keys()
        .rev()
        .map(|name| (name, graph.add_node(name)))
        .collect();
    for (name, service) in services {
        for needed in &service.after {
            // A record is checked before it is written; a name it does not have is waited for by nobody.
            if let Some(before) = nodes.get(needed) {
                graph.add_edge(*before, nodes[name], ());
            }
        }
    }
    match toposort(&graph, None) {
        Ok(order) => Ok(order.into_iter().map(|node| graph[node].clone()).collect()),
        Err(cycle) => Err(ServiceError::Circle {
            names: graph[cycle.node_id()].to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use dgmo_schema::conduct::CommandLine;

    use super::*;

    fn services(list: &[(&str, &[&str])]) -> BTreeMap<ServiceName, Service> {
        let run = CommandLine::try_from(vec!["x".to_owned()]).unwrap();
        list.iter()
            .map(|(name, after)| {
                let mut service = Service::of(run.clone());
                service.after = after.iter().map(|name| name.parse().unwrap()).collect();
                (name.parse().unwrap(), service)
            })
            .collect()
    }

    #[test]
    fn what_is_waited_for_comes_first() {
        let services = services(&[("a", &["db", "z"]), ("b", &[]), ("db", &["z"]), ("z", &[])]);
        let order = start_order(&services).unwrap();
        let at = |name: &str| order.iter().position(|n| n.as_str() == name).unwrap();
        assert!(at("z") < at("db") && at("db") < at("a"), "{order:?}");
        assert_eq!(order.len(), 4);
    }

    #[test]
    fn a_circle_is_refused() {
        assert!(start_order(&services(&[("a", &["b"]), ("b", &["a"])])).is_err());
    }
}
