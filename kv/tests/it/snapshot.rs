//! §7 in the store: the time and the content of snapshots, and a node's use of a snapshot that it
//! receives or finds on its disk. The tests move every message and write.

use std::sync::Arc;

use crate::common::{Cluster, append, found, plain, put, written};
use kv::{
    Answer, Compaction, Disk, Event, Input, Message, Operator, Options, ReadBy, Response,
    RestoreError, Snapshot, Write, parts,
};
use proptest::prelude::*;
use raft_core::{Body, EntryId, Index, NodeId, RoleKind, Settings, Span, Term};

const ALL: &[u64] = &[1, 2, 3];

/// Settings under which even a small state travels in many pieces.
fn in_pieces() -> Settings {
    Settings {
        max_message_bytes: 64,
        snapshot_piece_bytes: 4,
        window_bytes: 64,
        ..plain()
    }
}

fn compacting(compaction: Compaction) -> Options {
    Options {
        compaction,
        ..Options::default()
    }
}

/// S1 appends to the one key, and only `among` communicate.
fn write(cluster: &mut Cluster, among: &[u64], serials: std::ops::RangeInclusive<u64>) {
    for serial in serials {
        cluster.ask(1, serial, append(&format!("{serial},")));
        cluster.deliver(among);
        cluster.wake(1, among);
    }
}

/// S1 leads in term 1. S3 has applied entries 1 and 2, S1 and S2 have applied six. S1 holds a
/// snapshot of all of them, and no entry. S2 has no snapshot.
fn left_behind() -> Cluster {
    left_behind_with(Options::default())
}

fn left_behind_with(options: Options) -> Cluster {
    let mut cluster = Cluster::with(in_pieces(), options);
    cluster.elect(1, ALL);
    write(&mut cluster, ALL, 1..=1);
    write(&mut cluster, &[1, 2], 2..=5);
    cluster.operate(1, Operator::Snapshot);
    assert_eq!(snapshot_at(&cluster, 1), 6);
    cluster.wire.clear();
    cluster.replies.clear();
    cluster
}

const WHOLE: &str = "1,2,3,4,5,";

/// The last entry that the newest durable snapshot covers; 0 without one.
fn snapshot_at(cluster: &Cluster, id: u64) -> u64 {
    let snapshot = cluster.node(id).raft().snapshot();
    snapshot.map_or(0, |id| id.last.index.0)
}

fn begins_after(cluster: &Cluster, id: u64) -> u64 {
    cluster.node(id).raft().log().base().last.index.0
}

fn text(cluster: &Cluster, id: u64) -> String {
    let Answer::Value(value) = cluster.value(id).answer else {
        panic!("a get finds a value or none");
    };
    let bytes = value.map_or(Vec::new(), |value| value.to_vec());
    String::from_utf8(bytes).unwrap()
}

fn is_piece(message: &Message) -> bool {
    matches!(message.raft.body, Body::InstallSnapshot(_))
}

/// The pieces in flight to S3.
fn pieces(cluster: &Cluster) -> Vec<Message> {
    let wire = cluster.wire.iter();
    let to = wire.filter(|(_, to, message)| *to == NodeId(3) && is_piece(message));
    to.map(|(.., message)| message.clone()).collect()
}

/// S3 receives this message from S1.
fn hear(cluster: &mut Cluster, message: &Message) {
    let from = NodeId(1);
    cluster.step(NodeId(3), Input::Receive { from, message });
}

/// The durable bytes of a snapshot at S3, as its core knows them.
fn received(cluster: &Cluster) -> u64 {
    let incoming = cluster.node(3).raft().incoming();
    incoming.map_or(0, |(_, received)| received)
}

fn saw(cluster: &Cluster, id: u64, wanted: impl Fn(&Event) -> bool) -> usize {
    let at = |(of, event): &&(NodeId, Event)| of.0 == id && wanted(event);
    cluster.events.iter().filter(at).count()
}

fn installs(event: &Event) -> bool {
    matches!(
        event,
        Event::Core(raft_core::Event::SnapshotInstalled { .. })
    )
}

fn sends(event: &Event) -> bool {
    matches!(event, Event::Core(raft_core::Event::SnapshotSent { .. }))
}

fn begins(event: &Event) -> bool {
    matches!(event, Event::SnapshotBegun { .. })
}

/// S1 sends heartbeats until S3 has the whole state, at most `times` times.
fn rounds(cluster: &mut Cluster, times: u64) {
    for _ in 0..times {
        cluster.wake(1, ALL);
    }
}

/// S1 and S3 exchange one message after the other until `enough`. If none is in flight, S1 sends a
/// heartbeat.
fn until(cluster: &mut Cluster, enough: impl Fn(&Cluster) -> bool) {
    for _ in 0..1_000 {
        if enough(cluster) {
            return;
        }
        if !cluster.deliver_one(|from, to, _| from.0 != 2 && to.0 != 2) {
            cluster.wake(1, &[1, 2]);
        }
    }
    panic!("it never comes to that");
}

// ---- the content of a snapshot, and the time for one ----------------------------------------

#[test]
fn a_snapshot_covers_what_is_applied_and_no_entry_more() {
    let mut cluster = Cluster::new();
    cluster.elect(1, ALL);
    write(&mut cluster, ALL, 1..=2);
    let delay = Span(1_000_000_000_000);
    cluster.operate(1, Operator::ApplyAfter { delay });
    cluster.ask(1, 3, put("committed, not applied"));
    cluster.deliver(ALL);
    cluster.ask(1, 4, put("not committed"));
    let node = cluster.node(1);
    assert_eq!(node.raft().commit_index(), Index(4));
    assert_eq!(node.raft().log().last_index(), Index(5));
    let (applied, hash) = (node.machine().applied(), node.machine().hash());
    cluster.operate(1, Operator::Snapshot);
    assert_eq!((snapshot_at(&cluster, 1), applied), (3, 3));
    let held = cluster.disks[&NodeId(1)].snapshot.as_ref().unwrap();
    let state = kv::Machine::decode(kv::Standard, &held.bytes).unwrap();
    assert_eq!((state.applied(), state.hash()), (applied, hash));
    assert_eq!(
        cluster.node(1).raft().log().last_index(),
        Index(5),
        "the rest stays"
    );
}

#[test]
fn each_node_takes_its_own_snapshots_without_a_message() {
    for id in [1, 2, 3] {
        let mut cluster = Cluster::new();
        cluster.elect(1, ALL);
        write(&mut cluster, ALL, 1..=3);
        cluster.operate(id, Operator::Snapshot);
        assert!(cluster.wire.is_empty());
        let held = [1, 2, 3].map(|other| snapshot_at(&cluster, other));
        assert_eq!(held, [1, 2, 3].map(|other| if other == id { 4 } else { 0 }));
    }
}

#[test]
fn a_snapshot_is_taken_after_so_many_entries() {
    for entries in [1, 2, 5, 10] {
        let options = compacting(Compaction {
            entries: Some(entries),
            ..Compaction::default()
        });
        let mut cluster = Cluster::with(plain(), options);
        cluster.elect(1, ALL);
        write(&mut cluster, ALL, 1..=40);
        for id in [1, 2, 3] {
            // Entry 1 opens the term.
            let expected = 41 / entries;
            assert_eq!(
                saw(&cluster, id, begins) as u64,
                expected,
                "every {entries}, S{id}"
            );
            assert_eq!(snapshot_at(&cluster, id), expected * entries);
            let left = cluster.node(id).raft().log().last_index().0 - begins_after(&cluster, id);
            assert!(left < entries, "the log of S{id} stays short: {left}");
        }
    }
}

#[test]
fn a_snapshot_is_taken_after_so_many_bytes() {
    let bytes = 1_000;
    let options = compacting(Compaction {
        bytes: Some(bytes),
        ..Compaction::default()
    });
    let mut cluster = Cluster::with(plain(), options);
    cluster.elect(1, ALL);
    let taken = |cluster: &Cluster| saw(cluster, 1, begins);
    cluster.ask(1, 1, put(&"x".repeat(900)));
    cluster.deliver(ALL);
    assert_eq!(taken(&cluster), 0, "a large entry is not enough");
    cluster.ask(1, 2, put(&"x".repeat(100)));
    cluster.deliver(ALL);
    assert_eq!(taken(&cluster), 1, "with the next it is");
    for serial in 3..=22 {
        cluster.ask(1, serial, put("small"));
        cluster.deliver(ALL);
    }
    assert_eq!(taken(&cluster), 1, "many small ones are not enough");
    cluster.ask(1, 23, put(&"x".repeat(2_000)));
    cluster.deliver(ALL);
    assert_eq!((taken(&cluster), snapshot_at(&cluster, 1)), (2, 24));
}

#[test]
fn nothing_new_makes_no_snapshot() {
    let mut cluster = left_behind();
    for _ in 0..3 {
        cluster.operate(1, Operator::Snapshot);
        cluster.wake(1, &[1, 2]);
    }
    assert_eq!(saw(&cluster, 1, begins), 1);
    assert_eq!(saw(&Cluster::new(), 1, begins), 0);
}

#[test]
fn entries_kept_behind_a_snapshot_spare_a_follower_that_is_a_little_behind() {
    for (keep, spared) in [(0, false), (3, false), (4, true), (9, true)] {
        let cut = Compaction {
            keep,
            ..Compaction::default()
        };
        let mut cluster = left_behind_with(compacting(cut));
        assert_eq!(begins_after(&cluster, 1), 6_u64.saturating_sub(keep));
        rounds(&mut cluster, 12);
        assert_eq!(
            saw(&cluster, 1, sends) == 0,
            spared,
            "{keep} entries stay, S3 lacks 4"
        );
        assert_eq!(saw(&cluster, 3, installs) == 0, spared);
        assert_eq!(text(&cluster, 3), WHOLE);
    }
}

#[test]
fn the_log_is_cut_once_its_snapshot_is_on_disk_and_not_before() {
    let mut cluster = Cluster::new();
    cluster.elect(1, ALL);
    write(&mut cluster, ALL, 1..=3);
    let whole = cluster.disks[&NodeId(1)].clone();
    cluster.slow.insert(NodeId(1));
    cluster.operate(1, Operator::Snapshot);
    cluster.operate(1, Operator::Compact);
    rounds(&mut cluster, 2);
    assert_eq!(begins_after(&cluster, 1), 0, "it is on its way");
    assert_eq!(cluster.disks[&NodeId(1)], whole);
    assert_eq!(
        cluster.in_flight[&NodeId(1)].len(),
        1,
        "and nothing else is"
    );
    assert!(cluster.write_one(1));
    assert_eq!(begins_after(&cluster, 1), 4);
    assert_eq!(
        cluster.disks[&NodeId(1)].entries.len(),
        4,
        "the disk is not there yet"
    );
    cluster.sync(1);
    assert_eq!(cluster.disks[&NodeId(1)].base().index, Index(4));
}

#[test]
fn a_node_goes_on_serving_while_its_snapshot_is_written() {
    let mut cluster = Cluster::new();
    cluster.elect(1, ALL);
    write(&mut cluster, ALL, 1..=3);
    cluster.slow.insert(NodeId(1));
    cluster.operate(1, Operator::Snapshot);
    cluster.replies.clear();
    cluster.ask(1, 4, put("meanwhile"));
    cluster.deliver(ALL);
    cluster.read(1, 5, ReadBy::ReadIndex);
    cluster.wake(1, ALL);
    let expected = [(4, written(4, 5)), (5, found("meanwhile", 4, 5))];
    assert_eq!(cluster.replies, expected);
    assert_eq!(snapshot_at(&cluster, 1), 0, "it is still being written");
    cluster.sync(1);
    assert_eq!(
        snapshot_at(&cluster, 1),
        4,
        "the state as it was when it was taken"
    );
    assert_eq!(begins_after(&cluster, 1), 4);
}

#[test]
fn a_follower_goes_on_while_its_snapshot_is_written() {
    let mut cluster = Cluster::new();
    cluster.elect(1, ALL);
    write(&mut cluster, ALL, 1..=3);
    cluster.slow.insert(NodeId(3));
    cluster.operate(3, Operator::Snapshot);
    write(&mut cluster, ALL, 4..=6);
    assert_eq!(
        text(&cluster, 3),
        "1,2,3,4,5,6,",
        "it applies what is committed"
    );
    cluster.operate(3, Operator::Snapshot);
    assert_eq!(saw(&cluster, 3, begins), 1, "one at a time");
    cluster.sync(3);
    assert_eq!(snapshot_at(&cluster, 3), 4);
}

// ---- starting -------------------------------------------------------------------------------

#[test]
fn a_restarted_node_starts_from_its_snapshot_and_applies_what_follows() {
    let mut cluster = Cluster::new();
    cluster.elect(1, ALL);
    write(&mut cluster, ALL, 1..=3);
    cluster.operate(3, Operator::Snapshot);
    write(&mut cluster, ALL, 4..=5);
    let hash = cluster.node(3).machine().hash();
    cluster.crash(3);
    cluster.start(3);
    assert_eq!(
        cluster.node(3).machine().applied(),
        4,
        "at once, before it hears anybody"
    );
    assert_eq!(text(&cluster, 3), "1,2,3,");
    assert_eq!(
        cluster.disks[&NodeId(3)].entries.len(),
        2,
        "what the snapshot lacks"
    );
    cluster.events.clear();
    rounds(&mut cluster, 1);
    assert_eq!(cluster.node(3).machine().hash(), hash);
    let applied = saw(&cluster, 3, |event| matches!(event, Event::Applied { .. }));
    assert_eq!(applied, 2, "and nothing that it covers is applied again");
}

#[test]
fn a_node_does_not_start_from_a_snapshot_that_is_damaged_or_missing() {
    let cluster = left_behind();
    let right = cluster.disks[&NodeId(1)].clone();
    let Snapshot { id, bytes } = right.snapshot.clone().unwrap();
    for place in 0..bytes.len() {
        let mut bytes = bytes.to_vec();
        bytes[place] ^= 1;
        let snapshot = Some(Snapshot {
            id,
            bytes: Arc::from(bytes),
        });
        let disk = Disk {
            snapshot,
            ..right.clone()
        };
        let why = cluster.restore(1, &disk).err();
        assert_eq!(why, Some(RestoreError::SnapshotDamaged), "byte {place}");
    }
    for length in 0..bytes.len() {
        let bytes = Arc::from(&bytes[..length]);
        let disk = Disk {
            snapshot: Some(Snapshot { id, bytes }),
            ..right.clone()
        };
        let why = cluster.restore(1, &disk).err();
        assert_eq!(
            why,
            Some(RestoreError::SnapshotDamaged),
            "{length} bytes of it"
        );
    }
    let base = EntryId {
        index: Index(6),
        term: Term(1),
    };
    let disk = Disk {
        snapshot: None,
        ..right
    };
    assert_eq!(
        cluster.restore(1, &disk).err(),
        Some(RestoreError::NoSnapshot { base })
    );
}

#[test]
fn a_snapshot_of_which_a_part_is_on_disk_is_not_loaded() {
    let mut cluster = left_behind();
    cluster.slow.insert(NodeId(3));
    let mut seen = 0;
    for _ in 0..40 {
        rounds(&mut cluster, 1);
        while saw(&cluster, 3, installs) == 0 && cluster.write_one(3) {
            let disk = &cluster.disks[&NodeId(3)];
            let Some((id, bytes)) = &disk.incoming else {
                continue;
            };
            let node = cluster.restore(3, disk).unwrap();
            assert_eq!(
                node.machine().applied(),
                0,
                "{} of {} bytes",
                bytes.len(),
                id.bytes
            );
            assert_eq!(
                (node.raft().snapshot(), disk.snapshot.as_ref()),
                (None, None)
            );
            if (bytes.len() as u64) < id.bytes {
                seen += 1;
                assert_eq!(text(&cluster, 3), "1,", "nor by the one that runs");
            }
        }
    }
    assert!(seen > 3, "it came in pieces: {seen}");
    cluster.sync(3);
    assert_eq!(text(&cluster, 3), WHOLE);
}

// ---- receiving one --------------------------------------------------------------------------

#[test]
fn a_state_that_is_sent_is_the_senders_to_the_last_bit() {
    let mut cluster = left_behind();
    rounds(&mut cluster, 12);
    assert_eq!(saw(&cluster, 3, installs), 1);
    let [first, third] = [1, 3].map(|id| cluster.node(id).machine().clone());
    assert_eq!(first, third);
    let [first, third] = [1, 3].map(|id| cluster.disks[&NodeId(id)].snapshot.clone());
    assert_eq!(first, third, "and it is on the disk");
    assert_eq!(cluster.disks[&NodeId(3)].base().index, Index(6));
}

#[test]
fn a_retry_is_answered_from_the_sessions_that_came_with_a_snapshot() {
    let mut cluster = left_behind();
    rounds(&mut cluster, 12);
    assert_eq!(saw(&cluster, 3, installs), 1);
    cluster.crash(1);
    cluster.elect(3, &[2, 3]);
    cluster.ask(3, 5, append("5,"));
    cluster.deliver(&[2, 3]);
    assert_eq!(
        cluster.replies,
        [(5, written(5, 8))],
        "with the version of the first time"
    );
    assert_eq!(text(&cluster, 3), WHOLE, "and it is not executed again");
    cluster.ask(3, 4, append("4,"));
    cluster.deliver(&[2, 3]);
    assert_eq!(cluster.replies.last(), Some(&(4, Response::Superseded)));
}

#[test]
fn a_restarted_node_answers_retries_from_the_sessions_of_its_snapshot() {
    let mut cluster = left_behind();
    cluster.crash(1);
    cluster.start(1);
    cluster.elect(1, &[1, 2]);
    cluster.ask(1, 5, append("5,"));
    cluster.deliver(&[1, 2]);
    assert_eq!(cluster.replies, [(5, written(5, 8))]);
    assert_eq!(text(&cluster, 1), WHOLE);
}

#[test]
fn pieces_that_are_lost_or_come_twice_or_out_of_order_make_the_same_state() {
    let mut cluster = left_behind();
    for round in 0..60 {
        cluster.wake(1, &[1, 2]);
        let copies: Vec<_> = cluster.wire.iter().cloned().collect();
        match round % 3 {
            0 => drop(cluster.wire.pop_front()),
            1 => cluster.wire.extend(copies),
            _ => cluster.wire.make_contiguous().reverse(),
        }
        cluster.deliver(ALL);
    }
    assert_eq!(saw(&cluster, 3, installs), 1);
    assert_eq!(cluster.node(1).machine(), cluster.node(3).machine());
}

#[test]
fn pieces_that_come_in_the_wrong_order_make_the_same_state_without_another_word() {
    let mut cluster = left_behind();
    until(&mut cluster, |cluster| !pieces(cluster).is_empty());
    for _ in 0..10 {
        let window = pieces(&cluster);
        let to_s3 = |to: &NodeId, message: &Message| *to == NodeId(3) && is_piece(message);
        cluster.wire.retain(|(_, to, message)| !to_s3(to, message));
        window
            .iter()
            .rev()
            .for_each(|piece| hear(&mut cluster, piece));
        while cluster.deliver_one(|_, to, _| to.0 == 1) {}
    }
    assert_eq!(saw(&cluster, 3, installs), 1);
    assert_eq!(cluster.node(1).machine(), cluster.node(3).machine());
}

#[test]
fn a_node_that_restarts_in_the_middle_goes_on_with_what_it_holds() {
    let mut cluster = left_behind();
    until(&mut cluster, |cluster| received(cluster) >= 12);
    let held = received(&cluster);
    cluster.wire.clear();
    cluster.crash(3);
    cluster.start(3);
    assert_eq!(received(&cluster), held);
    cluster.history.clear();
    rounds(&mut cluster, 12);
    assert_eq!(text(&cluster, 3), WHOLE);
    let offsets = cluster.history[&NodeId(3)]
        .iter()
        .filter_map(|write| match write {
            Write::Piece { offset, .. } => Some(*offset),
            _ => None,
        });
    assert_eq!(offsets.min(), Some(held), "nothing is sent a second time");
}

#[test]
fn a_part_that_entries_overtook_is_forgotten_and_no_start_takes_it_up() {
    let mut cluster = left_behind();
    until(&mut cluster, |cluster| received(cluster) >= 12);
    cluster.wire.clear();
    cluster.crash(1);
    // S2 has all entries. The node's invariants check that it keeps nothing of the part.
    cluster.elect(2, &[2, 3]);
    (0..3).for_each(|_| cluster.wake(2, &[2, 3]));
    assert_eq!(text(&cluster, 3), WHOLE);
    assert_eq!(cluster.node(3).raft().incoming(), None);
    cluster.operate(3, Operator::Snapshot);
    let disk = cluster.disks[&NodeId(3)].clone();
    assert!(disk.incoming.is_some(), "it lies there until the next");
    let without = Disk {
        incoming: None,
        ..disk.clone()
    };
    let starts = |disk| cluster.restore(3, disk).unwrap();
    assert!(starts(&disk) == starts(&without));
}

#[test]
fn a_damaged_piece_is_put_aside_and_sent_again() {
    let mut cluster = left_behind();
    until(&mut cluster, |cluster| !pieces(cluster).is_empty());
    let right = pieces(&cluster)[0].clone();
    cluster.wire.retain(|(_, to, _)| to.0 != 3);
    let before = cluster.node(3).clone();
    let mut wrong = right.clone();
    let piece = wrong.piece.as_mut().unwrap();
    let mut bytes = piece.bytes.to_vec();
    bytes[3] ^= 4;
    piece.bytes = Arc::from(bytes);
    hear(&mut cluster, &wrong);
    let mut short = right.clone();
    short.piece = None;
    hear(&mut cluster, &short);
    assert!(cluster.node(3) == &before, "nothing was taken over");
    let aside = saw(&cluster, 3, |event| {
        matches!(event, Event::PayloadsMissing { .. })
    });
    assert_eq!(aside, 2);
    rounds(&mut cluster, 14);
    assert_eq!(text(&cluster, 3), WHOLE);
}

/// [`left_behind`], where S3 crashed with this many pieces of the snapshot on its disk.
fn crashed_with(pieces_held: usize) -> Cluster {
    let mut cluster = left_behind();
    until(&mut cluster, |cluster| !pieces(cluster).is_empty());
    cluster.slow.insert(NodeId(3));
    for piece in pieces(&cluster).iter().take(pieces_held) {
        hear(&mut cluster, piece);
    }
    cluster.crash_after(3, pieces_held, 0);
    cluster.slow.clear();
    cluster.wire.clear();
    cluster
}

#[test]
fn a_snapshot_that_is_damaged_on_disk_while_it_comes_is_asked_for_again() {
    let mut held = 1;
    loop {
        let mut cluster = crashed_with(held);
        let disk = cluster.disks.get_mut(&NodeId(3)).unwrap();
        let (id, bytes) = disk.incoming.as_mut().unwrap();
        let whole = bytes.len() as u64 == id.bytes;
        let place = bytes.len() / 2;
        bytes[place] ^= 1;
        cluster.start(3);
        assert_eq!(
            received(&cluster) == 0,
            whole,
            "a part cannot be judged, the whole can"
        );
        rounds(&mut cluster, 30);
        let noticed = saw(&cluster, 3, |event| {
            matches!(event, Event::SnapshotUnsound { .. })
        });
        assert_eq!(noticed, usize::from(!whole), "with {held} pieces");
        assert_eq!(text(&cluster, 3), WHOLE, "the second time it is right");
        if whole {
            return;
        }
        held += 1;
    }
}

#[test]
fn a_snapshot_found_whole_on_disk_is_installed_with_the_next_word_of_its_sender() {
    let mut cluster = crashed_with(99);
    cluster.start(3);
    let (id, held) = cluster.node(3).raft().incoming().unwrap();
    assert_eq!((held, cluster.node(3).machine().applied()), (id.bytes, 0));
    rounds(&mut cluster, 3);
    assert_eq!(saw(&cluster, 3, installs), 1);
    let stored = |write: &Write| matches!(write, Write::Piece { .. });
    let again = cluster.history[&NodeId(3)]
        .iter()
        .filter(|write| stored(write));
    assert_eq!(again.count(), 0, "no byte is stored twice");
    assert_eq!(text(&cluster, 3), WHOLE);
}

#[test]
fn a_snapshot_that_comes_late_takes_no_state_back() {
    let mut cluster = left_behind();
    until(&mut cluster, |cluster| !pieces(cluster).is_empty());
    let late = pieces(&cluster);
    rounds(&mut cluster, 12);
    assert_eq!(saw(&cluster, 3, installs), 1);
    write(&mut cluster, ALL, 6..=8);
    // Its log begins after the end of that snapshot, which is the only sign that it is old.
    cluster.operate(3, Operator::Snapshot);
    let before = (
        cluster.node(3).machine().clone(),
        cluster.disks[&NodeId(3)].clone(),
    );
    for piece in &late {
        hear(&mut cluster, piece);
    }
    assert_eq!(&before.0, cluster.node(3).machine());
    assert_eq!(before.1, cluster.disks[&NodeId(3)]);
    assert_eq!(saw(&cluster, 3, installs), 1);
}

#[test]
fn a_late_report_of_pieces_that_were_replaced_since_says_nothing_of_those_that_came_after() {
    let mut cluster = left_behind();
    until(&mut cluster, |cluster| !pieces(cluster).is_empty());
    cluster.slow.insert(NodeId(3));
    let first = pieces(&cluster);
    first.iter().for_each(|piece| hear(&mut cluster, piece));
    // The disk makes no progress, so S1 gives up on that snapshot and sends a newer one.
    write(&mut cluster, &[1, 2], 6..=20);
    cluster.operate(1, Operator::Snapshot);
    let newer = |message: &&Message| match &message.raft.body {
        Body::InstallSnapshot(install) => install.snapshot.last.index > Index(6),
        _ => false,
    };
    for _ in 0..20 {
        cluster.wake(1, &[1, 2]);
    }
    let second = pieces(&cluster).iter().find(newer).cloned().unwrap();
    hear(&mut cluster, &second);
    // Copies of the first one arrive late, while the disk makes progress.
    hear(&mut cluster, &first[0]);
    first.iter().for_each(|_| assert!(cluster.write_one(3)));
    assert_eq!(saw(&cluster, 3, installs), 0, "the first go at it is over");
    first[1..]
        .iter()
        .for_each(|piece| hear(&mut cluster, piece));
    cluster.sync(3);
    let unsound = |event: &Event| matches!(event, Event::SnapshotUnsound { .. });
    assert_eq!(saw(&cluster, 3, unsound), 0, "nothing was damaged");
    assert_eq!(saw(&cluster, 3, installs), 1);
    assert_eq!(text(&cluster, 3), WHOLE);
}

#[test]
fn a_snapshot_that_was_never_installed_does_not_replace_a_newer_one_on_disk() {
    let mut cluster = crashed_with(99);
    cluster.options.compaction.keep = 4;
    cluster.start(3);
    cluster.crash(1);
    // S3 holds all of S1's snapshot; S2, the new leader, sends it entries instead.
    cluster.elect(2, &[2, 3]);
    for serial in 6..=8 {
        cluster.ask(2, serial, append("x"));
        cluster.deliver(&[2, 3]);
        cluster.wake(2, &[2, 3]);
    }
    assert_eq!(cluster.node(3).machine().applied(), 10);
    cluster.operate(3, Operator::Snapshot);
    assert_eq!(begins_after(&cluster, 3), 6, "where S1's snapshot ends");
    let held = cluster.disks[&NodeId(3)].snapshot.as_ref().unwrap();
    assert_eq!(held.id.last.index, Index(10));
    cluster.operate(3, Operator::Compact);
    let hash = cluster.node(3).machine().hash();
    cluster.crash(3);
    cluster.start(3);
    assert_eq!(cluster.node(3).machine().hash(), hash);
}

#[test]
fn a_request_whose_entry_a_snapshot_covers_is_lost_and_its_retry_is_answered() {
    let mut cluster = Cluster::with(in_pieces(), Options::default());
    cluster.elect(1, ALL);
    write(&mut cluster, ALL, 1..=1);
    cluster.ask(1, 2, append("2,"));
    cluster.wire.clear();
    // The client gave up and asked S2, the new leader, which does not have entry 3.
    cluster.elect(2, &[2, 3]);
    cluster.ask(2, 2, append("2,"));
    cluster.deliver(&[2, 3]);
    cluster.operate(2, Operator::Snapshot);
    cluster.wire.clear();
    cluster.replies.clear();
    for _ in 0..12 {
        cluster.wake(2, ALL);
    }
    assert_eq!(saw(&cluster, 1, installs), 1);
    assert_eq!(
        cluster.replies,
        [(2, Response::Lost)],
        "S1 cannot tell what became of it"
    );
    assert_eq!(cluster.node(1).waiting(), 0);
    cluster.elect(1, ALL);
    cluster.ask(1, 2, append("2,"));
    cluster.deliver(ALL);
    assert_eq!(cluster.replies.last(), Some(&(2, written(2, 6))));
    assert_eq!(text(&cluster, 1), "1,2,");
}

#[test]
fn reads_wait_until_the_installed_state_covers_them() {
    let mut cluster = left_behind();
    until(&mut cluster, |cluster| received(cluster) > 0);
    cluster.read(3, 7, ReadBy::Follower);
    // The leader names an index at once; the pieces arrive later.
    for _ in 0..4 {
        cluster.wake(1, &[]);
        while cluster.deliver_one(|_, _, message| !is_piece(message)) {}
    }
    assert_eq!(cluster.replies, [], "it needs entry 6");
    until(&mut cluster, |cluster| {
        let done = saw(cluster, 3, installs) > 0;
        assert!(
            done || cluster.replies.is_empty(),
            "its own state is of entry 2"
        );
        done
    });
    cluster.deliver(ALL);
    assert_eq!(cluster.replies, [(7, found(WHOLE, 5, 6))]);
}

#[test]
fn a_slow_state_machine_that_is_given_a_snapshot_applies_nothing_that_it_covers() {
    let mut cluster = Cluster::with(in_pieces(), Options::default());
    cluster.elect(1, ALL);
    let delay = Span(60_000_000_000);
    cluster.operate(3, Operator::ApplyAfter { delay });
    write(&mut cluster, ALL, 1..=2);
    write(&mut cluster, &[1, 2], 3..=5);
    cluster.operate(1, Operator::Snapshot);
    cluster.wire.clear();
    assert_eq!(cluster.node(3).machine().applied(), 0, "it is slow");
    rounds(&mut cluster, 12);
    assert_eq!(text(&cluster, 3), WHOLE, "it has the state at once");
    cluster.now.0 += 2 * delay.0;
    cluster.step(NodeId(3), Input::Wake);
    assert_eq!(text(&cluster, 3), WHOLE);
}

// ---- crashes --------------------------------------------------------------------------------

/// Every disk that a crash could have left, with a name for each.
fn every_crash(writes: &[Write]) -> impl Iterator<Item = (Disk, String)> {
    let mut disk = Disk::default();
    writes.iter().enumerate().flat_map(move |(number, write)| {
        let before = disk.clone();
        disk.apply(write.clone());
        (0..=parts(write)).map(move |parts| {
            let mut disk = before.clone();
            disk.apply_parts(write, parts);
            (
                disk,
                format!("{number} writes and {parts} parts of {write:?}"),
            )
        })
    })
}

#[test]
fn a_crash_between_any_two_writes_leaves_a_disk_from_which_the_node_starts() {
    for keep in [0, 2] {
        let compaction = Compaction {
            entries: Some(4),
            bytes: None,
            keep,
        };
        let mut cluster = left_behind_with(compacting(compaction));
        rounds(&mut cluster, 14);
        write(&mut cluster, ALL, 6..=20);
        assert!(saw(&cluster, 3, installs) > 0, "S3 was sent a snapshot");
        assert!(saw(&cluster, 3, begins) > 1, "and took some");
        for id in [1, 2, 3] {
            for (disk, when) in every_crash(&cluster.history[&NodeId(id)]) {
                let node = cluster.restore(id, &disk);
                let node = node.unwrap_or_else(|why| panic!("S{id} after {when}: {why}"));
                assert_eq!(node.invariants(), Ok(()), "S{id} after {when}");
                let applied = node.machine().applied();
                let known = cluster.hashes.get(&Index(applied)).copied();
                let hash = node.machine().hash();
                assert!(applied == 0 || known == Some(hash), "S{id} after {when}");
                assert!(applied >= disk.base().index.0);
            }
        }
    }
}

#[test]
fn a_node_that_crashed_between_any_two_writes_catches_up() {
    let mut crashes = 0;
    for id in [1, 3] {
        for whole in 0..60 {
            let compaction = Compaction {
                entries: Some(3),
                bytes: None,
                keep: 1,
            };
            let mut cluster = left_behind_with(compacting(compaction));
            cluster.slow.insert(NodeId(id));
            let mut left = whole;
            for serial in 6..=40 {
                cluster.ask(1, serial, append("x"));
                cluster.deliver(ALL);
                cluster.wake(1, ALL);
                while left > 0 && cluster.write_one(id) {
                    left -= 1;
                    cluster.deliver(ALL);
                }
            }
            crashes += usize::from(left == 0);
            cluster.crash_after(id, 0, 1);
            cluster.calm();
        }
    }
    assert!(crashes > 60, "only {crashes} were between two writes");
}

// ---- random schedules -----------------------------------------------------------------------

#[derive(Clone, Debug)]
enum Act {
    Deliver(usize),
    Lose(usize),
    Repeat(usize),
    Wake(u64),
    /// Sends a request to this node; the second number says how far back a repeated request lies.
    Ask(u64, u64),
    Read(u64),
    Operate(u64, u8),
    WriteOne(u64),
    Sync(u64),
    Crash(u64, usize, u32),
    /// Runs without faults for a while, but with this node cut off; 0: no node is.
    Without(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let (place, node) = (any::<usize>, || 1..=3_u64);
    prop_oneof![
        30 => place().prop_map(Act::Deliver),
        2 => place().prop_map(Act::Lose),
        2 => place().prop_map(Act::Repeat),
        4 => node().prop_map(Act::Wake),
        6 => (node(), 0..6_u64).prop_map(|(id, back)| Act::Ask(id, back)),
        1 => node().prop_map(Act::Read),
        2 => (node(), 0..4_u8).prop_map(|(id, what)| Act::Operate(id, what)),
        8 => node().prop_map(Act::WriteOne),
        5 => node().prop_map(Act::Sync),
        1 => (node(), 0..5_usize, 0..5_u32).prop_map(|(id, whole, cut)| Act::Crash(id, whole, cut)),
        2 => (0..=3_u64).prop_map(Act::Without),
    ]
}

fn compaction() -> impl Strategy<Value = Compaction> {
    let entries = prop_oneof![1 => Just(None), 3 => (1..8_u64).prop_map(Some)];
    let bytes = prop_oneof![Just(None), (20..200_u64).prop_map(Some)];
    (entries, bytes, 0..4_u64).prop_map(|(entries, bytes, keep)| Compaction {
        entries,
        bytes,
        keep,
    })
}

/// The request of this number. It is its client's only one, and appends its number to the value.
fn request(cluster: &mut Cluster, id: u64, number: u64) {
    let op = append(&format!("{number},"));
    cluster.request_of(number, id, number, &op.into());
}

fn perform(cluster: &mut Cluster, act: Act, asked: &mut u64) {
    let waiting = cluster.wire.len().max(1);
    match act {
        Act::Deliver(place) if !cluster.wire.is_empty() => {
            cluster.wire.swap(0, place % waiting);
            cluster.deliver_one(|_, _, _| true);
        }
        Act::Deliver(_) => {}
        Act::Lose(place) => drop(cluster.wire.remove(place % waiting)),
        Act::Repeat(place) => {
            let copy = cluster.wire.get(place % waiting).cloned();
            cluster.wire.extend(copy);
        }
        Act::Wake(id) => match cluster.node(id).deadline() {
            Some(_) => cluster.wake(id, &[]),
            None => cluster.sync(id),
        },
        Act::Ask(id, back) => {
            *asked += u64::from(back == 0);
            request(cluster, id, asked.saturating_sub(back).max(1));
        }
        Act::Read(id) => cluster.read(id, 0, ReadBy::Follower),
        Act::Operate(id, 0) => cluster.operate(id, Operator::Snapshot),
        Act::Operate(id, 1) => cluster.operate(id, Operator::Compact),
        Act::Operate(id, 2) => cluster.operate(id, Operator::RequestSnapshot),
        Act::Operate(id, _) => cluster.operate(id, Operator::Campaign),
        Act::WriteOne(id) => drop(cluster.write_one(id)),
        Act::Sync(id) => cluster.sync(id),
        Act::Crash(id, whole, cut) => {
            cluster.crash_after(id, whole, cut);
            cluster.start(id);
        }
        Act::Without(absent) => without(cluster, absent, asked),
    }
}

/// All but `absent` elect a leader if they have none, and complete requests.
fn without(cluster: &mut Cluster, absent: u64, asked: &mut u64) {
    let among: Vec<u64> = (1..=3).filter(|id| *id != absent).collect();
    for _ in 0..4 {
        let leads = |id: &&u64| cluster.node(**id).raft().role() == RoleKind::Leader;
        let leader = *among.iter().find(leads).unwrap_or(&among[0]);
        cluster.sync(leader);
        *asked += 1;
        request(cluster, leader, *asked);
        cluster.wake(leader, &[]);
        for _ in 0..3 {
            among.iter().for_each(|id| cluster.sync(*id));
            cluster.deliver(&among);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_all_states_are_equal_after_a_calm_and_each_request_was_done_once(
        compaction in compaction(),
        acts in prop::collection::vec(act(), 1..400),
    ) {
        let mut cluster = Cluster::with(in_pieces(), compacting(compaction));
        cluster.slow.extend([1, 2, 3].map(NodeId));
        let mut asked = 0;
        for act in acts {
            perform(&mut cluster, act, &mut asked);
        }
        cluster.calm();
        let states = [1, 2, 3].map(|id| cluster.node(id).machine().hash());
        prop_assert_eq!(states, [states[0]; 3]);
        let value = text(&cluster, 1);
        for number in 1..=asked.max(1) {
            let times = value.split(',').filter(|word| *word == number.to_string()).count();
            prop_assert!(times <= 1, "{} was done {} times: {}", number, times, value);
            let done = |(serial, response): &(u64, Response)| {
                *serial == number && matches!(response, Response::Done { .. })
            };
            prop_assert!(times == 1 || !cluster.replies.iter().any(done), "{} is gone", number);
        }
    }
}
