//! Node names and selectors.

#[cfg(feature = "schema")]
use std::borrow::Cow;
use std::fmt;

#[cfg(feature = "schema")]
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

use super::codes::Code;
use super::units::UnitError;

impl AsRef<str> for NodeName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// A node's name, such as `S1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[serde(transparent)]
#[derive()]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(transparent))]
pub struct NodeName(pub String);

impl NodeName {
    /// The name before a `+` and the offset after it, in a cluster of this many nodes: `L+1` is the next
    /// node after the one named `L`. Other names have the offset 0.
    pub fn offset(&self, nodes: usize) -> (&str, usize) {
        let parts = self.0.split_once('+');
        let number = parts.and_then(|(base, number)| Some((base, number.parse().ok()?)));
        let fits = number.filter(|(_, number)| (1..nodes).contains(number));
        fits.unwrap_or((&self.0, 0))
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A selection of nodes. All variants but [`Selector::Nodes`] are resolved when the action happens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selector {
    /// These nodes: one written as a string, several as a list.
    Nodes(Vec<NodeName>),
    /// The leader of the highest term that is up; no node while there is none.
    Leader,
    /// Every node that is up and not the leader.
    Followers,
    /// This many nodes, drawn from those that the action can act on.
    Random(u32),
    /// A random minority, as large as possible.
    Minority,
    /// A random majority, as small as possible.
    Majority,
    /// A random minority that includes the leader, if there is one.
    MinorityWithLeader,
    /// Every node.
    All,
    /// Every crashed node.
    Down,
    /// Every node that is neither crashed nor paused.
    Up,
    /// Every node with a vote in the leader's configuration.
    Voters,
    /// Every member without a vote.
    Learners,
    /// Every member that stores no data.
    Witnesses,
    /// Every node that is not a member: removed, or never added.
    Removed,
    /// Random voters, as many as the cluster can lose; no node while its members change.
    Dispensable,
}

/// The words that are selectors.
pub(crate) const WORDS: [&str; 14] = [
    "leader",
    "followers",
    "random",
    "minority",
    "majority",
    "minority-with-leader",
    "all",
    "down",
    "up",
    "voters",
    "learners",
    "witnesses",
    "removed",
    "dispensable",
];

impl Selector {
    /// Whether it selects the same nodes in every run.
    #[must_use]
    pub fn is_static(&self) -> bool {
        matches!(self, Self::Nodes(_) | Self::All)
    }

    pub(crate) fn from_text(text: &str) -> Result<Self, UnitError> {
        Ok(match text {
            "leader" => Self::Leader,
            "followers" => Self::Followers,
            "random" => Self::Random(1),
            "minority" => Self::Minority,
            "majority" => Self::Majority,
            "minority-with-leader" => Self::MinorityWithLeader,
            "all" => Self::All,
            "down" => Self::Down,
            "up" => Self::Up,
            "voters" => Self::Voters,
            "learners" => Self::Learners,
            "witnesses" => Self::Witnesses,
            "removed" => Self::Removed,
            "dispensable" => Self::Dispensable,
            _ => match text.strip_prefix("random:") {
                Some(count) => Self::Random(count.parse().map_err(|_| UnitError {
                    code: Code::SC014,
                    message: "\"random:\" needs a whole number".to_owned(),
                    help: Some("write it like \"random:2\"".to_owned()),
                })?),
                None => Self::Nodes(vec![NodeName(text.to_owned())]),
            },
        })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nodes(names) => {
                let names: Vec<&str> = names.iter().map(|name| name.0.as_str()).collect();
                return f.write_str(&names.join(" "));
            }
            Self::Random(1) => "random",
            Self::Random(count) => return write!(f, "random:{count}"),
            Self::Leader => "leader",
            Self::Followers => "followers",
            Self::Minority => "minority",
            Self::Majority => "majority",
            Self::MinorityWithLeader => "minority-with-leader",
            Self::All => "all",
            Self::Down => "down",
            Self::Up => "up",
            Self::Voters => "voters",
            Self::Learners => "learners",
            Self::Witnesses => "witnesses",
            Self::Removed => "removed",
            Self::Dispensable => "dispensable",
        })
    }
}

impl Serialize for Selector {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nodes(names) if names.len() != 1 => names.serialize(to),
            one => to.collect_str(one),
        }
    }
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Written;

        impl<'de> Visitor<'de> for Written {
            type Value = Selector;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a node's name, a list of names, or a selector such as \"leader\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Selector, E> {
                Selector::from_text(text).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Selector, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = items.next_element()? {
                    names.push(name);
                }
                Ok(Selector::Nodes(names))
            }
        }

        from.deserialize_any(Written)
    }
}

#[cfg(feature = "schema")]
impl JsonSchema for Selector {
    fn schema_name() -> Cow<'static, str> {
        "Selector".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A selection of nodes: a name, a list of names, or leader, followers, random, \
                random:N, minority, majority, minority-with-leader, all, down, up, voters, \
                learners, witnesses, removed, dispensable.",
            "anyOf": [
                { "enum": WORDS },
                { "type": "string", "description": "A node's name, or random:N." },
                { "type": "array", "items": { "type": "string" }, "description": "Node names." }
            ]
        })
    }
}

/// The groups of a partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Partition {
    /// Two random groups whose sizes differ by at most one.
    Halves,
    /// Two random groups, neither empty.
    Random,
    /// A random minority against the rest.
    Minority,
    /// A random minority that includes the leader, against the rest.
    MinorityWithLeader,
    /// Two random halves. One node reaches all others; apart from it the halves do not reach each other.
    Bridge,
    /// Each node goes to one of two groups at random. One group may stay empty.
    Sides,
    /// These groups; nodes in none of them form one more.
    Groups(Vec<Selector>),
}

/// The words that are partitions.
pub(crate) const PARTITIONS: [&str; 6] = [
    "halves",
    "random",
    "minority",
    "minority-with-leader",
    "bridge",
    "sides",
];

impl Serialize for Partition {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let word = match self {
            Self::Groups(groups) => return groups.serialize(to),
            Self::Halves => "halves",
            Self::Random => "random",
            Self::Minority => "minority",
            Self::MinorityWithLeader => "minority-with-leader",
            Self::Bridge => "bridge",
            Self::Sides => "sides",
        };
        to.serialize_str(word)
    }
}

impl<'de> Deserialize<'de> for Partition {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Written;

        impl<'de> Visitor<'de> for Written {
            type Value = Partition;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of groups, or one of {}", PARTITIONS.join(", "))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Partition, E> {
                Ok(match text {
                    "halves" => Partition::Halves,
                    "random" => Partition::Random,
                    "minority" => Partition::Minority,
                    "minority-with-leader" => Partition::MinorityWithLeader,
                    "bridge" => Partition::Bridge,
                    "sides" => Partition::Sides,
                    _ => return Err(E::unknown_variant(text, &PARTITIONS)),
                })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Partition, A::Error> {
                let mut groups = Vec::new();
                while let Some(group) = items.next_element()? {
                    groups.push(group);
                }
                Ok(Partition::Groups(groups))
            }
        }

        from.deserialize_any(Written)
    }
}

#[cfg(feature = "schema")]
impl JsonSchema for Partition {
    fn schema_name() -> Cow<'static, str> {
        "Partition".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let group = generator.subschema_for::<Selector>();
        json_schema!({
            "description": "The groups of a partition: a list of groups, or halves, random, \
                minority, minority-with-leader, bridge, sides.",
            "anyOf": [{ "enum": PARTITIONS }, { "type": "array", "items": group }]
        })
    }
}
