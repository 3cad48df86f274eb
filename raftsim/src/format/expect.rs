//! What a run is expected to show.

use super::units::{Comparison, Nanos};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a run is expected to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            always: vec![
                Property::RaftSafety,
                Property::ExactlyOnce,
                Property::NoAcknowledgedWriteLost,
                Property::AppliedOrderExplainsReplies,
            ],
            eventually: Vec::new(),
            sometimes: Vec::new(),
            limits: Limits::default(),
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

/// Something that must always hold.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Property {
    /// All the properties of Raft itself: every one below up to promises-kept.
    RaftSafety,
    /// At most one leader per term.
    ElectionSafety,
    /// A leader never overwrites or removes entries of its own log.
    LeaderAppendOnly,
    /// Logs that hold an entry of the same index and term are the same up to it.
    LogMatching,
    /// Every committed entry is in the logs of the leaders of all later terms.
    LeaderCompleteness,
    /// No two nodes apply different entries at the same index.
    StateMachineSafety,
    /// What a leader commits is durable on a majority.
    CommitQuorum,
    /// While a node runs, its term, commit index and applied index never go back.
    MonotonicState,
    /// Votes, acknowledgements and writes reported durable survive crashes.
    PromisesKept,
    /// No request takes effect twice, however often it is retried.
    ExactlyOnce,
    /// A write that was answered with success is never lost.
    NoAcknowledgedWriteLost,
    /// The order in which commands were applied explains every answer that a client got, and agrees
    /// with real time.
    AppliedOrderExplainsReplies,
}

impl Property {
    /// The single properties that this one stands for: itself, or the members of the group.
    #[must_use]
    pub fn members(&self) -> &[Property] {
        match self {
            Self::RaftSafety => &[
                Self::ElectionSafety,
                Self::LeaderAppendOnly,
                Self::LogMatching,
                Self::LeaderCompleteness,
                Self::StateMachineSafety,
                Self::CommitQuorum,
                Self::MonotonicState,
                Self::PromisesKept,
            ],
            single => std::slice::from_ref(single),
        }
    }
}

/// Something that must come true within some time of a phase. What is asked must hold together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Eventually {
    /// The phase, by name.
    #[serde(rename = "in")]
    pub phase: String,
    /// How long after the start of the phase it must be true at the latest.
    pub within: Nanos,
    /// Exactly one node that is up takes itself for leader, and all nodes that are up follow it.
    #[serde(default)]
    pub one_leader: bool,
    /// All nodes have applied the same entries and hold the same state.
    #[serde(default)]
    pub all_applied_equal: bool,
    /// Every client has had an answer since the phase began.
    #[serde(default)]
    pub all_served: bool,
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
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
}

/// What a run may cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The longest that all phases together may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sim_time: Option<Nanos>,
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
