//! The decisions of a node besides those of its core.

use raft_core::{EntryId, Index, NodeId, SnapshotId};

use crate::command::{ClientId, Serial};
use crate::machine::Applied;
use crate::session::Outcome;

/// A decision of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A decision of its core.
    Core(raft_core::Event),
    /// An entry was applied to the state machine.
    Applied {
        /// The entry.
        entry: EntryId,
        /// The result of applying it.
        outcome: ApplyOutcome,
    },
    /// A waiting client was answered by the entry applied at its index.
    Answered {
        /// The client.
        client: ClientId,
        /// Its request.
        serial: Serial,
        /// The entry applied.
        entry: EntryId,
        /// Whether that is another leader's entry, so that the request is lost.
        lost: bool,
    },
    /// The leader accepted a forwarded request, but an entry is applied at its index already. The
    /// node tells the client that the request is lost.
    AcceptedTooLate {
        /// The client.
        client: ClientId,
        /// Its request.
        serial: Serial,
        /// The entry that it became.
        entry: EntryId,
    },
    /// A read without an entry was answered.
    ReadAnswered {
        /// The client.
        client: ClientId,
        /// Its request.
        serial: Serial,
        /// The last entry that the state must include for the answer to be linearizable; `None` for
        /// a stale read, which accepts any state.
        needs: Option<Index>,
        /// The last entry that the state includes.
        applied: Index,
    },
    /// The node refused a stale read, because the client has seen a newer state.
    ReadBehind {
        /// The client.
        client: ClientId,
        /// The last index that the client has seen.
        after: Index,
        /// The last entry that the state includes.
        applied: Index,
    },
    /// A snapshot of the state was taken and is on its way to the disk.
    SnapshotBegun {
        /// The snapshot.
        snapshot: SnapshotId,
    },
    /// The node received a whole snapshot, and it does not match its name.
    SnapshotUnsound {
        /// The snapshot.
        snapshot: SnapshotId,
    },
    /// The node dropped a message because the payloads of its entries, or the bytes of its piece,
    /// are missing or damaged.
    PayloadsMissing {
        /// The other end of the link.
        from: NodeId,
    },
    /// The node dropped a message that would make it a member with data. It lacks the data that it
    /// was not sent while it was a witness.
    DataMissing {
        /// The sender.
        from: NodeId,
    },
}

/// The result of applying an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApplyOutcome {
    /// It holds no command.
    Nothing,
    /// Its command was executed.
    Executed,
    /// Its command was executed before: the session provides the reply.
    Repeated,
    /// The client has made a newer request since.
    Superseded,
    /// The client does not have this session.
    Expired,
    /// It opened a session.
    Opened,
    /// It renewed a session.
    Kept,
}

impl From<&Applied<'_>> for ApplyOutcome {
    fn from(applied: &Applied<'_>) -> Self {
        match applied {
            Applied::Empty | Applied::Undecodable(_) => ApplyOutcome::Nothing,
            Applied::Command { outcome, .. } => match outcome {
                Outcome::Executed(_) => ApplyOutcome::Executed,
                Outcome::Repeated(_) => ApplyOutcome::Repeated,
                Outcome::Superseded => ApplyOutcome::Superseded,
                Outcome::Expired => ApplyOutcome::Expired,
                Outcome::Opened { .. } => ApplyOutcome::Opened,
                Outcome::Kept => ApplyOutcome::Kept,
            },
        }
    }
}

/// Receives events as they happen. With `()` they compile to nothing.
pub trait Observer {
    /// Receives one decision.
    fn event(&mut self, event: Event);
}

impl Observer for () {
    #[inline(always)]
    fn event(&mut self, _event: Event) {}
}

impl Observer for alloc::vec::Vec<Event> {
    fn event(&mut self, event: Event) {
        self.push(event);
    }
}
