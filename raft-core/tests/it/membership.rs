//! Changes of members (§6, dissertation §4): adding, promoting, demoting, removing and replacing
//! servers, one or many, and the safety of the cluster meanwhile.

use crate::common::{Cluster, MS, n, plain};
use raft_core::{
    Change, ChangeFailure, ChangeOptions, Effect, Event, Index, Input, ReadMode, RoleKind, Rules,
    Settings, Standard, TransferFailure,
};

/// `size` servers, the first of which leads, and `spares` that know no other server.
fn cluster(size: u64, spares: u64) -> Cluster {
    let mut cluster = Cluster::with_spares(Standard, size, spares, plain());
    let others: Vec<_> = (2..=size).collect();
    cluster.lead(1, &others);
    cluster
}

#[test]
fn a_server_that_knows_nobody_waits_and_never_campaigns() {
    let mut cluster = Cluster::with_spares(Standard, 1, 1, plain());
    for _ in 0..3 {
        cluster.timeout(2);
    }
    assert_eq!(cluster.node(2).role(), RoleKind::Follower);
    assert_eq!(cluster.node(2).current_term().0, 0);
    assert!(cluster.wire.is_empty());
}

#[test]
fn a_single_server_grows_into_a_cluster_and_shrinks_back() {
    let mut cluster = cluster(1, 2);
    for id in [2, 3] {
        cluster.change(1, &Change::Promote(n(id)));
        cluster.beats(1, 4);
    }
    for id in 1..=3 {
        assert_eq!(cluster.members(id), "{1 2 3}");
        assert_eq!(
            cluster.node(id).commit_index(),
            cluster.node(1).commit_index()
        );
    }
    for id in [3, 2] {
        cluster.change(1, &Change::Remove(n(id)));
        cluster.beats(1, 2);
    }
    assert_eq!(cluster.members(1), "{1}");
    cluster.propose(1);
    assert_eq!(
        cluster.node(1).commit_index(),
        cluster.node(1).log().last_index()
    );
    assert!(
        cluster.changes(1).iter().all(Result::is_ok),
        "{:?}",
        cluster.changes(1)
    );
}

#[test]
fn a_newcomer_is_a_learner_until_it_has_caught_up() {
    let mut cluster = cluster(3, 1);
    for _ in 0..5 {
        cluster.propose(1);
    }
    cluster.deliver_all();
    cluster.change(1, &Change::Promote(n(4)));
    assert_eq!(cluster.members(1), "{1 2 3} learners {4}");
    cluster.deliver_among(&[1, 2, 3]);
    cluster.advance(10);
    assert_eq!(
        cluster.members(1),
        "{1 2 3} learners {4}",
        "it has nothing yet"
    );
    cluster.deliver_all();
    assert_eq!(cluster.members(1), "{1 2 3 4}");
    cluster.beats(1, 2);
    assert_eq!(cluster.members(4), "{1 2 3 4}");
    assert!(cluster.saw(
        1,
        |event| matches!(event, Event::CaughtUp { peer } if *peer == n(4))
    ));
}

#[test]
fn a_learner_acknowledges_and_decides_nothing() {
    let mut cluster = cluster(3, 1);
    cluster.change(1, &Change::Add(n(4)));
    cluster.beats(1, 2);
    assert_eq!(cluster.members(1), "{1 2 3} learners {4}");
    let before = cluster.node(1).commit_index();
    cluster.propose(1);
    cluster.deliver_among(&[1, 4]);
    assert_eq!(
        cluster.node(1).commit_index(),
        before,
        "two of three voters are missing"
    );
    cluster.deliver_all();
    assert!(cluster.node(1).commit_index() > before);
    // It never campaigns, and no candidate asks it for a vote.
    cluster.drop_all();
    cluster.timeout(4);
    assert_eq!(cluster.node(4).role(), RoleKind::Follower);
    cluster.advance(1_000);
    cluster.timeout(2);
    assert!(cluster.wire.iter().all(|sent| sent.to != n(4)));
}

#[test]
fn a_configuration_is_in_force_when_it_is_appended() {
    let mut cluster = cluster(3, 0);
    cluster.change(1, &Change::Remove(n(3)));
    assert_eq!(cluster.members(1), "{1 2}");
    assert!(
        cluster.wire.iter().all(|sent| sent.to == n(2)),
        "3 is written to no more"
    );
    let uncommitted = cluster.node(1).log().configured_at();
    assert!(uncommitted > cluster.node(1).commit_index());
    cluster.deliver_one(|sent| sent.to == n(2));
    assert_eq!(
        cluster.members(2),
        "{1 2}",
        "though it does not know it to be committed"
    );
}

#[test]
fn a_configuration_whose_entry_is_truncated_is_rolled_back() {
    let mut cluster = cluster(3, 0);
    cluster.change(1, &Change::Remove(n(3)));
    cluster.drop_all();
    assert_eq!(cluster.members(1), "{1 2}");
    cluster.lead(2, &[3]);
    cluster.beats(2, 2);
    assert_eq!(cluster.members(1), "{1 2 3}");
    let lost = Err(ChangeFailure::LeadershipLost);
    assert_eq!(cluster.changes(1), [lost], "whoever asked is told");
    assert!(cluster.saw(1, |event| matches!(
        event,
        Event::ConfigurationRolledBack { .. }
    )));
}

#[test]
fn a_change_waits_for_an_entry_of_the_leaders_own_term() {
    let mut cluster = cluster(4, 0);
    cluster.elect(2, &[3, 4]);
    cluster.change(2, &Change::Remove(n(1)));
    assert_eq!(cluster.changes(2), [Err(ChangeFailure::OwnTermFirst)]);
    cluster.beats(2, 1);
    cluster.change(2, &Change::Remove(n(1)));
    assert_eq!(cluster.members(2), "{2 3 4}");
}

#[test]
fn one_change_is_made_at_a_time() {
    let mut cluster = cluster(5, 0);
    cluster.change(1, &Change::Remove(n(5)));
    cluster.change(1, &Change::Remove(n(4)));
    assert_eq!(cluster.changes(1), [Err(ChangeFailure::Busy)]);
    cluster.deliver_all();
    cluster.change(1, &Change::Remove(n(4)));
    assert_eq!(cluster.members(1), "{1 2 3}");
}

#[test]
fn several_voters_change_through_a_joint_configuration_that_leaves_itself() {
    let mut cluster = cluster(3, 2);
    cluster.change(1, &Change::Add(n(4)));
    cluster.beats(1, 1);
    cluster.change(1, &Change::Add(n(5)));
    cluster.beats(1, 1);
    let to = Change::To {
        voters: [1, 4, 5].map(n).into_iter().collect(),
        learners: [n(2)].into_iter().collect(),
    };
    cluster.change(1, &to);
    cluster.timeout(1);
    while !cluster.node(1).configuration().is_joint() {
        assert!(cluster.deliver_one(|_| true), "it catches up");
    }
    assert_eq!(cluster.members(1), "{1 2 3}->{1 4 5} learners {2}");
    cluster.beats(1, 3);
    assert_eq!(cluster.members(1), "{1 4 5} learners {2}");
    assert_eq!(cluster.members(2), "{1 4 5} learners {2}");
    assert_eq!(
        cluster.members(3),
        "{1 2 3}->{1 4 5} learners {2}",
        "3 is gone and not told"
    );
}

/// A joint configuration of {1 2 3} and {1 4 5}, which stays joint.
fn joint() -> Cluster {
    let mut cluster = cluster(3, 2);
    for id in [4, 5] {
        cluster.change(1, &Change::Add(n(id)));
        cluster.beats(1, 1);
    }
    let change = &Change::To {
        voters: [1, 4, 5].map(n).into_iter().collect(),
        learners: Default::default(),
    };
    let how = ChangeOptions {
        stays_joint: true,
        forced: true,
    };
    cluster.step(1, Input::Change { change, how });
    cluster
}

#[test]
fn in_a_joint_configuration_each_half_must_agree() {
    let mut cluster = joint();
    let joint_at = cluster.node(1).log().configured_at();
    cluster.deliver_among(&[1, 2, 3]);
    assert!(
        cluster.node(1).commit_index() < joint_at,
        "no majority of {{1 4 5}} has it"
    );
    cluster.deliver_among(&[1, 4]);
    assert_eq!(cluster.node(1).commit_index(), joint_at);
    assert_eq!(
        cluster.members(1),
        "{1 2 3}->{1 4 5}",
        "it stays until somebody leaves it"
    );
    assert_eq!(cluster.changes(1).last(), Some(&Ok(joint_at.0)));
    cluster.change(1, &Change::Remove(n(2)));
    assert_eq!(
        cluster.changes(1).last(),
        Some(&Err(ChangeFailure::Busy)),
        "nothing else goes"
    );
    cluster.change(1, &Change::Leave);
    cluster.beats(1, 2);
    assert_eq!(cluster.members(1), "{1 4 5}");
    cluster.change(1, &Change::Leave);
    assert_eq!(
        cluster.changes(1).last(),
        Some(&Err(ChangeFailure::NotJoint))
    );
}

#[test]
fn a_joint_configuration_is_left_only_when_it_is_committed() {
    let mut cluster = joint();
    cluster.change(1, &Change::Leave);
    assert_eq!(cluster.changes(1).last(), Some(&Err(ChangeFailure::Busy)));
    assert_eq!(cluster.members(1), "{1 2 3}->{1 4 5}");
}

#[test]
fn a_new_leader_leaves_the_joint_configuration_that_it_finds() {
    let mut cluster = cluster(3, 2);
    for id in [4, 5] {
        cluster.change(1, &Change::Add(n(id)));
        cluster.beats(1, 1);
    }
    let to = Change::To {
        voters: [3, 4, 5].map(n).into_iter().collect(),
        learners: Default::default(),
    };
    cluster.force(1, &to);
    cluster.deliver_among(&[1, 2, 3]);
    cluster.deliver(|sent| sent.from == n(1) && sent.to.0 > 3);
    cluster.drop_all();
    cluster.crash(1);
    cluster.lead(3, &[2, 4, 5]);
    cluster.beats(3, 3);
    assert_eq!(cluster.members(3), "{3 4 5}");
    assert_eq!(cluster.members(5), "{3 4 5}");
}

#[test]
fn a_removed_leader_leads_until_that_is_committed_and_then_hands_over() {
    let mut cluster = cluster(3, 0);
    cluster.change(1, &Change::Remove(n(1)));
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
    cluster.propose(1);
    cluster.deliver_one(|sent| sent.to == n(2));
    cluster.deliver_one(|sent| sent.to == n(1));
    assert!(
        cluster.node(1).commit_index() < cluster.node(1).log().configured_at(),
        "the leader does not count itself"
    );
    cluster.deliver_all();
    assert_eq!(cluster.node(1).role(), RoleKind::Follower);
    let leader = if cluster.node(2).role() == RoleKind::Leader {
        2
    } else {
        3
    };
    assert_eq!(
        cluster.node(leader).role(),
        RoleKind::Leader,
        "told to campaign at once"
    );
    assert_eq!(cluster.members(leader), "{2 3}");
    assert_eq!(cluster.changes(1).len(), 1);
    cluster.timeout(1);
    assert_eq!(
        cluster.node(1).role(),
        RoleKind::Follower,
        "it stands no more"
    );
}

/// Dissertation, Figure 4.6: only the removed leader can win before its removal commits.
#[test]
fn a_leader_of_two_that_removes_itself_can_be_elected_once_more() {
    let mut cluster = cluster(2, 0);
    cluster.change(1, &Change::Remove(n(1)));
    cluster.drop_all();
    cluster.crash(1);
    cluster.start(1);
    assert_eq!(cluster.members(1), "{2}");
    cluster.advance(1_000);
    cluster.timeout(2);
    cluster.deliver_all();
    assert_ne!(
        cluster.node(2).role(),
        RoleKind::Leader,
        "its log is behind 1's"
    );
    cluster.elect(1, &[2]);
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
    cluster.beats(1, 3);
    cluster.beats(2, 2);
    assert_eq!(cluster.members(2), "{2}");
    assert_eq!(cluster.node(2).role(), RoleKind::Leader);
}

#[test]
fn a_change_to_dead_servers_is_refused_unless_forced() {
    let mut cluster = cluster(3, 0);
    cluster.crash(3);
    for _ in 0..12 {
        cluster.timeout(1);
        cluster.deliver_all();
    }
    cluster.change(1, &Change::Remove(n(2)));
    assert_eq!(cluster.changes(1), [Err(ChangeFailure::NoLiveQuorum)]);
    cluster.change(1, &Change::Remove(n(3)));
    assert_eq!(cluster.members(1), "{1 2}", "the dead one may go");
    cluster.deliver_all();
    cluster.force(1, &Change::Remove(n(1)));
    cluster.beats(1, 2);
    assert_eq!(cluster.members(2), "{2}");
}

#[test]
fn a_forced_change_to_the_dead_is_made_and_the_cluster_stands_still() {
    let mut cluster = cluster(3, 2);
    cluster.crash(4);
    cluster.crash(5);
    let dead = Change::To {
        voters: [1, 4, 5].map(n).into_iter().collect(),
        learners: Default::default(),
    };
    cluster.force(1, &dead);
    cluster.beats(1, 2);
    assert_eq!(cluster.members(1), "{1 2 3}->{1 4 5}");
    assert!(cluster.node(1).commit_index() < cluster.node(1).log().last_index());
}

#[test]
fn a_dead_newcomer_is_given_up_and_the_operator_told() {
    let mut cluster = cluster(3, 1);
    cluster.crash(4);
    cluster.change(1, &Change::Promote(n(4)));
    for _ in 0..70 {
        cluster.timeout(1);
        cluster.deliver_all();
    }
    assert_eq!(cluster.changes(1), [Err(ChangeFailure::Silent(n(4)))]);
    assert_eq!(cluster.members(1), "{1 2 3} learners {4}");
    cluster.change(1, &Change::Remove(n(4)));
    cluster.deliver_all();
    assert_eq!(cluster.members(1), "{1 2 3}");
}

#[test]
fn a_newcomer_that_never_keeps_up_is_given_up_after_ten_rounds() {
    let mut cluster = cluster(3, 1);
    cluster.change(1, &Change::Promote(n(4)));
    cluster.deliver_among(&[1, 2, 3]);
    for round in 0..200 {
        if !cluster.changes(1).is_empty() {
            assert!(round >= 10, "it has ten rounds");
            break;
        }
        // Messages in flight to server 4 arrive late, and by then there are more entries.
        let slow: Vec<_> = cluster.wire.drain(..).collect();
        cluster.propose(1);
        cluster.deliver_among(&[1, 2, 3]);
        let behind: Vec<_> = cluster.wire.drain(..).collect();
        cluster.advance(200);
        cluster.wire.extend(slow);
        cluster.deliver(|sent| sent.to == n(4));
        cluster.deliver(|sent| sent.to == n(1));
        cluster.wire.extend(behind);
        cluster.timeout(1);
        cluster.deliver_among(&[1, 2, 3]);
    }
    assert_eq!(cluster.changes(1), [Err(ChangeFailure::TooSlow(n(4)))]);
    assert_eq!(cluster.members(1), "{1 2 3} learners {4}");
}

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    let mut cluster = cluster(3, 1);
    let cases = [
        (Change::Add(n(2)), ChangeFailure::Nothing),
        (Change::Promote(n(2)), ChangeFailure::Nothing),
        (Change::Remove(n(9)), ChangeFailure::NoMember(n(9))),
        (Change::Demote(n(4)), ChangeFailure::NoVoter(n(4))),
        (Change::Leave, ChangeFailure::NotJoint),
        (
            Change::Replace {
                old: n(4),
                new: n(5),
            },
            ChangeFailure::NoVoter(n(4)),
        ),
    ];
    for (change, why) in cases {
        cluster.change(1, &change);
        assert_eq!(cluster.changes(1).last(), Some(&Err(why)), "{change:?}");
    }
    let none = Change::To {
        voters: Default::default(),
        learners: Default::default(),
    };
    cluster.change(1, &none);
    assert!(matches!(
        cluster.changes(1).last(),
        Some(Err(ChangeFailure::Senseless(_)))
    ));
    cluster.change(2, &Change::Add(n(4)));
    let elsewhere = ChangeFailure::NotLeader { leader: Some(n(1)) };
    assert_eq!(cluster.changes(2), [Err(elsewhere)]);
}

#[test]
fn a_server_is_replaced_in_one_step() {
    let mut cluster = cluster(3, 1);
    cluster.change(
        1,
        &Change::Replace {
            old: n(3),
            new: n(4),
        },
    );
    cluster.beats(1, 5);
    assert_eq!(cluster.members(1), "{1 2 4}");
    assert_eq!(cluster.members(4), "{1 2 4}");
}

#[test]
fn a_voter_is_demoted_and_promoted_again() {
    let mut cluster = cluster(3, 0);
    cluster.change(1, &Change::Demote(n(3)));
    cluster.beats(1, 2);
    assert_eq!(cluster.members(3), "{1 2} learners {3}");
    cluster.change(1, &Change::Promote(n(3)));
    cluster.beats(1, 3);
    assert_eq!(cluster.members(3), "{1 2 3}");
}

#[test]
fn a_removed_server_disturbs_nobody() {
    let settings = Settings::default();
    let mut cluster = Cluster::with_spares(Standard, 3, 0, settings);
    cluster.lead(1, &[2, 3]);
    cluster.change(1, &Change::Remove(n(3)));
    cluster.deliver_among(&[1, 2]);
    let term = cluster.node(1).current_term();
    for _ in 0..4 {
        cluster.timeout(1);
        cluster.deliver_all();
        cluster.timeout(3);
        cluster.deliver_all();
    }
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
    assert_eq!(cluster.node(1).current_term(), term);
}

#[test]
fn a_server_votes_and_accepts_entries_whoever_asks() {
    let mut cluster = cluster(3, 1);
    // Server 4 knows no other server, and yet a leader that counts on it reaches it (dissertation
    // §4.2.1).
    cluster.change(1, &Change::Promote(n(4)));
    cluster.beats(1, 3);
    assert_eq!(cluster.node(4).leader(), Some(n(1)));
    cluster.crash(4);
    cluster.start(4);
    cluster.elect(2, &[3, 4]);
    assert_eq!(cluster.node(2).role(), RoleKind::Leader);
}

#[test]
fn leadership_handed_to_a_server_that_loses_its_vote_stays() {
    let mut cluster = cluster(3, 0);
    cluster.change(1, &Change::Remove(n(3)));
    cluster.step(1, Input::Transfer { to: n(3) });
    let failed = cluster.answers.iter().any(|(_, answer)| {
        matches!(
            answer,
            Effect::TransferFailed {
                why: TransferFailure::NoVoter,
                ..
            }
        )
    });
    assert!(failed);
    cluster.deliver_all();
    cluster.step(1, Input::Transfer { to: n(2) });
    cluster.change(1, &Change::Remove(n(2)));
    let busy = ChangeFailure::Transferring { to: n(2) };
    assert_eq!(cluster.changes(1).last(), Some(&Err(busy)));
}

#[test]
fn there_is_no_lease_while_a_configuration_is_not_committed() {
    let settings = Settings {
        clock_error: Some(raft_core::Span(10 * MS)),
        ..Settings::default()
    };
    let mut cluster = Cluster::with_spares(Standard, 3, 0, settings);
    cluster.lead(1, &[2, 3]);
    assert!(cluster.node(1).lease_until().is_some());
    cluster.change(1, &Change::Demote(n(3)));
    assert_eq!(cluster.node(1).lease_until(), None);
    cluster.deliver_all();
    assert!(cluster.node(1).lease_until().is_some());
}

/// An answer from an earlier membership must not confirm a later round of reads.
#[test]
fn late_answers_of_a_member_that_was_removed_and_came_back_confirm_nothing() {
    let mut cluster = cluster(3, 0);
    cluster.beats(1, 10);
    cluster.propose(1);
    cluster.deliver(|sent| sent.to == n(3));
    let late: Vec<_> = cluster
        .wire
        .iter()
        .filter(|sent| sent.from == n(3))
        .cloned()
        .collect();
    cluster.wire.retain(|sent| sent.from != n(3));
    cluster.deliver_all();
    cluster.force(1, &Change::Remove(n(3)));
    cluster.beats(1, 1);
    cluster.force(1, &Change::Promote(n(3)));
    cluster.drop_all();
    cluster.read(1, 5, ReadMode::ReadIndex);
    cluster.drop_all();
    cluster.wire.extend(late);
    cluster.deliver(|sent| sent.to == n(1));
    assert_eq!(cluster.ready(5), None);
    cluster.beats(1, 1);
    assert!(cluster.ready(5).is_some());
}

#[test]
fn a_restarted_server_is_under_the_latest_configuration_of_its_log() {
    let mut cluster = cluster(3, 0);
    cluster.change(1, &Change::Remove(n(3)));
    cluster.deliver_one(|sent| sent.to == n(2));
    cluster.crash(2);
    cluster.start(2);
    assert_eq!(cluster.members(2), "{1 2}");
    assert_eq!(
        cluster.node(2).commit_index(),
        Index(0),
        "though it knows of no commit"
    );
}

#[test]
fn a_snapshot_carries_both_halves_of_a_joint_configuration() {
    let mut cluster = joint();
    cluster.deliver_all();
    let through = cluster.node(1).commit_index().0;
    cluster.snapshot(1, 100, through);
    cluster.crash(1);
    cluster.start(1);
    assert_eq!(cluster.members(1), "{1 2 3}->{1 4 5}");
}

#[test]
fn who_knows_no_member_takes_no_snapshot() {
    let mut cluster = cluster(1, 1);
    cluster.propose(1);
    cluster.change(1, &Change::Add(n(2)));
    cluster.deliver_one(|sent| sent.to == n(2));
    cluster.beats(1, 1);
    let known = cluster.node(2).log().configured_at();
    assert!(known <= cluster.node(2).commit_index());
    cluster.snapshot(2, 50, known.0);
    assert_eq!(
        cluster.node(2).snapshot().map(|id| id.last.index),
        Some(cluster.node(2).commit_index())
    );
}

/// Ongaro 2015: without an entry of its own term first, two leaders can each commit a configuration
/// of its own.
#[test]
fn without_an_entry_of_its_own_first_two_configurations_commit() {
    #[derive(Clone)]
    struct Hasty;
    impl Rules for Hasty {
        fn change_may_begin(
            &self,
            _: Result<raft_core::Term, raft_core::OutsideLog>,
            _: raft_core::Term,
        ) -> bool {
            true
        }
    }
    let mut cluster = Cluster::with_spares(Hasty, 4, 0, plain());
    cluster.lead(1, &[2, 3, 4]);
    cluster.force(1, &Change::Remove(n(2)));
    cluster.drop_all();
    cluster.elect(2, &[3, 4]);
    // Its own first entry reaches no other server; the configuration reaches 3 alone, together with
    // that entry.
    cluster.force(2, &Change::Remove(n(1)));
    cluster.timeout(2);
    cluster.deliver_among(&[2, 3]);
    let two = cluster.node(2).commit_index();
    assert!(
        two >= cluster.node(2).log().configured_at(),
        "{{2 3 4}} is committed by 2 and 3"
    );
    assert_eq!(cluster.members(2), "{2 3 4}");
    cluster.drop_all();
    cluster.advance(1_000);
    for _ in 0..3 {
        cluster.timeout(1);
        cluster.deliver_among(&[1, 4]);
        cluster.drop_all();
    }
    assert_eq!(cluster.members(1), "{1 3 4}");
    assert_eq!(
        cluster.node(1).role(),
        RoleKind::Leader,
        "1 and 4 decide without 2 and 3"
    );
    let there = cluster.node(2).log().configured_at();
    assert_ne!(
        cluster.node(1).log().term_at(there),
        cluster.node(2).log().term_at(there),
        "it will overwrite what 2 has committed"
    );
}
