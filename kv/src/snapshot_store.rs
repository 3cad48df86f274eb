//! The snapshots that a node holds, and when it takes the next one.

use alloc::boxed::Box;
use alloc::vec::Vec;

use raft_core::{InstallSnapshot, SnapshotAttempt, SnapshotId};
use smallvec::SmallVec;

use crate::disk::Disk;
use crate::duties::Duties;
use crate::machine::Machine;
use crate::piece_buffer::PieceBuffer;
use crate::snapshot::{Piece, Snapshot};

/// When snapshots are taken, and how much of the log stays behind them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Compaction {
    /// After so many applied entries since the last one; `None`: never on that account.
    pub entries: Option<u64>,
    /// After so many bytes of applied entries since the last one; `None`: never on that account.
    pub bytes: Option<u64>,
    /// So many of the entries that a snapshot covers stay in the log, for followers that are only a
    /// little behind.
    pub keep: u64,
}

/// What a node holds of snapshots.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SnapshotStore<D: Duties> {
    policy: Compaction,
    /// The newest one last; before it those that are still being sent to somebody.
    whole: SmallVec<[Snapshot; 1]>,
    part: Option<Box<Part<D>>>,
    /// What came of it before what it follows.
    pub(crate) pieces: PieceBuffer,
    /// Entries applied since the newest one, and their bytes.
    since: (u64, u64),
}

/// A snapshot of which the first bytes are here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Part<D: Duties> {
    /// The core's go at it.
    reception: SnapshotAttempt,
    id: SnapshotId,
    bytes: Vec<u8>,
    /// What all of them describe, once they are here and were found right.
    machine: Option<Machine<D>>,
}

impl<D: Duties> SnapshotStore<D> {
    pub(crate) fn new(policy: Compaction) -> Self {
        Self {
            policy,
            whole: SmallVec::new(),
            part: None,
            pieces: PieceBuffer::default(),
            since: (0, 0),
        }
    }

    /// After a start: what was found on the disk. How much of the part is worth keeping.
    pub(crate) fn found(&mut self, disk: &Disk, duties: &D) -> Option<(SnapshotId, u64)> {
        self.whole.extend(disk.snapshot.clone());
        let (id, bytes) = disk.incoming.as_ref()?;
        self.receive(SnapshotAttempt(0), *id, 0, bytes);
        let received = bytes.len() as u64;
        let good = received < id.bytes || self.examine(SnapshotAttempt(0), duties);
        good.then_some((*id, received))
    }

    /// An entry of so many bytes was applied.
    #[inline]
    pub(crate) fn applied(&mut self, bytes: usize) {
        self.since.0 += 1;
        self.since.1 += bytes as u64;
    }

    /// Whether it is time for a snapshot.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        let reached = |limit: Option<u64>, is| limit.is_some_and(|limit| is >= limit.max(1));
        self.since.0 > 0
            && (reached(self.policy.entries, self.since.0)
                || reached(self.policy.bytes, self.since.1))
    }

    /// A snapshot was taken and is on its way to the disk: its entries count no more.
    pub(crate) fn begun(&mut self) {
        self.since = (0, 0);
    }

    /// The last entry that need not stay behind this snapshot.
    pub(crate) fn cut_behind(&self, snapshot: SnapshotId) -> raft_core::Index {
        self.behind(snapshot.last.index)
    }

    /// The last entry that need not stay where everything up to `covered` could go.
    pub(crate) fn behind(&self, covered: raft_core::Index) -> raft_core::Index {
        raft_core::Index(covered.0.saturating_sub(self.policy.keep))
    }

    /// Keeps a snapshot as the newest one, and of the older ones those still being sent.
    pub(crate) fn keep(&mut self, snapshot: Snapshot, sent: impl Fn(SnapshotId) -> bool) {
        self.whole.retain(|older| sent(older.id));
        self.whole.push(snapshot);
    }

    /// The bytes of a piece, if the snapshot is here.
    pub(crate) fn piece(&self, install: &InstallSnapshot) -> Option<Piece> {
        let id = install.snapshot;
        let snapshot = self.whole.iter().find(|snapshot| snapshot.id == id)?;
        let first = usize::try_from(install.offset).ok()?;
        let length = usize::try_from(install.length).ok()?;
        let bytes = snapshot.bytes.get(first..first.checked_add(length)?)?;
        Some(Piece::new(bytes))
    }

    /// Takes in a piece.
    pub(crate) fn receive(
        &mut self,
        reception: SnapshotAttempt,
        id: SnapshotId,
        offset: u64,
        bytes: &[u8],
    ) {
        let part = self.part.get_or_insert_with(|| {
            Box::new(Part {
                reception,
                id,
                bytes: Vec::new(),
                machine: None,
            })
        });
        (part.reception, part.id, part.machine) = (reception, id, None);
        part.bytes.truncate(place(offset));
        assert!(
            part.bytes.len() as u64 == offset,
            "pieces follow each other"
        );
        part.bytes.extend_from_slice(bytes);
    }

    /// Whether all pieces of this go at a snapshot are here.
    pub(crate) fn is_whole(&self, reception: SnapshotAttempt) -> bool {
        let part = self.part.as_ref();
        part.is_some_and(|part| {
            part.reception == reception && part.bytes.len() as u64 == part.id.bytes
        })
    }

    /// Whether what is here describes a state, that of its name.
    pub(crate) fn examine(&mut self, reception: SnapshotAttempt, duties: &D) -> bool {
        let part = self.part.as_mut();
        let Some(part) = part.filter(|part| part.reception == reception) else {
            return false;
        };
        let id = part.id;
        let right = crate::snapshot::checksum(&part.bytes) == id.checksum;
        if duties.snapshot_is_sound(right) {
            part.machine = Machine::decode(duties.clone(), &part.bytes).ok();
        }
        // The next go begins at its first byte and replaces what is here.
        let machine = part.machine.as_ref();
        machine.is_some_and(|machine| machine.applied() == id.last.index.0)
    }

    /// Whether a part of a snapshot is here.
    #[inline]
    pub(crate) fn holds_part(&self) -> bool {
        self.part.is_some() || !self.pieces.is_empty()
    }

    /// The core needs nothing of what it was sent any more.
    pub(crate) fn forget_part(&mut self) {
        self.part = None;
        self.pieces = PieceBuffer::default();
    }

    /// The state that a snapshot describes, which takes the place of the node's own.
    pub(crate) fn install(
        &mut self,
        id: SnapshotId,
        sent: impl Fn(SnapshotId) -> bool,
    ) -> Machine<D> {
        let part = self.part.take().filter(|part| part.id == id);
        let part = part.expect("a snapshot is installed when all of it is here");
        let machine = part.machine.expect("it was examined when it was whole");
        let bytes = part.bytes.into();
        self.keep(Snapshot { id, bytes }, sent);
        self.since = (0, 0);
        machine
    }
}

/// A place in memory; what is beyond any memory is at its end.
fn place(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
