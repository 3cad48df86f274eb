//! A node's messages and writes: those of the core, with their payloads.

use alloc::boxed::Box;
use alloc::sync::Arc;

use raft_core::{Body, Index, LeaseRefusal, NodeId, SnapshotId, Span};

use crate::command::{ClientId, Serial};
use crate::entry::{Entry, SessionId};
use crate::members;
use crate::payload::{Payload, Payloads};
use crate::reply::Reply;
use crate::snapshot::{Piece, Snapshot};

/// A message between nodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// The core's message.
    pub raft: raft_core::Message,
    /// The payloads of an AppendEntries, in order; empty otherwise.
    pub payloads: Payloads,
    /// The bytes of an InstallSnapshot.
    pub piece: Option<Box<Piece>>,
    /// The entry of a Propose. The leader puts its own stamp on it.
    pub proposal: Option<Box<Payload>>,
    /// Whether the sender considers the receiver a witness, and leaves out the content of entries.
    pub to_witness: bool,
}

impl Message {
    /// A message without contents.
    #[inline]
    pub fn bare(raft: raft_core::Message) -> Self {
        Self {
            raft,
            payloads: Payloads::new(),
            piece: None,
            proposal: None,
            to_witness: false,
        }
    }

    /// Whether it is complete: it has exactly one payload for each of its entries, an undamaged
    /// piece, and the one entry that it proposes.
    #[inline]
    pub(crate) fn is_complete(&self) -> bool {
        let entries = match &self.raft.body {
            Body::AppendEntries(append) => append.last.0.saturating_sub(append.prev.index.0),
            _ => 0,
        };
        let piece = match (&self.raft.body, &self.piece) {
            (Body::InstallSnapshot(install), Some(piece)) => {
                piece.bytes.len() as u64 == install.length && piece.is_sound()
            }
            (Body::InstallSnapshot(_), None) | (_, Some(_)) => false,
            (_, None) => true,
        };
        let proposal = match (&self.raft.body, &self.proposal) {
            (Body::Propose { sizes, .. }, Some(proposal)) => {
                sizes.len() == 1 && Entry::decode(proposal.bytes()).is_ok()
            }
            (Body::Propose { .. }, None) | (_, Some(_)) => false,
            (_, None) => true,
        };
        entries == self.payloads.len() as u64 && piece && proposal && self.names_its_members()
    }

    /// Whether the last entry holds the configuration of the core's message, and no other entry
    /// holds one.
    #[inline]
    fn names_its_members(&self) -> bool {
        let held = match &self.raft.body {
            Body::AppendEntries(append) => append.configuration.as_deref(),
            _ => None,
        };
        let Some((last, others)) = self.payloads.split_last() else {
            return held.is_none();
        };
        let none = others
            .iter()
            .all(|other| !members::is_members(other.bytes()));
        let holds = members::decode(last.bytes());
        none && holds.is_ok_and(|holds| holds.as_ref() == held)
    }
}

/// A write of the ordered stream. Writes become durable in the order in which the node puts them
/// out. Their numbers follow that order from 1 on, and start again after a restart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Write {
    /// A write to the hard state and the log.
    Log(LogWrite),
    /// A complete snapshot, in place of the one before. The write is atomic.
    Snapshot(Snapshot),
    /// A piece of a snapshot that another node sends. The write is atomic.
    Piece {
        /// The snapshot. The write removes the pieces of any other.
        snapshot: SnapshotId,
        /// The place of the piece in bytes. The write removes the bytes after that place.
        offset: u64,
        /// Its bytes.
        bytes: Arc<[u8]>,
    },
}

impl Write {
    /// The write to the hard state and the log, if this is one.
    #[inline]
    pub fn log(&self) -> Option<&LogWrite> {
        match self {
            Write::Log(log) => Some(log),
            Write::Snapshot(_) | Write::Piece { .. } => None,
        }
    }
}

/// A complete write of the core: hard state, then truncation or base, then entry by entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LogWrite {
    /// The core's write.
    pub raft: raft_core::Write,
    /// The payloads of the appended entries, in order.
    pub payloads: Payloads,
}

/// A response to a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Response {
    /// The operation was executed.
    Done {
        /// Its result.
        reply: Reply,
        /// The last entry applied to the state that gave the answer.
        index: Index,
    },
    /// The operation was not executed, and this node will not cause its execution: it does not
    /// lead. If nodes forward requests, the network may have duplicated one, and a leader may have
    /// accepted the duplicate. So only a retry under the same serial is safe.
    NotLeader {
        /// The leader, if this node knows it.
        leader: Option<NodeId>,
    },
    /// Another leader's entry replaced this one, or the node cannot tell: it received a snapshot in
    /// place of the entry, or it forwarded the request and got no answer in time. A retry under the
    /// same serial is safe.
    Lost,
    /// The client has made a newer request since; the reply to this one is gone.
    Superseded,
    /// The operation was not executed: the limit on waiting requests is reached.
    Busy,
    /// A read failed because this node's role or term changed. The client may ask any node again.
    ReadFailed,
    /// A stale read failed: the client has seen a newer state than this node's.
    Behind {
        /// The last entry that the node has applied.
        applied: Index,
    },
    /// Lease reads are not available.
    NoLease(LeaseRefusal),
    /// A session was opened.
    SessionOpened {
        /// The session.
        session: SessionId,
        /// The unused time after which it expires; `None`: never.
        lasts: Option<Span>,
    },
    /// The session was renewed.
    SessionKept,
    /// The client's session has expired. The request was not executed now, but an earlier try may
    /// have been executed in the session. The client has to open a new session.
    SessionExpired,
}

/// Receives the effects of a step, in order. A write comes before the messages of its step. The
/// driver may carry out all of them at once (see [`raft_core::Effect`]).
pub trait Outbox {
    /// Sends a message.
    fn send(&mut self, to: NodeId, message: Message);
    /// Makes this durable after all writes before it. The driver then reports it with
    /// [`crate::Input::Written`].
    fn write(&mut self, write: Write);
    /// Answers a client.
    fn reply(&mut self, client: ClientId, serial: Serial, response: Response);
    /// Tells observers that the entry at `index` was applied and left this state hash.
    fn applied(&mut self, index: Index, state_hash: u64) {
        let _ = (index, state_hash);
    }
}
