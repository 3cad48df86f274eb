//! The snapshots that a node holds, and the time for the next one.

use alloc::boxed::Box;
use alloc::vec::Vec;

use raft_core::{InstallSnapshot, SnapshotAttempt, SnapshotId};
use smallvec::SmallVec;

use crate::disk::Disk;
use crate::duties::Duties;
use crate::machine::Machine;
use crate::piece_buffer::PieceBuffer;
use crate::snapshot::{Piece, Snapshot};

/// The times for taking snapshots, and the length of the log that stays behind them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Compaction {
    /// The number of applied entries between snapshots; `None`: entries do not count.
    pub entries: Option<u64>,
    /// The bytes of applied entries between snapshots; `None`: bytes do not count.
    pub bytes: Option<u64>,
    /// The number of covered entries that stay in the log, for followers that are only a little
    /// behind.
    pub keep: u64,
}

/// A node's snapshots.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SnapshotStore<D: Duties> {
    policy: Compaction,
    /// The newest snapshot is the last; before it are those that are still being sent.
    whole: SmallVec<[Snapshot; 1]>,
    part: Option<Box<Part<D>>>,
    /// Pieces of it that arrived early.
    pub(crate) pieces: PieceBuffer,
    /// Entries applied since the newest snapshot, and their bytes.
    since: (u64, u64),
}

/// A snapshot that the node has received from its start up to some byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Part<D: Duties> {
    /// The core's attempt at receiving it.
    reception: SnapshotAttempt,
    id: SnapshotId,
    bytes: Vec<u8>,
    /// The state that it describes, once it is complete and was found correct.
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

    /// The state after a start, from the disk. Returns the bytes of the part that are worth
    /// keeping.
    pub(crate) fn found(&mut self, disk: &Disk, duties: &D) -> Option<(SnapshotId, u64)> {
        self.whole.extend(disk.snapshot.clone());
        let (id, bytes) = disk.incoming.as_ref()?;
        self.receive(SnapshotAttempt(0), *id, 0, bytes);
        let received = bytes.len() as u64;
        let good = received < id.bytes || self.examine(SnapshotAttempt(0), duties);
        good.then_some((*id, received))
    }

    /// Notes an applied entry of this many bytes.
    #[inline]
    pub(crate) fn applied(&mut self, bytes: usize) {
        self.since.0 += 1;
        self.since.1 += bytes as u64;
    }

    /// Whether the node should take a snapshot now.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        let reached = |limit: Option<u64>, is| limit.is_some_and(|limit| is >= limit.max(1));
        self.since.0 > 0
            && (reached(self.policy.entries, self.since.0)
                || reached(self.policy.bytes, self.since.1))
    }

    /// Notes a snapshot on its way to the disk: its entries no longer count.
    pub(crate) fn begun(&mut self) {
        self.since = (0, 0);
    }

    /// The last entry that the log may drop behind this snapshot.
    pub(crate) fn cut_behind(&self, snapshot: SnapshotId) -> raft_core::Index {
        self.behind(snapshot.last.index)
    }

    /// The last entry that the log may drop if a snapshot covers everything up to `covered`.
    pub(crate) fn behind(&self, covered: raft_core::Index) -> raft_core::Index {
        raft_core::Index(covered.0.saturating_sub(self.policy.keep))
    }

    /// Keeps a snapshot as the newest one, and drops older ones that are not being sent.
    pub(crate) fn keep(&mut self, snapshot: Snapshot, sent: impl Fn(SnapshotId) -> bool) {
        self.whole.retain(|older| sent(older.id));
        self.whole.push(snapshot);
    }

    /// The bytes of a piece, if the node holds the snapshot.
    pub(crate) fn piece(&self, install: &InstallSnapshot) -> Option<Piece> {
        let id = install.snapshot;
        let snapshot = self.whole.iter().find(|snapshot| snapshot.id == id)?;
        let first = usize::try_from(install.offset).ok()?;
        let length = usize::try_from(install.length).ok()?;
        let bytes = snapshot.bytes.get(first..first.checked_add(length)?)?;
        Some(Piece::new(bytes))
    }

    /// Stores a piece.
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

    /// Whether all pieces of this attempt have arrived.
    pub(crate) fn is_whole(&self, reception: SnapshotAttempt) -> bool {
        let part = self.part.as_ref();
        part.is_some_and(|part| {
            part.reception == reception && part.bytes.len() as u64 == part.id.bytes
        })
    }

    /// Whether the received bytes match their name and describe a state.
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
        // The next attempt begins at the first byte and replaces these.
        let machine = part.machine.as_ref();
        machine.is_some_and(|machine| machine.applied() == id.last.index.0)
    }

    /// Whether the node holds a part of a snapshot.
    #[inline]
    pub(crate) fn holds_part(&self) -> bool {
        self.part.is_some() || !self.pieces.is_empty()
    }

    /// Drops the part, because the core no longer needs it.
    pub(crate) fn forget_part(&mut self) {
        self.part = None;
        self.pieces = PieceBuffer::default();
    }

    /// The state of a snapshot, which replaces the node's own.
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

/// A place in memory. A larger offset maps to the end of memory.
fn place(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
