//! Which values of a template explain a text.
//!
//! Each value is replaced by a mark of its own, to see where it shows. What is between the marks is the template's own;
//! the text must have that too, and what it has in the place of a mark is the new value. Whatever is found is rendered,
//! and counts only if it gives the text, byte for byte. The fewest changes win; two ways that change as few are told.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use dgmo_schema::system::System;
use serde_json::Value;

use crate::files::Template;
use crate::manifest::Step;
use crate::manifest::inside_value;

/// New values by where they stand.
pub(super) type Changes = BTreeMap<Vec<Step>, Value>;

/// What came of the search.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Explained {
    /// These changes give the text, and no others that are as few.
    By(Changes),
    /// More than one set of changes gives it.
    Ambiguous(BTreeSet<Vec<Step>>),
    /// None gives it.
    Not,
}

/// A template with its values.
pub(super) struct Puzzle<'a> {
    pub template: &'a Template,
    pub values: &'a BTreeMap<String, Value>,
    pub system: &'a System,
}

/// So many values are looked at, and so many ways tried; a template with more is one to edit by hand.
const MOST_LEAVES: usize = 64;
const MOST_WAYS: usize = 256;
const MOST_STEPS: usize = 20_000;

/// A part of the rendered text: the template's own, or a value's.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Own(String),
    Value(usize),
}

impl Puzzle<'_> {
    /// Finds the changes of values that explain `text`.
    pub(super) fn solve(&self, text: &str) -> Explained {
        let Some(before) = self.render(&Changes::new()) else {
            return Explained::Not;
        };
        if before == text {
            return Explained::By(Changes::new());
        }
        let leaves = self.leaves_that_show(&before);
        let Some(pieces) = self.pieces(&leaves, &before) else {
            return Explained::Not;
        };
        for most in 1..=leaves.len() {
            let found = self.with_as_few(&leaves, &pieces, text, most);
            let mut found = found.into_iter();
            match (found.next(), found.next()) {
                (None, _) => {}
                (Some(only), None) => return Explained::By(only),
                (Some(one), Some(other)) => {
                    let keys = one.into_keys().chain(other.into_keys());
                    let more = found.flat_map(BTreeMap::into_keys);
                    return Explained::Ambiguous(keys.chain(more).collect());
                }
            }
            // More than two at once are tried together, not in each combination.
            if most == 2 {
                break;
            }
        }
        let found = self.with_as_few(&leaves, &pieces, text, leaves.len());
        let fewest = found.iter().map(BTreeMap::len).min().unwrap_or(0);
        let mut found = found.into_iter().filter(|changes| changes.len() == fewest);
        match (found.next(), found.next()) {
            (None, _) => Explained::Not,
            (Some(only), None) => Explained::By(only),
            (Some(one), Some(other)) => {
                Explained::Ambiguous(one.into_keys().chain(other.into_keys()).collect())
            }
        }
    }

    /// All the ways that change at most `most` values, as far as they are looked for.
    fn with_as_few(
        &self,
        leaves: &[Leaf],
        pieces: &[Piece],
        text: &str,
        most: usize,
    ) -> Vec<Changes> {
        let free: Vec<Vec<usize>> = match most {
            1 => (0..leaves.len()).map(|one| vec![one]).collect(),
            2 => pairs(leaves.len()),
            _ => vec![(0..leaves.len()).collect()],
        };
        let mut found: Vec<Changes> = Vec::new();
        for free in free {
            let mut search = Search {
                pieces,
                leaves,
                free: &free,
                ways: Vec::new(),
                steps: 0,
            };
            search.go(text, 0, &mut BTreeMap::new());
            for way in search.ways {
                if let Some(changes) = self.changes(leaves, &way, text)
                    && !found.contains(&changes)
                {
                    found.push(changes);
                }
            }
        }
        found
    }

    /// What a way changes, if it really gives the text.
    fn changes(
        &self,
        leaves: &[Leaf],
        way: &BTreeMap<usize, String>,
        text: &str,
    ) -> Option<Changes> {
        let changed = way
            .iter()
            .filter(|(index, new)| leaves[**index].shown != **new);
        let changes: Changes = changed
            .map(|(index, new)| {
                let leaf = &leaves[*index];
                (leaf.way.clone(), like(&leaf.value, new))
            })
            .collect();
        (self.render(&changes).as_deref() == Some(text)).then_some(changes)
    }

    fn render(&self, changes: &Changes) -> Option<String> {
        let mut all = Value::Object(self.values.clone().into_iter().collect());
        for (way, new) in changes {
            *inside_value(&mut all, way)? = new.clone();
        }
        let Value::Object(all) = all else { return None };
        let all = all.into_iter().collect();
        self.template.render(&all, self.system).ok()
    }

    /// The values that show in the text as they are, each by itself.
    fn leaves_that_show(&self, before: &str) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        for (key, value) in self.values {
            collect(value, &mut vec![Step::Key(key.clone())], &mut leaves);
        }
        leaves.truncate(MOST_LEAVES);
        leaves.retain(|leaf| {
            let mark = mark(before, 0);
            let marked = Changes::from([(leaf.way.clone(), Value::from(mark.clone()))]);
            self.render(&marked).is_some_and(|text| {
                text.contains(&mark) && text.replace(&mark, &leaf.shown) == before
            })
        });
        leaves
    }

    /// Where the values show, when all are marked at once.
    fn pieces(&self, leaves: &[Leaf], before: &str) -> Option<Vec<Piece>> {
        let marks: Vec<String> = (0..leaves.len()).map(|index| mark(before, index)).collect();
        let marked: Changes = leaves
            .iter()
            .zip(&marks)
            .map(|(leaf, mark)| (leaf.way.clone(), Value::from(mark.clone())))
            .collect();
        let text = self.render(&marked)?;
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        loop {
            let next = marks
                .iter()
                .enumerate()
                .filter_map(|(index, mark)| Some((rest.find(mark.as_str())?, index)))
                .min();
            let Some((at, index)) = next else { break };
            pieces.push(Piece::Own(rest[..at].to_owned()));
            pieces.push(Piece::Value(index));
            rest = &rest[at + marks[index].len()..];
        }
        pieces.push(Piece::Own(rest.to_owned()));
        let shown = pieces.iter().map(|piece| match piece {
            Piece::Own(text) => text.as_str(),
            Piece::Value(index) => leaves[*index].shown.as_str(),
        });
        (shown.collect::<String>() == before).then_some(pieces)
    }
}

/// A scalar among the values.
#[derive(Debug, Clone)]
struct Leaf {
    way: Vec<Step>,
    value: Value,
    /// As it shows in a text.
    shown: String,
}

fn collect(value: &Value, way: &mut Vec<Step>, leaves: &mut Vec<Leaf>) {
    let mut leaf = |shown: String| {
        leaves.push(Leaf {
            way: way.clone(),
            value: value.clone(),
            shown,
        });
    };
    match value {
        Value::Null => {}
        Value::Bool(is) => leaf(is.to_string()),
        Value::Number(number) => leaf(number.to_string()),
        Value::String(text) => leaf(text.clone()),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                way.push(Step::Item(index));
                collect(item, way, leaves);
                way.pop();
            }
        }
        Value::Object(entries) => {
            for (key, item) in entries {
                way.push(Step::Key(key.clone()));
                collect(item, way, leaves);
                way.pop();
            }
        }
    }
}

/// A word that neither the text nor another mark holds.
fn mark(text: &str, index: usize) -> String {
    let mut mark = format!("\u{e000}{index}\u{e001}");
    while text.contains(&mark) {
        mark.insert(0, '\u{e000}');
    }
    mark
}

/// The text as a value of the same kind, where it would be written just so.
fn like(old: &Value, new: &str) -> Value {
    let as_written = || {
        let value: Value = serde_json::from_str(new).ok()?;
        let is_like = match old {
            Value::Number(_) => value.is_number(),
            Value::Bool(_) => value.is_boolean(),
            _ => false,
        };
        let written = value.to_string();
        (is_like && written == new).then_some(value)
    };
    as_written().unwrap_or_else(|| Value::from(new))
}

fn pairs(count: usize) -> Vec<Vec<usize>> {
    (0..count)
        .flat_map(|one| (one + 1..count).map(move |other| vec![one, other]))
        .collect()
}

/// The ways to cut a text into pieces, depth first.
struct Search<'a> {
    pieces: &'a [Piece],
    leaves: &'a [Leaf],
    free: &'a [usize],
    ways: Vec<BTreeMap<usize, String>>,
    steps: usize,
}

impl Search<'_> {
    fn go(&mut self, rest: &str, at: usize, chosen: &mut BTreeMap<usize, String>) {
        self.steps += 1;
        if self.ways.len() >= MOST_WAYS || self.steps > MOST_STEPS {
            return;
        }
        let Some(piece) = self.pieces.get(at) else {
            if rest.is_empty() && !self.ways.contains(chosen) {
                self.ways.push(chosen.clone());
            }
            return;
        };
        let fixed = match piece {
            Piece::Own(text) => Some(text.clone()),
            Piece::Value(index) if !self.free.contains(index) => {
                Some(self.leaves[*index].shown.clone())
            }
            Piece::Value(index) => chosen.get(index).cloned(),
        };
        if let Some(fixed) = fixed {
            if let Some(rest) = rest.strip_prefix(fixed.as_str()) {
                self.go(rest, at + 1, chosen);
            }
            return;
        }
        let Piece::Value(index) = *piece else { return };
        let next_own = match self.pieces.get(at + 1) {
            Some(Piece::Own(text)) => text.as_str(),
            _ => "",
        };
        let is_last = at + 2 >= self.pieces.len();
        // A value of one line that would become several is no longer the value, but the text around it.
        let longest = match rest.find('\n') {
            Some(line) if !self.leaves[index].shown.contains('\n') => line,
            _ => rest.len(),
        };
        let ends = rest
            .char_indices()
            .map(|(end, _)| end)
            .chain([rest.len()])
            .filter(|end| *end <= longest)
            .filter(|end| rest[*end..].starts_with(next_own))
            .filter(|end| !is_last || rest.len() - end == next_own.len());
        for end in ends.collect::<Vec<_>>() {
            chosen.insert(index, rest[..end].to_owned());
            self.go(&rest[end..], at + 1, chosen);
            chosen.remove(&index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Template;

    fn solve(template: &str, values: &[(&str, Value)], text: &str) -> Explained {
        let template = Template::of_text("t", template);
        let values = values
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect();
        let puzzle = Puzzle {
            template: &template,
            values: &values,
            system: &"x86_64-linux".parse().unwrap(),
        };
        puzzle.solve(text)
    }

    fn by(changes: &[(&str, Value)]) -> Explained {
        let changes = changes
            .iter()
            .map(|(key, value)| (vec![Step::Key((*key).to_owned())], value.clone()));
        Explained::By(changes.collect())
    }

    #[test]
    fn a_value_that_shows_is_found_with_its_kind() {
        let values = [("port", Value::from(80)), ("host", Value::from("a"))];
        let template = "http://{{ host }}:{{ port }}/\n";
        let solve = |text| solve(template, &values, text);
        assert_eq!(solve("http://a:80/\n"), by(&[]));
        assert_eq!(solve("http://a:8080/\n"), by(&[("port", 8080.into())]));
        assert_eq!(solve("http://b:80/\n"), by(&[("host", "b".into())]));
        assert_eq!(solve("http://a:08/\n"), by(&[("port", "08".into())]));
        let both = by(&[("host", "b".into()), ("port", 1.into())]);
        assert_eq!(solve("http://b:1/\n"), both);
        assert_eq!(solve("https://a:80/\n"), Explained::Not);
        assert_eq!(solve("http://a:80/\nmore/\n"), Explained::Not);
    }

    #[test]
    fn a_value_that_shows_twice_must_be_the_same_twice() {
        let values = [("name", Value::from("x"))];
        let solve = |text| solve("{{ name }} and {{ name }}", &values, text);
        assert_eq!(solve("y and y"), by(&[("name", "y".into())]));
        assert_eq!(solve("y and z"), Explained::Not);
    }

    #[test]
    fn what_could_be_either_is_told() {
        let values = [("a", Value::from("1")), ("b", Value::from("2"))];
        let solved = solve("{{ a }}{{ b }}", &values, "132");
        let keys = ["a", "b"].map(|key| vec![Step::Key(key.to_owned())]);
        assert_eq!(solved, Explained::Ambiguous(keys.into()));
    }

    #[test]
    fn values_that_decide_or_are_worked_with_are_left_alone() {
        let values = [
            ("on", Value::from(true)),
            ("port", Value::from(80)),
            ("name", Value::from("x")),
        ];
        let template = "{% if on %}{{ port + 1 }}{% endif %} {{ name }}";
        let solve = |text| solve(template, &values, text);
        assert_eq!(solve("81 y"), by(&[("name", "y".into())]));
        assert_eq!(solve("82 x"), Explained::Not);
    }

    #[test]
    fn values_in_lists_and_maps_are_found() {
        let list: Value = serde_json::json!([{"name": "a"}, {"name": "b"}]);
        let template = "{% for one in all %}[{{ one.name }}]{% endfor %}";
        let way = vec![
            Step::Key("all".to_owned()),
            Step::Item(1),
            Step::Key("name".to_owned()),
        ];
        let expected = Explained::By(Changes::from([(way, "c".into())]));
        assert_eq!(solve(template, &[("all", list)], "[a][c]"), expected);
    }
}
