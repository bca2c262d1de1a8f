//! YAML text in, a tree with positions out: the only place that knows the YAML parser.
//!
//! The tree is built from the parser's events and not through its serde side, which stops at the first mistake and
//! drops what was written (`1.10` for a number). Limits are checked while events arrive, so a hostile text is given
//! up on before it has cost anything.

use std::collections::HashMap;
use std::collections::HashSet;

use dgmo_schema::code::Code;
use dgmo_schema::manifest::Key;
use dgmo_schema::manifest::Node;
use dgmo_schema::manifest::NodeValue;
use dgmo_schema::manifest::Problem;
use dgmo_schema::manifest::SourceText;
use dgmo_schema::manifest::Span;
use serde_yaml::granit_parser;
use serde_yaml::granit_parser::Event;
use serde_yaml::granit_parser::Parser;
use serde_yaml::granit_parser::ScalarStyle;
use serde_yaml::granit_parser::Tag;

/// The longest text, in bytes.
pub(super) const MOST_BYTES: usize = 1 << 20;
/// How many values there may be after aliases stand for what they name.
const MOST_NODES: usize = 20_000;
/// How deep lists and maps may lie in one another.
const MOST_LEVELS: usize = 32;
const MOST_ANCHORS: usize = 256;
const MOST_ALIASES: usize = 1_000;

/// Parses a text that shall be one document. A key that is there twice is a problem, and the first of them counts.
pub(super) fn parse(source: &SourceText) -> Result<Node, Vec<Problem>> {
    let mut builder = Builder::new(source);
    if source.text().len() > MOST_BYTES {
        return Err(vec![
            builder.too_large(Span::default(), "is larger than 1 MiB"),
        ]);
    }
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MOST_LEVELS + 1,
        block_nesting_limit: MOST_LEVELS + 1,
    };
    for event in Parser::new_from_str_with_options(source.text(), options) {
        let taken = match event {
            Ok((event, span)) => builder.take(event, span_of(&span)),
            Err(error) => Err(builder.syntax(&error)),
        };
        if let Err(problem) = taken {
            builder.problems.push(problem);
            return Err(builder.problems);
        }
    }
    builder.finish()
}

/// A list or map whose end has not come yet.
struct Open {
    span: Span,
    anchor: usize,
    content: OpenContent,
    /// Values in it, itself included, once aliases stand for what they name.
    weight: usize,
}

enum OpenContent {
    List(Vec<Node>),
    Map {
        entries: Vec<(Key, Node)>,
        names: HashSet<String>,
        merges: Vec<Node>,
        key: Option<PendingKey>,
    },
}

/// A key whose value has not come yet.
enum PendingKey {
    Key(Key),
    Merge,
    /// Was there before: its value is read and dropped.
    Twice,
}

struct Builder<'a> {
    source: &'a SourceText,
    problems: Vec<Problem>,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    aliases: usize,
    nodes: usize,
    documents: usize,
    root: Option<Node>,
}

impl<'a> Builder<'a> {
    fn new(source: &'a SourceText) -> Self {
        Self {
            source,
            problems: Vec::new(),
            open: Vec::new(),
            anchors: HashMap::new(),
            aliases: 0,
            nodes: 0,
            documents: 0,
            root: None,
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        match event {
            Event::DocumentStart(..) => self.start_document(span),
            Event::Scalar(text, style, anchor, tag) => {
                self.check_tag(tag.as_deref(), span, "str")?;
                let value = NodeValue::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain && tag.is_none(),
                };
                self.place(Node { span, value }, 1, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), span, "seq")?;
                self.start(OpenContent::List(Vec::new()), span, anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), span, "map")?;
                let map = OpenContent::Map {
                    entries: Vec::new(),
                    names: HashSet::new(),
                    merges: Vec::new(),
                    key: None,
                };
                self.start(map, span, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            _ => Ok(()),
        }
    }

    fn start_document(&mut self, span: Span) -> Result<(), Problem> {
        self.documents += 1;
        if self.documents > 1 {
            let message = "the file holds a second document";
            return Err(self
                .problem(Code::ManifestSyntax, span, message)
                .with_hint("remove the line `---`, or make two files and `include` one"));
        }
        Ok(())
    }

    fn check_tag(&mut self, tag: Option<&Tag>, span: Span, expected: &str) -> Result<(), Problem> {
        let Some(tag) = tag else { return Ok(()) };
        if tag.is_yaml_core_schema_tag(expected) {
            return Ok(());
        }
        let message = format!("the tag `{}` means nothing here", tag.original());
        Err(self
            .problem(Code::ManifestSyntax, span, message)
            .with_hint("remove the tag"))
    }

    fn start(&mut self, content: OpenContent, span: Span, anchor: usize) -> Result<(), Problem> {
        if self.open.len() >= MOST_LEVELS {
            return Err(self.too_large(span, "is deeper than 32 levels"));
        }
        self.count(1, span)?;
        self.open.push(Open {
            span,
            anchor,
            content,
            weight: 1,
        });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Problem> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let span = Span {
            start: open.span.start,
            end: end.end,
        };
        let (value, weight) = match open.content {
            OpenContent::List(items) => (NodeValue::List(items), open.weight),
            OpenContent::Map {
                mut entries,
                mut names,
                merges,
                ..
            } => {
                for from in merges {
                    self.merge(&mut entries, &mut names, from)?;
                }
                (NodeValue::Map(entries), open.weight)
            }
        };
        self.attach(Node { span, value }, weight, open.anchor)
    }

    /// Adds what a merge key (`<<`) brings and the map does not say itself.
    fn merge(
        &mut self,
        entries: &mut Vec<(Key, Node)>,
        names: &mut HashSet<String>,
        from: Node,
    ) -> Result<(), Problem> {
        match from.value {
            NodeValue::Map(more) => {
                for (key, node) in more {
                    if names.insert(key.text.clone()) {
                        entries.push((key, node));
                    }
                }
                Ok(())
            }
            NodeValue::List(items)
                if items
                    .iter()
                    .all(|item| matches!(item.value, NodeValue::Map(_))) =>
            {
                items
                    .into_iter()
                    .try_for_each(|item| self.merge(entries, names, item))
            }
            _ => {
                let message = "`<<` merges maps, and this is none";
                Err(self.problem(Code::ManifestSyntax, from.span, message))
            }
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Problem> {
        self.aliases += 1;
        if self.aliases > MOST_ALIASES {
            return Err(self.too_large(span, "has more than 1,000 aliases"));
        }
        let Some((node, weight)) = self.anchors.get(&anchor) else {
            let message = "the alias stands inside what it names";
            return Err(self.problem(Code::ManifestSyntax, span, message));
        };
        let weight = *weight;
        if self.nodes + weight > MOST_NODES {
            return Err(self.too_large(
                span,
                "has more than 20,000 values once its aliases are followed",
            ));
        }
        let mut node = node.clone();
        node.span = span;
        self.place(node, weight, 0)
    }

    /// Counts a finished scalar or alias, then puts it where it belongs.
    fn place(&mut self, node: Node, weight: usize, anchor: usize) -> Result<(), Problem> {
        self.count(weight, node.span)?;
        self.attach(node, weight, anchor)
    }

    fn count(&mut self, weight: usize, span: Span) -> Result<(), Problem> {
        self.nodes += weight;
        if self.nodes > MOST_NODES {
            return Err(self.too_large(span, "has more than 20,000 values"));
        }
        Ok(())
    }

    fn attach(&mut self, node: Node, weight: usize, anchor: usize) -> Result<(), Problem> {
        if anchor != 0 {
            if self.anchors.len() >= MOST_ANCHORS {
                return Err(self.too_large(node.span, "has more than 256 anchors"));
            }
            self.anchors.insert(anchor, (node.clone(), weight));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.weight += weight;
        match &mut open.content {
            OpenContent::List(items) => items.push(node),
            OpenContent::Map {
                entries,
                merges,
                key,
                ..
            } => match key.take() {
                Some(PendingKey::Key(key)) => entries.push((key, node)),
                Some(PendingKey::Merge) => merges.push(node),
                Some(PendingKey::Twice) => {}
                None => return self.take_key(node),
            },
        }
        Ok(())
    }

    fn take_key(&mut self, node: Node) -> Result<(), Problem> {
        let NodeValue::Scalar { text, plain } = node.value else {
            let message = "a key must be one word, not a list or a map";
            return Err(self
                .problem(Code::ManifestSyntax, node.span, message)
                .with_hint("put it in quotes if it begins with `{` or `[`"));
        };
        let Some(Open {
            content: OpenContent::Map { names, key, .. },
            ..
        }) = self.open.last_mut()
        else {
            return Ok(());
        };
        if plain && text == "<<" {
            *key = Some(PendingKey::Merge);
            return Ok(());
        }
        if names.insert(text.clone()) {
            let span = node.span;
            *key = Some(PendingKey::Key(Key { span, text }));
            return Ok(());
        }
        *key = Some(PendingKey::Twice);
        self.note_twice(&text, node.span);
        Ok(())
    }

    fn note_twice(&mut self, text: &str, span: Span) {
        if self.problems.len() >= 100 {
            return;
        }
        let problem = self
            .problem(
                Code::ManifestDuplicateKey,
                span,
                format!("the key `{text}` is there twice"),
            )
            .with_hint("remove one of the two");
        let first = self.open.last().and_then(|open| match &open.content {
            OpenContent::Map { entries, .. } => entries.iter().find(|(key, _)| key.text == text),
            OpenContent::List(_) => None,
        });
        self.problems.push(match first {
            Some((key, _)) => problem.with_other(self.source.place(key.span)),
            None => problem,
        });
    }

    fn finish(self) -> Result<Node, Vec<Problem>> {
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        let nothing = Node {
            span: Span::default(),
            value: NodeValue::Scalar {
                text: String::new(),
                plain: true,
            },
        };
        Ok(self.root.unwrap_or(nothing))
    }

    fn problem(&self, code: Code, span: Span, message: impl Into<String>) -> Problem {
        Problem::new(code, message, self.source.place(span))
    }

    fn too_large(&self, span: Span, what: &str) -> Problem {
        too_large(self.source, span, what)
    }

    fn syntax(&self, error: &granit_parser::ScanError) -> Problem {
        use granit_parser::ErrorKind;
        let start = error.marker().byte_offset().unwrap_or_default();
        let span = Span {
            start,
            end: start + 1,
        };
        let problem = match error.kind() {
            ErrorKind::RecursionLimitExceeded => {
                return self.too_large(span, "is deeper than 32 levels");
            }
            _ => self.problem(Code::ManifestSyntax, span, error.info()),
        };
        match error.kind() {
            ErrorKind::TabInBlockIndentation => problem.with_hint("use spaces in place of tabs"),
            ErrorKind::UnknownAnchor => {
                problem.with_hint("put a text that begins with `*` in quotes")
            }
            _ => problem,
        }
    }
}

/// The problem of a file that no manifest needs to be like.
pub(super) fn too_large(source: &SourceText, span: Span, what: &str) -> Problem {
    let message = format!("the file {what}");
    Problem::new(Code::ManifestTooLarge, message, source.place(span))
        .with_hint("move parts of it to files of their own, and name them under `include:`")
}

fn span_of(span: &granit_parser::Span) -> Span {
    let range = span.byte_range().unwrap_or_default();
    Span {
        start: range.start,
        end: range.end,
    }
}
