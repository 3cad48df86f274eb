//! Events explain every decision: its result, the rule, and the values it compared.
//!
//! Events go to an [`Observer`]. With `()` as the observer they compile to nothing.

use core::fmt;

use crate::cards::RuleId;
use crate::message::{Malformed, MessageKind};
use crate::request::{ChangeFailure, ReadFailure, Refusal, TransferFailure};
use crate::types::{EntryId, Index, Instant, NodeId, Priority, Span, Term, WriteId};

/// Receives events as they happen, in order.
pub trait Observer {
    /// Receives one decision.
    fn event(&mut self, event: Event);
}

/// Ignores all events.
impl Observer for () {
    #[inline(always)]
    fn event(&mut self, _event: Event) {}
}

/// Collects all events.
impl Observer for alloc::vec::Vec<Event> {
    fn event(&mut self, event: Event) {
        self.push(event);
    }
}

/// The role of a server (§5.2; pre-candidates are of dissertation §9.6).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum RoleKind {
    /// Follows a leader, or waits for one.
    Follower,
    /// Asks whether it could win before it raises its term.
    PreCandidate,
    /// Asks for votes.
    Candidate,
    /// Replicates its log.
    Leader,
}

/// Why a server refused a vote or a pre-vote, with the compared values.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VoteRefusal {
    /// The request is of an older term.
    StaleTerm {
        /// The request's term.
        theirs: Term,
    },
    /// The server has given its vote of this term to another candidate.
    AlreadyVoted {
        /// The candidate that has the vote.
        voted_for: NodeId,
    },
    /// The candidate's log is behind this server's.
    LogBehind {
        /// The candidate's last entry.
        theirs: EntryId,
        /// This server's last entry.
        own: EntryId,
    },
    /// The server has heard from a leader too recently.
    LeaderIsFresh {
        /// The time since then.
        heard: Span,
        /// The required time.
        needed: Span,
    },
    /// This server has a higher priority than the candidate, whose log is not ahead of its own.
    LowerPriority {
        /// The candidate's priority.
        theirs: Priority,
        /// This server's priority.
        own: Priority,
        /// How long this server has known of no leader.
        leaderless: Span,
    },
    /// A crash may have lost promises of this server.
    MayNotVote,
}

impl VoteRefusal {
    /// The rule that refused.
    #[must_use]
    pub fn rule(self) -> RuleId {
        match self {
            Self::StaleTerm { .. } => RuleId::StaleIsAnswered,
            Self::AlreadyVoted { .. } => RuleId::VoteOnce,
            Self::LogBehind { .. } => RuleId::LogUpToDate,
            Self::LeaderIsFresh { .. } => RuleId::Stickiness,
            Self::LowerPriority { .. } => RuleId::Priority,
            Self::MayNotVote => RuleId::MayNotVote,
        }
    }
}

/// A decision of a server.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    /// The server changed its role, or took the same role in a new term.
    Became {
        /// The new role.
        role: RoleKind,
        /// The old role.
        was: RoleKind,
        /// The server's new term.
        term: Term,
        /// The rule behind the change.
        rule: RuleId,
    },
    /// The server learnt of the leader of its term.
    Follows {
        /// The leader.
        leader: NodeId,
        /// The term.
        term: Term,
    },
    /// The server gave its vote; the reply leaves once `durable` is.
    VoteGranted {
        /// The candidate.
        candidate: NodeId,
        /// The term of the vote.
        term: Term,
        /// The write that holds the vote.
        durable: WriteId,
        /// The candidate's last entry.
        theirs: EntryId,
        /// This server's last entry.
        own: EntryId,
    },
    /// The server refused its vote.
    VoteRefused {
        /// The candidate.
        candidate: NodeId,
        /// The reason.
        why: VoteRefusal,
    },
    /// The server would vote for the pre-candidate.
    PreVoteGranted {
        /// The pre-candidate.
        candidate: NodeId,
        /// The pre-candidate's last entry.
        theirs: EntryId,
        /// This server's last entry.
        own: EntryId,
    },
    /// The server would not vote for the pre-candidate.
    PreVoteRefused {
        /// The pre-candidate.
        candidate: NodeId,
        /// The reason.
        why: VoteRefusal,
    },
    /// A (pre-)candidate counted an answer.
    VoteCounted {
        /// The voter.
        voter: NodeId,
        /// Whether the voter granted its vote.
        granted: bool,
        /// The role in which the server campaigns.
        role: RoleKind,
    },
    /// The server sends RequestVote: term, own vote and log are durable.
    CandidacyDurable {
        /// The term of the campaign.
        term: Term,
        /// The log it advertises.
        last: EntryId,
    },
    /// Entries were added to the log.
    Appended {
        /// The first entry.
        first: Index,
        /// The last entry.
        last: EntryId,
    },
    /// Entries were removed from the log.
    Truncated {
        /// The first removed entry.
        from: Index,
        /// Its term.
        own: Term,
        /// The term of the leader's entry there.
        theirs: Term,
    },
    /// A follower lacks the entry before the sent ones.
    AppendRejected {
        /// The missing entry.
        prev: EntryId,
        /// The term of the follower's entry there, if it has one.
        own: Option<Term>,
        /// The latest entry that could match.
        hint: EntryId,
    },
    /// A follower's answer waits for its disk.
    AckWithheld {
        /// The last entry that the message showed to match.
        verified: Index,
        /// The last durable entry.
        durable: Index,
    },
    /// A follower acknowledged entries.
    Acknowledged {
        /// The last acknowledged entry.
        match_index: Index,
    },
    /// A leader learnt which entries a follower holds.
    MatchAdvanced {
        /// The follower.
        peer: NodeId,
        /// The last entry known to match.
        match_index: Index,
    },
    /// A leader moves back to find where a follower's log agrees with its own.
    BackedOff {
        /// The follower.
        peer: NodeId,
        /// The `prev.index` that the follower rejected.
        refused: Index,
        /// The next index to try.
        next: Index,
    },
    /// The commit index advanced.
    Committed {
        /// The new commit index.
        commit: Index,
        /// The old commit index.
        was: Index,
        /// The rule behind the commit.
        rule: RuleId,
    },
    /// A quorum holds an entry that may not be committed by counting (Figure 8).
    CommitHeld {
        /// The entry.
        replicated: Index,
        /// Its term.
        entry_term: Term,
        /// The leader's term.
        term: Term,
    },
    /// A leader has heard from no quorum for too long.
    QuorumLost {
        /// The last instant at which it heard from a quorum.
        contact: Instant,
        /// The longest allowed silence.
        allowed: Span,
    },
    /// A leader's disk has finished no write for too long.
    DiskStalled {
        /// The instant of the last progress.
        since: Instant,
        /// The longest allowed stall.
        allowed: Span,
    },
    /// A proposal was refused.
    ProposalRefused {
        /// The leader, if known.
        leader: Option<NodeId>,
        /// The reason.
        why: Refusal,
    },
    /// A proposal was passed on.
    ProposalForwarded {
        /// The receiver.
        leader: NodeId,
    },
    /// A leader appended proposals that another server passed on.
    ForwardedAppended {
        /// The other server.
        from: NodeId,
        /// The first entry.
        first: EntryId,
    },
    /// A server learnt that the leader accepted its forwarded proposal.
    ForwardedAccepted {
        /// The first entry.
        first: EntryId,
    },
    /// The outcome of a forwarded proposal will stay unknown.
    ForwardedLost,
    /// Reads wait until an entry of the leader's own term is committed.
    ReadsHeld {
        /// The commit index.
        commit: Index,
    },
    /// A leader asks a quorum whether it still leads.
    ReadRoundBegan {
        /// The commit index, which is the answer to its reads.
        index: Index,
        /// The number of waiting reads.
        reads: u64,
    },
    /// A quorum answered messages that left after the round began.
    ReadRoundEnded {
        /// The index that answers its reads.
        index: Index,
        /// The number of answered reads.
        reads: u64,
    },
    /// A leader answers a read by its lease, without asking a quorum.
    ReadByLease {
        /// The commit index.
        index: Index,
        /// The end of the lease. No other server can lead before it.
        until: Instant,
    },
    /// A leader's lease has ended: its reads ask a quorum.
    LeaseOver {
        /// The end of the lease.
        until: Instant,
    },
    /// A follower asks its leader for the index of its reads.
    ReadsForwarded {
        /// The leader.
        leader: NodeId,
        /// The number of reads.
        reads: u64,
    },
    /// A read failed.
    ReadFailed {
        /// The reason.
        why: ReadFailure,
    },
    /// A server holds a snapshot of its state.
    SnapshotTaken {
        /// The snapshot's last entry.
        last: EntryId,
    },
    /// The log was cut at its start.
    LogCut {
        /// The last removed entry.
        base: EntryId,
    },
    /// A leader begins to send a snapshot.
    SnapshotSent {
        /// The receiver.
        peer: NodeId,
        /// Its last entry.
        last: EntryId,
    },
    /// A server rejected a snapshot that it does not need.
    SnapshotPassedOver {
        /// Its last entry.
        last: EntryId,
        /// Whether the log holds that entry. If not, the server has committed further already.
        held: bool,
    },
    /// A snapshot took the place of the log's beginning, or of all of it.
    SnapshotInstalled {
        /// Its last entry.
        last: EntryId,
        /// The old commit index.
        was: Index,
        /// Whether the whole log was replaced.
        whole: bool,
    },
    /// A leader begins to hand leadership over.
    TransferBegan {
        /// The target.
        to: NodeId,
    },
    /// The target holds the whole log and is told to campaign.
    TargetTold {
        /// The target.
        to: NodeId,
    },
    /// A transfer of leadership failed.
    TransferFailed {
        /// The target.
        to: NodeId,
        /// The reason.
        why: TransferFailure,
    },
    /// A new configuration from the log is in force.
    Configured {
        /// The entry that holds it, or the base.
        at: EntryId,
        /// Whether it is joint.
        joint: bool,
    },
    /// A configuration was truncated with the end of the log: an earlier one is in force again.
    ConfigurationRolledBack {
        /// The entry that held it.
        from: Index,
        /// The entry that holds the one in force, or the base.
        at: EntryId,
    },
    /// A newcomer took too long to receive the entries that the log held at the start of the round.
    CatchUpRound {
        /// The newcomer.
        peer: NodeId,
        /// The number of the round, from 1.
        round: u64,
        /// The duration of the round.
        took: Span,
    },
    /// A newcomer keeps up with the log.
    CaughtUp {
        /// The newcomer.
        peer: NodeId,
    },
    /// A change of members is complete.
    ChangeMade {
        /// The entry that holds the configuration.
        at: Index,
    },
    /// A change of members failed.
    ChangeFailed {
        /// The reason.
        why: ChangeFailure,
    },
    /// A server is silent from now on, until it has work to do.
    FellAsleep {
        /// The last entry. Every member holds it and knows that it is committed.
        last: EntryId,
    },
    /// A sleeping server woke.
    Woke,
    /// A server dropped a message or reply of an older term.
    StaleDropped {
        /// Its sender.
        from: NodeId,
        /// Its term.
        theirs: Term,
        /// The kind of the message.
        what: MessageKind,
    },
    /// A server dropped a message that no correct server sends.
    MalformedDropped {
        /// Its sender.
        from: NodeId,
        /// The defect of the message.
        why: Malformed,
    },
}

impl Event {
    /// The rule behind the decision, if a rule decided.
    #[must_use]
    pub fn rule(&self) -> Option<RuleId> {
        Some(match self {
            Self::Became { rule, .. } | Self::Committed { rule, .. } => *rule,
            Self::VoteGranted { .. } => RuleId::VoteOnce,
            Self::VoteRefused { why, .. } | Self::PreVoteRefused { why, .. } => why.rule(),
            Self::PreVoteGranted { .. } => RuleId::LogUpToDate,
            Self::VoteCounted { .. } => RuleId::Majority,
            Self::CandidacyDurable { .. } => RuleId::DurableCandidacy,
            Self::Truncated { .. } => RuleId::TruncateConflictOnly,
            Self::AppendRejected { .. } => RuleId::PreviousMatches,
            Self::AckWithheld { .. } | Self::Acknowledged { .. } => RuleId::AcknowledgeDurable,
            Self::MatchAdvanced { .. } => RuleId::MatchNeverFalls,
            Self::BackedOff { .. } => RuleId::BackOffByTerm,
            Self::CommitHeld { .. } => RuleId::CurrentTermOnly,
            Self::Configured { .. } => RuleId::InForceAtAppend,
            Self::ConfigurationRolledBack { .. } => RuleId::ConfigurationRolledBack,
            Self::CatchUpRound { .. } | Self::CaughtUp { .. } => RuleId::CaughtUp,
            Self::ChangeFailed { why } => return why.rule(),
            Self::QuorumLost { .. } => RuleId::CheckQuorum,
            Self::StaleDropped { .. } => RuleId::ReplyOfThisTerm,
            Self::DiskStalled { .. } => RuleId::DiskStall,
            Self::ReadsHeld { .. } => RuleId::ReadOwnTermFirst,
            Self::ReadRoundBegan { .. } | Self::ReadRoundEnded { .. } => RuleId::ReadNeedsQuorum,
            Self::ReadByLease { .. } | Self::LeaseOver { .. } => RuleId::LeaseEnd,
            Self::ReadFailed { why } => match why {
                ReadFailure::RoleChanged => RuleId::ReadsAreFailed,
                ReadFailure::NoLease(_) => RuleId::LeaseNeedsPromises,
                _ => return None,
            },
            Self::ProposalForwarded { .. } => RuleId::ForwardToLeader,
            Self::SnapshotSent { .. } => RuleId::SnapshotNeeded,
            Self::SnapshotInstalled { .. } => RuleId::SuffixStays,
            Self::SnapshotPassedOver { held, .. } => match held {
                true => RuleId::SuffixStays,
                false => RuleId::SnapshotNewsOnly,
            },
            Self::FellAsleep { .. } => RuleId::SilenceIsLife,
            Self::Woke => RuleId::SleepersWake,
            Self::TargetTold { .. } => RuleId::TransferTargetReady,
            Self::Follows { .. }
            | Self::Appended { .. }
            | Self::ProposalRefused { .. }
            | Self::ForwardedAppended { .. }
            | Self::ForwardedAccepted { .. }
            | Self::ForwardedLost
            | Self::ReadsForwarded { .. }
            | Self::SnapshotTaken { .. }
            | Self::LogCut { .. }
            | Self::TransferBegan { .. }
            | Self::TransferFailed { .. }
            | Self::ChangeMade { .. }
            | Self::MalformedDropped { .. } => return None,
        })
    }
}

impl fmt::Display for RoleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Follower => "follower",
            Self::PreCandidate => "pre-candidate",
            Self::Candidate => "candidate",
            Self::Leader => "leader",
        })
    }
}
