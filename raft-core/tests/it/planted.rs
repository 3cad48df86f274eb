//! A planted bug may break an invariant, which is reported. It never trips an assertion of the
//! core, because that would hide the broken property.

use crate::common::schedule::{act, run};
use crate::common::{Cluster, plain};
use proptest::prelude::*;
use raft_core::{
    EntryId, Index, Instant, NodeId, OutsideLog, Priority, Rules, Settings, Span, Term, WriteId,
};

/// One rule broken, by number.
#[derive(Clone, Copy, Debug)]
struct Planted(u32);

const PLANTED: u32 = 37;

#[rustfmt::skip]
impl Rules for Planted {
    fn election_timeout(&self, min: Span, max: Span, _: u64) -> Span {
        if self.0 == 0 { min } else { max }
    }
    fn vote_is_free(&self, voted_for: Option<NodeId>, candidate: NodeId) -> bool {
        self.0 == 1 || voted_for.is_none_or(|voted_for| voted_for == candidate)
    }
    fn log_is_up_to_date(&self, candidate: EntryId, own: EntryId) -> bool {
        self.0 == 2 || (candidate.term, candidate.index) >= (own.term, own.index)
    }
    fn leader_is_fresh(&self, now: Instant, heard_at: Instant, timeout_min: Span) -> bool {
        match self.0 { 3 => true, 4 => false, _ => now.since(heard_at) < timeout_min }
    }
    fn vote_after_step_down(&self, voted_for: Option<NodeId>, current: Term, next: Term)
        -> Option<NodeId> {
        match self.0 {
            5 => None,
            6 => voted_for,
            _ => if next > current { None } else { voted_for },
        }
    }
    fn vote_reply_counts(&self, reply: Term, current: Term) -> bool {
        self.0 == 7 || reply == current
    }
    fn pre_vote_is_a_vote(&self) -> bool { self.0 == 8 }
    fn deadline_after_refusal(&self, deadline: Instant, fresh: Instant) -> Instant {
        if self.0 == 9 { fresh } else { deadline }
    }
    fn stale_request_is_answered(&self) -> bool { self.0 != 10 }
    fn quorum(&self, voters: usize) -> usize {
        match self.0 { 11 => voters / 2, 12 => 0, 13 => voters + 1, _ => voters / 2 + 1 }
    }
    fn quorum_is_lost(&self, now: Instant, contact: Instant, timeout_max: Span) -> bool {
        match self.0 { 14 => false, 15 => true, _ => now.since(contact) > timeout_max }
    }
    fn term_opens_with_noop(&self) -> bool { self.0 != 16 }
    fn previous_matches(&self, own: Result<Term, OutsideLog>, previous: Term) -> bool {
        self.0 == 17 || own == Ok(previous)
    }
    fn truncation(&self, conflict: Option<Index>, previous: Index, last: Index) -> Option<Index> {
        match self.0 {
            18 => Some(previous.next()),
            19 => None,
            31 => Some(Index(0)),
            32 => conflict.or(Some(last.next())),
            33 if previous == Index(0) => None,
            _ => conflict,
        }
    }
    fn ack_index(&self, verified: Index, durable: Index, last: Index) -> Index {
        match self.0 { 20 => last, 21 => verified, 22 => durable, _ => verified.min(durable) }
    }
    fn follower_commit(&self, commit: Index, leader: Index, verified: Index, last: Index) -> Index {
        match self.0 {
            23 => commit.max(leader.min(last)),
            24 => commit.max(leader),
            _ => commit.max(leader.min(verified)),
        }
    }
    fn match_after_ack(&self, matched: Index, acknowledged: Index) -> Index {
        if self.0 == 25 { acknowledged } else { matched.max(acknowledged) }
    }
    fn match_after_rejection(&self, matched: Index, hint: Index) -> Index {
        if self.0 == 26 { hint } else { matched }
    }
    fn next_after_rejection(&self, matched: Index, refused: Index, common: Index) -> Index {
        match self.0 { 27 => common, _ => common.min(refused.previous()).max(matched).next() }
    }
    fn append_reply_counts(&self, reply: Term, current: Term) -> bool {
        self.0 == 28 || reply == current
    }
    fn leader_commit(&self, commit: Index, replicated: Index, term: Result<Term, OutsideLog>,
        current: Term) -> Index {
        if self.0 == 29 || term == Ok(current) { commit.max(replicated) } else { commit }
    }
    fn own_copy(&self, durable: Index, last: Index) -> Index {
        if self.0 == 30 { last } else { durable }
    }
    fn lower_priority_is_refused(&self, candidate: Priority, own: Priority, _: bool, _: Span, _: Span)
        -> bool {
        self.0 == 34 && candidate <= own
    }
    fn forward_to(&self, leader: Option<NodeId>, last: Option<NodeId>) -> Option<NodeId> {
        if self.0 >= 35 { leader.or(last) } else { leader }
    }
    fn proposal_term_counts(&self) -> bool { self.0 == 35 }
    fn forwards_again(&self) -> bool { self.0 == 36 }
    fn vote_may_leave(&self, vote: WriteId, durable: WriteId) -> bool {
        self.0 == 1 || vote <= durable
    }
    fn candidacy_may_leave(&self, vote: WriteId, durable: WriteId) -> bool {
        self.0 == 30 || vote <= durable
    }
    fn durable_after_truncation(&self, durable: Index, from: Index) -> Index {
        if self.0 == 20 { durable } else { durable.min(from.previous()) }
    }
    fn in_flight_after_truncation(&self, last: Index, from: Index) -> Index {
        if self.0 == 21 { last } else { last.min(from.previous()) }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn no_planted_bug_trips_an_assertion(
        bug in 0..PLANTED,
        careful in any::<bool>(),
        acts in proptest::collection::vec(act(3), 50..400),
    ) {
        let settings = if careful { Settings::default() } else { plain() };
        let settings = Settings { forward_proposals: bug >= 35, ..settings };
        let mut cluster = Cluster::with_rules(Planted(bug), 3, settings);
        cluster.instant_disk = false;
        cluster.checked = false;
        for act in acts {
            run(&mut cluster, act);
        }
    }
}
