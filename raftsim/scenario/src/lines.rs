//! JSON for people: one value a line, or one step a line in a stepped scenario.
//!
//! One formatter does both, so that the types of the format are compiled for only one serializer.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Where lines break.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Breaks {
    /// Before every value.
    #[default]
    Everywhere,
    /// In the outermost object, in `steps` and in `branches`.
    AtSteps,
    /// Nowhere, and without blanks.
    Nowhere,
}

/// `what` as JSON text.
///
/// # Errors
/// If it cannot be JSON.
pub(super) fn to_string(what: &impl Serialize, at: Breaks) -> serde_json::Result<String> {
    let mut text = Vec::new();
    let lines = Lines {
        at,
        ..Lines::default()
    };
    what.serialize(&mut Serializer::with_formatter(&mut text, lines))?;
    Ok(String::from_utf8(text).expect("JSON is UTF-8"))
}

#[derive(Default)]
struct Lines {
    at: Breaks,
    /// Whether the bracket that was opened or closed last has any content.
    filled: bool,
    /// For each open bracket, whether lines break in it.
    breaks: Vec<bool>,
    /// Whether a field's name is being written.
    naming: bool,
    /// The field of the outermost object that is being written.
    field: Vec<u8>,
}

impl Lines {
    fn open<W: Write + ?Sized>(&mut self, to: &mut W, bracket: u8) -> io::Result<()> {
        let breaks = match self.breaks.len() {
            _ if self.at == Breaks::Everywhere => true,
            _ if self.at == Breaks::Nowhere => false,
            0 => true,
            1 => self.field == b"steps" || self.field == b"branches",
            2 => self.field == b"branches",
            _ => false,
        };
        self.breaks.push(breaks);
        self.filled = self.at == Breaks::AtSteps;
        to.write_all(&[bracket])
    }

    fn close<W: Write + ?Sized>(&mut self, to: &mut W, bracket: u8) -> io::Result<()> {
        if self.breaks.pop() == Some(true) && self.filled {
            self.line(to)?;
        }
        self.filled = true;
        to.write_all(&[bracket])
    }

    fn item<W: Write + ?Sized>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.filled = true;
        if !first {
            to.write_all(b",")?;
        }
        match self.breaks.last() {
            Some(true) => self.line(to),
            _ if first || self.at == Breaks::Nowhere => Ok(()),
            _ => to.write_all(b" "),
        }
    }

    fn line<W: Write + ?Sized>(&self, to: &mut W) -> io::Result<()> {
        to.write_all(b"\n")?;
        self.breaks.iter().try_for_each(|_| to.write_all(b"  "))
    }
}

impl Formatter for Lines {
    fn begin_array<W: Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        self.open(to, b'[')
    }

    fn end_array<W: Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        self.close(to, b']')
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.item(to, first)
    }

    fn begin_object<W: Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        self.open(to, b'{')
    }

    fn end_object<W: Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        self.close(to, b'}')
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.naming = true;
        if self.breaks.len() == 1 {
            self.field.clear();
        }
        self.item(to, first)
    }

    fn end_object_key<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.naming = false;
        Ok(())
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, to: &mut W) -> io::Result<()> {
        match self.at {
            Breaks::Nowhere => to.write_all(b":"),
            _ => to.write_all(b": "),
        }
    }

    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        to: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if self.naming && self.breaks.len() == 1 {
            self.field.extend_from_slice(fragment.as_bytes());
        }
        to.write_all(fragment.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn breaks_everywhere_and_nowhere_are_those_of_serde() {
        let value = json!({ "a": [1, { "b": [] }, [[], {}]], "c": {}, "d": "x\ny", "e": null });
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        assert_eq!(to_string(&value, Breaks::Everywhere).unwrap(), pretty);
        let compact = serde_json::to_string(&value).unwrap();
        assert_eq!(to_string(&value, Breaks::Nowhere).unwrap(), compact);
    }
}
