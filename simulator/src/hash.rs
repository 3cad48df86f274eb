//! The trace hash: two runs with the same actions and effects have the same number.

/// A 64-bit fold over `u64` words, in order.
///
/// Each word enters by an invertible step, so two traces that differ in exactly one word never
/// share a hash. The fold mixes well but does not resist a deliberate search for collisions. Its
/// values are part of the trace version: a golden test pins them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceHash(u64);

// The multiplier is odd, so multiplying by it loses no information. Its bits are those of the
// golden ratio.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

impl Default for TraceHash {
    fn default() -> Self {
        TraceHash(0x243f_6a88_85a3_08d3)
    }
}

impl TraceHash {
    /// Folds one word.
    #[inline]
    pub fn word(&mut self, word: u64) {
        // Multiplication carries only upwards. The rotation brings the mixed half down again.
        self.0 = (self.0 ^ word).wrapping_mul(MULTIPLIER).rotate_left(32);
    }

    /// Folds a byte string: its length, then its bytes as little-endian words, the last one padded
    /// with zeros.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let padded = |word, byte: &u8| word << 8 | u64::from(*byte);
            self.word(rest.iter().rev().fold(0, padded));
        }
    }

    /// The hash of all words folded so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hash_of(words: &[u64]) -> u64 {
        let mut hash = TraceHash::default();
        for word in words {
            hash.word(*word);
        }
        hash.value()
    }

    #[test]
    fn the_hash_is_pinned() {
        let mut bytes = TraceHash::default();
        bytes.bytes(b"raft in a box");
        let found = [
            hash_of(&[]),
            hash_of(&[0]),
            hash_of(&[1, 2, 3]),
            bytes.value(),
        ];
        let pinned = [
            16852473371444490038,
            15551308667027699032,
            16688019468328465488,
            1537840156418722446,
        ];
        assert_eq!(
            found, pinned,
            "the trace hash changed: bump the trace version"
        );
    }

    #[test]
    fn byte_strings_are_told_apart_by_length() {
        let mut short = TraceHash::default();
        short.bytes(&[1]);
        let mut long = TraceHash::default();
        long.bytes(&[1, 0]);
        assert_ne!(short, long);
    }

    proptest! {
        #[test]
        fn one_changed_word_always_changes_the_hash(
            words in prop::collection::vec(any::<u64>(), 1..40), at in any::<prop::sample::Index>(),
            flip in 1u64..
        ) {
            let mut changed = words.clone();
            changed[at.index(words.len())] ^= flip;
            prop_assert_ne!(hash_of(&words), hash_of(&changed));
        }

        #[test]
        fn each_bit_of_a_word_reaches_about_half_of_the_hash(word in any::<u64>(), bit in 0u32..64) {
            let differ = (hash_of(&[word]) ^ hash_of(&[word ^ (1 << bit)])).count_ones();
            prop_assert!((8..=56).contains(&differ), "{} bits differ", differ);
        }
    }
}
