//! The properties of a run that the checks judge, each with a name and a sentence.

use serde::{Deserialize, Serialize};

/// A property that must always hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Property {
    /// All the properties of Raft itself: every one below up to core-invariants.
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
    /// A leader commits only entries that are durable on a majority, with their data on at least
    /// one of them.
    CommitQuorum,
    /// While a node runs, its term, commit index and applied index never go back.
    MonotonicState,
    /// Votes, acknowledgements and writes reported durable survive crashes.
    PromisesKept,
    /// A snapshot stands only for committed entries, and a durable snapshot covers all entries that
    /// a log no longer holds.
    SnapshotSafety,
    /// Nodes use the latest configuration in their logs, committed configurations form one history,
    /// and no two configurations in force can decide independently.
    ConfigurationSafety,
    /// Members change as operators request, a new voter holds the log, a quorum of the next voters
    /// is alive, and a removed leader makes sure that the others learn of its removal.
    MembersAsAsked,
    /// A node's own invariants hold: its log, votes and progress are in order.
    CoreInvariants,
    /// No request takes effect twice, however often it is retried.
    ExactlyOnce,
    /// A write that was answered with success is never lost.
    NoAcknowledgedWriteLost,
    /// The order in which commands were applied explains every answer that a client got, and agrees
    /// with real time.
    AppliedOrderExplainsReplies,
    /// Some order of the clients' operations explains every answer, and agrees with real time. It
    /// need not be the applied order.
    Linearizability,
    /// A read without a log entry returns the state at the index that its answer names.
    ReadsMatchTheirIndex,
    /// No client is answered from an older state than before: it reads its own writes, and its
    /// reads never go back.
    SessionGuarantees,
}

impl Property {
    /// The number of properties, the group included.
    pub const COUNT: usize = Self::SessionGuarantees as usize + 1;

    /// Every property but the group.
    pub const SINGLE: [Property; Self::COUNT - 1] = [
        Self::ElectionSafety,
        Self::LeaderAppendOnly,
        Self::LogMatching,
        Self::LeaderCompleteness,
        Self::StateMachineSafety,
        Self::CommitQuorum,
        Self::MonotonicState,
        Self::PromisesKept,
        Self::SnapshotSafety,
        Self::ConfigurationSafety,
        Self::MembersAsAsked,
        Self::CoreInvariants,
        Self::ExactlyOnce,
        Self::NoAcknowledgedWriteLost,
        Self::AppliedOrderExplainsReplies,
        Self::Linearizability,
        Self::ReadsMatchTheirIndex,
        Self::SessionGuarantees,
    ];

    /// Its name in scenario files and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RaftSafety => "raft-safety",
            Self::ElectionSafety => "election-safety",
            Self::LeaderAppendOnly => "leader-append-only",
            Self::LogMatching => "log-matching",
            Self::LeaderCompleteness => "leader-completeness",
            Self::StateMachineSafety => "state-machine-safety",
            Self::CommitQuorum => "commit-quorum",
            Self::MonotonicState => "monotonic-state",
            Self::PromisesKept => "promises-kept",
            Self::SnapshotSafety => "snapshot-safety",
            Self::ConfigurationSafety => "configuration-safety",
            Self::MembersAsAsked => "members-as-asked",
            Self::CoreInvariants => "core-invariants",
            Self::ExactlyOnce => "exactly-once",
            Self::NoAcknowledgedWriteLost => "no-acknowledged-write-lost",
            Self::AppliedOrderExplainsReplies => "applied-order-explains-replies",
            Self::Linearizability => "linearizability",
            Self::ReadsMatchTheirIndex => "reads-match-their-index",
            Self::SessionGuarantees => "session-guarantees",
        }
    }

    /// The sentence of the property, in the paper's words if the paper has it.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::RaftSafety => "Every safety property of Raft holds.",
            Self::ElectionSafety => "At most one leader can be elected in a given term.",
            Self::LeaderAppendOnly => {
                "A leader never overwrites or deletes entries in its log; it only appends new ones."
            }
            Self::LogMatching => {
                "If two logs contain an entry with the same index and term, then the logs are \
                 identical in all entries up through the given index."
            }
            Self::LeaderCompleteness => {
                "If a log entry is committed in a given term, then that entry will be present in \
                 the logs of the leaders for all higher-numbered terms."
            }
            Self::StateMachineSafety => {
                "If a server has applied a log entry at a given index to its state machine, no \
                 other server will ever apply a different log entry for the same index."
            }
            Self::CommitQuorum => {
                "A leader commits an entry only when it is durable on a majority of the servers, and \
                 its data on one of them."
            }
            Self::MonotonicState => {
                "While a server runs, its term, commit index, applied index and, as a leader, its \
                 match indexes never go back."
            }
            Self::PromisesKept => {
                "A vote, an acknowledged entry and a write reported durable survive every crash."
            }
            Self::SnapshotSafety => {
                "A log begins after what is committed, durably covered by a snapshot of the same \
                 state, and keeps what follows if it matches."
            }
            Self::ConfigurationSafety => {
                "A server goes by the latest configuration in its log; committed configurations are \
                 one history; any two in force that can both decide share a quorum."
            }
            Self::MembersAsAsked => {
                "A leader changes the members as it was asked, gives votes to servers that hold the \
                 log, of whom a quorum lives, and leads until its own removal is committed."
            }
            Self::CoreInvariants => "What a server can check of itself is in order.",
            Self::ExactlyOnce => "No request takes effect twice, however often it is retried.",
            Self::NoAcknowledgedWriteLost => {
                "A write that was answered with success is in the committed log."
            }
            Self::AppliedOrderExplainsReplies => {
                "Executing the committed log one entry after the other gives every reply that \
                 clients got, in an order that agrees with real time."
            }
            Self::Linearizability => {
                "Each operation of a client seems to take effect at one moment between its call \
                 and its answer."
            }
            Self::ReadsMatchTheirIndex => {
                "A read without an entry of its own sees the state at the index that it names."
            }
            Self::SessionGuarantees => {
                "No client is answered from an older state than it was before."
            }
        }
    }

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
                Self::SnapshotSafety,
                Self::ConfigurationSafety,
                Self::MembersAsAsked,
                Self::CoreInvariants,
            ],
            single => std::slice::from_ref(single),
        }
    }
}
