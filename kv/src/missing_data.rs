//! The part of a server's log whose data is missing.

use raft_core::Index;

use crate::disk::Disk;
use crate::duties::Duties;
use crate::left_out::is_left_out;
use crate::payload::{Payload, PayloadLog};
use crate::snapshot_store::SnapshotStore;
use crate::wire::LogWrite;

/// The part of the log that a server holds without the data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct MissingData {
    /// The last entry whose data is not in the log, because it was left out or lies before the log.
    through: Index,
    /// The last committed entry that the server has skipped as a witness.
    passed: Index,
}

impl MissingData {
    /// The state after a start.
    pub(crate) fn found(disk: &Disk) -> Self {
        let base = disk.base().index;
        let covered = disk.covering_snapshot().is_some();
        let mut missing = Self {
            through: if covered { Index(0) } else { base },
            passed: base,
        };
        missing.appended(base.next(), disk.entries.iter().map(|(_, payload)| payload));
        missing
    }

    /// Follows a write to the log. `holds_data` says whether this server must apply the entries
    /// before it.
    #[inline]
    pub(crate) fn follow(&mut self, write: &LogWrite, holds_data: bool) {
        let raft = &write.raft;
        if let Some(from) = raft.truncate_from {
            self.through = self.through.min(from.previous());
        }
        if let Some(rebase) = &raft.rebase {
            let base = rebase.base.last.index;
            if rebase.whole {
                self.through = Index(0);
            }
            if !holds_data {
                self.through = self.through.max(base);
            }
            self.passed = self.passed.max(base);
        }
        if let Some(append) = &raft.append {
            self.appended(append.first, write.payloads.iter());
        }
    }

    fn appended<'a>(&mut self, first: Index, payloads: impl Iterator<Item = &'a Payload>) {
        let mut index = first;
        for payload in payloads {
            if is_left_out(payload.bytes()) {
                self.through = index;
            }
            index = index.next();
        }
    }

    /// The last entry whose data is known to be missing.
    pub(crate) fn through(&self) -> Index {
        self.through
    }

    /// The last committed entry that it has skipped as a witness.
    pub(crate) fn passed(&self) -> Index {
        self.passed
    }

    /// Whether the data up to this entry is known to be missing.
    pub(crate) fn reaches(&self, index: Index) -> bool {
        self.through >= index
    }

    /// Skips committed entries as a witness. They count for the next cut of the log as applied ones
    /// do.
    pub(crate) fn pass<D: Duties>(
        &mut self,
        log: &PayloadLog,
        through: Index,
        snapshots: &mut SnapshotStore<D>,
    ) {
        while self.passed < through {
            self.passed = self.passed.next();
            if let Some((_, payload)) = log.get(self.passed) {
                snapshots.applied(payload.bytes().len());
            }
        }
    }
}

impl Disk {
    /// Whether a server that starts from this disk lacks the data of an entry that its log holds or
    /// begins after.
    #[must_use]
    pub fn lacks_data(&self) -> bool {
        let covering = self.covering_snapshot();
        let applied = covering.map_or(Index(0), |snapshot| snapshot.id.last.index);
        MissingData::found(self).through > applied
    }
}
