//! Claims about the commit index (§5.3, §5.4.2).

mod common;

use common::{Cluster, n, plain};
use raft_core::{
    AppendEntries, Body, Effect, EntryId, Event, Index, Instant, Malformed, OutsideLog, RoleKind,
    Rules, Settings, Standard, Term,
};

/// Commits whatever a majority holds, of whatever term (gallery C-01).
#[derive(Clone)]
struct CommitByCounting;

impl Rules for CommitByCounting {
    fn leader_commit(
        &self,
        commit: Index,
        replicated: Index,
        _term: Result<Term, OutsideLog>,
        _current: Term,
    ) -> Index {
        commit.max(replicated)
    }
}

/// Figure 8 up to (c): entry 2 of term 2 is on servers 1, 2 and 3 of five; server 1 leads term 4.
fn figure_8_until_c<R: Rules + Clone>(rules: R) -> Cluster<R> {
    let log: &[u64] = &[1];
    let mut cluster = Cluster::with_rules(rules, 5, plain()).with_logs(1, &[log; 5]);
    // (a) Server 1 leads term 2 and replicates entry 2 to server 2 alone.
    cluster.elect(1, &[3, 4]);
    cluster.timeout(1);
    cluster.deliver_one(|e| e.to == n(2));
    cluster.deliver_one(|e| e.from == n(2));
    cluster.deliver_one(|e| e.to == n(2));
    cluster.drop_all();
    assert_eq!(
        (cluster.terms(1), cluster.terms(2)),
        (vec![1, 2], vec![1, 2])
    );
    // (b) It crashes; server 5 leads term 3 with another entry 2.
    cluster.crash(1);
    cluster.elect(5, &[3, 4]);
    assert_eq!(cluster.terms(5), [1, 3]);
    cluster.crash(5);
    // (c) Server 1 leads term 4 and brings entry 2 to server 3.
    cluster.start(1);
    cluster.start(5);
    cluster.elect(1, &[2, 3]);
    assert_eq!(cluster.node(1).current_term(), Term(4));
    cluster.timeout(1);
    for _ in 0..20 {
        let done = cluster.node(3).log().last_index() == Index(2);
        if done || !cluster.deliver_one(|e| e.from == n(3) || e.to == n(3)) {
            break;
        }
    }
    cluster.deliver_one(|e| e.from == n(3));
    cluster.timeout(1);
    cluster.deliver(|e| e.from == n(2) || (e.to == n(2) && !carries_term_4(e)));
    cluster.drop_all();
    assert_eq!(
        (cluster.terms(2), cluster.terms(3)),
        (vec![1, 2], vec![1, 2])
    );
    cluster
}

fn carries_term_4(envelope: &common::Envelope) -> bool {
    matches!(&envelope.message.body,
        Body::AppendEntries(append) if !append.is_empty() && append.entries_term == Term(4))
}

/// Figure 8 (d): server 5 may still be elected and overwrite entry 2.
fn server_5_overwrites<R: Rules + Clone>(cluster: &mut Cluster<R>) {
    cluster.crash(1);
    cluster.elect(5, &[2, 3, 4]);
    for _ in 0..3 {
        cluster.timeout(5);
        cluster.deliver_among(&[3, 4, 5]);
    }
    assert_eq!(cluster.terms(4)[..2], [1, 3]);
}

#[test]
fn figure_8_an_old_entry_on_a_majority_is_not_committed_by_counting() {
    let mut cluster = figure_8_until_c(Standard);
    assert_eq!(
        cluster.node(1).commit_index(),
        Index(0),
        "\n{}",
        cluster.status()
    );
    assert!(cluster.saw(1, |event| matches!(
        event,
        Event::CommitHeld {
            replicated: Index(2),
            entry_term: Term(2),
            term: Term(4)
        }
    )));
    server_5_overwrites(&mut cluster);
    assert_eq!(
        cluster.terms(3)[..2],
        [1, 3],
        "harmless: nobody had committed entry 2"
    );
}

#[test]
fn figure_8_commit_by_counting_would_lose_a_committed_entry() {
    let mut cluster = figure_8_until_c(CommitByCounting);
    assert_eq!(cluster.node(1).commit_index(), Index(2));
    assert_eq!(cluster.terms(1)[1], 2);
    server_5_overwrites(&mut cluster);
    assert_eq!(
        cluster.terms(3)[1],
        3,
        "entry 2 was committed in term 2 and is another now"
    );
    assert!(cluster.node(5).commit_index() >= Index(2));
}

#[test]
fn figure_8_e_an_old_entry_commits_with_one_of_the_current_term() {
    let mut cluster = figure_8_until_c(Standard);
    for _ in 0..2 {
        cluster.timeout(1);
        cluster.deliver_among(&[1, 2, 3]);
    }
    assert_eq!(cluster.node(1).commit_index(), Index(3));
    cluster.crash(1);
    cluster.drop_all();
    cluster.advance(1_000);
    for _ in 0..3 {
        cluster.timeout(5);
        cluster.deliver_all();
        assert_ne!(
            cluster.node(5).role(),
            RoleKind::Leader,
            "its log is behind a majority's"
        );
    }
}

#[test]
fn an_entry_commits_when_a_majority_holds_it_and_not_before() {
    for (size, needed) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)] {
        let mut cluster = Cluster::new(size, plain());
        let others: Vec<_> = (2..=size).collect();
        cluster.lead(1, &others);
        cluster.propose(1);
        for holders in 1..=size {
            let committed = cluster.node(1).commit_index() == Index(2);
            assert_eq!(committed, holders >= needed, "{holders} of {size}");
            cluster.deliver_among(&[1, holders + 1]);
        }
    }
}

#[test]
fn followers_learn_the_commit_index_from_the_next_message() {
    let mut cluster = Cluster::new(3, Settings::default());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    cluster.deliver_all();
    assert_eq!(cluster.node(1).commit_index(), Index(2));
    assert_eq!(cluster.node(2).commit_index(), Index(1));
    cluster.timeout(1);
    cluster.deliver_all();
    assert_eq!(cluster.node(2).commit_index(), Index(2));
}

#[test]
fn eager_notices_tell_followers_at_once() {
    let settings = Settings {
        eager_commit: true,
        ..Settings::default()
    };
    let mut cluster = Cluster::new(3, settings);
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    cluster.deliver_all();
    for id in 1..=3 {
        assert_eq!(cluster.node(id).commit_index(), Index(2));
    }
}

#[test]
fn eager_notices_to_a_silent_follower_end_with_its_window() {
    let settings = Settings {
        eager_commit: true,
        ..plain()
    };
    let mut cluster = Cluster::new(3, settings);
    cluster.lead(1, &[2, 3]);
    let mut sent = 0;
    for _ in 0..100 {
        cluster.propose(1);
        cluster.deliver_among(&[1, 2]);
        sent += cluster.wire.len();
        cluster.drop_all();
    }
    assert_eq!(cluster.node(1).commit_index(), Index(101));
    assert!(
        sent as u64 <= settings.window_messages,
        "{sent} messages to a dead server"
    );
}

/// What a follower makes of the leader's commit index (gallery R-01).
fn stale_tail_after_a_heartbeat<R: Rules + Clone>(rules: R) -> Index {
    let logs: [&[u64]; 3] = [&[1], &[1, 2, 2], &[1]];
    let mut cluster = Cluster::with_rules(rules, 3, plain()).with_logs(2, &logs);
    // A new leader's heartbeat matches entry 1 and says that three entries are committed.
    let heartbeat = AppendEntries {
        prev: EntryId {
            index: Index(1),
            term: Term(1),
        },
        last: Index(1),
        entries_term: Term(3),
        bytes: 0,
        configuration: None,
        commit: Index(3),
        seq: 1,
        sent_at: Instant(0),
    };
    let effects = cluster.receive(1, 2, 3, Body::AppendEntries(heartbeat));
    let through = cluster.node(2).commit_index();
    assert!(effects.contains(&Effect::Committed { through }));
    through
}

/// Commits up to its own last entry, whoever wrote it.
#[derive(Clone)]
struct CommitToOwnLast;

impl Rules for CommitToOwnLast {
    fn follower_commit(&self, commit: Index, leader: Index, _: Index, last: Index) -> Index {
        commit.max(leader.min(last))
    }
}

#[test]
fn a_follower_commits_no_further_than_this_message_showed_the_logs_to_agree() {
    assert_eq!(stale_tail_after_a_heartbeat(Standard), Index(1));
    assert_eq!(
        stale_tail_after_a_heartbeat(CommitToOwnLast),
        Index(3),
        "a stale tail"
    );
}

#[test]
fn a_follower_may_be_told_of_a_commit_that_it_does_not_hold_yet() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    cluster.deliver_among(&[1, 3]);
    cluster.wire.retain(|e| e.to != n(2));
    cluster.timeout(1);
    cluster.deliver_one(|e| e.to == n(2));
    assert_eq!(cluster.node(1).commit_index(), Index(2));
    assert_eq!(
        cluster.node(2).commit_index(),
        Index(1),
        "the heartbeat did not match"
    );
}

#[test]
fn a_message_that_would_overwrite_a_committed_entry_is_put_aside() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    assert_eq!(cluster.node(2).commit_index(), Index(1));
    let forged = AppendEntries {
        prev: EntryId::default(),
        last: Index(1),
        entries_term: Term(9),
        bytes: 1,
        configuration: None,
        commit: Index(0),
        seq: 1,
        sent_at: Instant(0),
    };
    cluster.receive(3, 2, 9, Body::AppendEntries(forged));
    assert_eq!(cluster.terms(2), [1]);
    assert!(cluster.saw(2, |event| matches!(
        event,
        Event::MalformedDropped {
            why: Malformed::OverwritesCommitted,
            ..
        }
    )));
}
