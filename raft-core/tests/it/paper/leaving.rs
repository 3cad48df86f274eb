//! §6, dissertation §4.2.2: a leader that removes itself.

use raft_core::{Body, Change, RoleKind};

use super::{configured_at, every_choice, to, with_spares};
use crate::common::{Cluster, n};

/// The leader of four has removed itself, and no other server knows of it yet.
fn leaving() -> Cluster {
    let mut cluster = with_spares(4, 0);
    cluster.change(1, &Change::Remove(n(1)));
    assert_eq!(cluster.members(1), "{2 3 4}");
    cluster
}

fn is_order(envelope: &crate::common::Envelope) -> bool {
    matches!(envelope.message.body, Body::TimeoutNow)
}

#[test]
fn a_leader_that_is_removed_leads_until_that_is_committed() {
    let mut cluster = leaving();
    while cluster.node(1).commit_index() < configured_at(&cluster, 1) {
        assert_eq!(cluster.node(1).role(), RoleKind::Leader);
        assert!(cluster.deliver_one(|_| true), "it is committed in the end");
    }
    assert_eq!(cluster.node(1).role(), RoleKind::Follower);
    assert_eq!(cluster.changes(1).len(), 1, "whoever asked is told before");
}

#[test]
fn a_leader_outside_its_configuration_does_not_count_itself() {
    let before = leaving();
    let at = configured_at(&before, 1);
    for others in every_choice(&[2, 3, 4]) {
        let mut cluster = before.clone();
        cluster.deliver(|sent| others.contains(&sent.to.0));
        cluster.deliver(|sent| sent.to == n(1));
        let committed = cluster.node(1).commit_index() >= at;
        assert_eq!(committed, others.len() >= 2, "{others:?} of {{2 3 4}}");
    }
}

#[test]
fn a_leader_outside_its_configuration_goes_on_taking_commands() {
    let mut cluster = leaving();
    cluster.propose(1);
    let last = cluster.node(1).log().last_index();
    assert!(last > configured_at(&cluster, 1));
    cluster.deliver(|sent| !is_order(sent));
    for id in 2..=4 {
        assert_eq!(cluster.node(id).log().last_index(), last);
    }
}

#[test]
fn a_server_outside_its_configuration_stands_until_that_is_known_to_be_committed() {
    let mut cluster = leaving();
    cluster.drop_all();
    cluster.crash(1);
    cluster.start(1);
    cluster.timeout(1);
    assert_eq!(cluster.node(1).role(), RoleKind::Candidate);
    let asked: Vec<_> = cluster.wire.iter().map(|sent| sent.to.0).collect();
    assert_eq!(asked, [2, 3, 4]);
    let mut cluster = leaving();
    cluster.deliver(|sent| !is_order(sent));
    for _ in 0..3 {
        cluster.timeout(1);
        assert_eq!(cluster.node(1).role(), RoleKind::Follower, "it is needless");
    }
}

#[test]
fn a_server_outside_its_configuration_does_not_count_its_own_vote() {
    let mut before = leaving();
    before.drop_all();
    before.crash(1);
    before.start(1);
    before.advance(1_000);
    before.timeout(1);
    for voters in every_choice(&[2, 3, 4]) {
        let mut cluster = before.clone();
        cluster.deliver(|sent| voters.contains(&sent.to.0));
        cluster.deliver(|sent| sent.to == n(1) && !is_order(sent));
        let led = cluster.saw(1, |event| {
            matches!(event, raft_core::Event::Became { role: RoleKind::Leader, term, .. } if term.0 == 2)
        });
        assert_eq!(led, voters.len() >= 2, "{voters:?} of {{2 3 4}}");
    }
}

/// Figure 4.6: its log is the longer one, and the other's configuration still needs its vote.
#[test]
fn figure_4_6_nobody_but_the_leader_that_removes_itself_can_win() {
    let mut cluster = with_spares(2, 0);
    cluster.change(1, &Change::Remove(n(1)));
    cluster.drop_all();
    for id in [1, 2] {
        cluster.crash(id);
        cluster.start(id);
    }
    for _ in 0..5 {
        cluster.timeout(2);
        cluster.deliver_all();
        assert_ne!(cluster.node(2).role(), RoleKind::Leader);
    }
    cluster.elect(1, &[2]);
    cluster.beats(1, 2);
    assert_eq!(cluster.members(2), "{2}");
    assert!(cluster.node(2).commit_index() >= configured_at(&cluster, 2));
}

#[test]
fn once_its_removal_is_committed_the_others_elect_a_leader_without_it() {
    for dead in [2, 3, 4] {
        let mut cluster = leaving();
        cluster.deliver(|sent| !is_order(sent));
        cluster.crash(1);
        cluster.crash(dead);
        let two: Vec<_> = (2..=4).filter(|id| *id != dead).collect();
        cluster.elect(two[0], &[two[1]]);
        assert_eq!(cluster.members(two[0]), "{2 3 4}");
    }
}

#[test]
fn a_leader_that_steps_down_for_its_removal_has_told_another_to_campaign_at_once() {
    let mut cluster = leaving();
    let now = cluster.now;
    cluster.deliver_all();
    assert_eq!(cluster.now, now, "without waiting");
    let leader = (2..=4).find(|id| cluster.node(*id).role() == RoleKind::Leader);
    assert!(leader.is_some());
}

#[test]
fn a_leader_outside_the_incoming_half_leads_until_that_half_alone_is_committed() {
    let mut cluster = with_spares(3, 2);
    for id in [4, 5] {
        cluster.change(1, &Change::Add(n(id)));
        cluster.beats(1, 2);
    }
    cluster.force(1, &to(&[3, 4, 5]));
    while cluster.node(1).configuration().is_joint()
        || cluster.node(1).commit_index() < configured_at(&cluster, 1)
    {
        assert_eq!(cluster.node(1).role(), RoleKind::Leader);
        assert!(cluster.deliver_one(|_| true), "it is committed in the end");
    }
    assert_eq!(cluster.members(1), "{3 4 5}");
    assert_eq!(cluster.node(1).role(), RoleKind::Follower);
}

#[test]
fn a_leader_that_becomes_a_learner_leads_no_more_and_goes_on_receiving() {
    let mut cluster = with_spares(3, 0);
    cluster.change(1, &Change::Demote(n(1)));
    cluster.deliver_all();
    let leader = (2..=3).find(|id| cluster.node(*id).role() == RoleKind::Leader);
    let leader = leader.expect("told to campaign");
    cluster.propose(leader);
    cluster.beats(leader, 2);
    assert_eq!(cluster.members(1), "{2 3} learners {1}");
    assert_eq!(cluster.terms(1), cluster.terms(leader));
}
