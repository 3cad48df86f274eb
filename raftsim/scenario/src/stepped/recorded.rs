//! The part of a recording that describes the original run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::units::Nanos;

/// The original run of a recording: results for comparison with a replay, and facts that the list of
/// actions does not contain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The trace version of the run.
    pub trace_version: u32,
    /// Its trace hash: 16 hex digits.
    pub trace_hash: String,
    /// The name of its verdict.
    pub verdict: String,
    /// The planted bug, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bug: Option<String>,
    /// The time at which the run ended.
    pub end: Nanos,
    /// The counts of each kind of fault. Kinds that did not occur are left out.
    #[serde(default)]
    pub faults: BTreeMap<String, FaultCounts>,
    /// Messages that were delayed so that later messages could overtake them.
    #[serde(default)]
    pub reordered: u64,
}

/// The counts of one kind of fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FaultCounts {
    /// The faults that the scenario scheduled.
    pub scheduled: u64,
    /// The faults that were applied.
    pub applied: u64,
    /// The faults that had an effect.
    pub effective: u64,
}
