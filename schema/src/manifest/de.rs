//! Fills serde types from a [`Node`] tree and goes on after mistakes, so that all of them can be told at once.
//!
//! A [`Field`](super::field::Field) is where a mistake stops: what is wrong inside it is noted with its place, the field stays empty, and
//! its neighbours are read as if nothing had happened. A key no field has is noted the same way.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde::de::EnumAccess;
use serde::de::IntoDeserializer;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::VariantAccess;
use serde::de::Visitor;
use serde::de::value::StrDeserializer;
use serde::de::value::U64Deserializer;

use super::field::FIELD;
use super::node::Key;
use super::node::Node;
use super::node::NodeValue;
use super::reading::Reading;
use super::text::Span;
use super::words;
use crate::code::Code;

impl Reading {
    /// Fills a type from a node; nothing if the node is not of its shape at all, which is noted.
    pub(super) fn fill<T: for<'de> Deserialize<'de>>(&self, node: &Node, what: &str) -> Option<T> {
        let reader = Reader {
            node,
            what,
            reading: self,
        };
        T::deserialize(reader)
            .map_err(|refused| self.note_refused(refused, node.span))
            .ok()
    }

    fn note_refused(&self, refused: Refused, fallback: Span) {
        let span = refused.span.unwrap_or(fallback);
        self.note_with_hint(span, Code::ManifestValue, refused.message, refused.hint);
    }
}

/// The name of the variants of an enum that is one thing written short and another written out.
///
/// An enum with the variants `scalar` and `map` (or `scalar` and `list`) is chosen by the shape of the node.
const SHAPES: [&str; 3] = ["scalar", "list", "map"];

/// Why a node does not fit.
#[derive(Debug)]
struct Refused {
    message: String,
    hint: Option<String>,
    span: Option<Span>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refused {}

impl serde::de::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            message: message.to_string(),
            hint: None,
            span: None,
        }
    }
}

/// One node, being read.
#[derive(Clone, Copy)]
struct Reader<'a> {
    node: &'a Node,
    /// What the node is, for messages: the key it stands at.
    what: &'a str,
    reading: &'a Reading,
}

impl Reader<'_> {
    fn refuse(&self, expected: &str) -> Refused {
        let found = self.node.describe();
        Refused {
            message: format!("{} must be {expected}, not {found}", self.what),
            hint: None,
            span: Some(self.node.span),
        }
    }

    /// A line where a list is wanted is what people try first: they are shown the list.
    fn refuse_shape(&self, variants: &[&str]) -> Refused {
        let refused = self.refuse(words::SHAPE_NAMES);
        match &self.node.value {
            NodeValue::Scalar { text, .. } if variants.contains(&"list") && !text.is_empty() => {
                let words: Vec<&str> = text.split_whitespace().collect();
                Refused {
                    hint: Some(format!("write a list: `[{}]`", words.join(", "))),
                    ..refused
                }
            }
            _ => refused,
        }
    }

    fn scalar(&self, expected: &str) -> Result<&str, Refused> {
        match &self.node.value {
            NodeValue::Scalar { text, .. } if !self.node.is_null() => Ok(text),
            _ => Err(self.refuse(expected)),
        }
    }

    fn whole_number(&self) -> Result<i64, Refused> {
        let expected = "a whole number";
        self.scalar(expected)?
            .parse()
            .map_err(|_| self.refuse(expected))
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match &self.node.value {
            _ if self.node.is_null() => visitor.visit_unit(),
            NodeValue::Scalar { text, plain: true } => visit_plain(text, visitor),
            NodeValue::Scalar { text, plain: false } => visitor.visit_str(text),
            NodeValue::List(_) => self.deserialize_seq(visitor),
            NodeValue::Map(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.scalar("`true` or `false`")? {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(self.refuse("`true` or `false`")),
        }
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match i32::try_from(self.whole_number()?) {
            Ok(number) => visitor.visit_i32(number),
            Err(_) => Err(self.refuse("a whole number that is not so large")),
        }
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match u32::try_from(self.whole_number()?) {
            Ok(number) => visitor.visit_u32(number),
            Err(_) => Err(self.refuse("a whole number from 0 to 4294967295")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_str(self.scalar("a text")?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        if self.node.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        if name == FIELD {
            visitor.visit_seq(FieldParts {
                reader: self,
                part: 0,
            })
        } else {
            visitor.visit_newtype_struct(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match &self.node.value {
            NodeValue::List(items) => {
                let what = format!("an entry of {}", self.what);
                let mut rest = items.iter();
                visitor.visit_seq(Items {
                    rest: &mut rest,
                    what: &what,
                    reading: self.reading,
                })
            }
            NodeValue::Scalar { text, .. } if !self.node.is_null() => Err(Refused {
                hint: Some(format!("write `[{text}]`")),
                ..self.refuse("a list")
            }),
            _ => Err(self.refuse("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match &self.node.value {
            NodeValue::Map(entries) => visitor.visit_map(MapEntries {
                entries: entries.iter().collect(),
                next: 0,
                reading: self.reading,
            }),
            _ => Err(self.refuse("a map")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let NodeValue::Map(entries) = &self.node.value else {
            return Err(self.refuse("a map"));
        };
        let known = |key: &str| fields.contains(&key);
        for (key, _) in entries.iter().filter(|(key, _)| !known(&key.text)) {
            self.reading.note_unknown_key(name, fields, key);
        }
        visitor.visit_map(MapEntries {
            entries: entries.iter().filter(|(key, _)| known(&key.text)).collect(),
            next: 0,
            reading: self.reading,
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        if variants.iter().all(|variant| SHAPES.contains(variant)) {
            let shape = match &self.node.value {
                NodeValue::Scalar { .. } => "scalar",
                NodeValue::List(_) => "list",
                NodeValue::Map(_) => "map",
            };
            if self.node.is_null() || !variants.contains(&shape) {
                return Err(self.refuse_shape(variants));
            }
            return visitor.visit_enum(Shape {
                shape,
                reader: self,
            });
        }
        let word = self.scalar("one word")?;
        match variants.iter().find(|variant| **variant == word) {
            Some(variant) => visitor.visit_enum(StrDeserializer::new(variant)),
            None => Err(Refused {
                hint: Some(words::one_of(word, variants)),
                ..self.refuse("another word")
            }),
        }
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i64 i128 u8 u16 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct ignored_any
    }
}

/// Gives a plain scalar as what YAML's core rules make of it, where nothing of its text is lost by that.
///
/// `8080` is a number; `1.10` and `0600` would not be printed back as they are written, so they stay texts.
fn visit_plain<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, Refused> {
    match text {
        "true" => return visitor.visit_bool(true),
        "false" => return visitor.visit_bool(false),
        _ => {}
    }
    if let Some(number) = text.parse::<i64>().ok().filter(|n| n.to_string() == text) {
        return visitor.visit_i64(number);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number.to_string() == text => visitor.visit_f64(number),
        _ => visitor.visit_str(text),
    }
}

/// The three parts a [`Field`](super::field::Field) asks for: start, end and value.
struct FieldParts<'a> {
    reader: Reader<'a>,
    part: u8,
}

impl<'de> SeqAccess<'de> for FieldParts<'_> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refused> {
        let span = self.reader.node.span;
        let number = |at: usize| -> U64Deserializer<Refused> { (at as u64).into_deserializer() };
        self.part += 1;
        match self.part {
            1 => seed.deserialize(number(span.start)).map(Some),
            2 => seed.deserialize(number(span.end)).map(Some),
            _ => match seed.deserialize(self.reader) {
                Ok(value) => Ok(Some(value)),
                Err(refused) => {
                    self.reader.reading.note_refused(refused, span);
                    Ok(None)
                }
            },
        }
    }
}

struct Items<'a> {
    rest: &'a mut std::slice::Iter<'a, Node>,
    what: &'a str,
    reading: &'a Reading,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refused> {
        let Some(node) = self.rest.next() else {
            return Ok(None);
        };
        let reader = Reader {
            node,
            what: self.what,
            reading: self.reading,
        };
        seed.deserialize(reader).map(Some)
    }
}

struct MapEntries<'a> {
    entries: Vec<&'a (Key, Node)>,
    next: usize,
    reading: &'a Reading,
}

impl<'de> MapAccess<'de> for MapEntries<'_> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refused> {
        let Some((key, _)) = self.entries.get(self.next) else {
            return Ok(None);
        };
        let node = Node {
            span: key.span,
            value: NodeValue::Scalar {
                text: key.text.clone(),
                plain: false,
            },
        };
        let reader = Reader {
            node: &node,
            what: "a key",
            reading: self.reading,
        };
        seed.deserialize(reader).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        let (key, node) = self.entries[self.next];
        self.next += 1;
        let what = format!("`{}`", words::shorten(&key.text));
        seed.deserialize(Reader {
            node,
            what: &what,
            reading: self.reading,
        })
    }
}

/// A variant chosen by the shape of its node, and the same node as its content.
struct Shape<'a> {
    shape: &'static str,
    reader: Reader<'a>,
}

impl<'de, 'a> EnumAccess<'de> for Shape<'a> {
    type Error = Refused;
    type Variant = Reader<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Reader<'a>), Refused> {
        let name: StrDeserializer<'_, Refused> = self.shape.into_deserializer();
        Ok((seed.deserialize(name)?, self.reader))
    }
}

impl<'de> VariantAccess<'de> for Reader<'_> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refused> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_map(visitor)
    }
}
