//! Each decision of Figure 2 and of the dissertation, as one small function.
//!
//! A rule returns a decision, or *the next value* of the field it governs; the rest of the crate
//! changes protocol fields only through such values. `Standard`] keeps every default and has no
//! size. Another implementation may override one rule to plant a bug, so that a testbed can show
//! that its checks would notice: what an override can break is reported by
//! `Raft::invariants`](crate::Raft::invariants), never asserted.

use crate::log::OutsideLog;
use crate::random::in_range;
use crate::reads::LeaseRefusal;
use crate::types::{EntryId, Index, Instant, NodeId, Priority, Span, Term, WriteId};

/// So many of the longest election timeouts a voter puts off candidates of a lower priority.
const PATIENCE: u64 = 4;

/// The decisions of the algorithm. Each default is the rule as published.
pub trait Rules {
    /// `election.timeout`: how long to wait for a leader, from 64 random bits.
    fn election_timeout(&self, min: Span, max: Span, draw: u64) -> Span {
        Span(in_range(draw, min.0, max.0))
    }

    /// `election.vote-once`: whether the vote of this term may go to `candidate`.
    fn vote_is_free(&self, voted_for: Option<NodeId>, candidate: NodeId) -> bool {
        voted_for.is_none_or(|voted_for| voted_for == candidate)
    }

    /// `election.log-up-to-date`: whether the candidate's log may lead this voter's.
    fn log_is_up_to_date(&self, candidate: EntryId, own: EntryId) -> bool {
        (candidate.term, candidate.index) >= (own.term, own.index)
    }

    /// `election.stickiness`: whether a leader was heard from too recently to vote.
    fn leader_is_fresh(&self, now: Instant, heard_at: Instant, timeout_min: Span) -> bool {
        now.since(heard_at) < timeout_min
    }

    /// `election.priority`: whether a voter of priority `own` puts off a candidate whose log would
    /// do; `newer` says that it holds more than the voter's, `leaderless` for how long the voter has
    /// known of no leader.
    fn lower_priority_is_refused(
        &self,
        candidate: Priority,
        own: Priority,
        newer: bool,
        leaderless: Span,
        timeout_max: Span,
    ) -> bool {
        candidate < own && !newer && leaderless.0 < timeout_max.0.saturating_mul(PATIENCE)
    }

    /// `election.vote-survives-step-down`: `voted_for` after becoming a follower.
    fn vote_after_step_down(
        &self,
        voted_for: Option<NodeId>,
        current: Term,
        next: Term,
    ) -> Option<NodeId> {
        if next > current { None } else { voted_for }
    }

    /// `election.vote-of-this-term`: whether a vote of `reply` counts in `current`.
    fn vote_reply_counts(&self, reply: Term, current: Term) -> bool {
        reply == current
    }

    /// `election.pre-vote-is-no-vote`: whether a granted pre-vote counts as a vote.
    fn pre_vote_is_a_vote(&self) -> bool {
        false
    }

    /// `election.refusal-resets-nothing`: the election deadline after refusing a
    /// vote; `latest` is what the longest timeout would give.
    fn deadline_after_refusal(&self, deadline: Instant, _latest: Instant) -> Instant {
        deadline
    }

    /// `term.stale-is-answered`: whether a request of an older term is answered, so
    /// that its sender learns of the newer one.
    fn stale_request_is_answered(&self) -> bool {
        true
    }

    /// `quorum.majority`: how many of `voters` decide.
    fn quorum(&self, voters: usize) -> usize {
        voters / 2 + 1
    }

    /// `leader.check-quorum`: whether a leader that last heard from a quorum at
    /// `contact` must step down.
    fn quorum_is_lost(&self, now: Instant, contact: Instant, timeout_max: Span) -> bool {
        now.since(contact) > timeout_max
    }

    /// `leader.noop`: whether a new leader opens its term with an entry of its own.
    fn term_opens_with_noop(&self) -> bool {
        true
    }

    /// `append.previous-matches`: whether the log holds the entry sent ones follow.
    fn previous_matches(&self, own: Result<Term, OutsideLog>, previous: Term) -> bool {
        own == Ok(previous)
    }

    /// `append.truncate-conflict-only`: where to cut the log before appending;
    /// `conflict` is the first own entry of another term than the one sent, `previous` the entry
    /// that sent ones follow.
    fn truncation(&self, conflict: Option<Index>, _previous: Index, _last: Index) -> Option<Index> {
        conflict
    }

    /// `append.acknowledge-durable`: what a follower may acknowledge; `verified` is
    /// the last entry known to match the leader's log.
    fn ack_index(&self, verified: Index, durable: Index, _last: Index) -> Index {
        verified.min(durable)
    }

    /// `commit.follower`: a follower's next commit index; `verified` is the last
    /// entry that *this* message showed to match.
    fn follower_commit(
        &self,
        commit: Index,
        leader_commit: Index,
        verified: Index,
        _last: Index,
    ) -> Index {
        commit.max(leader_commit.min(verified))
    }

    /// `progress.match-never-falls`: `match_index` after an acknowledgement.
    fn match_after_ack(&self, matched: Index, acknowledged: Index) -> Index {
        matched.max(acknowledged)
    }

    /// `progress.rejection-leaves-match`: `match_index` after a rejection.
    fn match_after_rejection(&self, matched: Index, _hint: Index) -> Index {
        matched
    }

    /// `progress.back-off-by-term`: `next_index` after a rejection of `refused`;
    /// `common` is the leader's latest entry that could match.
    fn next_after_rejection(&self, matched: Index, refused: Index, common: Index) -> Index {
        common.min(refused.previous()).max(matched).next()
    }

    /// `progress.reply-of-this-term`: whether a reply of `reply` counts in `current`.
    fn append_reply_counts(&self, reply: Term, current: Term) -> bool {
        reply == current
    }

    /// `commit.current-term-only`: a leader's next commit index, when a quorum holds
    /// the log up to `replicated`, whose entry is of `term`.
    fn leader_commit(
        &self,
        commit: Index,
        replicated: Index,
        term: Result<Term, OutsideLog>,
        current: Term,
    ) -> Index {
        if term == Ok(current) {
            commit.max(replicated)
        } else {
            commit
        }
    }

    /// `commit.own-copy-durable`: up to where the leader's own log counts.
    fn own_copy(&self, durable: Index, _last: Index) -> Index {
        durable
    }

    /// `leader.disk-stall`: whether a leader whose disk has finished nothing since
    /// `since` must step down.
    fn disk_is_stalled(&self, now: Instant, since: Instant, allowed: Span) -> bool {
        now.since(since) > allowed
    }

    /// `read.own-term-first`: whether the commit index is known to be that of the
    /// cluster, when the entry there is of `term`.
    fn read_may_begin(&self, term: Result<Term, OutsideLog>, current: Term) -> bool {
        term == Ok(current)
    }

    /// `read.asks-quorum`: whether a read waits until a quorum has answered.
    fn read_needs_quorum(&self) -> bool {
        true
    }

    /// `read.failed-not-dropped`: whether reads that wait are failed when a role
    /// ends.
    fn waiting_reads_are_failed(&self) -> bool {
        true
    }

    /// `lease.from-send-time`: when a follower was last known to follow, once it has
    /// answered a message that was sent at `sent_at`.
    fn contact_after_reply(&self, contact: Instant, sent_at: Instant, _now: Instant) -> Instant {
        contact.max(sent_at)
    }

    /// `lease.needs-promises`: by how much clocks may be wrong, if leases can be
    /// trusted at all.
    fn lease_clock_error(
        &self,
        stickiness: bool,
        clock_error: Option<Span>,
    ) -> Result<Span, LeaseRefusal> {
        if !stickiness {
            return Err(LeaseRefusal::NoStickiness);
        }
        clock_error.ok_or(LeaseRefusal::ClockErrorUnknown)
    }

    /// `lease.end`: until when nobody else can lead, if a quorum followed at
    /// `contact`.
    fn lease_end(&self, contact: Instant, timeout_min: Span, clock_error: Span) -> Instant {
        contact.after(Span(timeout_min.0.saturating_sub(clock_error.0)))
    }

    /// `lease.given-up-for-transfer`: whether a leader keeps its lease once it has
    /// told another server to campaign.
    fn lease_survives_transfer(&self) -> bool {
        false
    }

    /// `snapshot.for-what-is-gone`: whether a follower is sent a snapshot; `before` says that
    /// it needs what lies before the log, `probing` that it has refused what it was sent.
    fn snapshot_is_needed(&self, before: bool, _probing: bool) -> bool {
        before
    }

    /// `snapshot.until-the-log-does`: whether a follower that holds the log up to `matched` is sent
    /// entries again, when it needed them up to `through`.
    fn snapshot_is_over(&self, matched: Index, through: Index) -> bool {
        matched >= through
    }

    /// `snapshot.sign-of-life`: whether a piece of a snapshot postpones an election.
    fn piece_is_a_sign_of_life(&self) -> bool {
        true
    }

    /// `snapshot.news-only`: whether a snapshot up to `last` is installed by a server
    /// that knows everything up to `commit` to be committed.
    fn snapshot_has_news(&self, last: Index, commit: Index) -> bool {
        last > commit
    }

    /// `snapshot.suffix-stays`: whether what follows a snapshot's last entry, of
    /// `term`, stays in a log whose own entry there is of `own`.
    fn suffix_stays(&self, own: Result<Term, OutsideLog>, term: Term) -> bool {
        own == Ok(term)
    }

    /// `snapshot.pieces-of-one`: whether pieces of two snapshots may be put together.
    fn pieces_may_mix(&self) -> bool {
        false
    }

    /// `snapshot.receiver-knows`: what a leader takes a follower to hold of a
    /// snapshot that it took to hold `known` bytes, and that says `told`.
    fn received_after_reply(&self, _known: u64, told: u64) -> u64 {
        told
    }

    /// `transfer.target-has-log`: whether the target may be told to campaign, when it
    /// holds the log up to `matched`.
    fn transfer_target_is_ready(&self, matched: Index, last: Index) -> bool {
        matched >= last
    }

    /// `transfer.overrides-stickiness`: whether a candidate that the leader told to
    /// campaign is heard although a leader is fresh.
    fn transfer_overrides_stickiness(&self) -> bool {
        true
    }

    /// `leader.needs-no-campaign`: whether a leader obeys an order to campaign.
    fn leader_obeys_order_to_campaign(&self) -> bool {
        false
    }

    /// `proposal.to-own-leader`: to whom a proposal is passed on; `leader` is that of the server's own
    /// term, `last` the one it last heard from, in whatever term.
    fn forward_to(&self, leader: Option<NodeId>, _last: Option<NodeId>) -> Option<NodeId> {
        leader
    }

    /// `proposal.forwarded-once`: whether a proposal that was passed on is passed on again.
    fn forwards_again(&self) -> bool {
        false
    }

    /// `proposal.no-term`: whether the term of a proposal that is passed on counts, as that of other
    /// messages does.
    fn proposal_term_counts(&self) -> bool {
        false
    }

    /// `durability.vote`: whether a granted vote may leave; `vote` is the write that
    /// holds it, `durable` the last one reported.
    fn vote_may_leave(&self, vote: WriteId, durable: WriteId) -> bool {
        vote <= durable
    }

    /// `durability.candidacy`: whether RequestVote may leave; `vote` is the write
    /// that holds the new term and the candidate's own vote.
    fn candidacy_may_leave(&self, vote: WriteId, durable: WriteId) -> bool {
        vote <= durable
    }

    /// `durability.truncation-lowers-watermark`: the durable index after `from` and
    /// what follows was removed.
    fn durable_after_truncation(&self, durable: Index, from: Index) -> Index {
        durable.min(from.previous())
    }

    /// `durability.truncation-lowers-flights`: what a write in flight will prove
    /// about the log after `from` and what follows was removed.
    fn in_flight_after_truncation(&self, last: Index, from: Index) -> Index {
        last.min(from.previous())
    }
}

/// The algorithm as published: every default, no size.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Standard;

impl Rules for Standard {}

/// What a rule is called, where it is published and what it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Card {
    /// Stable name, as events and `explain` use it.
    pub name: &'static str,
    /// Section of the extended paper (§) or of the dissertation.
    pub section: &'static str,
    /// The rule in plain words.
    pub says: &'static str,
}

/// Names every rule that events may cite.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "each variant is described by its card")]
pub enum RuleId {
    ElectionTimeout,
    VoteOnce,
    LogUpToDate,
    Stickiness,
    Priority,
    VoteSurvivesStepDown,
    VoteOfThisTerm,
    PreVoteIsNoVote,
    RefusalResetsNothing,
    LeaderOfTerm,
    MayNotVote,
    HigherTerm,
    StaleIsAnswered,
    Majority,
    CheckQuorum,
    Noop,
    PreviousMatches,
    TruncateConflictOnly,
    AcknowledgeDurable,
    FollowerCommit,
    MatchNeverFalls,
    RejectionLeavesMatch,
    BackOffByTerm,
    ReplyOfThisTerm,
    CurrentTermOnly,
    OwnCopyDurable,
    DiskStall,
    StepDownOnRequest,
    ReadOwnTermFirst,
    ReadNeedsQuorum,
    ReadsAreFailed,
    LeaseFromSendTime,
    LeaseNeedsPromises,
    LeaseEnd,
    LeaseGivenUp,
    SnapshotNeeded,
    SnapshotUntilLogDoes,
    PieceIsSignOfLife,
    SnapshotNewsOnly,
    SuffixStays,
    PiecesOfOne,
    ReceiverKnows,
    TransferTargetReady,
    TransferTargetCampaigns,
    TransferOverridesStickiness,
    LeaderNeedsNoCampaign,
    ForwardToLeader,
    ForwardOnce,
    ForwardNoTerm,
    DurableVote,
    DurableCandidacy,
    TruncationLowersWatermark,
    TruncationLowersFlights,
}

impl RuleId {
    /// The rule's card.
    #[must_use]
    pub fn card(self) -> &'static Card {
        &catalogue()
            .iter()
            .find(|(id, _)| *id == self)
            .expect("a test holds that every rule has a card")
            .1
    }
}

/// Every rule with its card, in the order of the paper.
#[must_use]
#[rustfmt::skip]
pub fn catalogue() -> &'static [(RuleId, Card)] {
    use RuleId::*;
    const fn card(name: &'static str, section: &'static str, says: &'static str) -> Card {
        Card { name, section, says }
    }
    const CARDS: &[(RuleId, Card)] = &[
        (HigherTerm, card("term.higher-wins", "§5.1",
            "A server that sees a higher term adopts it and becomes a follower.")),
        (StaleIsAnswered, card("term.stale-is-answered", "§5.1",
            "A request of an older term is refused with the newer term, so that its sender steps down. \
             Without the answer a server with a higher term and a shorter log could block a cluster \
             that uses pre-vote.")),
        (ElectionTimeout, card("election.timeout", "§5.2",
            "A server that hears from no leader for a randomly drawn time starts an election; drawing \
             keeps servers from timing out together.")),
        (VoteOnce, card("election.vote-once", "§5.2",
            "A server votes for at most one candidate in a term, first come first served.")),
        (LogUpToDate, card("election.log-up-to-date", "§5.4.1",
            "A vote goes only to a candidate whose log is at least as up to date: a later last term, or \
             the same last term and an index at least as high.")),
        (VoteSurvivesStepDown, card("election.vote-survives-step-down", "§5.2",
            "Becoming a follower within the same term keeps the vote; only a new term frees it.")),
        (VoteOfThisTerm, card("election.vote-of-this-term", "§5.2",
            "A candidate counts only votes given in the term it campaigns in.")),
        (PreVoteIsNoVote, card("election.pre-vote-is-no-vote", "dissertation §9.6",
            "A granted pre-vote promises nothing and never counts as a vote.")),
        (RefusalResetsNothing, card("election.refusal-resets-nothing", "§5.2",
            "Only a granted vote or the leader's message postpones a server's own election; refusing a \
             vote does not.")),
        (LeaderOfTerm, card("election.leader-of-term", "§5.2",
            "A candidate that hears from the leader of its term gives up and follows it.")),
        (Stickiness, card("election.stickiness", "§6, dissertation §4.2.3",
            "A server that heard from a leader less than a minimum election timeout ago gives no vote \
             and adopts no term from a candidate. A server that just started counts as one that has \
             heard.")),
        (Priority, card("election.priority", "not in the paper",
            "A voter refuses a candidate of lower priority whose log holds nothing more than its own, \
             until it has known of no leader for four of the longest election timeouts: who is wanted \
             as the leader may be unable to win. A candidate that the leader told to campaign is not \
             refused for this.")),
        (MayNotVote, card("election.may-not-vote", "not in the paper",
            "A server whose durable promises may be lost neither votes nor campaigns.")),
        (Majority, card("quorum.majority", "§5.2",
            "A decision needs more than half of the voters, so that any two decisions share one.")),
        (CheckQuorum, card("leader.check-quorum", "dissertation §6.2",
            "A leader that has heard from no quorum for the longest election timeout steps down.")),
        (Noop, card("leader.noop", "§8, dissertation §6.4",
            "A new leader appends an entry without a command, since earlier entries commit only through \
             one of its own term.")),
        (PreviousMatches, card("append.previous-matches", "§5.3",
            "A follower accepts entries only if its log holds the entry they follow, with the same term.")),
        (TruncateConflictOnly, card("append.truncate-conflict-only", "§5.3",
            "A follower removes an entry, and all that follow, only if its term differs from the one \
             sent: messages may arrive late or twice.")),
        (AcknowledgeDurable, card("append.acknowledge-durable", "§5.3, Figure 2",
            "A follower acknowledges what it has verified against this leader's log and holds durably, \
             and nothing more.")),
        (FollowerCommit, card("commit.follower", "§5.3",
            "A follower's commit index follows the leader's, at most to the last entry that the same \
             message showed to match.")),
        (MatchNeverFalls, card("progress.match-never-falls", "§5.3",
            "An acknowledgement that arrives late never lowers what the leader knows to be replicated.")),
        (RejectionLeavesMatch, card("progress.rejection-leaves-match", "§5.3",
            "A rejection moves next_index back, never match_index.")),
        (BackOffByTerm, card("progress.back-off-by-term", "end of §5.3",
            "After a rejection the leader goes back to the latest entry that could match, a term at a \
             time, never behind what is known to match.")),
        (ReplyOfThisTerm, card("progress.reply-of-this-term", "§5.3",
            "A leader counts only replies to messages of its present term.")),
        (CurrentTermOnly, card("commit.current-term-only", "§5.4.2, Figure 8",
            "A leader commits by counting copies only entries of its own term; earlier ones commit with \
             them.")),
        (OwnCopyDurable, card("commit.own-copy-durable", "§5.3, dissertation §10.2.1",
            "The leader's own copy counts once it is durable.")),
        (DiskStall, card("leader.disk-stall", "not in the paper",
            "A leader whose disk finishes nothing for the disk timeout steps down: its heartbeats would \
             keep the others from electing one that can store.")),
        (StepDownOnRequest, card("leader.steps-down-on-request", "dissertation §3.10",
            "A leader steps down when it is told to, and is the last to campaign again.")),
        (ReadOwnTermFirst, card("read.own-term-first", "§8, dissertation §6.4",
            "A leader answers reads only once an entry of its own term is committed: before that it may \
             not know everything that is committed.")),
        (ReadNeedsQuorum, card("read.asks-quorum", "§8, dissertation §6.4",
            "A read is answered when a quorum has answered messages that left after the read came: no \
             other leader had been elected then.")),
        (ReadsAreFailed, card("read.failed-not-dropped", "not in the paper",
            "Reads that wait when a role ends are failed, so that whoever asked is told.")),
        (LeaseFromSendTime, card("lease.from-send-time", "dissertation §6.4.1",
            "A follower's promise not to vote counts from when the message that it answers was sent, \
             not from when the answer arrived.")),
        (LeaseNeedsPromises, card("lease.needs-promises", "dissertation §6.4.1",
            "There is a lease only if voters withhold their votes while they hear a leader, and if it is \
             known how wrong clocks may be.")),
        (LeaseEnd, card("lease.end", "dissertation §6.4.1",
            "A lease lasts for the shortest election timeout, less what clocks may be wrong by.")),
        (LeaseGivenUp, card("lease.given-up-for-transfer", "dissertation §3.10, §6.4.1",
            "A leader that tells another server to campaign has no lease any more in its term: that \
             server's candidacy is not held up.")),
        (SnapshotNeeded, card("snapshot.for-what-is-gone", "§7",
            "A follower that needs entries which the leader's log no longer holds is sent a snapshot, and \
             no other is.")),
        (SnapshotUntilLogDoes, card("snapshot.until-the-log-does", "§7",
            "Once a follower holds what the leader's log begins after, it is sent entries again, whoever \
             told the leader and however.")),
        (PieceIsSignOfLife, card("snapshot.sign-of-life", "§7",
            "Each piece of a snapshot comes from a live leader and postpones an election.")),
        (SnapshotNewsOnly, card("snapshot.news-only", "§7, Figure 13",
            "A snapshot of what a server already knows to be committed changes nothing.")),
        (SuffixStays, card("snapshot.suffix-stays", "§7, Figure 13",
            "If the log holds the snapshot's last entry, with its term, what follows stays; else the whole \
             log goes.")),
        (PiecesOfOne, card("snapshot.pieces-of-one", "§7",
            "Only pieces of one and the same snapshot are put together.")),
        (ReceiverKnows, card("snapshot.receiver-knows", "not in the paper",
            "A transfer goes on from what the receiver says it holds, which a crash may have made less.")),
        (TransferTargetReady, card("transfer.target-has-log", "dissertation §3.10",
            "The target of a transfer is told to campaign once it holds the leader's whole log.")),
        (TransferTargetCampaigns, card("transfer.target-campaigns", "dissertation §3.10",
            "A server that its leader tells to campaign does so at once, without asking whether it could \
             win.")),
        (TransferOverridesStickiness, card("transfer.overrides-stickiness", "dissertation §3.10, §4.2.3",
            "A candidate that the leader itself told to campaign is heard, however fresh the leader is.")),
        (LeaderNeedsNoCampaign, card("leader.needs-no-campaign", "not in the paper",
            "A leader that is told to campaign does nothing: it would only depose itself.")),
        (ForwardToLeader, card("proposal.to-own-leader", "not in the paper",
            "A proposal is passed on to the leader of the server's own term alone: one of an earlier \
             term may lead no more, and two servers might take each other for the leader.")),
        (ForwardOnce, card("proposal.forwarded-once", "not in the paper",
            "A proposal is passed on once: a receiver that does not lead refuses it and names the \
             leader, so that no proposal goes in circles.")),
        (ForwardNoTerm, card("proposal.no-term", "not in the paper",
            "A proposal that is passed on belongs to no term: whoever sends one deposes nobody with it.")),
        (DurableVote, card("durability.vote", "Figure 2",
            "A granted vote leaves when it is durable: a server that forgot it could vote twice.")),
        (DurableCandidacy, card("durability.candidacy", "Figure 2",
            "RequestVote leaves when the candidate's term, own vote and log are durable; its own vote \
             counts from then on.")),
        (TruncationLowersWatermark, card("durability.truncation-lowers-watermark", "not in the paper",
            "Removing entries lowers the durable index: what replaces them is not durable yet.")),
        (TruncationLowersFlights, card("durability.truncation-lowers-flights", "not in the paper",
            "A late report about entries that were replaced proves nothing about their replacements.")),
    ];
    CARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_one_card_with_a_name_of_its_own() {
        for (place, (id, card)) in catalogue().iter().enumerate() {
            assert_eq!(id.card(), card);
            assert!(!card.section.is_empty() && card.says.ends_with('.'));
            let rest = &catalogue()[place + 1..];
            assert!(
                rest.iter()
                    .all(|(other, o)| other != id && o.name != card.name)
            );
        }
    }

    #[test]
    fn the_published_rules_have_no_size() {
        assert_eq!(core::mem::size_of::<Standard>(), 0);
    }

    #[test]
    fn a_later_last_term_beats_a_longer_log() {
        let entry = |index, term| EntryId {
            index: Index(index),
            term: Term(term),
        };
        assert!(Standard.log_is_up_to_date(entry(1, 3), entry(9, 2)));
        assert!(!Standard.log_is_up_to_date(entry(9, 2), entry(1, 3)));
        assert!(Standard.log_is_up_to_date(entry(4, 2), entry(4, 2)));
        assert!(!Standard.log_is_up_to_date(entry(3, 2), entry(4, 2)));
    }

    #[test]
    fn an_old_entry_commits_only_through_one_of_the_current_term() {
        let commit = |replicated, term| {
            Standard
                .leader_commit(Index(1), Index(replicated), Ok(Term(term)), Term(4))
                .0
        };
        assert_eq!(
            commit(2, 2),
            1,
            "Figure 8: entry 2 of term 2 is on a majority"
        );
        assert_eq!(commit(3, 4), 3);
    }
}
