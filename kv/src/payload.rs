//! The entries' contents, which the core never sees. A node keeps them by index and term, and
//! attaches them to messages and writes that leave.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use raft_core::{EntryId, Index, Term};
use smallvec::SmallVec;

/// The content of one entry: an encoded command, or no bytes for the entry that opens a term. Nodes
/// and messages of one process share it without copies.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Payload(Option<Arc<[u8]>>);

impl Payload {
    /// A payload of these bytes.
    pub fn new(bytes: Arc<[u8]>) -> Self {
        Payload((!bytes.is_empty()).then_some(bytes))
    }

    /// Its bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or(&[])
    }
}

/// The payloads of a message or a write, in order. Most carry one, and messages are moved often, so
/// room for more would cost more than it saves.
pub type Payloads = SmallVec<[Payload; 1]>;

/// The log's contents, entry by entry, in step with the core's metadata.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PayloadLog {
    base: Index,
    entries: VecDeque<(Term, Payload)>,
}

impl PayloadLog {
    pub(crate) fn new(base: Index) -> Self {
        Self {
            base,
            entries: VecDeque::new(),
        }
    }

    #[inline]
    pub(crate) fn last_index(&self) -> Index {
        Index(self.base.0 + self.entries.len() as u64)
    }

    #[inline]
    pub(crate) fn push(&mut self, term: Term, payload: Payload) {
        self.entries.push_back((term, payload));
    }

    /// Puts an entry at `index`, which is in the log or right after it.
    #[inline]
    pub(crate) fn put(&mut self, index: Index, term: Term, payload: Payload) {
        assert!(index > self.base, "{index} lies before the log");
        assert!(
            index <= self.last_index().next(),
            "{index} would leave a hole"
        );
        match self.entries.get_mut(self.place(index)) {
            Some(entry) => *entry = (term, payload),
            None => self.entries.push_back((term, payload)),
        }
    }

    /// Begins the log after `base`; with `whole`, removes all entries.
    pub(crate) fn rebase(&mut self, base: Index, whole: bool) {
        if whole {
            self.entries.clear();
        } else {
            assert!(base > self.base, "a log is cut further on");
            assert!(base <= self.last_index(), "what is cut off was there");
            self.entries.drain(..self.place(base) + 1);
        }
        self.base = base;
    }

    pub(crate) fn truncate(&mut self, from: Index) {
        assert!(from > self.base, "the base stays");
        self.entries.truncate(self.place(from));
    }

    #[inline]
    pub(crate) fn get(&self, index: Index) -> Option<(EntryId, &Payload)> {
        if index <= self.base {
            return None;
        }
        let (term, payload) = self.entries.get(self.place(index))?;
        Some((EntryId { index, term: *term }, payload))
    }

    /// The payloads of `first..=last`, if the log still holds these entries in this term.
    #[inline]
    pub(crate) fn slice(&self, first: Index, last: Index, term: Term) -> Option<Payloads> {
        let count = usize::try_from((last.0 + 1).saturating_sub(first.0)).ok()?;
        // The log bounds the count, because a message may ask for any number.
        let mut payloads = Payloads::with_capacity(count.min(self.entries.len()));
        let mut index = first;
        while index <= last {
            let (id, payload) = self.get(index)?;
            if id.term != term {
                return None;
            }
            payloads.push(payload.clone());
            index = index.next();
        }
        Some(payloads)
    }

    #[inline]
    fn place(&self, index: Index) -> usize {
        usize::try_from(index.0 - self.base.0 - 1).expect("the log fits in memory")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_found_by_index_and_term_or_not_at_all() {
        let mut log = PayloadLog::new(Index(4));
        log.push(Term(1), Payload::new(Arc::from(*b"a")));
        log.push(Term(2), Payload::new(Arc::from(*b"b")));
        assert_eq!(
            log.slice(Index(6), Index(6), Term(2)).unwrap()[0].bytes(),
            b"b"
        );
        assert_eq!(
            log.slice(Index(5), Index(6), Term(2)),
            None,
            "entry 5 is of term 1"
        );
        assert_eq!(
            log.slice(Index(6), Index(7), Term(2)),
            None,
            "entry 7 is missing"
        );
        assert_eq!(
            log.slice(Index(4), Index(4), Term(1)),
            None,
            "entry 4 is before the log"
        );
        log.truncate(Index(6));
        assert_eq!(log.last_index(), Index(5));
    }

    #[test]
    fn a_log_goes_on_after_its_base() {
        let mut log = PayloadLog::new(Index(0));
        for byte in *b"abcd" {
            log.push(Term(1), Payload::new(Arc::from([byte])));
        }
        log.rebase(Index(3), false);
        assert_eq!(log.get(Index(3)), None);
        assert_eq!(log.get(Index(4)).unwrap().1.bytes(), b"d");
        assert_eq!(log.last_index(), Index(4));
        log.rebase(Index(9), true);
        assert_eq!(log.last_index(), Index(9));
        log.put(Index(10), Term(2), Payload::default());
        assert_eq!(log.last_index(), Index(10));
    }
}
