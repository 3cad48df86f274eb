//! What a violation is about, for those who look for its causes: no sentence has to be read.

use raft_core::Term;
use simulator::{ClientId, NodeId};

/// What a violation is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subject {
    /// The run as a whole, or something that the facts alone can tell.
    #[default]
    Whole,
    /// One node, which contradicts itself.
    Node(NodeId),
    /// Two leaders of one term.
    Leaders {
        /// The term.
        term: Term,
        /// Who was elected first, and who then.
        leaders: [NodeId; 2],
    },
    /// A vote that a node gave and does not keep.
    Vote {
        /// The node.
        node: NodeId,
        /// The term it voted in.
        term: Term,
        /// Who has its vote.
        candidate: NodeId,
    },
    /// A part of its log that a node promised, or was told is durable, and does not hold.
    Copy {
        /// The node.
        node: NodeId,
        /// The first entry it does not hold.
        index: u64,
    },
    /// A leader's log that lacks a committed entry.
    Missing {
        /// The leader.
        leader: NodeId,
        /// The committed entry it lacks.
        index: u64,
        /// The term of that entry.
        term: Term,
    },
    /// A node that commits something else than what was committed.
    Replaced {
        /// The node.
        node: NodeId,
        /// The first entry that differs.
        index: u64,
        /// The term of the entry that was committed there first.
        term: Term,
    },
    /// A node whose state differs from another's after the same entry.
    State {
        /// The node.
        node: NodeId,
        /// The entry.
        index: u64,
    },
    /// A log that holds an entry that another log holds too, and differs before it.
    Entry {
        /// Whose log.
        node: NodeId,
        /// The entry's index.
        index: u64,
        /// The entry's term.
        term: Term,
    },
    /// A commit without a quorum.
    Commit {
        /// Who commits.
        node: NodeId,
        /// The entry's index.
        index: u64,
        /// The entry's term.
        term: Term,
    },
    /// Two nodes that can decide apart.
    Deciders {
        /// Which ones.
        nodes: [NodeId; 2],
    },
    /// A leader that knows less of a follower than before.
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
        /// The client's number of it.
        serial: u64,
    },
}
