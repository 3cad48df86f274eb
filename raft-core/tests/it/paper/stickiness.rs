//! Dissertation §4.2.3: a server that hears its leader ignores candidates.

use raft_core::{Body, RoleKind, Term};

use super::{GRANT, ask, entry, granted, sticky};
use crate::common::{Cluster, n};

/// Four servers led by the first; the last has just heard from it.
fn led() -> Cluster {
    let mut cluster = Cluster::new(4, sticky());
    cluster.lead(1, &[2, 3, 4]);
    cluster
}

#[test]
fn a_server_that_heard_its_leader_within_the_shortest_timeout_ignores_candidates() {
    for after in [0, 1, 100, 149] {
        let mut cluster = led();
        cluster.advance(after);
        let was = (cluster.node(2).voted_for(), cluster.node(2).deadline());
        cluster.receive(4, 2, 9, ask(9, 8));
        let server = cluster.node(2);
        assert_eq!(cluster.wire(), "", "no answer after {after} ms");
        assert_eq!(server.current_term(), Term(1), "and no term");
        assert_eq!((server.voted_for(), server.deadline()), was);
        assert_eq!(server.leader(), Some(n(1)));
    }
}

#[test]
fn a_server_that_heard_nobody_for_the_shortest_timeout_votes_as_ever() {
    for after in [150, 151, 1_000] {
        let mut cluster = led();
        cluster.advance(after);
        cluster.receive(4, 2, 9, ask(9, 8));
        assert_eq!(granted(&cluster), Some(true), "after {after} ms");
        assert_eq!(cluster.node(2).current_term(), Term(9));
    }
}

#[test]
fn every_heartbeat_begins_the_shortest_timeout_anew() {
    let mut cluster = led();
    for _ in 0..10 {
        cluster.advance(100);
        cluster.timeout(1);
        cluster.deliver_all();
        cluster.advance(49);
        cluster.receive(4, 2, 9, ask(9, 8));
        assert_eq!(cluster.node(2).current_term(), Term(1));
    }
}

#[test]
fn a_leader_that_a_majority_hears_is_not_deposed_by_a_candidates_term() {
    let mut cluster = led();
    cluster.timeout(1);
    cluster.deliver_all();
    cluster.receive(4, 1, 9, ask(9, 8));
    let leader = cluster.node(1);
    assert_eq!(
        (leader.role(), leader.current_term()),
        (RoleKind::Leader, Term(1))
    );
    assert_eq!(cluster.wire(), "");
}

#[test]
fn a_leader_that_no_majority_hears_yields_to_a_candidate() {
    let mut cluster = led();
    for _ in 0..4 {
        cluster.timeout(1);
        cluster.deliver_among(&[1, 2]);
        cluster.drop_all();
    }
    cluster.receive(4, 1, 9, ask(9, 8));
    assert_eq!(
        cluster.node(1).current_term(),
        Term(9),
        "two of four answered"
    );
}

#[test]
fn a_server_outside_the_cluster_with_a_good_log_and_a_high_term_disturbs_nobody() {
    let mut cluster = led();
    for term in 2..40 {
        cluster.timeout(1);
        cluster.deliver_among(&[1, 2, 3]);
        for id in 1..=3 {
            cluster.receive(4, id, term, ask(1, 1));
        }
        cluster.drop_all();
    }
    for id in 1..=3 {
        assert_eq!(cluster.node(id).current_term(), Term(1));
    }
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
}

#[test]
fn an_election_after_a_leaders_death_is_not_held_up() {
    let mut cluster = led();
    cluster.crash(1);
    let first = [2, 3, 4]
        .into_iter()
        .min_by_key(|id| cluster.node(*id).deadline());
    let first = first.unwrap();
    cluster.timeout(first);
    cluster.deliver_all();
    let next = cluster.node(first);
    assert_eq!(
        (next.role(), next.current_term()),
        (RoleKind::Leader, Term(2)),
        "at the first timeout: nobody waits less than the shortest"
    );
}

#[test]
fn other_messages_of_a_higher_term_are_heard_all_the_same() {
    let mut cluster = led();
    cluster.receive(4, 2, 9, GRANT);
    assert_eq!(cluster.node(2).current_term(), Term(9));
}

#[test]
fn a_call_for_votes_on_the_leaders_own_request_is_heard_all_the_same() {
    for after in [0, 1, 100, 149] {
        let mut cluster = led();
        cluster.advance(after);
        let (last, transfer) = (entry(1, 1), true);
        cluster.receive(
            4,
            2,
            2,
            Body::RequestVote {
                last,
                priority: raft_core::Priority(0),
                transfer,
            },
        );
        assert_eq!(granted(&cluster), Some(true), "after {after} ms");
        assert_eq!(cluster.node(2).current_term(), Term(2));
    }
}

#[test]
fn the_leaders_request_does_not_make_up_for_a_log_that_is_behind() {
    let mut cluster = led();
    let (last, transfer) = (entry(0, 0), true);
    cluster.receive(
        4,
        2,
        2,
        Body::RequestVote {
            last,
            priority: raft_core::Priority(0),
            transfer,
        },
    );
    assert_eq!(granted(&cluster), Some(false));
}
