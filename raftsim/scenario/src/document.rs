//! Reads other files than scenarios with the same errors: every mistake has a place and a code.

use serde::Deserialize;

use super::codes::Code;
use super::diagnostic::{Diagnostic, Finding, MOST_REPORTED, Span, locate};
use super::tree::{self, MAX_BYTES, path};
use super::typed;

/// Reads a `T` from a JSON text. `check` then reports mistakes of the whole: each is the path of a value,
/// such as `faults/crash/every`, and a sentence.
pub fn read<T: for<'de> Deserialize<'de>>(
    file_name: &str,
    text: &str,
    check: impl FnOnce(&T) -> Vec<(String, String)>,
) -> Result<T, Vec<Diagnostic>> {
    let read = || {
        if text.len() > MAX_BYTES {
            let message = "the file is larger than 1 MiB";
            return Err(vec![Finding::new(Code::SC001, Span::default(), message)]);
        }
        let tree = tree::read(text, file_name.ends_with(".jsonc"))?;
        let value = typed::read(&tree)?;
        let mistakes = check(&value).into_iter().take(MOST_REPORTED);
        let findings: Vec<_> = mistakes
            .map(|(at, message)| Finding::new(Code::SC026, tree.at(&path(&at)).mark(), message))
            .collect();
        if findings.is_empty() {
            Ok(value)
        } else {
            Err(findings)
        }
    };
    read().map_err(|findings| locate(findings, file_name, text))
}
