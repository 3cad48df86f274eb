//! From a tree to a Rust type, with every structural mistake found in one go.

use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, Deserialize, DeserializeSeed, IntoDeserializer, Unexpected, Visitor};
use sut::nearest;

use super::codes::Code;
use super::diagnostic::{Finding, Span};
use super::suggest::did_you_mean;
use super::tree::{Member, Segment, Tree, Value};

/// At most this many mistakes are reported at once.
const MOST: usize = 20;

/// Reads a `T`. After a mistake the wrong part is removed and reading continues, so that one call finds
/// many mistakes. A field that is missing only because it was removed is not a mistake.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(tree: &Tree) -> Result<T, Vec<Finding>> {
    let mut tree = tree.clone();
    let mut findings = Vec::new();
    let mut removed: Vec<(Span, String)> = Vec::new();
    // Each round removes a value. The bound limits the rounds for a file with many mistakes.
    for _ in 0..4 * MOST {
        let (path, wrong) = match T::deserialize(&tree) {
            Ok(value) if findings.is_empty() => return Ok(value),
            Ok(_) => break,
            Err(mistake) => mistake.into_parts(),
        };
        let at = tree.at(&path);
        let ours = matches!(&wrong, Wrong::Missing(field)
            if removed.iter().any(|(span, key)| *span == at.span && key == field));
        if !ours {
            findings.push(wrong.finding(&tree, &path));
        }
        if path.is_empty() || findings.len() == MOST {
            break;
        }
        remove(&mut tree, &path, &mut removed);
    }
    assert!(
        !findings.is_empty(),
        "only a mistake stops a file from being read"
    );
    Err(findings)
}

fn remove(tree: &mut Tree, path: &[Segment], removed: &mut Vec<(Span, String)>) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    let span = tree.span;
    match (first, &mut tree.value) {
        (Segment::Index(index), Value::List(items)) if rest.is_empty() => {
            items.remove(*index);
        }
        (Segment::Index(index), Value::List(items)) => remove(&mut items[*index], rest, removed),
        (Segment::Key(key), Value::Object(members)) if rest.is_empty() => {
            members.retain(|member| member.key != *key);
            removed.push((span, key.clone()));
        }
        (Segment::Key(key), Value::Object(members)) => {
            if let Some(member) = members.iter_mut().find(|member| member.key == *key) {
                remove(&mut member.value, rest, removed);
            }
        }
        _ => unreachable!("the path was followed before"),
    }
}

/// A mistake and where it is. Boxed: it travels up through every type that is read.
#[derive(Debug)]
pub(crate) struct Mistake(Box<Placed>);

#[derive(Debug)]
struct Placed {
    wrong: Wrong,
    /// From the mistake up to the root: each object and list on the way adds its part.
    way_up: Vec<Segment>,
}

impl Mistake {
    /// The same mistake, seen from the object or list that contains it.
    fn under(mut self, segment: Segment) -> Self {
        self.0.way_up.push(segment);
        self
    }

    fn at_key(self, member: &Member) -> Self {
        self.under(Segment::Key(member.key.clone()))
    }

    /// The path from the root, and the mistake there.
    fn into_parts(self) -> (Vec<Segment>, Wrong) {
        let Placed { wrong, mut way_up } = *self.0;
        way_up.reverse();
        (way_up, wrong)
    }
}

impl From<Wrong> for Mistake {
    fn from(wrong: Wrong) -> Self {
        let way_up = Vec::new();
        Self(Box::new(Placed { wrong, way_up }))
    }
}

/// Why a tree is not a `T`.
#[derive(Debug)]
enum Wrong {
    Unknown {
        field: String,
        known: &'static [&'static str],
    },
    Missing(&'static str),
    Word {
        word: String,
        known: &'static [&'static str],
    },
    Kind {
        expected: String,
    },
    Bounds {
        expected: String,
    },
    /// A [`UnitError`](super::units::UnitError) as text, or any other sentence.
    Other(String),
}

impl Wrong {
    fn of_kind(expected: &str) -> Mistake {
        let expected = expected.to_owned();
        Self::Kind { expected }.into()
    }

    fn finding(self, tree: &Tree, path: &[Segment]) -> Finding {
        let at = tree.at(path);
        let finding = match self {
            Self::Unknown { field, known } => {
                let key_span = match path.split_last() {
                    Some((Segment::Key(key), above)) => {
                        let members = tree.at(above).members();
                        members.iter().find(|m| m.key == *key).map(|m| m.key_span)
                    }
                    _ => None,
                };
                let message = format!("there is no field \"{}\" here", short(&field));
                Finding::new(Code::SC007, key_span.unwrap_or(at.mark()), message)
                    .maybe_help(did_you_mean(&field, known.iter().copied()))
            }
            Self::Missing(field) => Finding::new(
                Code::SC008,
                at.mark(),
                format!("the field \"{field}\" is missing"),
            ),
            Self::Word { word, known } => {
                let message = format!("\"{}\" is not a word known here", short(&word));
                Finding::new(Code::SC012, at.mark(), message).help(word_help(&word, known))
            }
            Self::Kind { expected } => {
                let message = format!("expected {expected}, found {}", at.describe());
                Finding::new(Code::SC009, at.mark(), message)
            }
            Self::Bounds { expected } => {
                let message = format!("{} is out of bounds: expected {expected}", at.describe());
                Finding::new(Code::SC026, at.mark(), message)
            }
            Self::Other(text) => split_sentence(&text, at.mark()),
        };
        from_param(finding, at)
    }
}

/// Adds to the message that the value came from a parameter, if it did.
pub(crate) fn from_param(mut finding: Finding, at: &Tree) -> Finding {
    if let Some(param) = &at.param {
        finding.message = format!("{} (${param} is {})", finding.message, at.describe());
    }
    finding
}

fn word_help(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("known here: {}", known.join(", ")),
    }
}

/// Splits a text into an optional code in front, a sentence, and an optional second line of help.
fn split_sentence(text: &str, span: Span) -> Finding {
    let (message, help) = match text.split_once('\n') {
        Some((message, help)) => (message, Some(help.to_owned())),
        None => (text, None),
    };
    let coded = Code::ALL.iter().find_map(|code| {
        Some((
            *code,
            message.strip_prefix(code.as_str())?.strip_prefix(' ')?,
        ))
    });
    let (code, message) = coded.unwrap_or((Code::SC009, message));
    Finding::new(code, span, message).maybe_help(help)
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

impl de::Error for Mistake {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Wrong::Other(text.to_string()).into()
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        let field = field.to_owned();
        Wrong::Unknown { field, known }.into()
    }

    fn missing_field(field: &'static str) -> Self {
        Wrong::Missing(field).into()
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        let word = word.to_owned();
        Wrong::Word { word, known }.into()
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let expected = plain(&expected.to_string());
        Wrong::Kind { expected }.into()
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let expected = plain(&expected.to_string());
        Wrong::Bounds { expected }.into()
    }
}

/// Serde's names of expected types, in words for people who write JSON.
fn plain(expected: &str) -> String {
    match expected {
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u32" => "a whole number from 0 to 4294967295".to_owned(),
        "u64" => "a whole number from 0 to 18446744073709551615".to_owned(),
        "a boolean" => "true or false".to_owned(),
        other => other.to_owned(),
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Mistake {}

impl<'de> IntoDeserializer<'de, Mistake> for &'de Tree {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> de::Deserializer<'de> for &'de Tree {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match &self.value {
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (u64::try_from(*number), i64::try_from(*number)) {
                (Ok(number), _) => visitor.visit_u64(number),
                (_, Ok(number)) => visitor.visit_i64(number),
                _ => unreachable!("numbers outside 64 bits are not read into a tree"),
            },
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::List(items) => visitor.visit_seq(Items { items, next: 0 }),
            Value::Object(members) => visitor.visit_map(Members { members, next: 0 }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        self.deserialize_map(visitor)
    }

    // These two call only the one method of the visitor that can succeed: every other call would
    // be compiled once more for each type of the format. So a list is no struct without field names
    // either, which serde would accept.

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match &self.value {
            Value::Object(members) => visitor.visit_map(Members { members, next: 0 }),
            _ => Err(Wrong::of_kind("an object")),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match &self.value {
            Value::List(items) => visitor.visit_seq(Items { items, next: 0 }),
            _ => Err(Wrong::of_kind("a list")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        match &self.value {
            Value::Text(word) => visitor.visit_enum(word.as_str().into_deserializer()),
            _ => Err(Wrong::of_kind(&format!("one of {}", known.join(", ")))),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct tuple tuple_struct identifier ignored_any
    }
}

/// The rest of a list.
struct Items<'de> {
    items: &'de [Tree],
    next: usize,
}

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = Mistake;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Mistake> {
        let at = self.next;
        let Some(item) = self.items.get(at) else {
            return Ok(None);
        };
        self.next += 1;
        match seed.deserialize(item) {
            Ok(value) => Ok(Some(value)),
            Err(mistake) => Err(mistake.under(Segment::Index(at))),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len() - self.next)
    }
}

/// The rest of an object; a member's value comes after its key.
struct Members<'de> {
    members: &'de [Member],
    next: usize,
}

impl<'de> de::MapAccess<'de> for Members<'de> {
    type Error = Mistake;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Mistake> {
        let Some(member) = self.members.get(self.next) else {
            return Ok(None);
        };
        self.next += 1;
        match seed.deserialize(BorrowedStrDeserializer::<Mistake>::new(&member.key)) {
            Ok(key) => Ok(Some(key)),
            Err(mistake) => Err(mistake.at_key(member)),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Mistake> {
        let member = &self.members[self.next - 1];
        match seed.deserialize(&member.value) {
            Ok(value) => Ok(value),
            Err(mistake) => Err(mistake.at_key(member)),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.members.len() - self.next)
    }
}
