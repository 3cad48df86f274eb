//! §5.5: followers and candidates that crash, and requests that arrive again.

use raft_core::{Index, RoleKind, Term};

use super::{ask, granted};
use crate::common::card::append;
use crate::common::{Cluster, n, plain};

#[test]
fn a_follower_that_was_down_gets_everything_when_it_is_back() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.crash(3);
    for _ in 0..20 {
        cluster.propose(1);
        cluster.timeout(1);
        cluster.deliver_all();
    }
    assert_eq!(cluster.node(1).commit_index(), Index(21));
    cluster.start(3);
    cluster.timeout(1);
    cluster.deliver_all();
    assert_eq!(cluster.terms(3), [1; 21]);
    assert_eq!(cluster.node(3).commit_index(), Index(21));
}

#[test]
fn a_candidate_that_crashes_keeps_nobody_from_being_elected() {
    let mut cluster = Cluster::new(3, plain());
    cluster.timeout(1);
    cluster.deliver(|e| e.from == n(1));
    cluster.crash(1);
    cluster.drop_all();
    cluster.timeout(2);
    cluster.deliver_all();
    let next = cluster.node(2);
    assert_eq!(
        (next.role(), next.current_term()),
        (RoleKind::Leader, Term(2)),
        "the votes of term 1 went to the one that crashed"
    );
}

#[test]
fn a_leader_that_crashes_is_replaced() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    cluster.deliver_all();
    cluster.crash(1);
    cluster.timeout(3);
    cluster.deliver_all();
    assert_eq!(cluster.node(3).role(), RoleKind::Leader);
    assert_eq!(
        cluster.node(3).commit_index(),
        Index(3),
        "with its own first entry"
    );
    cluster.start(1);
    cluster.timeout(3);
    cluster.deliver_all();
    assert_eq!(
        cluster.node(1).leader(),
        Some(n(3)),
        "and follows when it is back"
    );
}

#[test]
fn a_server_that_crashed_before_its_answer_left_takes_the_same_append_again() {
    let mut cluster = Cluster::new(3, plain()).with_logs(2, &[&[1], &[1, 1], &[1]]);
    let (_, message) = append(1, 2, (1, 1), &[2, 2], 0);
    cluster.receive(1, 2, 2, message.body.clone());
    let first = cluster.wire();
    cluster.drop_all();
    cluster.crash(2);
    cluster.start(2);
    cluster.receive(1, 2, 2, message.body);
    assert_eq!(cluster.terms(2), [1, 2, 2]);
    assert_eq!(cluster.wire(), first, "and gives the same answer");
}

#[test]
fn a_server_that_crashed_before_its_answer_left_gives_the_same_vote_again() {
    let mut cluster = Cluster::new(3, plain());
    for _ in 0..3 {
        cluster.receive(1, 2, 4, ask(0, 0));
        assert_eq!(granted(&cluster), Some(true));
        cluster.drop_all();
        cluster.crash(2);
        cluster.start(2);
    }
    cluster.receive(3, 2, 4, ask(0, 0));
    assert_eq!(granted(&cluster), Some(false), "it is given");
}
