//! The load of a cluster.

/// The number of nodes, the size of entries, and the number of entries in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    /// The number of nodes. All of them are voters.
    pub(crate) nodes: usize,
    /// Bytes of one entry.
    pub(crate) bytes: usize,
    /// The number of entries that are proposed before the first of them is awaited.
    pub(crate) in_flight: usize,
}

/// Both sides compact applied entries after this number of entries.
pub(crate) const COMPACT_EVERY: u64 = 4096;

/// The maximum number of bytes of entries in one message, on both sides.
pub(crate) const MESSAGE_BYTES: u64 = 64 << 10;

/// A cluster in memory with a leader. Messages move from queue to queue, and disks are instant.
pub(crate) trait Cluster {
    /// Proposes this number of entries, as many at a time as the load specifies. Returns when every
    /// node has committed and applied all of them.
    ///
    /// # Panics
    /// If a node has not.
    fn commit(&mut self, entries: u64);

    /// Runs one heartbeat round: the leader sends, all followers answer, and the queues are empty
    /// again.
    fn heartbeat(&mut self);

    /// Messages delivered so far.
    fn delivered(&self) -> u64;
}

/// The result of a state machine. It does so little work that it does not distort the figures, and
/// enough that the compiler keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// Entries with content.
    pub(crate) entries: u64,
    /// A sum over their bytes.
    sum: u64,
}

impl Applied {
    /// A number of entries whose bytes were not read.
    pub(crate) fn unseen(entries: u64) -> Self {
        Self { entries, sum: 0 }
    }

    pub(crate) fn apply(&mut self, entry: &[u8]) {
        let (Some(first), Some(last)) = (entry.first(), entry.last()) else {
            // The leader appends this entry at the start of its term.
            return;
        };
        self.entries += 1;
        self.sum = self
            .sum
            .wrapping_add(u64::from(*first) + u64::from(*last) + entry.len() as u64);
    }
}
