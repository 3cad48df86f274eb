//! Claims about the commit index (§5.3, §5.4.2).

use crate::common::{Cluster, n, plain};
use raft_core::{
    AppendEntries, Body, Effect, EntryId, Event, Index, Instant, Malformed, Rules, Settings,
    Standard, Term,
};

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

/// A follower's commit index after the leader's heartbeat (gallery R-01).
fn stale_tail_after_a_heartbeat(rules: impl Rules + 'static) -> Index {
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

/// Commits up to its own last entry, even if another leader wrote it.
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
