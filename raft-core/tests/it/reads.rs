//! Reads without an entry of the log (§8, dissertation §6.4). Each gets an index that is not below
//! any entry committed when the client asked, or it fails. It always gets an answer.

use std::collections::BTreeMap;

use crate::common::schedule::{Act, act, run};
use crate::common::{Cluster, MS, n};
use proptest::prelude::*;
use raft_core::{
    Body, Effect, Event, Index, LeaseRefusal, OutsideLog, ReadFailure, ReadMode, RoleKind, Rules,
    Settings, Span, Term,
};

use ReadMode::{Follower, Lease, ReadIndex};

fn with_lease() -> Settings {
    Settings {
        clock_error: Some(Span(10 * MS)),
        ..Settings::default()
    }
}

fn led(settings: Settings) -> Cluster {
    let mut cluster = Cluster::new(3, settings);
    cluster.lead(1, &[2, 3]);
    cluster
}

#[test]
fn a_read_is_answered_once_a_quorum_has_answered_the_leader_again() {
    let mut cluster = led(Settings::default());
    cluster.read(1, 7, ReadIndex);
    assert_eq!(cluster.ready(7), None);
    cluster.deliver(|e| e.to == n(2));
    assert_eq!(
        cluster.ready(7),
        None,
        "the follower's answer is on its way"
    );
    cluster.deliver(|e| e.from == n(2));
    assert_eq!(cluster.ready(7), Some(1));
}

#[test]
fn a_message_that_left_before_the_read_came_confirms_nothing() {
    let mut cluster = led(Settings::default());
    cluster.timeout(1);
    cluster.read(1, 7, ReadIndex);
    // The earlier heartbeats, and the answers to them.
    let earlier: Vec<_> = cluster.wire.iter().take(2).cloned().collect();
    let later: Vec<_> = cluster.wire.drain(..).skip(2).collect();
    cluster.wire.extend(earlier);
    cluster.deliver_all();
    assert_eq!(cluster.ready(7), None);
    cluster.wire.extend(later);
    cluster.deliver_all();
    assert_eq!(cluster.ready(7), Some(1));
}

#[test]
fn one_round_serves_many_reads_but_only_those_that_came_before_it_began() {
    let mut cluster = led(Settings::default());
    cluster.read(1, 1, ReadIndex);
    let messages = cluster.wire.len();
    cluster.read(1, 2, ReadIndex);
    cluster.read(1, 3, ReadIndex);
    assert_eq!(cluster.wire.len(), messages, "they wait for the next round");
    cluster.deliver_one(|e| e.to == n(2));
    cluster.deliver_one(|e| e.from == n(2));
    assert_eq!((cluster.ready(1), cluster.ready(2)), (Some(1), None));
    cluster.deliver_all();
    assert_eq!((cluster.ready(2), cluster.ready(3)), (Some(1), Some(1)));
    let rounds = |event: &&(_, Event)| matches!(event.1, Event::ReadRoundBegan { .. });
    assert_eq!(cluster.events.iter().filter(rounds).count(), 2);
}

#[test]
fn a_lost_round_is_made_good_by_the_next_heartbeat() {
    let mut cluster = led(Settings::default());
    cluster.read(1, 7, ReadIndex);
    cluster.drop_all();
    cluster.timeout(1);
    cluster.deliver_all();
    assert_eq!(cluster.ready(7), Some(1));
}

#[test]
fn a_new_leader_answers_no_read_before_an_entry_of_its_own_term_is_committed() {
    let mut cluster = Cluster::new(3, Settings::default()).with_logs(1, &[&[1], &[1], &[1]]);
    cluster.elect(1, &[2]);
    cluster.read(1, 7, ReadIndex);
    cluster.read(1, 8, Lease);
    assert!(cluster.saw(1, |event| matches!(event, Event::ReadsHeld { .. })));
    assert_eq!(
        cluster.failed(8),
        Some(ReadFailure::NoLease(LeaseRefusal::ClockErrorUnknown))
    );
    cluster.timeout(1);
    cluster.deliver_all();
    assert_eq!(cluster.ready(7), Some(2), "the entry that opens term 2");
}

#[test]
fn a_cluster_of_one_answers_at_once() {
    let mut cluster = Cluster::new(1, Settings::default());
    cluster.elect(1, &[]);
    cluster.read(1, 7, ReadIndex);
    assert_eq!(cluster.ready(7), Some(1));
}

#[test]
fn a_leader_cut_off_answers_no_read_and_fails_it_when_it_steps_down() {
    let mut cluster = led(Settings::default());
    cluster.read(1, 7, ReadIndex);
    cluster.drop_all();
    while cluster.node(1).role() == RoleKind::Leader {
        cluster.timeout(1);
        cluster.drop_all();
    }
    assert_eq!(cluster.ready(7), None);
    assert_eq!(cluster.failed(7), Some(ReadFailure::RoleChanged));
    assert_eq!(cluster.node(1).reads_waiting(), 0);
}

#[test]
fn a_higher_term_fails_every_read_that_waits() {
    let mut cluster = led(Settings::default());
    cluster.read(1, 7, ReadIndex);
    cluster.read(1, 8, ReadIndex);
    cluster.receive(2, 1, 9, Body::RequestVoteReply { granted: false });
    for token in [7, 8] {
        assert_eq!(cluster.failed(token), Some(ReadFailure::RoleChanged));
    }
}

#[test]
fn only_a_leader_answers_reads_of_its_own_and_others_name_it() {
    let mut cluster = led(with_lease());
    for (token, mode) in [(1, ReadIndex), (2, Lease)] {
        cluster.read(2, token, mode);
        let leader = Some(n(1));
        assert_eq!(
            cluster.failed(token),
            Some(ReadFailure::NotLeader { leader })
        );
    }
}

#[test]
fn no_more_reads_wait_than_may() {
    let mut cluster = led(Settings {
        reads_waiting: 2,
        ..Settings::default()
    });
    for token in 1..=3 {
        cluster.read(1, token, ReadIndex);
        cluster.read(2, 10 + token, Follower);
    }
    assert_eq!(cluster.failed(3), Some(ReadFailure::TooMany));
    assert_eq!(cluster.failed(13), Some(ReadFailure::TooMany));
    cluster.deliver_all();
    assert_eq!((cluster.ready(2), cluster.failed(2)), (Some(1), None));
}

// ---- followers ------------------------------------------------------------------------------

#[test]
fn a_follower_asks_its_leader_for_the_index() {
    let mut cluster = led(Settings::default());
    cluster.propose(1);
    cluster.deliver_among(&[1, 3]);
    assert_eq!(
        cluster.node(2).commit_index(),
        Index(1),
        "2 has yet to hear"
    );
    cluster.drop_all();
    cluster.read(2, 7, Follower);
    cluster.deliver_all();
    assert_eq!(
        cluster.ready(7),
        Some(2),
        "what is committed, not what 2 knows of"
    );
}

#[test]
fn a_followers_question_that_was_lost_is_asked_again() {
    let mut cluster = led(Settings::default());
    cluster.read(2, 7, Follower);
    cluster.drop_all();
    for _ in 0..2 {
        cluster.timeout(1);
        cluster.deliver_all();
    }
    assert_eq!(cluster.ready(7), Some(1));
}

#[test]
fn an_answer_is_good_only_for_reads_that_came_before_its_question_left() {
    let mut cluster = led(Settings::default());
    cluster.read(2, 7, Follower);
    cluster.deliver(|e| !matches!(e.message.body, Body::ReadIndexReply { .. }));
    cluster.propose(1);
    cluster.deliver_among(&[1, 3]);
    cluster.read(2, 8, Follower);
    cluster.deliver_one(|e| matches!(e.message.body, Body::ReadIndexReply { .. }));
    assert_eq!((cluster.ready(7), cluster.ready(8)), (Some(1), None));
    cluster.deliver_all();
    assert_eq!(cluster.ready(8), Some(2));
}

#[test]
fn an_answer_to_a_question_from_before_a_restart_fits_no_question_of_now() {
    let mut cluster = led(Settings::default());
    cluster.read(2, 7, Follower);
    cluster.deliver(|e| !matches!(e.message.body, Body::ReadIndexReply { .. }));
    let late: Vec<_> = cluster.wire.drain(..).collect();
    cluster.propose(1);
    cluster.deliver_among(&[1, 3]);
    cluster.crash(2);
    cluster.start(2);
    cluster.timeout(1);
    cluster.deliver_one(|e| e.to == n(2));
    cluster.read(2, 8, Follower);
    cluster.wire.extend(late);
    cluster.deliver(|e| matches!(e.message.body, Body::ReadIndexReply { .. }));
    assert_eq!(cluster.ready(8), None);
    cluster.deliver_all();
    assert_eq!(cluster.ready(8), Some(2));
}

#[test]
fn a_follower_without_a_leader_fails_reads_and_one_that_loses_it_too() {
    let mut cluster = led(Settings::default());
    cluster.read(2, 7, Follower);
    cluster.drop_all();
    cluster.timeout(2);
    assert_eq!(cluster.failed(7), Some(ReadFailure::RoleChanged));
    cluster.read(2, 8, Follower);
    let leader = None;
    assert_eq!(cluster.failed(8), Some(ReadFailure::NotLeader { leader }));
}

#[test]
fn a_follower_learns_that_whom_it_asked_leads_no_more() {
    let mut cluster = led(Settings::default());
    cluster.read(2, 7, Follower);
    cluster.step(1, raft_core::Input::StepDown);
    cluster.deliver_all();
    assert_eq!(cluster.failed(7), Some(ReadFailure::Refused));
}

// ---- leases ---------------------------------------------------------------------------------

#[test]
fn a_lease_read_is_answered_without_a_message() {
    let mut cluster = led(with_lease());
    let sent = cluster.wire.len();
    cluster.read(1, 7, Lease);
    assert_eq!((cluster.ready(7), cluster.wire.len()), (Some(1), sent));
}

#[test]
fn there_is_no_lease_without_a_known_clock_error_or_without_stickiness() {
    for (settings, why) in [
        (Settings::default(), LeaseRefusal::ClockErrorUnknown),
        (
            Settings {
                stickiness: false,
                ..with_lease()
            },
            LeaseRefusal::NoStickiness,
        ),
    ] {
        let mut cluster = led(settings);
        cluster.read(1, 7, Lease);
        assert_eq!(cluster.failed(7), Some(ReadFailure::NoLease(why)));
        assert_eq!(cluster.node(1).lease_until(), None);
    }
}

#[test]
fn a_lease_lasts_an_election_timeout_less_the_clock_error_from_when_messages_were_sent() {
    let mut cluster = led(with_lease());
    cluster.timeout(1);
    let sent = cluster.now;
    cluster.advance(40);
    cluster.deliver_all();
    let until = cluster.node(1).lease_until().expect("it leads").0;
    assert_eq!(
        until,
        sent + 140 * MS,
        "150 ms less 10 ms, from the sending"
    );
    cluster.now = until - 1;
    cluster.read(1, 7, Lease);
    assert_eq!(cluster.ready(7), Some(1));
    cluster.now = until;
    cluster.read(1, 8, Lease);
    assert_eq!(cluster.ready(8), None, "it asks a quorum now");
    cluster.deliver_all();
    assert_eq!(cluster.ready(8), Some(1));
}

#[test]
fn a_leader_that_told_another_to_campaign_has_no_lease_for_the_rest_of_its_term() {
    let mut cluster = led(with_lease());
    cluster.step(1, raft_core::Input::Transfer { to: n(2) });
    assert_eq!(cluster.node(1).lease_until(), None);
    // The message is lost, the transfer given up: it may still arrive.
    while !cluster.saw(1, |event| matches!(event, Event::TransferFailed { .. })) {
        cluster.deliver(|e| !matches!(e.message.body, Body::TimeoutNow));
        cluster.timeout(1);
    }
    cluster.propose(1);
    cluster.deliver(|e| !matches!(e.message.body, Body::TimeoutNow));
    assert_eq!(cluster.node(1).lease_until(), None);
}

// ---- random schedules -----------------------------------------------------------------------

#[derive(Clone, Debug)]
enum Step {
    World(Act),
    Read(u64, ReadMode),
    Transfer(u64, u64),
    Resign(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let parts = (0_u32..26, act(3), 1_u64..=3, 1_u64..=3, 0_usize..3);
    parts.prop_map(|(kind, act, id, to, mode)| match kind {
        0..20 => Step::World(act),
        20..24 => Step::Read(id, [ReadIndex, Lease, Follower][mode]),
        24 => Step::Transfer(id, to),
        _ => Step::Resign(id),
    })
}

/// Runs a schedule. Returns the first read with an answer below the commit index at its start.
fn stale_read(cluster: &mut Cluster, steps: &[Step]) -> Option<u64> {
    let mut asked: BTreeMap<u64, u64> = BTreeMap::new();
    let mut waits: Vec<(u64, u64)> = Vec::new();
    let mut newest = 0;
    for step in steps {
        match step.clone() {
            Step::World(act) => {
                if let Act::Crash(id, ..) = act {
                    waits.retain(|(_, at)| *at != id);
                }
                run(cluster, act);
            }
            Step::Read(id, mode) => {
                let committed = cluster.nodes.values().map(|raft| raft.commit_index().0);
                // A server that restarts forgets the commit index.
                newest = committed.max().unwrap_or(0).max(newest);
                let token = asked.len() as u64;
                asked.insert(token, newest);
                waits.push((token, id));
                cluster.read(id, token, mode);
            }
            Step::Transfer(id, to) => {
                cluster.step(id, raft_core::Input::Transfer { to: n(to) });
            }
            Step::Resign(id) => drop(cluster.step(id, raft_core::Input::StepDown)),
        }
        for (_, answer) in cluster.answers.drain(..) {
            match answer {
                Effect::ReadReady { token, index } => {
                    if index.0 < asked[&token.0] {
                        return Some(token.0);
                    }
                    waits.retain(|(waiting, _)| *waiting != token.0);
                }
                Effect::ReadFailed { token, .. } => {
                    waits.retain(|(waiting, _)| *waiting != token.0);
                }
                _ => {}
            }
        }
        for id in 1..=3 {
            let waiting = waits.iter().filter(|(_, at)| *at == id).count() as u64;
            // A leader's reads include those of followers.
            let held = cluster.node(id).reads_waiting();
            assert!(waiting <= held, "a read was dropped");
        }
    }
    None
}

fn fast() -> Settings {
    Settings {
        election_timeout_min: Span(20 * MS),
        election_timeout_max: Span(30 * MS),
        heartbeat: Span(5 * MS),
        clock_error: Some(Span(0)),
        ..Settings::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_read_misses_what_was_committed_before_it(
        steps in proptest::collection::vec(step(), 1..250),
    ) {
        let mut cluster = Cluster::new(3, fast());
        prop_assert_eq!(stale_read(&mut cluster, &steps), None);
    }
}

/// A follower asked its new leader before the leader's term had a committed entry. A random
/// schedule once found this case.
#[test]
fn a_read_forwarded_to_a_new_leader_misses_nothing_either() {
    let deliver = |place| Step::World(Act::Deliver(place));
    let steps = [
        Step::World(Act::Timeout(3)),
        deliver(0),
        deliver(4_494_447_263_314_715_690),
        deliver(0),
        deliver(2_856_534_578_815_709_234),
        deliver(6_616_753_056_633_848_941),
        deliver(2_801_166_282_065_889_947),
        deliver(7_382_086_814_390_135_060),
        Step::Read(2, Follower),
        deliver(0),
        deliver(0),
        deliver(12_128_835_547_146_562_102),
    ];
    assert_eq!(stale_read(&mut Cluster::new(3, fast()), &steps), None);
}

/// A wrong rule, by its place in the list.
#[derive(Clone, Copy, Debug)]
struct Wrong(u8);

impl Rules for Wrong {
    fn read_may_begin(&self, term: Result<Term, OutsideLog>, current: Term) -> bool {
        self.0 == 0 || term == Ok(current)
    }

    fn read_needs_quorum(&self) -> bool {
        self.0 != 1
    }

    fn lease_survives_transfer(&self) -> bool {
        self.0 == 2
    }

    fn lease_end(
        &self,
        contact: raft_core::Instant,
        timeout_min: Span,
        clock_error: Span,
    ) -> raft_core::Instant {
        let error = if self.0 == 3 { 0 } else { clock_error.0 };
        let more = if self.0 == 3 { 100 * MS } else { 0 };
        contact.after(Span(timeout_min.0 - error + more))
    }
}

/// Random schedules rarely detect a lease that ends too late. Leaders must be deposed by timeouts
/// alone, because everything else ends their lease, and must then receive a lease read.
fn aimed_at_leases(step: Step) -> Step {
    match step {
        Step::World(Act::Crash(id, ..)) => Step::World(Act::Timeout(id)),
        Step::Read(id, _) | Step::Transfer(id, _) | Step::Resign(id) => Step::Read(id, Lease),
        Step::World(act) => Step::World(act),
    }
}

#[test]
fn each_rule_of_reads_is_needed() {
    use proptest::strategy::{Strategy as _, ValueTree as _};
    use proptest::test_runner::TestRunner;

    // A separate test checks that a lease ends with a transfer: random schedules rarely reach that.
    for wrong in [0, 1, 3] {
        let mut runner = TestRunner::deterministic();
        let steps = proptest::collection::vec(step(), 1..250);
        let found = (0..20_000).any(|_| {
            let mut steps = steps
                .new_tree(&mut runner)
                .expect("it has values")
                .current();
            if wrong == 3 {
                steps = steps.into_iter().map(aimed_at_leases).collect();
            }
            let mut cluster = Cluster::with_rules(Wrong(wrong), 3, fast());
            stale_read(&mut cluster, &steps).is_some()
        });
        assert!(found, "nothing noticed wrong rule {wrong}");
    }
}

/// The target of a transfer wins and commits while the old leader hears nothing. Then a client asks
/// the old leader for a lease read.
fn read_after_a_silent_transfer(rules: impl Rules + 'static) -> Cluster {
    let mut cluster = Cluster::with_rules(rules, 3, with_lease());
    cluster.lead(1, &[2, 3]);
    cluster.step(1, raft_core::Input::Transfer { to: n(2) });
    cluster.deliver(|e| matches!(e.message.body, Body::TimeoutNow));
    cluster.deliver_among(&[2, 3]);
    assert_eq!(cluster.node(2).role(), RoleKind::Leader);
    assert_eq!(cluster.node(2).commit_index(), Index(2));
    cluster.drop_all();
    cluster.read(1, 7, Lease);
    cluster
}

#[test]
fn a_lease_that_outlived_a_transfer_would_give_a_stale_answer() {
    let stale = read_after_a_silent_transfer(Wrong(2));
    assert_eq!(stale.ready(7), Some(1), "entry 2 is committed elsewhere");
    let right = read_after_a_silent_transfer(Wrong(9));
    assert_eq!(right.ready(7), None);
}
