//! §5.4.1: the servers that may be elected.

use raft_core::{Index, RoleKind, Term};

use super::{ask, every_log, granted};
use crate::common::{Cluster, n, plain};

/// §5.4.1 on two plain logs.
fn at_least_as_up_to_date(candidate: &[u64], voter: &[u64]) -> bool {
    match (candidate.last(), voter.last()) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(theirs), Some(own)) if theirs != own => theirs > own,
        _ => candidate.len() >= voter.len(),
    }
}

/// Whether a server with log `voter` votes for a candidate with log `candidate` in a new term.
fn votes(voter: &[u64], candidate: &[u64]) -> bool {
    let mut cluster = Cluster::new(3, plain()).with_logs(9, &[&[], voter]);
    let (last, term) = (candidate.len() as u64, candidate.last().copied());
    cluster.receive(3, 2, 10, ask(last, term.unwrap_or(0)));
    assert_eq!(cluster.node(2).current_term(), Term(10), "in any case");
    granted(&cluster).unwrap()
}

#[test]
fn a_voter_refuses_a_log_that_is_behind_its_own() {
    // The voter's log, the candidate's, whether it gets the vote.
    let rows: [(&[u64], &[u64], bool); 12] = [
        (&[], &[], true),
        (&[], &[1], true),
        (&[1], &[], false),
        // The same last term: the longer.
        (&[1], &[1], true),
        (&[1], &[1, 1], true),
        (&[1, 1], &[1], false),
        // The candidate's last term is later.
        (&[1], &[1, 2], true),
        (&[1], &[2], true),
        (&[1, 1, 1], &[2], true),
        // The voter's last term is later.
        (&[2], &[1], false),
        (&[2], &[1, 1, 1], false),
        (&[1, 2], &[1, 1, 1, 1], false),
    ];
    for (voter, candidate, gets_it) in rows {
        assert_eq!(votes(voter, candidate), gets_it, "{voter:?} {candidate:?}");
    }
}

#[test]
fn of_any_two_logs_the_later_last_term_or_else_the_longer_is_more_up_to_date() {
    let logs = every_log(4, 3);
    for voter in &logs {
        for candidate in &logs {
            let expected = at_least_as_up_to_date(candidate, voter);
            assert_eq!(votes(voter, candidate), expected, "{voter:?} {candidate:?}");
        }
    }
}

#[test]
fn a_vote_request_says_where_the_candidates_log_ends() {
    for log in every_log(3, 3) {
        let mut cluster = Cluster::new(3, plain()).with_logs(3, &[&log]);
        cluster.timeout(1);
        let (last, term) = (log.len(), log.last().copied().unwrap_or(0));
        let asks = [2, 3].map(|to| format!("n1→n{to} t4 RequestVote last #{last}t{term}\n"));
        assert_eq!(cluster.wire(), asks.concat());
    }
}

#[test]
fn a_log_behind_costs_the_vote_and_not_the_term() {
    let mut cluster = Cluster::new(3, plain()).with_logs(2, &[&[1], &[1, 2], &[1]]);
    cluster.receive(1, 2, 7, ask(1, 1));
    let voter = cluster.node(2);
    assert_eq!((voter.current_term(), voter.voted_for()), (Term(7), None));
    cluster.receive(3, 2, 7, ask(2, 2));
    assert_eq!(granted(&cluster), Some(true), "the vote is still free");
}

/// Whether server 5 is ever elected, if these others hold a committed entry that it lacks.
fn elected_without(holders: &[u64]) -> bool {
    let mut logs: [&[u64]; 5] = [&[1]; 5];
    for holder in holders {
        logs[*holder as usize - 1] = &[1, 1];
    }
    let mut cluster = Cluster::new(5, plain()).with_logs(1, &logs);
    cluster.advance(1_000);
    (0..5).any(|_| {
        cluster.timeout(5);
        cluster.deliver_all();
        cluster.node(5).role() == RoleKind::Leader
    })
}

#[test]
fn no_server_is_elected_without_an_entry_that_a_majority_holds() {
    for holders in [[1, 2, 3], [1, 2, 4], [2, 3, 4], [1, 3, 4]] {
        assert!(!elected_without(&holders), "{holders:?}");
    }
    assert!(elected_without(&[1, 2]), "two of five do not bar it");
}

#[test]
fn whoever_is_elected_holds_what_was_committed() {
    // Entry 2 is committed by servers 1 and 2; server 3 was away.
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    cluster.deliver_among(&[1, 2]);
    cluster.drop_all();
    assert_eq!(cluster.node(1).commit_index(), Index(2));
    cluster.crash(1);
    cluster.advance(1_000);
    cluster.timeout(3);
    cluster.deliver_all();
    assert_ne!(cluster.node(3).role(), RoleKind::Leader);
    cluster.timeout(2);
    cluster.deliver_all();
    assert_eq!(cluster.node(2).role(), RoleKind::Leader);
    cluster.timeout(2);
    cluster.deliver_all();
    assert_eq!(
        cluster.terms(3)[..2],
        [1, 1],
        "and server 3 gets it from there"
    );
}

#[test]
fn a_voter_takes_no_more_entries_of_the_leader_that_it_voted_out() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    cluster.receive(2, 3, 2, ask(1, 1));
    assert_eq!(granted(&cluster), Some(true));
    cluster.deliver(|e| e.from == n(1) && e.to == n(3));
    assert_eq!(cluster.terms(3), [1]);
    cluster.deliver(|e| e.to == n(1));
    let old = cluster.node(1);
    assert_eq!(
        old.commit_index(),
        Index(1),
        "so the entry is not committed"
    );
}
