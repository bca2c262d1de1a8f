//! Short names of well-known tools, and where each is published: the index that is part of dgmo, and those of a manifest.
//!
//! ```text
//! tools.yaml   ours        load   one of a manifest: fetched, proven, never an older one        error   why not
//! ```
//!
//! The first index that has a name wins; the manifest's come in its order, ours is the last. Each is read when a name
//! was not found before it. What an index says of a tool is kept in the lock, so that it is asked only for what is new.

mod error;
mod load;

pub use error::IndexError;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use dgmo_schema::generation::Timestamp;
use dgmo_schema::manifest::Index;
use dgmo_schema::manifest::IndexSource;
use dgmo_schema::manifest::Recipe;
use dgmo_schema::manifest::Tool;
use dgmo_schema::manifest::recipe_for;
use dgmo_schema::name::PackageName;
use dgmo_schema::nearest::nearest;
use dgmo_schema::system::System;

use super::Downloads;
use crate::manifest;

const TEXT: &str = include_str!("tools.yaml");

/// What ours is called where the others have an address.
const OURS: &str = "dgmo";

/// Ours, read when it is first needed.
fn ours() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        // A test reads it, so there is nothing wrong with it.
        manifest::read_index("tools.yaml", TEXT.as_bytes()).unwrap_or_default()
    })
}

/// A tool, and who knows it.
#[derive(Debug, Clone)]
pub struct Found<'i> {
    /// What people call it.
    pub name: &'i PackageName,
    /// What is known of it.
    pub tool: &'i Tool,
    /// The index that has it.
    pub index: String,
}

impl Found<'_> {
    /// Where it is published for `system`.
    pub fn recipe(&self, system: &System) -> Option<&Recipe> {
        recipe_for(&self.tool.recipes, system)
    }
}

/// All indexes that a manifest has.
#[derive(Debug)]
pub struct Indexes<'a> {
    sources: &'a [IndexSource],
    downloads: &'a Downloads<'a>,
    now: Timestamp,
    read: Vec<OnceLock<Index>>,
}

impl<'a> Indexes<'a> {
    /// Those of `sources`, and ours; none that has expired `now`.
    pub fn new(sources: &'a [IndexSource], downloads: &'a Downloads<'a>, now: Timestamp) -> Self {
        Self {
            sources,
            downloads,
            now,
            read: sources.iter().map(|_| OnceLock::new()).collect(),
        }
    }

    fn index(&self, at: usize) -> Result<(String, &Index), IndexError> {
        let Some(source) = self.sources.get(at) else {
            return Ok((OURS.to_owned(), ours()));
        };
        let index = if let Some(index) = self.read[at].get() {
            index
        } else {
            let index = load::load(source, self.downloads, self.now)?;
            self.read[at].get_or_init(|| index)
        };
        Ok((load::shown(source), index))
    }

    /// The tool that people mean by `name`.
    pub fn find(&self, name: &str) -> Result<Option<Found<'_>>, IndexError> {
        for at in 0..=self.sources.len() {
            let (shown, index) = self.index(at)?;
            let named = index.tools.get_key_value(name);
            let also = |(_, tool): &(&PackageName, &Tool)| {
                tool.names.iter().any(|other| other.as_str() == name)
            };
            if let Some((name, tool)) = named.or_else(|| index.tools.iter().find(also)) {
                return Ok(Some(Found {
                    name,
                    tool,
                    index: shown,
                }));
            }
        }
        Ok(None)
    }

    /// The same, or that nobody knows it.
    pub fn look_up(&self, name: &str) -> Result<Found<'_>, IndexError> {
        match self.find(name)? {
            Some(found) => Ok(found),
            None => Err(IndexError::Unknown {
                name: name.to_owned(),
                near: self.near(name)?,
            }),
        }
    }

    /// All tools by name; of one that several indexes have, the first index's.
    pub fn tools(&self) -> Result<Vec<Found<'_>>, IndexError> {
        let mut known = BTreeSet::new();
        let mut all = Vec::new();
        for at in 0..=self.sources.len() {
            let (shown, index) = self.index(at)?;
            for (name, tool) in &index.tools {
                if known.insert(name) {
                    all.push(Found {
                        name,
                        tool,
                        index: shown.clone(),
                    });
                }
            }
        }
        all.sort_by_key(|found| found.name);
        Ok(all)
    }

    /// A name that is nearly `name`.
    pub fn near(&self, name: &str) -> Result<Option<String>, IndexError> {
        let tools = self.tools()?;
        let near = nearest(name, tools.iter().map(|found| found.name.as_str()));
        Ok(near.map(str::to_owned))
    }

    /// The tools that have all of `words` in what they are called or what they are, the best first.
    pub fn search(&self, words: &[String]) -> Result<Vec<Found<'_>>, IndexError> {
        let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
        let tools = self.tools()?.into_iter();
        let mut found: Vec<(u32, Found<'_>)> = tools
            .filter_map(|tool| {
                let ranks: Option<Vec<u32>> = words.iter().map(|word| rank(&tool, word)).collect();
                Some((ranks?.into_iter().sum(), tool))
            })
            .collect();
        // Stable: tools of one rank stay in the order of their names.
        found.sort_by_key(|(rank, _)| *rank);
        Ok(found.into_iter().map(|(_, tool)| tool).collect())
    }
}

/// How well a word tells of a tool, 0 is best; nothing if it does not.
fn rank(found: &Found<'_>, word: &str) -> Option<u32> {
    let tool = found.tool;
    let names = || std::iter::once(found.name).chain(&tool.names);
    let shows = |recipe: &Recipe| {
        recipe
            .bin
            .iter()
            .any(|it| it.rsplit('/').next() == Some(word))
    };
    let about = tool.about.to_lowercase();
    let is_of = |recipe: &Recipe| {
        let offer = recipe.offer();
        offer.is_some_and(|it| it.name.to_lowercase().contains(word))
    };
    if names().any(|name| name.as_str() == word) || tool.recipes.iter().any(shows) {
        Some(0)
    } else if names().any(|name| name.as_str().starts_with(word)) {
        Some(1)
    } else if names().any(|name| name.as_str().contains(word)) {
        Some(2)
    } else if about
        .split(|c: char| !c.is_alphanumeric())
        .any(|it| it == word)
    {
        Some(3)
    } else if about.contains(word) || tool.recipes.iter().any(is_of) {
        Some(4)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_nothing_wrong_with_ours() {
        let index = manifest::read_index("tools.yaml", TEXT.as_bytes()).unwrap();
        assert!(index.tools.len() > 400, "{}", index.tools.len());
        let mut before = None;
        for line in TEXT
            .lines()
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        {
            let (name, _) = line.split_once(':').unwrap();
            let name = name.trim().trim_matches('"');
            assert!(before < Some(name), "{line}");
            assert!(line.len() <= 200, "{line}");
            before = Some(name);
        }
        for (name, tool) in &index.tools {
            assert!(
                !tool.about.is_empty() && !tool.about.ends_with('.'),
                "{name}"
            );
        }
    }
}
