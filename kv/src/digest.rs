//! The mixing behind the state hash: explicit 64-bit words, the same on every machine.

/// Mixes two 64-bit words into one by a folded multiplication. The order counts, and each bit of
/// either word affects the whole result. The function does not resist deliberate collisions.
pub(crate) fn mix(a: u64, b: u64) -> u64 {
    // Constants without structure: the fractional parts of pi and of e.
    let (a, b) = (a ^ 0x243f_6a88_85a3_08d3, b ^ 0xb7e1_5162_8aed_2a6a);
    let (low, high) = a.carrying_mul(b, 0);
    low ^ high
}

/// The hash of a byte string that may grow at its end. Growth does not require reading it again
/// from the start.
///
/// It covers the complete 16-byte blocks; [`Digest::finish`] adds the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Digest(u64);

const BLOCK: usize = 16;

impl Digest {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut digest = Digest(0);
        digest.grow(bytes, 0);
        digest
    }

    /// Updates the hash of a string that had `old_length` bytes at the last update and has only
    /// grown at its end since.
    pub(crate) fn grow(&mut self, bytes: &[u8], old_length: usize) {
        let covered = old_length - old_length % BLOCK;
        let (blocks, _) = bytes[covered..].as_chunks::<BLOCK>();
        for block in blocks {
            let ([low, high], _) = block.as_chunks() else {
                unreachable!("16 bytes are two words")
            };
            self.0 = self.with(u64::from_le_bytes(*low), u64::from_le_bytes(*high));
        }
    }

    /// The hash of the whole string.
    pub(crate) fn finish(self, bytes: &[u8]) -> u64 {
        let (_, rest) = bytes.as_chunks::<BLOCK>();
        let (low, high) = match rest.split_first_chunk() {
            Some((low, high)) => (u64::from_le_bytes(*low), padded(high)),
            None => (padded(rest), 0),
        };
        // The length distinguishes padding from zeros in the string.
        mix(self.with(low, high), bytes.len() as u64)
    }

    fn with(self, low: u64, high: u64) -> u64 {
        mix(self.0 ^ low, high)
    }
}

/// A word from fewer than eight bytes, filled up with zeros.
fn padded(bytes: &[u8]) -> u64 {
    let push = |word, byte: &u8| word << 8 | u64::from(*byte);
    bytes.iter().rev().fold(0, push)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digest(bytes: &[u8]) -> u64 {
        Digest::of(bytes).finish(bytes)
    }

    #[test]
    fn the_order_of_two_words_counts() {
        assert_ne!(mix(1, 2), mix(2, 1));
    }

    #[test]
    fn trailing_zeros_count() {
        for length in 0..20 {
            assert_ne!(digest(&[0; 20][..length]), digest(&[0; 20][..length + 1]));
        }
    }

    #[test]
    fn the_digest_is_pinned() {
        // A second program, in another language, computed this value.
        assert_eq!(digest(b""), 0xc615_911c_3d65_cd9a);
        assert_eq!(
            digest(b"a value of two blocks, and a tail"),
            0xbbce_1725_366d_4526
        );
    }

    proptest! {
        #[test]
        fn growing_equals_reading_the_whole(
            bytes in prop::collection::vec(any::<u8>(), 0..60),
            cuts in prop::collection::vec(0usize..60, 0..6),
        ) {
            let mut cuts: std::vec::Vec<_> = cuts.iter().map(|cut| *cut.min(&bytes.len())).collect();
            cuts.sort_unstable();
            cuts.push(bytes.len());
            let mut digest = Digest::of(&[]);
            let mut length = 0;
            for cut in cuts {
                digest.grow(&bytes[..cut], length);
                length = cut;
            }
            prop_assert_eq!(digest, Digest::of(&bytes));
        }

        #[test]
        fn one_changed_bit_changes_the_digest(
            bytes in prop::collection::vec(any::<u8>(), 1..60),
            place: prop::sample::Index,
            bit in 0u32..8,
        ) {
            let mut other = bytes.clone();
            other[place.index(bytes.len())] ^= 1 << bit;
            prop_assert_ne!(digest(&bytes), digest(&other));
        }
    }
}
