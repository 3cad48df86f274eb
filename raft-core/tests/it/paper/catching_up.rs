//! Dissertation §4.2.1: a new server receives the log before it has a vote.

use raft_core::{Body, Change, ChangeFailure, Event, RoleKind};

use super::{configured_at, peer, with_spares};
use crate::common::{Cluster, n};

fn everything_is_committed(cluster: &Cluster, id: u64) -> bool {
    cluster.node(id).commit_index() == cluster.node(id).log().last_index()
}

fn caught_up(cluster: &Cluster) -> bool {
    cluster.saw(1, |event| matches!(event, Event::CaughtUp { .. }))
}

#[test]
fn a_server_without_a_vote_receives_every_entry() {
    let mut cluster = with_spares(3, 1);
    cluster.change(1, &Change::Add(n(4)));
    for _ in 0..5 {
        cluster.propose(1);
        cluster.beats(1, 2);
    }
    assert_eq!(cluster.terms(4), cluster.terms(1));
    assert_eq!(
        cluster.node(4).commit_index(),
        cluster.node(1).commit_index()
    );
}

#[test]
fn a_server_without_a_vote_counts_for_no_commitment() {
    let mut cluster = with_spares(3, 2);
    for id in [4, 5] {
        cluster.change(1, &Change::Add(n(id)));
        cluster.beats(1, 2);
    }
    let before = cluster.node(1).commit_index();
    cluster.propose(1);
    cluster.beats_among(1, &[1, 4, 5], 3);
    assert_eq!(peer(&cluster, 1, 4).match_index, before.next());
    assert_eq!(cluster.node(1).commit_index(), before);
    cluster.beats_among(1, &[1, 2], 2);
    assert!(everything_is_committed(&cluster, 1));
}

#[test]
fn a_server_without_a_vote_is_not_asked_for_one_and_elects_nobody() {
    let mut cluster = with_spares(3, 2);
    for id in [4, 5] {
        cluster.change(1, &Change::Add(n(id)));
        cluster.beats(1, 2);
    }
    cluster.drop_all();
    cluster.advance(1_000);
    cluster.timeout(2);
    assert!(cluster.wire.iter().all(|sent| sent.to.0 <= 3));
    let term = cluster.node(2).current_term().0;
    for id in [4, 5] {
        cluster.receive(id, 2, term, super::GRANT);
    }
    assert_eq!(cluster.node(2).role(), RoleKind::Candidate);
    cluster.receive(3, 2, term, super::GRANT);
    assert_eq!(cluster.node(2).role(), RoleKind::Leader);
}

#[test]
fn a_server_that_is_to_have_a_vote_joins_without_one() {
    let mut cluster = with_spares(3, 1);
    cluster.change(1, &Change::Promote(n(4)));
    assert_eq!(cluster.members(1), "{1 2 3} learners {4}");
    cluster.deliver_among(&[1, 2, 3]);
    assert!(everything_is_committed(&cluster, 1), "without it");
    assert_eq!(cluster.changes(1), []);
    assert!(!caught_up(&cluster));
    cluster.beats(1, 3);
    assert!(caught_up(&cluster));
    assert_eq!(cluster.members(1), "{1 2 3 4}");
}

#[test]
fn a_round_ends_with_what_the_log_held_at_its_beginning_however_much_came_since() {
    let mut cluster = with_spares(3, 1);
    cluster.change(1, &Change::Promote(n(4)));
    let through = cluster.node(1).log().last_index();
    for _ in 0..6 {
        cluster.propose(1);
        cluster.deliver_among(&[1, 2, 3]);
    }
    while !caught_up(&cluster) {
        let matched = peer(&cluster, 1, 4).match_index;
        assert!(matched < through, "{matched} is all that was there");
        assert!(cluster.deliver_one(|_| true), "4 is sent what it lacks");
    }
}

/// A newcomer whose every answer takes this long, while a new command arrives with each.
fn slow(took: u64) -> Cluster {
    let mut cluster = with_spares(3, 1);
    cluster.change(1, &Change::Promote(n(4)));
    cluster.deliver_among(&[1, 2, 3]);
    for _ in 0..200 {
        if !cluster.is_changing(1) || caught_up(&cluster) {
            break;
        }
        let late: Vec<_> = cluster.wire.drain(..).collect();
        cluster.propose(1);
        cluster.deliver_among(&[1, 2, 3]);
        let behind: Vec<_> = cluster.wire.drain(..).collect();
        cluster.advance(took);
        cluster.wire.extend(late);
        cluster.deliver(|sent| sent.to == n(4));
        cluster.deliver(|sent| sent.to == n(1));
        cluster.wire.extend(behind);
        cluster.timeout(1);
        cluster.deliver_among(&[1, 2, 3]);
    }
    cluster
}

fn rounds(cluster: &Cluster) -> Vec<u64> {
    let rounds = cluster.events.iter().filter_map(|(_, event)| match event {
        Event::CatchUpRound { round, .. } => Some(*round),
        _ => None,
    });
    rounds.collect()
}

#[test]
fn a_round_shorter_than_an_election_timeout_brings_the_vote() {
    let mut cluster = slow(20);
    assert!(caught_up(&cluster));
    cluster.beats(1, 3);
    assert_eq!(cluster.members(1), "{1 2 3 4}");
}

#[test]
fn after_ten_rounds_that_took_too_long_the_change_ends_in_an_error() {
    let cluster = slow(200);
    assert_eq!(rounds(&cluster), (1..=10).collect::<Vec<_>>());
    assert_eq!(cluster.changes(1), [Err(ChangeFailure::TooSlow(n(4)))]);
    assert_eq!(cluster.members(1), "{1 2 3} learners {4}");
}

#[test]
fn a_newcomer_that_cannot_be_reached_ends_the_change_in_an_error() {
    let mut cluster = with_spares(3, 0);
    let begun = cluster.now;
    cluster.change(1, &Change::Promote(n(9)));
    while cluster.changes(1).is_empty() {
        cluster.beats_among(1, &[1, 2, 3], 1);
    }
    assert_eq!(cluster.changes(1), [Err(ChangeFailure::Silent(n(9)))]);
    let longest = cluster.settings.election_timeout_max.0;
    assert!(cluster.now - begun < 12 * longest, "in reasonable time");
    cluster.propose(1);
    cluster.deliver_among(&[1, 2, 3]);
    assert!(everything_is_committed(&cluster, 1), "and nobody waits");
}

#[test]
fn a_leader_finds_the_end_of_a_new_servers_log_in_one_step() {
    let mut cluster = with_spares(3, 1);
    for _ in 0..200 {
        cluster.propose(1);
    }
    cluster.deliver_all();
    cluster.change(1, &Change::Add(n(4)));
    cluster.beats(1, 1);
    let back = cluster
        .events
        .iter()
        .filter(|(_, event)| matches!(event, Event::BackedOff { peer, .. } if *peer == n(4)));
    assert_eq!(back.count(), 1);
    assert_eq!(cluster.terms(4), cluster.terms(1));
}

#[test]
fn commands_are_committed_as_ever_while_a_new_server_catches_up() {
    let mut cluster = with_spares(3, 1);
    cluster.change(1, &Change::Promote(n(4)));
    for _ in 0..10 {
        cluster.propose(1);
        cluster.beats_among(1, &[1, 2], 1);
        assert!(everything_is_committed(&cluster, 1));
    }
}

/// Figure 4.4 (a): the reason for catching up.
#[test]
fn an_empty_server_with_a_vote_at_once_would_hold_everything_up_after_one_failure() {
    let commits = |forced: bool| {
        let mut cluster = with_spares(3, 1);
        match forced {
            true => cluster.force(1, &Change::Promote(n(4))),
            false => cluster.change(1, &Change::Promote(n(4))),
        };
        cluster.crash(3);
        cluster.propose(1);
        // Server 4 is slow: no missing entry has reached it yet.
        cluster.beats_among(1, &[1, 2], 3);
        everything_is_committed(&cluster, 1)
    };
    assert!(!commits(true));
    assert!(commits(false));
}

#[test]
fn a_new_server_is_sent_a_snapshot_where_the_log_is_cut() {
    let mut cluster = with_spares(3, 1);
    for _ in 0..10 {
        cluster.propose(1);
    }
    cluster.deliver_all();
    cluster.snapshot(1, 500, 99);
    cluster.change(1, &Change::Promote(n(4)));
    cluster.beats_until_settled(1);
    assert_eq!(cluster.members(4), "{1 2 3 4}");
    assert_eq!(
        cluster.node(4).log().base().last,
        cluster.node(1).log().base().last
    );
}

#[test]
fn a_leader_that_is_replaced_leaves_the_newcomer_without_a_vote() {
    let mut cluster = with_spares(3, 1);
    cluster.change(1, &Change::Promote(n(4)));
    cluster.deliver_among(&[1, 2, 3]);
    cluster.lead(2, &[1, 3]);
    assert_eq!(cluster.changes(1), [Err(ChangeFailure::LeadershipLost)]);
    cluster.beats(2, 3);
    assert_eq!(cluster.members(4), "{1 2 3} learners {4}");
    assert_eq!(cluster.node(4).leader(), Some(n(2)));
}

#[test]
fn a_server_without_a_vote_never_campaigns_not_even_when_told_to() {
    let mut cluster = with_spares(3, 1);
    cluster.change(1, &Change::Add(n(4)));
    cluster.beats(1, 2);
    for _ in 0..3 {
        cluster.timeout(4);
        cluster.receive(1, 4, 1, Body::TimeoutNow);
        assert_eq!(cluster.node(4).role(), RoleKind::Follower);
    }
    assert_eq!(cluster.node(4).current_term().0, 1);
}

#[test]
fn several_newcomers_all_catch_up_before_any_has_a_vote() {
    let mut cluster = with_spares(3, 2);
    cluster.change(1, &super::to(&[1, 4, 5]));
    let at = configured_at(&cluster, 1);
    cluster.beats_among(1, &[1, 2, 3, 4], 2);
    assert_eq!(cluster.members(1), "{1 2 3} learners {4 5}");
    assert_eq!(configured_at(&cluster, 1), at, "5 has nothing yet");
    cluster.beats_until_settled(1);
    assert_eq!(cluster.members(1), "{1 4 5}");
}
