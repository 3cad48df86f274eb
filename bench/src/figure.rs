//! One measured figure, for our core and the peer, as a line of a table or of JSON.

use std::io::{self, Write};

use serde_json::{Number, Value, json};

use crate::measure::Milli;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    NsPerEntry,
    InstructionsPerEntry,
    MessagesPerEntry,
    NsPerRound,
    InstructionsPerRound,
    NsPerOperation,
    InstructionsPerOperation,
    PerSecond,
    SimulatedSeconds,
    NsPerHistory,
    NsPerKey,
    BytesPerKey,
    Bytes,
    NsPerCopy,
}

impl Unit {
    fn text(self) -> &'static str {
        match self {
            Self::NsPerEntry => "ns/entry",
            Self::InstructionsPerEntry => "instructions/entry",
            Self::MessagesPerEntry => "messages/entry",
            Self::NsPerRound => "ns/round",
            Self::InstructionsPerRound => "instructions/round",
            Self::NsPerOperation => "ns/operation",
            Self::InstructionsPerOperation => "instructions/operation",
            Self::PerSecond => "/CPU s",
            Self::SimulatedSeconds => "simulated s/CPU s",
            Self::NsPerHistory => "ns/history",
            Self::NsPerKey => "ns/key",
            Self::BytesPerKey => "B/key",
            Self::Bytes => "B",
            Self::NsPerCopy => "ns/copy",
        }
    }

    fn more_is_better(self) -> bool {
        matches!(self, Self::PerSecond | Self::SimulatedSeconds)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    /// The name of the measurement, from the general to the particular.
    pub(crate) name: String,
    pub(crate) ours: Milli,
    /// The peer's figure in the same run, if there is one.
    pub(crate) peer: Option<Milli>,
    pub(crate) unit: Unit,
}

impl Figure {
    /// The factor by which our figure is better.
    fn ratio(&self) -> Option<Milli> {
        let peer = self.peer?;
        Some(if self.unit.more_is_better() {
            Milli::ratio(self.ours.0, peer.0)
        } else {
            Milli::ratio(peer.0, self.ours.0)
        })
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "ours": number(self.ours),
            "peer": self.peer.map(number),
            "ratio": self.ratio().map(number),
            "unit": self.unit.text(),
        })
    }

    fn line(&self, width: usize) -> String {
        let optional = |value: Option<Milli>| value.map(short).unwrap_or_default();
        let (peer, ratio) = (optional(self.peer), optional(self.ratio()));
        let (name, ours, unit) = (&self.name, short(self.ours), self.unit.text());
        format!("{name:width$}  {ours:>12}  {peer:>12}  {ratio:>8}  {unit}")
    }
}

fn number(value: Milli) -> Number {
    let text = format!("{}.{:03}", value.0 / 1000, value.0 % 1000);
    text.parse().expect("digits around a point are a number")
}

/// Shows small numbers with one decimal and large numbers with a separator of thousands.
fn short(value: Milli) -> String {
    let tenths = value.0.saturating_add(50) / 100;
    if tenths < 1000 {
        return format!("{}.{}", tenths / 10, tenths % 10);
    }
    let digits = (value.0.saturating_add(500) / 1000).to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The output format of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Table,
    Json,
}

/// Prints a group of figures, beside a peer of this name.
///
/// # Errors
/// If standard output cannot be written.
pub(crate) fn print(title: &str, peer: &str, figures: &[Figure], form: Form) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if form == Form::Json {
        for figure in figures {
            writeln!(out, "{}", figure.json())?;
        }
        return out.flush();
    }
    let widest = figures.iter().map(|figure| figure.name.chars().count());
    let width = widest.max().unwrap_or(0);
    let [ours, ratio] = ["ours", "ratio"];
    writeln!(out, "{title:width$}  {ours:>12}  {peer:>12}  {ratio:>8}")?;
    for figure in figures {
        writeln!(out, "{}", figure.line(width))?;
    }
    writeln!(out)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(unit: Unit) -> Figure {
        Figure {
            name: "core".to_owned(),
            ours: Milli(250_500),
            peer: Some(Milli(2_740_000)),
            unit,
        }
    }

    #[test]
    fn a_ratio_above_one_means_that_ours_is_better() {
        assert_eq!(figure(Unit::NsPerEntry).ratio(), Some(Milli(10_938)));
        assert_eq!(figure(Unit::PerSecond).ratio(), Some(Milli(91)));
    }

    #[test]
    fn json_has_one_number_for_each_side() {
        let text = figure(Unit::NsPerEntry).json().to_string();
        let wanted =
            r#"{"name":"core","ours":250.5,"peer":2740.0,"ratio":10.938,"unit":"ns/entry"}"#;
        assert_eq!(text, wanted);
        let alone = Figure {
            peer: None,
            ..figure(Unit::NsPerEntry)
        };
        assert_eq!(alone.json()["ratio"], Value::Null);
    }

    #[test]
    fn large_numbers_are_read_in_thousands() {
        assert_eq!(short(Milli(99_940)), "99.9");
        assert_eq!(short(Milli(1_234_567_500)), "1,234,568");
        assert_eq!(short(Milli(100_000)), "100");
    }
}
