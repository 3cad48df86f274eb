//! Dissertation §9.6: a server asks whether it could win before it raises its term.

use raft_core::{Body, RoleKind, Settings, Standard, Term};

use super::{GRANT, ask, granted, pre_ask};
use crate::common::card::append;
use crate::common::{Cluster, n, plain};

/// Pre-vote, and otherwise only the paper's own rules.
fn asking() -> Settings {
    Settings {
        pre_vote: true,
        ..plain()
    }
}

fn pre_reply(asked_in: u64, granted: bool) -> Body {
    let asked_in = Term(asked_in);
    Body::PreVoteReply { asked_in, granted }
}

#[test]
fn a_server_asks_before_it_raises_its_term() {
    let mut cluster = Cluster::new(3, asking()).with_logs(4, &[&[1, 4], &[1], &[1]]);
    cluster.timeout(1);
    let server = cluster.node(1);
    assert_eq!(
        (server.role(), server.current_term()),
        (RoleKind::PreCandidate, Term(4))
    );
    assert_eq!(
        cluster.wire(),
        "n1→n2 t4 PreVote last #2t4\nn1→n3 t4 PreVote last #2t4\n"
    );
}

#[test]
fn a_server_campaigns_once_a_majority_would_vote_for_it_and_not_before() {
    for size in 1..=7 {
        for grants in 0..size {
            let mut cluster = Cluster::new(size, asking());
            cluster.timeout(1);
            for voter in 2..2 + grants {
                cluster.receive(voter, 1, 0, pre_reply(0, true));
            }
            let campaigns = cluster.node(1).current_term() == Term(1);
            assert_eq!(campaigns, 2 * (grants + 1) > size, "{grants} of {size}");
        }
    }
}

#[test]
fn a_server_without_a_majority_stays_in_its_term_however_often_it_asks() {
    let mut cluster = Cluster::new(5, asking());
    for _ in 0..50 {
        cluster.timeout(1);
        cluster.deliver_among(&[1, 2]);
        cluster.drop_all();
        assert_eq!(cluster.node(1).current_term(), Term(0));
    }
}

#[test]
fn a_pre_vote_changes_nothing_at_the_server_that_is_asked() {
    for before in ["F t3 v1 [1]", "C t3 v2 [1]", "L t3 v2 [1 3]"] {
        for (term, last) in [(2, (1, 1)), (3, (9, 3)), (3, (0, 0)), (9, (9, 9))] {
            let mut cluster = Cluster::begin(Standard, before);
            let was = cluster.node(2).clone();
            cluster.receive(3, 2, term, pre_ask(last.0, last.1));
            assert_eq!(cluster.node(2), &was, "{before}, asked in t{term}");
        }
    }
}

#[test]
fn a_server_would_vote_only_for_a_log_at_least_as_up_to_date() {
    // The last entry of the sender's log; the voter's log is 1 2 2.
    let rows = [
        ((3, 2), true),
        ((4, 2), true),
        ((1, 3), true),
        ((2, 2), false),
        ((9, 1), false),
        ((0, 0), false),
    ];
    for (last, would) in rows {
        let mut cluster = Cluster::new(3, asking()).with_logs(3, &[&[], &[1, 2, 2], &[]]);
        cluster.advance(1_000);
        cluster.receive(3, 2, 3, pre_ask(last.0, last.1));
        assert_eq!(granted(&cluster), Some(would), "{last:?}");
    }
}

#[test]
fn a_server_that_heard_its_leader_within_an_election_timeout_would_not_vote() {
    for (after, would) in [(0, false), (149, false), (150, true), (500, true)] {
        let mut cluster = Cluster::new(3, Settings::default());
        cluster.lead(1, &[2, 3]);
        cluster.advance(after);
        cluster.receive(3, 2, 1, pre_ask(9, 1));
        assert_eq!(granted(&cluster), Some(would), "after {after} ms");
    }
}

#[test]
fn a_fresh_leader_is_reason_to_refuse_a_pre_vote_where_it_is_none_to_refuse_a_vote() {
    for (after, would) in [(0, false), (149, false), (150, true), (1_000, true)] {
        let mut cluster = Cluster::new(3, asking());
        cluster.lead(1, &[2, 3]);
        cluster.advance(after);
        cluster.receive(3, 2, 1, pre_ask(9, 1));
        assert_eq!(granted(&cluster), Some(would), "after {after} ms");
        cluster.receive(3, 2, 2, ask(9, 1));
        assert_eq!(granted(&cluster), Some(true), "a vote is another matter");
    }
}

#[test]
fn a_leader_that_a_majority_hears_would_not_vote() {
    let mut cluster = Cluster::new(3, Settings::default());
    cluster.lead(1, &[2, 3]);
    cluster.receive(3, 1, 1, pre_ask(9, 1));
    assert_eq!(granted(&cluster), Some(false));
}

#[test]
fn a_server_that_was_cut_off_returns_without_disturbing_its_leader() {
    let mut cluster = Cluster::new(5, Settings::default());
    cluster.lead(1, &[2, 3, 4, 5]);
    for _ in 0..50 {
        cluster.timeout(1);
        if cluster.node(5).deadline().unwrap().0 <= cluster.now {
            cluster.timeout(5);
        }
        cluster.deliver_among(&[1, 2, 3, 4]);
        cluster.wire.retain(|e| e.from == n(5));
    }
    assert_eq!(cluster.node(5).role(), RoleKind::PreCandidate);
    assert!(cluster.wire.len() > 20, "it asked all the time");
    cluster.timeout(1);
    cluster.deliver_all();
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
    assert_eq!(cluster.node(5).leader(), Some(n(1)));
    for server in cluster.nodes.values() {
        assert_eq!(server.current_term(), Term(1));
    }
}

#[test]
fn without_pre_vote_a_server_that_was_cut_off_deposes_its_leader() {
    let mut cluster = Cluster::new(5, plain());
    cluster.lead(1, &[2, 3, 4, 5]);
    for _ in 0..10 {
        cluster.timeout(5);
        cluster.drop_all();
    }
    cluster.timeout(1);
    cluster.deliver_among(&[1, 5]);
    let old = cluster.node(1);
    assert_eq!(
        (old.role(), old.current_term()),
        (RoleKind::Follower, Term(11))
    );
}

#[test]
fn when_the_leader_is_gone_an_election_goes_ahead() {
    let mut cluster = Cluster::new(5, Settings::default());
    cluster.lead(1, &[2, 3, 4, 5]);
    cluster.crash(1);
    cluster.advance(1_000);
    cluster.timeout(2);
    cluster.deliver_all();
    let next = cluster.node(2);
    assert_eq!(
        (next.role(), next.current_term()),
        (RoleKind::Leader, Term(2))
    );
}

#[test]
fn a_granted_pre_vote_binds_nobody() {
    let mut cluster = Cluster::new(3, asking());
    cluster.advance(1_000);
    for asker in [1, 3] {
        cluster.receive(asker, 2, 0, pre_ask(0, 0));
        assert_eq!(granted(&cluster), Some(true), "to as many as ask");
    }
    cluster.receive(3, 2, 1, ask(0, 0));
    assert_eq!(granted(&cluster), Some(true));
    cluster.receive(1, 2, 1, ask(0, 0));
    assert_eq!(
        granted(&cluster),
        Some(false),
        "the vote itself is given once"
    );
}

#[test]
fn a_granted_pre_vote_is_no_vote() {
    let mut cluster = Cluster::new(5, asking());
    cluster.timeout(1);
    for voter in [2, 3, 4, 5] {
        cluster.receive(voter, 1, 0, pre_reply(0, true));
    }
    let server = cluster.node(1);
    assert_eq!(
        (server.role(), server.current_term()),
        (RoleKind::Candidate, Term(1))
    );
    cluster.receive(2, 1, 1, GRANT);
    cluster.receive(3, 1, 1, GRANT);
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
}

#[test]
fn an_answer_to_an_older_question_says_nothing() {
    let mut cluster = Cluster::new(3, asking()).with_logs(4, &[&[1]]);
    cluster.timeout(1);
    for voter in [2, 3] {
        cluster.receive(voter, 1, 3, pre_reply(3, true));
    }
    let server = cluster.node(1);
    assert_eq!(
        (server.role(), server.current_term()),
        (RoleKind::PreCandidate, Term(4))
    );
}

#[test]
fn a_server_that_is_behind_learns_the_newer_term_from_the_answer() {
    let mut cluster = Cluster::new(3, asking()).with_logs(2, &[&[1]]);
    cluster.receive(2, 3, 7, super::REFUSAL);
    cluster.timeout(1);
    cluster.deliver_among(&[1, 3]);
    let server = cluster.node(1);
    assert_eq!(
        (server.role(), server.current_term()),
        (RoleKind::Follower, Term(7))
    );
}

#[test]
fn a_pre_candidate_that_hears_from_a_leader_follows_it() {
    for term in [4, 5] {
        let mut cluster = Cluster::new(3, asking()).with_logs(4, &[&[1], &[1], &[1]]);
        cluster.timeout(1);
        cluster.receive(2, 1, term, append(2, term, (1, 1), &[], 0).1.body);
        let server = cluster.node(1);
        assert_eq!(
            (server.role(), server.leader()),
            (RoleKind::Follower, Some(n(2)))
        );
    }
}

#[test]
fn a_higher_term_with_a_log_behind_does_not_block_the_cluster() {
    // Server 3 reached term 9 alone; only server 1 can win, and server 2 is down.
    let mut cluster = Cluster::new(3, Settings::default()).with_logs(2, &[&[1, 2], &[1, 2], &[1]]);
    cluster
        .disks
        .get_mut(&n(3))
        .unwrap()
        .hard_state
        .current_term = Term(9);
    cluster.start(3);
    cluster.crash(2);
    cluster.advance(1_000);
    for _ in 0..4 {
        cluster.timeout(1);
        cluster.deliver_all();
    }
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
}
