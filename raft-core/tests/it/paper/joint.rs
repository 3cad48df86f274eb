//! §6, dissertation §4.3: arbitrary changes, through a joint configuration in which both sets
//! decide.

use raft_core::{Body, Change, ChangeFailure, ChangeOptions, Input, RoleKind};

use super::{GRANT, configured_at, every_choice, to, with_spares};
use crate::common::{Cluster, n};

/// The change from {1 2 3} to {3 4 5}. The joint configuration is in the log of S1, and in flight
/// to the others.
fn begun() -> Cluster {
    let mut cluster = with_spares(3, 2);
    for id in [4, 5] {
        cluster.change(1, &Change::Add(n(id)));
        cluster.beats(1, 2);
    }
    cluster.change(1, &to(&[3, 4, 5]));
    while !cluster.node(1).configuration().is_joint() {
        cluster.drop_all();
        cluster.timeout(1);
        while !cluster.node(1).configuration().is_joint() && cluster.deliver_one(|_| true) {}
    }
    assert_eq!(cluster.members(1), "{1 2 3}->{3 4 5}");
    // Only S1 has it.
    let at = configured_at(&cluster, 1);
    assert!((2..=5).all(|id| cluster.node(id).log().last_index() < at));
    let joint = |body: &Body| matches!(body, Body::AppendEntries(a) if a.configuration.is_some());
    cluster.wire.retain(|sent| joint(&sent.message.body));
    assert_eq!(cluster.wire.len(), 4);
    cluster
}

/// Whether these are a majority of each half.
fn majorities(ids: &[u64]) -> (bool, bool) {
    let of = |half: [u64; 3]| half.iter().filter(|id| ids.contains(id)).count() >= 2;
    (of([1, 2, 3]), of([3, 4, 5]))
}

fn last_is_committed(cluster: &Cluster, id: u64) -> bool {
    cluster.node(id).commit_index() == cluster.node(id).log().last_index()
}

#[test]
fn a_change_of_several_voters_goes_through_a_joint_configuration() {
    let cluster = begun();
    let joint = cluster.node(1).configuration();
    assert_eq!(joint.outgoing(), [1, 2, 3].map(n));
    assert_eq!(joint.incoming(), [3, 4, 5].map(n));
    assert!(configured_at(&cluster, 1) > cluster.node(1).commit_index());
}

#[test]
fn entries_go_to_the_servers_of_both_configurations() {
    let mut cluster = begun();
    cluster.propose(1);
    let all = cluster.terms(1);
    cluster.deliver(|sent| sent.to != n(1));
    assert!((2..=5).all(|id| cluster.terms(id) == all));
}

#[test]
fn the_joint_configuration_is_committed_by_a_majority_of_each_half() {
    let before = begun();
    let at = configured_at(&before, 1);
    for others in every_choice(&[2, 3, 4, 5]) {
        let mut cluster = before.clone();
        let among = [&[1], &others[..]].concat();
        // The leader's next step would be the next configuration: only this entry counts here.
        cluster.timeout(1);
        cluster.deliver_among(&among);
        cluster.drop_all();
        let (old, new) = majorities(&among);
        let committed = cluster.node(1).commit_index() >= at;
        assert_eq!(committed, old && new, "{among:?}");
    }
}

#[test]
fn an_election_in_a_joint_configuration_needs_a_majority_of_each_half() {
    let mut before = begun();
    before.crash(1);
    before.start(1);
    before.timeout(1);
    let term = before.node(1).current_term().0;
    for others in every_choice(&[2, 3, 4, 5]) {
        let mut cluster = before.clone();
        for id in &others {
            cluster.receive(*id, 1, term, GRANT);
        }
        let (old, new) = majorities(&[&[1], &others[..]].concat());
        let leads = cluster.node(1).role() == RoleKind::Leader;
        assert_eq!(leads, old && new, "{others:?}");
    }
}

#[test]
fn a_server_of_either_configuration_may_lead_in_the_joint_one() {
    for leader in [2, 4] {
        let mut cluster = begun();
        cluster.timeout(1);
        cluster.deliver(|sent| sent.to.0 > 1);
        cluster.drop_all();
        cluster.crash(1);
        let others: Vec<_> = (2..=5).filter(|id| *id != leader).collect();
        cluster.elect(leader, &others);
        assert_eq!(cluster.members(leader), "{1 2 3}->{3 4 5}");
    }
}

#[test]
fn before_the_joint_configuration_is_committed_the_old_one_may_still_elect_a_leader() {
    let mut cluster = begun();
    cluster.elect(2, &[3]);
    cluster.beats_among(2, &[1, 2, 3], 3);
    assert!(last_is_committed(&cluster, 2));
    assert!(!cluster.node(1).configuration().is_joint(), "rolled back");
}

#[test]
fn the_new_configuration_alone_decides_nothing_before_the_joint_one_is_left() {
    let mut cluster = begun();
    cluster.deliver(|sent| sent.to.0 >= 3);
    cluster.drop_all();
    cluster.crash(1);
    cluster.advance(1_000);
    for id in [3, 4, 5] {
        for _ in 0..2 {
            cluster.timeout(id);
            cluster.deliver_among(&[3, 4, 5]);
            cluster.drop_all();
            assert_ne!(cluster.node(id).role(), RoleKind::Leader);
        }
    }
}

#[test]
fn once_the_joint_configuration_is_committed_only_a_server_that_has_it_is_elected() {
    let mut before = begun();
    before.deliver(|sent| sent.to == n(3) || sent.to == n(4));
    let at = configured_at(&before, 1);
    before.deliver_one(|sent| sent.to == n(1));
    before.deliver_one(|sent| sent.to == n(1));
    assert!(before.node(1).commit_index() >= at);
    before.drop_all();
    before.crash(1);
    for without in [2, 5] {
        let mut cluster = before.clone();
        cluster.advance(1_000);
        for _ in 0..3 {
            cluster.timeout(without);
            cluster.deliver_all();
            assert_ne!(cluster.node(without).role(), RoleKind::Leader);
        }
    }
    before.elect(3, &[2, 4, 5]);
}

#[test]
fn the_next_configuration_is_appended_once_the_joint_one_is_committed_and_not_before() {
    let mut cluster = begun();
    let joint_at = configured_at(&cluster, 1);
    cluster.timeout(1);
    while cluster.node(1).commit_index() < joint_at {
        assert!(cluster.node(1).configuration().is_joint());
        assert!(cluster.deliver_one(|_| true), "it is committed in the end");
    }
    assert_eq!(cluster.members(1), "{3 4 5}");
    assert!(configured_at(&cluster, 1) > joint_at);
}

#[test]
fn the_next_configuration_is_committed_by_its_own_majority_and_the_rest_may_go() {
    let mut cluster = begun();
    let joint_at = configured_at(&cluster, 1);
    cluster.timeout(1);
    while cluster.node(1).commit_index() < joint_at {
        cluster.deliver_one(|_| true);
    }
    cluster.crash(2);
    cluster.crash(3);
    let at = configured_at(&cluster, 1);
    cluster.beats_among(1, &[1, 4, 5], 2);
    assert!(cluster.node(1).commit_index() >= at);
    cluster.crash(1);
    cluster.lead(4, &[5]);
    assert!(last_is_committed(&cluster, 4), "4 and 5 of {{3 4 5}}");
}

#[test]
fn commands_are_committed_at_every_step_of_the_change() {
    let mut cluster = begun();
    let mut seen = Vec::new();
    for _ in 0..8 {
        let leader = (1..=5).find(|id| cluster.node(*id).role() == RoleKind::Leader);
        let leader = leader.expect("somebody leads at every step");
        cluster.propose(leader);
        let proposed = cluster.node(leader).log().last_index();
        cluster.beats(leader, 1);
        let committed = (1..=5).any(|id| cluster.node(id).commit_index() >= proposed);
        assert!(committed, "{}", cluster.status());
        let now = cluster.members(leader);
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    assert_eq!(seen.last().unwrap(), "{3 4 5}");
}

#[test]
fn no_other_change_begins_in_a_joint_configuration() {
    let mut cluster = begun();
    for change in [Change::Remove(n(2)), Change::Add(n(9)), to(&[1, 2, 3])] {
        cluster.force(1, &change);
        assert_eq!(cluster.changes(1).last(), Some(&Err(ChangeFailure::Busy)));
        assert_eq!(cluster.members(1), "{1 2 3}->{3 4 5}");
    }
}

#[test]
fn a_new_leader_that_has_the_joint_configuration_goes_on_with_the_change() {
    let mut cluster = begun();
    cluster.deliver(|sent| sent.to.0 >= 3);
    cluster.drop_all();
    cluster.crash(1);
    cluster.lead(4, &[2, 3, 5]);
    cluster.beats(4, 3);
    assert_eq!(cluster.members(4), "{3 4 5}");
    assert!(last_is_committed(&cluster, 4));
}

#[test]
fn a_joint_configuration_that_is_to_stay_is_left_when_somebody_asks() {
    let mut cluster = with_spares(3, 2);
    let change = &to(&[3, 4, 5]);
    let how = ChangeOptions {
        stays_joint: true,
        forced: true,
    };
    cluster.step(1, Input::Change { change, how });
    cluster.beats(1, 5);
    assert_eq!(cluster.members(1), "{1 2 3}->{3 4 5}");
    assert!(last_is_committed(&cluster, 1));
    cluster.change(1, &Change::Leave);
    assert_eq!(cluster.members(1), "{3 4 5}");
}

#[test]
fn from_three_servers_to_nine_two_of_three_and_five_of_nine_decide() {
    let mut before = with_spares(3, 6);
    let all: Vec<_> = (1..=9).collect();
    before.force(1, &to(&all));
    let at = configured_at(&before, 1);
    for others in every_choice(&all[1..]) {
        let old = others.iter().filter(|id| **id <= 3).count() + 1;
        // A few of the choices that are just enough, and just too few.
        if others.len() != 3 && others.len() != 4 || old > 2 {
            continue;
        }
        let mut cluster = before.clone();
        let among = [&[1], &others[..]].concat();
        cluster.beats_among(1, &among, 4);
        let committed = cluster.node(1).commit_index() >= at;
        assert_eq!(committed, old >= 2 && among.len() >= 5, "{among:?}");
    }
}

/// Dissertation §4.4: the new server joins before the old one leaves.
#[test]
fn while_a_server_is_replaced_any_one_server_may_fail() {
    for dead in 2..=4 {
        let mut cluster = with_spares(3, 1);
        cluster.change(1, &Change::Add(n(4)));
        cluster.beats(1, 2);
        let replace = Change::Replace {
            old: n(3),
            new: n(4),
        };
        cluster.force(1, &replace);
        assert_eq!(cluster.members(1), "{1 2 3}->{1 2 4}");
        cluster.crash(dead);
        cluster.beats(1, 4);
        assert_eq!(cluster.members(1), "{1 2 4}", "without {dead}");
        assert!(last_is_committed(&cluster, 1));
    }
}

/// Dissertation, Figure 4.1.
#[test]
fn a_server_that_does_not_lead_refuses_a_change_and_names_the_leader() {
    let mut cluster = with_spares(3, 1);
    cluster.change(2, &Change::Promote(n(4)));
    let why = ChangeFailure::NotLeader { leader: Some(n(1)) };
    assert_eq!(cluster.changes(2), [Err(why)]);
    assert_eq!(cluster.wire(), "");
}
