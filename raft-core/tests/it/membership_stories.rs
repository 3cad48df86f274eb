//! The purpose of each rule of membership: one story, played with the published rules and with one
//! of them broken. Only the broken one ends badly.

use crate::common::{Cluster, n, plain};
use raft_core::{
    Change, ChangeFailure, ChangeOptions, Event, Index, Input, Instant, OutsideLog, RoleKind,
    Rules, Settings, Span, Term,
};

/// One rule broken, or none.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Planted {
    Nothing,
    ChangesBeforeAnEntryOfItsOwn,
    ChangesTwiceAtOnce,
    InForceAtCommit,
    NeverRolledBack,
    SnapshotLosesOutgoing,
    FoundOnlyIfCommitted,
    IncomingDecidesAlone,
    JointLeftAtOnce,
    OutsiderStepsDownAtOnce,
    AnybodyStands,
    MembersVote,
    NewcomerReadyAtOnce,
    DeadQuorumDoes,
    AddedAgainVotes,
}

use Planted::*;

impl Rules for Planted {
    fn change_may_begin(&self, term: Result<Term, OutsideLog>, current: Term) -> bool {
        *self == ChangesBeforeAnEntryOfItsOwn || term == Ok(current)
    }
    fn change_is_over(&self, configured_at: Index, commit: Index) -> bool {
        *self == ChangesTwiceAtOnce || configured_at <= commit
    }
    fn in_force_through(&self, last: Index, commit: Index) -> Index {
        match self {
            InForceAtCommit => commit,
            _ => last,
        }
    }
    fn configurations_forgotten(&self, from: Index) -> Index {
        match self {
            NeverRolledBack => Index(u64::MAX),
            _ => from,
        }
    }
    fn snapshot_keeps_outgoing(&self) -> bool {
        *self != SnapshotLosesOutgoing
    }
    fn configuration_found_counts(&self, at: Index, commit: Index) -> bool {
        *self != FoundOnlyIfCommitted || at <= commit
    }
    fn outgoing_must_agree(&self) -> bool {
        *self != IncomingDecidesAlone
    }
    fn joint_may_be_left(&self, joint_at: Index, commit: Index) -> bool {
        *self == JointLeftAtOnce || joint_at <= commit
    }
    fn outsider_steps_down(&self, configured_at: Index, commit: Index) -> bool {
        *self == OutsiderStepsDownAtOnce || configured_at <= commit
    }
    fn may_stand(&self, voter: bool, was_voter: bool) -> bool {
        *self == AnybodyStands || voter || was_voter
    }
    fn member_votes(&self, voter: bool) -> bool {
        *self == MembersVote || voter
    }
    fn newcomer_is_ready(&self, round: Option<Span>, timeout_min: Span) -> bool {
        *self == NewcomerReadyAtOnce || round.is_some_and(|round| round < timeout_min)
    }
    fn quorum_is_live(&self, now: Instant, contact: Instant, timeout_max: Span) -> bool {
        *self == DeadQuorumDoes || now.since(contact) <= timeout_max
    }
    fn added_again_votes(&self) -> bool {
        *self == AddedAgainVotes
    }
}

type World = Cluster;

/// `size` servers, the first of which leads, and `spares` that know no other server.
fn world(rules: Planted, size: u64, spares: u64) -> World {
    let mut world = Cluster::with_spares(rules, size, spares, plain());
    world.checked = rules == Nothing;
    let others: Vec<_> = (2..=size).collect();
    world.lead(1, &others);
    world
}

/// The same, with all spares as learners that hold the whole log.
fn with_learners(rules: Planted, size: u64, learners: u64) -> World {
    let mut world = world(rules, size, learners);
    for id in size + 1..=size + learners {
        world.change(1, &Change::Add(n(id)));
        world.beats(1, 2);
    }
    world
}

/// `id` campaigns, and only `others` receive and answer. Returns whether it wins; they then hold
/// its first entry.
fn wins(world: &mut World, id: u64, others: &[u64]) -> bool {
    world.drop_all();
    world.timeout(id);
    among(world, &[&[id], others].concat());
    world.node(id).role() == RoleKind::Leader
}

/// Messages among these servers arrive; all others are lost.
fn among(world: &mut World, ids: &[u64]) {
    world.deliver_among(ids);
    world.drop_all();
}

/// A term that two servers have led.
fn led_twice(world: &World) -> Option<Term> {
    let reigns = world.events.iter().filter_map(|(id, event)| match event {
        Event::Became { role, term, .. } if *role == RoleKind::Leader => Some((*term, *id)),
        _ => None,
    });
    let reigns: Vec<_> = reigns.collect();
    let twice = |(term, id): &&(Term, _)| reigns.iter().any(|(t, other)| t == term && other != id);
    reigns.iter().find(twice).map(|(term, _)| *term)
}

/// Whether two servers hold different entries at an index that both know to be committed.
fn committed_differently(world: &World) -> bool {
    let nodes: Vec<_> = world.nodes.values().collect();
    nodes.iter().any(|a| {
        nodes.iter().any(|b| {
            let both = a.commit_index().min(b.commit_index()).0;
            // Entries that are cut off lie outside the log.
            let terms = |i| {
                a.log()
                    .term_at(Index(i))
                    .ok()
                    .zip(b.log().term_at(Index(i)).ok())
            };
            (1..=both).filter_map(terms).any(|(a, b)| a != b)
        })
    })
}

/// Whether a proposal at the leader commits, with these servers.
fn commits(world: &mut World, id: u64, others: &[u64]) -> bool {
    world.propose(id);
    let proposed = world.node(id).log().last_index();
    among(world, &[&[id], others].concat());
    world.node(id).commit_index() >= proposed
}

fn to(voters: &[u64]) -> Change {
    Change::To {
        voters: voters.iter().map(|id| n(*id)).collect(),
        learners: Default::default(),
    }
}

/// Asserts that a story ends badly with this rule broken, and well with the published ones.
fn only_with(bug: Planted, ends_badly: impl Fn(Planted) -> bool) {
    assert!(!ends_badly(Nothing), "the published rules keep it");
    assert!(ends_badly(bug), "{bug:?} breaks nothing here");
}

/// M-01. Ongaro, raft-dev, 10 July 2015.
#[test]
fn a_change_before_an_entry_of_the_own_term_commits_two_configurations() {
    only_with(ChangesBeforeAnEntryOfItsOwn, |rules| {
        let mut world = world(rules, 4, 0);
        world.change(1, &Change::Remove(n(2)));
        world.drop_all();
        // Server 2 leads, and no other server has its first entry when it removes server 1.
        world.elect(2, &[3, 4]);
        world.change(2, &Change::Remove(n(1)));
        for _ in 0..2 {
            world.timeout(2);
            among(&mut world, &[2, 3]);
        }
        // Server 4 has heard of neither. Server 1 uses {1 3 4}, where 1 and 4 are a majority.
        for _ in 0..2 {
            wins(&mut world, 1, &[4]);
        }
        commits(&mut world, 1, &[4]);
        committed_differently(&world)
    });
}

/// M-03.
#[test]
fn two_changes_at_once_elect_two_leaders() {
    only_with(ChangesTwiceAtOnce, |rules| {
        let mut world = world(rules, 5, 0);
        world.change(1, &Change::Remove(n(5)));
        world.change(1, &Change::Remove(n(4)));
        among(&mut world, &[1, 2]);
        // Servers 3 to 5 have heard of neither, and are a majority of five; 1 and 2 are one of {1 2
        // 3}.
        wins(&mut world, 3, &[4, 5]);
        wins(&mut world, 2, &[1]);
        led_twice(&world).is_some()
    });
}

/// Servers 1 to 3 remove 5 and 4. Then 3 restarts, and 1 and 2 learn of the commit.
fn restarted_after_two_removals(rules: Planted) -> World {
    let mut world = world(rules, 5, 0);
    for gone in [5, 4] {
        world.change(1, &Change::Remove(n(gone)));
        among(&mut world, &[1, 2, 3]);
    }
    world.timeout(1);
    among(&mut world, &[1, 2]);
    assert_eq!(world.members(1), "{1 2 3}");
    world.crash(3);
    world.start(3);
    world
}

/// M-02. A commit index does not survive a restart, and neither does a configuration that depends
/// on it.
#[test]
fn a_configuration_in_force_when_committed_elects_two_leaders() {
    only_with(InForceAtCommit, |rules| {
        let mut world = restarted_after_two_removals(rules);
        wins(&mut world, 3, &[4, 5]);
        wins(&mut world, 2, &[1]);
        led_twice(&world).is_some()
    });
}

/// P-16.
#[test]
fn a_configuration_that_is_not_read_after_a_restart_elects_two_leaders() {
    only_with(FoundOnlyIfCommitted, |rules| {
        let mut world = restarted_after_two_removals(rules);
        wins(&mut world, 3, &[4, 5]);
        wins(&mut world, 2, &[1]);
        led_twice(&world).is_some()
    });
}

/// M-04.
#[test]
fn a_configuration_that_outlives_its_entry_elects_two_leaders() {
    only_with(NeverRolledBack, |rules| {
        let mut world = world(rules, 4, 0);
        world.change(1, &Change::Remove(n(2)));
        // Server 2 leads, and its first entry replaces that configuration.
        assert!(wins(&mut world, 2, &[1, 3, 4]));
        assert_eq!(world.terms(1), [1, 2]);
        world.change(2, &Change::Remove(n(1)));
        among(&mut world, &[2, 3]);
        // Servers 1 and 4 are a majority of {1 3 4}, which was never committed; 2 and 3 are one of
        // {2 3 4}, which is.
        wins(&mut world, 1, &[4]);
        wins(&mut world, 3, &[2]);
        led_twice(&world).is_some()
    });
}

/// M-04. As long as no entry has replaced it, the server can detect this by itself.
#[test]
fn a_configuration_beyond_the_logs_end_is_reported() {
    let mut world = world(NeverRolledBack, 3, 0);
    world.propose(1);
    world.drop_all();
    world.change(1, &Change::Remove(n(2)));
    assert!(wins(&mut world, 2, &[1, 3]));
    let broken = world.node(1).invariants().unwrap_err();
    assert!(broken.0.contains("not in the log"), "{broken}");
}

/// {1 2 3} is joint with {1 4 5}, which is committed; 5 was away, and receives a snapshot.
fn joined_by_snapshot(rules: Planted) -> World {
    let mut world = with_learners(rules, 3, 2);
    let (change, how) = (
        &to(&[1, 4, 5]),
        ChangeOptions {
            stays_joint: true,
            ..ChangeOptions::default()
        },
    );
    world.step(1, Input::Change { change, how });
    for _ in 0..3 {
        world.timeout(1);
        // Server 5 gets enough messages to catch up, and then no more.
        let joint = world.node(1).configuration().is_joint();
        among(
            &mut world,
            if joint {
                &[1, 2, 3, 4]
            } else {
                &[1, 2, 3, 4, 5]
            },
        );
    }
    let commit = world.node(1).commit_index().0;
    world.snapshot(1, 100, commit);
    for _ in 0..3 {
        world.timeout(1);
        world.deliver_all();
    }
    world
}

/// M-06. The joint configuration is committed, so that elections by the incoming half are safe. But
/// no other server ever learns that the leader has left it.
#[test]
fn a_snapshot_without_the_outgoing_half_leaves_the_others_joint_for_ever() {
    only_with(SnapshotLosesOutgoing, |rules| {
        let mut world = joined_by_snapshot(rules);
        assert_eq!(world.members(4), "{1 2 3}->{1 4 5}");
        assert!(wins(&mut world, 5, &[1, 2, 4]));
        world.change(5, &Change::Leave);
        for _ in 0..3 {
            world.timeout(5);
            among(&mut world, &[1, 4, 5]);
            among(&mut world, &[1, 2, 4, 5]);
        }
        assert_eq!(world.members(5), "{1 4 5}");
        // The operator switches off the servers that are no members in the view of 5. Then 5
        // crashes.
        [2, 3, 5].iter().for_each(|id| world.crash(*id));
        !(0..4).any(|_| wins(&mut world, 1, &[4]) || wins(&mut world, 4, &[1]))
    });
}

/// Server 1 moves the votes of 2 and 3 to 4 and 5; 2 and 3 do not hear of it.
fn half_moved(rules: Planted) -> World {
    let mut world = with_learners(rules, 3, 2);
    world.change(1, &to(&[1, 4, 5]));
    for _ in 0..3 {
        world.timeout(1);
        among(&mut world, &[1, 4, 5]);
    }
    world
}

/// C-05.
#[test]
fn a_joint_configuration_that_only_its_incoming_half_commits_elects_two_leaders() {
    only_with(IncomingDecidesAlone, |rules| {
        let mut world = half_moved(rules);
        wins(&mut world, 2, &[3]);
        wins(&mut world, 4, &[5]);
        led_twice(&world).is_some()
    });
}

/// M-08.
#[test]
fn a_joint_configuration_that_is_left_at_once_elects_two_leaders() {
    only_with(JointLeftAtOnce, |rules| {
        let mut world = half_moved(rules);
        wins(&mut world, 2, &[3]);
        wins(&mut world, 4, &[5]);
        led_twice(&world).is_some()
    });
}

/// M-09.
#[test]
fn a_leader_that_goes_before_its_removal_commits_is_not_removed_if_one_message_is_lost() {
    only_with(OutsiderStepsDownAtOnce, |rules| {
        let mut world = world(rules, 3, 0);
        world.change(1, &Change::Remove(n(1)));
        world.drop_all();
        world.timeout(1);
        world.deliver_all();
        let leader = [2, 3]
            .into_iter()
            .find(|id| world.node(*id).role() == RoleKind::Leader);
        let leader = leader.expect("1 has told one of them to campaign");
        let told = world.changes(1);
        match world.members(leader).as_str() {
            "{2 3}" => assert!(told[0].is_ok(), "{told:?}"),
            _ => assert_eq!(told, [Err(ChangeFailure::LeadershipLost)]),
        }
        world.members(leader) != "{2 3}"
    });
}

/// M-10. Pre-vote would also prevent this: see `a_removed_server_disturbs_nobody` in
/// `membership.rs`.
#[test]
fn without_pre_vote_and_stickiness_a_removed_server_deposes_every_leader() {
    let deposed = |settings: Settings| {
        let mut world = Cluster::with_spares(Nothing, 3, 0, settings);
        world.lead(1, &[2, 3]);
        world.change(1, &Change::Remove(n(3)));
        among(&mut world, &[1, 2]);
        let term = world.node(1).current_term().0;
        for _ in 0..5 {
            while world.node(1).deadline() < world.node(3).deadline() {
                world.timeout(1);
                world.deliver_all();
            }
            world.timeout(3);
            world.deliver_all();
        }
        world.node(1).current_term().0 - term
    };
    assert_eq!(deposed(Settings::default()), 0);
    let guarded = |settings: Settings| deposed(settings) == 0;
    assert!(guarded(Settings {
        stickiness: true,
        ..plain()
    }));
    assert!(guarded(Settings {
        pre_vote: true,
        ..plain()
    }));
    assert!(deposed(plain()) >= 5);
}

/// M-12.
#[test]
fn a_newcomer_with_an_empty_log_takes_away_what_a_crash_was_allowed_to() {
    only_with(NewcomerReadyAtOnce, |rules| {
        let mut world = world(rules, 3, 1);
        world.crash(4);
        world.change(1, &Change::Promote(n(4)));
        world.beats(1, 2);
        world.crash(3);
        !commits(&mut world, 1, &[2])
    });
}

/// M-14.
#[test]
fn a_learner_that_is_added_again_counts_when_it_is_gone() {
    only_with(AddedAgainVotes, |rules| {
        let mut world = with_learners(rules, 3, 1);
        world.change(1, &Change::Add(n(4)));
        world.beats(1, 3);
        [3, 4].iter().for_each(|id| world.crash(*id));
        !commits(&mut world, 1, &[2])
    });
}

/// E-15. Voters decide elections, so there are no two leaders; but there may soon be none.
#[test]
fn a_learner_that_stands_deposes_leaders() {
    only_with(AnybodyStands, |rules| {
        let mut world = with_learners(rules, 3, 1);
        let term = world.node(1).current_term();
        for _ in 0..5 {
            // It sends, but does not receive.
            world.timeout(4);
            world.deliver(|sent| sent.to != n(4));
            world.drop_all();
        }
        let disturbed = world.node(1).current_term() > term;
        assert_eq!(disturbed, world.node(1).role() != RoleKind::Leader);
        disturbed
    });
}

/// E-15. If it wins, it must not stay leader.
#[test]
fn a_learner_that_wins_leads_until_its_first_entry_is_committed() {
    only_with(AnybodyStands, |rules| {
        let mut world = with_learners(rules, 3, 1);
        world.crash(1);
        world.timeout(4);
        world.deliver_all();
        let led = world.saw(
            4,
            |event| matches!(event, Event::Became { role, .. } if *role == RoleKind::Leader),
        );
        assert_eq!(world.node(4).role(), RoleKind::Follower);
        assert_eq!(led_twice(&world), None);
        led
    });
}

/// E-18.
#[test]
fn votes_of_learners_elect_two_leaders() {
    only_with(MembersVote, |rules| {
        let mut world = with_learners(rules, 3, 2);
        wins(&mut world, 3, &[4, 5]);
        wins(&mut world, 2, &[1]);
        led_twice(&world).is_some()
    });
}

/// L-17.
#[test]
fn a_joint_configuration_with_a_dead_half_lets_nothing_commit() {
    only_with(DeadQuorumDoes, |rules| {
        let mut world = world(rules, 5, 0);
        [4, 5].iter().for_each(|id| world.crash(*id));
        world.beats(1, 20);
        world.change(1, &to(&[1, 4, 5]));
        world.beats(1, 2);
        !commits(&mut world, 1, &[2, 3])
    });
}
