//! How often something happens.

use std::fmt;
use std::str::FromStr;

use super::duration::Nanos;
use super::range::DurationRange;
use super::unit::{Unit, UnitError, unit_string, whole};

/// A number of times per second, minute or hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    count: u32,
    per: Per,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Per {
    Second,
    Minute,
    Hour,
}

impl Rate {
    /// The highest count, so that the interval is never shorter than a microsecond.
    const MAX_COUNT: u32 = 1_000_000;

    /// `count` times per second, 1 to 1,000,000.
    pub(crate) const fn per_second(count: u32) -> Self {
        assert!(
            count > 0 && count <= Self::MAX_COUNT,
            "a rate within its bounds"
        );
        Self {
            count,
            per: Per::Second,
        }
    }

    /// The mean time between two, rounded down to nanoseconds; at least 1 us.
    #[must_use]
    pub fn interval(self) -> Nanos {
        let per = match self.per {
            Per::Second => Nanos::millis(1_000),
            Per::Minute => Nanos::millis(60_000),
            Per::Hour => Nanos::millis(3_600_000),
        };
        Nanos::new(per.get() / u64::from(self.count)).expect("no longer than an hour")
    }

    /// From half to one and a half times the interval: uniform draws from it keep the mean.
    #[must_use]
    pub fn spread(self) -> DurationRange {
        let half = self.interval().get() / 2;
        let high = Nanos::new(self.interval().get() + half).expect("at most one and a half hours");
        DurationRange::new(Nanos::new(half).expect("less than an hour"), high)
    }
}

impl FromStr for Rate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let malformed = || UnitError::malformed::<Self>(text);
        let (count, per) = text.split_once('/').ok_or_else(malformed)?;
        let per = match per {
            "s" => Per::Second,
            "m" => Per::Minute,
            "h" => Per::Hour,
            _ => return Err(malformed()),
        };
        let count: u32 = whole(count).ok_or_else(malformed)?;
        if count == 0 || count > Self::MAX_COUNT {
            return Err(UnitError::out_of_bounds(format!(
                "{text} is not from 1 to 1000000"
            )));
        }
        Ok(Self { count, per })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = match self.per {
            Per::Second => "s",
            Per::Minute => "m",
            Per::Hour => "h",
        };
        write!(f, "{}/{per}", self.count)
    }
}

impl Unit for Rate {
    const WHAT: &'static str = "a rate";
    const NAME: &'static str = "Rate";
    const DESCRIPTION: &'static str = "How often: a whole number from 1 to 1000000 per second \
        (/s), minute (/m) or hour (/h).";
    const PATTERN: &'static str = "^[0-9]+/(s|m|h)$";
    const EXAMPLES: &'static [&'static str] = &["20/s", "90/m"];

    fn bare(n: &str) -> String {
        format!("{}/s", n.trim_start_matches('-'))
    }
}

unit_string!(Rate);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_follow_the_laws_of_units() {
        crate::units::unit::laws::check::<Rate>();
    }

    #[test]
    fn a_rate_is_the_inverse_of_its_interval() {
        let rate: Rate = "20/s".parse().expect("a rate");
        assert_eq!(rate.interval(), Nanos::millis(50));
        assert_eq!(rate.spread(), DurationRange::millis(25, 75));
        assert!("0/s".parse::<Rate>().is_err());
        assert!("1000001/s".parse::<Rate>().is_err());
    }
}
