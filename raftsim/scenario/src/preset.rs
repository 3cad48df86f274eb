//! Networks by name, as the tests of a well-known course have them, and what a file says on top.

#[cfg(feature = "schema")]
use std::borrow::Cow;

#[cfg(feature = "schema")]
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::settings::{Network, NetworkChange, Reorder, Reordered};
use super::units::{DurationRange, Nanos, Ratio};

/// A network that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Preset {
    /// Messages take 0ms to 1ms; nothing is lost.
    Reliable,
    /// Messages take 0ms to 26ms; a tenth of them is lost.
    Unreliable,
    /// The same, and two of three replies between nodes are held up for 200ms to 2199ms.
    LongReordering,
}

impl Preset {
    fn network(self) -> Network {
        let unreliable = Network {
            delay: DurationRange::millis(0, 26),
            drop: share(1, 10),
            ..Network::default()
        };
        match self {
            Preset::Reliable => Network {
                delay: DurationRange::new(Nanos::ZERO, Nanos::millis(1)),
                ..Network::default()
            },
            Preset::Unreliable => unreliable,
            Preset::LongReordering => Network {
                reorder: Reorder {
                    chance: share(2, 3),
                    delay: DurationRange::millis(200, 2199),
                    of: Reordered::Replies,
                },
                ..unreliable
            },
        }
    }
}

fn share(num: u32, den: u32) -> Ratio {
    Ratio::new(num, den).expect("a part is less than the whole")
}

/// How links carry messages, as it is written: a name, and what differs from it.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenNetwork {
    /// A network by name. Fields beside it come on top.
    preset: Option<Preset>,
    /// How long a message travels.
    delay: Option<DurationRange>,
    /// The chance that a message is lost.
    drop: Option<Ratio>,
    /// The chance that a message arrives twice.
    duplicate: Option<Ratio>,
    /// The chance of an extra delay that lets later messages overtake.
    reorder: Option<Reorder>,
}

impl From<WrittenNetwork> for Network {
    fn from(written: WrittenNetwork) -> Self {
        Network::default().with(&NetworkChange::from(written))
    }
}

impl From<WrittenNetwork> for NetworkChange {
    fn from(written: WrittenNetwork) -> Self {
        let named = written.preset.map(Preset::network);
        let named = named.as_ref();
        NetworkChange {
            delay: written.delay.or(named.map(|network| network.delay)),
            drop: written.drop.or(named.map(|network| network.drop)),
            duplicate: written.duplicate.or(named.map(|network| network.duplicate)),
            reorder: written
                .reorder
                .or_else(|| named.map(|network| network.reorder.clone())),
        }
    }
}

#[cfg(feature = "schema")]
impl JsonSchema for Network {
    fn schema_name() -> Cow<'static, str> {
        "Network".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        described(
            generator,
            "How links carry messages. What is left out is as by default.",
        )
    }
}

#[cfg(feature = "schema")]
impl JsonSchema for NetworkChange {
    fn schema_name() -> Cow<'static, str> {
        "NetworkChange".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        described(
            generator,
            "A change of how links carry messages. What is left out stays as it is.",
        )
    }
}

#[cfg(feature = "schema")]
fn described(generator: &mut SchemaGenerator, about: &str) -> Schema {
    let mut schema = WrittenNetwork::json_schema(generator);
    schema.insert("description".to_owned(), about.into());
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Network {
        serde_json::from_str(text).expect("a network")
    }

    #[test]
    fn what_stands_beside_a_preset_comes_on_top() {
        let plain = read(r#"{ "preset": "unreliable" }"#);
        assert_eq!(plain.delay, DurationRange::millis(0, 26));
        assert_eq!(plain.drop, share(1, 10));
        let other = read(r#"{ "preset": "unreliable", "drop": "0%" }"#);
        assert_eq!((other.delay, other.drop), (plain.delay, Ratio::NEVER));
        assert_eq!(read("{}"), Network::default());
    }

    #[test]
    fn a_change_to_a_preset_leaves_nothing_of_what_was() {
        let late = read(r#"{ "preset": "long-reordering" }"#);
        let change: NetworkChange =
            serde_json::from_str(r#"{ "preset": "reliable" }"#).expect("a change");
        assert_eq!(late.with(&change), read(r#"{ "preset": "reliable" }"#));
    }
}
