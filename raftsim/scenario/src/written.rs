//! A scenario file as it is written, before names are looked up and actions told apart.

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
use super::program::WrittenStatement;
use super::select::NodeName;
use super::settings::{
    Clients, Clock, Disk, DiskChange, LinkRule, Machine, Network, NetworkChange, Raft,
};
use super::stepped::{Impossible, Recorded, WrittenScriptStep};
use super::units::Nanos;

/// A scenario for raftsim: a cluster, what happens to it, and what is expected of it.
#[derive(Clone, Debug, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Scenario"))]
#[expect(
    dead_code,
    reason = "some fields are read before the typed form exists, or by editors only"
)]
pub(crate) struct Written {
    /// Where the JSON Schema of this format is, for editors.
    #[serde(rename = "$schema")]
    pub(crate) schema: Option<String>,
    /// The version of this format: 1.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1)))]
    pub(crate) format: u32,
    /// A short name; by default that of the file.
    pub(crate) name: Option<String>,
    /// What the scenario shows, in one line.
    pub(crate) title: Option<String>,
    /// Where the scenario comes from: a paper, a test, a bug report.
    pub(crate) source: Option<Source>,
    /// A remark for readers of the file.
    pub(crate) note: Option<String>,
    /// How time goes on: timed, where the seed decides when things happen, or stepped, where
    /// nothing happens unless a step says so.
    #[serde(default)]
    pub(crate) mode: Mode,
    /// The number that all random draws of a run come from; 1 by default.
    pub(crate) seed: Option<u64>,
    /// Values by name, each usable as "$name" wherever a value stands: a value, {"one_of": [...]},
    /// or {"range": "1..5"}.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(schema_with = "params_schema"))]
    pub(crate) params: BTreeMap<String, serde::de::IgnoredAny>,
    /// The nodes: a list of names, or how many.
    pub(crate) nodes: Nodes,
    /// Those of them that found the cluster: all by default. The others belong to no cluster until
    /// they are added to one; with an empty list, none does.
    pub(crate) founders: Option<Vec<NodeName>>,
    /// Those of the founders that hold no data: they vote and acknowledge, and never lead. The others
    /// must be the majority.
    #[serde(default)]
    pub(crate) witnesses: Vec<NodeName>,
    /// How the Raft nodes are configured.
    #[serde(default)]
    pub(crate) raft: Raft,
    /// The state machine of each node.
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
    /// Who uses the cluster.
    #[serde(default)]
    pub(crate) clients: Clients,
    /// In a timed scenario: what happens, one phase after the other.
    pub(crate) phases: Option<Vec<WrittenPhase>>,
    /// In a stepped scenario: what happens, one step after the other.
    pub(crate) steps: Option<Vec<WrittenScriptStep>>,
    /// In a stepped scenario: how it may go on, by name. Each branch is a run of its own that
    /// begins where the steps end.
    #[serde(default)]
    pub(crate) branches: BTreeMap<String, Vec<WrittenScriptStep>>,
    /// In a stepped scenario: what becomes of the run at a step that is impossible; by default it
    /// fails.
    pub(crate) impossible: Option<Impossible>,
    /// In a stepped scenario: the run that it was recorded from.
    pub(crate) recorded: Option<Recorded>,
    /// What the run is expected to show.
    #[serde(default)]
    pub(crate) expect: Expect,
}

/// A stretch of the run.
#[derive(Clone, Debug, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Phase"))]
pub(crate) struct WrittenPhase {
    /// Its name, which expectations refer to.
    pub(crate) name: String,
    /// How long it lasts.
    #[serde(rename = "for")]
    pub(crate) lasts: Nanos,
    /// met: the phase ends early, once all that `eventually` asks of it has come true.
    pub(crate) until: Option<Until>,
    /// Whether clients send requests in it.
    #[serde(default = "yes")]
    pub(crate) clients: bool,
    /// all: every fault ends when the phase begins. Nodes restart and resume, links heal, held
    /// messages go on, disks and clocks are normal.
    pub(crate) heal: Option<HealAll>,
    /// How links between nodes differ while the phase lasts.
    pub(crate) network: Option<NetworkChange>,
    /// How links between clients and nodes differ while the phase lasts.
    pub(crate) client_network: Option<NetworkChange>,
    /// How disks differ while the phase lasts.
    pub(crate) disk: Option<DiskChange>,
    /// What is done one after the other, each step for as long as it takes. The phase ends when it
    /// is done; it must be before the phase has lasted its time.
    pub(crate) script: Option<Vec<WrittenStatement>>,
    /// What is done at given times, in order.
    #[serde(default)]
    pub(crate) steps: Vec<WrittenStep>,
    /// What is done at drawn times.
    #[serde(default)]
    pub(crate) faults: Vec<WrittenFault>,
    /// A remark for readers of the file.
    pub(crate) note: Option<String>,
}

fn yes() -> bool {
    true
}

/// How time goes on.
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

/// What ends a phase before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Until {
    /// All that is expected of it has come true.
    Met,
}

/// What a phase heals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HealAll {
    /// Everything.
    All,
}

/// The nodes as written.
#[derive(Clone, Debug)]
pub(crate) enum Nodes {
    Names(Vec<NodeName>),
    Counted(CountedNodes),
}

/// Nodes named by a prefix and a number from 1.
#[derive(Clone, Debug, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct CountedNodes {
    /// How many nodes, 1 to 9.
    pub(crate) count: u32,
    /// What their names begin with.
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
            "description": "A list of 1 to 9 names, or how many nodes and what their names begin with.",
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
