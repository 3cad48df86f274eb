//! §5.3 and §5.4.2: the commit of an entry, how servers learn of it, and entries that must not be
//! committed by counting.

use raft_core::{Effect, Event, Index, OutsideLog, RoleKind, Rules, Standard, Term};

use super::plays;
use crate::common::card::{accepted, append};
use crate::common::{Cluster, Envelope, n, plain};

#[test]
fn an_entry_is_committed_when_a_majority_holds_it_and_not_before() {
    for size in 1..=7 {
        let mut cluster = Cluster::new(size, plain());
        let others: Vec<_> = (2..=size).collect();
        cluster.lead(1, &others);
        cluster.propose(1);
        for holders in 1..=size {
            let committed = cluster.node(1).commit_index() == Index(2);
            assert_eq!(committed, 2 * holders > size, "{holders} of {size}");
            cluster.deliver_among(&[1, holders + 1]);
        }
    }
}

#[test]
fn a_leader_hands_an_entry_out_once_it_is_committed() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    let applies = |effects: &[Effect]| {
        effects
            .iter()
            .any(|e| matches!(e, Effect::Committed { .. }))
    };
    assert!(!applies(&cluster.propose(1)));
    let (_, ack) = accepted(2, 1, 2);
    assert!(
        cluster
            .receive(2, 1, 1, ack.body.clone())
            .contains(&Effect::Committed { through: Index(2) })
    );
    assert!(
        !applies(&cluster.receive(3, 1, 1, ack.body)),
        "and once only"
    );
}

#[test]
fn committing_an_entry_commits_all_before_it_whoever_created_them() {
    let logs: [&[u64]; 4] = [&[], &[2], &[1, 2], &[1]];
    for log in logs {
        let mut cluster = Cluster::new(3, plain()).with_logs(2, &[log, &[], &[]]);
        cluster.elect(1, &[2, 3]);
        cluster.propose(1);
        cluster.timeout(1);
        cluster.deliver_all();
        let all = log.len() as u64 + 2;
        assert_eq!(cluster.node(1).commit_index(), Index(all), "{log:?}");
        assert_eq!(cluster.terms(2), [log, &[3, 3]].concat());
    }
}

#[test]
fn a_leader_tells_its_commit_index_with_every_append_and_heartbeat() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    cluster.deliver_all();
    cluster.propose(1);
    assert_eq!(
        cluster.wire(),
        "n1→n2 t1 AppendEntries after #2t1 #3..#3t1 commit #2\n\
         n1→n3 t1 AppendEntries after #2t1 #3..#3t1 commit #2\n"
    );
    cluster.deliver_all();
    cluster.timeout(1);
    assert_eq!(
        cluster.wire(),
        "n1→n2 t1 AppendEntries after #3t1 commit #3\n\
         n1→n3 t1 AppendEntries after #3t1 commit #3\n"
    );
}

#[test]
fn a_follower_hands_entries_out_in_log_order_once_it_knows_they_are_committed() {
    let told = |commit| append(1, 1, (5, 1), &[], commit);
    assert_eq!(
        plays(
            "F t1 v- [1 1 1 1 1]",
            [told(0), told(1), told(4), told(4), told(2), told(5)]
        ),
        "accepts #5 t1; accepts #5 t1, applies #1..#1; accepts #5 t1, applies #2..#4; \
         accepts #5 t1; accepts #5 t1; accepts #5 t1, applies #5..#5; \
         F t1 v- [1 1 1 1 1] commit #5; timer reset"
    );
}

#[test]
fn a_commit_index_never_falls() {
    let mut cluster = Cluster::begin(Standard, "F t3 v- [1 1 2 2]");
    for (told, is) in [(3, 3), (1, 3), (0, 3), (4, 4), (2, 4)] {
        let (_, message) = append(1, 3, (4, 2), &[], told);
        cluster.receive(1, 2, 3, message.body);
        assert_eq!(cluster.node(2).commit_index(), Index(is));
    }
}

#[test]
fn an_entry_of_an_earlier_term_is_not_committed_by_counting_copies() {
    // Leader of term 4 with log 1 2 4 and one follower's copy beside its own: its commit index.
    for (held, commit) in [(1, 0), (2, 0), (3, 3)] {
        let mut cluster = Cluster::begin(Standard, "L t4 v2 [1 2 4]");
        cluster.sync(2);
        let (_, message) = accepted(1, 4, held);
        cluster.receive(1, 2, 4, message.body);
        assert_eq!(
            cluster.node(2).commit_index(),
            Index(commit),
            "held up to {held}"
        );
    }
}

/// Figure 8 up to (c): entry 2 of term 2 is on servers 1, 2 and 3 of five; server 1 leads term 4.
fn figure_8_until_c(rules: impl Rules + 'static) -> Cluster {
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

fn carries_term_4(envelope: &Envelope) -> bool {
    matches!(&envelope.message.body,
        raft_core::Body::AppendEntries(append) if !append.is_empty() && append.entries_term == Term(4))
}

/// Figure 8 (d): server 5 may still be elected and overwrite entry 2.
fn server_5_overwrites(cluster: &mut Cluster) {
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

/// Commits every entry on a majority, of any term (gallery C-01).
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
fn a_new_entry_is_committed_after_one_round_of_messages() {
    let mut cluster = Cluster::new(5, plain());
    cluster.lead(1, &[2, 3, 4, 5]);
    cluster.propose(1);
    let asked: Vec<_> = cluster.wire.drain(..).collect();
    assert_eq!(asked.len(), 4, "one message to each");
    cluster.wire.extend(asked.into_iter().take(2));
    cluster.deliver(|e| e.from == n(1));
    assert_eq!(cluster.wire.len(), 2, "one answer of each of two");
    cluster.deliver(|e| e.to == n(1));
    assert_eq!(cluster.node(1).commit_index(), Index(2));
}

#[test]
fn a_cluster_elects_and_commits_while_a_majority_is_up_and_reached() {
    for size in 1..=7 {
        let mut cluster = Cluster::new(size, plain());
        let up: Vec<_> = (1..=size / 2 + 1).collect();
        for id in up.len() as u64 + 1..=size {
            cluster.crash(id);
        }
        cluster.lead(1, &up[1..]);
        for entries in 1..=5 {
            cluster.propose(1);
            cluster.deliver_all();
            assert_eq!(cluster.node(1).commit_index(), Index(1 + entries));
        }
    }
}
