//! Changes of what a home file of a manifest says: its `text:`, or some of its `values:`.
//!
//! Only the scalar itself is written anew. It keeps its style where that can say the new text, and the last resort is a
//! text in double quotes, which can say all. Whatever was written is read again, and counts only if the manifest then
//! says what it shall, and all else as before.

use std::path::Path;
use std::sync::Arc;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::manifest::FileContent;
use dgmo_schema::manifest::Manifest;
use dgmo_schema::manifest::Node;
use dgmo_schema::manifest::NodeValue;
use dgmo_schema::manifest::Problem;
use dgmo_schema::manifest::SourceText;
use dgmo_schema::manifest::Span;
use dgmo_schema::manifest::read_part;
use dgmo_schema::name::TargetPath;
use serde_json::Value;

use super::layout;
use super::scalar;
use super::yaml;

/// Why what a home file says was not changed.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    #[error("the manifest must be right before it can be changed: {}", problems[0])]
    Invalid { problems: Vec<Problem> },
    #[error("cannot change `{path}` without touching other parts of the manifest")]
    Refused {
        path: TargetPath,
        /// What a person can write.
        lines: String,
    },
}

impl Diagnose for RewriteError {
    fn code(&self) -> Code {
        match self {
            Self::Invalid { problems } => problems[0].code,
            Self::Refused { .. } => Code::EditRefused,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Invalid { .. } => None,
            Self::Refused { lines, .. } => Some(Hint::Do(format!("write by hand:\n{lines}"))),
        }
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Invalid { problems } => problems.first().map(|first| first as &dyn Diagnose),
            Self::Refused { .. } => None,
        }
    }
}

/// A step on the way into a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The entry of a map.
    Key(String),
    /// The item of a list.
    Item(usize),
}

/// The text with another `text:` for the file `path`.
pub fn set_text(text: &str, path: &TargetPath, new: &str) -> Result<String, RewriteError> {
    let before = Meaning::of(text)?;
    let lines = || format!("text: {}", scalar::in_double_quotes(new));
    let refused = || RewriteError::Refused {
        path: path.clone(),
        lines: lines(),
    };
    let mut wanted = before.manifest.clone();
    match wanted.files.get_mut(path).map(|entry| &mut entry.content) {
        Some(FileContent::Text(old)) if old == new => return Ok(text.to_owned()),
        Some(content @ FileContent::Text(_)) => *content = FileContent::Text(new.to_owned()),
        _ => return Err(refused()),
    }
    let place = entry_of(&before.root, path, "text").ok_or_else(refused)?;
    first_that_fits(text, place, &Value::from(new), |candidate| {
        before.becomes(&wanted, candidate)
    })
    .ok_or_else(refused)
}

/// The text with other scalars in the `values:` of the file `path`.
pub fn set_values(
    text: &str,
    path: &TargetPath,
    changes: &[(Vec<Step>, Value)],
) -> Result<String, RewriteError> {
    let mut text = text.to_owned();
    for (way, new) in changes {
        text = set_value(&text, path, way, new)?;
    }
    Ok(text)
}

fn set_value(
    text: &str,
    path: &TargetPath,
    way: &[Step],
    new: &Value,
) -> Result<String, RewriteError> {
    let before = Meaning::of(text)?;
    let refused = || RewriteError::Refused {
        path: path.clone(),
        lines: format!("{}: {new}", words(way)),
    };
    let mut wanted = before.manifest.clone();
    let content = wanted.files.get_mut(path).map(|entry| &mut entry.content);
    let Some(FileContent::Template { values, .. }) = content else {
        return Err(refused());
    };
    let mut all = Value::Object(std::mem::take(values).into_iter().collect());
    *inside_value(&mut all, way).ok_or_else(refused)? = new.clone();
    let Value::Object(all) = all else {
        return Err(refused());
    };
    *values = all.into_iter().collect();
    let place = entry_of(&before.root, path, "values")
        .and_then(|values| inside(values, way))
        .ok_or_else(refused)?;
    first_that_fits(text, place, new, |candidate| {
        before.becomes(&wanted, candidate)
    })
    .ok_or_else(refused)
}

/// A way into values, as people write it.
pub fn words(way: &[Step]) -> String {
    let steps = way.iter().map(|step| match step {
        Step::Key(key) => key.clone(),
        Step::Item(index) => index.to_string(),
    });
    steps.collect::<Vec<_>>().join(".")
}

/// What stands at `way` in `value`.
pub fn inside_value<'a>(value: &'a mut Value, way: &[Step]) -> Option<&'a mut Value> {
    way.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.as_object_mut()?.get_mut(key),
        Step::Item(index) => value.as_array_mut()?.get_mut(*index),
    })
}

/// A node, and where the key it stands at ends.
#[derive(Clone, Copy)]
struct Place<'a> {
    node: &'a Node,
    key_end: usize,
}

fn entry_of<'a>(root: &'a Node, path: &TargetPath, key: &str) -> Option<Place<'a>> {
    let (_, files) = layout::entry(root, "files")?;
    let (_, entry) = layout::entry(files, path.as_str())?;
    at_key(entry, key)
}

fn at_key<'a>(map: &'a Node, key: &str) -> Option<Place<'a>> {
    let (key, node) = layout::entry(map, key)?;
    let key_end = key.span.end;
    Some(Place { node, key_end })
}

fn inside<'a>(place: Place<'a>, way: &[Step]) -> Option<Place<'a>> {
    way.iter().try_fold(place, |place, step| match step {
        Step::Key(key) => at_key(place.node, key),
        Step::Item(index) => match &place.node.value {
            NodeValue::List(items) => {
                let node = items.get(*index)?;
                let key_end = node.span.start;
                Some(Place { node, key_end })
            }
            _ => None,
        },
    })
}

/// The first way to write `new` in the place of `node` that says what it shall.
fn first_that_fits(
    text: &str,
    Place { node, key_end }: Place<'_>,
    new: &Value,
    fits: impl Fn(&str) -> bool,
) -> Option<String> {
    let NodeValue::Scalar { .. } = node.value else {
        return None;
    };
    let Span { start, end } = node.span;
    // An alias stands for what was written elsewhere, for others too.
    if text.get(start..end)?.starts_with('*') {
        return None;
    }
    let span = scalar::with_header(text, key_end, node.span);
    scalar::ways(text, span, new)
        .into_iter()
        .find(|candidate| fits(candidate))
}

/// What a text says, apart from how it says it.
struct Meaning {
    root: Node,
    manifest: Manifest,
    include: Vec<String>,
}

impl Meaning {
    fn of(text: &str) -> Result<Self, RewriteError> {
        let invalid = |problems| RewriteError::Invalid { problems };
        let source = Arc::new(SourceText::new("dgmo.yaml", text));
        let root = yaml::parse(&source).map_err(invalid)?;
        let (part, problems) = read_part(source, &root, Path::new(""));
        if !problems.is_empty() {
            return Err(invalid(problems));
        }
        let include = part.include().iter().map(|file| file.value.clone());
        let include = include.collect();
        let (manifest, _) = part.finish().map_err(invalid)?;
        Ok(Self {
            root,
            manifest,
            include,
        })
    }

    fn becomes(&self, wanted: &Manifest, candidate: &str) -> bool {
        Self::of(candidate)
            .is_ok_and(|after| after.manifest == *wanted && after.include == self.include)
    }
}
