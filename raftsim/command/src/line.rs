//! One JSON object on one line.

use serde::Serialize;

/// A value as JSON on one line.
pub(crate) fn to_line(line: &impl Serialize) -> String {
    serde_json::to_string(line).expect("names, numbers and lists are always JSON")
}
