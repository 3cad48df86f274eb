//! The one ordered stream of a node's writes. It holds the core's writes, and those of snapshots in
//! between.

use alloc::collections::VecDeque;

use raft_core::{SnapshotAttempt, SnapshotId, WriteId};

/// A write of the node, not of its core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Own {
    /// A snapshot that the node has taken.
    Snapshot(SnapshotId),
    /// A piece of a snapshot that it receives.
    Piece {
        /// The core's attempt at receiving it.
        reception: SnapshotAttempt,
        /// The snapshot.
        snapshot: SnapshotId,
        /// The number of bytes held once this is durable.
        received: u64,
    },
}

/// Numbers the writes as the driver does, and maps these numbers back to the core's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Stream {
    issued: u64,
    /// The node's own writes in flight, with their numbers in the stream.
    own: VecDeque<(u64, Own)>,
    /// The number of the node's own writes that are durable.
    done: u64,
}

impl Stream {
    /// Notes a write of the core.
    #[inline]
    pub(crate) fn core(&mut self, write: WriteId) {
        self.issued += 1;
        assert!(
            write.0 == self.issued - self.done - self.own.len() as u64,
            "the core's writes leave in their order"
        );
    }

    /// Notes a write of the node's own.
    pub(crate) fn own(&mut self, own: Own) {
        self.issued += 1;
        self.own.push_back((self.issued, own));
    }

    /// Whether a snapshot is on its way to the disk.
    pub(crate) fn takes_snapshot(&self) -> bool {
        let snapshot = |(_, own): &(u64, Own)| matches!(own, Own::Snapshot(_));
        self.own.iter().any(snapshot)
    }

    /// The core's last write that is durable once all writes up to `through` are.
    #[inline]
    pub(crate) fn core_through(&self, through: WriteId) -> WriteId {
        let own = self.own.partition_point(|(number, _)| *number <= through.0);
        WriteId(through.0.saturating_sub(self.done + own as u64))
    }

    /// The next of the node's own writes up to `through`.
    #[inline]
    pub(crate) fn next_own(&mut self, through: WriteId) -> Option<Own> {
        let (_, own) = self.own.pop_front_if(|(number, _)| *number <= through.0)?;
        self.done += 1;
        Some(own)
    }
}

#[cfg(test)]
mod tests {
    use raft_core::EntryId;

    use super::*;

    #[test]
    fn the_core_hears_of_its_own_numbers_whatever_lies_between() {
        let snapshot = SnapshotId {
            last: EntryId::default(),
            bytes: 1,
            checksum: 0,
        };
        let mut stream = Stream::default();
        stream.core(WriteId(1));
        stream.own(Own::Snapshot(snapshot));
        stream.core(WriteId(2));
        stream.own(Own::Piece {
            reception: SnapshotAttempt(1),
            snapshot,
            received: 7,
        });
        stream.core(WriteId(3));
        assert!(stream.takes_snapshot());
        let through = |number| stream.core_through(WriteId(number)).0;
        assert_eq!([1, 2, 3, 4, 5].map(through), [1, 1, 2, 2, 3]);
        assert_eq!(stream.next_own(WriteId(1)), None);
        assert_eq!(stream.next_own(WriteId(3)), Some(Own::Snapshot(snapshot)));
        assert_eq!(stream.next_own(WriteId(3)), None);
        assert!(!stream.takes_snapshot());
        assert_eq!(stream.core_through(WriteId(5)), WriteId(3));
    }
}
