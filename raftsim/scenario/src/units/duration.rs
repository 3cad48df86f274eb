//! Lengths of simulated time.

use std::fmt;
use std::str::FromStr;

use super::unit::{Unit, UnitError, decimal, unit_string};

/// A length of simulated time in nanoseconds, at most [`Nanos::MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(u64);

/// Unit suffixes and their nanoseconds, the longest unit first.
const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

impl Nanos {
    /// The longest duration of the format: 24 hours. Sums of a few never overflow.
    pub const MAX: Nanos = Nanos(24 * 3_600_000_000_000);
    /// No time.
    pub const ZERO: Nanos = Nanos(0);

    /// `count` milliseconds.
    ///
    /// # Panics
    /// Above 24 hours.
    #[must_use]
    pub const fn millis(count: u64) -> Self {
        assert!(count <= 24 * 3_600_000, "a duration is at most 24 hours");
        Self(count * 1_000_000)
    }

    /// This many nanoseconds; `None` above [`Nanos::MAX`].
    #[must_use]
    pub const fn new(nanos: u64) -> Option<Self> {
        if nanos <= Self::MAX.0 {
            Some(Self(nanos))
        } else {
            None
        }
    }

    /// The length in nanoseconds.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl FromStr for Nanos {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let malformed = || UnitError::malformed::<Self>(text);
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let suffix = &text[digits.len()..];
        let (_, unit) = UNITS
            .iter()
            .find(|(name, _)| *name == suffix)
            .ok_or_else(malformed)?;
        let (value, scale) = decimal(digits, 1).ok_or_else(malformed)?;
        let nanos = u128::from(value) * u128::from(*unit);
        if nanos % u128::from(scale) != 0 {
            return Err(malformed());
        }
        let too_long = || UnitError::out_of_bounds(format!("{text} is longer than 24h"));
        let nanos = u64::try_from(nanos / u128::from(scale)).map_err(|_| too_long())?;
        Self::new(nanos).ok_or_else(too_long)
    }
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0ms");
        }
        for (name, unit) in UNITS {
            if self.0 >= unit && self.0.is_multiple_of(unit) {
                return write!(f, "{}{name}", self.0 / unit);
            }
            let tenths = unit / 10;
            if self.0 >= unit && tenths > 0 && self.0.is_multiple_of(tenths) {
                return write!(f, "{}.{}{name}", self.0 / unit, self.0 % unit / tenths);
            }
        }
        unreachable!("every whole number is a multiple of one nanosecond")
    }
}

impl Unit for Nanos {
    const WHAT: &'static str = "a duration";
    const NAME: &'static str = "Duration";
    const DESCRIPTION: &'static str = "A length of simulated time: a number with at most one decimal and a unit (ns, us, ms, s, \
         m, h), at most 24h.";
    const PATTERN: &'static str = r"^[0-9]+(\.[0-9])?(ns|us|ms|s|m|h)$";
    const EXAMPLES: &'static [&'static str] = &["150ms", "1.5s"];

    fn bare(n: &str) -> String {
        format!("{}ms", n.trim_start_matches('-'))
    }
}

unit_string!(Nanos);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::Code;
    use proptest::prelude::*;

    #[test]
    fn durations_follow_the_laws_of_units() {
        crate::units::unit::laws::check::<Nanos>();
    }

    #[test]
    fn durations_are_exact() {
        let nanos = |text: &str| text.parse::<Nanos>().expect(text).get();
        assert_eq!(nanos("1.5us"), 1_500);
        assert_eq!(nanos("24h"), Nanos::MAX.get());
        assert_eq!(nanos("0s"), 0);
        assert_eq!(
            "0.5ns".parse::<Nanos>().expect_err("half").code,
            Code::SC010
        );
        assert_eq!(
            "24.1h".parse::<Nanos>().expect_err("long").code,
            Code::SC026
        );
        assert_eq!(
            "9999999999999999h".parse::<Nanos>().expect_err("long").code,
            Code::SC026
        );
    }

    proptest! {
        #[test]
        fn printing_and_reading_is_the_identity(n in 0..=Nanos::MAX.get()) {
            let it = Nanos(n);
            prop_assert_eq!(it.to_string().parse(), Ok(it));
        }
    }
}
