//! Claims about promises and the disk: a crash never takes back a promise.

use crate::common::{Cluster, Envelope, n, plain};
use raft_core::{
    Body, Effect, Event, Index, Outcome, RoleKind, Rules, Settings, Standard, Term, WriteId,
};

fn acknowledges(envelope: &Envelope) -> Option<u64> {
    match &envelope.message.body {
        Body::AppendEntriesReply(reply) => match reply.outcome {
            Outcome::Accepted { match_index } => Some(match_index.0),
            Outcome::Rejected { .. } => None,
        },
        _ => None,
    }
}

fn acks(cluster: &Cluster) -> Vec<u64> {
    cluster.wire.iter().filter_map(acknowledges).collect()
}

/// Three servers, led by the first. From now on the test controls their disks.
fn slow_disks(rules: impl Rules + 'static) -> Cluster {
    let mut cluster = Cluster::with_rules(rules, 3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.instant_disk = false;
    cluster
}

#[test]
fn an_acknowledgement_waits_for_the_followers_disk() {
    let mut cluster = slow_disks(Standard);
    cluster.propose(1);
    cluster.deliver(|e| e.to == n(2));
    assert_eq!(acks(&cluster), [0; 0]);
    assert!(cluster.saw(2, |event| matches!(
        event,
        Event::AckWithheld {
            verified: Index(2),
            durable: Index(1)
        }
    )));
    cluster.sync(2);
    assert_eq!(acks(&cluster), [2]);
}

#[test]
fn a_heartbeats_answer_waits_for_no_disk_and_promises_only_what_is_durable() {
    let mut cluster = slow_disks(Standard);
    cluster.propose(1);
    cluster.deliver(|e| e.to == n(2));
    cluster.timeout(1);
    cluster.deliver(|e| e.to == n(2));
    assert_eq!(acks(&cluster), [1], "entry 2 is received, not durable");
}

#[test]
fn a_stalled_disk_costs_no_leader_its_quorum() {
    let settings = Settings {
        disk_timeout: None,
        ..Settings::default()
    };
    let mut cluster = Cluster::new(3, settings);
    cluster.lead(1, &[2, 3]);
    cluster.instant_disk = false;
    for _ in 0..100 {
        cluster.propose(1);
        cluster.timeout(1);
        cluster.deliver_all();
    }
    assert_eq!(cluster.node(1).role(), RoleKind::Leader);
    assert_eq!(cluster.node(1).commit_index(), Index(1));
}

#[test]
fn a_leaders_own_copy_waits_for_its_own_disk() {
    let mut cluster = slow_disks(Standard);
    cluster.propose(1);
    cluster.deliver(|e| e.to == n(2));
    cluster.sync(2);
    cluster.deliver(|e| e.from == n(2));
    assert_eq!(
        cluster.node(1).commit_index(),
        Index(1),
        "one durable copy of three"
    );
    cluster.sync(1);
    assert_eq!(cluster.node(1).commit_index(), Index(2));
}

#[test]
fn a_leader_commits_before_its_own_disk_when_followers_suffice() {
    let mut cluster = slow_disks(Standard);
    cluster.propose(1);
    cluster.deliver(|e| e.from == n(1));
    cluster.sync(2);
    cluster.sync(3);
    cluster.deliver_all();
    assert_eq!(cluster.node(1).commit_index(), Index(2));
    assert_eq!(cluster.node(1).durable_index(), Index(1));
}

/// Fills entries 2 and 3 of server 2 in term 1, then lets the leader of term 2 overwrite them while
/// the first writes are still in flight. Returns the last write of term 1.
fn overwrite_in_flight(cluster: &mut Cluster) -> WriteId {
    for _ in 0..2 {
        cluster.propose(1);
        cluster.deliver(|e| e.to == n(2));
    }
    cluster.drop_all();
    assert_eq!(cluster.terms(2), [1, 1, 1]);
    let old = cluster.node(2).writes().0;
    cluster.instant_disk = true;
    cluster.nodes.remove(&n(1));
    // Server 3 never received them. Server 1 restarts without them, to vote.
    cluster.disks.get_mut(&n(1)).unwrap().in_flight.clear();
    cluster.start(1);
    cluster.elect(3, &[1]);
    cluster.propose(3);
    cluster.instant_disk = false;
    cluster.timeout(3);
    cluster.deliver_among(&[2, 3]);
    old
}

#[test]
fn a_late_report_of_overwritten_entries_acknowledges_nothing() {
    let mut cluster = slow_disks(Standard);
    let old = overwrite_in_flight(&mut cluster);
    assert_eq!(cluster.terms(2), [1, 2, 2]);
    assert_eq!(cluster.node(2).durable_index(), Index(1));
    cluster.drop_all();
    cluster.durable(2, old.0);
    assert_eq!(
        acks(&cluster),
        [0; 0],
        "what became durable was overwritten"
    );
    assert_eq!(cluster.node(2).durable_index(), Index(1));
    cluster.sync(2);
    assert_eq!(acks(&cluster), [3]);
}

#[test]
fn a_durable_entry_that_is_overwritten_is_durable_no_longer() {
    let mut cluster = Cluster::new(3, plain()).with_logs(1, &[&[1], &[1, 1, 1], &[1]]);
    cluster.instant_disk = true;
    cluster.elect(1, &[3]);
    cluster.timeout(1);
    cluster.instant_disk = false;
    cluster.deliver_among(&[1, 2]);
    assert_eq!(cluster.terms(2), [1, 2]);
    assert_eq!(cluster.node(2).durable_index(), Index(1), "it was 3 before");
    cluster.drop_all();
    cluster.sync(2);
    assert_eq!(acks(&cluster), [2]);
}

/// Counts a late report for the entries that lie at those indexes now (gallery P-05).
#[derive(Clone)]
struct FlightsKeepTheirPromise;

impl Rules for FlightsKeepTheirPromise {
    fn in_flight_after_truncation(&self, last: Index, _from: Index) -> Index {
        last
    }
}

#[test]
fn a_report_that_survived_a_truncation_would_acknowledge_what_is_not_durable() {
    let mut cluster = slow_disks(FlightsKeepTheirPromise);
    let old = overwrite_in_flight(&mut cluster);
    cluster.drop_all();
    cluster.durable(2, old.0);
    assert_eq!(acks(&cluster), [3]);
    assert_eq!(
        cluster.disks[&n(2)].terms,
        [Term(1), Term(1), Term(1)],
        "the disk has others"
    );
}

#[test]
fn a_candidate_without_a_durable_vote_of_its_own_asks_nobody() {
    let mut cluster = slow_disks(Standard);
    cluster.advance(1_000);
    cluster.timeout(2);
    assert_eq!(
        (cluster.node(2).role(), cluster.wire.len()),
        (RoleKind::Candidate, 0)
    );
    cluster.crash(2);
    cluster.start(2);
    assert_eq!(
        cluster.node(2).current_term(),
        Term(1),
        "so a crash takes back nothing it said"
    );
}

#[test]
fn a_vote_given_again_after_a_restart_is_the_same_vote() {
    let mut cluster = Cluster::new(3, plain());
    let last = cluster.node(2).log().last();
    cluster.receive(
        1,
        2,
        1,
        Body::RequestVote {
            last,
            priority: raft_core::Priority(0),
            transfer: false,
        },
    );
    cluster.crash(2);
    cluster.start(2);
    cluster.drop_all();
    cluster.receive(
        3,
        2,
        1,
        Body::RequestVote {
            last,
            priority: raft_core::Priority(0),
            transfer: false,
        },
    );
    cluster.receive(
        1,
        2,
        1,
        Body::RequestVote {
            last,
            priority: raft_core::Priority(0),
            transfer: false,
        },
    );
    assert_eq!(
        cluster.wire(),
        "n2→n3 t1 RequestVoteReply granted false\nn2→n1 t1 RequestVoteReply granted true\n"
    );
}

#[test]
fn more_writes_in_flight_than_are_told_apart_only_delay_acknowledgements() {
    let mut cluster = slow_disks(Standard);
    for _ in 0..12 {
        cluster.propose(1);
        cluster.deliver(|e| e.to == n(2));
    }
    let (last, durable) = cluster.node(2).writes();
    let mut reached = 1;
    for write in durable.0 + 1..=last.0 {
        cluster.durable(2, write);
        let on_disk = cluster.disks[&n(2)].terms.len() as u64;
        let promised = cluster.node(2).durable_index().0;
        assert!(promised <= on_disk && promised >= reached);
        reached = promised;
    }
    assert_eq!(reached, 13);
}

#[test]
fn the_write_comes_first_and_in_the_order_of_the_stream() {
    let mut cluster = Cluster::new(3, plain()).with_logs(1, &[&[1], &[1, 1], &[1]]);
    cluster.elect(1, &[3]);
    cluster.timeout(1);
    cluster.deliver_one(|e| e.to == n(2));
    cluster.deliver_one(|e| e.from == n(2));
    let message = cluster
        .wire
        .iter()
        .find(|e| e.to == n(2))
        .unwrap()
        .message
        .clone();
    let effects = cluster.step(
        2,
        raft_core::Input::Receive {
            from: n(1),
            message: &message,
        },
    );
    let Some(Effect::Write(write)) = effects.first() else {
        panic!("the write is the first effect, not {effects:?}")
    };
    assert_eq!(write.truncate_from, Some(Index(2)));
    assert_eq!(
        write.append.as_ref().map(|append| append.first),
        Some(Index(2))
    );
}

#[test]
fn entries_known_by_term_only_are_neither_promised_nor_campaigned_with() {
    let mut cluster = Cluster::new(3, plain()).with_logs(1, &[&[1, 1, 1], &[1, 1, 1], &[1, 1, 1]]);
    cluster.disks.get_mut(&n(2)).unwrap().intact = Some(Index(1));
    cluster.start(2);
    cluster.advance(1_000);
    cluster.timeout(2);
    assert_eq!(cluster.node(2).role(), RoleKind::Follower);
    let shorter = raft_core::EntryId {
        index: Index(2),
        term: Term(1),
    };
    cluster.receive(
        3,
        2,
        2,
        Body::RequestVote {
            last: shorter,
            priority: raft_core::Priority(0),
            transfer: false,
        },
    );
    assert_eq!(
        cluster.wire(),
        "n2→n3 t2 RequestVoteReply granted false\n",
        "yet it votes by them"
    );
    cluster.elect(1, &[3]);
    cluster.timeout(1);
    cluster.deliver_among(&[1, 2]);
    assert_eq!(cluster.node(2).durable_index(), Index(4));
    assert!(acks(&cluster).is_empty() && cluster.node(1).commit_index() == Index(4));
    assert!(
        cluster.saw(2, |event| matches!(event, Event::AppendRejected { .. })),
        "sent again"
    );
}

#[test]
fn a_term_may_be_told_before_it_is_durable() {
    let mut cluster = slow_disks(Standard);
    cluster.receive(3, 2, 7, Body::RequestVoteReply { granted: false });
    let last = cluster.node(2).log().last();
    cluster.receive(
        3,
        2,
        1,
        Body::RequestVote {
            last,
            priority: raft_core::Priority(0),
            transfer: false,
        },
    );
    assert_eq!(cluster.wire(), "n2→n3 t7 RequestVoteReply granted false\n");
}

#[test]
#[should_panic(expected = "never issued")]
fn a_report_of_a_write_never_issued_is_an_error_of_the_driver() {
    let mut cluster = Cluster::new(3, plain());
    cluster.durable(1, 99);
}

#[test]
#[should_panic(expected = "were not carried out")]
fn effects_left_behind_are_an_error_of_the_driver() {
    let mut cluster = Cluster::new(3, plain());
    let node = cluster.nodes.get_mut(&n(1)).unwrap();
    let late = node.deadline().unwrap();
    let _ = node.step(late, raft_core::Input::Wake);
    let _ = node.step(late, raft_core::Input::Wake);
}
