//! The situations that the search has visited without success.

use crate::table::{NONE, Table};

/// The visited situations.
#[derive(Clone, Debug)]
pub(super) struct Memo<S> {
    /// From a hash to the last record with that hash.
    heads: Table,
    records: Vec<Record<S>>,
    placed: Vec<u64>,
    used: Vec<u64>,
    used_words: usize,
}

#[derive(Clone, Debug)]
struct Record<S> {
    /// The previous record with the same hash.
    before: u32,
    /// The start of its words of placed operations. Outside these words, all bits are implied.
    begin: u32,
    words: u32,
    skipped: u32,
    state: S,
}

impl<S> Default for Memo<S> {
    fn default() -> Self {
        Self {
            heads: Table::default(),
            records: Vec::new(),
            placed: Vec::new(),
            used: Vec::new(),
            used_words: 0,
        }
    }
}

impl<S: Clone + Eq> Memo<S> {
    /// The number of stored words of placed and used operations.
    pub(super) fn words(&self) -> usize {
        self.placed.len() + self.used.len()
    }

    pub(super) fn clear(&mut self, used_words: usize) {
        self.heads.clear();
        self.records.clear();
        self.placed.clear();
        self.used.clear();
        self.used_words = used_words;
    }

    /// Adds a situation, unless the memo holds one that is at least as good.
    pub(super) fn note(
        &mut self,
        hash: u64,
        skipped: usize,
        placed: &[u64],
        state: &S,
        used: &[u64],
    ) -> bool {
        assert!(
            used.len() == self.used_words,
            "one bit an unknown operation"
        );
        let mut at = self.heads.get(hash).unwrap_or(NONE);
        while at != NONE {
            let record = &self.records[at as usize];
            let begin = record.begin as usize;
            let same = record.skipped as usize == skipped
                && self.placed[begin..begin + record.words as usize] == *placed
                && record.state == *state;
            let known = &self.used[at as usize * self.used_words..][..self.used_words];
            if same
                && known
                    .iter()
                    .zip(used)
                    .all(|(known, used)| known & !used == 0)
            {
                return false;
            }
            at = record.before;
        }
        let small = |count: usize| u32::try_from(count).expect("a budget keeps the memo small");
        let number = small(self.records.len());
        let before = self.heads.set(hash, number).unwrap_or(NONE);
        self.records.push(Record {
            before,
            begin: small(self.placed.len()),
            words: small(placed.len()),
            skipped: small(skipped),
            state: state.clone(),
        });
        self.placed.extend_from_slice(placed);
        self.used.extend_from_slice(used);
        true
    }
}
