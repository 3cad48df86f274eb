//! Seeded randomness: one ChaCha8 stream per purpose and per link.
//!
//! All streams of a run share the key made from its seed and differ in the stream number. So a draw
//! in one part of the world never changes the draws of another part.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::time::{Span, SpanRange};

/// The purpose of a stream of random words; part of the stream's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The fate of the messages of one directed link.
    Link,
    /// The latencies of one node's disk.
    Disk,
    /// The unfinished writes of one node that survive a crash.
    Crash,
    /// The waiting times of one client.
    Client,
    /// The requests of one client.
    Workload,
    /// The setup of the run: random faults, random parameters.
    Scenario,
}

/// An endless, reproducible sequence of random words.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// Creates the stream of a run's seed for one purpose. `index` distinguishes the streams of a
    /// purpose.
    ///
    /// # Panics
    ///
    /// If `index` needs more than 56 bits.
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose, index: u64) -> Stream {
        assert!(
            index < 1 << 56,
            "stream index {index} needs more than 56 bits"
        );
        let number = match purpose {
            Purpose::Link => 1,
            Purpose::Disk => 2,
            Purpose::Crash => 3,
            Purpose::Client => 4,
            Purpose::Workload => 5,
            Purpose::Scenario => 6u64,
        };
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(number << 56 | index);
        Stream(generator)
    }

    /// The next word.
    #[inline]
    pub fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from `min` to `max`, both included; takes one word.
    ///
    /// # Panics
    ///
    /// If `max` is below `min`.
    #[inline]
    pub fn between(&mut self, min: u64, max: u64) -> u64 {
        scale(self.word(), min, max)
    }

    /// A span of the range. It takes one word, even if the range holds only one span.
    #[inline]
    pub fn span(&mut self, range: SpanRange) -> Span {
        Span(self.between(range.min().0, range.max().0))
    }

    /// True with the probability `ratio`; takes one word.
    pub fn chance(&mut self, ratio: Ratio) -> bool {
        ratio.hit(halves(self.word()).0)
    }
}

/// Maps a random word evenly to `min..=max`. The bias is below 2⁻⁶⁴ times the width.
#[inline]
pub(crate) fn scale(word: u64, min: u64, max: u64) -> u64 {
    assert!(min <= max, "an empty range {min}..={max} holds no number");
    let width = u128::from(max - min) + 1;
    let offset = (u128::from(word) * width) >> 64;
    min + u64::try_from(offset).expect("a word times the width, shifted, is below the width")
}

/// Maps half a word evenly to a span of the range. In ranges wider than four seconds not every
/// nanosecond can occur. That resolution is sufficient.
#[inline]
pub(crate) fn half_span(half: u32, range: SpanRange) -> Span {
    let (min, width) = (range.min().0, range.max().0 - range.min().0);
    let half = u64::from(half);
    match width
        .checked_add(1)
        .and_then(|count| count.checked_mul(half))
    {
        Some(product) => Span(min + (product >> 32)),
        None => Span(scale(half << 32 | half, min, min + width)),
    }
}

/// The low and the high half of a word, for two draws from one word.
#[inline]
pub(crate) fn halves(word: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = word.to_le_bytes();
    (
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
    )
}

/// An exact probability from 0 to 1, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    num: u32,
    den: u32,
}

impl Ratio {
    /// Never.
    pub const ZERO: Ratio = Ratio { num: 0, den: 1 };
    /// Always.
    pub const ONE: Ratio = Ratio { num: 1, den: 1 };

    /// `num` out of `den`; `None` if `den` is 0 or the ratio is above 1.
    #[must_use]
    pub const fn new(num: u32, den: u32) -> Option<Ratio> {
        if den == 0 || num > den {
            return None;
        }
        Some(Ratio { num, den })
    }

    /// Whether the ratio is 0.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.num == 0
    }

    /// Whether a random half word falls inside the ratio.
    #[inline]
    pub(crate) fn hit(self, half: u32) -> bool {
        (u64::from(half) * u64::from(self.den)) >> 32 < u64::from(self.num)
    }
}

impl Default for Ratio {
    fn default() -> Self {
        Ratio::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn streams_are_pinned() {
        let mut stream = Stream::new(7, Purpose::Link, 1);
        let found = [stream.word(), stream.word(), stream.between(1, 6)];
        assert_eq!(
            found,
            [11227487457737875454, 5439616920677956658, 3],
            "random streams changed: bump the trace version"
        );
    }

    #[test]
    fn streams_differ_by_seed_purpose_and_index() {
        let first = |seed, purpose, index| Stream::new(seed, purpose, index).word();
        let base = first(7, Purpose::Link, 1);
        assert_ne!(base, first(8, Purpose::Link, 1));
        assert_ne!(base, first(7, Purpose::Disk, 1));
        assert_ne!(base, first(7, Purpose::Link, 2));
    }

    #[test]
    fn a_ratio_hits_as_often_as_it_says() {
        let mut stream = Stream::new(1, Purpose::Scenario, 0);
        let ratio = Ratio::new(1, 5).expect("a fifth is a probability");
        let hits = (0..100_000).filter(|_| stream.chance(ratio)).count();
        assert!(
            (19_000..21_000).contains(&hits),
            "{hits} hits of 100,000 at 1/5"
        );
    }

    #[test]
    fn a_ratio_above_one_or_over_zero_does_not_exist() {
        assert_eq!(Ratio::new(2, 1), None);
        assert_eq!(Ratio::new(0, 0), None);
    }

    proptest! {
        #[test]
        fn a_draw_stays_in_its_range(word: u64, a: u64, b: u64) {
            let (min, max) = (a.min(b), a.max(b));
            prop_assert!((min..=max).contains(&scale(word, min, max)));
        }

        #[test]
        fn both_ends_of_a_range_can_be_drawn(a: u64, b: u64) {
            let (min, max) = (a.min(b), a.max(b));
            prop_assert_eq!(scale(0, min, max), min);
            prop_assert_eq!(scale(u64::MAX, min, max), max);
        }

        #[test]
        fn never_never_hits_and_always_always_does(half: u32) {
            prop_assert!(!Ratio::ZERO.hit(half));
            prop_assert!(Ratio::ONE.hit(half));
        }
    }
}
