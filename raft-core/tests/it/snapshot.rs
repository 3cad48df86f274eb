//! Snapshots (§7, dissertation §5): a log that begins later, and followers that receive the state
//! because the entries are no longer in the log.

use crate::common::schedule::{Act, act, run};
use crate::common::{Cluster, Envelope, MS, n};
use proptest::prelude::*;
use raft_core::{
    Body, Effect, EntryId, Event, Index, Input, Outcome, OutsideLog, ProgressState, ReadMode,
    RoleKind, Rules, Settings, SnapshotId, Term,
};
use std::collections::BTreeMap;

fn small_pieces() -> Settings {
    Settings {
        max_message_bytes: 10,
        snapshot_piece_bytes: 10,
        window_bytes: 30,
        ..Settings::default()
    }
}

/// Three servers that share three entries; then 1 and 2 commit `more` without 3, take a snapshot of
/// 35 bytes and cut their logs.
fn left_behind(more: u64) -> Cluster {
    let mut cluster = Cluster::new(3, small_pieces());
    cluster.lead(1, &[2, 3]);
    commit(&mut cluster, 1, &[2, 3], 2);
    commit(&mut cluster, 1, &[2], more);
    for id in [1, 2] {
        cluster.snapshot(id, 35, u64::MAX >> 4);
    }
    cluster.drop_all();
    cluster
}

/// [`left_behind`], where server 2 has all entries and no snapshot.
fn left_behind_a_log_that_is_whole() -> Cluster {
    let mut cluster = Cluster::new(3, small_pieces());
    cluster.lead(1, &[2, 3]);
    commit(&mut cluster, 1, &[2, 3], 2);
    commit(&mut cluster, 1, &[2], 2);
    cluster.snapshot(1, 35, u64::MAX >> 4);
    cluster.drop_all();
    cluster
}

fn commit(cluster: &mut Cluster, leader: u64, others: &[u64], entries: u64) {
    let mut all = others.to_vec();
    all.push(leader);
    for _ in 0..entries {
        cluster.propose(leader);
        cluster.deliver_among(&all);
        cluster.timeout(leader);
        cluster.deliver_among(&all);
        cluster.drop_all();
    }
}

/// Sends heartbeats from the leader and delivers all messages, `times` times.
fn rounds(cluster: &mut Cluster, leader: u64, times: u64) {
    for _ in 0..times {
        cluster.timeout(leader);
        cluster.deliver_all();
    }
}

fn pieces(e: &Envelope) -> bool {
    matches!(e.message.body, Body::InstallSnapshot(_))
}

fn installed(cluster: &Cluster, id: u64) -> Option<SnapshotId> {
    cluster
        .answers
        .iter()
        .find_map(|(at, answer)| match answer {
            Effect::Installed { snapshot } if *at == n(id) => Some(*snapshot),
            _ => None,
        })
}

#[test]
fn a_log_is_cut_at_its_snapshot_and_goes_on_after_it() {
    let mut cluster = left_behind(2);
    let log = cluster.node(1).log();
    let base = EntryId {
        index: Index(5),
        term: Term(1),
    };
    assert_eq!((log.base().last, log.last_index()), (base, Index(5)));
    assert_eq!(log.term_at(Index(4)), Err(OutsideLog));
    commit(&mut cluster, 1, &[2], 1);
    assert_eq!(cluster.node(2).commit_index(), Index(6));
    assert_eq!(cluster.disks[&n(1)].terms, [Term(1)], "entry 6 alone");
    cluster.crash(1);
    cluster.start(1);
    assert_eq!(cluster.node(1).log().last_index(), Index(6));
    assert_eq!(
        cluster.node(1).commit_index(),
        Index(5),
        "what the snapshot covers"
    );
}

#[test]
fn only_what_a_snapshot_covers_is_cut_off() {
    let mut cluster = Cluster::new(3, Settings::default());
    cluster.lead(1, &[2, 3]);
    cluster.step(1, Input::Compact { through: Index(1) });
    assert_eq!(cluster.node(1).log().base().last.index, Index(0));
    commit(&mut cluster, 1, &[2, 3], 5);
    cluster.snapshot(1, 1, 3);
    assert_eq!(
        cluster.node(1).log().base().last.index,
        Index(3),
        "as much as was asked"
    );
    cluster.step(1, Input::Compact { through: Index(99) });
    assert_eq!(
        cluster.node(1).log().base().last.index,
        Index(6),
        "as much as is covered"
    );
}

#[test]
fn a_follower_that_needs_what_is_gone_is_sent_a_snapshot_in_pieces() {
    let mut cluster = left_behind(3);
    rounds(&mut cluster, 1, 6);
    assert!(cluster.saw(1, |event| matches!(event, Event::SnapshotSent { .. })));
    assert_eq!(installed(&cluster, 3), cluster.node(1).snapshot());
    assert_eq!(cluster.node(3).log().base().last.index, Index(6));
    assert_eq!(cluster.node(3).commit_index(), Index(6));
    assert_eq!(cluster.node(1).progress()[1].pace, ProgressState::Replicate);
    commit(&mut cluster, 1, &[2, 3], 2);
    assert_eq!(cluster.node(3).log().last_index(), Index(8));
    assert_eq!(cluster.node(3).commit_index(), Index(8));
}

#[test]
fn a_follower_that_has_what_it_needs_is_sent_no_snapshot() {
    let mut cluster = Cluster::new(3, small_pieces());
    cluster.lead(1, &[2, 3]);
    commit(&mut cluster, 1, &[2, 3], 3);
    cluster.snapshot(1, 35, 99);
    commit(&mut cluster, 1, &[2, 3], 3);
    rounds(&mut cluster, 1, 3);
    assert!(!cluster.saw(1, |event| matches!(event, Event::SnapshotSent { .. })));
}

#[test]
fn lost_pieces_are_sent_again_and_pieces_that_come_twice_do_no_harm() {
    let mut cluster = left_behind(2);
    for round in 0..40 {
        cluster.timeout(1);
        let copies: Vec<_> = cluster.wire.iter().filter(|e| pieces(e)).cloned().collect();
        if round % 3 == 0 {
            cluster.wire.retain(|e| !pieces(e));
        } else {
            cluster.wire.extend(copies);
        }
        cluster.deliver_all();
    }
    assert_eq!(installed(&cluster, 3), cluster.node(1).snapshot());
    let times = cluster
        .events
        .iter()
        .filter(|(at, event)| *at == n(3) && matches!(event, Event::SnapshotInstalled { .. }));
    assert_eq!(times.count(), 1);
}

#[test]
fn a_receiver_that_restarts_goes_on_from_what_it_holds() {
    let mut cluster = left_behind(2);
    cluster.timeout(1);
    cluster.deliver(|e| !pieces(e));
    cluster.deliver_one(pieces);
    cluster.drop_all();
    let held = cluster.node(3).incoming().expect("a part of it").1;
    assert!(held > 0);
    cluster.crash(3);
    cluster.start(3);
    assert_eq!(
        cluster.node(3).incoming().map(|(_, received)| received),
        Some(held)
    );
    let mut least = held;
    for _ in 0..8 {
        cluster.timeout(1);
        cluster.deliver_all();
        let now = cluster
            .node(3)
            .incoming()
            .map_or(least, |(_, received)| received);
        assert!(now >= least, "it had {least} bytes and has {now}");
        least = now;
    }
    assert_eq!(installed(&cluster, 3), cluster.node(1).snapshot());
}

#[test]
fn a_receiver_that_crashes_while_it_installs_is_sent_a_piece_again() {
    let mut cluster = left_behind(2);
    cluster.instant_disk = false;
    for _ in 0..20 {
        cluster.timeout(1);
        cluster.deliver_all();
        if let Some((_, received)) = cluster.disks[&n(3)].incoming {
            cluster.stored(3, received);
            cluster.deliver_all();
        }
        if installed(&cluster, 3).is_some() {
            break;
        }
    }
    assert!(
        installed(&cluster, 3).is_some(),
        "its leader knows that all is there"
    );
    // All pieces were durable, but no part of the write that begins the log after it was.
    cluster.crash(3);
    let id = cluster.node(1).snapshot().expect("it took one");
    let disk = cluster.disks.get_mut(&n(3)).expect("each has one");
    (disk.snapshot, disk.incoming) = (None, Some((id, id.bytes)));
    cluster.instant_disk = true;
    cluster.start(3);
    assert_eq!(cluster.node(3).log().base().last.index, Index(0));
    rounds(&mut cluster, 1, 4);
    assert_eq!(cluster.node(3).log().base().last, id.last);
    assert_eq!(cluster.node(1).progress()[1].match_index, id.last.index);
}

#[test]
fn a_new_leader_with_the_same_snapshot_goes_on_where_the_last_one_was() {
    let mut cluster = left_behind(2);
    cluster.timeout(1);
    cluster.deliver(|e| !pieces(e));
    cluster.deliver_one(pieces);
    cluster.drop_all();
    let held = cluster.node(3).incoming().expect("a part of it").1;
    cluster.crash(1);
    cluster.elect(2, &[3]);
    for _ in 0..3 {
        cluster.timeout(2);
        cluster.deliver_one(|e| e.to == n(3));
        cluster.deliver_one(|e| e.to == n(2));
    }
    assert_eq!(
        cluster
            .node(3)
            .incoming()
            .map(|(_, received)| received >= held),
        Some(true)
    );
    rounds(&mut cluster, 2, 12);
    assert_eq!(installed(&cluster, 3), cluster.node(2).snapshot());
}

/// A piece as a leader sends it, made by hand.
fn piece(cluster: &Cluster, snapshot: SnapshotId, offset: u64, length: u64) -> Body {
    Body::InstallSnapshot(Box::new(raft_core::InstallSnapshot {
        snapshot,
        configuration: cluster.configuration.clone(),
        offset,
        length,
        seq: 900 + offset,
        sent_at: raft_core::Instant(0),
    }))
}

#[test]
fn pieces_of_two_snapshots_are_not_put_together() {
    let mut cluster = left_behind(2);
    cluster.timeout(1);
    cluster.deliver(|e| !pieces(e));
    cluster.deliver_one(pieces);
    cluster.drop_all();
    cluster.crash(1);
    let other = cluster.node(2).snapshot().expect("it took one");
    let mut other_bytes = other;
    other_bytes.checksum += 1;
    let late = piece(&cluster, other_bytes, 10, 10);
    let first = piece(&cluster, other_bytes, 0, 10);
    cluster.elect(2, &[3]);
    let term = cluster.node(2).current_term().0;
    cluster.receive(2, 3, term, late);
    assert_eq!(
        cluster.node(3).incoming(),
        Some((other_bytes, 0)),
        "begun anew"
    );
    cluster.receive(2, 3, term, first);
    assert_eq!(
        cluster.node(3).incoming(),
        Some((other_bytes, 20)),
        "with the one that waited"
    );
}

#[test]
fn pieces_follow_each_other_without_waiting_for_the_disk() {
    let mut cluster = left_behind(2);
    cluster.instant_disk = false;
    cluster.timeout(1);
    cluster.deliver(|e| !pieces(e));
    let mut stored = Vec::new();
    while let Some(place) = cluster.wire.iter().position(pieces) {
        let Envelope { message, .. } = cluster.wire.remove(place).unwrap();
        for effect in cluster.receive(1, 3, message.term.0, message.body) {
            if let Effect::StorePiece { offset, .. } = effect {
                stored.push(offset);
            }
        }
    }
    assert_eq!(stored, [0, 10, 20], "the whole window");
}

/// Delivers the newest piece in flight, then the one before it, and so on, with answers at once. No
/// server sends a heartbeat.
fn deliver_pieces_backwards(cluster: &mut Cluster) {
    while let Some(place) = cluster.wire.iter().rposition(pieces) {
        let Envelope { from, to, message } =
            cluster.wire.remove(place).expect("it was found there");
        cluster.receive(from.0, to.0, message.term.0, message.body);
        cluster.deliver(|e| !pieces(e));
    }
}

#[test]
fn pieces_that_overtake_each_other_wait_for_those_they_follow() {
    let mut cluster = left_behind(2);
    cluster.timeout(1);
    cluster.deliver(|e| !pieces(e));
    assert_eq!(cluster.wire.iter().filter(|e| pieces(e)).count(), 3);
    let before = cluster.now;
    deliver_pieces_backwards(&mut cluster);
    assert_eq!(installed(&cluster, 3), cluster.node(1).snapshot());
    assert_eq!(cluster.now, before, "no heartbeat was needed");
}

#[test]
fn a_piece_that_waits_is_asked_for_once_and_none_is_kept_beyond_the_window() {
    let mut cluster = left_behind(2);
    let id = cluster.node(1).snapshot().expect("it took one");
    cluster.instant_disk = false;
    let mut effects_of = |offset| {
        let piece = piece(&cluster, id, offset, 5);
        let effects = cluster.receive(1, 3, 1, piece);
        let places = effects.into_iter().filter_map(|effect| match effect {
            Effect::KeepPiece { offset, .. } => Some(format!("keeps {offset}")),
            Effect::StorePiece { offset, .. } => Some(format!("stores {offset}")),
            Effect::Send { .. } => Some("answers".to_owned()),
            _ => None,
        });
        places.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(effects_of(10), "keeps 10, answers");
    assert_eq!(effects_of(10), "answers", "it waits already");
    assert_eq!(effects_of(25), "keeps 25, answers");
    assert_eq!(effects_of(30), "answers", "the window has 30 bytes");
    assert_eq!(effects_of(5), "keeps 5, answers");
    assert_eq!(effects_of(0), "stores 0, stores 5, stores 10");
    assert_eq!(effects_of(5), "answers", "taken before");
    assert_eq!(effects_of(20), "keeps 20, answers");
    assert_eq!(effects_of(15), "stores 15, stores 20, stores 25");
}

#[test]
fn what_was_received_is_forgotten_once_entries_overtake_it() {
    let mut cluster = left_behind_a_log_that_is_whole();
    cluster.timeout(1);
    cluster.deliver(|e| !pieces(e));
    cluster.deliver_one(pieces);
    cluster.drop_all();
    let held = cluster.node(3).incoming();
    assert!(held.is_some());
    cluster.crash(1);
    cluster.elect(2, &[3]);
    rounds(&mut cluster, 2, 3);
    assert_eq!(cluster.node(3).commit_index(), Index(6));
    assert_eq!(cluster.node(3).incoming(), None);
    assert_eq!(cluster.disks[&n(3)].incoming, held, "the disk keeps it");
    cluster.step(
        3,
        Input::PieceStored {
            reception: cluster.reception,
            received: 35,
        },
    );
    assert_eq!(cluster.node(3).incoming(), None, "a late report");
    // After a start, a server only knows that its own snapshot is committed.
    cluster.crash(3);
    cluster.start(3);
    assert_eq!(cluster.node(3).incoming(), held);
    rounds(&mut cluster, 2, 3);
    cluster.snapshot(3, 35, 99);
    cluster.crash(3);
    cluster.start(3);
    assert_eq!(cluster.node(3).incoming(), None, "it is of no use");
}

#[test]
fn what_waits_is_of_one_go_alone() {
    let mut cluster = left_behind(2);
    let first = cluster.node(1).snapshot().expect("it took one");
    let mut other = first;
    other.checksum += 1;
    cluster.instant_disk = false;
    let stored = |cluster: &mut Cluster, snapshot, offset| {
        let piece = piece(cluster, snapshot, offset, 10);
        let effects = cluster.receive(1, 3, 1, piece);
        let stores = |effect: &&Effect| matches!(effect, Effect::StorePiece { .. });
        effects.iter().filter(stores).count()
    };
    assert_eq!(stored(&mut cluster, first, 10), 0);
    assert_eq!(stored(&mut cluster, other, 0), 1, "10 is of another");
    assert_eq!(stored(&mut cluster, other, 20), 0);
    let reception = cluster.reception;
    cluster.step(3, Input::SnapshotDamaged { reception });
    assert_eq!(stored(&mut cluster, other, 0), 1);
    assert_eq!(
        stored(&mut cluster, other, 10),
        1,
        "20 went with the damage"
    );
}

#[test]
fn answers_that_overtake_each_other_do_not_send_the_leader_back() {
    let mut cluster = left_behind(2);
    cluster.timeout(1);
    cluster.deliver(|e| !pieces(e));
    while cluster.deliver_one(pieces) {}
    let mut answers: Vec<_> = cluster.wire.drain(..).collect();
    assert_eq!(answers.len(), 3, "one a piece");
    for answer in answers.iter_mut() {
        let Body::InstallSnapshotReply { seq, .. } = &mut answer.message.body else {
            panic!("a piece is answered");
        };
        // All pieces arrived before the first was durable.
        *seq = cluster.node(1).progress()[1].sent_seq;
    }
    for answer in answers.into_iter().rev() {
        let Envelope { from, to, message } = answer;
        cluster.receive(from.0, to.0, message.term.0, message.body);
    }
    let again = cluster.wire.iter().filter_map(|e| match &e.message.body {
        Body::InstallSnapshot(piece) => Some(piece.offset),
        _ => None,
    });
    let again: Vec<_> = again.collect();
    assert_eq!(again, [30], "the rest, once");
}

#[test]
fn a_late_report_of_pieces_that_were_replaced_since_says_nothing() {
    let mut cluster = left_behind(2);
    cluster.instant_disk = false;
    let first = cluster.node(1).snapshot().expect("it took one");
    let mut other = first;
    other.checksum += 1;
    let send = |cluster: &mut Cluster, snapshot, offset| {
        let piece = piece(cluster, snapshot, offset, 10);
        cluster.receive(1, 3, 1, piece);
    };
    for offset in [0, 10, 20] {
        send(&mut cluster, first, offset);
    }
    let old = cluster.reception;
    send(&mut cluster, other, 0);
    send(&mut cluster, first, 0);
    let (reception, received) = (old, 30);
    cluster.step(
        3,
        Input::PieceStored {
            reception,
            received,
        },
    );
    assert_eq!(cluster.node(3).incoming(), Some((first, 0)));
    cluster.stored(3, 10);
    assert_eq!(cluster.node(3).incoming(), Some((first, 10)));
}

#[test]
fn a_follower_that_asks_is_sent_a_snapshot_though_entries_would_do() {
    let mut cluster = Cluster::new(3, small_pieces());
    cluster.lead(1, &[2, 3]);
    commit(&mut cluster, 1, &[2, 3], 3);
    commit(&mut cluster, 1, &[2], 3);
    cluster.snapshot(1, 35, 0);
    cluster.drop_all();
    assert_eq!(cluster.node(1).log().base().last.index, Index(0));
    cluster.step(3, Input::RequestSnapshot);
    cluster.deliver(|e| matches!(e.message.body, Body::InstallSnapshotReply { .. }));
    rounds(&mut cluster, 1, 6);
    assert_eq!(installed(&cluster, 3), cluster.node(1).snapshot());
    commit(&mut cluster, 1, &[2, 3], 1);
    assert_eq!(cluster.node(3).commit_index(), Index(8));
    // There is no server to ask, and nothing new, so nothing happens.
    cluster.step(1, Input::RequestSnapshot);
    cluster.step(3, Input::RequestSnapshot);
    cluster.deliver_all();
    assert_eq!(cluster.node(1).progress()[1].sending(), None);
}

#[test]
fn a_damaged_snapshot_is_asked_for_again_from_the_start() {
    let mut cluster = left_behind(2);
    cluster.timeout(1);
    cluster.deliver(|e| !pieces(e));
    cluster.deliver_one(pieces);
    let (snapshot, _) = cluster.node(3).incoming().expect("a part of it");
    let reception = cluster.reception;
    cluster.step(3, Input::SnapshotDamaged { reception });
    assert_eq!(cluster.node(3).incoming(), Some((snapshot, 0)));
    rounds(&mut cluster, 1, 12);
    assert_eq!(installed(&cluster, 3), Some(snapshot));
}

#[test]
fn a_log_that_conflicts_is_replaced_whole_and_one_that_agrees_keeps_its_suffix() {
    for (log, whole) in [
        (vec![1, 1, 1, 1, 1, 1, 1], false),
        (vec![1, 1, 1, 2, 2, 2, 2], true),
    ] {
        let mut cluster = Cluster::new(3, small_pieces())
            .with_logs(3, &[&[1, 1, 1, 1, 1], &[1, 1, 1, 1, 1], &log]);
        // Server 3 must not get the request: its log may be longer.
        cluster.elect(1, &[2]);
        cluster.timeout(1);
        cluster.deliver_among(&[1, 2]);
        cluster.snapshot(1, 35, 5);
        cluster.drop_all();
        let snapshot = SnapshotId {
            last: EntryId {
                index: Index(5),
                term: Term(1),
            },
            bytes: 5,
            checksum: 9,
        };
        let whole_snapshot = piece(&cluster, snapshot, 0, 5);
        let term = cluster.node(1).current_term().0;
        cluster.receive(1, 3, term, whole_snapshot);
        let last = cluster.node(3).log().last_index().0;
        assert_eq!(last, if whole { 5 } else { 7 }, "{log:?}");
        assert_eq!(
            cluster.node(3).commit_index(),
            Index(5),
            "it is committed either way"
        );
        assert_eq!(installed(&cluster, 3).is_some(), whole);
    }
}

#[test]
fn what_a_snapshot_replaced_is_not_acknowledged_in_its_place() {
    let mut cluster = Cluster::new(3, small_pieces())
        .with_logs(3, &[&[1, 1, 3, 3, 3], &[1, 1, 3, 3, 3], &[1, 1, 2, 2]]);
    cluster.elect(1, &[2]);
    cluster.instant_disk = false;
    let snapshot = SnapshotId {
        last: EntryId {
            index: Index(5),
            term: Term(3),
        },
        bytes: 5,
        checksum: 9,
    };
    let term = cluster.node(1).current_term().0;
    let whole = |cluster: &mut Cluster| {
        let piece = piece(cluster, snapshot, 0, 5);
        cluster.receive(1, 3, term, piece)
    };
    whole(&mut cluster);
    cluster.stored(3, 5);
    assert_eq!(installed(&cluster, 3), Some(snapshot));
    let again = whole(&mut cluster);
    let acknowledged = again.iter().find_map(|effect| match effect {
        Effect::Send { message, .. } => match &message.body {
            Body::AppendEntriesReply(reply) => Some(reply.outcome),
            _ => None,
        },
        _ => None,
    });
    // The disk still holds entries 3 and 4 of term 2.
    let match_index = Index(0);
    assert_eq!(acknowledged, Some(Outcome::Accepted { match_index }));
    cluster.sync(3);
    assert_eq!(cluster.node(3).durable_index(), Index(5));
}

#[test]
fn a_snapshot_of_what_is_committed_already_changes_nothing() {
    let mut cluster = Cluster::new(3, small_pieces());
    cluster.lead(1, &[2, 3]);
    commit(&mut cluster, 1, &[2, 3], 4);
    let before = cluster.node(3).log().clone();
    let snapshot = SnapshotId {
        last: EntryId {
            index: Index(2),
            term: Term(1),
        },
        bytes: 5,
        checksum: 9,
    };
    let whole_snapshot = piece(&cluster, snapshot, 0, 5);
    cluster.receive(1, 3, 1, whole_snapshot);
    assert_eq!(cluster.node(3).log(), &before);
    assert_eq!(cluster.node(3).commit_index(), Index(5));
    assert_eq!(cluster.node(3).incoming(), None);
}

#[test]
fn an_installed_snapshot_is_acknowledged_once_the_log_begins_after_it_durably() {
    let mut cluster = left_behind(2);
    cluster.instant_disk = false;
    let mut stored = None;
    for _ in 0..20 {
        cluster.timeout(1);
        cluster.deliver_all();
        if let Some((_, received)) = cluster.disks[&n(3)].incoming
            && stored != Some(received)
        {
            stored = Some(received);
            cluster.stored(3, received);
        }
        if installed(&cluster, 3).is_some() {
            break;
        }
    }
    assert!(installed(&cluster, 3).is_some());
    rounds(&mut cluster, 1, 2);
    let last = cluster.node(1).snapshot().expect("it took one").last.index;
    assert!(
        cluster.node(1).progress()[1].match_index < last,
        "its disk is not done"
    );
    cluster.sync(3);
    rounds(&mut cluster, 1, 2);
    assert!(cluster.node(1).progress()[1].match_index >= last);
}

#[test]
fn what_follows_a_snapshot_stays_while_it_is_on_its_way_but_not_for_ever() {
    let mut cluster = left_behind(2);
    cluster.timeout(1);
    cluster.deliver(|e| !pieces(e) || e.to == n(2));
    cluster.drop_all();
    let sent = cluster.node(1).snapshot().expect("it took one").last.index;
    commit(&mut cluster, 1, &[2], 3);
    cluster.snapshot(1, 40, 99);
    assert_eq!(
        cluster.node(1).log().base().last.index,
        sent,
        "3 still gets on"
    );
    for _ in 0..100 {
        cluster.timeout(1);
        cluster.deliver_among(&[1, 2]);
        cluster.drop_all();
    }
    cluster.step(1, Input::Compact { through: Index(99) });
    assert!(
        cluster.node(1).log().base().last.index > sent,
        "3 has been gone for long"
    );
    rounds(&mut cluster, 1, 12);
    assert_eq!(
        installed(&cluster, 3),
        cluster.node(1).snapshot(),
        "the newer one"
    );
}

#[test]
fn who_is_being_sent_a_snapshot_hears_its_leader_and_counts_for_reads() {
    let mut cluster = left_behind(2);
    cluster.crash(2);
    cluster.timeout(1);
    cluster.deliver(|e| !pieces(e));
    cluster.drop_all();
    cluster.read(1, 7, ReadMode::ReadIndex);
    cluster.deliver_all();
    assert!(cluster.ready(7).is_some());
    let deadline = cluster.node(3).deadline().expect("it waits");
    assert!(
        deadline.0 >= cluster.now + 100 * MS,
        "the pieces postponed its election"
    );
}

#[test]
fn a_piece_of_a_deposed_leader_is_answered_with_the_newer_term_alone() {
    let mut cluster = left_behind(2);
    cluster.timeout(1);
    cluster.deliver(|e| !pieces(e));
    let late: Vec<_> = cluster.wire.drain(..).collect();
    cluster.elect(2, &[3]);
    let before = cluster.node(3).incoming();
    cluster.wire.extend(late);
    cluster.deliver(|e| e.to == n(3));
    assert_eq!(cluster.node(3).incoming(), before);
    cluster.deliver(|e| e.to == n(1));
    assert_eq!(
        cluster.node(1).role(),
        RoleKind::Follower,
        "1 learns of the newer term"
    );
}

#[test]
fn a_server_that_crashes_between_a_snapshot_and_its_log_starts_from_the_snapshot() {
    let mut cluster = left_behind(2);
    cluster.instant_disk = false;
    for _ in 0..20 {
        cluster.timeout(1);
        cluster.deliver_all();
        if let Some((_, received)) = cluster.disks[&n(3)].incoming {
            cluster.stored(3, received);
        }
    }
    let snapshot = installed(&cluster, 3).expect("it has it");
    assert_eq!(
        cluster.disks[&n(3)].base.index,
        Index(0),
        "the old log is still there"
    );
    cluster.crash(3);
    cluster.start(3);
    assert_eq!(cluster.node(3).log().base().last, snapshot.last);
    assert_eq!(cluster.node(3).commit_index(), snapshot.last.index);
}

// ---- random schedules -----------------------------------------------------------------------

#[derive(Clone, Debug)]
enum Step {
    World(Act),
    Snapshot { id: u64, bytes: u64, keep: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let parts = (0_u32..22, act(3), 1_u64..=3, 1_u64..40, 0_u64..3);
    parts.prop_map(|(kind, act, id, bytes, keep)| match kind {
        0..20 => Step::World(act),
        _ => Step::Snapshot { id, bytes, keep },
    })
}

/// Runs a schedule. Returns the first error: an entry committed twice with different terms, or a
/// commit index that decreases while a server runs.
fn wrong(cluster: &mut Cluster, steps: &[Step]) -> Option<String> {
    let mut committed: BTreeMap<u64, u64> = BTreeMap::new();
    let mut known: BTreeMap<u64, u64> = BTreeMap::new();
    for step in steps {
        match step.clone() {
            Step::World(act) => {
                if let Act::Crash(id, ..) = act {
                    known.remove(&id);
                }
                run(cluster, act);
            }
            Step::Snapshot { id, bytes, keep } => {
                let commit = cluster.node(id).commit_index();
                if commit > cluster.node(id).log().base().last.index {
                    cluster.snapshot(id, bytes, commit.0.saturating_sub(keep));
                }
            }
        }
        for id in 1..=3 {
            let raft = cluster.node(id);
            let commit = raft.commit_index();
            if raft.invariants().is_err() {
                return Some(format!("{id}: {:?}", raft.invariants()));
            }
            if known
                .insert(id, commit.0)
                .is_some_and(|before| before > commit.0)
            {
                return Some(format!("the commit index of {id} goes back"));
            }
            for index in raft.log().base().last.index.0.max(1)..=commit.0 {
                let term = raft
                    .log()
                    .term_at(Index(index))
                    .expect("it is in the log")
                    .0;
                if *committed.entry(index).or_insert(term) != term {
                    return Some(format!("entry {index} is committed in two terms"));
                }
            }
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn servers_that_cut_their_logs_agree_on_what_is_committed(
        steps in proptest::collection::vec(step(), 1..300),
    ) {
        let mut cluster = Cluster::new(3, small_pieces());
        prop_assert_eq!(wrong(&mut cluster, &steps), None);
    }
}

/// A wrong rule, by its place in the list.
#[derive(Clone, Copy, Debug)]
struct Wrong(u8);

impl Rules for Wrong {
    fn snapshot_has_news(&self, last: Index, commit: Index) -> bool {
        self.0 == 0 || last > commit
    }

    fn suffix_stays(&self, own: Result<Term, OutsideLog>, term: Term) -> bool {
        if self.0 == 1 {
            own.is_ok()
        } else {
            own == Ok(term)
        }
    }
}

#[test]
fn each_rule_of_installing_is_needed() {
    use proptest::strategy::{Strategy as _, ValueTree as _};
    use proptest::test_runner::TestRunner;

    for rule in 0..2 {
        let mut runner = TestRunner::deterministic();
        let found = (0..40_000).any(|_| {
            let steps = proptest::collection::vec(step(), 1..300);
            let steps = steps
                .new_tree(&mut runner)
                .expect("it has values")
                .current();
            let mut cluster = Cluster::with_rules(Wrong(rule), 3, small_pieces());
            cluster.checked = false;
            wrong(&mut cluster, &steps).is_some()
        });
        assert!(found, "nothing noticed wrong rule {rule}");
    }
}
