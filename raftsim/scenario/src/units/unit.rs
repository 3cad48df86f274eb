//! The common part of all quantities: texts with a unit, their errors, and their forms in JSON and in the schema.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{self, Deserializer, Visitor};

use crate::codes::Code;

/// The reason why a quantity could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitError {
    /// The kind of mistake.
    pub code: Code,
    /// The mistake.
    pub message: String,
    /// The suggestion.
    pub help: Option<String>,
}

impl UnitError {
    pub(super) fn malformed<U: Unit>(text: &str) -> Self {
        // An error names the text it is about, but a pasted megabyte is not repeated.
        let shown: String = text.chars().take(40).collect();
        Self {
            code: Code::SC010,
            message: format!("\"{shown}\" is not {}", U::WHAT),
            help: Some(format!("write it like {}", quoted(U::EXAMPLES))),
        }
    }

    pub(super) fn out_of_bounds(message: String) -> Self {
        Self {
            code: Code::SC026,
            message,
            help: None,
        }
    }
}

/// Code, message and help in one string, because serde's errors carry a single string.
impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.message)?;
        self.help
            .as_ref()
            .map_or(Ok(()), |help| write!(f, "\n{help}"))
    }
}

impl std::error::Error for UnitError {}

/// A quantity that is written as a string.
#[cfg_attr(
    not(feature = "schema"),
    expect(dead_code, reason = "the schema tells how units are written")
)]
pub(crate) trait Unit: FromStr<Err = UnitError> + fmt::Display {
    /// The kind of quantity, with an article: "a duration".
    const WHAT: &'static str;
    /// The name of its definition in the JSON Schema.
    const NAME: &'static str;
    /// A description for users.
    const DESCRIPTION: &'static str;
    /// A regular expression that every accepted text matches.
    const PATTERN: &'static str;
    /// Texts that are accepted.
    const EXAMPLES: &'static [&'static str];
    /// The most likely meaning of the bare number `n`.
    fn bare(n: &str) -> String;
}

fn quoted(examples: &[&str]) -> String {
    let quoted: Vec<String> = examples.iter().map(|e| format!("\"{e}\"")).collect();
    quoted.join(" or ")
}

/// Reads a `U` from a string. For a bare number the error suggests a unit.
pub(crate) fn deserialize<'de, U: Unit, D: Deserializer<'de>>(from: D) -> Result<U, D::Error> {
    struct Text<U>(PhantomData<U>);

    fn bare<U: Unit, E: de::Error>(number: &str) -> E {
        E::custom(UnitError {
            code: Code::SC011,
            message: format!("the bare number {number} stands where {} is due", U::WHAT),
            help: Some(format!("write \"{}\"", U::bare(number))),
        })
    }

    impl<U: Unit> Visitor<'_> for Text<U> {
        type Value = U;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{} such as \"{}\"", U::WHAT, U::EXAMPLES[0])
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<U, E> {
            text.parse().map_err(E::custom)
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<U, E> {
            Err(bare::<U, E>(&number.to_string()))
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<U, E> {
            Err(bare::<U, E>(&number.to_string()))
        }
    }

    from.deserialize_any(Text(PhantomData))
}

/// Gives a [`Unit`] its serde and JSON Schema forms.
macro_rules! unit_string {
    ($unit:ty) => {
        impl serde::Serialize for $unit {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $unit {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::units::unit::deserialize(from)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $unit {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                <Self as $crate::units::unit::Unit>::NAME.into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "description": <Self as $crate::units::unit::Unit>::DESCRIPTION,
                    "pattern": <Self as $crate::units::unit::Unit>::PATTERN,
                    "examples": <Self as $crate::units::unit::Unit>::EXAMPLES,
                })
            }
        }
    };
}
pub(crate) use unit_string;

/// A non-negative decimal as an exact pair (digits, 10^decimals): `"1.5"` is `(15, 10)`.
pub(super) fn decimal(text: &str, max_decimals: usize) -> Option<(u64, u64)> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (text, ""),
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || fraction.len() > max_decimals || !digits(whole) || !digits(fraction) {
        return None;
    }
    let mut scale = 1;
    for _ in 0..fraction.len() {
        scale *= 10;
    }
    Some((format!("{whole}{fraction}").parse().ok()?, scale))
}

/// A plain non-negative whole number: digits only.
pub(super) fn whole<T: FromStr>(text: &str) -> Option<T> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

/// `num / den` in lowest terms, if both still fit.
pub(super) fn reduced(num: u64, den: u64) -> Option<(u32, u32)> {
    let divisor = gcd(num, den);
    if divisor == 0 {
        return None;
    }
    Some((
        u32::try_from(num / divisor).ok()?,
        u32::try_from(den / divisor).ok()?,
    ))
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
pub(crate) mod laws {
    use super::*;

    /// The laws of every unit: its examples can be read and printed back, and its pattern is well formed.
    pub(crate) fn check<U: Unit + PartialEq + fmt::Debug>() {
        for example in U::EXAMPLES {
            let read: U = example.parse().expect(example);
            assert_eq!(
                read.to_string().parse::<U>(),
                Ok(read),
                "{example} printed and read again"
            );
        }
        assert!(
            U::PATTERN.starts_with('^') && U::PATTERN.ends_with('$'),
            "{}",
            U::NAME
        );
        for wrong in [
            "", " ", "-", "..", "/", "%", "1", "1 ms", "٣ms", "1e3ms", "NaN", "1ms..", "s",
        ] {
            assert!(wrong.parse::<U>().is_err(), "{} accepts {wrong:?}", U::NAME);
        }
    }

    #[test]
    fn decimals_are_exact_and_strict() {
        assert_eq!(decimal("1.5", 1), Some((15, 10)));
        assert_eq!(decimal("12", 1), Some((12, 1)));
        for wrong in [
            "",
            ".",
            "1.",
            ".5",
            "1.55",
            "-1",
            "+1",
            "1.5.5",
            "99999999999999999999",
        ] {
            assert_eq!(decimal(wrong, 1), None, "{wrong}");
        }
    }
}
