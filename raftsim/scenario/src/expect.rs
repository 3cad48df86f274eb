//! The expectations of a run.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sut::Property;

use super::select::Selector;
use super::units::{Comparison, Nanos};

/// The expectations of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The properties that must hold after every event, or for the whole history; all of them by default.
    pub always: Vec<Property>,
    /// Conditions that must become true within some time of a phase.
    pub eventually: Vec<Eventually>,
    /// Counts that at least one of the runs must reach. Otherwise the scenario did not show its subject.
    pub sometimes: Vec<Sometimes>,
    /// The maximum cost of a run.
    pub limits: Limits,
    /// Planted bugs that this scenario detects, each with the expectation that fails.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caught_by: Vec<CaughtBy>,
}

/// A planted bug that the scenario detects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CaughtBy {
    /// The bug, such as C-01.
    pub bug: String,
    /// The branch that detects it. Without this field it is the run as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The expectation that fails: a property, or eventually, limits or steps.
    pub property: CaughtAt,
}

/// The expectation that fails with a planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum CaughtAt {
    /// This property does not hold.
    Property(Property),
    /// Another expectation of the scenario fails.
    Expectation(Besides),
}

/// Expectations of a scenario that are not properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Besides {
    /// A condition does not become true in time.
    Eventually,
    /// The run exceeds a limit.
    Limits,
    /// A step is impossible, or its expectation fails.
    Steps,
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            always: vec![
                Property::RaftSafety,
                Property::ExactlyOnce,
                Property::NoAcknowledgedWriteLost,
                Property::AppliedOrderExplainsReplies,
                Property::Linearizability,
                Property::ReadsMatchTheirIndex,
                Property::SessionGuarantees,
            ],
            eventually: Vec::new(),
            sometimes: Vec::new(),
            limits: Limits::default(),
            caught_by: Vec::new(),
        }
    }
}

impl Expect {
    /// The single properties to check, each once: the members of a group replace the group.
    #[must_use]
    pub fn properties(&self) -> BTreeSet<Property> {
        self.always
            .iter()
            .flat_map(|property| property.members())
            .copied()
            .collect()
    }
}

/// Conditions that must become true within some time of a phase. All of them must hold at the same time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Eventually {
    /// The phase, by name.
    #[serde(rename = "in")]
    pub phase: String,
    /// The latest time at which the conditions become true, counted from the start of the phase.
    pub within: Nanos,
    /// The nodes to which the conditions apply: names, or all. The default is the members of the cluster.
    /// all_served applies to clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub among: Option<Selector>,
    /// Exactly one node that is up is leader, and all other nodes that are up follow it.
    #[serde(default)]
    pub one_leader: bool,
    /// With one_leader: the leader is one of these nodes. Write names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub led_by: Option<Selector>,
    /// With one_leader: the same node still leads in the same term when the phase ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stays: bool,
    /// The leader's whole log is committed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_committed: bool,
    /// All nodes that store data have applied the same entries and hold the same state.
    #[serde(default)]
    pub all_applied_equal: bool,
    /// Every client has had an answer since the phase began.
    #[serde(default)]
    pub all_served: bool,
    /// The leader's configuration has these members, and it is committed: "S1 S2 S3", "S1 S2 -> S1 S3" for
    /// a joint configuration, "S1 S2 + S3" with a learner, "S1 S2 S3, witnesses S3" with a witness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<String>,
}

/// Counts of a run, which `sometimes` can compare.
macro_rules! metrics {
    ($($(#[doc = $doc:literal])+ $field:ident: $metric:ident,)+) => {
        /// A count of a run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric { $($(#[doc = $doc])+ $metric,)+ }

        impl Metric {
            /// Every metric.
            pub const ALL: &'static [Metric] = &[$(Metric::$metric),+];

            /// Its name in scenario files.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$metric => stringify!($field)),+ }
            }
        }

        /// Counts that at least one run must reach, all in the same run.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub struct Sometimes {
            $($(#[doc = $doc])+
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $field: Option<Comparison>,)+
        }

        impl Sometimes {
            /// The given counts, each with its comparison.
            #[must_use]
            pub fn wants(&self) -> Vec<(Metric, Comparison)> {
                let fields = [$((Metric::$metric, self.$field)),+];
                fields.into_iter().filter_map(|(metric, want)| Some((metric, want?))).collect()
            }
        }
    };
}

metrics! {
    /// Leaders elected after the first one.
    leader_changes: LeaderChanges,
    /// Elections that nodes started, won or lost.
    elections: Elections,
    /// Entries committed.
    commits: Commits,
    /// Entries that a node removed because its leader's log differs.
    entries_overwritten: EntriesOverwritten,
    /// Snapshots that nodes took of their own state.
    snapshots: Snapshots,
    /// Snapshots of other nodes that replaced a node's whole log.
    snapshots_installed: SnapshotsInstalled,
    /// Configurations that were committed.
    configurations: Configurations,
    /// Writes to disk that a crash destroyed.
    lost_writes: LostWrites,
    /// Messages lost by chance, by a cut or at a node that is down.
    messages_dropped: MessagesDropped,
    /// Messages that arrived twice.
    messages_duplicated: MessagesDuplicated,
    /// Messages that were delayed so that later messages could overtake them.
    messages_reordered: MessagesReordered,
    /// Crashes of nodes.
    crashes: Crashes,
    /// Pauses of nodes.
    pauses: Pauses,
    /// Jumps of clocks.
    clock_jumps: ClockJumps,
    /// Stalls of disks.
    disk_stalls: DiskStalls,
    /// Requests answered with success.
    ops_ok: OpsOk,
    /// Requests that clients gave up without an answer.
    ops_unknown: OpsUnknown,
    /// Requests refused because their client's session had expired.
    ops_expired: OpsExpired,
}

/// The maximum cost of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The maximum length of all phases together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sim_time: Option<Nanos>,
    /// Actions of the run. A run that exceeds this limit is stopped, because it might never end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Comparison>,
    /// Messages that nodes receive from other nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<Comparison>,
    /// Bytes of all messages that nodes send each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Comparison>,
    /// Bytes of the largest log that any node ever had on its disk: its term, its vote and its entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_bytes: Option<Comparison>,
    /// Bytes of the largest snapshot that any node ever had on its disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_bytes: Option<Comparison>,
    /// Messages between nodes per answered request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_per_op: Option<Comparison>,
    /// Elections that nodes started, won or lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elections: Option<Comparison>,
    /// Requests that clients gave up without an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ops_unknown: Option<Comparison>,
}
