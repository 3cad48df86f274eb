//! What a cluster is given to do.

/// How many nodes agree on how many bytes, and how many entries are on their way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    /// Nodes, all of them voters.
    pub(crate) nodes: usize,
    /// Bytes of one entry.
    pub(crate) bytes: usize,
    /// Entries proposed before the first of them is waited for.
    pub(crate) in_flight: usize,
}

/// Both sides drop what all have applied after this many entries.
pub(crate) const COMPACT_EVERY: u64 = 4096;

/// The most bytes of entries in one message, on both sides.
pub(crate) const MESSAGE_BYTES: u64 = 64 << 10;

/// A cluster with a leader, in memory: messages are moved from queue to queue, disks are instant.
pub(crate) trait Cluster {
    /// Proposes so many entries, as many at a time as the load says, and returns when every node
    /// has committed and applied all of them.
    ///
    /// # Panics
    /// When a node has not.
    fn commit(&mut self, entries: u64);

    /// The leader speaks, everyone answers, and all is quiet again.
    fn heartbeat(&mut self);

    /// Messages delivered so far.
    fn delivered(&self) -> u64;
}

/// What a state machine makes of an entry: as little as keeps anyone from leaving it out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// Entries with content.
    pub(crate) entries: u64,
    /// A sum over their bytes.
    sum: u64,
}

impl Applied {
    /// So many entries that nobody looked into.
    pub(crate) fn unseen(entries: u64) -> Self {
        Self { entries, sum: 0 }
    }

    pub(crate) fn apply(&mut self, entry: &[u8]) {
        let (Some(first), Some(last)) = (entry.first(), entry.last()) else {
            // The entry that opens a term.
            return;
        };
        self.entries += 1;
        self.sum = self
            .sum
            .wrapping_add(u64::from(*first) + u64::from(*last) + entry.len() as u64);
    }
}
