//! Traces as files: one JSON object a line, the header first.

use std::fmt;
use std::io::{self, BufRead, Write};

use super::record::{Header, Line};

/// Writes one line.
///
/// # Errors
/// Errors of the writer.
pub fn write(line: &Line, to: &mut impl Write) -> io::Result<()> {
    let text = serde_json::to_string(line).expect("records are strings, integers and lists");
    to.write_all(text.as_bytes())?;
    to.write_all(b"\n")
}

/// Why a file is not a trace.
#[derive(Debug)]
pub enum Unreadable {
    /// The file cannot be read.
    Io(io::Error),
    /// A line is not a record.
    Line {
        /// Its number, from 1.
        number: u64,
        /// The mistake.
        why: String,
    },
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot read the trace: {error}"),
            Self::Line { number, why } => write!(f, "line {number} of the trace: {why}"),
        }
    }
}

impl std::error::Error for Unreadable {}

/// Reads a trace: its header, and the lines after it.
///
/// # Errors
/// Why this is not a trace.
pub fn read(
    from: impl BufRead,
) -> Result<(Header, impl Iterator<Item = Result<Line, Unreadable>>), Unreadable> {
    let mut lines = from.lines().zip(1..).map(|(text, number)| {
        let text = text.map_err(Unreadable::Io)?;
        let line = serde_json::from_str(&text);
        line.map_err(|error| Unreadable::Line {
            number,
            why: reason(&error),
        })
    });
    match lines.next() {
        Some(Ok(Line::Header(header))) => Ok((header, lines)),
        Some(Err(error)) => Err(error),
        Some(Ok(_)) => Err(Unreadable::Line {
            number: 1,
            why: "it is no header".to_owned(),
        }),
        None => Err(Unreadable::Line {
            number: 1,
            why: "the file is empty".to_owned(),
        }),
    }
}

/// The error without its place: each line is a document of its own, so that "line 1" misleads.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_without_a_header_is_refused() {
        for text in [
            "",
            "{}",
            "[]",
            "x",
            "{\"type\":\"world\",\"time\":1,\"text\":\"\"}\n",
        ] {
            let error = read(text.as_bytes()).map(|_| ()).unwrap_err();
            assert!(
                matches!(error, Unreadable::Line { number: 1, .. }),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn a_mistake_is_shown_with_its_line() {
        let header = Header {
            scenario: "s".into(),
            seed: 1,
            trace_version: 1,
            bug: None,
            nodes: vec![],
        };
        let mut text = Vec::new();
        write(&Line::Header(header), &mut text).unwrap();
        text.extend_from_slice(b"{\"type\":\"event\"}\n");
        let (_, mut lines) = read(&text[..]).unwrap();
        let error = lines.next().unwrap().unwrap_err();
        assert_eq!(error.to_string(), "line 2 of the trace: missing field `id`");
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in "[{}\\[\\]\":,a-z0-9\n]{0,80}") {
            if let Ok((_, lines)) = read(text.as_bytes()) {
                let _ = lines.count();
            }
        }
    }
}
