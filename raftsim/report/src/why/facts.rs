//! What happens in a run that a story may tell: facts alone, no opinion.

use raft_core::{EntryId, Term};
use simulator::NodeId;
use sut::NodeSet;

use super::moment::{Answer, Applied, Image, Operation, Read};

/// When something happened: the number of the event, and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct When {
    pub(super) event: u64,
    pub(super) time: u64,
}

/// A vote that left its voter: given to another, or to itself with RequestVote.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vote {
    pub(super) when: When,
    pub(super) node: NodeId,
    pub(super) term: Term,
    pub(super) candidate: NodeId,
}

/// A vote that was decided; it leaves later.
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

/// A leader, with the votes that it counted.
#[derive(Clone, Debug)]
pub(super) struct Election {
    pub(super) when: When,
    pub(super) node: NodeId,
    pub(super) term: Term,
    pub(super) votes: Vec<NodeId>,
    /// Who holds no data.
    pub(super) witnesses: NodeSet,
}

/// A commit index that rose, and which copies of its entry there were.
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
    /// Who holds no data.
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
    /// How far the node's disk held its log.
    pub(super) durable: u64,
}

/// A leader that learnt what another node holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Learnt {
    pub(super) when: When,
    pub(super) leader: NodeId,
    pub(super) peer: NodeId,
    pub(super) index: u64,
    /// The event that sent the answer.
    pub(super) sent: u64,
}

/// A change of a node's log.
#[derive(Clone, Debug)]
pub(super) struct Edit {
    pub(super) when: When,
    pub(super) node: NodeId,
    pub(super) change: Change,
}

/// What became of a log.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// This entry and all after it were removed, on a message of this node, while a write of such
    /// entries was still on its way to the disk, up to the last one named.
    Cut(u64, Option<NodeId>, Option<u64>),
    /// Entries of this term were put in place, from the first to the last.
    Put(u64, u64, Term),
    /// This took the place of the log: what a snapshot stands for that this node sent.
    Given(Vec<Term>, Option<NodeId>),
    /// The node began with this log.
    Begin(Vec<Term>),
    /// The node went down with so many writes on their way, and this is left.
    Crash(u64, Image),
}

/// An entry that a node applied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    pub(super) when: When,
    pub(super) node: NodeId,
    pub(super) applied: Applied,
}

/// Something about a client's operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) when: When,
    pub(super) operation: Operation,
    pub(super) step: Asking,
}

/// What happened to an operation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asking {
    /// Its client sent it.
    Sent,
    /// A node answered it.
    Answered(NodeId, Answer),
    /// A node answered it from its state, without an entry.
    Read(NodeId, Read),
    /// Its client took the answer of this node.
    Told(NodeId),
}

/// The entry's term in a log.
pub(super) fn term_at(log: &[Term], index: u64) -> Option<Term> {
    let place = usize::try_from(index.checked_sub(1)?).ok()?;
    log.get(place).copied()
}
