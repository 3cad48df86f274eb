//! An idle cluster falls silent, and wakes when it gets work.

use std::collections::BTreeMap;

use crate::common::schedule::{act, run};
use crate::common::{Cluster, MS, n, plain};
use proptest::prelude::*;
use raft_core::{
    AppendEntries, Body, Change, ChangeOptions, Effect, EntryId, Event, Index, Input, Instant,
    LIMIT, Malformed, MessageKind, Priority, ReadFailure, ReadMode, RoleKind, Rules, Settings,
    Span, Standard, Term, VoteRefusal,
};

fn sleepy() -> Settings {
    Settings {
        quiescence: true,
        clock_error: Some(Span(10 * MS)),
        forward_proposals: true,
        ..Settings::default()
    }
}

/// Lets the leader's heartbeats pass until it sleeps, ten at most.
fn idle(cluster: &mut Cluster, leader: u64) {
    for _ in 0..10 {
        if cluster.node(leader).deadline().is_some() {
            cluster.timeout(leader);
            cluster.deliver_all();
        }
    }
}

fn asleep(cluster: &Cluster) -> Vec<u64> {
    let sleepers = cluster.nodes.iter().filter(|(_, node)| node.is_asleep());
    sleepers.map(|(id, _)| id.0).collect()
}

/// Three sleeping servers, led by the first.
fn sleeping(rules: impl Rules + 'static) -> Cluster {
    let mut cluster = Cluster::with_rules(rules, 3, sleepy());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    cluster.deliver_all();
    idle(&mut cluster, 1);
    assert_eq!(asleep(&cluster), [1, 2, 3], "\n{}", cluster.status());
    cluster.advance(60_000);
    cluster.events.clear();
    cluster
}

/// Serves every message and deadline for this long, the earliest first.
fn pass(cluster: &mut Cluster, ms: u64) {
    let end = cluster.now + ms * MS;
    for _ in 0..10_000 {
        let waiting = cluster.nodes.iter();
        let waiting = waiting.filter_map(|(id, node)| Some((node.deadline()?, id.0)));
        let Some((deadline, id)) = waiting.min().filter(|(at, _)| at.0 <= end) else {
            cluster.now = end;
            return;
        };
        cluster.now = cluster.now.max(deadline.0);
        cluster.step(id, Input::Wake);
        cluster.deliver_all();
    }
    panic!("time stands still");
}

fn leader(cluster: &Cluster) -> Option<u64> {
    let leads = |id: &&raft_core::NodeId| cluster.node(id.0).role() == RoleKind::Leader;
    cluster.nodes.keys().find(leads).map(|id| id.0)
}

fn is_sleep(body: &Body) -> bool {
    matches!(body, Body::Sleep { .. })
}

// ---- falling asleep -------------------------------------------------------------------------

#[test]
fn an_idle_cluster_falls_silent_and_waits_for_nothing() {
    let mut cluster = sleeping(Standard);
    for id in 1..=3 {
        assert_eq!(cluster.node(id).deadline(), None);
        assert!(cluster.node(id).status().asleep);
        assert!(cluster.step(id, Input::Wake).is_empty());
    }
    assert!(cluster.wire.is_empty());
}

#[test]
fn a_cluster_without_the_option_never_asks_for_silence() {
    let mut cluster = Cluster::new(3, Settings::default());
    cluster.lead(1, &[2, 3]);
    for _ in 0..20 {
        cluster.timeout(1);
        assert!(!cluster.wire.iter().any(|e| is_sleep(&e.message.body)));
        cluster.deliver_all();
    }
    assert!(asleep(&cluster).is_empty());
}

#[test]
fn a_cluster_of_one_sleeps_and_wakes_for_a_proposal() {
    let mut cluster = Cluster::new(1, sleepy());
    cluster.timeout(1);
    idle(&mut cluster, 1);
    assert_eq!(asleep(&cluster), [1]);
    cluster.propose(1);
    assert_eq!(cluster.node(1).commit_index(), Index(2));
    assert!(!cluster.node(1).is_asleep());
}

#[test]
fn requests_between_heartbeats_keep_the_cluster_awake() {
    for reads in [false, true] {
        let mut cluster = Cluster::new(3, sleepy());
        cluster.lead(1, &[2, 3]);
        for token in 0..10 {
            match reads {
                true => cluster.read(1, token, ReadMode::ReadIndex),
                false => cluster.propose(1),
            };
            cluster.deliver_all();
            cluster.timeout(1);
            cluster.deliver_all();
        }
        assert!(!cluster.saw(1, |event| matches!(event, Event::FellAsleep { .. })));
    }
}

#[test]
fn a_refusal_is_followed_by_heartbeats_which_tell_what_was_lacking() {
    let mut cluster = Cluster::new(3, sleepy());
    cluster.settings.election_timeout_min = Span(1_000 * MS);
    cluster.settings.election_timeout_max = Span(2_000 * MS);
    (1..=3).for_each(|id| cluster.start(id));
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    cluster.deliver_all();
    // All messages with the new commit index are lost until the leader asks for silence.
    while !cluster.wire.iter().any(|e| is_sleep(&e.message.body)) {
        cluster.wire.retain(|e| e.to != n(2));
        cluster.deliver_all();
        cluster.timeout(1);
    }
    assert_eq!(cluster.node(2).commit_index(), Index(1));
    cluster.deliver_all();
    idle(&mut cluster, 1);
    assert_eq!(cluster.node(2).commit_index(), Index(2));
    assert_eq!(asleep(&cluster), [1, 2, 3]);
}

#[test]
fn a_member_that_is_down_keeps_the_others_awake() {
    let mut cluster = Cluster::new(3, sleepy());
    cluster.lead(1, &[2, 3]);
    cluster.crash(3);
    pass(&mut cluster, 5_000);
    assert_eq!(leader(&cluster), Some(1));
    assert!(asleep(&cluster).is_empty());
}

#[test]
fn a_learner_must_agree_as_every_member() {
    let mut cluster = Cluster::with_spares(Standard, 3, 1, sleepy());
    cluster.lead(1, &[2, 3]);
    cluster.change(1, &Change::Add(n(4)));
    cluster.beats(1, 3);
    idle(&mut cluster, 1);
    assert_eq!(asleep(&cluster), [1, 2, 3, 4]);
    cluster.propose(1);
    cluster.deliver_all();
    cluster.crash(4);
    pass(&mut cluster, 5_000);
    assert!(asleep(&cluster).is_empty());
}

#[test]
fn a_server_without_the_option_keeps_the_others_awake() {
    let mut cluster = Cluster::new(3, sleepy());
    cluster.settings.quiescence = false;
    cluster.start(3);
    cluster.lead(1, &[2, 3]);
    for _ in 0..40 {
        cluster.timeout(1);
        cluster.deliver_all();
        assert!(!cluster.node(1).is_asleep() && !cluster.node(3).is_asleep());
    }
}

#[test]
fn who_does_not_know_all_to_be_committed_does_not_agree() {
    let mut cluster = Cluster::new(3, sleepy());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    // Server 2 never learns of the commit: only messages without news reach it.
    let commit = cluster.node(2).commit_index();
    for _ in 0..10 {
        cluster.deliver(|e| match &e.message.body {
            Body::AppendEntries(append) => e.to != n(2) || append.commit == commit,
            _ => true,
        });
        cluster.wire.retain(|e| e.to != n(2));
        cluster.timeout(1);
    }
    cluster.deliver_all();
    assert!(cluster.saw(1, |event| matches!(
        event,
        Event::Committed {
            commit: Index(2),
            ..
        }
    )));
    assert!(asleep(&cluster).is_empty());
}

#[test]
fn a_follower_with_a_question_open_does_not_agree() {
    let mut cluster = Cluster::new(3, sleepy());
    cluster.lead(1, &[2, 3]);
    cluster.read(2, 7, ReadMode::Follower);
    cluster.drop_all();
    let (last, term) = (
        cluster.node(1).log().last(),
        cluster.node(1).current_term().0,
    );
    let sent_at = Instant(cluster.now);
    let seq = 1_000;
    let answer = cluster.receive(1, 2, term, Body::Sleep { last, seq, sent_at });
    let refused = |effect: &Effect| matches!(effect, Effect::Send { message, .. } if matches!(message.body, Body::SleepReply { agreed: false, .. }));
    assert!(answer.iter().any(refused));
    assert!(!cluster.node(2).is_asleep() && cluster.node(2).deadline().is_some());
}

#[test]
fn a_follower_with_more_than_the_leader_asks_about_does_not_agree() {
    let mut cluster = Cluster::new(3, sleepy());
    cluster.lead(1, &[2, 3]);
    let last = cluster.node(1).log().last();
    cluster.propose(1);
    cluster.deliver(|e| e.to == n(2));
    assert_eq!(cluster.node(2).commit_index(), last.index);
    let term = cluster.node(1).current_term();
    let (seq, sent_at) = (1_000, Instant(cluster.now));
    cluster.receive(1, 2, term.0, Body::Sleep { last, seq, sent_at });
    assert!(!cluster.node(2).is_asleep());
}

#[test]
fn a_slow_disk_anywhere_keeps_the_cluster_awake() {
    for slow in 1..=3 {
        let mut cluster = Cluster::new(3, sleepy());
        cluster.lead(1, &[2, 3]);
        cluster.instant_disk = false;
        cluster.propose(1);
        for _ in 0..20 {
            cluster.timeout(1);
            cluster.deliver_all();
            (1..=3)
                .filter(|id| *id != slow)
                .for_each(|id| cluster.sync(id));
            cluster.deliver_all();
        }
        assert_eq!(cluster.node(1).commit_index(), Index(2));
        assert!(!cluster.node(1).is_asleep());
        cluster.sync(slow);
        cluster.deliver_all();
        idle(&mut cluster, 1);
        assert_eq!(asleep(&cluster), [1, 2, 3]);
    }
}

#[test]
fn a_transfer_that_comes_to_nothing_is_reported_before_the_cluster_sleeps() {
    let mut cluster = sleeping(Standard);
    cluster.step(1, Input::Transfer { to: n(2) });
    for _ in 0..20 {
        cluster
            .wire
            .retain(|e| !matches!(e.message.body, Body::TimeoutNow));
        cluster.deliver_all();
        if cluster.node(1).deadline().is_some() {
            cluster.timeout(1);
        }
    }
    let failed = |(_, answer): &(_, Effect)| matches!(answer, Effect::TransferFailed { .. });
    assert!(cluster.answers.iter().any(failed));
    assert_eq!(asleep(&cluster), [1, 2, 3]);
}

#[test]
fn a_joint_configuration_keeps_the_cluster_awake() {
    let mut cluster = Cluster::with_spares(Standard, 3, 0, sleepy());
    cluster.lead(1, &[2, 3]);
    let change = &Change::To {
        voters: [n(1)].as_slice().into(),
        learners: [n(2), n(3)].as_slice().into(),
    };
    let how = ChangeOptions {
        stays_joint: true,
        ..ChangeOptions::default()
    };
    cluster.step(1, Input::Change { change, how });
    cluster.deliver_all();
    for _ in 0..20 {
        cluster.timeout(1);
        cluster.deliver_all();
        assert!(asleep(&cluster).is_empty());
    }
    cluster.change(1, &Change::Leave);
    cluster.deliver_all();
    idle(&mut cluster, 1);
    assert_eq!(asleep(&cluster), [1, 2, 3]);
}

/// A leader opens its term without an entry.
#[derive(Clone)]
struct NoNoop;

impl Rules for NoNoop {
    fn term_opens_with_noop(&self) -> bool {
        false
    }
}

#[test]
fn a_read_that_waits_at_the_leader_keeps_the_cluster_awake() {
    let mut cluster = Cluster::with_rules(NoNoop, 3, sleepy());
    cluster.lead(1, &[2, 3]);
    idle(&mut cluster, 1);
    assert_eq!(asleep(&cluster), [1, 2, 3]);
    // The read waits until an entry of this term is committed.
    cluster.read(1, 7, ReadMode::ReadIndex);
    for _ in 0..20 {
        cluster.deliver_all();
        cluster.timeout(1);
        assert!(!cluster.node(1).is_asleep());
    }
}

// ---- late messages --------------------------------------------------------------------------

#[test]
fn a_late_heartbeat_wakes_nobody_and_a_newer_one_does() {
    let mut cluster = Cluster::new(3, sleepy());
    cluster.lead(1, &[2, 3]);
    cluster.timeout(1);
    let late: Vec<_> = cluster.wire.iter().cloned().collect();
    idle(&mut cluster, 1);
    assert_eq!(asleep(&cluster), [1, 2, 3]);
    cluster.wire.extend(late);
    cluster.deliver_all();
    assert_eq!(asleep(&cluster), [1, 2, 3]);
    assert_eq!(cluster.node(2).deadline(), None);
    cluster.propose(1);
    cluster.deliver(|e| e.to == n(2));
    assert_eq!(asleep(&cluster), [3]);
}

/// Otherwise it would campaign against a leader that is still asleep.
#[test]
fn a_heartbeat_of_an_older_term_wakes_nobody() {
    let mut cluster = Cluster::new(3, sleepy());
    cluster.lead(3, &[1, 2]);
    cluster.lead(1, &[2, 3]);
    idle(&mut cluster, 1);
    assert_eq!(asleep(&cluster), [1, 2, 3]);
    let term = cluster.node(2).current_term().0;
    let old = AppendEntries {
        prev: EntryId::default(),
        last: Index(0),
        entries_term: Term(term - 1),
        bytes: 0,
        configuration: None,
        commit: Index(0),
        seq: 1_000,
        sent_at: Instant(0),
    };
    cluster.receive(3, 2, term - 1, Body::AppendEntries(old));
    assert!(cluster.node(2).is_asleep());
    assert_eq!(cluster.node(2).deadline(), None);
}

#[test]
fn a_late_wish_for_silence_puts_nobody_to_sleep() {
    let mut cluster = Cluster::new(3, sleepy());
    cluster.lead(1, &[2, 3]);
    let mut late = Vec::new();
    for _ in 0..10 {
        if late.is_empty() {
            cluster.timeout(1);
            late = cluster.wire.iter().cloned().collect();
            late.retain(|e| is_sleep(&e.message.body));
            cluster.deliver_all();
        }
    }
    assert_eq!(late.len(), 2);
    cluster.propose(1);
    cluster.deliver_all();
    cluster.timeout(1);
    cluster.deliver_all();
    assert!(asleep(&cluster).is_empty());
    cluster.wire.extend(late);
    cluster.deliver_all();
    assert!(asleep(&cluster).is_empty());
}

#[test]
fn a_late_wish_for_silence_does_not_undo_a_wakening_without_entries() {
    let mut cluster = sleeping(Standard);
    let (last, term) = (cluster.node(2).log().last(), cluster.node(2).current_term());
    cluster.read(1, 7, ReadMode::ReadIndex);
    cluster.deliver_all();
    assert!(asleep(&cluster).is_empty());
    let (seq, sent_at) = (2, Instant(0));
    cluster.receive(1, 2, term.0, Body::Sleep { last, seq, sent_at });
    assert!(asleep(&cluster).is_empty());
}

#[test]
fn every_silence_is_agreed_upon_anew() {
    let mut cluster = sleeping(Standard);
    cluster.read(1, 7, ReadMode::ReadIndex);
    cluster.deliver_all();
    for _ in 0..10 {
        if cluster.node(1).role() == RoleKind::Leader {
            cluster.timeout(1);
            cluster.wire.retain(|e| !is_sleep(&e.message.body));
            cluster.deliver_all();
            assert!(asleep(&cluster).is_empty());
        }
    }
}

#[test]
fn an_agreement_to_an_earlier_question_counts_for_nothing() {
    let mut cluster = Cluster::new(3, sleepy());
    cluster.lead(1, &[2, 3]);
    let ask = |cluster: &mut Cluster| {
        while !cluster.wire.iter().any(|e| is_sleep(&e.message.body)) {
            cluster.deliver_all();
            cluster.timeout(1);
        }
    };
    ask(&mut cluster);
    cluster.deliver(|e| is_sleep(&e.message.body));
    let late: Vec<_> = cluster.wire.drain(..).collect();
    assert_eq!(late.len(), 2);
    cluster.propose(1);
    cluster.deliver_all();
    ask(&mut cluster);
    // The second question is lost, and the answers to the first arrive.
    cluster.drop_all();
    cluster.wire.extend(late);
    cluster.deliver_all();
    assert!(!cluster.node(1).is_asleep());
}

#[test]
fn a_senseless_wish_for_silence_is_malformed() {
    let mut cluster = sleeping(Standard);
    let term = cluster.node(2).current_term().0;
    let last = cluster.node(2).log().last();
    let cases = [
        (last, 0, Instant(0), Malformed::NoSequence),
        (last, LIMIT, Instant(0), Malformed::TooLarge),
        (last, 1, Instant(LIMIT), Malformed::TooLarge),
        (
            EntryId {
                index: Index(9),
                term: Term(0),
            },
            1,
            Instant(0),
            Malformed::NoSuchEntry,
        ),
        (
            EntryId {
                index: Index(9),
                term: Term(99),
            },
            1,
            Instant(0),
            Malformed::EntryFromTheFuture,
        ),
    ];
    for (last, seq, sent_at, expected) in cases {
        cluster.events.clear();
        cluster.receive(1, 2, term, Body::Sleep { last, seq, sent_at });
        assert!(cluster.saw(
            2,
            |event| matches!(event, Event::MalformedDropped { why, .. } if *why == expected)
        ));
    }
    let (agreed, seq, sent_at) = (true, 1_000_000, Instant(0));
    let forged = Body::SleepReply {
        agreed,
        seq,
        sent_at,
    };
    cluster.receive(2, 1, term, forged);
    let dropped = |event: &Event| matches!(event, Event::MalformedDropped { .. });
    assert!(cluster.saw(1, dropped));
    assert_eq!(asleep(&cluster), [1, 2, 3]);
}

#[test]
fn a_deposed_leader_that_asks_for_silence_learns_of_the_newer_term() {
    let mut cluster = sleeping(Standard);
    let last = EntryId::default();
    let (seq, sent_at) = (9, Instant(0));
    let answer = cluster.receive(3, 2, 0, Body::Sleep { last, seq, sent_at });
    let Some(Effect::Send { message, .. }) = answer.first() else {
        panic!("it is answered");
    };
    assert_eq!(message.term, cluster.node(2).current_term());
    assert!(cluster.saw(2, |event| matches!(
        event,
        Event::StaleDropped {
            what: MessageKind::Sleep,
            ..
        }
    )));
}

// ---- the leader wakes -----------------------------------------------------------------------

#[test]
fn a_proposal_wakes_the_cluster_and_commits_under_the_same_leader() {
    let mut cluster = sleeping(Standard);
    let term = cluster.node(1).current_term();
    cluster.propose(1);
    cluster.deliver_all();
    assert!(asleep(&cluster).is_empty());
    pass(&mut cluster, 5_000);
    assert_eq!(asleep(&cluster), [1, 2, 3]);
    for id in 1..=3 {
        assert_eq!(cluster.node(id).commit_index(), Index(3));
        assert_eq!(cluster.node(id).current_term(), term);
    }
}

#[test]
fn a_silent_leader_has_no_lease_and_a_lease_read_asks_a_quorum() {
    let mut cluster = Cluster::new(3, sleepy());
    cluster.lead(1, &[2, 3]);
    idle(&mut cluster, 1);
    assert_eq!(cluster.node(1).lease_until(), None);
    cluster.advance(60_000);
    cluster.read(1, 7, ReadMode::Lease);
    assert_eq!(cluster.ready(7), None);
    assert!(cluster.saw(1, |event| matches!(event, Event::LeaseOver { .. })));
    cluster.deliver_all();
    assert_eq!(cluster.ready(7), Some(1));
    assert!(cluster.node(1).lease_until().is_some());
}

#[test]
fn a_leader_deposed_in_its_sleep_answers_no_read_and_steps_down() {
    for mode in [ReadMode::Lease, ReadMode::ReadIndex] {
        let mut cluster = sleeping(Standard);
        // The others elect another leader while this one is cut off.
        cluster.propose(2);
        for _ in 0..8 {
            let next = [2, 3]
                .into_iter()
                .filter(|id| !cluster.node(*id).is_asleep());
            let next = next.min_by_key(|id| cluster.node(*id).deadline());
            cluster.timeout(next.unwrap());
            cluster.deliver_among(&[2, 3]);
            cluster.drop_all();
        }
        assert!(
            [2, 3]
                .map(|id| cluster.node(id).role())
                .contains(&RoleKind::Leader)
        );
        assert!(cluster.node(1).is_asleep());
        cluster.read(1, 7, mode);
        for _ in 0..10 {
            if cluster.node(1).role() == RoleKind::Leader {
                cluster.drop_all();
                cluster.timeout(1);
            }
        }
        assert_eq!(cluster.node(1).role(), RoleKind::Follower);
        assert_eq!(cluster.ready(7), None);
        assert_eq!(cluster.failed(7), Some(ReadFailure::RoleChanged));
    }
}

#[test]
fn check_quorum_does_not_hold_the_silence_against_a_leader_that_wakes() {
    let mut cluster = sleeping(Standard);
    let woken = cluster.now;
    cluster.propose(1);
    cluster.drop_all();
    cluster.timeout(1);
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
    // But without answers it stays leader no longer than an awake one.
    while cluster.node(1).role() == RoleKind::Leader {
        cluster.drop_all();
        cluster.timeout(1);
    }
    let settings = sleepy();
    let most = settings.election_timeout_max.0 + settings.heartbeat.0;
    assert!(cluster.now - woken <= most);
}

#[test]
fn a_follower_read_and_a_forwarded_proposal_wake_the_leader() {
    let mut cluster = sleeping(Standard);
    cluster.read(2, 7, ReadMode::Follower);
    cluster.deliver_all();
    assert_eq!(cluster.ready(7), Some(2));
    assert!(asleep(&cluster).is_empty());
    pass(&mut cluster, 5_000);
    assert_eq!(asleep(&cluster), [1, 2, 3]);
    cluster.propose(3);
    cluster.deliver_all();
    assert_eq!(cluster.node(1).commit_index(), Index(3));
    assert_eq!(leader(&cluster), Some(1));
}

#[test]
fn a_sleeping_leader_changes_members_hands_over_and_steps_down_when_asked() {
    let mut cluster = sleeping(Standard);
    cluster.change(1, &Change::Remove(n(3)));
    cluster.deliver_all();
    cluster.beats(1, 2);
    assert_eq!(cluster.members(1), "{1 2}");
    assert!(cluster.changes(1).iter().all(Result::is_ok));

    let mut cluster = sleeping(Standard);
    cluster.step(1, Input::Transfer { to: n(2) });
    cluster.deliver_all();
    assert_eq!(leader(&cluster), Some(2));

    let mut cluster = sleeping(Standard);
    cluster.step(1, Input::StepDown);
    cluster.deliver_all();
    assert!(asleep(&cluster).is_empty());
    pass(&mut cluster, 1_000);
    assert!(leader(&cluster).is_some_and(|leader| leader != 1));
}

// ---- followers wake -------------------------------------------------------------------------

#[test]
fn when_the_leader_died_in_silence_whoever_is_asked_brings_about_another() {
    let questions: [fn(&mut Cluster); 4] = [
        |cluster| drop(cluster.propose(2)),
        |cluster| drop(cluster.read(2, 7, ReadMode::ReadIndex)),
        |cluster| drop(cluster.read(2, 7, ReadMode::Follower)),
        |cluster| drop(cluster.step(2, Input::RequestSnapshot)),
    ];
    for ask in questions {
        let mut cluster = sleeping(Standard);
        cluster.crash(1);
        pass(&mut cluster, 60_000);
        assert_eq!(asleep(&cluster), [2, 3], "nobody stands unasked");
        ask(&mut cluster);
        assert_eq!(asleep(&cluster), [3]);
        pass(&mut cluster, 1_500);
        let leader = leader(&cluster).expect("somebody leads");
        cluster.propose(leader);
        cluster.deliver_all();
        assert_eq!(cluster.node(5 - leader).log().last_index(), Index(4));
    }
}

/// A RequestVote that the receiver refuses, and a question for an index, change nothing except that
/// the receiver is awake and waits for its leader.
#[test]
fn whatever_another_server_asks_for_wakes_a_sleeper() {
    let last = EntryId {
        index: Index(2),
        term: Term(1),
    };
    let priority = Priority::default();
    let vote = |term: u64, transfer| {
        let body = Body::RequestVote {
            last,
            priority,
            transfer,
        };
        (term, body)
    };
    let questions = [
        vote(2, false),
        vote(2, true),
        vote(1, false),
        (1, Body::PreVote { last, priority }),
        (1, Body::ReadIndex { number: 1 }),
        (1, Body::WakeUp),
    ];
    for (term, question) in questions {
        for id in [1, 2] {
            let mut cluster = sleeping(Standard);
            assert_eq!(cluster.node(id).current_term(), Term(1));
            cluster.receive(3, id, term, question.clone());
            assert!(!cluster.node(id).is_asleep(), "{question:?}");
            assert!(cluster.node(id).deadline().is_some(), "{question:?}");
        }
    }
}

#[test]
fn a_follower_that_wakes_leaves_a_healthy_leader_in_place() {
    for lost in [false, true] {
        let mut cluster = sleeping(Standard);
        let term = cluster.node(1).current_term();
        cluster.read(2, 7, ReadMode::ReadIndex);
        assert!(cluster.node(2).deadline() >= Some(Instant(cluster.now).after(Span(150 * MS))));
        if lost {
            // Its call to the leader is lost: the next pre-vote wakes the leader as well.
            cluster.drop_all();
        }
        pass(&mut cluster, 5_000);
        assert_eq!(asleep(&cluster), [1, 2, 3]);
        assert_eq!(leader(&cluster), Some(1));
        assert_eq!(cluster.node(2).current_term(), term);
    }
}

#[test]
fn a_leader_that_wakes_of_a_pre_vote_refuses_it() {
    let mut cluster = sleeping(Standard);
    let term = cluster.node(1).current_term();
    let (last, priority) = (cluster.node(2).log().last(), Priority(0));
    let answer = cluster.receive(2, 1, term.0, Body::PreVote { last, priority });
    let refused = |effect: &Effect| {
        matches!(effect, Effect::Send { message, .. }
            if matches!(message.body, Body::PreVoteReply { granted: false, .. }))
    };
    assert!(answer.iter().any(refused));
}

#[test]
fn who_slept_has_not_been_without_a_leader_and_puts_off_who_is_wanted_less() {
    let mut cluster = Cluster::new(3, sleepy());
    cluster.settings.priority = Priority(5);
    cluster.start(2);
    cluster.lead(1, &[2, 3]);
    idle(&mut cluster, 1);
    cluster.advance(60_000);
    cluster.crash(1);
    let asked = |cluster: &mut Cluster| {
        let (last, priority) = (cluster.node(3).log().last(), Priority(0));
        let term = cluster.node(3).current_term().0;
        cluster.receive(3, 2, term, Body::PreVote { last, priority });
    };
    asked(&mut cluster);
    cluster.advance(200);
    asked(&mut cluster);
    let put_off = |event: &Event| {
        let Event::PreVoteRefused { why, .. } = event else {
            return false;
        };
        matches!(why, VoteRefusal::LowerPriority { .. })
    };
    assert!(cluster.saw(2, put_off));
}

#[test]
fn a_follower_that_cannot_reach_the_leader_wakes_it_through_the_others() {
    let mut cluster = sleeping(Standard);
    let term = cluster.node(1).current_term();
    cluster.read(2, 7, ReadMode::ReadIndex);
    let cut = |e: &crate::common::Envelope| {
        [e.from, e.to] != [n(1), n(2)] && [e.from, e.to] != [n(2), n(1)]
    };
    for _ in 0..40 {
        cluster.deliver(cut);
        cluster.drop_all();
        let waiting = (1..=3).filter(|id| cluster.node(*id).deadline().is_some());
        let next = waiting
            .min_by_key(|id| cluster.node(*id).deadline())
            .unwrap();
        cluster.timeout(next);
    }
    assert_eq!(leader(&cluster), Some(1));
    assert_eq!(cluster.node(1).current_term(), term);
    assert!(!cluster.node(1).is_asleep() && !cluster.node(3).is_asleep());
}

#[test]
fn a_server_that_restarts_is_awake_and_finds_the_leader() {
    let mut cluster = sleeping(Standard);
    let term = cluster.node(1).current_term();
    cluster.crash(3);
    cluster.start(3);
    assert!(!cluster.node(3).is_asleep());
    pass(&mut cluster, 5_000);
    assert_eq!(asleep(&cluster), [1, 2, 3]);
    assert_eq!(cluster.node(3).commit_index(), Index(2));
    assert_eq!(
        (leader(&cluster), cluster.node(1).current_term()),
        (Some(1), term)
    );
}

#[test]
fn a_learner_that_restarts_calls_for_the_leader_though_it_may_not_campaign() {
    let mut cluster = Cluster::with_spares(Standard, 3, 1, sleepy());
    cluster.lead(1, &[2, 3]);
    cluster.change(1, &Change::Add(n(4)));
    cluster.beats(1, 3);
    idle(&mut cluster, 1);
    cluster.crash(4);
    cluster.start(4);
    pass(&mut cluster, 5_000);
    assert_eq!(asleep(&cluster), [1, 2, 3, 4]);
    assert_eq!(cluster.node(4).commit_index(), Index(2));
    // It makes no difference if the leader is dead.
    cluster.crash(1);
    cluster.read(4, 7, ReadMode::ReadIndex);
    pass(&mut cluster, 2_000);
    assert!(leader(&cluster).is_some());
}

#[test]
fn a_leader_that_restarts_after_dying_in_silence_gets_a_successor_or_leads_again() {
    let mut cluster = sleeping(Standard);
    cluster.crash(1);
    cluster.start(1);
    pass(&mut cluster, 5_000);
    assert_eq!(asleep(&cluster), [1, 2, 3]);
    assert!(leader(&cluster).is_some());
}

#[test]
fn a_sleeper_that_is_told_to_campaign_believes_in_its_leader() {
    let mut cluster = sleeping(Standard);
    cluster.step(2, Input::Campaign);
    assert_eq!(cluster.node(2).role(), RoleKind::Follower);
    assert!(!cluster.node(2).is_asleep());
}

#[test]
fn answers_wake_nobody() {
    let mut cluster = sleeping(Standard);
    let term = cluster.node(2).current_term();
    let answers = [
        Body::PreVoteReply {
            asked_in: term,
            granted: true,
        },
        Body::RequestVoteReply { granted: true },
        Body::ReadIndexReply {
            number: 3,
            index: None,
        },
    ];
    for answer in answers {
        for id in [1, 2] {
            cluster.receive(3, id, term.0, answer.clone());
        }
    }
    assert_eq!(asleep(&cluster), [1, 2, 3]);
}

#[test]
fn a_new_leader_wakes_whoever_slept_through_its_election() {
    let mut cluster = sleeping(Standard);
    let term = cluster.node(3).current_term();
    let append = AppendEntries {
        prev: cluster.node(3).log().last(),
        last: Index(2),
        entries_term: term.next(),
        bytes: 0,
        configuration: None,
        commit: Index(2),
        seq: 1,
        sent_at: Instant(0),
    };
    cluster.receive(2, 3, term.next().0, Body::AppendEntries(append));
    assert_eq!(cluster.node(3).leader(), Some(n(2)));
    assert!(!cluster.node(3).is_asleep() && cluster.node(3).deadline().is_some());
}

// ---- planted --------------------------------------------------------------------------------

/// No server wakes unless the leader sends a message.
#[derive(Clone)]
struct NobodyWakes;

impl Rules for NobodyWakes {
    fn asked_sleeper_wakes(&self) -> bool {
        false
    }
}

#[test]
fn if_sleepers_do_not_wake_a_leader_that_dies_in_silence_has_no_successor() {
    let mut cluster = sleeping(NobodyWakes);
    cluster.checked = false;
    cluster.crash(1);
    cluster.propose(2);
    assert!(
        cluster.node(2).invariants().is_err(),
        "somebody waits for it"
    );
    cluster.read(3, 7, ReadMode::Follower);
    pass(&mut cluster, 60_000);
    assert_eq!(leader(&cluster), None);
    assert_eq!(asleep(&cluster), [2, 3]);
}

/// A waking server takes the silence for the leader's death.
#[derive(Clone)]
struct SilenceIsDeath;

impl Rules for SilenceIsDeath {
    fn heard_after_sleep(&self, heard_at: Instant, _: Instant) -> Instant {
        heard_at
    }
}

/// Server 2 wakes, and its messages to the leader are slow. Returns the leader at the end.
fn wakes_behind_a_slow_link(rules: impl Rules + 'static) -> Option<u64> {
    let mut cluster = sleeping(rules);
    cluster.read(2, 7, ReadMode::ReadIndex);
    cluster.timeout(2);
    cluster.deliver_among(&[2, 3]);
    pass(&mut cluster, 1_000);
    leader(&cluster)
}

#[test]
fn if_silence_is_no_sign_of_life_whoever_wakes_deposes_a_healthy_leader() {
    assert_eq!(wakes_behind_a_slow_link(Standard), Some(1));
    assert_eq!(wakes_behind_a_slow_link(SilenceIsDeath), Some(2));
}

// ---- random schedules -----------------------------------------------------------------------

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn after_any_schedule_a_cluster_that_may_sleep_serves_whoever_asks_and_sleeps_again(
        acts in proptest::collection::vec(act(3), 20..300),
        naps in proptest::collection::vec(0..300_usize, 0..3),
        asked in 1..=3_u64,
    ) {
        let mut cluster = Cluster::new(3, sleepy());
        cluster.lead(1, &[2, 3]);
        cluster.instant_disk = false;
        let mut leaders = BTreeMap::new();
        for (place, act) in acts.into_iter().enumerate() {
            run(&mut cluster, act);
            if naps.contains(&place) {
                (1..=3).for_each(|id| cluster.sync(id));
                cluster.instant_disk = true;
                pass(&mut cluster, 5_000);
                cluster.instant_disk = false;
            }
            for (id, node) in &cluster.nodes {
                if node.role() == RoleKind::Leader {
                    let first = *leaders.entry(node.current_term()).or_insert(*id);
                    prop_assert_eq!(first, *id);
                }
            }
        }
        (1..=3).for_each(|id| cluster.sync(id));
        cluster.instant_disk = true;
        cluster.drop_all();
        // A sleeping leader may be deposed without knowing it: a request uncovers that.
        cluster.read(asked, 7, ReadMode::ReadIndex);
        pass(&mut cluster, 10_000);
        prop_assert_eq!(asleep(&cluster), [1, 2, 3], "\n{}", cluster.status());
        let before = cluster.node(1).commit_index();
        cluster.propose(asked);
        pass(&mut cluster, 10_000);
        for id in 1..=3 {
            prop_assert_eq!(cluster.node(id).commit_index(), before.next());
        }
    }
}

/// Either rule broken, or both.
#[derive(Clone)]
struct Planted {
    nobody_wakes: bool,
    silence_is_death: bool,
}

impl Rules for Planted {
    fn asked_sleeper_wakes(&self) -> bool {
        !self.nobody_wakes
    }
    fn heard_after_sleep(&self, heard_at: Instant, now: Instant) -> Instant {
        if self.silence_is_death { heard_at } else { now }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn neither_broken_rule_trips_an_assertion(
        nobody_wakes in any::<bool>(),
        silence_is_death in any::<bool>(),
        acts in proptest::collection::vec(act(3), 20..300),
    ) {
        let mut cluster = sleeping(Planted { nobody_wakes, silence_is_death });
        cluster.checked = false;
        for (place, act) in acts.into_iter().enumerate() {
            run(&mut cluster, act);
            cluster.instant_disk = place % 100 < 50;
            if place % 100 == 0 {
                pass(&mut cluster, 2_000);
            }
        }
    }
}

#[test]
fn the_paper_alone_knows_no_sleep() {
    assert!(!plain().quiescence && !Settings::default().quiescence);
}
