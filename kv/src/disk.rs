//! The content of a node's disk, as records, and the effect of writes on it.

use alloc::sync::Arc;
use alloc::vec::Vec;

use raft_core::{Append, Base, EntryId, HardState, Index, Rebase, SnapshotId, Term};

use crate::payload::Payload;
use crate::snapshot::Snapshot;
use crate::wire::{LogWrite, Write};

/// The durable state: the hard state, the log, and snapshots.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Disk {
    /// Term and vote.
    pub hard_state: HardState,
    /// The base of the log; `None` if the log is whole.
    pub base: Option<Base>,
    /// The entries with their terms; the first follows the base.
    pub entries: Vec<(Term, Payload)>,
    /// The newest whole snapshot.
    pub snapshot: Option<Snapshot>,
    /// The received part of a snapshot from another node. If entries overtake it, it stays until
    /// the next one arrives: a write to remove it would cost more than the space, and a restart
    /// ignores it.
    pub incoming: Option<(SnapshotId, Vec<u8>)>,
}

impl Disk {
    /// The last entry before the log; (0, 0) if the log is whole.
    pub fn base(&self) -> EntryId {
        self.base
            .as_ref()
            .map_or(EntryId::default(), |base| base.last)
    }

    /// Index of the last entry, or of the base.
    pub fn last_index(&self) -> Index {
        Index(self.base().index.0 + self.entries.len() as u64)
    }

    /// An entry of the log.
    pub fn entry(&self, index: Index) -> Option<&(Term, Payload)> {
        let place = index.0.checked_sub(self.base().index.0 + 1)?;
        self.entries.get(usize::try_from(place).ok()?)
    }

    /// The term of an entry of the log, or of the base.
    pub fn term_at(&self, index: Index) -> Option<Term> {
        let base = self.base();
        if index == base.index {
            return Some(base.term);
        }
        self.entry(index).map(|(term, _)| *term)
    }

    /// The newest complete snapshot, unless the log begins after it, as a witness's log may.
    pub(crate) fn covering_snapshot(&self) -> Option<&Snapshot> {
        let snapshot = self.snapshot.as_ref();
        snapshot.filter(|snapshot| snapshot.id.last.index >= self.base().index)
    }

    /// Makes a whole write durable.
    pub fn apply(&mut self, write: Write) {
        match write {
            Write::Log(LogWrite { raft, payloads }) => {
                if let Some(hard_state) = raft.hard_state {
                    self.hard_state = hard_state;
                }
                self.cut(raft.truncate_from, raft.rebase.as_deref());
                let Some(Append { first, term, .. }) = raft.append else {
                    return;
                };
                for (offset, payload) in payloads.into_iter().enumerate() {
                    self.put(self.place(first) + offset, (term, payload));
                }
            }
            Write::Snapshot(snapshot) => self.snapshot = Some(snapshot),
            Write::Piece {
                snapshot,
                offset,
                bytes,
            } => self.take_in(snapshot, offset, &bytes),
        }
    }

    /// Makes the first `parts` parts of a write durable, as a crash in the middle would.
    pub fn apply_parts(&mut self, write: &Write, parts: u32) {
        let Some(LogWrite { raft, payloads }) = write.log() else {
            if parts > 0 {
                self.apply(write.clone());
            }
            return;
        };
        let mut left = parts;
        let mut take = || {
            let taken = left > 0;
            left = left.saturating_sub(1);
            taken
        };
        if let Some(hard_state) = raft.hard_state
            && take()
        {
            self.hard_state = hard_state;
        }
        if (raft.truncate_from.is_some() || raft.rebase.is_some()) && take() {
            self.cut(raft.truncate_from, raft.rebase.as_deref());
        }
        let Some(Append { first, term, .. }) = &raft.append else {
            return;
        };
        for (offset, payload) in payloads.iter().enumerate() {
            if !take() {
                return;
            }
            self.put(self.place(*first) + offset, (*term, payload.clone()));
        }
    }

    /// Cuts the log at its end, or at its start.
    fn cut(&mut self, truncate_from: Option<Index>, rebase: Option<&Rebase>) {
        if let Some(from) = truncate_from {
            self.entries.truncate(self.place(from));
        }
        let Some(Rebase { base, whole }) = rebase else {
            return;
        };
        let gone = match whole {
            true => self.entries.len(),
            false => self.place(base.last.index.next()).min(self.entries.len()),
        };
        self.entries.drain(..gone);
        self.base = Some(base.clone());
        // The log begins where a received snapshot ends. That snapshot is the newest one now,
        // unless the log was cut behind a newer one and happens to begin there.
        let covered = self.snapshot.as_ref();
        let covered = covered.is_some_and(|own| own.id.last.index >= base.last.index);
        let installs = |(id, bytes): &(SnapshotId, Vec<u8>)| {
            id.last == base.last && bytes.len() as u64 == id.bytes && !covered
        };
        if self.incoming.as_ref().is_some_and(installs) {
            self.snapshot = self.incoming.take().map(|(id, bytes)| Snapshot {
                id,
                bytes: Arc::from(bytes),
            });
        }
    }

    fn take_in(&mut self, snapshot: SnapshotId, offset: u64, piece: &[u8]) {
        let (id, bytes) = self.incoming.get_or_insert((snapshot, Vec::new()));
        *id = snapshot;
        bytes.truncate(usize::try_from(offset).unwrap_or(usize::MAX));
        assert!(bytes.len() as u64 == offset, "pieces follow each other");
        bytes.extend_from_slice(piece);
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

    fn place(&self, index: Index) -> usize {
        let place = index.0.saturating_sub(self.base().index.0 + 1);
        usize::try_from(place).expect("the log fits in memory")
    }
}

/// The number of places where a crash can cut a write: its parts become durable one after the
/// other.
pub fn parts(write: &Write) -> u32 {
    let Some(LogWrite { raft, payloads }) = write.log() else {
        return 1;
    };
    let before = usize::from(raft.hard_state.is_some())
        + usize::from(raft.truncate_from.is_some() || raft.rebase.is_some());
    u32::try_from(before + payloads.len()).expect("a write has fewer parts than 2^32")
}

#[cfg(test)]
mod tests {
    use raft_core::{Configuration, Source, WriteId};

    use super::*;

    fn payload(byte: u8) -> Payload {
        Payload::new(Arc::from([byte]))
    }

    #[test]
    fn a_write_becomes_durable_part_by_part_in_order() {
        let old = Disk {
            hard_state: HardState::default(),
            entries: [1, 2, 3].map(|byte| (Term(1), payload(byte))).to_vec(),
            ..Disk::default()
        };
        let hard_state = HardState {
            current_term: Term(2),
            voted_for: None,
        };
        let write = Write::Log(LogWrite {
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
        });
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

    fn rebase(index: u64, whole: bool) -> Write {
        let configuration = Configuration::of_voters(&[raft_core::NodeId(1)]).unwrap();
        let last = EntryId {
            index: Index(index),
            term: Term(1),
        };
        let base = Base {
            last,
            configuration,
        };
        Write::Log(LogWrite {
            raft: raft_core::Write {
                id: WriteId(1),
                hard_state: None,
                truncate_from: None,
                rebase: Some(alloc::boxed::Box::new(Rebase { base, whole })),
                append: None,
            },
            payloads: crate::payload::Payloads::new(),
        })
    }

    #[test]
    fn a_log_that_is_cut_at_its_start_keeps_its_indexes() {
        let mut disk = Disk {
            entries: [1, 2, 3].map(|byte| (Term(1), payload(byte))).to_vec(),
            ..Disk::default()
        };
        disk.apply(rebase(2, false));
        assert_eq!(disk.last_index(), Index(3));
        assert_eq!(disk.entry(Index(2)), None);
        assert_eq!(disk.term_at(Index(2)), Some(Term(1)), "the base's is known");
        assert_eq!(disk.entry(Index(3)).unwrap().1.bytes(), [3]);
        disk.apply(rebase(7, true));
        assert_eq!((disk.last_index(), disk.entries.len()), (Index(7), 0));
    }

    #[test]
    fn what_was_sent_becomes_the_snapshot_with_the_write_that_begins_the_log_after_it() {
        let last = EntryId {
            index: Index(5),
            term: Term(1),
        };
        let id = SnapshotId {
            last,
            bytes: 3,
            checksum: 0,
        };
        let piece = |offset, bytes: &[u8]| Write::Piece {
            snapshot: id,
            offset,
            bytes: Arc::from(bytes),
        };
        let mut disk = Disk::default();
        disk.apply(piece(0, b"ab"));
        disk.apply(rebase(5, true));
        assert_eq!(disk.snapshot, None, "a part is no snapshot");
        disk.apply(piece(1, b"xy"));
        assert_eq!(disk.incoming, Some((id, b"axy".to_vec())), "from byte 1 on");
        disk.apply(rebase(5, true));
        let bytes = Arc::from(*b"axy");
        assert_eq!(disk.snapshot, Some(Snapshot { id, bytes }));
        assert_eq!(disk.incoming, None);
    }
}
