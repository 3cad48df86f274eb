//! Entries of which a log holds no more than index and term: those of witnesses.

use kv::{Disk, Payload};
use raft_core::Term;

/// What such an entry carries.
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

/// Whether a disk lacks the data of an entry that it holds, or that its log begins after.
pub(super) fn lacks_data(disk: &Disk) -> bool {
    let snapshot = disk.snapshot.as_ref();
    let covered = snapshot.map_or(0, |snapshot| snapshot.id.last.index.0);
    let base = disk.base().index.0;
    let mut after = (base + 1..).zip(&disk.entries);
    let missing =
        |(index, (_, payload)): (u64, &(Term, Payload))| index > covered && is_left_out(payload);
    base > covered || after.any(missing)
}
