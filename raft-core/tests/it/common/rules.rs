//! Any rules behind one type, so that the core is compiled once for all tests and not once for each
//! broken rule.

use std::fmt;
use std::rc::Rc;

use raft_core::{
    EntryId, Index, Instant, LeaseRefusal, NodeId, OutsideLog, Priority, Rules, Span, Term, WriteId,
};

/// Some rules, chosen at run time.
#[derive(Clone)]
pub struct AnyRules(Rc<dyn Rules>);

impl AnyRules {
    pub fn new(rules: impl Rules + 'static) -> Self {
        Self(Rc::new(rules))
    }
}

/// Servers of one cluster have the same rules; others are never compared.
impl PartialEq for AnyRules {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for AnyRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rules")
    }
}

macro_rules! pass_on {
    ($($rule:ident($($name:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl Rules for AnyRules {
            $(fn $rule(&self, $($name: $type),*) -> $answer {
                self.0.$rule($($name),*)
            })*
        }

        const PASSED_ON: &[&str] = &[$(stringify!($rule)),*];
    };
}

pass_on! {
    election_timeout(min: Span, max: Span, draw: u64) -> Span;
    vote_is_free(voted_for: Option<NodeId>, candidate: NodeId) -> bool;
    log_is_up_to_date(candidate: EntryId, own: EntryId) -> bool;
    leader_is_fresh(now: Instant, heard_at: Instant, timeout_min: Span) -> bool;
    lower_priority_is_refused(candidate: Priority, own: Priority, newer: bool, leaderless: Span, timeout_max: Span) -> bool;
    vote_after_step_down(voted_for: Option<NodeId>, current: Term, next: Term) -> Option<NodeId>;
    vote_reply_counts(reply: Term, current: Term) -> bool;
    pre_vote_is_a_vote() -> bool;
    deadline_after_refusal(deadline: Instant, _latest: Instant) -> Instant;
    stale_request_is_answered() -> bool;
    quorum(voters: usize) -> usize;
    quorum_is_lost(now: Instant, contact: Instant, timeout_max: Span) -> bool;
    term_opens_with_noop() -> bool;
    previous_matches(own: Result<Term, OutsideLog>, previous: Term) -> bool;
    truncation(conflict: Option<Index>, _previous: Index, _last: Index) -> Option<Index>;
    ack_index(verified: Index, durable: Index, _last: Index) -> Index;
    follower_commit(commit: Index, leader_commit: Index, verified: Index, _last: Index) -> Index;
    match_after_ack(matched: Index, acknowledged: Index) -> Index;
    match_after_rejection(matched: Index, _hint: Index) -> Index;
    next_after_rejection(matched: Index, refused: Index, common: Index) -> Index;
    append_reply_counts(reply: Term, current: Term) -> bool;
    leader_commit(commit: Index, replicated: Index, term: Result<Term, OutsideLog>, current: Term) -> Index;
    own_copy(durable: Index, _last: Index) -> Index;
    disk_is_stalled(now: Instant, since: Instant, allowed: Span) -> bool;
    read_may_begin(term: Result<Term, OutsideLog>, current: Term) -> bool;
    read_needs_quorum() -> bool;
    waiting_reads_are_failed() -> bool;
    contact_after_reply(contact: Instant, sent_at: Instant, _now: Instant) -> Instant;
    lease_clock_error(stickiness: bool, clock_error: Option<Span>) -> Result<Span, LeaseRefusal>;
    lease_end(contact: Instant, timeout_min: Span, clock_error: Span) -> Instant;
    lease_survives_transfer() -> bool;
    snapshot_is_needed(before: bool, _probing: bool) -> bool;
    snapshot_is_over(matched: Index, through: Index) -> bool;
    piece_is_a_sign_of_life() -> bool;
    snapshot_has_news(last: Index, commit: Index) -> bool;
    suffix_stays(own: Result<Term, OutsideLog>, term: Term) -> bool;
    pieces_may_mix() -> bool;
    received_after_reply(_known: u64, told: u64) -> u64;
    transfer_target_is_ready(matched: Index, last: Index) -> bool;
    transfer_overrides_stickiness() -> bool;
    leader_obeys_order_to_campaign() -> bool;
    forward_to(leader: Option<NodeId>, _last: Option<NodeId>) -> Option<NodeId>;
    forwards_again() -> bool;
    proposal_term_counts() -> bool;
    change_may_begin(term: Result<Term, OutsideLog>, current: Term) -> bool;
    change_is_over(configured_at: Index, commit: Index) -> bool;
    in_force_through(last: Index, _commit: Index) -> Index;
    configurations_forgotten(from: Index) -> Index;
    configuration_found_counts(_at: Index, _commit: Index) -> bool;
    snapshot_keeps_outgoing() -> bool;
    outgoing_must_agree() -> bool;
    joint_may_be_left(joint_at: Index, commit: Index) -> bool;
    outsider_steps_down(configured_at: Index, commit: Index) -> bool;
    may_stand(voter: bool, was_voter: bool) -> bool;
    member_votes(voter: bool) -> bool;
    newcomer_is_ready(round: Option<Span>, timeout_min: Span) -> bool;
    quorum_is_live(now: Instant, contact: Instant, timeout_max: Span) -> bool;
    added_again_votes() -> bool;
    witness_may_stand() -> bool;
    asked_sleeper_wakes() -> bool;
    heard_after_sleep(_heard_at: Instant, now: Instant) -> Instant;
    vote_may_leave(vote: WriteId, durable: WriteId) -> bool;
    candidacy_may_leave(vote: WriteId, durable: WriteId) -> bool;
    durable_after_truncation(durable: Index, from: Index) -> Index;
    in_flight_after_truncation(last: Index, from: Index) -> Index;
}

/// If a rule were not passed on, a test that breaks it would run with the published one.
#[test]
fn every_rule_is_passed_on() {
    let source = include_str!("../../../src/rules.rs");
    let (_, after) = source.split_once("pub trait Rules {").unwrap();
    let (body, _) = after.split_once("\n}\n").unwrap();
    let rules = body.lines().filter_map(|line| line.strip_prefix("    fn "));
    let rules: Vec<_> = rules.filter_map(|rule| rule.split('(').next()).collect();
    assert_eq!(rules, PASSED_ON);
}
