//! The records of a trace: what a run did, one record an event, ready to be written and read back.

use runner::TRACE_VERSION;
use scenario::Resolved;
use serde::{Deserialize, Serialize};
use sut::bugs::Bug;
use sut::decisions::{Decision, Kind, Role};

/// One line of a trace file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// The first line: which run this is.
    Header(Header),
    /// Something happened to a node, to a message or to a client.
    Event(Box<Record>),
    /// Something was done to the world around the nodes.
    World(Deed),
}

/// Which run a trace is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// The version of the behaviour: another one may give another run for this seed.
    pub trace_version: u32,
    /// The bug that the servers have, by its id; absent where they have none.
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

/// Something done to the world around the nodes: a phase began, links were cut, a disk stalled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// When, in simulated nanoseconds.
    pub time: u64,
    /// What.
    pub text: String,
}

/// One event of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its number: 1, 2, 3, ... through the whole run.
    pub id: u64,
    /// The event that sent the message, set the timer, handed over the write; absent where the
    /// cause lies outside: faults, restarts, first calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<u64>,
    /// When, in simulated nanoseconds.
    pub time: u64,
    /// The node it happened to, if it happened to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// What that node's own clock showed, in nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<u64>,
    /// What kind of thing happened.
    pub action: Act,
    /// What it is about; for filters.
    pub kinds: Vec<Kind>,
    /// Who sent the message, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Who receives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The message that arrives or is lost, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Posted>,
    /// What was sent in this event, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<Posted>,
    /// The client's operation it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// What happened, in words.
    pub text: String,
    /// What the node decided, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// The node after the event; absent while it is down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Whether it is the routine of a cluster at rest: a heartbeat that changes nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idle: bool,
}

/// A message: with its sender, `to` and `ordinal` name it among all messages of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// Who receives it.
    pub to: String,
    /// Its number on the link from its sender, counted from 1.
    pub ordinal: u64,
    /// What it is, in a few words.
    pub text: String,
}

/// An operation of a client, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The client, counted from 0.
    pub client: u32,
    /// The client's number of the operation, counted from 1.
    pub serial: u64,
    /// Whether this event is the answer that the client took.
    pub answered: bool,
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "named as the engine's actions, which are documented there"
)]
pub enum Act {
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

/// A node as one looks at it from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// What it is.
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
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
