//! What a run is expected to show.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sut::Property;

use super::select::Selector;
use super::units::{Comparison, Nanos};

/// What a run is expected to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// What must hold after every event, or for the history as a whole. Everything by default.
    pub always: Vec<Property>,
    /// What must come true within some time of a phase.
    pub eventually: Vec<Eventually>,
    /// What must be seen in at least one of the runs; else the scenario did not show what it is
    /// about.
    pub sometimes: Vec<Sometimes>,
    /// What a run may cost.
    pub limits: Limits,
    /// Planted bugs that break this scenario, each at a property.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caught_by: Vec<CaughtBy>,
}

/// A planted bug that breaks the scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CaughtBy {
    /// The bug, such as C-01.
    pub bug: String,
    /// The branch that it breaks; without it, the run as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// What does not hold then: a property, or eventually, limits, steps.
    pub property: CaughtAt,
}

/// Where a planted bug shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum CaughtAt {
    /// This property does not hold.
    Property(Property),
    /// Something else that the scenario expects is not so.
    Expectation(Besides),
}

/// What a scenario can expect besides properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Besides {
    /// Something does not come true in time.
    Eventually,
    /// The run costs more than it may.
    Limits,
    /// A step cannot be done, or does not find what it expects.
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
    /// The single properties to check: groups replaced by their members, none twice.
    #[must_use]
    pub fn properties(&self) -> BTreeSet<Property> {
        self.always
            .iter()
            .flat_map(|property| property.members())
            .copied()
            .collect()
    }
}

/// Something that must come true within some time of a phase. What is asked must hold together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Eventually {
    /// The phase, by name.
    #[serde(rename = "in")]
    pub phase: String,
    /// How long after the start of the phase it must be true at the latest.
    pub within: Nanos,
    /// Of which nodes this speaks: names, or all. Without it, of the members of the cluster. all_served
    /// speaks of clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub among: Option<Selector>,
    /// Exactly one node that is up takes itself for leader, and all nodes that are up follow it.
    #[serde(default)]
    pub one_leader: bool,
    /// With one_leader: it is one of these. Names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub led_by: Option<Selector>,
    /// With one_leader: it is still that leader, in that term, when the phase ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stays: bool,
    /// The leader's whole log is committed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_committed: bool,
    /// All nodes that hold data have applied the same entries and hold the same state.
    #[serde(default)]
    pub all_applied_equal: bool,
    /// Every client has had an answer since the phase began.
    #[serde(default)]
    pub all_served: bool,
    /// The leader goes by these members, and they are committed: "S1 S2 S3", "S1 S2 -> S1 S3" while a
    /// joint configuration is in force, "S1 S2 + S3" with a learner, "S1 S2 S3, witnesses S3" where one
    /// holds no data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<String>,
}

/// A number that a run counts, and that `sometimes` can ask for.
macro_rules! metrics {
    ($($(#[doc = $doc:literal])+ $field:ident: $metric:ident,)+) => {
        /// Something a run counts.
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

        /// What must be seen in at least one of the runs: all these counts together in one run.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub struct Sometimes {
            $($(#[doc = $doc])+
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $field: Option<Comparison>,)+
        }

        impl Sometimes {
            /// Which counts are asked for, and how they must compare.
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
    /// Candidacies, won or lost.
    elections: Elections,
    /// Entries committed.
    commits: Commits,
    /// Entries that a node removed because its leader's log differs.
    entries_overwritten: EntriesOverwritten,
    /// Snapshots that nodes took of their own state.
    snapshots: Snapshots,
    /// Snapshots of other nodes that took the place of a node's whole log.
    snapshots_installed: SnapshotsInstalled,
    /// Configurations that were committed.
    configurations: Configurations,
    /// Writes to disk that a crash destroyed.
    lost_writes: LostWrites,
    /// Messages lost by chance, by a cut or at a node that is down.
    messages_dropped: MessagesDropped,
    /// Messages that arrived twice.
    messages_duplicated: MessagesDuplicated,
    /// Messages held up so that later ones could overtake.
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
    /// Requests given up without an answer.
    ops_unknown: OpsUnknown,
    /// Requests refused because their client's session had expired.
    ops_expired: OpsExpired,
}

/// What a run may cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The longest that all phases together may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sim_time: Option<Nanos>,
    /// Actions of the run. One that passes this is stopped: it may be that it would never end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Comparison>,
    /// Messages that reach nodes from other nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<Comparison>,
    /// Bytes of all messages that nodes send each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Comparison>,
    /// Bytes of the largest log that any node ever had on its disk: of its term, its vote and its
    /// entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_bytes: Option<Comparison>,
    /// Bytes of the largest snapshot that any node ever had on its disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_bytes: Option<Comparison>,
    /// Messages between nodes per answered request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_per_op: Option<Comparison>,
    /// Candidacies, won or lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elections: Option<Comparison>,
    /// Requests given up without an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ops_unknown: Option<Comparison>,
}
