//! Every decision explains itself: what was decided, by which rule, from which values.
//!
//! Events go to an [`Observer`]. With `()` as the observer they compile to nothing.

use core::fmt;

use crate::cards::RuleId;
use crate::message::{Malformed, MessageKind};
use crate::request::{ChangeFailure, ReadFailure, Refusal, TransferFailure};
use crate::types::{EntryId, Index, Instant, NodeId, Priority, Span, Term, WriteId};

/// Receives events as they happen, in order.
pub trait Observer {
    /// Something was decided.
    fn event(&mut self, event: Event);
}

/// Nobody watches.
impl Observer for () {
    #[inline(always)]
    fn event(&mut self, _event: Event) {}
}

/// Collects.
impl Observer for alloc::vec::Vec<Event> {
    fn event(&mut self, event: Event) {
        self.push(event);
    }
}

/// What a server is (§5.2; pre-candidates are of dissertation §9.6).
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
        /// Term of the request.
        theirs: Term,
    },
    /// The vote of this term went to another candidate.
    AlreadyVoted {
        /// Who has it.
        voted_for: NodeId,
    },
    /// The candidate's log is behind this server's.
    LogBehind {
        /// The candidate's last entry.
        theirs: EntryId,
        /// This server's last entry.
        own: EntryId,
    },
    /// A leader was heard from too recently.
    LeaderIsFresh {
        /// How long ago.
        heard: Span,
        /// How long it must be.
        needed: Span,
    },
    /// This server is wanted as the leader more than the candidate, whose log holds nothing more
    /// than its own.
    LowerPriority {
        /// The candidate's priority.
        theirs: Priority,
        /// This server's priority.
        own: Priority,
        /// For how long this server has known of no leader.
        leaderless: Span,
    },
    /// This server's promises may be lost.
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

/// Something that a server decided.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    /// The server became something else, or the same in a new term.
    Became {
        /// What it is now.
        role: RoleKind,
        /// What it was.
        was: RoleKind,
        /// Its term now.
        term: Term,
        /// The rule that made it so.
        rule: RuleId,
    },
    /// The server learnt who leads its term.
    Follows {
        /// The leader.
        leader: NodeId,
        /// The term.
        term: Term,
    },
    /// The server gave its vote; the reply leaves once `durable` is.
    VoteGranted {
        /// To whom.
        candidate: NodeId,
        /// In which term.
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
        /// To whom.
        candidate: NodeId,
        /// Why.
        why: VoteRefusal,
    },
    /// The server would vote for the pre-candidate.
    PreVoteGranted {
        /// Which one.
        candidate: NodeId,
        /// The pre-candidate's last entry.
        theirs: EntryId,
        /// This server's last entry.
        own: EntryId,
    },
    /// The server would not vote for the pre-candidate.
    PreVoteRefused {
        /// Which one.
        candidate: NodeId,
        /// Why.
        why: VoteRefusal,
    },
    /// A (pre-)candidate counted an answer.
    VoteCounted {
        /// Whose.
        voter: NodeId,
        /// Whether it was granted.
        granted: bool,
        /// What it campaigns as.
        role: RoleKind,
    },
    /// RequestVote leaves: term, own vote and log are durable.
    CandidacyDurable {
        /// The term campaigned in.
        term: Term,
        /// The log it advertises.
        last: EntryId,
    },
    /// Entries were added to the log.
    Appended {
        /// The first.
        first: Index,
        /// The last.
        last: EntryId,
    },
    /// Entries were removed from the log.
    Truncated {
        /// The first one removed.
        from: Index,
        /// Its term.
        own: Term,
        /// The term that the leader has there.
        theirs: Term,
    },
    /// A follower does not hold the entry that sent ones follow.
    AppendRejected {
        /// That entry.
        prev: EntryId,
        /// The term that the follower has there, if it has one.
        own: Option<Term>,
        /// The latest entry that could match.
        hint: EntryId,
    },
    /// A follower's answer waits for its disk.
    AckWithheld {
        /// What the message showed to match.
        verified: Index,
        /// What is durable.
        durable: Index,
    },
    /// A follower acknowledged.
    Acknowledged {
        /// Up to here.
        match_index: Index,
    },
    /// A leader learnt what a follower holds.
    MatchAdvanced {
        /// Which follower.
        peer: NodeId,
        /// Up to here.
        match_index: Index,
    },
    /// A leader goes back to find where a follower's log agrees with its own.
    BackedOff {
        /// Which follower.
        peer: NodeId,
        /// The `prev.index` it rejected.
        refused: Index,
        /// Where it tries next.
        next: Index,
    },
    /// The commit index advanced.
    Committed {
        /// To here.
        commit: Index,
        /// It was here.
        was: Index,
        /// By which rule.
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
        /// When it last had.
        contact: Instant,
        /// How long that may be.
        allowed: Span,
    },
    /// A leader's disk has finished nothing for too long.
    DiskStalled {
        /// Since when.
        since: Instant,
        /// How long that may be.
        allowed: Span,
    },
    /// A proposal was refused.
    ProposalRefused {
        /// Who leads, if known.
        leader: Option<NodeId>,
        /// Why.
        why: Refusal,
    },
    /// A proposal was passed on.
    ProposalForwarded {
        /// To whom.
        leader: NodeId,
    },
    /// A leader appended what another server passed on.
    ForwardedAppended {
        /// Which server.
        from: NodeId,
        /// The first entry.
        first: EntryId,
    },
    /// A proposal that was passed on was accepted, as its sender learns.
    ForwardedAccepted {
        /// The first entry.
        first: EntryId,
    },
    /// Nobody will say what became of a proposal that was passed on.
    ForwardedLost,
    /// Reads wait until an entry of the leader's own term is committed.
    ReadsHeld {
        /// The commit index.
        commit: Index,
    },
    /// A leader asks a quorum whether it still leads.
    ReadRoundBegan {
        /// The commit index, which its reads will be answered.
        index: Index,
        /// For how many reads.
        reads: u64,
    },
    /// A quorum answered messages that left after the round began.
    ReadRoundEnded {
        /// What its reads are answered.
        index: Index,
        /// How many reads.
        reads: u64,
    },
    /// A leader answers a read without asking.
    ReadByLease {
        /// The commit index.
        index: Index,
        /// Until when no other server can lead.
        until: Instant,
    },
    /// A leader's lease is over: its reads ask a quorum.
    LeaseOver {
        /// Since when.
        until: Instant,
    },
    /// A follower asks its leader for the index of its reads.
    ReadsForwarded {
        /// The leader.
        leader: NodeId,
        /// For how many reads.
        reads: u64,
    },
    /// A read will not be answered.
    ReadFailed {
        /// Why.
        why: ReadFailure,
    },
    /// A server holds a snapshot of its state.
    SnapshotTaken {
        /// After this entry.
        last: EntryId,
    },
    /// The log was cut at its start.
    LogCut {
        /// The last entry that is gone.
        base: EntryId,
    },
    /// A leader begins to send a snapshot.
    SnapshotSent {
        /// To whom.
        peer: NodeId,
        /// Its last entry.
        last: EntryId,
    },
    /// A server that is sent a snapshot needs none.
    SnapshotPassedOver {
        /// Its last entry.
        last: EntryId,
        /// Whether the log holds that entry; else more is committed already.
        held: bool,
    },
    /// A snapshot took the place of the log's beginning, or of all of it.
    SnapshotInstalled {
        /// Its last entry.
        last: EntryId,
        /// What was committed before.
        was: Index,
        /// Whether the whole log was replaced.
        whole: bool,
    },
    /// A leader begins to hand leadership over.
    TransferBegan {
        /// To whom.
        to: NodeId,
    },
    /// The target holds the whole log and is told to campaign.
    TargetTold {
        /// The target.
        to: NodeId,
    },
    /// Leadership is not handed over.
    TransferFailed {
        /// To whom.
        to: NodeId,
        /// Why.
        why: TransferFailure,
    },
    /// Another configuration is in force, as it came with the log.
    Configured {
        /// The entry that holds it, or the base.
        at: EntryId,
        /// Whether it is joint.
        joint: bool,
    },
    /// A configuration went with the end of the log: an earlier one is in force again.
    ConfigurationRolledBack {
        /// The entry that held it.
        from: Index,
        /// The entry that holds the one in force, or the base.
        at: EntryId,
    },
    /// A newcomer received what the log held when the round began, and took too long.
    CatchUpRound {
        /// The newcomer.
        peer: NodeId,
        /// Round number, from 1.
        round: u64,
        /// How long it took.
        took: Span,
    },
    /// A newcomer keeps up with the log.
    CaughtUp {
        /// Which one.
        peer: NodeId,
    },
    /// A change of members is made.
    ChangeMade {
        /// The entry that holds the configuration.
        at: Index,
    },
    /// A change of members does not come about.
    ChangeFailed {
        /// Why.
        why: ChangeFailure,
    },
    /// A server is silent from now on, until somebody wants something.
    FellAsleep {
        /// The last entry, which everybody holds and knows to be committed.
        last: EntryId,
    },
    /// A server that was silent is so no more.
    Woke,
    /// A message or reply of an older term was put aside.
    StaleDropped {
        /// Its sender.
        from: NodeId,
        /// Its term.
        theirs: Term,
        /// What it was.
        what: MessageKind,
    },
    /// A message that no correct server sends was put aside.
    MalformedDropped {
        /// Its sender.
        from: NodeId,
        /// What is wrong with it.
        why: Malformed,
    },
}

impl Event {
    /// The rule behind the decision, where one decided.
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
