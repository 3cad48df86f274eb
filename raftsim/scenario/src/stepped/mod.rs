//! Stepped scenarios: nothing happens unless a step says so.
//!
//! ```text
//! JSON ──written──► WrittenScriptStep ──lower──► Script ──raise──► WrittenScriptStep ──► JSON
//! ```
//!
//! In a file, nodes, clients and rules have names. In a [`Script`] they have numbers, so that running and
//! editing it need no look-ups.

mod crash;
mod ends;
mod expected;
mod lower;
mod lower_change;
mod lower_expect;
mod lower_verb;
mod raise;
mod recorded;
mod script;
mod written;

pub use ends::{Ends, Who};
pub use expected::{Expected, RoleName};
pub use recorded::{FaultCounts, Recorded};
pub use script::{
    Ask, Branch, Call, Impossible, Keep, Letters, Links, MessageKind, Place, Script, ScriptStep,
    Verb,
};

pub(crate) use lower::script;
pub use lower_verb::MAX_PROPOSALS;
pub(crate) use raise::steps;
pub(crate) use written::WrittenScriptStep;
