//! Histories as text: one JSON object a line. The format is described in `docs/linearizability.md`.

use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::history::{Action, History, Invalid, Operation, Swap};

/// Why a text is not a valid history, and the place of the error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters, from 1.
    pub column: usize,
    /// The error, and a valid alternative.
    pub message: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for Malformed {}

impl History {
    /// Parses a history: one JSON object a line, in any order. Empty lines are skipped.
    ///
    /// ```
    /// use linearize::History;
    ///
    /// let text = r#"{"process": 0, "call": 1, "return": 0, "op": "delete", "key": "x"}"#;
    /// let malformed = History::parse(text).unwrap_err();
    /// assert_eq!(malformed.to_string(), "1:37: an operation returns after its call, which is at 1");
    /// ```
    ///
    /// # Errors
    /// The first error, with its place.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<History, Malformed> {
        let text = utf8(text.as_ref())?;
        // Some editors and shells begin a file with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut operations = Vec::new();
        let mut lines = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let operation = Line::read(line).and_then(|fields| fields.operation());
            operations.push(operation.map_err(|wrong| wrong.on(number, line))?);
            lines.push((number, line));
        }
        History::new(operations).map_err(|invalid| explain(invalid, &lines))
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.split(|byte| *byte == b'\n').count();
        let on_line = before.rsplit(|byte| *byte == b'\n').next();
        let text = String::from_utf8_lossy(on_line.unwrap_or_default());
        Malformed {
            line,
            column: text.chars().count() + 1,
            message: "this is not UTF-8: histories are JSON text".to_owned(),
        }
    })
}

const TOO_FAR: &str = "points of the clock lie between -2^96 and 2^96";

/// The error of a line, and its byte in the line.
struct Wrong {
    at: usize,
    message: String,
}

impl Wrong {
    fn on(self, number: usize, line: &str) -> Malformed {
        let before = line.char_indices().take_while(|(at, _)| *at < self.at);
        Malformed {
            line: number + 1,
            column: before.count() + 1,
            message: self.message,
        }
    }
}

/// The fields of a line, as raw text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(skip)]
    line: &'a str,
    #[serde(borrow, default, deserialize_with = "there")]
    process: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "there")]
    call: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "return", deserialize_with = "there")]
    ret: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "there")]
    key: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "there")]
    op: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "there")]
    value: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "there")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "there")]
    expect: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "there")]
    ok: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "there")]
    actual: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "there")]
    existed: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "there")]
    version: Option<&'a RawValue>,
}

/// A field that is present, even if it is null.
fn there<'de: 'a, 'a, D: Deserializer<'de>>(from: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

/// A field of the operation, which must be present.
type Field<'a> = Option<&'a RawValue>;

fn is_null(field: Field<'_>) -> bool {
    field.is_none_or(|raw| raw.get() == "null")
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Result<Self, Wrong> {
        let begin = line.len() - line.trim_start().len();
        if !line[begin..].starts_with('{') {
            let example = r#"{"process":0,"call":1,"return":4,"op":"put","key":"x","value":"a"}"#;
            return Err(Wrong {
                at: begin,
                message: format!("an operation is one JSON object on one line, like {example}"),
            });
        }
        match serde_json::from_str::<Line<'a>>(line) {
            Ok(fields) => Ok(Line { line, ..fields }),
            Err(error) => {
                let text = error.to_string();
                let place = format!(" at line {} column {}", error.line(), error.column());
                let message = text.strip_suffix(&place).unwrap_or(&text);
                let hint = match error.is_eof() {
                    true => ": an operation stands on one line",
                    false => "",
                };
                let read = error.column().min(line.len());
                // The parser had read a field's name when it found the error.
                let name = message.split('`').nth(1).map(|name| format!("\"{name}\""));
                let named = name.and_then(|name| line.get(..read)?.rfind(&name));
                Err(Wrong {
                    at: named.unwrap_or(read.saturating_sub(1)),
                    message: format!("{message}{hint}"),
                })
            }
        }
    }

    fn operation(&self) -> Result<Operation, Wrong> {
        let call = self.integer("call", self.call)?;
        let ret = match self.ret {
            None => {
                let hint = "null where the outcome is unknown";
                return Err(self.missing(&format!("`return` ({hint})")));
            }
            Some(raw) if raw.get() == "null" => None,
            returned => Some(self.integer("return", returned)?),
        };
        let key = self.text("key", self.key)?;
        let process = self.process()?;
        let action = self.action(ret.is_some())?;
        let version = match is_null(self.version) {
            true => None,
            false => Some(self.version()?),
        };
        if let (None, Some(raw)) = (ret, self.version.filter(|_| version.is_some())) {
            return Err(self.told_nothing("version", raw));
        }
        Ok(Operation {
            process,
            key,
            call,
            ret,
            action,
            version,
        })
    }

    fn action(&self, returned: bool) -> Result<Action, Wrong> {
        let name = self.text("op", self.op)?;
        let (action, fields): (Action, &[&str]) = match name.as_str() {
            "get" => (self.get(returned)?, &["result"]),
            "put" => {
                let value = self.text("value", self.value)?;
                (Action::Put { value }, &["value"])
            }
            "append" => {
                let value = self.text("value", self.value)?;
                (Action::Append { value }, &["value"])
            }
            "cas" => (self.cas(returned)?, &["expect", "value", "ok", "actual"]),
            "delete" => {
                let existed = self.outcome("existed", self.existed, returned)?;
                (Action::Delete { existed }, &["existed"])
            }
            other => {
                let message =
                    format!("there is no operation `{other}`: get, put, append, cas or delete");
                return Err(self.wrong(self.op, message));
            }
        };
        for (field, raw) in self.of_some() {
            if !fields.contains(&field) && !is_null(raw) {
                return Err(self.wrong(raw, format!("`{field}` is not part of a {name}")));
            }
        }
        Ok(action)
    }

    /// The fields that only some operations have.
    fn of_some(&self) -> [(&'static str, Field<'a>); 6] {
        [
            ("value", self.value),
            ("result", self.result),
            ("expect", self.expect),
            ("ok", self.ok),
            ("actual", self.actual),
            ("existed", self.existed),
        ]
    }

    fn get(&self, returned: bool) -> Result<Action, Wrong> {
        let result = match (returned, self.result) {
            (true, None) => return Err(self.missing("`result` (null for an absent key)")),
            (true, _) => self.maybe_text("result", self.result)?,
            (false, Some(raw)) if !is_null(self.result) => {
                return Err(self.told_nothing("result", raw));
            }
            (false, _) => None,
        };
        Ok(Action::Get { result })
    }

    fn cas(&self, returned: bool) -> Result<Action, Wrong> {
        if self.expect.is_none() {
            return Err(self.missing("`expect` (null for an absent key)"));
        }
        let expect = self.maybe_text("expect", self.expect)?;
        let value = self.text("value", self.value)?;
        let ok = self.outcome("ok", self.ok, returned)?;
        let told = match ok {
            None if returned => return Err(self.missing("`ok`: whether it was done")),
            None => None,
            Some(true) => Some(Swap::Done),
            Some(false) => {
                let actual = match self.actual {
                    None => None,
                    found => Some(self.maybe_text("actual", found)?),
                };
                Some(Swap::Failed { actual })
            }
        };
        if ok != Some(false) && !is_null(self.actual) {
            let message = "`actual` is what a failed compare-and-swap found";
            return Err(self.wrong(self.actual, message.to_owned()));
        }
        Ok(Action::Cas {
            expect,
            value,
            told,
        })
    }

    /// A label: a text or a number.
    fn process(&self) -> Result<String, Wrong> {
        let raw = self.process.ok_or_else(|| self.missing("`process`"))?;
        match serde_json::from_str(raw.get()) {
            Ok(serde_json::Value::String(label)) => Ok(label),
            _ if raw
                .get()
                .starts_with(|first: char| first == '-' || first.is_ascii_digit()) =>
            {
                Ok(raw.get().to_owned())
            }
            _ => {
                let message = "`process` is a label: a text or a number".to_owned();
                Err(self.wrong(self.process, message))
            }
        }
    }

    fn integer(&self, name: &str, field: Field<'a>) -> Result<i128, Wrong> {
        let raw = field.ok_or_else(|| self.missing(&format!("`{name}`")))?;
        raw.get().parse().map_err(|_| {
            let digits = raw.get().trim_start_matches('-');
            if digits.bytes().all(|byte| byte.is_ascii_digit()) {
                let message = format!("`{name}` is too far away: {TOO_FAR}");
                return self.wrong(field, message);
            }
            let or = match name {
                "return" => ", or null where the outcome is unknown",
                _ => "",
            };
            let message = format!("`{name}` is a point of the clock: an integer{or}");
            self.wrong(field, message)
        })
    }

    fn version(&self) -> Result<u64, Wrong> {
        let text = self.version.map_or("", RawValue::get);
        text.parse().map_err(|_| {
            let message = "`version` is an integer from 0".to_owned();
            self.wrong(self.version, message)
        })
    }

    /// An answer that is true or false.
    fn outcome(&self, name: &str, field: Field<'a>, told: bool) -> Result<Option<bool>, Wrong> {
        let Some(raw) = field.filter(|_| !is_null(field)) else {
            return Ok(None);
        };
        if !told {
            return Err(self.told_nothing(name, raw));
        }
        match raw.get() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err(self.wrong(field, format!("`{name}` is true or false"))),
        }
    }

    fn text(&self, name: &str, field: Field<'a>) -> Result<String, Wrong> {
        let raw = field.ok_or_else(|| self.missing(&format!("`{name}`")))?;
        serde_json::from_str(raw.get())
            .map_err(|_| self.wrong(field, format!("`{name}` is a text: {} is not", brief(raw))))
    }

    fn maybe_text(&self, name: &str, field: Field<'a>) -> Result<Option<String>, Wrong> {
        match is_null(field) {
            true => Ok(None),
            false => self.text(name, field).map(Some),
        }
    }

    fn missing(&self, what: &str) -> Wrong {
        Wrong {
            at: self.line.len() - self.line.trim_start().len(),
            message: format!("an operation without {what}"),
        }
    }

    fn told_nothing(&self, name: &str, raw: &'a RawValue) -> Wrong {
        let message = format!("`{name}` was told, but nothing returned: its `return` is null");
        self.wrong(Some(raw), message)
    }

    fn wrong(&self, field: Field<'a>, message: String) -> Wrong {
        Wrong {
            at: field.map_or(0, |raw| self.offset(raw)),
            message,
        }
    }

    /// The place of a field's value in the line.
    fn offset(&self, raw: &RawValue) -> usize {
        let offset = (raw.get().as_ptr() as usize).checked_sub(self.line.as_ptr() as usize);
        offset.expect("what was read is a part of the line")
    }
}

fn brief(raw: &RawValue) -> String {
    let text: String = raw.get().chars().take(20).collect();
    match text.len() < raw.get().len() {
        true => format!("{text}…"),
        false => text,
    }
}

/// The error of the whole history, at the line that shows it.
fn explain(invalid: Invalid, lines: &[(usize, &str)]) -> Malformed {
    let at = |place: usize, of_call: bool| {
        let (number, line) = lines[place];
        let fields = Line::read(line);
        let offset = fields.ok().and_then(|fields| {
            let field = if of_call { fields.call } else { fields.ret };
            field.map(|raw| fields.offset(raw))
        });
        (number, line, offset.unwrap_or(0))
    };
    let ((number, line, offset), message) = match invalid {
        Invalid::ReturnsFirst { place, call } => (
            at(place, false),
            format!("an operation returns after its call, which is at {call}"),
        ),
        Invalid::SamePoint {
            places: [first, second],
            at: point,
            call,
        } => {
            let other = lines[first].0 + 1;
            let message = format!(
                "something of line {other} happens at {point}, too: calls and returns are distinct \
                 points of one clock"
            );
            (at(second, call), message)
        }
        Invalid::TooFar(place) => (at(place, true), TOO_FAR.to_owned()),
        Invalid::Outcome(place) => (
            at(place, true),
            "what was told does not fit whether anything returned".to_owned(),
        ),
    };
    let wrong = Wrong {
        at: offset,
        message,
    };
    wrong.on(number, line)
}
