//! Claims about `Node`: the outcome of a client's request while leaders change. The tests move
//! every message and write.

use crate::common::{Cluster, found, put, written};
use kv::{Answer, Input, Op, Operator, ReadBy, Response};
use raft_core::{Body, Index, NodeId, RoleKind, Span};

#[test]
fn a_request_is_answered_once_its_entry_is_applied() {
    let mut cluster = Cluster::new();
    cluster.elect(1, &[1, 2, 3]);
    cluster.ask(1, 1, put("a"));
    assert_eq!(cluster.replies, []);
    cluster.deliver(&[1, 2, 3]);
    assert_eq!(cluster.replies, [(1, written(1, 2))]);
    cluster.wake(1, &[1, 2, 3]);
    assert_eq!(cluster.value(3).answer, Answer::Value(Some("a".into())));
}

#[test]
fn a_follower_refuses_and_names_the_leader() {
    let mut cluster = Cluster::new();
    cluster.elect(1, &[1, 2, 3]);
    cluster.ask(2, 1, put("a"));
    assert_eq!(
        cluster.replies,
        [(
            1,
            Response::NotLeader {
                leader: Some(NodeId(1))
            }
        )]
    );
}

#[test]
fn a_retry_at_the_next_leader_is_answered_and_not_executed_again() {
    let mut cluster = Cluster::new();
    cluster.elect(1, &[1, 2, 3]);
    let append = Op::Append {
        key: "k".into(),
        value: "x".into(),
    };
    cluster.ask(1, 1, append.clone());
    cluster.deliver(&[1, 2, 3]);
    cluster.nodes.remove(&NodeId(1));
    cluster.elect(2, &[2, 3]);
    cluster.ask(2, 1, append);
    cluster.deliver(&[2, 3]);
    assert_eq!(cluster.replies, [(1, written(1, 2)), (1, written(1, 4))]);
    assert_eq!(cluster.value(2).answer, Answer::Value(Some("x".into())));
}

#[test]
fn a_request_whose_entry_was_replaced_is_lost_and_not_answered_with_the_replacement() {
    let mut cluster = Cluster::new();
    cluster.elect(1, &[1, 2, 3]);
    cluster.ask(1, 1, put("mine"));
    cluster.wire.clear();
    cluster.elect(2, &[2, 3]);
    cluster.ask(2, 2, put("theirs"));
    cluster.deliver(&[2, 3]);
    cluster.wire.clear();
    cluster.wake(2, &[1, 2, 3]);
    cluster.wake(2, &[1, 2, 3]);
    assert!(
        cluster.replies.contains(&(1, Response::Lost)),
        "{:?}",
        cluster.replies
    );
    assert_eq!(
        cluster.value(1).answer,
        Answer::Value(Some("theirs".into()))
    );
}

#[test]
fn a_restarted_node_rebuilds_its_state_from_its_log() {
    let mut cluster = Cluster::new();
    cluster.elect(1, &[1, 2, 3]);
    for serial in 1..=3 {
        cluster.ask(1, serial, put(&format!("v{serial}")));
        cluster.deliver(&[1, 2, 3]);
    }
    cluster.wake(1, &[1, 2, 3]);
    let before = cluster.nodes[&NodeId(3)].machine().hash();
    cluster.start(3);
    assert_eq!(cluster.nodes[&NodeId(3)].machine().applied(), 0);
    cluster.wake(1, &[1, 2, 3]);
    assert_eq!(cluster.nodes[&NodeId(3)].machine().hash(), before);
}

#[test]
fn a_message_without_its_payloads_is_put_aside() {
    let mut cluster = Cluster::new();
    cluster.elect(1, &[1, 2, 3]);
    cluster.ask(1, 1, put("a"));
    let (from, to, mut message) = cluster
        .wire
        .iter()
        .find(|(_, _, m)| matches!(&m.raft.body, Body::AppendEntries(a) if !a.is_empty()))
        .cloned()
        .unwrap();
    message.payloads.clear();
    let before = cluster.nodes[&to].clone();
    cluster.step(
        to,
        Input::Receive {
            from,
            message: &message,
        },
    );
    assert!(cluster.nodes[&to] == before, "nothing was taken over");
}

/// Three nodes, led by node 1, that all have applied one put.
fn written_once() -> Cluster {
    let mut cluster = Cluster::new();
    cluster.elect(1, &[1, 2, 3]);
    cluster.ask(1, 1, put("a"));
    cluster.deliver(&[1, 2, 3]);
    cluster.wake(1, &[1, 2, 3]);
    cluster.replies.clear();
    cluster
}

#[test]
fn a_read_needs_no_entry_and_names_the_index_it_was_answered_from() {
    let mut cluster = written_once();
    cluster.read(1, 2, ReadBy::ReadIndex);
    assert_eq!(cluster.replies, [], "a quorum has to answer first");
    cluster.deliver(&[1, 2, 3]);
    cluster.read(2, 3, ReadBy::Follower);
    cluster.deliver(&[1, 2, 3]);
    assert_eq!(
        cluster.replies,
        [(2, found("a", 1, 2)), (3, found("a", 1, 2))]
    );
    assert_eq!(
        cluster.nodes[&NodeId(1)].raft().log().last_index(),
        Index(2)
    );
}

#[test]
fn a_follower_answers_only_once_it_has_applied_what_the_leader_named() {
    let mut cluster = written_once();
    let delay = Span(1_000_000_000);
    cluster.step(NodeId(2), Input::Operator(&Operator::ApplyAfter { delay }));
    cluster.ask(1, 2, put("b"));
    cluster.deliver(&[1, 2, 3]);
    cluster.wake(1, &[1, 2, 3]);
    cluster.replies.clear();
    cluster.read(2, 3, ReadBy::Follower);
    cluster.deliver(&[1, 2, 3]);
    assert_eq!(cluster.replies, [], "entry 3 is committed and not applied");
    assert_eq!(cluster.value(2).answer, Answer::Value(Some("a".into())));
    cluster.now.0 += delay.0;
    cluster.step(NodeId(2), Input::Wake);
    assert_eq!(cluster.replies, [(3, found("b", 2, 3))]);
}

#[test]
fn a_slow_state_machine_applies_later_from_its_first_start() {
    let mut cluster = Cluster::new();
    cluster.options.apply_after = Span(20_000_000);
    (1..=3).for_each(|id| cluster.start(id));
    cluster.elect(1, &[1, 2, 3]);
    cluster.ask(1, 1, put("a"));
    cluster.deliver(&[1, 2, 3]);
    assert_eq!(
        (
            cluster.nodes[&NodeId(1)].machine().applied(),
            &cluster.replies[..]
        ),
        (0, &[][..])
    );
    cluster.wake(1, &[]);
    assert_eq!(cluster.replies, [(1, written(1, 2))]);
}

#[test]
fn a_stale_read_is_answered_at_once_but_never_takes_a_client_back() {
    let mut cluster = written_once();
    cluster.ask(1, 2, put("b"));
    cluster.deliver(&[1, 3]);
    cluster.replies.clear();
    cluster.read(2, 3, ReadBy::Stale { after: Index(0) });
    cluster.read(2, 4, ReadBy::Stale { after: Index(3) });
    let applied = Index(2);
    let expected = [(3, found("a", 1, 2)), (4, Response::Behind { applied })];
    assert_eq!(cluster.replies, expected);
}

#[test]
fn a_read_that_cannot_be_answered_is_refused_and_not_dropped() {
    let mut cluster = written_once();
    cluster.read(1, 2, ReadBy::ReadIndex);
    cluster.step(NodeId(1), Input::Operator(&Operator::StepDown));
    cluster.read(3, 3, ReadBy::ReadIndex);
    cluster.read(1, 4, ReadBy::Lease);
    let (elsewhere, nobody) = (Some(NodeId(1)), None);
    let expected = [
        (2, Response::ReadFailed),
        (3, Response::NotLeader { leader: elsewhere }),
        (4, Response::NotLeader { leader: nobody }),
    ];
    assert_eq!(cluster.replies, expected);
    assert_eq!(cluster.nodes[&NodeId(1)].waiting(), 0);
}

#[test]
fn a_client_is_sent_on_to_whom_leadership_is_handed() {
    let mut cluster = written_once();
    cluster.step(
        NodeId(1),
        Input::Operator(&Operator::Transfer { to: NodeId(3) }),
    );
    cluster.ask(1, 2, put("b"));
    let leader = Some(NodeId(3));
    assert_eq!(cluster.replies, [(2, Response::NotLeader { leader })]);
    cluster.deliver(&[1, 2, 3]);
    assert_eq!(cluster.nodes[&NodeId(3)].raft().role(), RoleKind::Leader);
}
