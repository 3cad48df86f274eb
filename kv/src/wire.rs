//! What leaves a node: the core's messages and writes with the payloads they speak of.

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
    /// What the core says.
    pub raft: raft_core::Message,
    /// The payloads of an AppendEntries, in order; empty otherwise.
    pub payloads: Payloads,
    /// The bytes of an InstallSnapshot.
    pub piece: Option<Box<Piece>>,
    /// The entry that a Propose asks for. Its leader stamps it anew.
    pub proposal: Option<Box<Payload>>,
    /// Whether its sender takes the receiver for a witness, and leaves out the content of entries.
    pub to_witness: bool,
}

impl Message {
    /// A message that brings nothing.
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

    /// Whether it brings a payload for each entry it speaks of, the bytes of its piece undamaged, the
    /// one entry that it proposes, and no more.
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

    /// Whether the configuration that the core is told of is what the last entry holds, and no other
    /// entry holds one.
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

/// A write of the ordered stream. They become durable in the order in which they are put out, and
/// are numbered in that order from 1 on, beginning again with each start.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Write {
    /// To the hard state and the log.
    Log(LogWrite),
    /// A whole snapshot, in place of the one before. It is there whole or not at all.
    Snapshot(Snapshot),
    /// A piece of a snapshot that another node sends. It is there whole or not at all.
    Piece {
        /// Of which snapshot. What is there of any other is forgotten.
        snapshot: SnapshotId,
        /// Where it begins, in bytes; what follows that place is forgotten.
        offset: u64,
        /// Its bytes.
        bytes: Arc<[u8]>,
    },
}

impl Write {
    /// What it does to the hard state and the log, if anything.
    #[inline]
    pub fn log(&self) -> Option<&LogWrite> {
        match self {
            Write::Log(log) => Some(log),
            Write::Snapshot(_) | Write::Piece { .. } => None,
        }
    }
}

/// A write of the core, whole: hard state, then truncation or base, then entry by entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LogWrite {
    /// What the core asks for.
    pub raft: raft_core::Write,
    /// The payloads of the appended entries, in order.
    pub payloads: Payloads,
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Response {
    /// The operation was done, and this came out.
    Done {
        /// What came out.
        reply: Reply,
        /// The state that it was answered from: with everything applied up to here.
        index: Index,
    },
    /// It was not done and will not be on this node's account: it does not lead. Where nodes pass
    /// requests on, the network may double one, and then a leader may have taken the other: only a
    /// retry under the same serial is safe.
    NotLeader {
        /// The leader, if this node knows it.
        leader: Option<NodeId>,
    },
    /// The entry was replaced by another leader's, or this node cannot tell: it was given a snapshot
    /// in its place, or it passed the request on and heard nothing, or too late. A retry under the
    /// same serial is safe.
    Lost,
    /// The client has made a newer request since; the reply to this one is gone.
    Superseded,
    /// It was not done: as much waits here as may.
    Busy,
    /// A read was not answered: this node's role or term changed. Any node may be asked again.
    ReadFailed,
    /// A stale read was not answered: the client has seen more than this node has applied.
    Behind {
        /// What it has applied.
        applied: Index,
    },
    /// There are no lease reads here.
    NoLease(LeaseRefusal),
    /// A session was opened.
    SessionOpened {
        /// Which one.
        session: SessionId,
        /// How long it lasts unused; `None`: for ever.
        lasts: Option<Span>,
    },
    /// The session goes on.
    SessionKept,
    /// The client's session has expired. The request was not executed now; an earlier try of it may
    /// have been, while the session lasted. A new session has to be opened.
    SessionExpired,
}

/// Takes what a step puts out, in the order in which it is put out. A write comes before the
/// messages of its step; all of them may be carried out at once (see [`raft_core::Effect`]).
pub trait Outbox {
    /// Send this.
    fn send(&mut self, to: NodeId, message: Message);
    /// Make this durable after all writes before it, then say so with [`crate::Input::Written`].
    fn write(&mut self, write: Write);
    /// Tell a client.
    fn reply(&mut self, client: ClientId, serial: Serial, response: Response);
    /// For whoever watches: the entry at `index` was applied and left this state hash.
    fn applied(&mut self, index: Index, state_hash: u64) {
        let _ = (index, state_hash);
    }
}
