//! Ranges of other quantities than durations. Fuzz profiles use them.

use std::fmt;
use std::str::FromStr;

use super::ratio::Ratio;
use super::size::Size;
use super::unit::{Unit, UnitError, unit_string, whole};
use crate::codes::Code;

/// Reads `low..high`, or one value for both.
fn ends<U: Unit, T: FromStr + fmt::Display>(
    text: &str,
    follows: impl Fn(&T, &T) -> bool,
) -> Result<(T, T), UnitError> {
    let malformed = |_| UnitError::malformed::<U>(text);
    let end = |part: &str| part.parse::<T>().map_err(|_| malformed(()));
    let (low, high) = match text.split_once("..") {
        Some((low, high)) => (end(low)?, end(high)?),
        None => (end(text)?, end(text)?),
    };
    if !follows(&low, &high) {
        return Err(UnitError {
            code: Code::SC010,
            message: format!("the range {text} ends before it begins"),
            help: Some(format!("write \"{high}..{low}\"")),
        });
    }
    Ok((low, high))
}

/// A type for ranges of one quantity.
macro_rules! range_of {
    ($(#[$about:meta])* $name:ident of $item:ty, $follows:expr, $what:literal, $description:literal,
     $pattern:literal, $examples:expr) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            low: $item,
            high: $item,
        }

        impl $name {
            /// The smallest value of the range.
            #[must_use]
            pub fn low(self) -> $item {
                self.low
            }

            /// The largest value of the range.
            #[must_use]
            pub fn high(self) -> $item {
                self.high
            }
        }

        impl FromStr for $name {
            type Err = UnitError;

            fn from_str(text: &str) -> Result<Self, UnitError> {
                let (low, high) = ends::<Self, $item>(text, $follows)?;
                Ok(Self { low, high })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if self.low == self.high {
                    return write!(f, "{}", self.low);
                }
                write!(f, "{}..{}", self.low, self.high)
            }
        }

        impl Unit for $name {
            const WHAT: &'static str = $what;
            const NAME: &'static str = stringify!($name);
            const DESCRIPTION: &'static str = $description;
            const PATTERN: &'static str = $pattern;
            const EXAMPLES: &'static [&'static str] = &$examples;

            fn bare(n: &str) -> String {
                <$item as Unit>::bare(n)
            }
        }

        unit_string!($name);
    };
}

range_of!(
    /// Chances from `low` to `high`, both included.
    Chances of Ratio,
    |low, high| u64::from(low.num()) * u64::from(high.den())
        <= u64::from(high.num()) * u64::from(low.den()),
    "a chance or a range of chances",
    "A chance, or a range: two chances with .. between them. Both ends are included.",
    r"^([0-9]+(\.[0-9]{1,4})?%|[0-9]+/[0-9]+)(\.\.([0-9]+(\.[0-9]{1,4})?%|[0-9]+/[0-9]+))?$",
    ["0.1%..50%", "10%"]
);
range_of!(
    /// Sizes from `low` to `high`, both included.
    Sizes of Size,
    |low, high| low <= high,
    "a size or a range of sizes",
    "A size, or a range: two sizes with .. between them. Both ends are included.",
    r"^[0-9]+(B|KiB|MiB)(\.\.[0-9]+(B|KiB|MiB))?$",
    ["8B..256B", "64KiB"]
);

/// Whole numbers from `low` to `high`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    low: u32,
    high: u32,
}

impl Counts {
    /// The smallest number of the range.
    #[must_use]
    pub fn low(self) -> u32 {
        self.low
    }

    /// The largest number of the range.
    #[must_use]
    pub fn high(self) -> u32 {
        self.high
    }
}

impl FromStr for Counts {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        // A single number is written "3..3", because every quantity is a string that shows its unit or
        // kind.
        let malformed = || UnitError::malformed::<Self>(text);
        let (low, high) = text.split_once("..").ok_or_else(malformed)?;
        let [low, high] = [low, high].map(|end| whole::<u32>(end).filter(|_| !end.is_empty()));
        let (low, high) = low.zip(high).ok_or_else(malformed)?;
        let text = format!("{low}..{high}");
        let (low, high) = ends::<Self, u32>(&text, |low, high| low <= high)?;
        Ok(Self { low, high })
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.low, self.high)
    }
}

impl Unit for Counts {
    const WHAT: &'static str = "a range of whole numbers";
    const NAME: &'static str = "Counts";
    const DESCRIPTION: &'static str =
        "Two whole numbers with .. between them. Both ends are included; \"3..3\" is 3 alone.";
    const PATTERN: &'static str = r"^[0-9]+\.\.[0-9]+$";
    const EXAMPLES: &'static [&'static str] = &["1..7", "3..3"];

    fn bare(n: &str) -> String {
        let n = n.trim_start_matches('-');
        format!("{n}..{n}")
    }
}

unit_string!(Counts);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn these_ranges_follow_the_laws_of_units() {
        crate::units::unit::laws::check::<Chances>();
        crate::units::unit::laws::check::<Sizes>();
        crate::units::unit::laws::check::<Counts>();
    }

    #[test]
    fn a_range_has_both_ends_in_order() {
        let counts: Counts = "1..7".parse().expect("a range");
        assert_eq!((counts.low(), counts.high()), (1, 7));
        let help = |error: UnitError| error.help.unwrap_or_default();
        let backwards = "7..1".parse::<Counts>().expect_err("backwards");
        assert_eq!(help(backwards), "write \"1..7\"");
        let backwards = "1/2..10%".parse::<Chances>().expect_err("backwards");
        assert_eq!(help(backwards), "write \"10%..50%\"");
        assert!("64B..1KiB".parse::<Sizes>().is_ok());
    }
}
