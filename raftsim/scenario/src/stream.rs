//! Random streams by path: every draw of a scenario has a path, and the path determines its stream.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The generator for the draws named `path` in a run with this seed.
///
/// Streams of different paths are independent, so a draw added to a file shifts no other draw, and an old
/// seed keeps its meaning. Only a change of `seed` or of the path changes the draws of a path.
#[must_use]
pub fn stream(seed: u64, path: &str) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[0..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&fnv1a(path.as_bytes()).to_le_bytes());
    key[16..24].copy_from_slice(&(path.len() as u64).to_le_bytes());
    key[24..32].copy_from_slice(b"scenario");
    ChaCha8Rng::from_seed(key)
}

/// A number in `low..=high`, from one 64-bit word whatever the bounds.
pub(crate) fn draw_inclusive(rng: &mut ChaCha8Rng, low: u64, high: u64) -> u64 {
    assert!(low <= high, "a range is checked before it is drawn from");
    let width = u128::from(high - low) + 1;
    let above = (u128::from(rng.next_u64()) * width) >> 64;
    low + u64::try_from(above).expect("a 64-bit word times a width of at most 2^64, over 2^64")
}

/// FNV-1a, 64 bits: a fixed public function, so that the same path is the same stream everywhere.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_keeps_its_stream_for_ever() {
        // Pinned: another value here means that every seed of every file draws anew.
        assert_eq!(stream(1, "params/n").next_u64(), 11_448_755_795_243_615_079);
    }

    proptest! {
        #[test]
        fn another_path_or_seed_is_another_stream(seed: u64, path in ".{0,20}") {
            let word = stream(seed, &path).next_u64();
            prop_assert_eq!(word, stream(seed, &path).next_u64());
            prop_assert_ne!(word, stream(seed ^ 1, &path).next_u64());
            prop_assert_ne!(word, stream(seed, &format!("{path}x")).next_u64());
        }

        #[test]
        fn a_draw_stays_inside_its_bounds(a: u64, b: u64, seed: u64) {
            let (low, high) = (a.min(b), a.max(b));
            let drawn = draw_inclusive(&mut stream(seed, ""), low, high);
            prop_assert!((low..=high).contains(&drawn));
        }
    }
}
