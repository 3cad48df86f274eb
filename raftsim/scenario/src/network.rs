//! How links carry messages: the settings, changes of them, and named networks, as in the tests of MIT's
//! course 6.5840.

#[cfg(feature = "schema")]
use std::borrow::Cow;

#[cfg(feature = "schema")]
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::units::{DurationRange, Nanos, Ratio};

/// How links carry messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WrittenNetwork")]
pub struct Network {
    /// The delay of a message.
    pub delay: DurationRange,
    /// The chance that a message is lost.
    pub drop: Ratio,
    /// The chance that a message arrives twice.
    pub duplicate: Ratio,
    /// An extra delay for some messages, so that later messages overtake them.
    pub reorder: Reorder,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            delay: DurationRange::millis(1, 10),
            drop: Ratio::NEVER,
            duplicate: Ratio::NEVER,
            reorder: Reorder::default(),
        }
    }
}

impl Network {
    /// These settings with a change applied. Fields that the change leaves out stay as they are.
    #[must_use]
    pub fn with(&self, change: &NetworkChange) -> Self {
        Self {
            delay: change.delay.unwrap_or(self.delay),
            drop: change.drop.unwrap_or(self.drop),
            duplicate: change.duplicate.unwrap_or(self.duplicate),
            reorder: change
                .reorder
                .clone()
                .unwrap_or_else(|| self.reorder.clone()),
        }
    }
}

/// An extra delay for some messages, so that later messages overtake them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Reorder {
    /// The chance that a message is delayed.
    pub chance: Ratio,
    /// The extra delay, on top of the delay of the link.
    pub delay: DurationRange,
    /// The messages that may be delayed.
    #[serde(skip_serializing_if = "Reordered::is_default")]
    pub of: Reordered,
}

/// The messages that may be delayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Reordered {
    /// All messages.
    #[default]
    All,
    /// Replies only.
    Replies,
}

impl Reordered {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Reorder {
    fn default() -> Self {
        Self {
            chance: Ratio::NEVER,
            delay: DurationRange::millis(10, 100),
            of: Reordered::All,
        }
    }
}

/// A change of how links carry messages. Fields that are left out stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WrittenNetwork")]
pub struct NetworkChange {
    /// The delay of a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<DurationRange>,
    /// The chance that a message is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop: Option<Ratio>,
    /// The chance that a message arrives twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<Ratio>,
    /// An extra delay for some messages, so that later messages overtake them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reorder: Option<Reorder>,
}

impl NetworkChange {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A named network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Preset {
    /// Messages take 0ms to 1ms, and none is lost.
    Reliable,
    /// Messages take 0ms to 26ms, and one in ten is lost.
    Unreliable,
    /// Like unreliable. In addition, two of three replies between nodes are delayed by 200ms to 2199ms.
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

/// How links carry messages, as written: a named network, and fields that override it.
#[derive(Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenNetwork {
    /// A named network. The fields beside it override its values.
    preset: Option<Preset>,
    /// The delay of a message.
    delay: Option<DurationRange>,
    /// The chance that a message is lost.
    drop: Option<Ratio>,
    /// The chance that a message arrives twice.
    duplicate: Option<Ratio>,
    /// An extra delay for some messages, so that later messages overtake them.
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
            "How links carry messages. Fields that are left out have their defaults.",
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
            "A change of how links carry messages. Fields that are left out stay as they are.",
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
    fn fields_beside_a_preset_override_it() {
        let plain = read(r#"{ "preset": "unreliable" }"#);
        assert_eq!(plain.delay, DurationRange::millis(0, 26));
        assert_eq!(plain.drop, share(1, 10));
        let other = read(r#"{ "preset": "unreliable", "drop": "0%" }"#);
        assert_eq!((other.delay, other.drop), (plain.delay, Ratio::NEVER));
        assert_eq!(read("{}"), Network::default());
    }

    #[test]
    fn a_change_to_a_preset_replaces_every_setting() {
        let late = read(r#"{ "preset": "long-reordering" }"#);
        let change: NetworkChange =
            serde_json::from_str(r#"{ "preset": "reliable" }"#).expect("a change");
        assert_eq!(late.with(&change), read(r#"{ "preset": "reliable" }"#));
    }

    #[test]
    fn a_change_replaces_what_it_names_and_keeps_the_rest() {
        let base = Network::default();
        assert_eq!(base.with(&NetworkChange::default()), base);
        let change = NetworkChange {
            delay: Some(DurationRange::millis(1, 2)),
            drop: Some(Ratio::ALWAYS),
            duplicate: Some(Ratio::ALWAYS),
            reorder: Some(Reorder {
                chance: Ratio::ALWAYS,
                ..Reorder::default()
            }),
        };
        let changed = Network {
            delay: DurationRange::millis(1, 2),
            drop: Ratio::ALWAYS,
            duplicate: Ratio::ALWAYS,
            reorder: Reorder {
                chance: Ratio::ALWAYS,
                ..Reorder::default()
            },
        };
        assert_eq!(base.with(&change), changed);
        let only_drop = NetworkChange {
            drop: Some(Ratio::ALWAYS),
            ..NetworkChange::default()
        };
        let expected = Network {
            drop: Ratio::ALWAYS,
            ..Network::default()
        };
        assert_eq!(base.with(&only_drop), expected);
    }
}
