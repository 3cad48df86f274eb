//! Dissertation §3.10: a leader transfers leadership.

use raft_core::{Body, Effect, Event, Index, Input, RoleKind, Settings, Term};

use crate::common::{Cluster, Envelope, n};

fn led(size: u64) -> Cluster {
    let mut cluster = Cluster::new(size, Settings::default());
    let others: Vec<_> = (2..=size).collect();
    cluster.lead(1, &others);
    cluster
}

fn hand_over(cluster: &mut Cluster, to: u64) {
    cluster.step(1, Input::Transfer { to: n(to) });
}

fn is_order(envelope: &Envelope) -> bool {
    matches!(envelope.message.body, Body::TimeoutNow)
}

fn takes(effects: &[Effect]) -> bool {
    effects
        .iter()
        .any(|effect| matches!(effect, Effect::Proposed { .. }))
}

/// Lets time pass at the leader until it gives the transfer up; the order never reaches the target.
fn until_given_up(cluster: &mut Cluster) {
    let given_up = |event: &Event| matches!(event, Event::TransferFailed { .. });
    while !cluster.saw(1, given_up) {
        cluster.deliver(|e| !is_order(e));
        cluster.timeout(1);
    }
    cluster.deliver(|e| !is_order(e));
}

/// The number of elections so far.
fn elections(cluster: &Cluster) -> usize {
    let won = |(_, event): &&(_, Event)| {
        let role = RoleKind::Leader;
        matches!(event, Event::Became { role: became, .. } if *became == role)
    };
    cluster.events.iter().filter(won).count()
}

#[test]
fn a_leader_that_hands_over_takes_no_more_commands() {
    let mut cluster = led(3);
    assert!(takes(&cluster.propose(1)));
    hand_over(&mut cluster, 2);
    for _ in 0..3 {
        assert!(!takes(&cluster.propose(1)));
        assert_eq!(cluster.terms(1), [1, 1], "and appends nothing");
    }
}

#[test]
fn a_leader_that_hands_over_sends_the_target_all_that_it_lacks() {
    for lacks in 0..6 {
        let mut cluster = led(3);
        for _ in 0..lacks {
            cluster.propose(1);
            cluster.deliver_among(&[1, 3]);
            cluster.drop_all();
        }
        hand_over(&mut cluster, 2);
        cluster.deliver(|e| !is_order(e));
        assert_eq!(cluster.terms(2), vec![1; 1 + lacks]);
    }
}

#[test]
fn a_target_is_told_to_start_once_its_log_equals_the_leaders_and_not_before() {
    for lacks in 0..6 {
        let mut cluster = led(3);
        for _ in 0..lacks {
            cluster.propose(1);
            cluster.deliver_among(&[1, 3]);
            cluster.drop_all();
        }
        hand_over(&mut cluster, 2);
        while !cluster.wire.iter().any(is_order) {
            let matched = cluster.node(1).progress()[0].match_index;
            assert!(matched < cluster.node(1).log().last_index(), "{lacks}");
            assert!(cluster.deliver_one(|_| true), "2 is told in the end");
        }
        assert_eq!(cluster.terms(2), cluster.terms(1));
        let order = cluster.wire.iter().find(|e| is_order(e)).unwrap();
        assert_eq!(order.to, n(2), "and nobody else is");
    }
}

#[test]
fn a_target_that_is_told_to_start_begins_an_election_at_once() {
    let mut cluster = led(3);
    let now = cluster.now;
    cluster.receive(1, 2, 1, Body::TimeoutNow);
    let target = cluster.node(2);
    assert_eq!(
        (target.role(), target.current_term(), target.voted_for()),
        (RoleKind::Candidate, Term(2), Some(n(2)))
    );
    assert_eq!(cluster.now, now, "without waiting, and without a pre-vote");
    assert_eq!(
        cluster.wire(),
        "n2→n1 t2 RequestVote last #1t1\nn2→n3 t2 RequestVote last #1t1\n"
    );
}

#[test]
fn the_old_leader_steps_down_when_it_sees_the_targets_term() {
    let mut cluster = led(3);
    hand_over(&mut cluster, 2);
    cluster.deliver(is_order);
    cluster.deliver_among(&[2, 3]);
    let role_and_term = |cluster: &Cluster, id| {
        let server = cluster.node(id);
        (server.role(), server.current_term())
    };
    assert_eq!(role_and_term(&cluster, 2), (RoleKind::Leader, Term(2)));
    assert_eq!(role_and_term(&cluster, 1), (RoleKind::Leader, Term(1)));
    cluster.deliver_one(|e| e.to == n(1));
    assert_eq!(role_and_term(&cluster, 1), (RoleKind::Follower, Term(2)));
}

#[test]
fn a_leader_gives_a_transfer_up_after_an_election_timeout_and_takes_commands_again() {
    let mut cluster = led(3);
    let begun = cluster.now;
    hand_over(&mut cluster, 2);
    until_given_up(&mut cluster);
    let took = cluster.now - begun;
    let longest = cluster.settings.election_timeout_max.0;
    assert_eq!(took, longest);
    assert!(takes(&cluster.propose(1)));
    cluster.deliver(|e| !is_order(e));
    assert_eq!(cluster.node(1).commit_index(), Index(2));
    assert_eq!(cluster.node(1).current_term(), Term(1));
}

#[test]
fn a_transfer_to_a_server_that_is_down_costs_no_election() {
    let mut cluster = led(3);
    let before = elections(&cluster);
    cluster.crash(2);
    hand_over(&mut cluster, 2);
    until_given_up(&mut cluster);
    assert_eq!(elections(&cluster), before);
}

#[test]
fn an_order_that_arrives_after_its_transfer_was_given_up_costs_one_election() {
    let mut cluster = led(3);
    let before = elections(&cluster);
    hand_over(&mut cluster, 2);
    until_given_up(&mut cluster);
    cluster.propose(1);
    cluster.deliver(|e| !is_order(e));
    // Every order from then arrives now.
    cluster.deliver_all();
    for _ in 0..10 {
        let leader = (1..=3).find(|id| cluster.node(*id).role() == RoleKind::Leader);
        cluster.timeout(leader.expect("somebody leads"));
        cluster.deliver_all();
    }
    assert_eq!(elections(&cluster), before + 1);
    let leader = cluster.node(2);
    assert_eq!(leader.role(), RoleKind::Leader);
    assert_eq!(
        leader.commit_index(),
        leader.log().last_index(),
        "it serves"
    );
}
