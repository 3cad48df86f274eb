//! The probes and faults that many seeds together must hit. A fuzzer that never reaches a situation proves
//! nothing about it.

#[cfg(feature = "schema")]
use std::borrow::Cow;

#[cfg(feature = "schema")]
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use simulator::FaultKind;

use super::probe::Probe;

/// The probes and faults that many seeds together must hit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct MustHit {
    /// Checked from this many seeds on.
    pub seeds: u64,
    /// The probes that at least one seed must hit: all, or a list of names.
    pub probes: Wanted<Probe>,
    /// The kinds of faults that must have had an effect: all, or a list of names.
    pub faults: Wanted<FaultKind>,
}

impl Default for MustHit {
    fn default() -> Self {
        Self {
            seeds: 1_000,
            probes: Wanted::These(Vec::new()),
            faults: Wanted::These(Vec::new()),
        }
    }
}

/// All values of a type, or some of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted<T> {
    /// Every value.
    All,
    /// These.
    These(Vec<T>),
}

impl<T: Named> Wanted<T> {
    /// The wanted values.
    #[must_use]
    pub fn list(&self) -> &[T] {
        match self {
            Self::All => T::all(),
            Self::These(these) => these,
        }
    }
}

/// A value with a fixed name.
pub trait Named: Copy + 'static {
    /// The noun for one value.
    const WHAT: &'static str;

    /// Every value.
    fn all() -> &'static [Self];

    /// Its name.
    fn name(self) -> &'static str;
}

impl Named for Probe {
    const WHAT: &'static str = "probe";

    fn all() -> &'static [Self] {
        Probe::ALL
    }

    fn name(self) -> &'static str {
        self.name()
    }
}

impl Named for FaultKind {
    const WHAT: &'static str = "kind of fault";

    fn all() -> &'static [Self] {
        &FaultKind::ALL
    }

    fn name(self) -> &'static str {
        self.name()
    }
}

impl<T: Named> Serialize for Wanted<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => to.serialize_str("all"),
            Self::These(these) => to.collect_seq(these.iter().map(|one| one.name())),
        }
    }
}

/// A value that is read by its name.
struct ByName<T>(T);

impl<'de, T: Named> Deserialize<'de> for ByName<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        let known = T::all().iter().find(|one| one.name() == name);
        known.map(|one| ByName(*one)).ok_or_else(|| {
            let names = || T::all().iter().map(|one| one.name());
            let help = match sut::nearest(&name, names()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("known here: {}", names().collect::<Vec<_>>().join(", ")),
            };
            let shown: String = name.chars().take(40).collect();
            de::Error::custom(format!(
                "SC012 no {} is called \"{shown}\"\n{help}",
                T::WHAT
            ))
        })
    }
}

impl<'de, T: Named> Deserialize<'de> for Wanted<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Written<T>(std::marker::PhantomData<T>);

        impl<'de, T: Named> Visitor<'de> for Written<T> {
            type Value = Wanted<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"all\", or a list of names")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Wanted<T>, E> {
                match text {
                    "all" => Ok(Wanted::All),
                    _ => Err(E::unknown_variant(text, &["all"])),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Wanted<T>, A::Error> {
                let mut these = Vec::new();
                while let Some(ByName(one)) = items.next_element()? {
                    these.push(one);
                }
                Ok(Wanted::These(these))
            }
        }

        from.deserialize_any(Written(std::marker::PhantomData))
    }
}

#[cfg(feature = "schema")]
impl<T: Named> JsonSchema for Wanted<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Wanted {}", T::WHAT).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = T::all().iter().map(|one| one.name()).collect();
        json_schema!({
            "description": "all, or a list of names.",
            "anyOf": [{ "enum": ["all"] }, { "type": "array", "items": { "enum": names } }]
        })
    }
}
