//! An acknowledgement that arrives after two elections (gallery R-15).

use crate::common::{Cluster, n, plain};
use raft_core::{Body, Index, Rules, Standard, Term};

/// Counts acknowledgements of any term.
#[derive(Clone)]
struct CountsOldAnswers;

impl Rules for CountsOldAnswers {
    fn append_reply_counts(&self, _: Term, _: Term) -> bool {
        true
    }
}

/// Server 1 leads term 1 and has entries 2 to 4 on server 2, whose answer is delayed. Server 3
/// leads term 2 and replaces them. Server 1 leads term 3, has entries 3 and 4 on server 4 alone,
/// and then gets the answer of term 1. Returns its commit index before and after.
fn commit_index(rules: impl Rules + 'static, messages: u32) -> (Index, Index) {
    let mut cluster = Cluster::with_rules(rules, 5, plain());
    cluster.lead(1, &[2, 3, 4, 5]);
    cluster.propose_sizes(1, &[1, 1, 1]);
    cluster.deliver(|e| e.to == n(2));
    let late = cluster.wire.iter().rev().find(|e| e.from == n(2));
    let late = late.expect("server 2 answers").message.clone();
    assert!(matches!(&late.body, Body::AppendEntriesReply(_)));
    cluster.lead(3, &[4, 5]);
    for _ in 0..3 {
        cluster.timeout(3);
        cluster.deliver_all();
    }
    assert_eq!(cluster.terms(2), [1, 2], "its entries of term 1 are gone");
    cluster.elect(1, &[4, 5]);
    for _ in 0..messages {
        cluster.timeout(1);
        cluster.drop_all();
    }
    cluster.propose(1);
    cluster.timeout(1);
    cluster.deliver_among(&[1, 4]);
    assert_eq!(cluster.terms(4), [1, 2, 3, 3]);
    let before = cluster.node(1).commit_index();
    cluster.receive(2, 1, late.term.0, late.body);
    (before, cluster.node(1).commit_index())
}

#[test]
fn an_answer_of_an_earlier_leadership_counts_for_nothing() {
    assert_eq!(commit_index(Standard, 20), (Index(2), Index(2)));
    assert_eq!(
        commit_index(CountsOldAnswers, 20),
        (Index(2), Index(4)),
        "counted, it commits what two of five servers hold"
    );
}

#[test]
fn an_answer_to_a_message_not_sent_yet_is_put_aside_whatever_its_term() {
    assert_eq!(commit_index(CountsOldAnswers, 0), (Index(2), Index(2)));
}
