//! The server's own random numbers, for election timeouts (§5.2).

/// SplitMix64 has eight bytes of state, so that a server stays small and cheap to clone. It only
/// keeps two servers from timing out together, and no secret depends on it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// A generator for one incarnation of one server: the same three numbers give the same
    /// sequence.
    pub(crate) fn new(seed: u64, node: u64, incarnation: u64) -> Self {
        let state = mix(seed ^ mix(node.wrapping_add(0x9E37_79B9_7F4A_7C15)) ^ mix(!incarnation));
        Self { state }
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }
}

/// A number of `low..=high` from 64 random bits, by multiplication: no division, no loop.
pub(crate) fn in_range(draw: u64, low: u64, high: u64) -> u64 {
    assert!(low <= high, "an empty range has no member: {low}..={high}");
    assert!(high - low < u64::MAX, "the range's size must fit in u64");
    let size = u128::from(high - low + 1);
    let offset = (u128::from(draw) * size) >> 64;
    low + u64::try_from(offset).expect("a product of u64 shifted by 64 bits fits in u64")
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_covered_from_end_to_end() {
        let mut random = Random::new(1, 2, 3);
        let mut seen = [false; 11];
        for _ in 0..1_000 {
            let value = in_range(random.draw(), 20, 30);
            seen[usize::try_from(value - 20).unwrap()] = true;
        }
        assert_eq!(seen, [true; 11]);
        assert_eq!(in_range(u64::MAX, 5, 5), 5);
    }

    #[test]
    fn nodes_and_incarnations_throw_differently() {
        let first = |node, incarnation| Random::new(7, node, incarnation).draw();
        assert_eq!(first(1, 0), first(1, 0));
        assert_ne!(first(1, 0), first(2, 0));
        assert_ne!(first(1, 0), first(1, 1));
    }
}
