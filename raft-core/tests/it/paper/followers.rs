//! §5.3, the follower's side: the entries that it accepts, keeps and removes.

use raft_core::{EntryId, Event, Index, Standard, Term};

use super::{every_log, plays};
use crate::common::Cluster;
use crate::common::card::append;

/// The entry before (index, term) and the terms of the entries sent.
type Sent = ((u64, u64), &'static [u64]);

#[test]
fn a_follower_takes_entries_only_after_one_of_the_same_index_and_term() {
    // The entry before the sent ones, and the answer of a follower with log 1 2 2.
    let rows = [
        ((0, 0), "accepts #0 t3"),
        ((1, 1), "accepts #1 t3"),
        ((2, 2), "accepts #2 t3"),
        ((3, 2), "accepts #3 t3"),
        ((2, 1), "rejects #2, has #1t1, t3"),
        ((3, 1), "rejects #3, has #1t1, t3"),
        ((3, 3), "rejects #3, has #3t2, t3"),
        ((4, 2), "rejects #4, has #3t2, t3"),
        ((9, 3), "rejects #9, has #3t2, t3"),
    ];
    for (prev, answer) in rows {
        assert_eq!(
            plays("F t3 v- [1 2 2]", [append(1, 3, prev, &[], 0)]),
            format!("{answer}; F t3 v- [1 2 2] commit #0; timer reset")
        );
    }
}

#[test]
fn a_follower_without_the_entry_before_takes_nothing() {
    for prev in [(2, 1), (3, 3), (4, 2)] {
        let text = plays("F t3 v- [1 2 2]", [append(1, 3, prev, &[3, 3], 0)]);
        assert!(
            text.ends_with("; F t3 v- [1 2 2] commit #0; timer reset"),
            "{text}"
        );
    }
}

#[test]
fn a_follower_removes_what_conflicts_and_all_that_follows_and_takes_what_is_new() {
    // Follower with log 1 2 2: the entry before, the entries sent, its log afterwards.
    let rows: [(Sent, &str); 6] = [
        (((3, 2), &[3]), "1 2 2 3"),
        (((3, 2), &[2]), "1 2 2 2"),
        (((2, 2), &[3]), "1 2 3"),
        (((1, 1), &[3, 3]), "1 3 3"),
        (((0, 0), &[3]), "3"),
        (((1, 1), &[2, 2, 2]), "1 2 2 2"),
    ];
    for ((prev, terms), after) in rows {
        let last = prev.0 + terms.len() as u64;
        assert_eq!(
            plays("F t3 v- [1 2 2]", [append(1, 3, prev, terms, 0)]),
            format!("disk, accepts #{last} t3; F t3 v- [{after}] commit #0; timer reset")
        );
    }
}

#[test]
fn a_follower_removes_nothing_that_agrees_with_a_late_append() {
    for (prev, terms) in [
        ((0, 0), &[1][..]),
        ((0, 0), &[]),
        ((1, 1), &[2]),
        ((2, 2), &[2]),
    ] {
        let text = plays("F t3 v- [1 2 2 2]", [append(1, 3, prev, terms, 0)]);
        assert!(
            text.ends_with("; F t3 v- [1 2 2 2] commit #0; timer reset"),
            "{text}"
        );
    }
}

/// Whether two logs can exist in one cluster: if they share an entry, they agree up to it.
fn match_up(own: &[u64], leader: &[u64]) -> bool {
    let both = own.len().min(leader.len());
    let last = (0..both).rev().find(|place| own[*place] == leader[*place]);
    last.is_none_or(|last| own[..last] == leader[..last])
}

/// Figure 2, AppendEntries, steps 2 to 4, on a plain list of terms.
fn figure_2(own: &[u64], prev: usize, leader: &[u64], last: usize) -> Option<Vec<u64>> {
    let matches = prev <= own.len() && own[..prev].last() == leader[..prev].last();
    matches.then(|| {
        let mut log = own.to_vec();
        for (place, sent) in leader.iter().enumerate().take(last).skip(prev) {
            if log.get(place).is_some_and(|own| own != sent) {
                log.truncate(place);
            }
            if place >= log.len() {
                log.push(*sent);
            }
        }
        log
    })
}

#[test]
fn a_follower_does_with_every_append_what_figure_2_says() {
    let logs = every_log(4, 3);
    let mut cases = 0;
    for own in &logs {
        for leader in logs.iter().filter(|leader| match_up(own, leader)) {
            for prev in 0..=leader.len() {
                let run = leader[prev..]
                    .iter()
                    .take_while(|term| **term == leader[prev]);
                for last in prev..=prev + run.count() {
                    let log = one_append(own, prev, leader, last);
                    let expected = figure_2(own, prev, leader, last);
                    let kept = expected.unwrap_or_else(|| own.clone());
                    assert_eq!(
                        log, kept,
                        "{own:?}, after {prev} of {leader:?} up to {last}"
                    );
                    cases += 1;
                }
            }
        }
    }
    assert!(cases > 3_000, "only {cases} cases");
}

/// The log of a follower that had `own`, after the entries `prev + 1..=last` of the leader's.
fn one_append(own: &[u64], prev: usize, leader: &[u64], last: usize) -> Vec<u64> {
    let mut cluster = Cluster::new(1, crate::common::plain()).with_logs(3, &[own]);
    let before = leader[..prev].last().copied().unwrap_or(0);
    let sent = append(9, 4, (prev as u64, before), &leader[prev..last], 0);
    cluster.receive(9, 1, 4, sent.1.body);
    cluster.terms(1)
}

#[test]
fn an_append_that_arrives_twice_changes_nothing_the_second_time() {
    let twice = append(1, 3, (1, 1), &[3, 3], 2);
    let mut cluster = Cluster::begin(Standard, "F t3 v- [1 2 2]");
    cluster.receive(1, 2, 3, twice.1.body.clone());
    cluster.sync(2);
    let once = (cluster.status(), cluster.node(2).writes());
    cluster.receive(1, 2, 3, twice.1.body);
    assert_eq!((cluster.status(), cluster.node(2).writes()), once);
    let answers: Vec<_> = cluster.wire.drain(..).map(|e| e.message).collect();
    assert_eq!(answers[0], answers[1], "and it is answered again");
}

#[test]
fn a_follower_commits_what_the_leader_has_up_to_the_last_entry_that_the_message_verified() {
    // Follower with log 1 1 2 2: the entry before, the entries, the leader's commit index; its own.
    let rows: [(Sent, u64, u64); 8] = [
        (((4, 2), &[]), 0, 0),
        (((4, 2), &[]), 3, 3),
        (((4, 2), &[]), 4, 4),
        (((4, 2), &[]), 9, 4),
        (((2, 1), &[]), 4, 2),
        (((2, 1), &[2]), 4, 3),
        (((2, 1), &[3, 3]), 9, 4),
        (((0, 0), &[]), 4, 0),
    ];
    for ((prev, terms), told, commits) in rows {
        let mut cluster = Cluster::begin(Standard, "F t3 v- [1 1 2 2]");
        let (from, message) = append(1, 3, prev, terms, told);
        cluster.receive(from, 2, 3, message.body);
        let is = cluster.node(2).commit_index();
        assert_eq!(is, Index(commits), "{prev:?} {terms:?} told {told}");
    }
}

#[test]
fn an_append_that_does_not_fit_tells_nothing_of_what_is_committed() {
    assert_eq!(
        plays("F t3 v- [1 1 2]", [append(1, 3, (3, 3), &[3], 3)]),
        "rejects #3, has #3t2, t3; F t3 v- [1 1 2] commit #0; timer reset"
    );
}

#[test]
fn an_acknowledgement_covers_what_this_leader_verified_and_not_the_rest_of_the_log() {
    assert_eq!(
        plays("F t3 v- [1 1 2 2]", [append(1, 3, (1, 1), &[1], 0)]),
        "accepts #2 t3; F t3 v- [1 1 2 2] commit #0; timer reset"
    );
}

#[test]
fn a_follower_never_replaces_an_entry_that_it_knows_to_be_committed() {
    let committed = append(1, 3, (2, 1), &[], 2);
    let forged = append(3, 4, (0, 0), &[4, 4], 0);
    let text = plays("F t3 v- [1 1]", [committed, forged]);
    assert!(text.contains("F t4 v- [1 1] commit #2"), "{text}");
}

#[test]
fn followers_hold_the_same_entries_up_to_any_entry_that_they_share() {
    let logs: [&[u64]; 4] = [&[1, 1, 2, 5], &[1, 1, 2], &[1, 3, 3, 3, 3], &[1, 1, 4]];
    let mut cluster = Cluster::new(4, crate::common::plain()).with_logs(5, &logs);
    cluster.elect(1, &[2, 4]);
    cluster.timeout(1);
    let mut removed = 0;
    loop {
        for (a, b) in [(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)] {
            assert!(match_up(&cluster.terms(a), &cluster.terms(b)));
        }
        if !cluster.deliver_one(|_| true) {
            break;
        }
        let cut = |event: &Event| matches!(event, Event::Truncated { .. });
        removed = cluster
            .events
            .iter()
            .filter(|(_, event)| cut(event))
            .count();
    }
    assert_eq!(removed, 2, "two followers had other entries");
    assert_eq!(
        cluster.node(1).log().last(),
        EntryId {
            index: Index(5),
            term: Term(6)
        }
    );
    for id in 2..=4 {
        assert_eq!(cluster.terms(id), cluster.terms(1));
    }
}
