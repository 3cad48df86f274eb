//! One event of a run with everything that a story may need of it.

use checks::Sets;
use kv::{ClientId, Serial};
use raft_core::{EntryId, HardState, Index, Instant, Message, RoleKind, Settings, Term, Write};
use simulator::NodeId;

/// An event as it happened.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) id: u64,
    pub(super) time: u64,
    pub(super) node: Option<NodeId>,
    pub(super) what: What,
    /// What the node decided, in order.
    pub(super) decisions: Vec<raft_core::Event>,
    /// What it sent to other nodes.
    pub(super) sent: Vec<(NodeId, Message)>,
    /// What it gave to its disk for its log, by number among all it gave since it started.
    pub(super) writes: Vec<(u64, Write)>,
    /// What it applied.
    pub(super) applied: Vec<Applied>,
    /// Whom it answered.
    pub(super) answers: Vec<Answer>,
    /// Which reads without an entry it answered.
    pub(super) reads: Vec<Read>,
    /// What it is after the event; absent while it is down.
    pub(super) after: Option<Look>,
}

/// What happened.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// A message of another node arrived; `sent` is the event that sent it.
    Receive {
        from: NodeId,
        sent: u64,
        message: Message,
    },
    /// Writes became durable, up to this one.
    Written(u64),
    /// The node went down; so much was lost, and this is left.
    Crash { lost: u64, disk: Image },
    /// The node booted from this.
    Restart(Image),
    /// The operator commanded the node.
    Ordered(kv::Operator),
    /// A client asked, for the first time or again.
    Asked(Operation),
    /// A client took its answer from this node.
    Told(Operation, NodeId),
    /// Anything else.
    Other,
}

/// A client's operation: client and serial.
pub(super) type Operation = (u64, u64);

/// What is durable on one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) hard: HardState,
    /// The terms of its log, from index 1: before its base, those of what was committed.
    pub(super) log: Vec<Term>,
}

/// A node as one can see it from outside.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) term: Term,
    pub(super) vote: Option<NodeId>,
    pub(super) role: RoleKind,
    /// The last entry before its log.
    pub(super) base: Index,
    /// Up to where it believes its log to be durable.
    pub(super) durable: Index,
    /// What a leader believes of the others.
    pub(super) matches: Vec<(NodeId, Index)>,
    /// When it believes that they last followed it.
    pub(super) contacts: Vec<(NodeId, Instant)>,
    /// Whether it is changing the members.
    pub(super) changing: bool,
    /// What its clock shows.
    pub(super) now: Instant,
    pub(super) settings: Settings,
    pub(super) commit: Index,
    /// The latest members in its log, where they stand in it, and those that it goes by.
    pub(super) members: Sets,
    pub(super) configured_at: Index,
    pub(super) goes_by: Sets,
}

/// An entry that a node applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Applied {
    pub(super) entry: EntryId,
    /// The request it holds, if it holds one.
    pub(super) request: Option<Operation>,
    /// Whether the node carried out a request again that it had carried out before.
    pub(super) again: bool,
    /// The hash of its state after it.
    pub(super) state: u64,
}

/// A read without an entry that a node answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) operation: Operation,
    /// How far the state must reach; nothing for a read that may be stale.
    pub(super) needs: Option<Index>,
    /// How far it reaches.
    pub(super) applied: Index,
}

/// A client that was answered from an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) client: ClientId,
    pub(super) serial: Serial,
    pub(super) entry: EntryId,
    /// The request that the entry holds.
    pub(super) holds: Option<Operation>,
}
