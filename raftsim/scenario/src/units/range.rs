//! Ranges of durations.

use std::fmt;
use std::str::FromStr;

use super::duration::Nanos;
use super::unit::{Unit, UnitError, unit_string};
use crate::codes::Code;

/// Durations from `low` to `high`, both included, from which a run draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DurationRange {
    low: Nanos,
    high: Nanos,
}

impl DurationRange {
    /// The range `low..high`, both included.
    ///
    /// # Panics
    /// If `low` is above `high`.
    #[must_use]
    pub const fn new(low: Nanos, high: Nanos) -> Self {
        assert!(
            low.get() <= high.get(),
            "a range runs from its lower to its upper end"
        );
        Self { low, high }
    }

    /// `low..high` in milliseconds, both included.
    pub const fn millis(low: u64, high: u64) -> Self {
        Self::new(Nanos::millis(low), Nanos::millis(high))
    }

    /// The shortest duration of the range.
    #[must_use]
    pub const fn low(self) -> Nanos {
        self.low
    }

    /// The longest duration of the range.
    #[must_use]
    pub const fn high(self) -> Nanos {
        self.high
    }
}

impl FromStr for DurationRange {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let end = |part: &str| {
            part.parse::<Nanos>().map_err(|error| match error.code {
                Code::SC010 => UnitError::malformed::<Self>(text),
                _ => error,
            })
        };
        let (low, high) = match text.split_once("..") {
            Some((low, high)) => (end(low)?, end(high)?),
            None => (end(text)?, end(text)?),
        };
        if low > high {
            return Err(UnitError {
                code: Code::SC010,
                message: format!("the range {text} ends before it begins"),
                help: Some(format!("write \"{high}..{low}\"")),
            });
        }
        Ok(Self { low, high })
    }
}

impl fmt::Display for DurationRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.low == self.high {
            return write!(f, "{}", self.low);
        }
        write!(f, "{}..{}", self.low, self.high)
    }
}

impl Unit for DurationRange {
    const WHAT: &'static str = "a duration or a range of durations";
    const NAME: &'static str = "DurationRange";
    const DESCRIPTION: &'static str = "A duration, or a range: two durations with .. between them. \
        Each use draws one from the range. Both ends are included.";
    const PATTERN: &'static str =
        r"^[0-9]+(\.[0-9])?(ns|us|ms|s|m|h)(\.\.[0-9]+(\.[0-9])?(ns|us|ms|s|m|h))?$";
    const EXAMPLES: &'static [&'static str] = &["150ms..300ms", "5ms"];

    fn bare(n: &str) -> String {
        Nanos::bare(n)
    }
}

unit_string!(DurationRange);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_the_laws_of_units() {
        crate::units::unit::laws::check::<DurationRange>();
    }

    #[test]
    fn a_range_has_both_ends_in_order() {
        let range: DurationRange = "1ms..1.5s".parse().expect("a range");
        assert_eq!(
            (range.low(), range.high()),
            (Nanos::millis(1), Nanos::millis(1500))
        );
        let error = "2s..1s".parse::<DurationRange>().expect_err("backwards");
        assert_eq!(error.help.as_deref(), Some("write \"1s..2s\""));
        assert!("1s..2s..3s".parse::<DurationRange>().is_err());
    }
}
