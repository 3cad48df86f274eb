//! §7 and Figure 13: snapshots, as far as the core decides about them. `kv/tests/it/snapshot.rs`
//! has the duties of the store.

use proptest::prelude::*;
use raft_core::{
    Body, Configuration, Effect, Event, Index, Input, InstallSnapshot, Instant, Message, Outcome,
    RoleKind, Settings, SnapshotId, Term,
};

use super::{entry, every_log, peer};
use crate::common::card::append;
use crate::common::{Cluster, Envelope, MS, n, plain};

/// The size of every snapshot here: four pieces, the last of them shorter.
const BYTES: u64 = 35;

fn in_pieces() -> Settings {
    Settings {
        max_message_bytes: 10,
        snapshot_piece_bytes: 10,
        window_bytes: 30,
        ..plain()
    }
}

fn is_piece(e: &Envelope) -> bool {
    matches!(e.message.body, Body::InstallSnapshot(_))
}

/// A snapshot that ends here.
fn snapshot_of(index: u64, term: u64) -> SnapshotId {
    SnapshotId {
        last: entry(index, term),
        bytes: BYTES,
        checksum: 9,
    }
}

/// A piece of it, made by hand.
fn piece(cluster: &Cluster, snapshot: SnapshotId, offset: u64, length: u64) -> Body {
    Body::InstallSnapshot(Box::new(InstallSnapshot {
        snapshot,
        configuration: cluster.configuration.clone(),
        offset,
        length,
        seq: 900 + offset,
        sent_at: Instant(0),
    }))
}

/// Gives S3 these bytes of a snapshot in one piece, from S1 in its term.
fn give(cluster: &mut Cluster, snapshot: SnapshotId, offset: u64, length: u64) -> Vec<Effect> {
    let term = cluster.node(1).current_term().0;
    let piece = piece(cluster, snapshot, offset, length);
    cluster.receive(1, 3, term, piece)
}

/// `leader` commits this many entries with the `others`, and with no other server.
fn commit(cluster: &mut Cluster, leader: u64, others: &[u64], entries: u64) {
    let all = [others, &[leader]].concat();
    for _ in 0..entries {
        cluster.propose(leader);
        cluster.deliver_among(&all);
        cluster.timeout(leader);
        cluster.deliver_among(&all);
        cluster.drop_all();
    }
}

/// Sends heartbeats from S1 and delivers all messages, `times` times.
fn rounds(cluster: &mut Cluster, times: u64) {
    for _ in 0..times {
        cluster.timeout(1);
        cluster.deliver_all();
    }
}

/// S1 leads in term 1. S1 and S2 have committed five entries and hold a snapshot in their place. S3
/// has the first three of them.
fn left_behind() -> Cluster {
    let mut cluster = Cluster::new(3, in_pieces());
    cluster.lead(1, &[2, 3]);
    commit(&mut cluster, 1, &[2, 3], 2);
    commit(&mut cluster, 1, &[2], 2);
    for id in [1, 2] {
        cluster.snapshot(id, BYTES, 5);
    }
    cluster.drop_all();
    cluster
}

/// [`left_behind`], after S3 has received the snapshot.
fn caught_up() -> Cluster {
    let mut cluster = left_behind();
    rounds(&mut cluster, 6);
    assert_eq!(cluster.node(3).log().base().last, entry(5, 1));
    cluster.drop_all();
    cluster
}

/// The number of snapshots that have replaced the log of `id`, or a part of it.
fn installed(cluster: &Cluster, id: u64) -> usize {
    let at =
        |(of, answer): &&(_, Effect)| *of == n(id) && matches!(answer, Effect::Installed { .. });
    cluster.answers.iter().filter(at).count()
}

#[test]
#[should_panic(expected = "a snapshot is of what is committed")]
fn a_snapshot_of_what_is_not_committed_is_refused() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    let snapshot = snapshot_of(2, 1);
    cluster.step(1, Input::SnapshotTaken { snapshot });
}

#[test]
fn each_server_takes_a_snapshot_of_its_own_and_asks_nobody() {
    for id in [1, 2, 3] {
        let mut cluster = Cluster::new(3, plain());
        cluster.lead(1, &[2, 3]);
        commit(&mut cluster, 1, &[2, 3], 3);
        let taken = cluster.snapshot(id, BYTES, 4);
        assert_eq!(cluster.wire(), "", "S{id} says nothing");
        for other in [1, 2, 3] {
            let server = cluster.node(other);
            let holds = (server.snapshot(), server.log().base().last.index.0);
            let expected = if other == id {
                (Some(taken), 4)
            } else {
                (None, 0)
            };
            assert_eq!(holds, expected, "S{other} after S{id} took one");
        }
    }
}

#[test]
fn a_snapshot_names_the_index_and_the_term_of_the_last_entry_that_it_covers() {
    let log: &[u64] = &[1, 1, 3, 3, 4];
    let mut cluster = Cluster::new(3, in_pieces()).with_logs(4, &[log, log, &[]]);
    cluster.lead(1, &[2]);
    for (index, term) in [(2, 1), (3, 3), (5, 4)] {
        let snapshot = snapshot_of(index, term);
        cluster.step(1, Input::SnapshotTaken { snapshot });
        let through = Index(index);
        cluster.step(1, Input::Compact { through });
        let base = cluster.node(1).log().base().last;
        assert_eq!(base, entry(index, term), "the log remembers it");
    }
    cluster.timeout(1);
    cluster.deliver(|e| !is_piece(e));
    rounds(&mut cluster, 6);
    assert_eq!(cluster.node(3).snapshot(), Some(snapshot_of(5, 4)));
    assert_eq!(
        cluster.node(3).log().base().last,
        entry(5, 4),
        "and so does whoever is sent it"
    );
}

#[test]
#[should_panic(expected = "a snapshot is of what is committed")]
fn a_snapshot_that_names_a_wrong_term_is_refused() {
    let mut cluster = Cluster::new(3, plain()).with_logs(3, &[&[1, 1, 3], &[1, 1, 3], &[]]);
    cluster.lead(1, &[2]);
    let snapshot = snapshot_of(3, 1);
    cluster.step(1, Input::SnapshotTaken { snapshot });
}

/// Appends `entries` to S1's log of term 1. The last of them holds these voters.
fn reconfigured(cluster: &mut Cluster, at: u64, voters: &[u64]) -> Configuration {
    let voters: Vec<_> = voters.iter().map(|id| n(*id)).collect();
    let configuration = Configuration::of_voters(&voters).unwrap();
    for id in [1, 2] {
        let (_, mut message) = append(4, 1, (at - 1, u64::from(at > 1)), &[1], at);
        if let Body::AppendEntries(append) = &mut message.body {
            append.configuration = Some(Box::new(configuration.clone()));
        }
        cluster.receive(4, id, 1, message.body);
    }
    configuration
}

#[test]
fn a_snapshot_holds_the_latest_configuration_as_of_its_last_entry() {
    let mut cluster = Cluster::new(4, in_pieces());
    let early = reconfigured(&mut cluster, 1, &[1, 2]);
    reconfigured(&mut cluster, 2, &[1, 2, 4]);
    let middle = reconfigured(&mut cluster, 3, &[1, 2, 3, 4]);
    let late = reconfigured(&mut cluster, 4, &[1, 2, 3]);
    cluster.elect(1, &[2]);
    for (index, expected) in [(1, &early), (3, &middle), (4, &late)] {
        let snapshot = snapshot_of(index, 1);
        cluster.step(1, Input::SnapshotTaken { snapshot });
        let through = Index(index);
        cluster.step(1, Input::Compact { through });
        assert_eq!(
            &cluster.node(1).log().base().configuration,
            expected,
            "up to {index}"
        );
        assert_eq!(
            cluster.node(1).configuration(),
            &late,
            "the latest is in force"
        );
    }
    rounds(&mut cluster, 8);
    assert_eq!(installed(&cluster, 3), 1);
    assert_eq!(cluster.node(3).log().base().configuration, late);
    assert_eq!(
        cluster.node(3).configuration(),
        &late,
        "it came with the snapshot"
    );
}

#[test]
fn the_log_is_cut_only_where_a_snapshot_that_is_on_disk_covers_it() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    commit(&mut cluster, 1, &[2, 3], 5);
    let begins_after = |cluster: &Cluster| cluster.node(1).log().base().last.index.0;
    let cut = |cluster: &mut Cluster| {
        let through = Index(99);
        cluster.step(1, Input::Compact { through });
    };
    cut(&mut cluster);
    assert_eq!(begins_after(&cluster), 0, "no snapshot is on disk");
    for (index, term) in [(2, 1), (5, 1)] {
        let snapshot = snapshot_of(index, term);
        cluster.step(1, Input::SnapshotTaken { snapshot });
        cut(&mut cluster);
        assert_eq!(
            begins_after(&cluster),
            index,
            "so much is covered, and no more"
        );
    }
}

/// S3's answer to the append of an entry of term 3 after `prev`.
fn answer(cluster: &mut Cluster, prev: (u64, u64)) -> Outcome {
    let (_, Message { body, .. }) = append(2, 3, prev, &[3], 0);
    cluster.receive(2, 3, 3, body);
    let reply = cluster.wire.pop_back().unwrap().message.body;
    let Body::AppendEntriesReply(reply) = reply else {
        panic!("an append is answered, not {reply:?}");
    };
    reply.outcome
}

#[test]
fn the_first_append_after_a_snapshot_is_checked_against_the_last_entry_that_it_covers() {
    for restarts in [false, true] {
        let mut cluster = caught_up();
        if restarts {
            cluster.crash(3);
            cluster.start(3);
        }
        let refused = answer(&mut cluster, (5, 2));
        assert!(
            matches!(refused, Outcome::Rejected { .. }),
            "of another term: {refused:?}"
        );
        assert_eq!(cluster.node(3).log().last(), entry(5, 1));
        let match_index = Index(6);
        assert_eq!(
            answer(&mut cluster, (5, 1)),
            Outcome::Accepted { match_index }
        );
        assert_eq!(cluster.node(3).log().last(), entry(6, 3));
    }
}

#[test]
fn a_leader_builds_on_the_last_entry_of_the_snapshot_that_it_sent() {
    let mut cluster = caught_up();
    cluster.propose(1);
    let sent = cluster.wire.iter().find(|e| e.to == n(3)).unwrap();
    let Body::AppendEntries(append) = &sent.message.body else {
        panic!("S3 needs entries");
    };
    assert_eq!((append.prev, append.last), (entry(5, 1), Index(6)));
    cluster.deliver_all();
    assert_eq!(cluster.node(3).log().last(), entry(6, 1));
}

#[test]
fn a_restarted_server_begins_with_its_snapshot_and_commits_what_follows() {
    for (id, cut) in [(1, 0), (3, 0), (1, 6), (3, 6), (1, 7), (3, 7)] {
        let mut cluster = caught_up();
        commit(&mut cluster, 1, &[2, 3], 2);
        cluster.snapshot(id, BYTES, cut);
        commit(&mut cluster, 1, &[2, 3], 1);
        cluster.crash(id);
        cluster.start(id);
        let server = cluster.node(id);
        assert_eq!(
            server.commit_index(),
            Index(7),
            "what the snapshot covers is committed"
        );
        assert_eq!(server.log().base().last, entry(cut.max(5), 1));
        assert_eq!(
            server.log().last(),
            entry(8, 1),
            "and the log after it is there"
        );
        cluster.lead(2, &[1, 3]);
        assert_eq!(cluster.node(id).commit_index(), Index(9));
    }
}

#[test]
fn a_snapshot_of_which_only_a_part_is_here_replaces_nothing_crash_or_not() {
    for received in 1..BYTES {
        for crashes in [false, true] {
            let mut cluster = left_behind();
            let before = cluster.terms(3);
            give(&mut cluster, snapshot_of(5, 1), 0, received);
            if crashes {
                cluster.crash(3);
                cluster.start(3);
            }
            assert_eq!(cluster.terms(3), before, "{received} bytes of {BYTES}");
            assert_eq!(
                (cluster.node(3).snapshot(), installed(&cluster, 3)),
                (None, 0)
            );
            let rest = BYTES - received;
            give(&mut cluster, snapshot_of(5, 1), received, rest);
            assert_eq!(installed(&cluster, 3), 1, "with the rest it is whole");
        }
    }
}

#[test]
fn a_snapshot_is_sent_exactly_when_the_next_entry_that_a_follower_needs_is_gone() {
    let log = [1; 5];
    for cut in 0..=6 {
        for held in 0..=5 {
            let mut cluster =
                Cluster::new(3, in_pieces()).with_logs(1, &[&log, &log, &log[..held]]);
            cluster.lead(1, &[2]);
            cluster.snapshot(1, BYTES, cut);
            rounds(&mut cluster, 12);
            let sent = |to| {
                let to = n(to);
                cluster.saw(
                    1,
                    |event| matches!(event, Event::SnapshotSent { peer, .. } if *peer == to),
                )
            };
            let gone = (held as u64) < cut;
            assert_eq!(sent(3), gone, "S3 holds {held}, the log begins after {cut}");
            assert!(!sent(2), "S2 needs nothing");
            assert_eq!(
                cluster.node(3).log().last(),
                entry(6, 2),
                "it has it all either way"
            );
            assert_eq!(peer(&cluster, 1, 3).match_index, Index(6));
        }
    }
}

#[test]
fn a_snapshot_of_an_older_term_is_refused_and_the_answer_names_the_newer_one() {
    let mut cluster = left_behind();
    cluster.receive(2, 3, 5, append(2, 5, (3, 1), &[], 0).1.body);
    cluster.drop_all();
    let before = (cluster.node(3).log().clone(), cluster.node(3).deadline());
    cluster.advance(1);
    for (offset, length) in [(0, 10), (0, BYTES)] {
        let effects = give(&mut cluster, snapshot_of(5, 1), offset, length);
        let stores = |effect: &Effect| matches!(effect, Effect::StorePiece { .. });
        assert!(!effects.iter().any(stores), "nothing of it is kept");
        let answer = cluster.wire.pop_back().unwrap();
        assert_eq!((answer.to, answer.message.term), (n(1), Term(5)));
    }
    let server = cluster.node(3);
    assert_eq!((server.log().clone(), server.deadline()), before);
    assert_eq!((server.incoming(), server.leader()), (None, Some(n(2))));
    give(&mut cluster, snapshot_of(5, 1), 0, 10);
    cluster.deliver_all();
    assert_eq!(cluster.node(1).role(), RoleKind::Follower);
    assert_eq!(
        cluster.node(1).current_term(),
        Term(5),
        "its sender learns of it"
    );
}

/// S3 holds this log, and S1, of term 4, sends it a snapshot up to entry 4 of term 2.
fn sent_to(log: &[u64]) -> Cluster {
    let own: &[u64] = &[1, 1, 2, 2];
    let mut cluster = Cluster::new(3, in_pieces()).with_logs(3, &[own, own, log]);
    cluster.elect(1, &[2]);
    give(&mut cluster, snapshot_of(4, 2), 0, BYTES);
    cluster
}

/// Every log, and whether it holds entry 4 of term 2.
fn logs() -> impl Iterator<Item = (Vec<u64>, bool)> {
    every_log(7, 3).into_iter().map(|log| {
        let holds = log.get(3) == Some(&2);
        (log, holds)
    })
}

#[test]
fn a_snapshot_with_news_replaces_the_whole_log() {
    for (log, _) in logs().filter(|(_, holds)| !holds) {
        let mut cluster = sent_to(&log);
        let server = cluster.node(3);
        assert_eq!(server.log().base().last, entry(4, 2), "{log:?}");
        assert_eq!(
            server.log().last(),
            entry(4, 2),
            "nothing of {log:?} is left"
        );
        assert_eq!(server.commit_index(), Index(4));
        assert_eq!(installed(&cluster, 3), 1);
        cluster.crash(3);
        cluster.start(3);
        assert_eq!(cluster.node(3).log().last(), entry(4, 2), "nor on disk");
    }
}

#[test]
fn the_entries_after_a_snapshot_that_describes_a_prefix_of_the_log_stay() {
    for (log, _) in logs().filter(|(_, holds)| *holds) {
        let cluster = sent_to(&log);
        let kept = cluster.terms(3);
        let server = cluster.node(3);
        assert!(log.ends_with(&kept), "{kept:?} of {log:?}");
        assert_eq!(server.log().last_index().0, log.len() as u64, "{log:?}");
        assert_eq!(
            server.commit_index(),
            Index(4),
            "what it covers is committed"
        );
    }
}

#[test]
fn the_prefix_that_an_installed_snapshot_describes_is_removed_and_no_more() {
    let mut cluster = left_behind();
    cluster.instant_disk = false;
    give(&mut cluster, snapshot_of(5, 1), 0, BYTES);
    // The entries also arrive, before the disk has reported the last piece.
    cluster.receive(1, 3, 1, append(1, 1, (3, 1), &[1, 1, 1, 1], 0).1.body);
    assert_eq!(cluster.node(3).log().base().last, entry(0, 0));
    cluster.stored(3, BYTES);
    assert_eq!(cluster.node(3).log().base().last, entry(5, 1));
    assert_eq!(cluster.terms(3), [1, 1], "entries 6 and 7");
    cluster.sync(3);
    assert_eq!(cluster.disks[&n(3)].terms, [Term(1), Term(1)]);
    assert_eq!(cluster.node(3).commit_index(), Index(5));
}

#[test]
fn a_snapshot_older_than_what_a_server_has_takes_nothing_back() {
    for (last, cut) in (1..=5).flat_map(|last| [(last, 0), (last, 3), (last, 5)]) {
        let mut cluster = Cluster::new(3, in_pieces());
        cluster.lead(1, &[2, 3]);
        commit(&mut cluster, 1, &[2, 3], 4);
        let own = cluster.snapshot(3, BYTES, cut);
        let before = cluster.node(3).log().clone();
        for (offset, length) in [(0, BYTES), (0, 10), (10, 25)] {
            give(&mut cluster, snapshot_of(last, 1), offset, length);
        }
        let server = cluster.node(3);
        assert_eq!((server.log(), server.commit_index()), (&before, Index(5)));
        assert_eq!((server.snapshot(), server.incoming()), (Some(own), None));
        assert_eq!(installed(&cluster, 3), 0);
    }
}

#[test]
fn a_snapshot_that_grows_old_while_it_is_received_takes_nothing_back() {
    let mut cluster = left_behind();
    cluster.instant_disk = false;
    give(&mut cluster, snapshot_of(5, 1), 0, BYTES);
    // The entries that it covers, and more, arrive and commit while the disk is at work.
    cluster.receive(1, 3, 1, append(1, 1, (3, 1), &[1, 1, 1, 1], 7).1.body);
    cluster.stored(3, BYTES);
    let server = cluster.node(3);
    assert_eq!(
        (server.commit_index(), server.log().last()),
        (Index(7), entry(7, 1))
    );
    assert_eq!(installed(&cluster, 3), 0);
}

#[test]
fn each_part_of_a_snapshot_postpones_an_election() {
    let mut cluster = left_behind();
    give(&mut cluster, snapshot_of(5, 1), 0, 10);
    // In order, repeated and early: all pieces show that the leader is alive.
    for offset in [0, 0, 20, 10, 30, 20, 10, 0] {
        cluster.advance(149);
        let due = cluster.node(3).deadline().unwrap();
        assert!(due > Instant(cluster.now), "S3 still waits");
        let length = 10.min(BYTES - offset);
        give(&mut cluster, snapshot_of(5, 1), offset, length);
        let due = cluster.node(3).deadline().unwrap();
        assert!(
            due >= Instant(cluster.now + 150 * MS),
            "the piece at {offset} counts"
        );
    }
    assert_eq!(cluster.node(3).current_term(), Term(1));
    assert_eq!(cluster.node(3).leader(), Some(n(1)));
}

/// The faults in the transfer of a snapshot.
#[derive(Clone, Debug)]
enum Luck {
    Deliver(usize),
    Lose(usize),
    Repeat(usize),
    Wait,
    Stored,
    Restart,
}

fn luck() -> impl Strategy<Value = Luck> {
    let place = any::<usize>;
    prop_oneof![
        8 => place().prop_map(Luck::Deliver),
        3 => place().prop_map(Luck::Lose),
        3 => place().prop_map(Luck::Repeat),
        3 => Just(Luck::Wait),
        4 => Just(Luck::Stored),
        1 => Just(Luck::Restart),
    ]
}

fn befall(cluster: &mut Cluster, luck: &Luck) {
    let waiting = cluster.wire.len().max(1);
    match luck {
        Luck::Deliver(place) if !cluster.wire.is_empty() => {
            cluster.wire.swap(0, place % waiting);
            cluster.deliver_one(|_| true);
        }
        Luck::Lose(place) => drop(cluster.wire.remove(place % waiting)),
        Luck::Repeat(place) => {
            let copy = cluster.wire.get(place % waiting).cloned();
            cluster.wire.extend(copy);
        }
        Luck::Wait => drop(cluster.timeout(1)),
        Luck::Stored => {
            let incoming = cluster.disks[&n(3)].incoming;
            if let Some((_, received)) = incoming.filter(|_| cluster.node(3).incoming().is_some()) {
                cluster.stored(3, received);
            }
            cluster.sync(3);
        }
        Luck::Restart => {
            cluster.crash(3);
            cluster.start(3);
        }
        Luck::Deliver(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn parts_that_are_lost_or_late_or_come_twice_do_no_harm(
        course in proptest::collection::vec(luck(), 0..120),
    ) {
        let mut cluster = left_behind();
        cluster.instant_disk = false;
        for luck in &course {
            befall(&mut cluster, luck);
            let base = cluster.node(3).log().base().last;
            prop_assert!(base == entry(0, 0) || base == entry(5, 1));
        }
        for _ in 0..12 {
            cluster.timeout(1);
            cluster.deliver_all();
            befall(&mut cluster, &Luck::Stored);
        }
        cluster.deliver_all();
        prop_assert_eq!(cluster.node(3).log().base().last, entry(5, 1));
        prop_assert_eq!(cluster.node(3).snapshot(), cluster.node(1).snapshot());
        prop_assert!(peer(&cluster, 1, 3).match_index >= Index(5));
    }
}
