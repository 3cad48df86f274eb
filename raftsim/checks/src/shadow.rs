//! The checks' own copies of logs, built only from the writes of nodes.
//!
//! Each entry carries a chain hash over its own content and all entries before it. Two logs with
//! the same hash at an index are equal up to that index, so one step compares a whole prefix.

use kv::{LogWrite, Payload};
use raft_core::{Index, Term};

/// One entry of a shadow log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) term: Term,
    pub(crate) chain: u64,
}

/// The log of one node, or the committed log of the cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct ShadowLog {
    entries: Vec<Entry>,
}

impl ShadowLog {
    pub(crate) fn last(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The entry at a 1-based index.
    #[inline]
    pub(crate) fn get(&self, index: u64) -> Option<Entry> {
        let place = usize::try_from(index.checked_sub(1)?).ok()?;
        self.entries.get(place).copied()
    }

    #[inline]
    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// The entry that `payload` would become at the end of the log.
    #[inline]
    pub(crate) fn next(&self, term: Term, payload: &Payload) -> Entry {
        Entry {
            term,
            chain: chain(self.end(), term, payload.bytes()),
        }
    }

    /// The chain hash of the whole log.
    #[inline]
    pub(crate) fn end(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.chain)
    }

    /// Removes `from` and all later entries. Returns the number of removed entries.
    pub(crate) fn truncate(&mut self, from: Index) -> u64 {
        let before = self.last();
        self.entries
            .truncate(usize::try_from(from.0.saturating_sub(1)).unwrap_or(usize::MAX));
        before - self.last()
    }

    /// Whether this log and `other` are equal up to `index`.
    pub(crate) fn agrees(&self, other: &ShadowLog, index: u64) -> bool {
        index == 0 || (self.get(index).is_some() && self.get(index) == other.get(index))
    }

    /// The first index at which this log differs from `other`.
    pub(crate) fn first_difference(&self, other: &ShadowLog) -> u64 {
        let same = self
            .entries
            .iter()
            .zip(&other.entries)
            .take_while(|(a, b)| a == b)
            .count();
        same as u64 + 1
    }

    /// The log up to this entry.
    pub(crate) fn prefix(&self, index: u64) -> Self {
        let length = usize::try_from(index).unwrap_or(usize::MAX);
        Self {
            entries: self.entries[..length.min(self.entries.len())].to_vec(),
        }
    }

    /// The log of these durable records. A snapshot stands for the committed entries, and `next`
    /// builds the entry for a payload at the end of a log.
    pub(crate) fn of_disk(
        disk: &kv::Disk,
        committed: &Self,
        next: impl Fn(&Self, Term, &Payload) -> Entry,
    ) -> Self {
        let mut log = committed.prefix(disk.base().index.0);
        for (term, payload) in &disk.entries {
            let entry = next(&log, *term, payload);
            log.push(entry);
        }
        log
    }
}

/// The first index that a write touches in the log.
pub(crate) fn first_touched(write: &LogWrite) -> Option<Index> {
    let raft = &write.raft;
    let append = raft.append.as_ref().map(|append| append.first);
    let rebase = raft.rebase.as_ref().filter(|rebase| rebase.whole);
    let replaced = rebase.map(|rebase| rebase.base.last.index.next());
    match (raft.truncate_from.or(replaced), append) {
        (Some(cut), Some(first)) => Some(cut.min(first)),
        (cut, first) => cut.or(first),
    }
}

#[inline]
fn chain(before: u64, term: Term, bytes: &[u8]) -> u64 {
    let mut hash = mix(before ^ 0x51_7c_c1_b7_27_22_0a_95, term.0);
    hash = mix(hash, bytes.len() as u64);
    let (words, rest) = bytes.as_chunks();
    for word in words {
        hash = mix(hash, u64::from_le_bytes(*word));
    }
    // The length is already hashed, so the remaining bytes need no padding to be distinguishable.
    mix(
        hash,
        rest.iter()
            .fold(0, |word, byte| word << 8 | u64::from(*byte)),
    )
}

#[inline]
fn mix(hash: u64, word: u64) -> u64 {
    let mixed = (hash ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 32)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn log(entries: &[(u64, &str)]) -> ShadowLog {
        let entries = entries
            .iter()
            .map(|(term, text)| (Term(*term), Payload::new(Arc::from(text.as_bytes()))))
            .collect();
        let disk = kv::Disk {
            entries,
            ..kv::Disk::default()
        };
        ShadowLog::of_disk(&disk, &ShadowLog::default(), ShadowLog::next)
    }

    #[test]
    fn equal_chain_hashes_mean_equal_prefixes() {
        let one = log(&[(1, "a"), (1, "b"), (2, "c")]);
        let other = log(&[(1, "a"), (1, "x"), (2, "c")]);
        assert!(one.agrees(&other, 1));
        assert!(!one.agrees(&other, 3), "the difference at 2 shows at 3");
        assert_eq!(one.first_difference(&other), 2);
        assert!(!one.agrees(&one, 4), "nobody holds what does not exist");
    }

    #[test]
    fn the_term_and_the_length_are_part_of_an_entry() {
        assert_ne!(log(&[(1, "a")]).get(1), log(&[(2, "a")]).get(1));
        assert_ne!(log(&[(1, "a")]).get(1), log(&[(1, "a\0")]).get(1));
    }
}
