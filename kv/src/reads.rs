//! Reads without a log entry, while they wait: first for the core to name an index, then for the
//! state machine to reach it.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use raft_core::{Index, ReadToken};

use crate::bytes::Bytes;
use crate::command::{ClientId, Serial};

/// How a get is made safe. All but [`ReadBy::Stale`] are linearizable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadBy {
    /// As an entry of the log, like a write.
    #[default]
    Log,
    /// By the leader, once it has heard from a quorum again.
    ReadIndex,
    /// By the leader, at once while its lease lasts.
    Lease,
    /// By any server, once its leader has named an index.
    Follower,
    /// By any server, at once, from its applied state, which must reach `after`.
    Stale {
        /// The latest index that the client has seen, so that it never sees an older state.
        after: Index,
    },
}

/// A waiting read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Asked {
    pub(crate) client: ClientId,
    pub(crate) serial: Serial,
    pub(crate) key: Bytes,
}

/// The reads of one server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Reads {
    issued: u64,
    /// Reads that wait for the core to name their index.
    asked: BTreeMap<ReadToken, Asked>,
    /// Reads that wait for the state machine, in the order of their indexes.
    ready: Vec<(Index, Asked)>,
}

impl Reads {
    pub(crate) fn ask(&mut self, read: Asked) -> ReadToken {
        self.issued += 1;
        let token = ReadToken(self.issued);
        self.asked.insert(token, read);
        token
    }

    pub(crate) fn named(&mut self, token: ReadToken, index: Index) {
        if let Some(read) = self.asked.remove(&token) {
            let place = self.ready.partition_point(|(other, _)| *other <= index);
            self.ready.insert(place, (index, read));
        }
    }

    pub(crate) fn failed(&mut self, token: ReadToken) -> Option<Asked> {
        self.asked.remove(&token)
    }

    /// The next read that `covered` accepts by its index.
    pub(crate) fn pop(&mut self, covered: impl Fn(Index) -> bool) -> Option<(Index, Asked)> {
        let (index, _) = self.ready.first()?;
        covered(*index).then(|| self.ready.remove(0))
    }

    /// The number of reads that wait for the core.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.len() as u64
    }

    pub(crate) fn len(&self) -> usize {
        self.asked.len() + self.ready.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_come_out_in_the_order_of_their_indexes_and_not_before() {
        let mut reads = Reads::default();
        let ask = |serial| Asked {
            client: ClientId(1),
            serial: Serial(serial),
            key: "k".into(),
        };
        let [first, second, third] = [1, 2, 3].map(|serial| reads.ask(ask(serial)));
        reads.named(first, Index(9));
        reads.named(second, Index(4));
        assert_eq!(reads.pop(|index| index <= Index(3)), None);
        assert_eq!(
            reads.pop(|index| index <= Index(5)),
            Some((Index(4), ask(2)))
        );
        assert_eq!(reads.pop(|index| index <= Index(5)), None);
        assert_eq!(reads.failed(third), Some(ask(3)));
        assert_eq!(reads.failed(third), None, "it failed once");
        assert_eq!(reads.len(), 1);
    }
}
