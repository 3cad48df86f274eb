//! What a step expects of the cluster at its moment.

use kv::Bytes;
use serde::{Deserialize, Serialize};
use simulator::{ClientId, NodeId};
use sut::{MemberSets, NodeSet};

/// What must be the case when the step is reached. Each list holds what is asked of single nodes
/// or clients; what is not listed may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// These nodes take themselves for leader.
    pub leader: NodeSet,
    /// These nodes do not.
    pub not_leader: NodeSet,
    /// These nodes are down.
    pub down: NodeSet,
    /// What nodes are.
    pub roles: Vec<(NodeId, RoleName)>,
    /// Their terms.
    pub terms: Vec<(NodeId, u64)>,
    /// Whom they voted for in their term; `None`: nobody.
    pub voted_for: Vec<(NodeId, Option<NodeId>)>,
    /// Their commit indexes.
    pub commit: Vec<(NodeId, u64)>,
    /// The last index each has applied.
    pub applied: Vec<(NodeId, u64)>,
    /// The last entry before their logs; 0 for a whole log.
    pub begins_after: Vec<(NodeId, u64)>,
    /// The terms of the entries in their logs, from where these begin.
    pub logs: Vec<(NodeId, Vec<u64>)>,
    /// The terms of the entries on their disks, from where the logs there begin.
    pub durable: Vec<(NodeId, Vec<u64>)>,
    /// The members that they go by.
    pub members: Vec<(NodeId, MemberSets)>,
    /// The values in their state machines, by key; the empty text also stands for no value.
    pub values: Vec<(NodeId, Vec<(Bytes, Bytes)>)>,
    /// Whether the last operation of clients has been answered.
    pub replied: Vec<(ClientId, bool)>,
    /// Whether the last operation of clients was refused because their session had expired.
    pub expired: Vec<(ClientId, bool)>,
    /// The value that the last operation of clients read; it was a get, and was answered.
    pub read: Vec<(ClientId, Bytes)>,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RoleName {
    /// It follows whoever leads.
    Follower,
    /// It asks whether it could win.
    PreCandidate,
    /// It asks for votes.
    Candidate,
    /// It leads.
    Leader,
}
