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
pub struct Stored {
    nodes: Vec<Kept>,
    /// The largest log that any node had on its disk.
    pub log: Most,
    /// The largest snapshot that any node had on its disk.
    pub snapshot: Most,
}

/// The most of something that a node kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct Most {
    /// How many bytes.
    pub bytes: u64,
    /// Who had so many first, and when.
    pub first: Option<(NodeId, Time)>,
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
pub fn log_bytes(disk: &kv::Disk) -> u64 {
    BESIDES_ENTRIES + disk.entries.iter().map(entry_bytes).sum::<u64>()
}

/// The bytes of the snapshot on a disk; 0 if there is none.
pub fn snapshot_bytes(disk: &kv::Disk) -> u64 {
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

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use kv::{LogWrite, Payload, Write};
    use proptest::prelude::*;
    use raft_core::{Append, Base, Configuration, EntryId, Index, Rebase, Source, Term, WriteId};

    use super::*;

    /// What happens to a disk; numbers are scaled to what the log holds.
    #[derive(Clone, Debug)]
    enum Deed {
        Append { back: u64, sizes: Vec<u8> },
        Cut { ahead: u64, whole: bool },
        Written(usize),
        Crash { writes: usize, parts: u32 },
    }

    fn deed() -> impl Strategy<Value = Deed> {
        let sizes = prop::collection::vec(0u8..40, 0..5);
        prop_oneof![
            4 => (0u64..4, sizes).prop_map(|(back, sizes)| Deed::Append { back, sizes }),
            1 => (0u64..9, any::<bool>()).prop_map(|(ahead, whole)| Deed::Cut { ahead, whole }),
            4 => (0usize..4).prop_map(Deed::Written),
            1 => (0usize..4, 0u32..4).prop_map(|(writes, parts)| Deed::Crash { writes, parts }),
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

    /// What the deed writes after everything that is on its way is durable on `disk`.
    fn write(deed: &Deed, disk: &kv::Disk) -> Option<Write> {
        match deed {
            Deed::Append { back, sizes } => {
                let first = disk.last_index().0 + 1 - (*back).min(disk.entries.len() as u64);
                let cut = (*back > 0).then_some(Index(first));
                Some(log_write(cut, None, Some((Index(first), sizes))))
            }
            Deed::Cut { ahead, whole } => {
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
            Deed::Written(_) | Deed::Crash { .. } => None,
        }
    }

    proptest! {
        #[test]
        fn what_changed_is_all_that_has_to_be_measured(
            deeds in prop::collection::vec(deed(), 0..40)
        ) {
            let (node, now) = (NodeId(0), Time(0));
            let mut stored = Stored::new(1);
            let (mut disk, mut pending) = (kv::Disk::default(), VecDeque::new());
            let mut most = 0;
            for deed in deeds {
                let mut all = disk.clone();
                pending.iter().cloned().for_each(|write| all.apply(write));
                if let Some(write) = write(&deed, &all) {
                    stored.handed_over(node, std::slice::from_ref(&write));
                    pending.push_back(write);
                }
                match deed {
                    Deed::Written(count) if !pending.is_empty() => {
                        let count = count.clamp(1, pending.len());
                        pending.drain(..count).for_each(|write| disk.apply(write));
                        stored.written(node, &disk, pending.len(), now);
                    }
                    Deed::Crash { writes, parts } => {
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
