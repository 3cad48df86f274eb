//! A scenario file as written: names are not looked up yet, and a step may still name any action.

#[cfg(feature = "schema")]
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

#[cfg(feature = "schema")]
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

use super::action::{WrittenFault, WrittenStep};
use super::expect::Expect;
use super::network::{Network, NetworkChange};
use super::program::WrittenStatement;
use super::select::NodeName;
use super::settings::{Clients, Clock, Disk, DiskChange, LinkRule, Machine, Raft};
use super::stepped::{Impossible, Recorded, WrittenScriptStep};
use super::units::Nanos;

/// A scenario for raftsim: a cluster, its course, and the expectations of the run.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Scenario"))]
#[expect(
    dead_code,
    reason = "some fields are read before the typed form exists, or by editors only"
)]
pub(crate) struct Written {
    /// The location of the JSON Schema of this format, for editors.
    #[serde(rename = "$schema")]
    pub(crate) schema: Option<String>,
    /// The version of this format: 1.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1)))]
    pub(crate) format: u32,
    /// A short name. The default is the name of the file.
    pub(crate) name: Option<String>,
    /// The subject of the scenario, in one line.
    pub(crate) title: Option<String>,
    /// The origin of the scenario: a paper, a test or a bug report.
    pub(crate) source: Option<Source>,
    /// A remark for readers of the file.
    pub(crate) note: Option<String>,
    /// How time passes. In a timed scenario the seed decides when things happen. In a stepped scenario
    /// nothing happens unless a step says so.
    #[serde(default)]
    pub(crate) mode: Mode,
    /// The number from which all random draws of a run are derived; 1 by default.
    pub(crate) seed: Option<u64>,
    /// Named values; a field may hold "$name" in place of a value. Each one is a plain value, {"one_of":
    /// [...]} or {"range": "1..5"}.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(schema_with = "params_schema"))]
    pub(crate) params: BTreeMap<String, serde::de::IgnoredAny>,
    /// The nodes: a list of names, or their number.
    pub(crate) nodes: Nodes,
    /// The nodes that found the cluster; all by default. The other nodes belong to no cluster until an
    /// action adds them. With an empty list no node belongs to a cluster.
    pub(crate) founders: Option<Vec<NodeName>>,
    /// The founders that store no data: they vote and acknowledge, and never lead. The founders that store
    /// data must be the majority.
    #[serde(default)]
    pub(crate) witnesses: Vec<NodeName>,
    /// Settings of the Raft nodes.
    #[serde(default)]
    pub(crate) raft: Raft,
    /// Settings of each node's state machine.
    #[serde(default)]
    pub(crate) machine: Machine,
    /// How links between nodes carry messages.
    #[serde(default)]
    pub(crate) network: Network,
    /// Links that differ from the rest of the network.
    #[serde(default)]
    pub(crate) links: Vec<LinkRule>,
    /// How links between clients and nodes carry messages.
    #[serde(default)]
    pub(crate) client_network: Network,
    /// How the nodes' disks behave.
    #[serde(default)]
    pub(crate) disk: Disk,
    /// Clocks that do not keep true time.
    #[serde(default)]
    pub(crate) clocks: Vec<Clock>,
    /// The clients of the cluster.
    #[serde(default)]
    pub(crate) clients: Clients,
    /// In a timed scenario: the phases of the run, in order.
    pub(crate) phases: Option<Vec<WrittenPhase>>,
    /// In a stepped scenario: the steps of the run, in order.
    pub(crate) steps: Option<Vec<WrittenScriptStep>>,
    /// In a stepped scenario: alternative endings, by name. Each branch is a separate run that begins where
    /// the steps end.
    #[serde(default)]
    pub(crate) branches: BTreeMap<String, Vec<WrittenScriptStep>>,
    /// In a stepped scenario: the outcome of a step that is impossible. By default the run fails.
    pub(crate) impossible: Option<Impossible>,
    /// In a stepped scenario: the run that this file records.
    pub(crate) recorded: Option<Recorded>,
    /// The expectations of the run.
    #[serde(default)]
    pub(crate) expect: Expect,
}

/// A part of the run.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Phase"))]
pub(crate) struct WrittenPhase {
    /// The name of the phase. Expectations refer to it.
    pub(crate) name: String,
    /// How long the phase lasts.
    #[serde(rename = "for")]
    pub(crate) lasts: Nanos,
    /// met: the phase ends early, as soon as every `eventually` expectation about it holds.
    pub(crate) until: Option<Until>,
    /// Whether clients send requests during the phase.
    #[serde(default = "yes")]
    pub(crate) clients: bool,
    /// all: every fault ends when the phase begins. Nodes restart and resume, links heal, held messages
    /// continue, disks and clocks return to normal.
    pub(crate) heal: Option<HealAll>,
    /// Changes of the links between nodes during the phase.
    pub(crate) network: Option<NetworkChange>,
    /// Changes of the links between clients and nodes during the phase.
    pub(crate) client_network: Option<NetworkChange>,
    /// Changes of the disks during the phase.
    pub(crate) disk: Option<DiskChange>,
    /// Steps that run one after the other; each takes as long as it needs. The phase ends when the script
    /// is done, which must be within the length of the phase.
    pub(crate) script: Option<Vec<WrittenStatement>>,
    /// Actions at given times, in order.
    #[serde(default)]
    pub(crate) steps: Vec<WrittenStep>,
    /// Actions at drawn times.
    #[serde(default)]
    pub(crate) faults: Vec<WrittenFault>,
    /// A remark for readers of the file.
    pub(crate) note: Option<String>,
}

fn yes() -> bool {
    true
}

/// How time passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mode {
    /// The seed decides when things happen.
    #[default]
    Timed,
    /// Nothing happens unless a step says so.
    Stepped,
}

/// The event that ends a phase early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Until {
    /// Every expectation about the phase holds.
    Met,
}

/// The faults that end when a phase begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HealAll {
    /// All faults.
    All,
}

/// The nodes as written.
pub(crate) enum Nodes {
    Names(Vec<NodeName>),
    Counted(CountedNodes),
}

/// Nodes named by a prefix and a number from 1.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct CountedNodes {
    /// The number of nodes, 1 to 9.
    pub(crate) count: u32,
    /// The prefix of their names.
    #[serde(default = "prefix")]
    pub(crate) prefix: String,
}

fn prefix() -> String {
    "S".to_owned()
}

impl<'de> Deserialize<'de> for Nodes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Nodes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of names, or an object such as {\"count\": 3}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Nodes, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = items.next_element()? {
                    names.push(name);
                }
                Ok(Nodes::Names(names))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Nodes, A::Error> {
                Deserialize::deserialize(MapAccessDeserializer::new(map)).map(Nodes::Counted)
            }
        }

        from.deserialize_any(Either)
    }
}

#[cfg(feature = "schema")]
impl JsonSchema for Nodes {
    fn schema_name() -> Cow<'static, str> {
        "Nodes".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let counted = generator.subschema_for::<CountedNodes>();
        json_schema!({
            "description": "A list of 1 to 9 names, or the number of nodes and the prefix of their names.",
            "anyOf": [
                { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": 9 },
                counted
            ]
        })
    }
}

/// One source or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source(pub Vec<String>);

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [one] => to.serialize_str(one),
            several => several.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct OneOrMore;

        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Source;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E>(self, text: &str) -> Result<Source, E> {
                Ok(Source(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Source, A::Error> {
                let mut sources = Vec::new();
                while let Some(source) = items.next_element()? {
                    sources.push(source);
                }
                Ok(Source(sources))
            }
        }

        from.deserialize_any(OneOrMore)
    }
}

#[cfg(feature = "schema")]
impl JsonSchema for Source {
    fn schema_name() -> Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One source, or a list of them.",
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
        })
    }
}

#[cfg(feature = "schema")]
fn params_schema(_: &mut SchemaGenerator) -> Schema {
    let plain = serde_json::json!({ "type": ["string", "integer", "boolean", "array"] });
    json_schema!({
        "type": "object",
        "additionalProperties": { "anyOf": [
            plain,
            {
                "type": "object", "additionalProperties": false, "required": ["one_of"],
                "properties": { "one_of": {
                    "type": "array", "items": plain, "minItems": 1, "maxItems": 32,
                    "description": "The values to draw from, all equally likely."
                } }
            },
            {
                "type": "object", "additionalProperties": false, "required": ["range"],
                "properties": { "range": {
                    "type": "string", "pattern": "^[0-9]+\\.\\.[0-9]+$",
                    "description": "Whole numbers from the first to the second, all equally likely."
                } }
            }
        ] }
    })
}
