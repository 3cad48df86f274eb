//! Tiny comparisons: `">= 3"` and `"down >= 2"`.

use std::fmt;
use std::str::FromStr;

use super::unit::{Unit, UnitError, unit_string, whole};

/// A relation between two whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

/// Two-letter operators first: `>=` must not be read as `>`.
const OPERATORS: [(&str, Operator); 6] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<", Operator::Less),
    (">", Operator::More),
];

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, _) = OPERATORS
            .into_iter()
            .find(|(_, operator)| operator == self)
            .expect("the table lists every operator");
        f.write_str(sign)
    }
}

/// A comparison with a count, such as `>= 3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Comparison {
    /// The operator.
    pub operator: Operator,
    /// The number on the right.
    pub value: u32,
}

impl Comparison {
    /// Whether the comparison holds for `count`.
    #[must_use]
    #[inline]
    pub fn holds(self, count: u64) -> bool {
        self.holds_per(count, 1)
    }

    /// Whether the comparison holds for `count / of`. Exact, without division; `of` = 0 counts as 1.
    #[must_use]
    #[inline]
    pub fn holds_per(self, count: u64, of: u64) -> bool {
        let left = u128::from(count);
        let right = u128::from(self.value) * u128::from(of.max(1));
        match self.operator {
            Operator::Equal => left == right,
            Operator::NotEqual => left != right,
            Operator::Less => left < right,
            Operator::AtMost => left <= right,
            Operator::More => left > right,
            Operator::AtLeast => left >= right,
        }
    }
}

impl FromStr for Comparison {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let malformed = || UnitError::malformed::<Self>(text);
        let (sign, operator) = OPERATORS
            .into_iter()
            .find(|(sign, _)| text.starts_with(sign))
            .ok_or_else(malformed)?;
        let number = text[sign.len()..].trim_start_matches(' ');
        if number.is_empty() {
            return Err(malformed());
        }
        Ok(Self {
            operator,
            value: whole(number).ok_or_else(malformed)?,
        })
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.operator, self.value)
    }
}

impl Unit for Comparison {
    const WHAT: &'static str = "a comparison";
    const NAME: &'static str = "Comparison";
    const DESCRIPTION: &'static str =
        "A comparison with a count: one of ==, !=, <, <=, >, >= and a whole number.";
    const PATTERN: &'static str = "^(==|!=|<=|>=|<|>) *[0-9]+$";
    const EXAMPLES: &'static [&'static str] = &[">= 3", "== 0"];

    fn bare(n: &str) -> String {
        format!(">= {}", n.trim_start_matches('-'))
    }
}

unit_string!(Comparison);

/// A number of the running cluster for conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gauge {
    /// Crashed nodes.
    Down,
    /// Nodes that are neither crashed nor paused.
    Up,
    /// Paused nodes.
    Paused,
    /// Nodes that are up and lead, in any term.
    Leaders,
    /// Directed links between nodes that drop everything now.
    Cuts,
    /// Nodes that `isolate` cut off and that no action has connected again.
    Isolated,
}

const GAUGES: [(&str, Gauge); 6] = [
    ("down", Gauge::Down),
    ("up", Gauge::Up),
    ("paused", Gauge::Paused),
    ("leaders", Gauge::Leaders),
    ("cuts", Gauge::Cuts),
    ("isolated", Gauge::Isolated),
];

/// A condition on the running cluster, such as `down >= 2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// The count.
    pub gauge: Gauge,
    /// The comparison.
    pub comparison: Comparison,
}

impl FromStr for Condition {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let malformed = || UnitError::malformed::<Self>(text);
        let rest = text.trim_start_matches(|c: char| c.is_ascii_lowercase());
        let word = &text[..text.len() - rest.len()];
        let (_, gauge) = GAUGES
            .into_iter()
            .find(|(name, _)| *name == word)
            .ok_or_else(malformed)?;
        let comparison = rest
            .trim_start_matches(' ')
            .parse()
            .map_err(|_| malformed())?;
        Ok(Self { gauge, comparison })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, _) = GAUGES
            .into_iter()
            .find(|(_, gauge)| *gauge == self.gauge)
            .expect("the table lists every gauge");
        write!(f, "{name} {}", self.comparison)
    }
}

impl Unit for Condition {
    const WHAT: &'static str = "a condition";
    const NAME: &'static str = "Condition";
    const DESCRIPTION: &'static str = "A condition on the running cluster: one of down, up, paused, \
        leaders, cuts (directed links that drop everything), isolated (nodes that isolate cut off), \
        then a comparison.";
    const PATTERN: &'static str =
        "^(down|up|paused|leaders|cuts|isolated) *(==|!=|<=|>=|<|>) *[0-9]+$";
    const EXAMPLES: &'static [&'static str] = &["down >= 2", "leaders == 0"];

    fn bare(n: &str) -> String {
        format!("down >= {}", n.trim_start_matches('-'))
    }
}

unit_string!(Condition);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_follow_the_laws_of_units() {
        crate::units::unit::laws::check::<Comparison>();
        crate::units::unit::laws::check::<Condition>();
    }

    #[test]
    fn every_operator_and_gauge_is_printed_and_read() {
        for (sign, operator) in OPERATORS {
            let read: Comparison = format!("{sign}7").parse().expect(sign);
            assert_eq!(read, Comparison { operator, value: 7 });
            assert_eq!(read.to_string(), format!("{sign} 7"));
        }
        for (name, gauge) in GAUGES {
            let text = format!("{name} >= 2");
            let read: Condition = text.parse().expect(name);
            assert_eq!((read.gauge, read.to_string()), (gauge, text));
        }
    }

    #[test]
    fn a_comparison_holds_as_written() {
        let holds = |text: &str, n| text.parse::<Comparison>().expect(text).holds(n);
        assert!(holds(">= 3", 3) && !holds(">= 3", 2));
        assert!(holds("> 3", 4) && !holds("> 3", 3));
        assert!(holds("<= 3", 3) && !holds("<= 3", 4));
        assert!(holds("< 3", 2) && !holds("< 3", 3));
        assert!(holds("== 3", 3) && !holds("== 3", 4));
        assert!(holds("!= 3", 4) && !holds("!= 3", 3));
        let at_most_60: Comparison = "<= 60".parse().expect("a comparison");
        assert!(at_most_60.holds_per(120, 2) && !at_most_60.holds_per(121, 2));
    }
}
