//! A crash as written: the nodes alone, or with the writes that survive.

#[cfg(feature = "schema")]
use std::borrow::Cow;
use std::fmt;

#[cfg(feature = "schema")]
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::select::Selector;

/// The nodes that crash, and the writes that survive.
pub(crate) struct WrittenCrash {
    pub(crate) node: Selector,
    pub(crate) keep: WrittenKeep,
}

/// The nodes that crash, and the writes that survive, as an object.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Crash"))]
struct CrashObject {
    /// The nodes that crash.
    node: Selector,
    /// The unfinished writes that survive.
    #[serde(default)]
    keep: WrittenKeep,
}

/// The unfinished writes that survive a crash.
#[derive(Clone, Default)]
pub(crate) enum WrittenKeep {
    #[default]
    None,
    All,
    Cut(WrittenCut),
}

/// The prefix of the unfinished writes that survives a crash.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(rename = "Keep"))]
pub(crate) struct WrittenCut {
    /// The number of writes that survive as a whole, the oldest first.
    pub(crate) writes: u64,
    /// The number of parts of the next write that survive: hard state, truncation, each entry.
    #[serde(default)]
    pub(crate) parts: u32,
}

impl Serialize for WrittenCrash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.keep {
            WrittenKeep::None => self.node.serialize(to),
            keep => CrashObject {
                node: self.node.clone(),
                keep: keep.clone(),
            }
            .serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for WrittenCrash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = WrittenCrash;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("nodes, or an object such as {\"node\": \"S1\", \"keep\": \"all\"}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<WrittenCrash, E> {
                let node = Selector::from_text(text).map_err(E::custom)?;
                Ok(WrittenCrash {
                    node,
                    keep: WrittenKeep::None,
                })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<WrittenCrash, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = items.next_element()? {
                    names.push(name);
                }
                Ok(WrittenCrash {
                    node: Selector::Nodes(names),
                    keep: WrittenKeep::None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WrittenCrash, A::Error> {
                let object = CrashObject::deserialize(MapAccessDeserializer::new(map))?;
                Ok(WrittenCrash {
                    node: object.node,
                    keep: object.keep,
                })
            }
        }

        from.deserialize_any(Either)
    }
}

#[cfg(feature = "schema")]
impl JsonSchema for WrittenCrash {
    fn schema_name() -> Cow<'static, str> {
        "CrashStep".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let nodes = generator.subschema_for::<Selector>();
        let object = generator.subschema_for::<CrashObject>();
        json_schema!({
            "description": "The nodes that crash; as an object, also the writes that survive.",
            "anyOf": [nodes, object]
        })
    }
}

const KEEPS: [&str; 2] = ["none", "all"];

impl Serialize for WrittenKeep {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            WrittenKeep::None => to.serialize_str("none"),
            WrittenKeep::All => to.serialize_str("all"),
            WrittenKeep::Cut(cut) => cut.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for WrittenKeep {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = WrittenKeep;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"none\", \"all\", or an object such as {\"writes\": 1}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<WrittenKeep, E> {
                match text {
                    "none" => Ok(WrittenKeep::None),
                    "all" => Ok(WrittenKeep::All),
                    _ => Err(E::unknown_variant(text, &KEEPS)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WrittenKeep, A::Error> {
                WrittenCut::deserialize(MapAccessDeserializer::new(map)).map(WrittenKeep::Cut)
            }
        }

        from.deserialize_any(Either)
    }
}

#[cfg(feature = "schema")]
impl JsonSchema for WrittenKeep {
    fn schema_name() -> Cow<'static, str> {
        "Kept".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let cut = generator.subschema_for::<WrittenCut>();
        json_schema!({
            "description": "The unfinished writes that survive: none, all, or a prefix.",
            "anyOf": [{ "enum": KEEPS }, cut]
        })
    }
}
