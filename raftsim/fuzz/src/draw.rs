//! Draws for a proptest strategy: exact, without floats, simple values first.

use proptest::prelude::*;
use proptest::strategy::Union;
use scenario::{
    Chances, ClockRate, Counts, DurationRange, Nanos, Network, Ratio, Reorder, Size, Sizes,
};

use super::profile::{Dose, NetworkRanges};

/// True with this chance. Shrinks to false.
pub(super) fn hit(chance: Ratio) -> BoxedStrategy<bool> {
    sometimes(chance, Just(()))
        .prop_map(|hit| hit.is_some())
        .boxed()
}

/// A chance in tenths, at most ten.
pub(super) fn of_ten(cases: u32) -> Ratio {
    Ratio::new(cases.min(10), 10).expect("at most ten in ten")
}

/// A value with this chance. Shrinks to `None`.
pub(super) fn sometimes<T, S>(chance: Ratio, some: S) -> BoxedStrategy<Option<T>>
where
    T: Clone + std::fmt::Debug + 'static,
    S: Strategy<Value = T> + 'static,
{
    let mut options = Vec::new();
    if chance.num() < chance.den() {
        options.push((chance.den() - chance.num(), Just(None).boxed()));
    }
    if chance.num() > 0 {
        options.push((chance.num(), some.prop_map(Some).boxed()));
    }
    Union::new_weighted(options).boxed()
}

/// A fraction of the way between two ends, for [`log_scale`] or [`scale`]. Shrinks to the low end.
pub(super) fn fraction() -> impl Strategy<Value = u32> {
    any::<u32>()
}

/// A duration of the range. All orders of magnitude are equally likely.
pub(super) fn duration(range: DurationRange) -> impl Strategy<Value = Nanos> {
    let (low, high) = (range.low().get(), range.high().get());
    fraction().prop_map(move |fraction| nanos(log_scale(fraction, low, high)))
}

/// A whole number of the range. Small numbers are more likely.
pub(super) fn count(range: Counts) -> impl Strategy<Value = u32> {
    let (low, high) = (u64::from(range.low()), u64::from(range.high()));
    fraction().prop_map(move |fraction| {
        u32::try_from(log_scale(fraction, low, high)).expect("it lies between two 32-bit numbers")
    })
}

/// A size of the range. All orders of magnitude are equally likely.
pub(super) fn size(range: Sizes) -> impl Strategy<Value = Size> {
    let (low, high) = (range.low().get(), range.high().get());
    fraction().prop_map(move |fraction| {
        Size::new(log_scale(fraction, low, high)).expect("it lies between two sizes")
    })
}

/// A chance of the range. All orders of magnitude are equally likely.
pub(super) fn chance(range: Chances) -> impl Strategy<Value = Ratio> {
    let (low, high) = (millionths(range.low()), millionths(range.high()));
    fraction().prop_map(move |fraction| {
        let drawn = log_scale(fraction, low, high);
        let drawn = u32::try_from(drawn).expect("at most a million");
        Ratio::new(drawn, 1_000_000).expect("at most a million of a million")
    })
}

pub(super) fn millionths(ratio: Ratio) -> u64 {
    u64::from(ratio.num()) * 1_000_000 / u64::from(ratio.den())
}

pub(super) fn nanos(nanos: u64) -> Nanos {
    Nanos::new(nanos).expect("drawn durations are far below a day")
}

/// The value at this fraction of the way from `low` to `high`, both included.
pub(super) fn scale(fraction: u32, low: u64, high: u64) -> u64 {
    let width = u128::from(high - low) + 1;
    let above = (u128::from(fraction) * width) >> 32;
    low + u64::try_from(above).expect("below the width, which is 64 bits wide at most")
}

/// The value at this fraction of the way from `low` to `high` on a logarithmic scale. It is rounded to two
/// digits for readers, and stays in the range.
pub(super) fn log_scale(fraction: u32, low: u64, high: u64) -> u64 {
    // Whole numbers below 4 have no orders of magnitude.
    if high < 4 {
        return scale(fraction, low, high);
    }
    // The scale ends just below the next number, so that the highest number is as likely as its
    // neighbours. Close ends can share one step of the scale.
    let from = log(low);
    let to = (log(high + 1) - 1).max(from);
    two_digits(power(scale(fraction, from, to))).clamp(low, high)
}

/// The logarithm to base 2 of `value + 1`, in 2⁻¹⁶ths, linear between powers of two. It is exact enough
/// for draws and the same on every machine.
fn log(value: u64) -> u64 {
    let value = u128::from(value) + 1;
    let whole = 127 - u64::from(value.leading_zeros());
    let part = ((value << 16) >> whole) & 0xffff;
    whole << 16 | u64::try_from(part).expect("masked to 16 bits")
}

/// The inverse of [`log`], rounded down.
fn power(log: u64) -> u64 {
    let (whole, part) = (log >> 16, log & 0xffff);
    let value = (u128::from(1 << 16 | part) << whole) >> 16;
    u64::try_from(value - 1).unwrap_or(u64::MAX)
}

/// Rounded down to its two leading decimal digits.
fn two_digits(value: u64) -> u64 {
    let mut unit = 1;
    while value / unit >= 100 {
        unit *= 10;
    }
    value / unit * unit
}

/// The range from half of a duration to one and a half times it.
pub(super) fn around(middle: Nanos, at_least: Nanos) -> DurationRange {
    let half = middle.get() / 2;
    let low = nanos(half).max(at_least);
    DurationRange::new(low, nanos(middle.get() + half).max(low))
}

pub(super) fn clock_rate(num: u32, den: u32) -> ClockRate {
    let text = format!("{num}/{den}");
    text.parse()
        .unwrap_or_else(|error| panic!("the profile's bounds keep {text} a clock rate: {error}"))
}

pub(super) fn network(ranges: &NetworkRanges) -> impl Strategy<Value = Network> + use<> {
    let reorder = (dose(&ranges.reorder), up_to(ranges.reorder_delay));
    let parts = (
        up_to(ranges.delay),
        dose(&ranges.drop),
        dose(&ranges.duplicate),
        reorder,
    );
    parts.prop_map(|(delay, drop, duplicate, (chance, late))| {
        let reorder = Reorder {
            chance,
            delay: late,
            ..Reorder::default()
        };
        Network {
            delay,
            drop,
            duplicate,
            reorder,
        }
    })
}

/// A range of durations with a drawn upper end.
pub(super) fn up_to(longest: DurationRange) -> impl Strategy<Value = DurationRange> + use<> {
    (duration(longest), fraction()).prop_map(|(high, low)| {
        let low = log_scale(low, high.get() / 16, high.get());
        DurationRange::new(nanos(low), high)
    })
}

fn dose(dose: &Dose) -> impl Strategy<Value = Ratio> + use<> {
    sometimes(dose.chance, chance(dose.of)).prop_map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest! {
        #[test]
        fn a_draw_stays_inside_its_bounds(fraction: u32, a in 0..=u64::MAX / 2, b in 0..=u64::MAX / 2) {
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!((low..=high).contains(&scale(fraction, low, high)));
            prop_assert!((low..=high).contains(&log_scale(fraction, low, high)));
        }

        #[test]
        fn a_draw_stays_between_ends_that_are_close_or_equal(
            fraction: u32, low in 0..=u64::MAX / 4, width in 0..1_000_000_u64
        ) {
            prop_assert!((low..=low + width).contains(&log_scale(fraction, low, low + width)));
            prop_assert_eq!(log_scale(fraction, low, low), low);
        }

        #[test]
        fn a_power_undoes_a_logarithm_but_for_its_grain(value in 0..=u64::MAX / 2) {
            let back = power(log(value));
            prop_assert!(back <= value && value - back <= value >> 15);
        }
    }

    #[test]
    fn draws_go_from_end_to_end_and_magnitudes_are_equally_likely() {
        assert_eq!(log_scale(0, 100, 1_000_000), 100);
        assert!(log_scale(u32::MAX, 100, 1_000_000) >= 980_000);
        assert_eq!((log_scale(0, 1, 7), log_scale(u32::MAX, 1, 7)), (1, 7));
        let middle = log_scale(u32::MAX / 2, 100, 1_000_000);
        assert!(
            (8_000..12_000).contains(&middle),
            "{middle} is half way to a million"
        );
    }
}
