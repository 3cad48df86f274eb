//! What a node decides besides what its core decides.

use raft_core::{EntryId, Index, NodeId, SnapshotId};

use crate::command::{ClientId, Serial};
use crate::machine::Applied;
use crate::session::Outcome;

/// Something that a node decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Its core decided.
    Core(raft_core::Event),
    /// An entry was applied to the state machine.
    Applied {
        /// Which one.
        entry: EntryId,
        /// What came of it.
        came: Came,
    },
    /// A waiting client was answered by the entry applied at its index.
    Answered {
        /// Who.
        client: ClientId,
        /// Its request.
        serial: Serial,
        /// The entry applied.
        entry: EntryId,
        /// Whether that is another leader's entry, so that the request is lost.
        lost: bool,
    },
    /// A request that was passed on was accepted, and something is applied at its index already: its
    /// client is told that it is lost.
    AcceptedTooLate {
        /// Who asked.
        client: ClientId,
        /// Its request.
        serial: Serial,
        /// The entry that it became.
        entry: EntryId,
    },
    /// A read without an entry was answered.
    ReadAnswered {
        /// Who asked.
        client: ClientId,
        /// Its request.
        serial: Serial,
        /// How far the state must reach for the answer to be linearizable; `None` if nobody said,
        /// since the client wants whatever there is.
        needs: Option<Index>,
        /// How far it reaches.
        applied: Index,
    },
    /// A stale read was not answered: the client has seen more.
    ReadBehind {
        /// Who asked.
        client: ClientId,
        /// What it has seen.
        after: Index,
        /// How far the state reaches.
        applied: Index,
    },
    /// A snapshot of the state was taken and is on its way to the disk.
    SnapshotBegun {
        /// Which one.
        snapshot: SnapshotId,
    },
    /// All of a snapshot was received, and it is not what it was to be.
    SnapshotUnsound {
        /// Which one.
        snapshot: SnapshotId,
    },
    /// A message was put aside because the payloads of its entries, or the bytes of its piece, are
    /// missing or damaged.
    PayloadsMissing {
        /// The other end of the link.
        from: NodeId,
    },
    /// A message was put aside that makes this server a member that holds data: it lacks those that
    /// were left out while it was a witness.
    DataMissing {
        /// Who sent it.
        from: NodeId,
    },
}

/// What came of an entry that was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Came {
    /// It holds no command.
    Nothing,
    /// Its command was executed.
    Executed,
    /// Its command was executed before: the session answers.
    Repeated,
    /// The client has made a newer request since.
    Superseded,
    /// The client has no such session.
    Expired,
    /// It opened a session.
    Opened,
    /// It kept a session.
    Kept,
}

impl From<&Applied<'_>> for Came {
    fn from(applied: &Applied<'_>) -> Self {
        match applied {
            Applied::Empty | Applied::Undecodable(_) => Came::Nothing,
            Applied::Command { outcome, .. } => match outcome {
                Outcome::Executed(_) => Came::Executed,
                Outcome::Repeated(_) => Came::Repeated,
                Outcome::Superseded => Came::Superseded,
                Outcome::Expired => Came::Expired,
                Outcome::Opened { .. } => Came::Opened,
                Outcome::Kept => Came::Kept,
            },
        }
    }
}

/// Receives events as they happen. With `()` they compile to nothing.
pub trait Observer {
    /// Something was decided.
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
