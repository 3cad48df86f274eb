//! What leaves a node: the core's messages and writes with the payloads they speak of.

use alloc::vec::Vec;

use raft_core::{Append, Body, HardState, Index, LeaseRefusal, NodeId, Term};

use crate::command::{ClientId, Serial};
use crate::payload::{Payload, Payloads};
use crate::reply::Reply;

/// A message between nodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// What the core says.
    pub raft: raft_core::Message,
    /// The payloads of an AppendEntries, in order; empty otherwise.
    pub payloads: Payloads,
}

impl Message {
    /// Whether it brings a payload for each entry it speaks of, and no more.
    pub(crate) fn is_complete(&self) -> bool {
        let entries = match &self.raft.body {
            Body::AppendEntries(append) => append.last.0.saturating_sub(append.prev.index.0),
            _ => 0,
        };
        entries == self.payloads.len() as u64
    }
}

/// A write of the ordered stream, whole: hard state, then truncation, then entry by entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
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
    /// It was not done and will not be on this node's account: it does not lead.
    NotLeader {
        /// The leader, if this node knows it.
        leader: Option<NodeId>,
    },
    /// The entry was replaced by another leader's. A retry under the same serial is safe.
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

/// What is durable, as records: the hard state and the log's entries after the base.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Disk {
    /// Term and vote.
    pub hard_state: HardState,
    /// The entries with their terms; the first has index 1.
    pub entries: Vec<(Term, Payload)>,
}

impl Disk {
    /// Makes a whole write durable.
    pub fn apply(&mut self, write: Write) {
        if let Some(hard_state) = write.raft.hard_state {
            self.hard_state = hard_state;
        }
        if let Some(from) = write.raft.truncate_from {
            self.entries.truncate(place(from));
        }
        let Some(Append { first, term, .. }) = write.raft.append else {
            return;
        };
        for (offset, payload) in write.payloads.into_iter().enumerate() {
            self.put(place(first) + offset, (term, payload));
        }
    }

    /// Makes the first `parts` parts of a write durable: what a crash in the middle leaves.
    pub fn apply_parts(&mut self, write: &Write, parts: u32) {
        let mut left = parts;
        let mut take = || {
            let taken = left > 0;
            left = left.saturating_sub(1);
            taken
        };
        if let Some(hard_state) = write.raft.hard_state
            && take()
        {
            self.hard_state = hard_state;
        }
        if let Some(from) = write.raft.truncate_from
            && take()
        {
            self.entries.truncate(place(from));
        }
        let Some(Append { first, term, .. }) = &write.raft.append else {
            return;
        };
        for (offset, payload) in write.payloads.iter().enumerate() {
            if !take() {
                return;
            }
            self.put(place(*first) + offset, (*term, payload.clone()));
        }
    }

    fn put(&mut self, place: usize, entry: (Term, Payload)) {
        assert!(
            place <= self.entries.len(),
            "a write leaves no hole in the log"
        );
        match self.entries.get_mut(place) {
            Some(old) => *old = entry,
            None => self.entries.push(entry),
        }
    }
}

/// In how many places a write can be cut: its parts become durable one after the other.
pub fn parts(write: &Write) -> u32 {
    let before = usize::from(write.raft.hard_state.is_some())
        + usize::from(write.raft.truncate_from.is_some());
    u32::try_from(before + write.payloads.len()).expect("a write has fewer parts than 2^32")
}

fn place(index: Index) -> usize {
    usize::try_from(index.0.saturating_sub(1)).expect("the log fits in memory")
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;

    use raft_core::{Source, WriteId};

    use super::*;

    fn payload(byte: u8) -> Payload {
        Payload::new(Arc::from([byte]))
    }

    #[test]
    fn a_write_becomes_durable_part_by_part_in_order() {
        let old = Disk {
            hard_state: HardState::default(),
            entries: [1, 2, 3].map(|byte| (Term(1), payload(byte))).to_vec(),
        };
        let hard_state = HardState {
            current_term: Term(2),
            voted_for: None,
        };
        let write = Write {
            raft: raft_core::Write {
                id: WriteId(1),
                hard_state: Some(hard_state),
                truncate_from: Some(Index(2)),
                rebase: None,
                append: Some(Append {
                    first: Index(2),
                    last: Index(3),
                    term: Term(2),
                    source: Source::Message,
                    configuration: None,
                }),
            },
            payloads: [payload(8), payload(9)].into_iter().collect(),
        };
        assert_eq!(parts(&write), 4);
        let after = |parts| {
            let mut disk = old.clone();
            disk.apply_parts(&write, parts);
            let bytes: Vec<u8> = disk.entries.iter().map(|(_, p)| p.bytes()[0]).collect();
            (disk.hard_state.current_term.0, bytes)
        };
        assert_eq!(after(0), (0, [1, 2, 3].to_vec()));
        assert_eq!(after(1), (2, [1, 2, 3].to_vec()));
        assert_eq!(after(2), (2, [1].to_vec()));
        assert_eq!(after(3), (2, [1, 8].to_vec()));
        assert_eq!(after(4), (2, [1, 8, 9].to_vec()));
        let (mut whole, mut parts) = (old.clone(), old.clone());
        whole.apply(write.clone());
        parts.apply_parts(&write, 4);
        assert_eq!(whole, parts);
    }
}
