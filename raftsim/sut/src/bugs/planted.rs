//! A server with a bug: one decision is wrong, and all others are as published.

use kv::{Duties, Serial, Standing, Version};
use raft_core::{
    EntryId, Index, Instant, LeaseRefusal, NodeId, OutsideLog, Rules, Span, Standard, Term, WriteId,
};

use super::Bug;

/// The rules and duties of one server with a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Planted {
    /// The bug.
    pub bug: Bug,
    /// The server's number, counted from 0. Some bugs affect only one server.
    pub node: u32,
}

impl Rules for Planted {
    fn log_is_up_to_date(&self, candidate: EntryId, own: EntryId) -> bool {
        match self.bug {
            Bug::E03 => candidate.index >= own.index,
            Bug::E03b => candidate.term >= own.term && candidate.index >= own.index,
            _ => Standard.log_is_up_to_date(candidate, own),
        }
    }

    fn vote_after_step_down(
        &self,
        voted_for: Option<NodeId>,
        current: Term,
        next: Term,
    ) -> Option<NodeId> {
        match self.bug {
            Bug::E01 => None,
            _ => Standard.vote_after_step_down(voted_for, current, next),
        }
    }

    fn vote_reply_counts(&self, reply: Term, current: Term) -> bool {
        self.bug == Bug::E05 || Standard.vote_reply_counts(reply, current)
    }

    fn pre_vote_is_a_vote(&self) -> bool {
        self.bug == Bug::E08
    }

    fn deadline_after_refusal(&self, deadline: Instant, latest: Instant) -> Instant {
        match self.bug {
            Bug::L10 => latest,
            _ => Standard.deadline_after_refusal(deadline, latest),
        }
    }

    fn stale_request_is_answered(&self) -> bool {
        self.bug != Bug::L01
    }

    fn quorum(&self, voters: usize) -> usize {
        match self.bug {
            Bug::C03 => voters.div_ceil(2),
            _ => Standard.quorum(voters),
        }
    }

    fn term_opens_with_noop(&self) -> bool {
        self.bug != Bug::C09
    }

    fn truncation(&self, conflict: Option<Index>, previous: Index, last: Index) -> Option<Index> {
        match self.bug {
            Bug::P07 => Some(previous.next()),
            Bug::R02 if previous == Index(0) => None,
            Bug::R09 => conflict.or(Some(last.next())),
            _ => Standard.truncation(conflict, previous, last),
        }
    }

    fn ack_index(&self, verified: Index, durable: Index, last: Index) -> Index {
        match self.bug {
            Bug::P01 => verified,
            Bug::R05 => last.min(durable),
            _ => Standard.ack_index(verified, durable, last),
        }
    }

    fn follower_commit(
        &self,
        commit: Index,
        leader_commit: Index,
        verified: Index,
        last: Index,
    ) -> Index {
        match self.bug {
            Bug::R01 => commit.max(leader_commit.min(last)),
            _ => Standard.follower_commit(commit, leader_commit, verified, last),
        }
    }

    fn match_after_ack(&self, matched: Index, acknowledged: Index) -> Index {
        match self.bug {
            Bug::R04 => acknowledged,
            _ => Standard.match_after_ack(matched, acknowledged),
        }
    }

    fn match_after_rejection(&self, matched: Index, hint: Index) -> Index {
        match self.bug {
            Bug::R07 => matched.min(hint),
            _ => Standard.match_after_rejection(matched, hint),
        }
    }

    fn next_after_rejection(&self, matched: Index, refused: Index, common: Index) -> Index {
        match self.bug {
            Bug::R10 => refused.next(),
            _ => Standard.next_after_rejection(matched, refused, common),
        }
    }

    fn append_reply_counts(&self, reply: Term, current: Term) -> bool {
        self.bug == Bug::R15 || Standard.append_reply_counts(reply, current)
    }

    fn leader_commit(
        &self,
        commit: Index,
        replicated: Index,
        term: Result<Term, OutsideLog>,
        current: Term,
    ) -> Index {
        match self.bug {
            Bug::C01 => commit.max(replicated),
            _ => Standard.leader_commit(commit, replicated, term, current),
        }
    }

    fn own_copy(&self, durable: Index, last: Index) -> Index {
        match self.bug {
            Bug::P08 => last,
            _ => Standard.own_copy(durable, last),
        }
    }

    fn read_may_begin(&self, term: Result<Term, OutsideLog>, current: Term) -> bool {
        self.bug == Bug::Q02 || Standard.read_may_begin(term, current)
    }

    fn read_needs_quorum(&self) -> bool {
        self.bug != Bug::Q01
    }

    fn waiting_reads_are_failed(&self) -> bool {
        self.bug != Bug::Q04
    }

    fn contact_after_reply(&self, contact: Instant, sent_at: Instant, now: Instant) -> Instant {
        match self.bug {
            Bug::Q05 => now,
            _ => Standard.contact_after_reply(contact, sent_at, now),
        }
    }

    fn lease_clock_error(
        &self,
        stickiness: bool,
        clock_error: Option<Span>,
    ) -> Result<Span, LeaseRefusal> {
        let stickiness = stickiness || self.bug == Bug::Q06;
        Standard.lease_clock_error(stickiness, clock_error)
    }

    fn lease_survives_transfer(&self) -> bool {
        self.bug == Bug::Q07
    }

    fn transfer_overrides_stickiness(&self) -> bool {
        self.bug != Bug::L08
    }

    fn leader_obeys_order_to_campaign(&self) -> bool {
        self.bug == Bug::L11
    }

    fn forward_to(&self, leader: Option<NodeId>, last: Option<NodeId>) -> Option<NodeId> {
        match self.bug {
            Bug::A07 | Bug::A07b => leader.or(last),
            _ => Standard.forward_to(leader, last),
        }
    }

    fn proposal_term_counts(&self) -> bool {
        self.bug == Bug::A07
    }

    fn forwards_again(&self) -> bool {
        self.bug == Bug::A07b
    }

    fn snapshot_is_needed(&self, before: bool, probing: bool) -> bool {
        match self.bug {
            Bug::R13 => false,
            Bug::S11 => before && probing,
            _ => Standard.snapshot_is_needed(before, probing),
        }
    }

    fn snapshot_is_over(&self, matched: Index, through: Index) -> bool {
        self.bug != Bug::S08 && Standard.snapshot_is_over(matched, through)
    }

    fn piece_is_a_sign_of_life(&self) -> bool {
        self.bug != Bug::S10
    }

    fn snapshot_has_news(&self, last: Index, commit: Index) -> bool {
        self.bug == Bug::S01 || Standard.snapshot_has_news(last, commit)
    }

    fn suffix_stays(&self, own: Result<Term, OutsideLog>, term: Term) -> bool {
        match self.bug {
            Bug::S01b => false,
            Bug::S02 => own.is_ok(),
            _ => Standard.suffix_stays(own, term),
        }
    }

    fn pieces_may_mix(&self) -> bool {
        self.bug == Bug::S04
    }

    fn change_may_begin(&self, term: Result<Term, OutsideLog>, current: Term) -> bool {
        self.bug == Bug::M01 || Standard.change_may_begin(term, current)
    }

    fn change_is_over(&self, configured_at: Index, commit: Index) -> bool {
        self.bug == Bug::M03 || Standard.change_is_over(configured_at, commit)
    }

    fn in_force_through(&self, last: Index, commit: Index) -> Index {
        match self.bug {
            Bug::M02 => commit,
            _ => Standard.in_force_through(last, commit),
        }
    }

    fn configurations_forgotten(&self, from: Index) -> Index {
        match self.bug {
            Bug::M04 => Index(u64::MAX),
            _ => Standard.configurations_forgotten(from),
        }
    }

    fn configuration_found_counts(&self, at: Index, commit: Index) -> bool {
        match self.bug {
            Bug::P16 => at <= commit,
            _ => Standard.configuration_found_counts(at, commit),
        }
    }

    fn snapshot_keeps_outgoing(&self) -> bool {
        self.bug != Bug::M06
    }

    fn outgoing_must_agree(&self) -> bool {
        self.bug != Bug::C05
    }

    fn joint_may_be_left(&self, joint_at: Index, commit: Index) -> bool {
        self.bug == Bug::M08 || Standard.joint_may_be_left(joint_at, commit)
    }

    fn outsider_steps_down(&self, configured_at: Index, commit: Index) -> bool {
        self.bug == Bug::M09 || Standard.outsider_steps_down(configured_at, commit)
    }

    fn may_stand(&self, voter: bool, was_voter: bool) -> bool {
        self.bug == Bug::E15 || Standard.may_stand(voter, was_voter)
    }

    fn witness_may_stand(&self) -> bool {
        self.bug == Bug::W01
    }

    fn member_votes(&self, voter: bool) -> bool {
        self.bug == Bug::E18 || Standard.member_votes(voter)
    }

    fn newcomer_is_ready(&self, round: Option<Span>, timeout_min: Span) -> bool {
        self.bug == Bug::M12 || Standard.newcomer_is_ready(round, timeout_min)
    }

    fn quorum_is_live(&self, now: Instant, contact: Instant, timeout_max: Span) -> bool {
        self.bug == Bug::L17 || Standard.quorum_is_live(now, contact, timeout_max)
    }

    fn added_again_votes(&self) -> bool {
        self.bug == Bug::M14
    }

    fn asked_sleeper_wakes(&self) -> bool {
        self.bug != Bug::L14
    }

    fn heard_after_sleep(&self, heard_at: Instant, now: Instant) -> Instant {
        match self.bug {
            Bug::L14b => heard_at,
            _ => Standard.heard_after_sleep(heard_at, now),
        }
    }

    fn vote_may_leave(&self, vote: WriteId, durable: WriteId) -> bool {
        self.bug == Bug::P02 || Standard.vote_may_leave(vote, durable)
    }

    fn candidacy_may_leave(&self, vote: WriteId, durable: WriteId) -> bool {
        self.bug == Bug::P03 || Standard.candidacy_may_leave(vote, durable)
    }

    fn durable_after_truncation(&self, durable: Index, from: Index) -> Index {
        match self.bug {
            Bug::P05c => durable,
            _ => Standard.durable_after_truncation(durable, from),
        }
    }

    fn in_flight_after_truncation(&self, last: Index, from: Index) -> Index {
        match self.bug {
            Bug::P05a => last,
            _ => Standard.in_flight_after_truncation(last, from),
        }
    }
}

impl Duties for Planted {
    fn standing(&self, last: Serial, serial: Serial) -> Standing {
        match self.bug {
            Bug::A04 => Standing::New,
            _ => kv::Standard.standing(last, serial),
        }
    }

    fn next_version(&self, current: Version, present: bool) -> Version {
        match self.bug {
            Bug::A03 if !present => Version(current.0 + 1 + u64::from(self.node)),
            _ => kv::Standard.next_version(current, present),
        }
    }

    fn read_is_covered(&self, applied: u64, needs: u64) -> bool {
        self.bug == Bug::Q09 || kv::Standard.read_is_covered(applied, needs)
    }

    fn snapshot_index(&self, applied: u64, committed: u64) -> u64 {
        match self.bug {
            Bug::P10 => committed,
            _ => kv::Standard.snapshot_index(applied, committed),
        }
    }

    fn snapshot_holds_sessions(&self) -> bool {
        self.bug != Bug::S06
    }

    fn snapshot_holds_last_uses(&self) -> bool {
        self.bug != Bug::S06b
    }

    fn session_lasts(&self, lasts: Span) -> Span {
        match self.bug {
            // The first server's clock runs at twice the speed.
            Bug::A04b if self.node == 0 => Span(lasts.0 / 2),
            _ => kv::Standard.session_lasts(lasts),
        }
    }

    fn missed_session_is_opened(&self) -> bool {
        self.bug == Bug::A04c
    }

    fn snapshot_is_sound(&self, right: bool) -> bool {
        self.bug == Bug::S04 || right
    }

    fn role_waits_for_data(&self) -> bool {
        self.bug != Bug::W02
    }

    fn log_is_cut_at_once(&self) -> bool {
        self.bug == Bug::P18
    }

    fn reply_matches(&self, proposed_term: u64, applied_term: u64) -> bool {
        self.bug == Bug::A05 || kv::Standard.reply_matches(proposed_term, applied_term)
    }
}
