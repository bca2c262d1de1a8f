//! A graph in the languages of Graphviz and of Mermaid.

use std::collections::BTreeMap;

use dgmo_schema::report::running::GraphNode;
use dgmo_schema::report::running::GraphReport;

/// For Graphviz: `dot -Tsvg`.
pub fn dot(graph: &GraphReport) -> String {
    let mut text = format!("digraph {} {{\n  rankdir=LR;\n", in_quotes(&graph.of));
    text.push_str("  node [fontname=\"sans-serif\"];\n");
    for circle in circles(graph) {
        text.push_str(&format!("  // a circle: {circle}\n"));
    }
    for node in &graph.nodes {
        let shape = match node.kind.as_str() {
            "generation" | "pin" | "lease" | "process" => "box3d",
            "view" | "folder" | "tree" => "folder",
            "package" => "component",
            "file" | "home file" | "secret" | "blob" => "note",
            "service" => "cds",
            _ => "box",
        };
        let label = in_quotes(&node.name);
        text.push_str(&format!("  {} [shape={shape}, label={label}];\n", node.id));
    }
    for edge in &graph.edges {
        let mut marks = Vec::new();
        if !edge.how.is_empty() {
            marks.push(format!("label={}", in_quotes(&edge.how)));
        }
        let is_of_circle =
            |circle: &Vec<String>| circle.contains(&edge.from) && circle.contains(&edge.to);
        if graph.circles.iter().any(is_of_circle) {
            marks.push("color=red".to_owned());
        }
        let marks = match &marks[..] {
            [] => String::new(),
            marks => format!(" [{}]", marks.join(", ")),
        };
        text.push_str(&format!("  {} -> {}{marks};\n", edge.from, edge.to));
    }
    text.push_str("}\n");
    text
}

/// For Mermaid, as many pages of text show it.
pub fn mermaid(graph: &GraphReport) -> String {
    let mut text = "flowchart LR\n".to_owned();
    for circle in circles(graph) {
        text.push_str(&format!("  %% a circle: {circle}\n"));
    }
    for node in &graph.nodes {
        let (open, close) = match node.kind.as_str() {
            "generation" | "pin" | "lease" | "process" => ("([", "])"),
            "package" => ("[[", "]]"),
            "file" | "home file" | "secret" | "blob" => (">", "]"),
            _ => ("[", "]"),
        };
        let label = without_signs(&node.name);
        text.push_str(&format!("  {}{open}\"{label}\"{close}\n", node.id));
    }
    for edge in &graph.edges {
        let how = match edge.how.as_str() {
            "" => String::new(),
            how => format!("|\"{}\"|", without_signs(how)),
        };
        text.push_str(&format!("  {} -->{how} {}\n", edge.from, edge.to));
    }
    text
}

/// The circles by the names of what is in them, on one line each.
fn circles(graph: &GraphReport) -> Vec<String> {
    let names: BTreeMap<&str, &GraphNode> =
        graph.nodes.iter().map(|it| (it.id.as_str(), it)).collect();
    let name = |id: &String| {
        let name = names
            .get(id.as_str())
            .map_or(id.as_str(), |it| it.name.as_str());
        on_one_line(name)
    };
    let circles = graph.circles.iter();
    circles
        .map(|circle| circle.iter().map(name).collect::<Vec<_>>().join(" ↔ "))
        .collect()
}

fn on_one_line(text: &str) -> String {
    let odd = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.replace(odd, " ")
}

/// Graphviz reads escapes and the entities of HTML inside of quotes.
fn in_quotes(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for c in on_one_line(text).chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '&' => quoted.push_str("&amp;"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Mermaid has entities of its own, with a `#`; what could be markup or end the text is written so.
fn without_signs(text: &str) -> String {
    let mut plain = String::new();
    for c in on_one_line(text).chars() {
        if c.is_alphanumeric() || " ._-/@+:=~,".contains(c) {
            plain.push(c);
        } else {
            plain.push_str(&format!("#{};", u32::from(c)));
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_leave_its_quotes() {
        assert_eq!(in_quotes("a\"]; b \\ &\n"), "\"a\\\"]; b \\\\ &amp; \"");
        assert_eq!(without_signs("a\"]<b>#1"), "a#34;#93;#60;b#62;#35;1");
    }
}
