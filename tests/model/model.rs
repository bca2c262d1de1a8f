//! What must be: generations, numbers, the pointer, and what the current generation puts in the target folder.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use proptest::prelude::*;

/// Where home files can be; none lies below another but in the folder `f`, which can be a file as well.
pub(crate) const PATHS: &[&str] = &["a", "b", "d/x", "d/y", "d/e/z", "f", "f/one"];

/// One home file of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shape {
    pub(crate) path: usize,
    pub(crate) content: usize,
    pub(crate) way: Way,
}

/// How it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    Link,
    Copy,
    FolderLink,
    FolderLinks,
    FolderCopy,
}

pub(crate) fn shape() -> impl Strategy<Value = Shape> {
    let way = prop_oneof![
        Just(Way::Link),
        Just(Way::Copy),
        Just(Way::FolderLink),
        Just(Way::FolderLinks),
        Just(Way::FolderCopy),
    ];
    (0..PATHS.len(), 0_usize..3, way).prop_map(|(path, content, way)| Shape { path, content, way })
}

/// A manifest's home files by path: what fits together of what was asked for.
pub(crate) type Files = BTreeMap<&'static str, Shape>;

pub(crate) fn files(shapes: &[Shape]) -> Files {
    let mut files = Files::new();
    for shape in shapes {
        let path = PATHS[shape.path];
        let clashes = files.keys().any(|other: &&str| {
            let (one, other) = (format!("{path}/"), format!("{other}/"));
            one.starts_with(&other) || other.starts_with(&one)
        });
        if !clashes {
            files.insert(path, shape.clone());
        }
    }
    files
}

impl Shape {
    pub(crate) fn line(&self) -> String {
        let Self { path, content, way } = self;
        let (what, way) = match way {
            Way::Link => (format!("text: \"text {content}\\n\""), "link"),
            Way::Copy => (format!("text: \"text {content}\\n\""), "copy"),
            Way::FolderLink => (format!("source: folders/{content}"), "link"),
            Way::FolderLinks => (format!("source: folders/{content}"), "links"),
            Way::FolderCopy => (format!("source: folders/{content}"), "copy"),
        };
        format!("  {}: {{{what}, as: {way}}}\n", PATHS[*path])
    }

    /// What can be read where.
    pub(crate) fn shows(&self) -> Vec<(String, String)> {
        let Self { path, content, way } = self;
        let path = PATHS[*path];
        match way {
            Way::Link | Way::Copy => vec![(path.to_owned(), format!("text {content}\n"))],
            _ => folder(*content)
                .into_iter()
                .map(|(name, text)| (format!("{path}/{name}"), text))
                .collect(),
        }
    }
}

/// What the folder number `content` holds.
pub(crate) fn folder(content: usize) -> Vec<(String, String)> {
    let mut files = vec![("one".to_owned(), format!("one of {content}\n"))];
    if content > 0 {
        files.push(("deep/two".to_owned(), "two\n".to_owned()));
    }
    if content > 1 {
        files.push(("deep/er/three".to_owned(), "three\n".to_owned()));
    }
    files
}

/// What must be.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) generations: BTreeMap<u64, Files>,
    pub(crate) current: u64,
    pub(crate) highest: u64,
    pub(crate) pinned: BTreeSet<u64>,
    pub(crate) labels: BTreeMap<u64, usize>,
    /// The moves of the pointer: to where, from where.
    moves: Vec<(u64, u64)>,
}

impl Model {
    pub(crate) fn new() -> Self {
        Self {
            generations: BTreeMap::from([(0, Files::new())]),
            ..Self::default()
        }
    }

    /// Whether switching to `files` is a new generation; then that is current.
    pub(crate) fn switch(&mut self, files: Files) {
        if self.current != 0 && self.generations[&self.current] == files {
            return;
        }
        self.highest += 1;
        self.generations.insert(self.highest, files);
        self.go(self.highest);
    }

    pub(crate) fn go(&mut self, to: u64) {
        if to != self.current {
            self.moves.push((to, self.current));
            self.current = to;
        }
    }

    pub(crate) fn any(&self, choice: usize) -> u64 {
        let numbers: Vec<u64> = self.generations.keys().copied().collect();
        numbers[choice % numbers.len()]
    }

    /// What a rule that keeps the `last` drops.
    pub(crate) fn prune(&mut self, last: usize) -> Vec<u64> {
        let mut kept = BTreeSet::from([0, self.current]);
        kept.extend(self.before());
        kept.extend(self.generations.keys().rev().take(last));
        kept.extend(&self.pinned);
        kept.extend(self.labels.keys());
        let dropped: Vec<u64> = self
            .generations
            .keys()
            .copied()
            .filter(|number| !kept.contains(number))
            .collect();
        for number in &dropped {
            self.generations.remove(number);
        }
        dropped
    }

    fn before(&self) -> Option<u64> {
        let moved = self.moves.iter().rev().find(|(to, _)| *to == self.current);
        let from = moved
            .map(|(_, from)| *from)
            .filter(|from| self.generations.contains_key(from));
        from.or_else(|| {
            self.generations
                .range(..self.current)
                .next_back()
                .map(|(number, _)| *number)
        })
    }
}
