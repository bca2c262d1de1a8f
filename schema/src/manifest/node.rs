//! A document as a tree with positions: what a parser hands over, whichever parser it is.

use super::text::Span;

/// One node of a document. Aliases and merge keys are already resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it was written; where an alias stands for it, where the alias is.
    pub span: Span,
    /// What it holds.
    pub value: NodeValue,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeValue {
    /// One word or text.
    Scalar {
        /// The text without quotes, escapes resolved.
        text: String,
        /// Written without quotes and not as a block: it may stand for a number, a truth value or nothing.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file. The keys differ.
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Where it was written.
    pub span: Span,
    /// The text without quotes.
    pub text: String,
}

impl Node {
    /// Whether it says "nothing": left out, `~` or `null`.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, NodeValue::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// What it is, with its article, for a message.
    pub fn describe(&self) -> String {
        match &self.value {
            _ if self.is_null() => "nothing".to_owned(),
            NodeValue::Scalar { text, .. } if text.chars().count() <= 40 => format!("`{text}`"),
            NodeValue::Scalar { .. } => "a text".to_owned(),
            NodeValue::List(_) => "a list".to_owned(),
            NodeValue::Map(_) => "a map".to_owned(),
        }
    }
}
