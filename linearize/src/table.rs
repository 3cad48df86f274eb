//! A hash table from words to small numbers, kept from one check to the next.

/// The value of an empty slot.
pub(crate) const NONE: u32 = u32::MAX;

/// Words and a number for each. Its order is never visible, and clearing it keeps its memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    slots: Vec<(u64, u32)>,
    filled: usize,
}

impl Table {
    pub(crate) fn clear(&mut self) {
        // A table that was once large would slow down each later small check.
        if self.slots.len() > 1 << 12 && self.filled < self.slots.len() / 64 {
            self.slots.truncate(1 << 12);
        }
        self.slots.fill((0, NONE));
        self.filled = 0;
    }

    pub(crate) fn get(&self, word: u64) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let (_, value) = self.slots[self.place(word)];
        (value != NONE).then_some(value)
    }

    /// Sets the number of `word`, and returns the old one.
    pub(crate) fn set(&mut self, word: u64, value: u32) -> Option<u32> {
        assert!(value != NONE, "a table holds small numbers");
        if self.filled * 2 >= self.slots.len() {
            self.grow();
        }
        let place = self.place(word);
        let (_, before) = std::mem::replace(&mut self.slots[place], (word, value));
        if before == NONE {
            self.filled += 1;
            return None;
        }
        Some(before)
    }

    /// The slot of `word`, whether it is there or not.
    fn place(&self, word: u64) -> usize {
        let mask = self.slots.len() - 1;
        // The high bits of a product depend on all bits of the word.
        let spread = word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let mut place = usize::try_from(spread).expect("32 bits") & mask;
        loop {
            let (held, value) = self.slots[place];
            if value == NONE || held == word {
                return place;
            }
            place = (place + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(64);
        let old = std::mem::replace(&mut self.slots, vec![(0, NONE); size]);
        for (word, value) in old {
            if value != NONE {
                let place = self.place(word);
                self.slots[place] = (word, value);
            }
        }
    }
}

/// Well-mixed bits that depend on every bit of `word` (the finisher of SplitMix64).
pub(crate) fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// A hasher of states: fast, and the same in every process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mixer(u64);

impl std::hash::Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word) ^ ((chunk.len() as u64) << 56));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(word.into());
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(word.into());
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = mix(self.0.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ word);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}
