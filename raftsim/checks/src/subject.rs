//! The subject of a violation, so that a search for its causes needs to parse no text.

use raft_core::Term;
use simulator::{ClientId, NodeId};

/// The subject of a violation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subject {
    /// The run as a whole, or a subject that only the facts describe.
    #[default]
    Whole,
    /// One node, which contradicts itself.
    Node(NodeId),
    /// Two leaders of one term.
    Leaders {
        /// The term.
        term: Term,
        /// The nodes in the order of their elections.
        leaders: [NodeId; 2],
    },
    /// A vote that a node gave and did not keep.
    Vote {
        /// The node.
        node: NodeId,
        /// The term it voted in.
        term: Term,
        /// The candidate with the vote.
        candidate: NodeId,
    },
    /// A part of its log that a node acknowledged or was told is durable, and does not hold.
    Copy {
        /// The node.
        node: NodeId,
        /// The first entry it does not hold.
        index: u64,
    },
    /// A leader's log that misses a committed entry.
    Missing {
        /// The leader.
        leader: NodeId,
        /// The missing committed entry.
        index: u64,
        /// The term of that entry.
        term: Term,
    },
    /// A node that commits another entry than the one that was committed.
    Replaced {
        /// The node.
        node: NodeId,
        /// The first entry that differs.
        index: u64,
        /// The term of the entry that was committed at the index first.
        term: Term,
    },
    /// A node whose state differs from another's after the same entry.
    State {
        /// The node.
        node: NodeId,
        /// The entry.
        index: u64,
    },
    /// Two logs that hold the same entry and differ before it.
    Entry {
        /// The node of one of the logs.
        node: NodeId,
        /// The entry's index.
        index: u64,
        /// The entry's term.
        term: Term,
    },
    /// A commit without a quorum.
    Commit {
        /// The leader that commits.
        node: NodeId,
        /// The entry's index.
        index: u64,
        /// The entry's term.
        term: Term,
    },
    /// Two nodes that can decide independently.
    Deciders {
        /// The nodes.
        nodes: [NodeId; 2],
    },
    /// A leader whose match index for a follower went back.
    Match {
        /// The leader.
        leader: NodeId,
        /// The follower.
        peer: NodeId,
    },
    /// An operation of a client.
    Request {
        /// The client.
        client: ClientId,
        /// The client's number of the operation.
        serial: u64,
    },
}
