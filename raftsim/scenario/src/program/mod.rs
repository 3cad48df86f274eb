//! Scripts of timed scenarios: steps that are done one after the other, each for as long as it
//! takes. Tests that are written as programs (do, wait until, check, again) are such scripts.

mod lower;
mod place;
mod written;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::action::Action;
use super::select::Selector;
use super::units::{Comparison, Condition, Counts, DurationRange, Nanos, Ratio, Size};

pub(crate) use lower::{count, script};
pub use place::Spot;
pub(crate) use place::locate;
pub(crate) use written::WrittenStatement;

/// The most steps that a script does at one moment: one that does more would never end.
pub const ACTION_LIMIT: u32 = 100_000;

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// What is done.
    #[serde(flatten)]
    pub what: What,
    /// A remark for readers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// A sentence shown to whoever watches the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
    /// Its place among all steps of its phase's script, nested ones included.
    #[serde(skip)]
    pub number: usize,
    /// Where it stands.
    #[serde(skip)]
    pub place: Spot,
}

/// What a step of a script does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum What {
    /// One of the actions that steps and faults have, too.
    Act(Action),
    /// Something that only scripts have.
    Own(Own),
}

/// What only scripts can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Own {
    /// Let time pass.
    Wait(DurationRange),
    /// Heal the links between each of these nodes and every node that is not isolated.
    Connect(Selector),
    /// Offer operations to nodes, and do not wait for them.
    Start(Start),
    /// Offer an operation until it is applied.
    One(One),
    /// Wait until something is true.
    Await(Asked),
    /// Something is true now.
    Check(Asked),
    /// Give nodes names.
    Let(BTreeMap<String, Selector>),
    /// Do steps again and again.
    Repeat(Repeat<Statement>),
    /// Do steps if something is so.
    If(If<Statement>),
    /// Do several scripts at once.
    Parallel(Parallel<Statement>),
    /// Do steps for at most so many messages.
    Budget(Budget<Statement>),
}

/// What an operation of a script does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Offer {
    /// Write a value.
    #[default]
    Put,
    /// Write at the end of a value.
    Append,
    /// Read a value.
    Get,
}

impl Offer {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Operations offered to nodes directly, whether they lead or not and whoever reaches them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Who is offered each of them.
    pub to: Selector,
    /// How many, from 1 to 1,000; 1 by default.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub count: u32,
    /// What they do; put by default.
    #[serde(default, skip_serializing_if = "Offer::is_default")]
    pub op: Offer,
    /// The key they are about; "script" by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What they write; by default a value that nothing else writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The length that a value of its own is filled up to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// A name by which later steps know these operations, until another step gives it anew.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A name for the last node that accepted one and is not isolated; for nobody if none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// How many nodes must accept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Comparison>,
    /// Where the first one must come to stand in the log of whoever accepts it: the how manieth
    /// command it is. Then at least one node must accept it, and further ones follow at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<Comparison>,
}

/// One operation, offered to one node after the other until one accepts it, and then waited for:
/// for 2s, then, with retry, it is offered again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct One {
    /// So many nodes must have applied it at the place where it was accepted. A get has none: it is
    /// waited for until it is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<u32>,
    /// Whether it is offered again if that takes longer than 2s.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retry: bool,
    /// How long all of that may take; 10s by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Nanos>,
    /// Who is offered it; by default every node that is up and not isolated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub among: Option<Selector>,
    /// What it does; put by default.
    #[serde(default, skip_serializing_if = "Offer::is_default")]
    pub op: Offer,
    /// The key it is about; "script" by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What it writes; by default a value that nothing else writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The length that a value of its own is filled up to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// A name by which later steps know the operation, until another step gives it anew.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name of an operation that was offered before, and is offered again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<String>,
    /// Where it must have come to stand: the how manieth command it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<Comparison>,
    /// What a get must have read; the empty text also stands for no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads: Option<String>,
    /// The version that its key must have been answered with: the how manieth write of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Comparison>,
    /// Whether the script goes on if it did not come about in time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// Something that is or is not so. What is asked must hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// With await: how long it may take; 5s by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Nanos>,
    /// With await: whether the script goes on if it did not come true in time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Of which nodes this speaks; by default of every node that is up and not isolated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub among: Option<Selector>,
    /// How many of them it must be true of, with applied, done, values and versions; all by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<u32>,
    /// Exactly one of them takes itself for leader, and all that are up follow it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_leader: bool,
    /// None of them takes itself for leader.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_leader: bool,
    /// They are all in the same term.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub same_term: bool,
    /// They have applied the same entries and hold the same state.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub applied_equal: bool,
    /// They have applied so many commands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<u64>,
    /// No node of the cluster that is up has applied so many commands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_applied: Option<u64>,
    /// They have applied every operation of this name, where it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<String>,
    /// Every operation of this name was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<String>,
    /// No operation of this name was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<String>,
    /// Values in their state machines, by key; the empty text also stands for no value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// How often keys were written in their state machines, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub versions: BTreeMap<String, Comparison>,
    /// The bytes of the log on the disk of each of them: of its term, its vote and its entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_bytes: Option<Comparison>,
    /// The bytes of the snapshot on the disk of each of them; 0 if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_bytes: Option<Comparison>,
}

impl Asked {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let nothing = Asked {
            within: self.within,
            optional: self.optional,
            among: self.among.clone(),
            on: self.on,
            ..Asked::default()
        };
        *self == nothing
    }
}

/// Steps that are done again and again. Without times, drawn and for they are done until something
/// else ends the script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Repeat"))]
pub struct Repeat<S> {
    /// How often they are done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// How often they are done, drawn from a range such as "5..14" each time they begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drawn: Option<Counts>,
    /// They begin again until so much time has passed.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Nanos>,
    /// What is done, one after the other.
    pub steps: Vec<S>,
}

/// Steps that are done only if something is so: all that is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "If"))]
pub struct If<S> {
    /// The chance that it is so, drawn each time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chance: Option<Ratio>,
    /// A condition that must hold now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds: Option<Condition>,
    /// A name that must stand for some node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named: Option<String>,
    /// Names that must all stand for one and the same node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same: Option<Selector>,
    /// What is done if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<Vec<S>>,
    /// What is done if not.
    #[serde(rename = "else", skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Vec<S>>,
}

/// Scripts that are done at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Parallel"))]
pub struct Parallel<S> {
    /// The scripts.
    pub scripts: Vec<Vec<S>>,
    /// What ends it: all of them being done, or the first in the list.
    #[serde(default)]
    pub until: Ends,
}

/// What ends scripts that are done at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Ends {
    /// All are done.
    #[default]
    All,
    /// The first in the list is done; the others stop where they are.
    First,
}

/// Steps that may cost only so much, from the beginning of the first to the end of the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Budget"))]
pub struct Budget<S> {
    /// Messages between nodes that ask something: votes asked for, entries and heartbeats, not the
    /// answers to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<Comparison>,
    /// Bytes of all messages that nodes send each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Comparison>,
    /// What is done, one after the other.
    pub steps: Vec<S>,
}

fn once() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_once(count: &u32) -> bool {
    *count == 1
}
