//! The records of a trace: one for each event, which files hold as JSON.

use runner::TRACE_VERSION;
use scenario::Resolved;
use serde::{Deserialize, Serialize};
use sut::bugs::Bug;
use sut::decisions::{Decision, Kind, Role};

/// One line of a trace file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// The first line: the run.
    Header(Header),
    /// An event of a node, a message or a client.
    Event(Box<Record>),
    /// A change of the world around the nodes.
    World(WorldChange),
}

/// The run of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// The version of the behaviour: in another version this seed may give another run.
    pub trace_version: u32,
    /// The id of the bug in the servers; absent if they have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bug: Option<String>,
    /// The nodes' names, in order.
    pub nodes: Vec<String>,
}

impl Header {
    /// The header of a scenario's trace, run on servers with this bug.
    #[must_use]
    pub fn of(scenario: &Resolved, bug: Option<Bug>) -> Self {
        Self {
            scenario: scenario.name.clone(),
            seed: scenario.seed,
            trace_version: TRACE_VERSION,
            bug: bug.map(|bug| bug.id().to_owned()),
            nodes: scenario.nodes.iter().map(|name| name.0.clone()).collect(),
        }
    }
}

/// A change of the world around the nodes: a phase begins, a link is cut, a disk stalls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorldChange {
    /// Its time in simulated nanoseconds.
    pub time: u64,
    /// A sentence.
    pub text: String,
}

/// One event of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its number: 1, 2, 3, ... through the whole run.
    pub id: u64,
    /// The event that sent the message, set the timer or gave the write to the disk; absent for faults,
    /// restarts and first calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<u64>,
    /// Its time in simulated nanoseconds.
    pub time: u64,
    /// The node of the event, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The time on that node's own clock, in nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<u64>,
    /// The kind of the action.
    pub action: ActionKind,
    /// Its subjects, for filters.
    pub kinds: Vec<Kind>,
    /// The sender of the message, if the event is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The message that arrives or is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageSummary>,
    /// The messages that this event sent, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<MessageSummary>,
    /// The client's operation, if the event is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// The event in words.
    pub text: String,
    /// The decisions of the node, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// The node after the event; absent while it is down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Whether it is routine of an idle cluster: a heartbeat that changes nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idle: bool,
}

/// A message: with its sender, `to` and `ordinal` name it among all messages of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageSummary {
    /// The receiver.
    pub to: String,
    /// Its number on the link from its sender, counted from 1.
    pub ordinal: u64,
    /// Its content in a few words.
    pub text: String,
}

/// An operation of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The client, counted from 0.
    pub client: u32,
    /// The client's number of the operation, counted from 1.
    pub serial: u64,
    /// Whether this event is the response that the client accepted.
    pub answered: bool,
}

/// The kind of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "named as the engine's actions, which are documented there"
)]
pub enum ActionKind {
    Deliver,
    Duplicate,
    Drop,
    Wake,
    Written,
    Crash,
    Restart,
    Clock,
    Pause,
    Resume,
    Operator,
    Call,
    Retry,
    GiveUp,
}

/// A node, seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Its role.
    pub role: Role,
    /// Its term.
    pub term: u64,
    /// The last index of its log.
    pub last: u64,
    /// Its commit index.
    pub commit: u64,
    /// The last index it applied.
    pub applied: u64,
}

impl Record {
    /// The decision of this name, if the event holds one.
    #[must_use]
    pub fn decision(&self, what: &str) -> Option<&Decision> {
        self.decisions.iter().find(|decision| decision.what == what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_written_by_their_names() {
        for (position, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, position);
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
