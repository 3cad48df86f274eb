//! Each decision of Figure 2 and of the dissertation, as one small function.
//!
//! A rule returns a decision, or *the next value* of the field it governs. The rest of the crate
//! changes protocol fields only through such values. [`Standard`] keeps every default and has no
//! size. Another implementation may override one rule to plant a bug, so that a testbed can show
//! that its checks notice it. [`Raft::invariants`](crate::Raft::invariants) reports the invariants
//! that an override can break; no assertion checks them.

use crate::log::OutsideLog;
use crate::random::in_range;
use crate::request::LeaseRefusal;
use crate::types::{EntryId, Index, Instant, NodeId, Priority, Span, Term, WriteId};

/// After this many maximum election timeouts without a leader a voter ignores priority, so that a
/// preferred server that cannot win does not block the others.
const PRIORITY_TIMEOUTS: u64 = 4;

/// The decisions of the algorithm. Each default is the rule as published.
pub trait Rules {
    /// `election.timeout`: the time to wait for a leader, from 64 random bits.
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

    /// `election.priority`: whether a voter of priority `own` refuses a candidate with a sufficient
    /// log. `newer` says that this log is ahead of the voter's. `leaderless` is the time for which
    /// the voter has known of no leader.
    fn lower_priority_is_refused(
        &self,
        candidate: Priority,
        own: Priority,
        newer: bool,
        leaderless: Span,
        timeout_max: Span,
    ) -> bool {
        candidate < own && !newer && leaderless.0 < timeout_max.0.saturating_mul(PRIORITY_TIMEOUTS)
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

    /// `election.refusal-resets-nothing`: the election deadline after refusing a vote; `latest` is
    /// the deadline after the longest timeout.
    fn deadline_after_refusal(&self, deadline: Instant, _latest: Instant) -> Instant {
        deadline
    }

    /// `term.stale-is-answered`: whether a request of an older term gets an answer, so that its
    /// sender learns of the newer one.
    fn stale_request_is_answered(&self) -> bool {
        true
    }

    /// `quorum.majority`: the number of voters, out of `voters`, that make a quorum.
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

    /// `append.previous-matches`: whether the log holds the entry before the sent ones.
    fn previous_matches(&self, own: Result<Term, OutsideLog>, previous: Term) -> bool {
        own == Ok(previous)
    }

    /// `append.truncate-conflict-only`: the start of the truncation before appending. `conflict` is
    /// the first own entry of another term than the sent one, `previous` the entry before the sent
    /// ones.
    fn truncation(&self, conflict: Option<Index>, _previous: Index, _last: Index) -> Option<Index> {
        conflict
    }

    /// `append.acknowledge-durable`: the last entry that a follower may acknowledge; `verified` is
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

    /// `commit.own-copy-durable`: the last entry of the leader's own log that counts.
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

    /// `read.failed-not-dropped`: whether waiting reads fail explicitly when a role ends.
    fn waiting_reads_are_failed(&self) -> bool {
        true
    }

    /// `lease.from-send-time`: the instant at which a follower is known to have followed, after it
    /// has answered a message that was sent at `sent_at`.
    fn contact_after_reply(&self, contact: Instant, sent_at: Instant, _now: Instant) -> Instant {
        contact.max(sent_at)
    }

    /// `lease.needs-promises`: the largest error of clocks, if leases can be trusted at all.
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

    /// `lease.end`: the instant before which no other server can lead, if a quorum followed at
    /// `contact`.
    fn lease_end(&self, contact: Instant, timeout_min: Span, clock_error: Span) -> Instant {
        contact.after(Span(timeout_min.0.saturating_sub(clock_error.0)))
    }

    /// `lease.given-up-for-transfer`: whether a leader keeps its lease once it has
    /// told another server to campaign.
    fn lease_survives_transfer(&self) -> bool {
        false
    }

    /// `snapshot.for-what-is-gone`: whether a follower receives a snapshot. `before` says that it
    /// needs entries from before the log, `probing` that it has rejected the sent entries.
    fn snapshot_is_needed(&self, before: bool, _probing: bool) -> bool {
        before
    }

    /// `snapshot.until-the-log-does`: whether the leader resumes sending entries to a follower that
    /// holds the log up to `matched`, if it needed a snapshot up to `through`.
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

    /// `snapshot.suffix-stays`: whether the entries after a snapshot's last entry, of `term`, stay
    /// in a log whose own entry there is of `own`.
    fn suffix_stays(&self, own: Result<Term, OutsideLog>, term: Term) -> bool {
        own == Ok(term)
    }

    /// `snapshot.pieces-of-one`: whether a server may combine pieces of two snapshots.
    fn pieces_may_mix(&self) -> bool {
        false
    }

    /// `snapshot.receiver-knows`: the leader's new estimate of a follower's part of a snapshot. The
    /// old estimate is `known` bytes, and the follower reports `told`.
    fn received_after_reply(&self, _known: u64, told: u64) -> u64 {
        told
    }

    /// `transfer.target-has-log`: whether the target may be told to campaign, when it
    /// holds the log up to `matched`.
    fn transfer_target_is_ready(&self, matched: Index, last: Index) -> bool {
        matched >= last
    }

    /// `transfer.overrides-stickiness`: whether voters listen to a candidate that the leader told
    /// to campaign although a leader is fresh.
    fn transfer_overrides_stickiness(&self) -> bool {
        true
    }

    /// `leader.needs-no-campaign`: whether a leader obeys an order to campaign.
    fn leader_obeys_order_to_campaign(&self) -> bool {
        false
    }

    /// `proposal.to-own-leader`: the receiver of a forwarded proposal. `leader` is the leader of
    /// the server's own term, `last` the one it last heard from, in any term.
    fn forward_to(&self, leader: Option<NodeId>, _last: Option<NodeId>) -> Option<NodeId> {
        leader
    }

    /// `proposal.forwarded-once`: whether a server forwards a forwarded proposal again.
    fn forwards_again(&self) -> bool {
        false
    }

    /// `proposal.no-term`: whether the term of a forwarded proposal counts, as that of other
    /// messages does.
    fn proposal_term_counts(&self) -> bool {
        false
    }

    /// `membership.own-term-first`: whether a leader may append a configuration, when the entry at
    /// its commit index is of `term`.
    fn change_may_begin(&self, term: Result<Term, OutsideLog>, current: Term) -> bool {
        term == Ok(current)
    }

    /// `membership.one-at-a-time`: whether a leader whose latest configuration is the entry
    /// `configured_at` may append another.
    fn change_is_over(&self, configured_at: Index, commit: Index) -> bool {
        configured_at <= commit
    }

    /// `membership.in-force-at-append`: the entry up to which configurations are in force.
    fn in_force_through(&self, last: Index, _commit: Index) -> Index {
        last
    }

    /// `membership.rolled-back`: the first entry whose configuration is removed when the log is
    /// truncated at `from`.
    fn configurations_forgotten(&self, from: Index) -> Index {
        from
    }

    /// `membership.whole-log-counts`: whether a configuration found in the log counts after a
    /// restart, when everything up to `commit` is known to be committed.
    fn configuration_found_counts(&self, _at: Index, _commit: Index) -> bool {
        true
    }

    /// `membership.snapshot-keeps-both`: whether a snapshot keeps the outgoing half of a joint
    /// configuration.
    fn snapshot_keeps_outgoing(&self) -> bool {
        true
    }

    /// `membership.both-halves`: whether the outgoing half of a joint configuration must also agree.
    fn outgoing_must_agree(&self) -> bool {
        true
    }

    /// `membership.joint-first`: whether a joint configuration, the entry `joint_at`, may be left.
    fn joint_may_be_left(&self, joint_at: Index, commit: Index) -> bool {
        joint_at <= commit
    }

    /// `membership.leads-until-committed`: whether a leader must step down because its
    /// configuration, the entry `configured_at`, gives it no vote.
    fn outsider_steps_down(&self, configured_at: Index, commit: Index) -> bool {
        configured_at <= commit
    }

    /// `membership.voters-stand`: whether a server may campaign. `voter` says that the
    /// configuration in force gives it a vote. `was_voter` says that the one before does, and that
    /// the latest is not known to be committed: the cluster may still need a leader that was
    /// removing itself.
    fn may_stand(&self, voter: bool, was_voter: bool) -> bool {
        voter || was_voter
    }

    /// `membership.voters-vote`: whether candidates ask a member for its vote and count it.
    fn member_votes(&self, voter: bool) -> bool {
        voter
    }

    /// `membership.caught-up`: whether a server may have a vote after a round that took `round`. In
    /// a round it receives the entries that the log held at the beginning.
    fn newcomer_is_ready(&self, round: Option<Span>, timeout_min: Span) -> bool {
        round.is_some_and(|round| round < timeout_min)
    }

    /// `membership.live-quorum`: whether a configuration may begin, if its quorum was last heard
    /// from at `contact`.
    fn quorum_is_live(&self, now: Instant, contact: Instant, timeout_max: Span) -> bool {
        now.since(contact) <= timeout_max
    }

    /// `membership.added-again`: whether adding a present member again gives it a vote.
    fn added_again_votes(&self) -> bool {
        false
    }

    /// `witness.never-stands`: whether a witness may campaign, or a leader may tell it to.
    fn witness_may_stand(&self) -> bool {
        false
    }

    /// `quiescence.sleepers-wake`: whether a sleeping follower wakes when its driver, or a server
    /// that does not lead, sends it a request.
    fn asked_sleeper_wakes(&self) -> bool {
        true
    }

    /// `quiescence.silence-is-life`: the instant at which a waking follower counts as having heard
    /// from its leader, whose last message arrived at `heard_at`.
    fn heard_after_sleep(&self, _heard_at: Instant, now: Instant) -> Instant {
        now
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

    /// `durability.truncation-lowers-watermark`: the durable index after the removal of `from` and
    /// all later entries.
    fn durable_after_truncation(&self, durable: Index, from: Index) -> Index {
        durable.min(from.previous())
    }

    /// `durability.truncation-lowers-flights`: the last entry that a write in flight will make
    /// durable after the removal of `from` and all later entries.
    fn in_flight_after_truncation(&self, last: Index, from: Index) -> Index {
        last.min(from.previous())
    }
}

/// The algorithm as published: it keeps every default and has no size.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Standard;

impl Rules for Standard {}

#[cfg(test)]
mod tests {
    use super::*;

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
