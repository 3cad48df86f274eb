//! §8, dissertation §6.4 and §6.4.1: reads that no entry of the log carries.

use raft_core::{Body, Index, Input, Outcome, ReadFailure, ReadMode, RoleKind, Settings, Span};

use ReadMode::{Follower, Lease, ReadIndex};

use crate::common::{Cluster, Envelope, MS, n};

fn led(size: u64) -> Cluster {
    led_with(size, Settings::default())
}

fn led_with(size: u64, settings: Settings) -> Cluster {
    let mut cluster = Cluster::new(size, settings);
    let others: Vec<_> = (2..=size).collect();
    cluster.lead(1, &others);
    cluster
}

fn with_lease() -> Settings {
    Settings {
        clock_error: Some(Span(10 * MS)),
        ..Settings::default()
    }
}

fn is_answer(envelope: &Envelope) -> bool {
    matches!(envelope.message.body, Body::AppendEntriesReply(_))
}

#[test]
fn a_new_leader_that_a_majority_hears_still_answers_no_read_before_its_own_entry_is_committed() {
    // Entry 2 is committed, and the new leader does not know it.
    let mut cluster = Cluster::new(3, with_lease()).with_logs(1, &[&[1, 1], &[1, 1], &[1, 1]]);
    cluster.elect(1, &[2, 3]);
    for (token, mode) in [(7, ReadIndex), (8, Lease)] {
        cluster.read(1, token, mode);
    }
    cluster.read(2, 9, Follower);
    assert_eq!(cluster.node(1).commit_index(), Index(0));
    // Its heartbeats get answers, and its entry no acknowledgement: no other disk holds it.
    cluster.instant_disk = false;
    for _ in 0..3 {
        cluster.timeout(1);
        cluster.deliver(|e| !is_answer(e) || acknowledges_at_most(e, 2));
        for token in [7, 8, 9] {
            assert_eq!(cluster.ready(token), None);
        }
    }
    cluster.sync(2);
    cluster.sync(3);
    cluster.instant_disk = true;
    cluster.deliver_all();
    cluster.timeout(1);
    cluster.deliver_all();
    for token in [7, 8] {
        assert_eq!(cluster.ready(token), Some(3), "the entry of term 2");
    }
}

fn acknowledges_at_most(envelope: &Envelope, index: u64) -> bool {
    let Body::AppendEntriesReply(reply) = &envelope.message.body else {
        return false;
    };
    match reply.outcome {
        Outcome::Accepted { match_index } => match_index <= Index(index),
        Outcome::Rejected { .. } => true,
    }
}

#[test]
fn a_read_is_told_to_wait_for_what_was_committed_when_it_came() {
    let mut cluster = led(3);
    cluster.read(1, 7, ReadIndex);
    cluster.propose(1);
    cluster.deliver_all();
    assert_eq!(cluster.node(1).commit_index(), Index(2));
    assert_eq!(cluster.ready(7), Some(1), "entry 2 came later");
    cluster.read(1, 8, ReadIndex);
    cluster.deliver_all();
    assert_eq!(cluster.ready(8), Some(2));
}

#[test]
fn a_leader_answers_a_read_only_after_a_majority_has_answered_what_left_after_it_came() {
    for size in 2..=7 {
        for answers in 0..size {
            let mut cluster = led(size);
            // An earlier heartbeat. All answers to it arrive in between.
            cluster.timeout(1);
            let earlier: Vec<_> = cluster.wire.drain(..).collect();
            cluster.read(1, 7, ReadIndex);
            let later: Vec<_> = cluster.wire.drain(..).collect();
            cluster.wire.extend(earlier);
            cluster.deliver_all();
            assert_eq!(
                cluster.ready(7),
                None,
                "{size}: answers to what left before"
            );
            cluster.wire.extend(later);
            for follower in 2..2 + answers {
                cluster.deliver(|e| e.to == n(follower));
                cluster.deliver_one(|e| e.from == n(follower));
            }
            let majority = 2 * (answers + 1) > size;
            assert_eq!(cluster.ready(7).is_some(), majority, "{answers} of {size}");
        }
    }
}

#[test]
fn one_round_serves_all_reads_that_came_before_it() {
    let mut cluster = led(5);
    cluster.read(1, 0, ReadIndex);
    let messages = cluster.wire.len();
    for token in 1..100 {
        cluster.read(1, token, ReadIndex);
    }
    assert_eq!(cluster.wire.len(), messages, "they wait for a round");
    let mut sent = 0;
    while let Some(envelope) = cluster.wire.front() {
        sent += usize::from(envelope.from == n(1));
        cluster.deliver_one(|_| true);
    }
    assert_eq!(sent, 2 * messages, "one more round for all of them");
    for token in 0..100 {
        assert_eq!(cluster.ready(token), Some(1));
    }
}

#[test]
fn a_leader_that_was_replaced_without_knowing_it_answers_no_read() {
    for settings in [Settings::default(), with_lease()] {
        let mut cluster = led_with(3, settings);
        cluster.drop_all();
        // The other two elect a leader, which commits.
        cluster.elect(2, &[3]);
        cluster.timeout(2);
        cluster.deliver_among(&[2, 3]);
        assert_eq!(cluster.node(2).commit_index(), Index(2));
        assert_eq!(
            cluster.node(1).role(),
            RoleKind::Leader,
            "it has heard nothing"
        );
        cluster.drop_all();
        for (token, mode) in [(7, ReadIndex), (8, Lease)] {
            cluster.read(1, token, mode);
        }
        cluster.deliver_all();
        for token in [7, 8] {
            assert_eq!(cluster.ready(token), None);
            assert!(cluster.failed(token).is_some(), "and the client is told");
        }
    }
}

#[test]
fn a_follower_answers_up_to_what_its_leader_has_just_confirmed() {
    let mut cluster = led(5);
    cluster.propose(1);
    cluster.deliver_among(&[1, 3, 4]);
    cluster.drop_all();
    cluster.read(2, 7, Follower);
    cluster.deliver_one(|e| matches!(e.message.body, Body::ReadIndex { .. }));
    // The leader asks the others, and does not answer before a majority has answered.
    cluster.deliver(|e| e.to == n(3));
    cluster.deliver_one(|e| e.from == n(3));
    let replied = |cluster: &Cluster| {
        let is_reply = |e: &Envelope| matches!(e.message.body, Body::ReadIndexReply { .. });
        cluster.wire.iter().any(is_reply)
    };
    assert!(!replied(&cluster), "two of five");
    cluster.deliver(|e| e.to == n(4));
    cluster.deliver_one(|e| e.from == n(4));
    assert!(replied(&cluster), "three of five");
    cluster.deliver_all();
    assert_eq!(
        cluster.ready(7),
        Some(2),
        "committed, though 2 had not heard of it"
    );
}

#[test]
fn a_follower_whose_leader_was_replaced_answers_no_read() {
    let mut cluster = led(5);
    cluster.drop_all();
    cluster.elect(3, &[4, 5]);
    cluster.timeout(3);
    cluster.deliver_among(&[3, 4, 5]);
    cluster.drop_all();
    assert_eq!(cluster.node(2).leader(), Some(n(1)), "it has heard nothing");
    cluster.read(2, 7, Follower);
    cluster.deliver_among(&[1, 2]);
    assert_eq!(cluster.ready(7), None, "two of five confirm nothing");
    cluster.deliver_all();
    assert_eq!(cluster.ready(7), None);
}

#[test]
fn a_lease_lasts_an_election_timeout_less_the_bound_from_the_sending_of_what_a_majority_answered() {
    for bound in [0, 10, 75, 149] {
        let mut cluster = led_with(
            5,
            Settings {
                clock_error: Some(Span(bound * MS)),
                ..Settings::default()
            },
        );
        let before = cluster.node(1).lease_until();
        cluster.timeout(1);
        let sent = cluster.now;
        cluster.advance(30);
        cluster.deliver(|e| e.to != n(1));
        cluster.advance(30);
        cluster.deliver_one(|e| e.from == n(2));
        assert_eq!(cluster.node(1).lease_until(), before, "two of five");
        cluster.deliver_one(|e| e.from == n(3));
        let until = cluster.node(1).lease_until().unwrap().0;
        assert_eq!(until, sent + (150 - bound) * MS, "{bound} ms");
        cluster.deliver_all();
        assert_eq!(
            cluster.node(1).lease_until().unwrap().0,
            until,
            "not from the answers"
        );
    }
}

#[test]
fn while_its_lease_lasts_a_leader_reads_without_messages_and_then_only_by_asking() {
    let mut cluster = led_with(3, with_lease());
    let until = cluster.node(1).lease_until().unwrap().0;
    for token in 0..10 {
        cluster.now = until - 10 + token;
        cluster.read(1, token, Lease);
        assert_eq!(
            (cluster.ready(token), cluster.wire()),
            (Some(1), String::new())
        );
    }
    cluster.now = until;
    cluster.read(1, 10, Lease);
    assert_eq!(cluster.ready(10), None);
    assert_eq!(cluster.wire.len(), 2, "it asks both");
    cluster.deliver_one(|e| e.to == n(2));
    cluster.deliver_one(|e| e.from == n(2));
    assert_eq!(cluster.ready(10), Some(1));
}

#[test]
fn a_leader_has_no_lease_from_when_it_tells_another_server_to_campaign() {
    let mut cluster = led_with(3, with_lease());
    assert!(cluster.node(1).lease_until().is_some());
    cluster.propose(1);
    cluster.drop_all();
    cluster.step(1, Input::Transfer { to: n(2) });
    assert!(
        cluster.node(1).lease_until().is_some(),
        "2 lacks an entry and was told nothing"
    );
    let told = |e: &Envelope| matches!(e.message.body, Body::TimeoutNow);
    while !cluster.wire.iter().any(told) {
        assert!(cluster.deliver_one(|_| true), "2 is told in the end");
    }
    assert_eq!(cluster.node(1).lease_until(), None);
    let now = cluster.now;
    cluster.read(1, 7, Lease);
    assert_eq!((cluster.ready(7), cluster.now), (None, now), "it asks");
}

#[test]
fn reads_that_wait_at_a_leader_that_steps_down_are_failed() {
    let mut cluster = led(3);
    for token in [7, 8] {
        cluster.read(1, token, ReadIndex);
    }
    cluster.receive(2, 1, 9, Body::RequestVoteReply { granted: false });
    for token in [7, 8] {
        assert_eq!(cluster.failed(token), Some(ReadFailure::RoleChanged));
    }
}
