//! Exact chances.

use std::fmt;
use std::str::FromStr;

use super::unit::{Unit, UnitError, decimal, reduced, unit_string, whole};

/// A chance from 0 to 1 as an exact fraction in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ratio {
    num: u32,
    den: u32,
}

impl Ratio {
    /// Never.
    pub const NEVER: Ratio = Ratio { num: 0, den: 1 };
    /// Always.
    pub const ALWAYS: Ratio = Ratio { num: 1, den: 1 };

    /// `num` in `den` cases; `None` unless 0 ≤ `num` ≤ `den` and `den` > 0.
    #[must_use]
    pub fn new(num: u32, den: u32) -> Option<Self> {
        if den == 0 || num > den {
            return None;
        }
        let (num, den) = reduced(num.into(), den.into())?;
        Some(Self { num, den })
    }

    /// The numerator, at most the denominator.
    #[must_use]
    pub const fn num(self) -> u32 {
        self.num
    }

    /// The denominator, never 0.
    #[must_use]
    pub const fn den(self) -> u32 {
        self.den
    }
}

/// [`Ratio::NEVER`].
impl Default for Ratio {
    fn default() -> Self {
        Self::NEVER
    }
}

impl FromStr for Ratio {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let malformed = || UnitError::malformed::<Self>(text);
        let (num, den) = if let Some(percent) = text.strip_suffix('%') {
            let (value, scale) = decimal(percent, 4).ok_or_else(malformed)?;
            (value, scale * 100)
        } else {
            let (num, den) = text.split_once('/').ok_or_else(malformed)?;
            (
                whole(num).ok_or_else(malformed)?,
                whole(den).ok_or_else(malformed)?,
            )
        };
        if den == 0 {
            return Err(malformed());
        }
        if num > den {
            return Err(UnitError::out_of_bounds(format!(
                "{text} is more than 100%"
            )));
        }
        let (num, den) = reduced(num, den).ok_or_else(malformed)?;
        Ok(Self { num, den })
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if 100 % self.den == 0 {
            return write!(f, "{}%", self.num * (100 / self.den));
        }
        write!(f, "{}/{}", self.num, self.den)
    }
}

impl Unit for Ratio {
    const WHAT: &'static str = "a ratio";
    const NAME: &'static str = "Ratio";
    const DESCRIPTION: &'static str = "A chance: a percentage with at most four decimals, or a \
        fraction of whole numbers, from 0% to 100%.";
    const PATTERN: &'static str = r"^([0-9]+(\.[0-9]{1,4})?%|[0-9]+/[0-9]+)$";
    const EXAMPLES: &'static [&'static str] = &["10%", "1/1000"];

    fn bare(n: &str) -> String {
        format!("{}%", n.trim_start_matches('-'))
    }
}

unit_string!(Ratio);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::Code;
    use proptest::prelude::*;

    #[test]
    fn ratios_follow_the_laws_of_units() {
        crate::units::unit::laws::check::<Ratio>();
    }

    #[test]
    fn ratios_are_exact_and_at_most_one() {
        let ratio = |text: &str| text.parse::<Ratio>().map(|r| (r.num(), r.den()));
        assert_eq!(ratio("0.5%"), Ok((1, 200)));
        assert_eq!(ratio("2/8"), Ok((1, 4)));
        assert_eq!(ratio("0%"), Ok((0, 1)));
        assert_eq!(ratio("101%").expect_err("over").code, Code::SC026);
        assert_eq!(Ratio::new(2, 8), "25%".parse().ok());
        assert_eq!(Ratio::new(2, 1).or(Ratio::new(0, 0)), None);
        assert_eq!(ratio("1/0").expect_err("zero").code, Code::SC010);
    }

    proptest! {
        #[test]
        fn printing_and_reading_is_the_identity(a: u32, b in 1u32..) {
            let text = format!("{}/{}", a.min(b), a.max(b));
            let it: Ratio = text.parse().expect("at most one");
            prop_assert_eq!(it.to_string().parse(), Ok(it));
        }
    }
}
