//! What a recording says about the run that it was made of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::units::Nanos;

/// The run that a recording was made of: what a replay is compared with, and what its list of
/// actions does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The version of the behaviour it ran with.
    pub trace_version: u32,
    /// Its trace hash: 16 hex digits.
    pub trace_hash: String,
    /// Its verdict by name.
    pub verdict: String,
    /// The bug that was planted in it, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bug: Option<String>,
    /// When it ended.
    pub end: Nanos,
    /// How often each kind of fault was scheduled, applied and effective; kinds that never came up
    /// are left out.
    #[serde(default)]
    pub faults: BTreeMap<String, FaultCounts>,
    /// Messages held up so that later ones could overtake.
    #[serde(default)]
    pub reordered: u64,
}

/// How often faults of one kind were scheduled, happened and mattered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FaultCounts {
    /// Planned by the scenario.
    pub scheduled: u64,
    /// Put into force.
    pub applied: u64,
    /// Changed something.
    pub effective: u64,
}
