//! A JSON text as a tree. Every value has its place in the file.

use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{CollectOptions, ParseOptions, ast, common::Ranged, parse_to_ast};

use super::codes::Code;
use super::diagnostic::{Finding, Span};

/// The maximum size of a file, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) span: Span,
    pub(crate) value: Value,
    /// The parameter that this value came from, if any.
    pub(crate) param: Option<String>,
}

/// A JSON value. Scenarios have neither null nor fractions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    /// From -2^63 to 2^64 - 1.
    Number(i128),
    Text(String),
    List(Vec<Tree>),
    /// In file order, keys distinct.
    Object(Vec<Member>),
}

/// One `"key": value` of an object.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Tree,
}

/// Two trees are equal if their values are equal, at any place.
impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        (&self.key, &self.value) == (&other.key, &other.value)
    }
}

/// One step of a path into a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Key(String),
    Index(usize),
}

/// A path such as `phases/0/name`. Numbers are positions in lists.
pub(crate) fn path(text: &str) -> Vec<Segment> {
    text.split('/')
        .map(|part| {
            part.parse()
                .map_or_else(|_| Segment::Key(part.to_owned()), Segment::Index)
        })
        .collect()
}

impl Tree {
    /// The member `key` of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Tree> {
        self.members()
            .iter()
            .find(|member| member.key == key)
            .map(|member| &member.value)
    }

    /// The members of an object; none for anything else.
    pub(crate) fn members(&self) -> &[Member] {
        if let Value::Object(members) = &self.value {
            members
        } else {
            &[]
        }
    }

    /// The value at a path, or the nearest one above it that exists.
    pub(crate) fn at(&self, path: &[Segment]) -> &Tree {
        let Some((first, rest)) = path.split_first() else {
            return self;
        };
        let child = match (first, &self.value) {
            (Segment::Index(index), Value::List(items)) => items.get(*index),
            (Segment::Key(key), Value::Object(_)) => self.get(key),
            _ => None,
        };
        child.map_or(self, |child| child.at(rest))
    }

    /// The place at which a mistake in this value is shown: all of a scalar, or the opening bracket.
    pub(crate) fn mark(&self) -> Span {
        match self.value {
            Value::List(_) | Value::Object(_) => Span {
                start: self.span.start,
                end: self.span.end.min(self.span.start + 1),
            },
            _ => self.span,
        }
    }

    /// Gives the value the place of a reference to it: mistakes in it are shown there.
    pub(crate) fn move_to(&mut self, span: Span, param: Option<&str>) {
        self.span = span;
        self.param = param.map(str::to_owned);
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.move_to(span, param)),
            Value::Object(members) => {
                let values = members.iter_mut().map(|member| &mut member.value);
                values.for_each(|value| value.move_to(span, param));
            }
            _ => {}
        }
    }

    /// The value as JSON text.
    pub(crate) fn to_json(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        match &self.value {
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Text(text) => quoted(text),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Self::to_json).collect();
                format!("[{}]", items.join(","))
            }
            Value::Object(members) => {
                let member = |m: &Member| format!("{}:{}", quoted(&m.key), m.value.to_json());
                let members: Vec<String> = members.iter().map(member).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    /// A short description of the value, for "found ..." in messages.
    pub(crate) fn describe(&self) -> String {
        match &self.value {
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => format!("the number {number}"),
            Value::Text(text) => format!("\"{}\"", text.chars().take(40).collect::<String>()),
            Value::List(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        }
    }
}

/// Reads a text; `comments` allows the additions of `.jsonc` to JSON. The mistakes are the first syntax
/// error, or else all duplicate keys, nulls and fractions.
pub(crate) fn read(text: &str, comments: bool) -> Result<Tree, Vec<Finding>> {
    let options = ParseOptions {
        allow_comments: comments,
        allow_trailing_commas: comments,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options)
        .map_err(|error| vec![syntax_error(&error)])?;
    let Some(root) = parsed.value else {
        return Err(vec![Finding::new(
            Code::SC002,
            Span::default(),
            "the file is empty",
        )]);
    };
    let mut findings = Vec::new();
    let tree = convert(root, &mut findings);
    if findings.is_empty() {
        Ok(tree)
    } else {
        Err(findings)
    }
}

fn syntax_error(error: &ParseError) -> Finding {
    let span = Span {
        start: error.range().start,
        end: error.range().end,
    };
    match error.kind() {
        ParseErrorKind::CommentsNotAllowed => {
            Finding::new(Code::SC003, span, "a .json file cannot hold comments")
                .help("comments need the .jsonc extension; or write a \"note\" field")
        }
        ParseErrorKind::TrailingCommasNotAllowed => Finding::new(
            Code::SC003,
            span,
            "a .json file cannot hold a trailing comma",
        )
        .help("remove the comma; trailing commas need the .jsonc extension"),
        ParseErrorKind::UnterminatedObject | ParseErrorKind::UnterminatedArray => {
            let bracket = Span {
                end: span.start + 1,
                ..span
            };
            Finding::new(
                Code::SC002,
                bracket,
                "not well-formed JSON: this bracket is never closed",
            )
        }
        kind => {
            let kind = kind.to_string().to_lowercase();
            Finding::new(Code::SC002, span, format!("not well-formed JSON: {kind}"))
        }
    }
}

fn convert(value: ast::Value<'_>, findings: &mut Vec<Finding>) -> Tree {
    let range = value.range();
    let span = Span {
        start: range.start,
        end: range.end,
    };
    let value = match value {
        ast::Value::StringLit(text) => Value::Text(text.value.into_owned()),
        ast::Value::BooleanLit(bool) => Value::Bool(bool.value),
        ast::Value::NumberLit(number) => Value::Number(whole(number.value).unwrap_or_else(|| {
            let message = format!("{} is not a whole number of 64 bits", number.value);
            findings.push(Finding::new(Code::SC005, span, message).help(
                "write fractions as ratios (\"0.5%\", \"1/200\") and times with a unit (\"1.5ms\")",
            ));
            0
        })),
        ast::Value::NullKeyword(_) => {
            let finding = Finding::new(Code::SC006, span, "null has no meaning here");
            findings.push(finding.help("leave the field out to get its default"));
            Value::Bool(false)
        }
        ast::Value::Array(array) => Value::List(
            array
                .elements
                .into_iter()
                .map(|item| convert(item, findings))
                .collect(),
        ),
        ast::Value::Object(object) => Value::Object(members(object, findings)),
    };
    Tree {
        span,
        value,
        param: None,
    }
}

fn members(object: ast::Object<'_>, findings: &mut Vec<Finding>) -> Vec<Member> {
    let mut seen = std::collections::BTreeSet::new();
    let mut members = Vec::new();
    for property in object.properties {
        let range = property.name.range();
        let key_span = Span {
            start: range.start,
            end: range.end,
        };
        let key = property.name.into_string();
        if !seen.insert(key.clone()) {
            let message = format!("this object has the key \"{key}\" twice");
            findings.push(Finding::new(Code::SC004, key_span, message).help("remove one of them"));
        }
        members.push(Member {
            key,
            key_span,
            value: convert(property.value, findings),
        });
    }
    members
}

fn whole(number: &str) -> Option<i128> {
    let value: i128 = number.parse().ok()?;
    (i128::from(i64::MIN)..=i128::from(u64::MAX))
        .contains(&value)
        .then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_place() {
        let text = r#"{"a": [1, {"b": "x"}]}"#;
        let tree = read(text, false).expect("well-formed");
        let at = |p: &str| {
            let span = tree.at(&path(p)).span;
            &text[span.start..span.end]
        };
        assert_eq!(at("a/0"), "1");
        assert_eq!(at("a/1/b"), "\"x\"");
        assert_eq!(
            at("a/1/missing"),
            "{\"b\": \"x\"}",
            "the nearest that exists"
        );
    }

    #[test]
    fn strict_json_is_strict_and_jsonc_is_not() {
        let text = "{\n  // why\n  \"a\": [1,],\n}";
        assert!(read(text, true).is_ok());
        assert_eq!(
            read(text, false).expect_err("a comment")[0].code,
            Code::SC003
        );
        for wrong in [
            "", "{", "{a: 1}", "['x']", "[0x1]", "[+1]", "[.5]", "[NaN]", "[1 2]", "1 2",
        ] {
            assert_eq!(
                read(wrong, true).expect_err(wrong)[0].code,
                Code::SC002,
                "{wrong}"
            );
        }
    }

    #[test]
    fn all_duplicates_nulls_and_fractions_are_found_at_once() {
        let codes: Vec<_> = read(
            r#"{"a": 1.5, "a": null, "b": 1e3, "c": 99999999999999999999}"#,
            false,
        )
        .expect_err("four mistakes")
        .into_iter()
        .map(|finding| finding.code)
        .collect();
        assert_eq!(
            codes,
            [
                Code::SC005,
                Code::SC004,
                Code::SC006,
                Code::SC005,
                Code::SC005
            ]
        );
    }
}
