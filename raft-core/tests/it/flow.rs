//! Claims about pace: windows, lost messages, and a leader's speed in finding where logs agree.

use crate::common::{Cluster, Envelope, n, plain};
use raft_core::{Body, Event, Index, Progress, ProgressState, Rules, Settings};

fn entries(envelope: &Envelope) -> bool {
    matches!(&envelope.message.body, Body::AppendEntries(append) if !append.is_empty())
}

fn sent_to(cluster: &Cluster, id: u64) -> usize {
    cluster
        .wire
        .iter()
        .filter(|e| e.to == n(id) && entries(e))
        .count()
}

fn peer(cluster: &Cluster, id: u64) -> &Progress {
    let peers = cluster.node(1).progress();
    peers.iter().find(|progress| progress.id == n(id)).unwrap()
}

#[test]
fn entries_follow_each_other_without_waiting_up_to_the_window() {
    let settings = Settings {
        window_messages: 4,
        ..plain()
    };
    let mut cluster = Cluster::new(3, settings);
    cluster.lead(1, &[2, 3]);
    for _ in 0..10 {
        cluster.propose(1);
    }
    assert_eq!(sent_to(&cluster, 2), 4);
    cluster.deliver_one(|e| e.to == n(2));
    cluster.deliver_one(|e| e.from == n(2));
    assert_eq!(
        sent_to(&cluster, 2),
        4,
        "one arrived, one more left, with all that was left"
    );
    cluster.deliver_all();
    assert_eq!(cluster.node(1).commit_index(), Index(11));
}

#[test]
fn the_window_also_counts_bytes() {
    let settings = Settings {
        max_message_bytes: 100,
        window_bytes: 300,
        ..plain()
    };
    let mut cluster = Cluster::new(3, settings);
    cluster.lead(1, &[2, 3]);
    for _ in 0..10 {
        cluster.propose_sizes(1, &[100]);
    }
    assert_eq!(sent_to(&cluster, 2), 3);
    cluster.deliver_all();
    assert_eq!(cluster.node(1).commit_index(), Index(11));
}

#[test]
fn one_entry_larger_than_any_window_travels_alone() {
    let settings = Settings {
        max_message_bytes: 100,
        window_bytes: 100,
        ..plain()
    };
    let mut cluster = Cluster::new(3, settings);
    cluster.lead(1, &[2, 3]);
    cluster.propose_sizes(1, &[60, 10_000, 60, 60]);
    cluster.deliver_all();
    assert_eq!(cluster.node(1).commit_index(), Index(5));
}

#[test]
fn no_message_carries_more_than_its_limit_or_two_terms() {
    let logs: [&[u64]; 3] = [&[1, 1, 1, 2, 2, 2, 2, 2], &[], &[]];
    let settings = Settings {
        max_message_bytes: 25,
        window_bytes: 100,
        ..plain()
    };
    let mut cluster = Cluster::new(3, settings).with_logs(2, &logs);
    cluster.elect(1, &[3]);
    cluster.timeout(1);
    let mut carried = Vec::new();
    while let Some(next) = cluster.wire.front().cloned() {
        if let Body::AppendEntries(append) = &next.message.body
            && next.to == n(2)
            && !append.is_empty()
        {
            let (first, last) = (append.prev.index.0 + 1, append.last.0);
            assert!(append.bytes <= 30 && last - first < 3);
            carried.push((first, last, append.entries_term.0));
        }
        cluster.deliver_one(|_| true);
    }
    assert_eq!(
        carried,
        [
            (1, 2, 1),
            (3, 3, 1),
            (4, 5, 2),
            (6, 7, 2),
            (8, 8, 2),
            (9, 9, 3)
        ]
    );
}

#[test]
fn lost_entries_are_found_by_the_next_heartbeat() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    for _ in 0..40 {
        cluster.propose(1);
    }
    cluster.drop_all();
    assert!(peer(&cluster, 2).next_index > Index(2));
    cluster.timeout(1);
    cluster.deliver_all();
    assert_eq!(cluster.terms(2).len(), 41);
    assert_eq!(cluster.node(1).commit_index(), Index(41));
}

#[test]
fn a_full_window_of_lost_messages_is_no_dead_end() {
    let settings = Settings {
        window_messages: 1,
        ..plain()
    };
    let mut cluster = Cluster::new(3, settings);
    cluster.lead(1, &[2, 3]);
    for _ in 0..3 {
        cluster.propose(1);
        cluster.drop_all();
    }
    cluster.timeout(1);
    cluster.deliver_all();
    assert_eq!(cluster.node(1).commit_index(), Index(4));
}

#[test]
fn a_lost_probe_is_repeated_by_the_next_heartbeat() {
    let mut cluster = Cluster::new(3, plain()).with_logs(1, &[&[1], &[1], &[1]]);
    cluster.elect(1, &[2]);
    assert_eq!(
        peer(&cluster, 2).pace,
        ProgressState::Probe { waiting: true },
        "its probe was dropped"
    );
    cluster.timeout(1);
    assert_eq!(sent_to(&cluster, 2), 0, "a heartbeat asks first");
    cluster.deliver_all();
    assert_eq!(peer(&cluster, 2).pace, ProgressState::Replicate);
    assert_eq!(cluster.node(1).commit_index(), Index(2));
}

#[test]
fn lost_acknowledgements_are_repeated_by_the_next_heartbeat() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    cluster.deliver(|e| e.from == n(1));
    cluster.drop_all();
    cluster.timeout(1);
    cluster.deliver_all();
    assert_eq!(cluster.node(1).commit_index(), Index(2));
}

#[test]
fn overtaken_messages_cost_a_probe_and_lose_nothing() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    for _ in 0..8 {
        cluster.propose(1);
    }
    cluster.wire.make_contiguous().reverse();
    cluster.deliver_all();
    cluster.timeout(1);
    cluster.deliver_all();
    assert_eq!(cluster.terms(2).len(), 9);
    assert_eq!(peer(&cluster, 2).match_index, Index(9));
}

/// The number of times that the leader goes back until server 2 follows.
fn back_offs(rules: impl Rules + 'static, leader: &[u64], follower: &[u64]) -> usize {
    let mut cluster = Cluster::with_rules(rules, 3, plain()).with_logs(9, &[leader, follower, &[]]);
    cluster.elect(1, &[3]);
    for _ in 0..3 {
        cluster.timeout(1);
        cluster.deliver_among(&[1, 2]);
    }
    assert_eq!(cluster.terms(2), cluster.terms(1));
    cluster
        .events
        .iter()
        .filter(|(_, event)| matches!(event, Event::BackedOff { peer, .. } if *peer == n(2)))
        .count()
}

/// Goes back one entry at a time (gallery R-11).
#[derive(Clone)]
struct OneByOne;

impl Rules for OneByOne {
    fn next_after_rejection(&self, matched: Index, refused: Index, _common: Index) -> Index {
        refused.max(matched.next())
    }
}

#[test]
fn going_back_takes_few_round_trips_on_a_long_divergent_tail() {
    let mut leader = vec![1; 10];
    let mut follower = leader.clone();
    leader.extend([4; 500]);
    follower.extend([2; 300]);
    follower.extend([3; 300]);
    let quick = back_offs(raft_core::Standard, &leader, &follower);
    assert!(quick <= 3, "{quick} round trips");
    let slow = back_offs(OneByOne, &leader, &follower);
    assert!(slow > 400, "one by one: {slow}");
}

#[test]
fn going_back_takes_one_round_trip_when_only_entries_are_missing() {
    let leader = [1; 600];
    assert_eq!(back_offs(raft_core::Standard, &leader, &leader[..3]), 1);
}

/// Claims a match at the follower's hint (gallery R-07).
#[derive(Clone)]
struct MatchByHint;

impl Rules for MatchByHint {
    fn match_after_rejection(&self, _matched: Index, hint: Index) -> Index {
        hint
    }
}

#[test]
fn a_rejection_proves_no_match() {
    fn refused(rules: impl Rules + 'static) -> u64 {
        let logs: [&[u64]; 3] = [&[1, 3], &[1, 2], &[1]];
        let mut cluster = Cluster::with_rules(rules, 3, plain()).with_logs(3, &logs);
        cluster.elect(1, &[3]);
        cluster.timeout(1);
        cluster.deliver_one(|e| e.to == n(2));
        cluster.deliver_one(|e| e.from == n(2));
        peer(&cluster, 2).match_index.0
    }
    assert_eq!(refused(raft_core::Standard), 0);
    assert_eq!(
        refused(MatchByHint),
        2,
        "entry 2 of server 2 is of another term"
    );
}

#[test]
fn a_lost_heartbeat_holds_no_entry_back() {
    let settings = Settings {
        window_messages: 1,
        ..plain()
    };
    let mut cluster = Cluster::new(3, settings);
    cluster.lead(1, &[2, 3]);
    cluster.timeout(1);
    cluster.drop_all();
    cluster.propose(1);
    assert_eq!(
        sent_to(&cluster, 2),
        1,
        "no entry is on its way, so one may go"
    );
}

#[test]
fn a_rejection_that_arrives_twice_sends_the_leader_back_once() {
    let logs: [&[u64]; 3] = [&[1, 3, 3], &[1, 2], &[1]];
    let mut cluster = Cluster::new(3, plain()).with_logs(3, &logs);
    cluster.elect(1, &[3]);
    cluster.timeout(1);
    cluster.deliver_one(|e| e.to == n(2));
    let rejection = cluster.wire.iter().find(|e| e.from == n(2)).cloned();
    cluster.wire.extend(rejection);
    let before = sent_to(&cluster, 2);
    cluster.deliver(|e| e.from == n(2));
    assert_eq!(sent_to(&cluster, 2) - before, 1);
}
