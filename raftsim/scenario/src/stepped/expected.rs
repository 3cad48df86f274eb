//! The state of the cluster that a step expects.

use kv::Bytes;
use serde::{Deserialize, Serialize};
use simulator::{ClientId, NodeId};
use sut::{MemberSets, NodeSet};

/// The state that the cluster must have when the step is reached. Each list has expectations about single
/// nodes or clients. There is no expectation about what is not listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// These nodes are leaders.
    pub leader: NodeSet,
    /// These nodes are not leaders.
    pub not_leader: NodeSet,
    /// These nodes are down.
    pub down: NodeSet,
    /// The roles of nodes.
    pub roles: Vec<(NodeId, RoleName)>,
    /// The terms of nodes.
    pub terms: Vec<(NodeId, u64)>,
    /// The node that each node voted for in its term; `None` if it has not voted.
    pub voted_for: Vec<(NodeId, Option<NodeId>)>,
    /// The commit indexes of nodes.
    pub commit: Vec<(NodeId, u64)>,
    /// The last index that each node has applied.
    pub applied: Vec<(NodeId, u64)>,
    /// The last index before each node's log; 0 for a whole log.
    pub begins_after: Vec<(NodeId, u64)>,
    /// The terms of the entries in each node's log, from the first entry that it holds.
    pub logs: Vec<(NodeId, Vec<u64>)>,
    /// The terms of the entries on each node's disk, from the first entry that it holds.
    pub durable: Vec<(NodeId, Vec<u64>)>,
    /// The members in each node's configuration.
    pub members: Vec<(NodeId, MemberSets)>,
    /// The values in each node's state machine, by key. The empty text also stands for no value.
    pub values: Vec<(NodeId, Vec<(Bytes, Bytes)>)>,
    /// Whether the last operation of each client has been answered.
    pub replied: Vec<(ClientId, bool)>,
    /// Whether the last operation of each client was refused because its session had expired.
    pub expired: Vec<(ClientId, bool)>,
    /// The value that the last operation of each client read. The operation must be an answered get.
    pub read: Vec<(ClientId, Bytes)>,
}

/// The role of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RoleName {
    /// It follows the leader.
    Follower,
    /// It asks for pre-votes.
    PreCandidate,
    /// It asks for votes.
    Candidate,
    /// It leads.
    Leader,
}
