//! One JSON object on one line.

use serde::Serialize;

/// What is written, as JSON.
pub(crate) fn to_line(line: &impl Serialize) -> String {
    serde_json::to_string(line).expect("names, numbers and lists are always JSON")
}
