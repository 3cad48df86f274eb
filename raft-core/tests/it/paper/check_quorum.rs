//! Dissertation §6.2: a leader that reaches no majority steps down.

use raft_core::{Effect, Refusal, RoleKind, Settings, Term};

use crate::common::{Cluster, MS, plain};

/// Check-quorum, and otherwise only the paper's own rules.
fn checking() -> Settings {
    Settings {
        check_quorum: true,
        ..plain()
    }
}

/// A leader of `size` servers, from which all have just heard.
fn led(size: u64) -> Cluster {
    let mut cluster = Cluster::new(size, checking());
    let others: Vec<_> = (2..=size).collect();
    cluster.lead(1, &others);
    cluster
}

/// Sends `count` heartbeats, which these servers receive and answer.
fn beats(cluster: &mut Cluster, count: u64, reached: &[u64]) {
    for _ in 0..count {
        if cluster.node(1).role() == RoleKind::Leader {
            cluster.timeout(1);
        }
        cluster.deliver_among(reached);
        cluster.drop_all();
    }
}

#[test]
fn a_leader_stays_exactly_while_a_majority_answers() {
    for size in 1..=7 {
        for reached in 1..=size {
            let mut cluster = led(size);
            let reached: Vec<_> = (1..=reached).collect();
            beats(&mut cluster, 20, &reached);
            let leads = cluster.node(1).role() == RoleKind::Leader;
            assert_eq!(
                leads,
                2 * reached.len() as u64 > size,
                "{reached:?} of {size}"
            );
        }
    }
}

#[test]
fn a_leader_steps_down_after_an_election_timeout_and_no_earlier() {
    let mut cluster = led(3);
    let heard = cluster.now;
    while cluster.node(1).role() == RoleKind::Leader {
        let silent = cluster.now - heard;
        assert!(silent <= 300 * MS, "it has led alone for {silent} ns");
        cluster.timeout(1);
        cluster.drop_all();
    }
    assert!(cluster.now - heard > 300 * MS);
    assert_eq!(cluster.node(1).current_term(), Term(1), "in the same term");
}

#[test]
fn any_majority_will_do_not_always_the_same() {
    let mut cluster = led(5);
    for (one, other) in [(2, 3), (3, 4), (4, 5), (5, 2)] {
        beats(&mut cluster, 10, &[1, one, other]);
        let role = cluster.node(1).role();
        assert_eq!(
            role,
            RoleKind::Leader,
            "half a second with {one} and {other}"
        );
    }
}

#[test]
fn an_answer_speaks_for_when_its_question_was_sent() {
    let mut cluster = led(3);
    cluster.timeout(1);
    cluster.deliver(|e| e.from.0 == 1);
    let late: Vec<_> = cluster.wire.drain(..).collect();
    assert_eq!(late.len(), 2);
    beats(&mut cluster, 5, &[]);
    cluster.wire.extend(late);
    cluster.deliver_all();
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
    beats(&mut cluster, 2, &[]);
    assert_eq!(
        cluster.node(1).role(),
        RoleKind::Follower,
        "the answers were late: it was heard 350 ms ago"
    );
}

#[test]
fn a_refusal_shows_as_well_as_an_acknowledgement_that_a_follower_is_there() {
    let mut cluster = Cluster::new(3, checking()).with_logs(1, &[&[1, 1, 1], &[], &[]]);
    cluster.elect(1, &[2, 3]);
    for _ in 0..20 {
        cluster.timeout(1);
        cluster.deliver(|e| e.from.0 == 1 && e.to.0 == 2);
        cluster.deliver(|e| e.to.0 == 1);
        cluster.drop_all();
        assert_eq!(cluster.node(1).role(), RoleKind::Leader);
    }
}

#[test]
fn a_leader_that_stepped_down_takes_no_more_commands() {
    let mut cluster = led(3);
    beats(&mut cluster, 10, &[]);
    let refused = Effect::ProposalRefused {
        leader: None,
        why: Refusal::NotLeader,
    };
    assert_eq!(cluster.propose(1), [refused], "and sends clients to nobody");
}

#[test]
fn a_leader_that_stepped_down_can_lead_again() {
    let mut cluster = led(3);
    beats(&mut cluster, 10, &[]);
    cluster.timeout(1);
    cluster.deliver_all();
    let server = cluster.node(1);
    assert_eq!(
        (server.role(), server.current_term()),
        (RoleKind::Leader, Term(2))
    );
}
