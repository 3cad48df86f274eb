//! The facts of a run that an explanation may use.

use raft_core::{EntryId, Term};
use simulator::NodeId;
use sut::NodeSet;

use super::observed::{Answer, Applied, Image, Operation, Read};

/// The number of an event and its time in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct When {
    pub(super) event: u64,
    pub(super) time: u64,
}

/// A vote that left its node: the reply to a candidate, or a candidate's own RequestVote.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vote {
    pub(super) when: When,
    pub(super) node: NodeId,
    pub(super) term: Term,
    pub(super) candidate: NodeId,
}

/// The decision to give a vote, which leaves later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grant {
    pub(super) when: When,
    pub(super) node: NodeId,
    pub(super) term: Term,
    pub(super) candidate: NodeId,
    /// The candidate's last entry, and the voter's.
    pub(super) theirs: EntryId,
    pub(super) own: EntryId,
}

/// An elected leader and the votes that it counted.
#[derive(Clone, Debug)]
pub(super) struct Election {
    pub(super) when: When,
    pub(super) node: NodeId,
    pub(super) term: Term,
    pub(super) votes: Vec<NodeId>,
    /// The members without data.
    pub(super) witnesses: NodeSet,
}

/// A commit index that rose, and the copies of its entry at that time.
#[derive(Clone, Debug)]
pub(super) struct Commit {
    pub(super) when: When,
    pub(super) node: NodeId,
    /// The node's own term.
    pub(super) term: Term,
    pub(super) leads: bool,
    pub(super) was: u64,
    pub(super) index: u64,
    /// The entry's term.
    pub(super) entry: Term,
    /// The nodes whose copy the leader counts.
    pub(super) counted: Vec<NodeId>,
    /// The members without data.
    pub(super) witnesses: NodeSet,
    /// The nodes whose disk holds the log up to it.
    pub(super) held: Vec<NodeId>,
}

/// An acknowledgement that left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ack {
    pub(super) when: When,
    pub(super) node: NodeId,
    pub(super) to: NodeId,
    pub(super) index: u64,
    /// The last index of its log that the node's disk held.
    pub(super) durable: u64,
}

/// A match index that a leader raised or lowered.
#[derive(Clone, Copy, Debug)]
pub(super) struct MatchUpdate {
    pub(super) when: When,
    pub(super) leader: NodeId,
    pub(super) peer: NodeId,
    pub(super) index: u64,
    /// The event that sent the answer.
    pub(super) sent: u64,
}

/// A change of a node's log.
#[derive(Clone, Debug)]
pub(super) struct LogEdit {
    pub(super) when: When,
    pub(super) node: NodeId,
    pub(super) change: LogChange,
}

/// How a log changed.
#[derive(Clone, Debug)]
pub(super) enum LogChange {
    /// The node removed the entries from this index on, because of a message of a node. A write of such
    /// entries, up to the last index, was still on its way to the disk.
    Truncated(u64, Option<NodeId>, Option<u64>),
    /// The node put entries of a term in place, from the first index to the last.
    Appended(u64, u64, Term),
    /// The node installed a snapshot from a node: these are the terms that it stands for.
    Installed(Vec<Term>, Option<NodeId>),
    /// The node began with this log.
    Initial(Vec<Term>),
    /// The node crashed and lost this number of writes; this disk remained.
    Crashed(u64, Image),
}

/// An entry that a node applied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Apply {
    pub(super) when: When,
    pub(super) node: NodeId,
    pub(super) applied: Applied,
}

/// A stage of a client's operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct OperationEvent {
    pub(super) when: When,
    pub(super) operation: Operation,
    pub(super) stage: OperationStage,
}

/// What happened to an operation.
#[derive(Clone, Copy, Debug)]
pub(super) enum OperationStage {
    /// Its client sent it.
    Sent,
    /// A node answered it.
    Answered(NodeId, Answer),
    /// A node answered it from its state, without an entry.
    Read(NodeId, Read),
    /// Its client accepted the response of this node.
    AnswerTaken(NodeId),
}

/// The entry's term in a log.
pub(super) fn term_at(log: &[Term], index: u64) -> Option<Term> {
    let position = usize::try_from(index.checked_sub(1)?).ok()?;
    log.get(position).copied()
}
