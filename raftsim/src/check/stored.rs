//! What nodes keep on their disks, measured: the largest log and the largest snapshot so far.
//!
//! Only what a write touched is measured again, so that a long log costs no more than a short one.

use std::collections::VecDeque;

use simulator::{NodeId, Time};

use super::meter::NUMBER;
use super::shadow::first_touched;

/// Term and vote, and where the log begins: index and term of the last entry before it.
const BESIDES_ENTRIES: u64 = 4 * NUMBER;

/// How much nodes have kept at most.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stored {
    nodes: Vec<Kept>,
    /// The largest log that any node had on its disk.
    pub(crate) log: Most,
    /// The largest snapshot that any node had on its disk.
    pub(crate) snapshot: Most,
}

/// The most of something that a node kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Most {
    /// How many bytes.
    pub(crate) bytes: u64,
    /// Who had so many first, and when.
    pub(crate) first: Option<(NodeId, Time)>,
}

/// The log on one disk, as it was when it was measured last.
#[derive(Clone, Debug, Default)]
struct Kept {
    /// The index of the last entry before it.
    base: u64,
    /// The sizes of its entries.
    entries: VecDeque<u64>,
    /// All of them together.
    bytes: u64,
    /// Of each write on its way to the disk, the first index that it touches.
    pending: VecDeque<Option<u64>>,
}

/// The bytes of the log on a disk, the hard state included: eight for each number, and what entries
/// carry.
pub(crate) fn log_bytes(disk: &kv::Disk) -> u64 {
    BESIDES_ENTRIES + disk.entries.iter().map(entry_bytes).sum::<u64>()
}

/// The bytes of the snapshot on a disk; 0 if there is none.
pub(crate) fn snapshot_bytes(disk: &kv::Disk) -> u64 {
    let snapshot = disk.snapshot.as_ref();
    snapshot.map_or(0, |snapshot| snapshot.bytes.len() as u64)
}

/// Its term, the length of what it carries, and that.
fn entry_bytes((_, payload): &(raft_core::Term, kv::Payload)) -> u64 {
    2 * NUMBER + payload.bytes().len() as u64
}

impl Stored {
    pub(super) fn new(nodes: usize) -> Self {
        Self {
            nodes: vec![Kept::default(); nodes],
            ..Self::default()
        }
    }

    /// These writes are on their way to a node's disk.
    #[inline]
    pub(super) fn handed_over(&mut self, node: NodeId, writes: &[kv::Write]) {
        let touched = writes.iter().map(|write| match write.log() {
            Some(write) => first_touched(write).map(|index| index.0),
            None => None,
        });
        self.nodes[node.0 as usize].pending.extend(touched);
    }

    /// Writes became durable; so many are still on their way.
    #[inline]
    pub(super) fn written(&mut self, node: NodeId, disk: &kv::Disk, pending: usize, now: Time) {
        let kept = &mut self.nodes[node.0 as usize];
        let done = kept.pending.len().saturating_sub(pending);
        let touched = kept.pending.drain(..done).flatten().min();
        kept.measure(touched.unwrap_or(u64::MAX), disk);
        self.look(node, disk, now);
    }

    /// A node crashed: its disk may hold anything of what was on its way.
    pub(super) fn crashed(&mut self, node: NodeId, disk: &kv::Disk, now: Time) {
        let kept = &mut self.nodes[node.0 as usize];
        kept.pending.clear();
        kept.measure(0, disk);
        self.look(node, disk, now);
    }

    #[inline]
    fn look(&mut self, node: NodeId, disk: &kv::Disk, now: Time) {
        let bytes = BESIDES_ENTRIES + self.nodes[node.0 as usize].bytes;
        self.log.look(bytes, node, now);
        self.snapshot.look(snapshot_bytes(disk), node, now);
    }
}

impl Most {
    #[inline]
    fn look(&mut self, bytes: u64, node: NodeId, now: Time) {
        if bytes > self.bytes {
            let first = Some((node, now));
            *self = Self { bytes, first };
        }
    }
}

impl Kept {
    /// Measures the log on the disk, which is as it was before the entry at `touched`, unless it
    /// begins later now.
    fn measure(&mut self, touched: u64, disk: &kv::Disk) {
        let base = disk.base().index.0;
        while self.last() > touched.saturating_sub(1).max(self.base) {
            self.bytes -= self.entries.pop_back().unwrap_or(0);
        }
        while self.base < base {
            self.bytes -= self.entries.pop_front().unwrap_or(0);
            self.base += 1;
        }
        let new = disk.entries.iter().skip(self.entries.len());
        for bytes in new.map(entry_bytes) {
            self.entries.push_back(bytes);
            self.bytes += bytes;
        }
    }

    fn last(&self) -> u64 {
        self.base + self.entries.len() as u64
    }
}
