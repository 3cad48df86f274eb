//! Claims about replication (§5.3).

use crate::common::{Cluster, Envelope, n, plain};
use raft_core::{
    AppendEntriesReply, Body, Configuration, Effect, EntryId, Event, Index, Input, Instant,
    Outcome, Refusal, RoleKind, Rules, Settings, Standard, Term,
};

fn carries_entries(envelope: &Envelope) -> bool {
    matches!(&envelope.message.body, Body::AppendEntries(append) if !append.is_empty())
}

/// A reply that the test makes up, to the newest message of the leader.
fn reply(cluster: &Cluster, from: u64, outcome: Outcome) -> Body {
    let peer = cluster
        .node(1)
        .progress()
        .iter()
        .find(|peer| peer.id == n(from))
        .unwrap();
    let (seq, sent_at) = (peer.sent_seq, Instant(cluster.now));
    Body::AppendEntriesReply(AppendEntriesReply {
        seq,
        sent_at,
        outcome,
    })
}

fn match_of(cluster: &Cluster, peer: u64) -> u64 {
    let peers = cluster.node(1).progress();
    peers
        .iter()
        .find(|progress| progress.id == n(peer))
        .unwrap()
        .match_index
        .0
}

#[test]
fn a_proposal_reaches_everyone_and_is_named_by_index_and_term() {
    let mut cluster = Cluster::new(3, Settings::default());
    cluster.lead(1, &[2, 3]);
    let effects = cluster.propose_sizes(1, &[10, 20, 30]);
    assert!(effects.contains(&Effect::Proposed {
        first: Index(2),
        last: Index(4),
        term: Term(1)
    }));
    cluster.deliver_all();
    for id in 1..=3 {
        assert_eq!(cluster.terms(id), [1, 1, 1, 1]);
    }
    assert_eq!(cluster.node(1).commit_index(), Index(4));
}

#[test]
fn who_does_not_lead_refuses_proposals_and_names_the_leader() {
    let mut cluster = Cluster::new(3, Settings::default());
    assert_eq!(
        cluster.propose(3),
        [Effect::ProposalRefused {
            leader: None,
            why: Refusal::NotLeader
        }]
    );
    cluster.lead(1, &[2, 3]);
    let leader = Some(n(1));
    assert_eq!(
        cluster.propose(3),
        [Effect::ProposalRefused {
            leader,
            why: Refusal::NotLeader
        }]
    );
    assert_eq!(
        cluster.propose_sizes(1, &[]),
        [],
        "no entries, nothing to do"
    );
}

#[test]
fn a_message_that_arrives_twice_or_late_removes_nothing() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    let early: Vec<_> = cluster.wire.iter().cloned().collect();
    cluster.deliver_all();
    cluster.propose(1);
    cluster.deliver_all();
    let before = cluster.terms(2);
    cluster.wire.extend(early);
    cluster.timeout(1);
    cluster.deliver_all();
    assert_eq!(cluster.terms(2), before);
    assert!(!cluster.saw(2, |event| matches!(event, Event::Truncated { .. })));
}

/// Every append cuts the log after `prev` (gallery P-07, R-09).
#[derive(Clone)]
struct AlwaysTruncate;

impl Rules for AlwaysTruncate {
    fn truncation(&self, _: Option<Index>, previous: Index, _: Index) -> Option<Index> {
        Some(previous.next())
    }
}

#[test]
fn a_follower_that_always_truncates_would_lose_acknowledged_entries() {
    let mut cluster = Cluster::with_rules(AlwaysTruncate, 3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    let early = cluster.wire.pop_front().unwrap();
    cluster.propose(1);
    cluster.wire.push_front(early.clone());
    cluster.deliver_all();
    assert_eq!(cluster.terms(2), [1, 1, 1]);
    let node = cluster.nodes.get_mut(&n(2)).unwrap();
    node.step(
        Instant(0),
        Input::Receive {
            from: n(1),
            message: &early.message,
        },
    )
    .for_each(drop);
    assert_eq!(
        node.log().last_index(),
        Index(2),
        "entry 3 was acknowledged and is gone"
    );
    assert!(node.invariants().is_err());
}

#[test]
fn entries_are_taken_only_after_an_entry_of_the_same_index_and_term() {
    let mut cluster = Cluster::new(3, plain()).with_logs(3, &[&[1, 3, 3], &[1, 2], &[1, 3]]);
    cluster.elect(1, &[3]);
    cluster.timeout(1);
    cluster.deliver_one(|e| e.to == n(2));
    assert_eq!(
        cluster.terms(2),
        [1, 2],
        "nothing is taken after an absent entry"
    );
    cluster.deliver_one(|e| e.from == n(2));
    cluster.deliver_one(|e| e.to == n(2) && carries_entries(e));
    assert_eq!(
        cluster.terms(2),
        [1, 3, 3],
        "entry 2 was of another term and gave way"
    );
}

#[test]
fn a_heartbeat_is_refused_after_an_entry_of_another_term() {
    let mut cluster = Cluster::new(3, plain()).with_logs(3, &[&[1, 3], &[1, 2], &[1]]);
    cluster.elect(1, &[3]);
    cluster.timeout(1);
    cluster.deliver_one(|e| e.to == n(2));
    assert!(cluster.saw(2, |event| matches!(
        event,
        Event::AppendRejected { own: None, .. }
    ) || matches!(
        event,
        Event::AppendRejected {
            own: Some(Term(2)),
            ..
        }
    )));
    assert_eq!(match_of(&cluster, 2), 0);
}

#[test]
fn a_late_acknowledgement_lowers_nothing() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    cluster.deliver_all();
    assert_eq!(match_of(&cluster, 2), 2);
    let match_index = Index(1);
    cluster.receive(
        2,
        1,
        1,
        reply(&cluster, 2, Outcome::Accepted { match_index }),
    );
    assert_eq!(match_of(&cluster, 2), 2);
}

#[test]
fn a_late_rejection_lowers_nothing_known_to_match() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    for _ in 0..3 {
        cluster.propose(1);
    }
    cluster.deliver_all();
    let before = cluster.node(1).progress().to_vec();
    let hint = EntryId {
        index: Index(1),
        term: Term(1),
    };
    for prev in 2..=9 {
        let prev_index = Index(prev);
        cluster.receive(
            2,
            1,
            1,
            reply(&cluster, 2, Outcome::Rejected { prev_index, hint }),
        );
    }
    assert_eq!(cluster.node(1).progress(), before);
}

#[test]
fn an_acknowledgement_of_an_older_term_counts_for_nothing() {
    let mut cluster = Cluster::new(3, plain());
    cluster.elect(1, &[2, 3]);
    cluster.crash(1);
    cluster.start(1);
    cluster.elect(1, &[2, 3]);
    let ack = reply(
        &cluster,
        2,
        Outcome::Accepted {
            match_index: Index(1),
        },
    );
    cluster.receive(2, 1, 1, ack.clone());
    assert_eq!(
        (match_of(&cluster, 2), cluster.node(1).commit_index()),
        (0, Index(0))
    );
    cluster.receive(2, 1, 2, ack);
    assert_eq!(match_of(&cluster, 2), 1);
}

#[test]
fn an_acknowledgement_of_what_was_never_sent_counts_for_nothing() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    let match_index = Index(9);
    cluster.receive(
        2,
        1,
        1,
        reply(&cluster, 2, Outcome::Accepted { match_index }),
    );
    assert_eq!(match_of(&cluster, 2), 1);
}

#[test]
fn a_second_leader_of_the_same_term_is_not_followed() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.timeout(1);
    let heartbeat = cluster.wire.pop_front().unwrap().message.body;
    cluster.drop_all();
    cluster.receive(3, 2, 1, heartbeat);
    assert_eq!(cluster.node(2).leader(), Some(n(1)));
    assert_eq!(cluster.wire(), "");
}

#[test]
fn a_leader_that_contradicts_itself_is_not_believed() {
    let mut cluster = Cluster::new(3, plain());
    cluster.lead(1, &[2, 3]);
    cluster.propose(1);
    let envelope = cluster.wire.iter().find(|e| e.to == n(2)).unwrap().clone();
    cluster.deliver(|e| e.to == n(2));
    let Body::AppendEntries(mut append) = envelope.message.body else {
        panic!("a proposal is sent as AppendEntries")
    };
    append.prev = EntryId {
        index: Index(1),
        term: Term(1),
    };
    append.entries_term = Term(2);
    let before = cluster.terms(2);
    cluster.receive(1, 2, 2, Body::AppendEntries(append.clone()));
    append.entries_term = Term(1);
    assert_ne!(cluster.terms(2), before, "in a new term it may");
    cluster.receive(1, 2, 2, Body::AppendEntries(append));
    assert_eq!(cluster.terms(2), [1, 2], "in the same term it may not");
}

#[test]
fn a_learner_receives_the_log_and_decides_nothing() {
    let mut cluster = Cluster::new(4, plain());
    cluster.configuration = Configuration::new(&[n(1), n(2), n(3)], &[], &[n(4)]).unwrap();
    for id in 1..=4 {
        cluster.start(id);
    }
    cluster.timeout(4);
    assert_eq!(
        cluster.node(4).role(),
        RoleKind::Follower,
        "it does not campaign"
    );
    cluster.elect(1, &[2]);
    cluster.timeout(1);
    cluster.deliver_among(&[1, 4]);
    assert_eq!(cluster.terms(4), [1]);
    assert_eq!(
        cluster.node(1).commit_index(),
        Index(0),
        "nor does its copy count"
    );
    cluster.timeout(1);
    cluster.deliver_among(&[1, 2]);
    assert_eq!(cluster.node(1).commit_index(), Index(1));
}

#[test]
fn a_new_leader_opens_its_term_with_an_entry_of_its_own() {
    let mut cluster = Cluster::with_rules(Standard, 3, plain()).with_logs(1, &[&[1], &[1], &[1]]);
    cluster.elect(1, &[2]);
    assert_eq!(cluster.terms(1), [1, 2]);
    cluster.timeout(1);
    cluster.deliver_all();
    assert_eq!(
        cluster.node(1).commit_index(),
        Index(2),
        "the old entry commits with it"
    );
}
