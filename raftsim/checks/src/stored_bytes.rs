//! Measures the data on the nodes' disks: the largest log and the largest snapshot so far.
//!
//! Only the part that a write changed is measured again, so that a long log costs no more than a
//! short one.

use std::collections::VecDeque;

use simulator::{NodeId, Time};

use super::meter::NUMBER;
use super::shadow::first_touched;

/// Term and vote, and the start of the log: index and term of the last entry before it.
const BESIDES_ENTRIES: u64 = 4 * NUMBER;

/// The largest amounts of data that nodes have stored.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    nodes: Vec<Kept>,
    /// The largest log that any node had on its disk.
    pub log: Most,
    /// The largest snapshot that any node had on its disk.
    pub snapshot: Most,
}

/// The maximum of one quantity.
#[derive(Clone, Copy, Debug, Default)]
pub struct Most {
    /// The number of bytes.
    pub bytes: u64,
    /// The node that first reached this maximum, and the time.
    pub first: Option<(NodeId, Time)>,
}

/// The log on one disk at its last measurement.
#[derive(Clone, Debug, Default)]
struct Kept {
    /// The index of the last entry before it.
    base: u64,
    /// The sizes of its entries.
    entries: VecDeque<u64>,
    /// The sum of the sizes.
    bytes: u64,
    /// The first changed index of each write on its way to the disk.
    pending: VecDeque<Option<u64>>,
}

/// The bytes of the log on a disk, including the hard state: eight for each number, plus the
/// payloads of entries.
pub fn log_bytes(disk: &kv::Disk) -> u64 {
    BESIDES_ENTRIES + disk.entries.iter().map(entry_bytes).sum::<u64>()
}

/// The bytes of the snapshot on a disk; 0 if there is none.
pub fn snapshot_bytes(disk: &kv::Disk) -> u64 {
    let snapshot = disk.snapshot.as_ref();
    snapshot.map_or(0, |snapshot| snapshot.bytes.len() as u64)
}

/// The term, the length of the payload, and the payload.
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

    /// Writes of a node are on their way to its disk.
    #[inline]
    pub(super) fn handed_over(&mut self, node: NodeId, writes: &[kv::Write]) {
        let touched = writes.iter().map(|write| match write.log() {
            Some(write) => first_touched(write).map(|index| index.0),
            None => None,
        });
        self.nodes[node.0 as usize].pending.extend(touched);
    }

    /// Writes became durable. `pending` writes are still on their way.
    #[inline]
    pub(super) fn written(&mut self, node: NodeId, disk: &kv::Disk, pending: usize, now: Time) {
        let kept = &mut self.nodes[node.0 as usize];
        let done = kept.pending.len().saturating_sub(pending);
        let touched = kept.pending.drain(..done).flatten().min();
        kept.measure(touched.unwrap_or(u64::MAX), disk);
        self.look(node, disk, now);
    }

    /// A node crashed. Its disk may hold any part of the pending writes.
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
    /// Measures the log on the disk. Entries before `touched` are unchanged, unless the log begins
    /// later now.
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

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use kv::{LogWrite, Payload, Write};
    use proptest::prelude::*;
    use raft_core::{Append, Base, Configuration, EntryId, Index, Rebase, Source, Term, WriteId};

    use super::*;

    /// An event of a disk. The numbers are scaled to the content of the log.
    #[derive(Clone, Debug)]
    enum DiskEvent {
        Append { back: u64, sizes: Vec<u8> },
        Cut { ahead: u64, whole: bool },
        Written(usize),
        Crash { writes: usize, parts: u32 },
    }

    fn disk_event() -> impl Strategy<Value = DiskEvent> {
        let sizes = prop::collection::vec(0u8..40, 0..5);
        prop_oneof![
            4 => (0u64..4, sizes).prop_map(|(back, sizes)| DiskEvent::Append { back, sizes }),
            1 => (0u64..9, any::<bool>()).prop_map(|(ahead, whole)| DiskEvent::Cut { ahead, whole }),
            4 => (0usize..4).prop_map(DiskEvent::Written),
            1 => (0usize..4, 0u32..4).prop_map(|(writes, parts)| DiskEvent::Crash { writes, parts }),
        ]
    }

    fn log_write(
        truncate_from: Option<Index>,
        rebase: Option<Rebase>,
        append: Option<(Index, &[u8])>,
    ) -> Write {
        let payload = |size: &u8| Payload::new(Arc::from(vec![7; usize::from(*size)]));
        let sizes = append.map_or(&[][..], |(_, sizes)| sizes);
        let payloads = sizes.iter().map(payload).collect();
        let raft = raft_core::Write {
            id: WriteId(1),
            hard_state: None,
            truncate_from,
            rebase: rebase.map(Box::new),
            append: append
                .filter(|(_, sizes)| !sizes.is_empty())
                .map(|(first, sizes)| Append {
                    first,
                    last: Index(first.0 + sizes.len() as u64 - 1),
                    term: Term(1),
                    source: Source::Message,
                    configuration: None,
                }),
        };
        Write::Log(LogWrite { raft, payloads })
    }

    /// The write of this event when all pending writes are durable on `disk`.
    fn write(event: &DiskEvent, disk: &kv::Disk) -> Option<Write> {
        match event {
            DiskEvent::Append { back, sizes } => {
                let first = disk.last_index().0 + 1 - (*back).min(disk.entries.len() as u64);
                let cut = (*back > 0).then_some(Index(first));
                Some(log_write(cut, None, Some((Index(first), sizes))))
            }
            DiskEvent::Cut { ahead, whole } => {
                let held = disk.entries.len() as u64;
                let index = disk.base().index.0 + if *whole { *ahead } else { (*ahead).min(held) };
                let last = EntryId {
                    index: Index(index),
                    term: Term(1),
                };
                let configuration = Configuration::of_voters(&[raft_core::NodeId(1)]);
                let base = Base {
                    last,
                    configuration: configuration.expect("one voter"),
                };
                let whole = *whole;
                Some(log_write(None, Some(Rebase { base, whole }), None))
            }
            DiskEvent::Written(_) | DiskEvent::Crash { .. } => None,
        }
    }

    proptest! {
        #[test]
        fn what_changed_is_all_that_has_to_be_measured(
            events in prop::collection::vec(disk_event(), 0..40)
        ) {
            let (node, now) = (NodeId(0), Time(0));
            let mut stored = Stored::new(1);
            let (mut disk, mut pending) = (kv::Disk::default(), VecDeque::new());
            let mut most = 0;
            for event in events {
                let mut all = disk.clone();
                pending.iter().cloned().for_each(|write| all.apply(write));
                if let Some(write) = write(&event, &all) {
                    stored.handed_over(node, std::slice::from_ref(&write));
                    pending.push_back(write);
                }
                match event {
                    DiskEvent::Written(count) if !pending.is_empty() => {
                        let count = count.clamp(1, pending.len());
                        pending.drain(..count).for_each(|write| disk.apply(write));
                        stored.written(node, &disk, pending.len(), now);
                    }
                    DiskEvent::Crash { writes, parts } => {
                        let whole = writes.min(pending.len());
                        pending.drain(..whole).for_each(|write| disk.apply(write));
                        if let Some(torn) = pending.pop_front() {
                            disk.apply_parts(&torn, parts.min(kv::parts(&torn)));
                        }
                        pending.clear();
                        stored.crashed(node, &disk, now);
                    }
                    _ => continue,
                }
                let kept = &stored.nodes[0];
                prop_assert_eq!(BESIDES_ENTRIES + kept.bytes, log_bytes(&disk));
                prop_assert_eq!(kept.last(), disk.last_index().0);
                most = most.max(log_bytes(&disk));
                prop_assert_eq!(stored.log.bytes, most);
            }
        }
    }
}
