//! Pieces of a snapshot that arrived early. They wait in memory, and the core limits their number.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use raft_core::SnapshotAttempt;

/// The waiting pieces, by their place in the snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct PieceBuffer {
    /// The core's attempt at receiving the snapshot.
    reception: SnapshotAttempt,
    pieces: BTreeMap<u64, Arc<[u8]>>,
}

impl PieceBuffer {
    /// Keeps a piece, and drops the pieces of any other attempt.
    pub(crate) fn keep(&mut self, reception: SnapshotAttempt, offset: u64, bytes: Arc<[u8]>) {
        if self.reception != reception {
            self.reception = reception;
            self.pieces.clear();
        }
        self.pieces.insert(offset, bytes);
    }

    /// Whether no piece waits.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Takes the next piece, if it waits here, and drops earlier ones: the core will not ask for
    /// them.
    pub(crate) fn take(&mut self, reception: SnapshotAttempt, offset: u64) -> Option<Arc<[u8]>> {
        if self.reception != reception {
            return None;
        }
        self.pieces = self.pieces.split_off(&offset);
        self.pieces.remove(&offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_given_out_once_and_only_to_its_own_go() {
        let bytes = |text: &[u8]| Arc::from(text);
        let mut pieces = PieceBuffer::default();
        for (offset, text) in [(10, b"old"), (20, b"two"), (30, b"six")] {
            pieces.keep(SnapshotAttempt(1), offset, bytes(text));
        }
        assert_eq!(pieces.take(SnapshotAttempt(2), 20), None);
        assert_eq!(pieces.take(SnapshotAttempt(1), 20), Some(bytes(b"two")));
        assert_eq!(pieces.take(SnapshotAttempt(1), 20), None);
        assert_eq!(pieces.take(SnapshotAttempt(1), 10), None, "it was passed");
        pieces.keep(SnapshotAttempt(2), 40, bytes(b"new"));
        assert_eq!(
            pieces.take(SnapshotAttempt(2), 30),
            None,
            "of the go before"
        );
        assert_eq!(pieces.take(SnapshotAttempt(2), 40), Some(bytes(b"new")));
    }
}
