//! The random draws of one step or fault. Each has a stream of its own and takes the same number of
//! words each time.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use scenario::Ratio;
use simulator::{NodeId, Span, SpanRange};

/// The random words for one occurrence of a fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw {
    pub(crate) every: u64,
    pub(crate) chance: u64,
    pub(crate) after: u64,
    pub(crate) lasts: u64,
    pub(crate) jump: u64,
    pub(crate) who: u64,
}

impl Draw {
    /// Always takes six words, so that one occurrence does not shift the draws of the next.
    pub(crate) fn next(stream: &mut ChaCha8Rng) -> Self {
        let mut word = || stream.next_u64();
        Self {
            every: word(),
            chance: word(),
            after: word(),
            lasts: word(),
            jump: word(),
            who: word(),
        }
    }
}

/// Whether a random event with this probability occurs.
pub(crate) fn hits(word: u64, chance: Ratio) -> bool {
    u128::from(word) * u128::from(chance.den()) < u128::from(chance.num()) << 64
}

pub(crate) fn within(word: u64, range: SpanRange) -> Span {
    let (low, high) = (range.min().0, range.max().0);
    Span(low + scale(word, u128::from(high - low) + 1))
}

/// A whole number from `low` to `high`, both included.
pub(crate) fn count_within(word: u64, low: u32, high: u32) -> u32 {
    let above = scale(word, u128::from(high - low) + 1);
    low + u32::try_from(above).expect("a part of a number of 32 bits")
}

/// Chooses `count` of `nodes` with one word, in ascending order.
pub(crate) fn some(word: u64, nodes: &[NodeId], count: usize) -> Vec<NodeId> {
    let mut left = nodes.to_vec();
    let mut state = word;
    let mut picked = Vec::new();
    while picked.len() < count && !left.is_empty() {
        state = step(state);
        let place = scale(state, left.len() as u128);
        picked.push(left.remove(usize::try_from(place).expect("a place in a short list")));
    }
    picked.sort_unstable();
    picked
}

fn scale(word: u64, size: u128) -> u64 {
    u64::try_from((u128::from(word) * size) >> 64).expect("a word times a size of at most 2^64")
}

/// One step of SplitMix64: many small draws from one word.
fn step(state: u64) -> u64 {
    let value = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chance_comes_true_as_often_as_it_says() {
        let third = Ratio::new(1, 3).unwrap();
        let mut state = 1;
        let hit = (0..30_000)
            .filter(|_| {
                state = step(state);
                hits(state, third)
            })
            .count();
        assert!((9_500..10_500).contains(&hit), "{hit} of 30,000");
        assert!(!hits(0, Ratio::NEVER));
    }

    #[test]
    fn a_drawn_set_has_its_size_and_no_node_twice() {
        let nodes: Vec<_> = (0..5).map(NodeId).collect();
        for word in 0..100 {
            let picked = some(word << 50, &nodes, 3);
            assert_eq!(picked.len(), 3);
            assert!(picked.windows(2).all(|pair| pair[0] < pair[1]));
        }
        assert_eq!(some(7, &nodes, 9), nodes);
    }
}
