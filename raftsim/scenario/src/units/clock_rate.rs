//! How fast a node's clock runs.

use std::fmt;
use std::str::FromStr;

use super::unit::{Unit, UnitError, decimal, reduced, unit_string, whole};

/// Nanoseconds of a node's clock per nanosecond of world time: an exact fraction in lowest terms,
/// from 1/10 to 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClockRate {
    num: u32,
    den: u32,
}

impl ClockRate {
    /// A clock that keeps world time.
    pub const TRUE: ClockRate = ClockRate { num: 1, den: 1 };

    /// The rate `num`/`den`, in lowest terms; `None` outside 1/10 to 10.
    #[must_use]
    pub fn new(num: u32, den: u32) -> Option<Self> {
        format!("{num}/{den}").parse().ok()
    }

    /// Local nanoseconds that pass in [`ClockRate::den`] nanoseconds of the world; never 0.
    #[must_use]
    pub const fn num(self) -> u32 {
        self.num
    }

    /// World nanoseconds in which [`ClockRate::num`] local ones pass; never 0.
    #[must_use]
    pub const fn den(self) -> u32 {
        self.den
    }
}

impl FromStr for ClockRate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let malformed = || UnitError::malformed::<Self>(text);
        let (num, den) = match text.split_once('/') {
            Some((num, den)) => (
                whole(num).ok_or_else(malformed)?,
                whole(den).ok_or_else(malformed)?,
            ),
            None => deviation(text).ok_or_else(malformed)?,
        };
        if den == 0 {
            return Err(malformed());
        }
        let tenth = u128::from(num) * 10 >= u128::from(den);
        let tenfold = u128::from(num) <= u128::from(den) * 10;
        if !tenth || !tenfold {
            return Err(UnitError::out_of_bounds(format!(
                "the rate {text} is not from 1/10 to 10/1"
            )));
        }
        let (num, den) = reduced(num, den).ok_or_else(malformed)?;
        Ok(Self { num, den })
    }
}

/// "+200ppm" or "-1%" as the fraction of the true rate, unreduced.
fn deviation(text: &str) -> Option<(u64, u64)> {
    let (faster, amount) = match text.split_at_checked(1)? {
        ("+", amount) => (true, amount),
        ("-", amount) => (false, amount),
        _ => return None,
    };
    let (number, unit) = match amount.strip_suffix("ppm") {
        Some(number) => (number, 1_000_000),
        None => (amount.strip_suffix('%')?, 100),
    };
    let (value, scale) = decimal(number, 4)?;
    let den = unit * scale;
    let num = if faster {
        den.checked_add(value)?
    } else {
        den.checked_sub(value)?
    };
    Some((num, den))
}

impl fmt::Display for ClockRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

impl Unit for ClockRate {
    const WHAT: &'static str = "a clock rate";
    const NAME: &'static str = "ClockRate";
    const DESCRIPTION: &'static str = "How fast a clock runs: its deviation from true time with a \
        sign (+200ppm, -1%), or the exact rate as a fraction (1001/1000), from 1/10 to 10/1.";
    const PATTERN: &'static str = r"^([+-][0-9]+(\.[0-9]{1,4})?(ppm|%)|[0-9]+/[0-9]+)$";
    const EXAMPLES: &'static [&'static str] = &["+200ppm", "-1%", "1001/1000"];

    fn bare(n: &str) -> String {
        if n.starts_with('-') {
            format!("{n}%")
        } else {
            format!("+{n}%")
        }
    }
}

unit_string!(ClockRate);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::Code;

    #[test]
    fn clock_rates_follow_the_laws_of_units() {
        crate::units::unit::laws::check::<ClockRate>();
    }

    #[test]
    fn clock_rates_are_exact_and_bounded() {
        let rate = |text: &str| text.parse::<ClockRate>().map(|r| (r.num(), r.den()));
        assert_eq!(rate("+200ppm"), Ok((5001, 5000)));
        assert_eq!(rate("-1%"), Ok((99, 100)));
        assert_eq!(rate("1001/1000"), Ok((1001, 1000)));
        assert_eq!(rate("1/11").expect_err("slow").code, Code::SC026);
        assert_eq!(rate("11/1").expect_err("fast").code, Code::SC026);
        assert_eq!(rate("-99%").expect_err("slow").code, Code::SC026);
        assert_eq!(rate("1%").expect_err("no sign").code, Code::SC010);
    }
}
