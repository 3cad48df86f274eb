//! Linearizability of histories.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod check;
mod history;
mod model;
mod parse;
mod register;
mod replay;
mod search;
mod table;
mod values;
mod write;
mod zones;

pub use check::{Budget, Checked, Checker, Tier, Verdict};
pub use history::{Action, History, Invalid, Operation, Swap};
pub use model::{Answer, Entry, Model};
pub use parse::Malformed;
pub use search::search;
