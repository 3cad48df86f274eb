//! Clients that wait for an entry to be applied.

use alloc::collections::VecDeque;

use raft_core::{EntryId, Index, Term};

use crate::command::{ClientId, Serial};

/// One request on its way through the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Waiter {
    pub(crate) entry: EntryId,
    pub(crate) client: ClientId,
    pub(crate) serial: Serial,
}

/// Waiting clients in the order of their entries' indexes. A node that lost its leadership keeps
/// them: the next leader may still commit their entries, and only the entry applied at an index
/// decides the outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) struct Waiting {
    waiters: VecDeque<Waiter>,
}

impl Waiting {
    #[inline]
    pub(crate) fn push(&mut self, waiter: Waiter) {
        // A node that leads again may propose at an index for which older requests still wait.
        let index = waiter.entry.index;
        let place = self
            .waiters
            .partition_point(|other| other.entry.index <= index);
        self.waiters.insert(place, waiter);
    }

    /// The next client that waits for the entry at `index`.
    pub(crate) fn pop(&mut self, index: Index) -> Option<Waiter> {
        let waits = self
            .waiters
            .front()
            .is_some_and(|waiter| waiter.entry.index <= index);
        if waits {
            self.waiters.pop_front()
        } else {
            None
        }
    }

    #[inline]
    pub(crate) fn terms(&self) -> impl Iterator<Item = Term> {
        self.waiters.iter().map(|waiter| waiter.entry.term)
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.waiters.len()
    }
}
