//! §5.3, the leader's side: how entries reach the others.

use raft_core::{Body, Effect, Event, Index, ProgressState, Source, Standard, Term};

use super::{peer, plays};
use crate::common::card::{accepted, append, rejected};
use crate::common::{Cluster, Envelope, n, plain};

fn carries_entries(envelope: &Envelope) -> bool {
    matches!(&envelope.message.body, Body::AppendEntries(append) if !append.is_empty())
}

/// A leader of term 1 with nothing in flight.
fn led(size: u64) -> Cluster {
    let mut cluster = Cluster::new(size, plain());
    let others: Vec<_> = (2..=size).collect();
    cluster.lead(1, &others);
    cluster
}

#[test]
fn a_leader_appends_a_command_to_its_log_and_sends_it_to_all_others_at_once() {
    let mut cluster = led(3);
    let effects = cluster.propose(1);
    let Some(Effect::Write(write)) = effects.first() else {
        panic!("it goes to the leader's disk: {effects:?}")
    };
    let appended = write.append.as_ref().unwrap();
    assert_eq!(
        (
            appended.first,
            appended.last,
            appended.term,
            appended.source
        ),
        (Index(2), Index(2), Term(1), Source::Proposals)
    );
    assert_eq!(
        cluster.wire(),
        "n1→n2 t1 AppendEntries after #1t1 #2..#2t1 commit #1\n\
         n1→n3 t1 AppendEntries after #1t1 #2..#2t1 commit #1\n"
    );
}

#[test]
fn an_append_names_the_entry_that_its_entries_follow() {
    // The leader's log, and the entry that its first message must name.
    let rows: [(&[u64], &str); 4] = [
        (&[], "#0t0"),
        (&[1], "#1t1"),
        (&[1, 1, 2], "#3t2"),
        (&[1, 3, 3, 3], "#4t3"),
    ];
    for (log, names) in rows {
        let mut cluster = Cluster::new(3, plain()).with_logs(3, &[log, log, log]);
        cluster.timeout(1);
        cluster.deliver_among(&[1, 2]);
        let sent = format!("AppendEntries after {names} ");
        let wire = cluster.wire();
        assert!(wire.contains(&sent), "{wire}");
    }
}

#[test]
fn a_new_leader_first_tries_right_after_its_own_last_entry() {
    let log: &[u64] = &[1, 1, 2, 2, 2];
    let mut cluster = Cluster::new(3, plain()).with_logs(2, &[log, &[], &[1]]);
    cluster.elect(1, &[2, 3]);
    for follower in [2, 3] {
        let known = peer(&cluster, 1, follower);
        let is = (known.next_index, known.match_index);
        assert_eq!(is, (Index(6), Index(0)), "log and nothing assumed");
    }
}

#[test]
fn an_acknowledgement_moves_what_is_known_of_a_follower_and_what_is_sent_next() {
    assert_eq!(
        plays(
            "L t5 v2 [1 1 1 5]",
            [rejected(1, 5, 3, (1, 1)), accepted(1, 5, 3)]
        ),
        "sends S1 #2..#3 after #1t1; sends S1 #4..#4 after #3t1; \
         L t5 v2 [1 1 1 5] commit #0, S1 match #3, S3 match #0"
    );
}

#[test]
fn a_refused_append_makes_the_leader_go_back_and_try_again() {
    assert_eq!(
        plays("L t5 v2 [1 1 2 3 5]", [rejected(1, 5, 4, (3, 2))]),
        "sends S1 #4..#4 after #3t2; L t5 v2 [1 1 2 3 5] commit #0, S1 match #0, S3 match #0"
    );
    assert_eq!(
        plays("L t5 v2 [1 1 2 3 5]", [rejected(1, 5, 4, (0, 0))]),
        "sends S1 #1..#2 after #0t0; L t5 v2 [1 1 2 3 5] commit #0, S1 match #0, S3 match #0",
        "down to the start of the log if it must"
    );
}

#[test]
fn answers_that_arrive_late_or_twice_take_nothing_back() {
    let mut cluster = led(3);
    for _ in 0..3 {
        cluster.propose(1);
        cluster.deliver_all();
    }
    let before = cluster.node(1).progress().to_vec();
    assert_eq!(before[0].match_index, Index(4));
    for known in 0..4 {
        for late in [accepted(2, 1, known), rejected(2, 1, known, (0, 0))] {
            cluster.receive(2, 1, 1, late.1.body);
            assert_eq!(cluster.node(1).progress(), before, "#{known}");
        }
    }
}

#[test]
fn lost_entries_are_sent_again_until_they_arrive_however_long_it_takes() {
    let mut cluster = led(3);
    cluster.propose(1);
    for _ in 0..200 {
        cluster.drop_all();
        cluster.timeout(1);
    }
    cluster.deliver_all();
    for id in 1..=3 {
        assert_eq!(cluster.terms(id), [1, 1]);
    }
}

#[test]
fn a_committed_entry_is_still_sent_until_every_follower_has_it() {
    let mut cluster = led(3);
    cluster.propose(1);
    for _ in 0..50 {
        cluster.deliver_among(&[1, 2]);
        cluster.drop_all();
        cluster.timeout(1);
    }
    assert_eq!(cluster.node(1).commit_index(), Index(2));
    assert_eq!(cluster.terms(3), [1]);
    cluster.deliver_all();
    assert_eq!(cluster.terms(3), [1, 1]);
}

#[test]
fn a_slow_follower_holds_up_neither_the_others_nor_the_commit_index() {
    let mut cluster = led(5);
    for entries in 1..=30 {
        cluster.propose(1);
        cluster.deliver_among(&[1, 2, 3]);
        assert_eq!(cluster.node(1).commit_index(), Index(1 + entries));
    }
}

const FIGURE_7: [u64; 10] = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];

/// Figure 7: the log of each follower, and the number of times that the leader may go back to
/// repair it: once for each term in which the logs differ.
const FOLLOWERS: [(&[u64], usize); 6] = [
    (&[1, 1, 1, 4, 4, 5, 5, 6, 6], 1),
    (&[1, 1, 1, 4], 1),
    (&[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6], 0),
    (&[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7], 0),
    (&[1, 1, 1, 4, 4, 4, 4], 2),
    (&[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3], 2),
];

/// A leader of term 8 with Figure 7's log, elected by S3, which holds no entry, beside this
/// follower.
fn figure_7(follower: &[u64]) -> Cluster {
    let mut cluster = Cluster::new(3, plain()).with_logs(7, &[&FIGURE_7, follower, &[]]);
    cluster.elect(1, &[3]);
    for _ in 0..2 {
        cluster.timeout(1);
        cluster.deliver_all();
    }
    cluster
}

#[test]
fn a_leader_repairs_each_of_the_six_followers_of_figure_7() {
    let repaired = [&FIGURE_7[..], &[8]].concat();
    for (follower, _) in FOLLOWERS {
        let cluster = figure_7(follower);
        assert_eq!(cluster.terms(2), repaired, "it was {follower:?}");
        let disk = cluster.disks[&n(2)].terms.iter().map(|term| term.0);
        assert_eq!(disk.collect::<Vec<_>>(), repaired, "the disk says the same");
        assert_eq!(peer(&cluster, 1, 2).match_index, Index(11));
    }
}

#[test]
fn a_leader_goes_back_a_term_and_not_an_entry_at_a_time() {
    for (follower, most) in FOLLOWERS {
        let cluster = figure_7(follower);
        let back = |event: &Event| matches!(event, Event::BackedOff { peer, .. } if *peer == n(2));
        let times = cluster
            .events
            .iter()
            .filter(|(_, event)| back(event))
            .count();
        assert!(times <= most, "{times} times for {follower:?}");
    }
}

#[test]
fn a_leader_never_changes_or_removes_an_entry_of_its_own() {
    for (follower, _) in FOLLOWERS {
        let cluster = figure_7(follower);
        assert_eq!(cluster.terms(1)[..10], FIGURE_7);
        assert!(!cluster.saw(1, |event| matches!(event, Event::Truncated { .. })));
    }
}

#[test]
fn a_leader_takes_no_entries_from_anyone_in_its_own_term() {
    assert_eq!(
        plays("L t3 v2 [1 3]", [append(1, 3, (0, 0), &[2, 2, 2], 3)]),
        "silent; L t3 v2 [1 3] commit #0, S1 match #0, S3 match #0"
    );
}

#[test]
fn a_leader_sends_old_entries_with_the_term_they_were_created_in() {
    let mut cluster = Cluster::new(3, plain()).with_logs(6, &[&[1, 2, 5], &[], &[]]);
    cluster.elect(1, &[2, 3]);
    cluster.timeout(1);
    cluster.deliver_all();
    for id in 1..=3 {
        assert_eq!(cluster.terms(id), [1, 2, 5, 7]);
    }
}

#[test]
fn entries_follow_each_other_without_waiting_for_answers() {
    let mut cluster = led(3);
    for _ in 0..5 {
        cluster.propose(1);
    }
    assert_eq!(peer(&cluster, 1, 2).pace, ProgressState::Replicate);
    let to_2: Vec<_> = cluster
        .wire
        .iter()
        .filter(|e| e.to == n(2) && carries_entries(e))
        .collect();
    assert_eq!(to_2.len(), 5, "none was answered yet");
}

#[test]
fn appends_that_overtake_each_other_lose_nothing() {
    let mut cluster = led(3);
    for _ in 0..8 {
        cluster.propose(1);
    }
    cluster.wire.make_contiguous().reverse();
    cluster.deliver_all();
    cluster.timeout(1);
    cluster.deliver_all();
    for id in 1..=3 {
        assert_eq!(cluster.terms(id), [1; 9]);
    }
}

#[test]
fn a_leader_creates_one_entry_for_an_index_in_its_term() {
    let mut cluster = Cluster::begin(Standard, "L t3 v2 [1 3]");
    for index in 3..20 {
        let effects = cluster.propose_sizes(2, &[1, 1]);
        let (first, last) = (Index(2 * index - 3), Index(2 * index - 2));
        let term = Term(3);
        assert!(effects.contains(&Effect::Proposed { first, last, term }));
    }
}
