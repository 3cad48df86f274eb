//! The steps of a script, and their arguments.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::place::Spot;
use crate::action::Action;
use crate::select::Selector;
use crate::units::{Comparison, Condition, Counts, DurationRange, Nanos, Ratio, Size};

/// The maximum number of steps of a script at one moment. A script that exceeds it would never end.
pub const ACTION_LIMIT: u32 = 100_000;

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// The action.
    #[serde(flatten)]
    pub what: What,
    /// A remark for readers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// A sentence for people who watch the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
    /// Its place among all steps of its phase's script, nested ones included.
    #[serde(skip)]
    pub number: usize,
    /// Its place in the file.
    #[serde(skip)]
    pub place: Spot,
}

/// The action of a step of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum What {
    /// An action that steps and faults have as well.
    Act(Action),
    /// An action that only scripts have.
    Own(Own),
}

/// The actions that only scripts have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Own {
    /// Let time pass.
    Wait(DurationRange),
    /// Heal the links between each of these nodes and every node that is not isolated.
    Connect(Selector),
    /// Propose operations to nodes, and do not wait for them.
    Start(Start),
    /// Propose an operation until it is applied.
    One(One),
    /// Wait until conditions are true.
    Await(Asked),
    /// Check that conditions are true now.
    Check(Asked),
    /// Give nodes names.
    Let(BTreeMap<String, Selector>),
    /// Repeat steps.
    Repeat(Repeat<Statement>),
    /// Run steps if a condition is true.
    If(If<Statement>),
    /// Run several scripts at the same time.
    Parallel(Parallel<Statement>),
    /// Run steps with a limit on their messages.
    Budget(Budget<Statement>),
}

/// The kind of an operation of a script.
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

/// Operations that are proposed to nodes directly: also to nodes that do not lead or are cut off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// The nodes to which each operation is proposed.
    pub to: Selector,
    /// The number of operations, 1 to 1,000; 1 by default.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub count: u32,
    /// The kind of the operations; put by default.
    #[serde(default, skip_serializing_if = "Offer::is_default")]
    pub op: Offer,
    /// The key of the operations; "script" by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value that they write; by default a value that no other operation writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The length to which a default value is padded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// A name for these operations, to which later steps refer. A later step may use the name again.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A name for the last node that accepted an operation and is not isolated. If there is no such node,
    /// the name stands for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// The number of nodes that must accept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Comparison>,
    /// The position of the first operation among the commands in the log of each node that accepts it,
    /// from 1. With this field at least one node must accept it, and the other operations must follow
    /// without a gap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<Comparison>,
}

/// One operation, proposed to one node after the other until a node accepts it. The script then waits 2s
/// for it to be applied. After that, with retry, it is proposed again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct One {
    /// The number of nodes that must apply it at the index at which it was accepted. A get has no such
    /// number: the script waits for its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<u32>,
    /// Whether it is proposed again if that takes longer than 2s.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retry: bool,
    /// The maximum time for all of this; 10s by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Nanos>,
    /// The nodes to which it may be proposed; by default every node that is up and not isolated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub among: Option<Selector>,
    /// The kind of the operation; put by default.
    #[serde(default, skip_serializing_if = "Offer::is_default")]
    pub op: Offer,
    /// The key of the operation; "script" by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The value that it writes; by default a value that no other operation writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The length to which a default value is padded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// A name for the operation, to which later steps refer. A later step may use the name again.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name of an earlier operation, which is proposed again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<String>,
    /// The required position of the operation among the commands in the log, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<Comparison>,
    /// The value that a get must read. The empty text also stands for no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads: Option<String>,
    /// The version of the key in the answer: the number of writes to the key so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Comparison>,
    /// Whether the script continues if this does not happen in time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// Conditions on the cluster. All of them must hold at the same time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// With await: the maximum time to wait; 5s by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Nanos>,
    /// With await: whether the script continues if the conditions do not become true in time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// The nodes to which the conditions apply; by default every node that is up and not isolated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub among: Option<Selector>,
    /// With applied, done, values and versions: the number of these nodes for which the condition must
    /// hold; all by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<u32>,
    /// Exactly one of these nodes is leader, and all others of them that are up follow it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_leader: bool,
    /// None of these nodes is leader.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_leader: bool,
    /// All of these nodes are in the same term.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub same_term: bool,
    /// These nodes have applied the same entries and hold the same state.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub applied_equal: bool,
    /// These nodes have applied at least this many commands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<u64>,
    /// No node of the cluster that is up has applied this many commands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_applied: Option<u64>,
    /// These nodes have applied every operation of this name, at the index at which it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<String>,
    /// Every operation of this name was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<String>,
    /// No operation of this name was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<String>,
    /// The values in the state machines of these nodes, by key. The empty text also stands for no value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// The number of writes to keys in the state machines of these nodes, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub versions: BTreeMap<String, Comparison>,
    /// The bytes of the log on the disk of each of these nodes: its term, its vote and its entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_bytes: Option<Comparison>,
    /// The bytes of the snapshot on the disk of each of these nodes; 0 if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_bytes: Option<Comparison>,
}

impl Asked {
    /// Whether there is no condition.
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

/// Steps that are repeated. Without times, drawn and for, they repeat until something else ends the script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Repeat"))]
pub struct Repeat<S> {
    /// The number of repetitions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// The number of repetitions, drawn from a range such as "5..14" each time this step begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drawn: Option<Counts>,
    /// The steps begin again until this much time has passed.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Nanos>,
    /// The steps, in order.
    pub steps: Vec<S>,
}

/// Steps that run only if all given conditions hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "If"))]
pub struct If<S> {
    /// The chance that this condition holds, drawn each time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chance: Option<Ratio>,
    /// A condition that must hold now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds: Option<Condition>,
    /// A name that must stand for a node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named: Option<String>,
    /// Names that must all stand for one and the same node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same: Option<Selector>,
    /// The steps to run if the conditions hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<Vec<S>>,
    /// The steps to run otherwise.
    #[serde(rename = "else", skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Vec<S>>,
}

/// Scripts that run at the same time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Parallel"))]
pub struct Parallel<S> {
    /// The scripts.
    pub scripts: Vec<Vec<S>>,
    /// The step ends when all scripts are done, or when the first in the list is done.
    #[serde(default)]
    pub until: Ends,
}

/// When scripts that run at the same time end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Ends {
    /// When all scripts are done.
    #[default]
    All,
    /// When the first script in the list is done. The others stop where they are.
    First,
}

/// Steps with a limit on their cost, from the beginning of the first to the end of the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Budget"))]
pub struct Budget<S> {
    /// Requests between nodes: requests for votes, entries and heartbeats, but not their replies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<Comparison>,
    /// Bytes of all messages that nodes send each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Comparison>,
    /// The steps, in order.
    pub steps: Vec<S>,
}

fn once() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_once(count: &u32) -> bool {
    *count == 1
}

/// Finds the lines of steps, nested ones included.
pub(crate) fn locate(steps: &mut [Statement], text: &str) {
    let begins = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    let begins: Vec<usize> = begins.collect();
    each(steps, &mut |spot| {
        let start = usize::try_from(spot.start).unwrap_or(usize::MAX);
        let start = text.floor_char_boundary(start);
        let line = begins.partition_point(|begin| *begin <= start);
        let column = text[begins[line - 1]..start].chars().count() + 1;
        spot.line = u32::try_from(line).unwrap_or(u32::MAX);
        spot.column = u32::try_from(column).unwrap_or(u32::MAX);
    });
}

fn each(steps: &mut [Statement], see: &mut impl FnMut(&mut Spot)) {
    for step in steps {
        see(&mut step.place);
        let What::Own(own) = &mut step.what else {
            continue;
        };
        match own {
            Own::Repeat(repeat) => each(&mut repeat.steps, see),
            Own::Budget(budget) => each(&mut budget.steps, see),
            Own::If(choice) => {
                let lists = choice.then.iter_mut().chain(&mut choice.otherwise);
                lists.for_each(|steps| each(steps, see));
            }
            Own::Parallel(parallel) => {
                parallel
                    .scripts
                    .iter_mut()
                    .for_each(|steps| each(steps, see));
            }
            _ => {}
        }
    }
}
