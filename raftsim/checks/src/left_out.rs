//! Entries of which a log holds only the index and the term, as the logs of witnesses do.

use kv::{Disk, Payload};
use raft_core::Term;

/// The payload of such an entry.
const LEFT_OUT: u8 = 12;

/// Whether the content of an entry was left out.
#[inline]
pub(super) fn is_left_out(payload: &Payload) -> bool {
    payload.bytes() == [LEFT_OUT]
}

/// Whether a disk holds the data of an entry: in the log, or in a snapshot.
pub(super) fn holds_data_of(disk: &Disk, index: u64, term: Term) -> bool {
    let snapshot = disk.snapshot.as_ref();
    let in_snapshot = snapshot.is_some_and(|snapshot| index <= snapshot.id.last.index.0);
    let entry = disk.entry(raft_core::Index(index));
    let in_log = entry.is_some_and(|(own, payload)| *own == term && !is_left_out(payload));
    in_log || (in_snapshot && index <= disk.base().index.0)
}

/// Whether a disk misses the data of an entry of its log, or of the last entry before its log.
pub(super) fn lacks_data(disk: &Disk) -> bool {
    let snapshot = disk.snapshot.as_ref();
    let covered = snapshot.map_or(0, |snapshot| snapshot.id.last.index.0);
    let base = disk.base().index.0;
    let mut after = (base + 1..).zip(&disk.entries);
    let missing =
        |(index, (_, payload)): (u64, &(Term, Payload))| index > covered && is_left_out(payload);
    base > covered || after.any(missing)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use raft_core::{Base, Configuration, EntryId, Index, NodeId, SnapshotId};

    use super::*;

    fn disk(base: u64, snapshot: u64, entries: &[&[u8]]) -> Disk {
        let last = |index| EntryId {
            index: Index(index),
            term: Term(1),
        };
        let configuration = Configuration::of_voters(&[NodeId(1)]).expect("one voter");
        let id = SnapshotId {
            last: last(snapshot),
            bytes: 1,
            checksum: 0,
        };
        let payload = |bytes: &&[u8]| (Term(1), Payload::new(Arc::from(*bytes)));
        Disk {
            base: (base > 0).then(|| Base {
                last: last(base),
                configuration,
            }),
            snapshot: (snapshot > 0).then(|| kv::Snapshot {
                id,
                bytes: Arc::from(*b"s"),
            }),
            entries: entries.iter().map(payload).collect(),
            ..Disk::default()
        }
    }

    #[test]
    fn data_lie_in_the_log_or_in_a_snapshot_that_covers_what_is_gone() {
        let holds = |disk: &Disk, index| holds_data_of(disk, index, Term(1));
        let log = disk(0, 0, &[b"", b"a", &[LEFT_OUT]]);
        assert!(holds(&log, 1) && holds(&log, 2) && !holds(&log, 3) && !holds(&log, 4));
        assert!(!holds_data_of(&log, 2, Term(2)), "of another term");
        assert!(holds(&disk(5, 5, &[]), 4) && !holds(&disk(5, 0, &[]), 4));
        assert!(!holds(&disk(5, 4, &[]), 5), "it ends before");
    }

    #[test]
    fn a_disk_lacks_data_that_were_left_out_and_that_no_snapshot_brought() {
        assert!(!lacks_data(&disk(0, 0, &[b"", b"a"])));
        assert!(lacks_data(&disk(0, 0, &[b"a", &[LEFT_OUT], b"b"])));
        assert!(!lacks_data(&disk(0, 2, &[b"a", &[LEFT_OUT], b"b"])));
        assert!(lacks_data(&disk(3, 2, &[])) && !lacks_data(&disk(3, 3, &[b"a"])));
    }
}
