//! The decisions of nodes as text, each with its rule and the compared values. Each file has the
//! texts of one group of events.

mod elections;
mod members;
mod proposals;
mod reads;
mod replication;
mod snapshots;
mod store;
mod transfers;

use raft_core::{EntryId, Event, NodeId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::engine_id;

/// A decision of a node, as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// A stable name of the decision.
    pub what: String,
    /// The rule; `raftsim explain RULE` explains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// A sentence, with the compared values.
    pub text: String,
    /// The compared values by name. Entries are written `#index` `tterm`.
    pub values: Map<String, Value>,
    /// Whether a trace in columns shows it beside its event.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub notable: bool,
}

impl Decision {
    /// A compared value, if it is a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        self.values.get(name)?.as_u64()
    }
}

/// The subject of an event, for filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Elections: votes requested, granted, refused and counted.
    Vote,
    /// Replication: entries sent, accepted, refused and acknowledged; heartbeats.
    Append,
    /// Commitment.
    Commit,
    /// Changes of role.
    Role,
    /// Finished writes.
    Disk,
    /// Requests, replies, and the actions of clients.
    Client,
    /// Timers.
    Timer,
    /// Crashes, restarts, pauses, clocks, links and disks.
    Fault,
    /// Lost messages.
    Drop,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 9] = [
        Kind::Vote,
        Kind::Append,
        Kind::Commit,
        Kind::Role,
        Kind::Disk,
        Kind::Client,
        Kind::Timer,
        Kind::Fault,
        Kind::Drop,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Vote => "vote",
            Kind::Append => "append",
            Kind::Commit => "commit",
            Kind::Role => "role",
            Kind::Disk => "disk",
            Kind::Client => "client",
            Kind::Timer => "timer",
            Kind::Fault => "fault",
            Kind::Drop => "drop",
        }
    }
}

/// The role of a node, as a trace writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the roles of the paper")]
pub enum Role {
    Follower,
    PreCandidate,
    Candidate,
    Leader,
}

/// Converts decisions to text, for nodes with these names.
#[derive(Clone, Copy)]
pub struct Words<'a>(pub &'a [String]);

/// A decision without its rule, and the kind of its event.
struct Phrase {
    what: &'static str,
    text: String,
    values: Value,
    kind: Option<Kind>,
    notable: bool,
}

impl Phrase {
    fn new(what: &'static str, kind: Option<Kind>, text: String, values: Value) -> Phrase {
        Phrase {
            what,
            text,
            values,
            kind,
            notable: false,
        }
    }

    fn notable(self) -> Phrase {
        Phrase {
            notable: true,
            ..self
        }
    }
}

impl Words<'_> {
    fn name(&self, id: NodeId) -> &str {
        &self.0[engine_id(id).0 as usize]
    }

    /// The name of a node, if the node exists. An operator may name one that does not.
    fn known(&self, id: NodeId) -> Option<&String> {
        let position = usize::try_from(id.0.checked_sub(1)?).ok()?;
        self.0.get(position)
    }

    /// The decision, and the kind of its step's event.
    pub fn of(&self, event: &kv::Event) -> (Decision, Option<Kind>) {
        let phrase = self.phrase(event);
        let rule = match event {
            kv::Event::Core(core) => core.rule(),
            _ => None,
        };
        let values = match phrase.values {
            Value::Object(values) => values,
            _ => Map::new(),
        };
        let decision = Decision {
            what: phrase.what.to_owned(),
            rule: rule.map(|rule| rule.card().name.to_owned()),
            text: phrase.text,
            values,
            notable: phrase.notable,
        };
        (decision, phrase.kind)
    }

    /// Each group handles its own events, and no event belongs to two groups.
    fn core(&self, event: &Event) -> Phrase {
        let groups = [
            Self::role,
            Self::vote,
            Self::follower,
            Self::leader,
            Self::read,
            Self::proposal,
            Self::snapshot,
            Self::transfer,
            Self::members,
        ];
        let mut phrases = groups.into_iter().filter_map(|group| group(self, event));
        phrases.next().expect("each event belongs to a group")
    }
}

fn at(entry: EntryId) -> String {
    entry.to_string()
}
