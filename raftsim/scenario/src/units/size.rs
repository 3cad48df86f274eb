//! Numbers of bytes.

use std::fmt;
use std::str::FromStr;

use super::unit::{Unit, UnitError, unit_string, whole};

/// A number of bytes, at most [`Size::MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u64);

const UNITS: [(&str, u64); 3] = [("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl Size {
    /// The largest size of the format: 1 GiB.
    pub const MAX: Size = Size(1 << 30);

    /// This many bytes; `None` above [`Size::MAX`].
    #[must_use]
    pub const fn new(bytes: u64) -> Option<Self> {
        if bytes <= Self::MAX.0 {
            Some(Self(bytes))
        } else {
            None
        }
    }

    /// `count` bytes.
    pub const fn bytes(count: u32) -> Self {
        assert!(count <= 1 << 30, "a size is at most 1 GiB");
        Self(count as u64)
    }

    /// `count` times 1,024 bytes.
    pub const fn kib(count: u64) -> Self {
        assert!(count <= 1 << 20, "a size is at most 1 GiB");
        Self(count << 10)
    }

    /// The number of bytes.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl FromStr for Size {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let malformed = || UnitError::malformed::<Self>(text);
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let suffix = &text[digits.len()..];
        let (_, unit) = UNITS
            .iter()
            .find(|(name, _)| *name == suffix)
            .ok_or_else(malformed)?;
        let count: u64 = whole(digits).ok_or_else(malformed)?;
        count
            .checked_mul(*unit)
            .and_then(Self::new)
            .ok_or_else(|| UnitError::out_of_bounds(format!("{text} is more than 1024MiB")))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |unit: u64| self.0 >= unit && self.0.is_multiple_of(unit);
        let (name, unit) = UNITS
            .into_iter()
            .find(|(_, unit)| fits(*unit))
            .unwrap_or(("B", 1));
        write!(f, "{}{name}", self.0 / unit)
    }
}

impl Unit for Size {
    const WHAT: &'static str = "a size";
    const NAME: &'static str = "Size";
    const DESCRIPTION: &'static str =
        "A number of bytes: a whole number and a unit (B, KiB, MiB), at most 1024MiB.";
    const PATTERN: &'static str = "^[0-9]+(B|KiB|MiB)$";
    const EXAMPLES: &'static [&'static str] = &["64KiB", "24B"];

    fn bare(n: &str) -> String {
        format!("{}B", n.trim_start_matches('-'))
    }
}

unit_string!(Size);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_the_laws_of_units() {
        crate::units::unit::laws::check::<Size>();
    }

    #[test]
    fn sizes_are_exact_and_bounded() {
        assert_eq!("8KiB".parse::<Size>().map(Size::get), Ok(8192));
        assert_eq!(Size::kib(64).to_string(), "64KiB");
        assert!("1025MiB".parse::<Size>().is_err());
        assert!("99999999999999MiB".parse::<Size>().is_err());
        assert!("8KB".parse::<Size>().is_err());
    }
}
