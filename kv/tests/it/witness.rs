//! A witness beside two servers with data. The tests move every message and write.

use std::sync::Arc;

use crate::common::{Cluster, append, plain, written};
use kv::{
    Compaction, Event, Message, Operator, Options, Payload, ReadBy, Response, RestoreError, parts,
};
use raft_core::{Body, Change, ChangeOptions, Index, NodeId, RoleKind, Settings};

const ALL: &[u64] = &[1, 2, 3];

/// S1, the leader, and S2 hold the data; S3 is a witness.
fn trio_with(settings: Settings, options: Options) -> Cluster {
    let mut cluster = Cluster::with_witnesses(settings, options, &[3]);
    cluster.elect(1, ALL);
    cluster
}

fn trio() -> Cluster {
    trio_with(plain(), Options::default())
}

/// S1 appends to the one key, and only `among` communicate.
fn write(cluster: &mut Cluster, among: &[u64], serials: std::ops::RangeInclusive<u64>) {
    for serial in serials {
        cluster.ask(1, serial, append(&format!("{serial},")));
        cluster.deliver(among);
        cluster.wake(1, among);
    }
}

/// The lengths of the payloads on a disk.
fn lengths(cluster: &Cluster, id: u64) -> Vec<usize> {
    let entries = cluster.disks[&NodeId(id)].entries.iter();
    entries.map(|(_, payload)| payload.bytes().len()).collect()
}

fn change(cluster: &mut Cluster, change: Change) {
    let how = ChangeOptions::default();
    cluster.operate(1, Operator::Change { change, how });
    beats(cluster, 6);
}

fn beats(cluster: &mut Cluster, times: usize) {
    for _ in 0..times {
        cluster.deliver(ALL);
        cluster.wake(1, ALL);
    }
}

fn members(cluster: &Cluster, id: u64) -> String {
    cluster.node(id).raft().configuration().describe()
}

#[test]
fn a_witness_is_sent_no_content_but_members() {
    let mut cluster = trio();
    write(&mut cluster, ALL, 1..=2);
    change(&mut cluster, Change::Demote(NodeId(3)));
    assert_eq!(members(&cluster, 3), "{1 2} learners {3} witnesses {3}");
    let (data, none) = (lengths(&cluster, 2), lengths(&cluster, 3));
    assert_eq!(
        (data[0], none[0]),
        (0, 0),
        "the term's first entry is empty"
    );
    assert!(data[1..3].iter().all(|length| *length > 4));
    assert_eq!(none[1..3], [1, 1], "a byte says that something is missing");
    assert_eq!(data[3], none[3], "members are told as they are");
    assert_eq!(cluster.disks[&NodeId(3)].snapshot, None);
}

#[test]
fn a_witness_applies_nothing_and_sends_its_clients_to_the_leader() {
    let mut cluster = trio();
    write(&mut cluster, ALL, 1..=2);
    let node = cluster.node(3);
    assert_eq!(node.raft().commit_index(), Index(3));
    assert_eq!(node.machine().applied(), 0);
    cluster.replies.clear();
    cluster.ask(3, 7, append("x"));
    cluster.read(3, 8, ReadBy::ReadIndex);
    cluster.read(3, 9, ReadBy::Lease);
    cluster.read(3, 10, ReadBy::Follower);
    cluster.read(3, 11, ReadBy::Stale { after: Index(0) });
    cluster.read(3, 12, ReadBy::Log);
    let leader = Some(NodeId(1));
    let refused = |serial| (serial, Response::NotLeader { leader });
    assert_eq!(cluster.replies, (7..=12).map(refused).collect::<Vec<_>>());
    assert_eq!(cluster.node(3).waiting(), 0);
}

#[test]
fn a_witness_passes_no_request_on() {
    let settings = Settings {
        forward_proposals: true,
        ..plain()
    };
    let mut cluster = trio_with(settings, Options::default());
    cluster.wake(1, ALL);
    cluster.ask(3, 7, append("x"));
    let leader = Some(NodeId(1));
    assert_eq!(cluster.replies, [(7, Response::NotLeader { leader })]);
    let proposes = |(_, _, message): &(NodeId, NodeId, Message)| {
        matches!(message.raft.body, Body::Propose { .. })
    };
    assert!(!cluster.wire.iter().any(proposes));
}

#[test]
fn a_leader_and_a_witness_answer_clients_and_then_wait_for_that_leader() {
    let mut cluster = trio();
    write(&mut cluster, &[1, 3], 1..=1);
    assert_eq!(cluster.replies, [(1, written(1, 2))]);
    cluster.crash(1);
    cluster.wire.clear();
    for _ in 0..3 {
        cluster.wake(2, &[2, 3]);
    }
    assert_ne!(cluster.node(2).raft().role(), RoleKind::Leader);
    cluster.calm();
    assert_eq!(cluster.value(2), cluster.value(1));
}

#[test]
fn a_witness_cuts_its_log_as_others_do_and_starts_again_without_a_snapshot() {
    let compaction = Compaction {
        entries: Some(4),
        bytes: None,
        keep: 1,
    };
    let options = Options {
        compaction,
        ..Options::default()
    };
    let mut cluster = trio_with(plain(), options);
    write(&mut cluster, ALL, 1..=8);
    let base = |cluster: &Cluster, id| cluster.node(id).raft().log().base().last.index;
    assert_eq!((base(&cluster, 2), base(&cluster, 3)), (Index(7), Index(7)));
    assert_eq!(cluster.disks[&NodeId(3)].snapshot, None);
    cluster.crash(3);
    cluster.start(3);
    assert_eq!(base(&cluster, 3), Index(7));
    cluster.crash(1);
    cluster.wire.clear();
    cluster.elect(2, &[2, 3]);
    cluster.calm();
}

#[test]
fn a_witness_that_is_far_behind_is_told_the_name_of_a_snapshot_in_its_place() {
    for written in 0..4 {
        let mut cluster = trio();
        write(&mut cluster, &[1, 2], 1..=5);
        cluster.operate(1, Operator::Snapshot);
        cluster.wire.clear();
        cluster.slow.insert(NodeId(3));
        for _ in 0..4 {
            cluster.wake(1, ALL);
        }
        let disk = &cluster.disks[&NodeId(3)];
        assert_eq!(disk.base().index, Index(0), "nothing is durable yet");
        cluster.crash_after(3, written, 1);
        cluster.start(3);
        cluster.calm();
        let disk = &cluster.disks[&NodeId(3)];
        assert_eq!(disk.base().index, Index(6));
        assert_eq!((&disk.snapshot, &disk.incoming), (&None, &None));
        assert_eq!(cluster.node(3).machine().applied(), 0);
    }
}

#[test]
fn wherever_a_crash_cuts_a_witnesss_writes_it_goes_on() {
    let compaction = Compaction {
        entries: Some(3),
        bytes: None,
        keep: 0,
    };
    let options = Options {
        compaction,
        ..Options::default()
    };
    let mut whole = trio_with(plain(), options);
    whole.slow.insert(NodeId(3));
    for serial in 1..=7 {
        whole.ask(1, serial, append("x"));
        whole.deliver(ALL);
        whole.wake(1, ALL);
        if serial == 4 {
            whole.sync(3);
        }
    }
    let pending: Vec<u32> = whole.in_flight[&NodeId(3)].iter().map(parts).collect();
    assert!(pending.len() > 2);
    for (writes, parts) in pending.iter().enumerate() {
        for part in 0..=*parts {
            let mut cluster = trio_with(plain(), options);
            cluster.slow.insert(NodeId(3));
            for serial in 1..=7 {
                cluster.ask(1, serial, append("x"));
                cluster.deliver(ALL);
                cluster.wake(1, ALL);
                if serial == 4 {
                    cluster.sync(3);
                }
            }
            cluster.crash_after(3, writes, part);
            cluster.start(3);
            cluster.calm();
            assert!(!cluster.node(1).lacks_data() && !cluster.node(2).lacks_data());
        }
    }
}

#[test]
fn a_snapshot_of_its_own_is_nothing_that_a_witness_takes_and_its_operator_cuts_its_log() {
    let mut cluster = trio();
    write(&mut cluster, ALL, 1..=3);
    cluster.operate(3, Operator::Snapshot);
    assert_eq!(cluster.disks[&NodeId(3)].snapshot, None);
    cluster.operate(3, Operator::Compact);
    assert_eq!(cluster.disks[&NodeId(3)].base().index, Index(4));
}

#[test]
fn a_server_that_holds_data_takes_no_entry_without_its_content() {
    let mut cluster = trio();
    cluster.ask(1, 1, append("x"));
    let place = cluster.wire.iter().position(|(_, to, _)| *to == NodeId(3));
    let (from, _, message) = cluster.wire[place.unwrap()].clone();
    assert_eq!(message.payloads[0], Payload::new(Arc::from([12])));
    let input = kv::Input::Receive {
        from,
        message: &message,
    };
    cluster.step(NodeId(2), input);
    let aside = (NodeId(2), Event::PayloadsMissing { from });
    assert_eq!(cluster.events.last(), Some(&aside));
    assert_eq!(cluster.node(2).raft().log().last_index(), Index(1));
}

#[test]
fn a_server_that_was_a_witness_becomes_no_member_with_data() {
    let mut cluster = trio();
    write(&mut cluster, ALL, 1..=2);
    change(&mut cluster, Change::Remove(NodeId(3)));
    assert_eq!(members(&cluster, 1), "{1 2}");
    // A server that leaves must hear of it, or it would not know.
    write(&mut cluster, ALL, 3..=3);
    change(&mut cluster, Change::Promote(NodeId(3)));
    assert_eq!(members(&cluster, 1), "{1 2} learners {3}");
    let aside = |(id, event): &(NodeId, Event)| {
        *id == NodeId(3) && matches!(event, Event::DataMissing { .. })
    };
    assert!(cluster.events.iter().any(aside));
    assert!(!cluster.node(3).raft().configuration().is_member(NodeId(3)));
    assert!(cluster.node(3).lacks_data());
    cluster.operate(3, Operator::ForceNewCluster);
    assert_eq!(cluster.node(3).raft().role(), RoleKind::Follower);
    // The leader waits for it without success. It can then join again as a witness.
    while cluster.node(1).raft().is_changing() {
        beats(&mut cluster, 1);
    }
    change(&mut cluster, Change::Remove(NodeId(3)));
    change(&mut cluster, Change::AddWitness(NodeId(3)));
    assert_eq!(members(&cluster, 3), "{1 2 3} witnesses {3}");
}

#[test]
fn a_member_with_data_whose_log_begins_after_what_it_has_does_not_start() {
    let mut cluster = trio();
    write(&mut cluster, ALL, 1..=3);
    cluster.operate(3, Operator::Compact);
    let disk = cluster.disks[&NodeId(3)].clone();
    assert!(cluster.restore(3, &disk).is_ok());
    let refused = cluster.restore(2, &disk).map(|_| ());
    assert_eq!(refused, Err(RestoreError::NoSnapshot { base: disk.base() }));
}
