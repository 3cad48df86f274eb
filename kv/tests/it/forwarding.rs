//! Claims about requests that a follower passes on to its leader. The tests move every message.

use crate::common::{Cluster, plain, put, written};
use kv::{Answer, Event, Input, Message, Op, Operator, Options, Response};
use raft_core::{Body, Index, NodeId, Settings};

/// A cluster in which all know that node 1 leads, and followers pass requests on.
fn led() -> Cluster {
    let settings = Settings {
        forward_proposals: true,
        ..plain()
    };
    let mut cluster = Cluster::with(settings, Options::default());
    cluster.elect(1, &[1, 2, 3]);
    cluster.wake(1, &[1, 2, 3]);
    cluster
}

fn is_answer(message: &Message) -> bool {
    matches!(message.raft.body, Body::ProposeReply { .. })
}

fn append(value: &str) -> Op {
    crate::common::append(value)
}

fn waits(cluster: &Cluster, id: u64) -> usize {
    cluster.node(id).waiting()
}

#[test]
fn a_client_is_answered_by_the_follower_that_it_asked() {
    let mut cluster = led();
    cluster.ask(2, 1, put("a"));
    assert_eq!(waits(&cluster, 2), 1);
    cluster.deliver(&[1, 2, 3]);
    assert_eq!(
        cluster.replies,
        [],
        "2 does not know yet that it is committed"
    );
    cluster.wake(1, &[1, 2, 3]);
    assert_eq!(cluster.replies, [(1, written(1, 2))]);
    assert_eq!((waits(&cluster, 1), waits(&cluster, 2)), (0, 0));
}

#[test]
fn a_request_that_the_network_doubles_is_executed_once() {
    let mut cluster = led();
    cluster.ask(2, 1, append("x"));
    let twin = cluster.wire.back().cloned().expect("it was passed on");
    cluster.wire.push_back(twin);
    cluster.deliver(&[1, 2, 3]);
    cluster.wake(1, &[1, 2, 3]);
    assert_eq!(cluster.replies, [(1, written(1, 2))]);
    assert_eq!(
        cluster.node(1).raft().commit_index(),
        Index(3),
        "two entries"
    );
    assert_eq!(cluster.value(1).answer, Answer::Value(Some("x".into())));
}

#[test]
fn the_leaders_refusal_reaches_the_client_with_its_hint() {
    let mut cluster = led();
    cluster.operate(1, Operator::Transfer { to: NodeId(3) });
    cluster.wire.clear();
    cluster.ask(2, 1, put("a"));
    cluster.deliver(&[1, 2]);
    let leader = Some(NodeId(3));
    assert_eq!(cluster.replies, [(1, Response::NotLeader { leader })]);
    assert_eq!(waits(&cluster, 2), 0);
}

#[test]
fn without_an_answer_the_client_is_told_and_its_retry_is_executed_once() {
    let mut cluster = led();
    cluster.ask(2, 1, append("x"));
    // Node 1 receives it. Its answer and its other messages to node 2 are lost.
    cluster.deliver_one(|from, to, _| (from, to) == (NodeId(2), NodeId(1)));
    cluster.wire.retain(|(_, to, _)| *to != NodeId(2));
    cluster.deliver(&[1, 3]);
    cluster.step(NodeId(2), Input::Operator(&Operator::Campaign));
    assert_eq!(cluster.replies, [(1, Response::Lost)]);
    assert_eq!(waits(&cluster, 2), 0);
    cluster.calm();
    let leader = (1..=3).find(|id| cluster.node(*id).raft().leader() == Some(NodeId(*id)));
    cluster.ask(leader.expect("somebody leads"), 1, append("x"));
    cluster.calm();
    assert_eq!(cluster.value(3).answer, Answer::Value(Some("x".into())));
}

#[test]
fn an_answer_that_comes_after_its_entry_was_applied_tells_the_client_that_nobody_knows() {
    let mut cluster = led();
    cluster.ask(2, 1, put("a"));
    while cluster.deliver_one(|_, _, message| !is_answer(message)) {}
    cluster.step(NodeId(1), Input::Wake);
    let due = cluster
        .node(1)
        .deadline()
        .expect("a leader has a next heartbeat");
    cluster.now = cluster.now.max(due);
    cluster.step(NodeId(1), Input::Wake);
    while cluster.deliver_one(|_, _, message| !is_answer(message)) {}
    assert_eq!(cluster.node(2).machine().applied(), 2);
    assert_eq!(cluster.replies, []);
    cluster.deliver(&[1, 2, 3]);
    assert_eq!(cluster.replies, [(1, Response::Lost)]);
    let late = |event: &Event| matches!(event, Event::AcceptedTooLate { .. });
    assert!(cluster.events.iter().any(|(_, event)| late(event)));
    cluster.ask(2, 1, put("a"));
    cluster.deliver(&[1, 2, 3]);
    cluster.wake(1, &[1, 2, 3]);
    assert_eq!(
        cluster.replies[1..],
        [(1, written(1, 3))],
        "its session answers the retry"
    );
}

#[test]
fn a_client_whose_entry_was_replaced_is_not_answered_with_the_replacement() {
    let mut cluster = led();
    cluster.ask(2, 1, put("mine"));
    cluster.deliver_one(|from, to, _| (from, to) == (NodeId(2), NodeId(1)));
    cluster.deliver_one(|_, _, message| is_answer(message));
    cluster.wire.clear();
    // Only node 1 has entry 2 of term 1; node 3 leads and puts its own entry there.
    cluster.crash(1);
    cluster.elect(3, &[2, 3]);
    cluster.deliver(&[2, 3]);
    cluster.wake(3, &[2, 3]);
    assert_eq!(cluster.node(2).machine().applied(), 2);
    assert_eq!(cluster.replies, [(1, Response::Lost)]);
}

#[test]
fn a_proposal_without_its_command_or_with_another_number_of_sizes_is_put_aside() {
    let mut cluster = led();
    cluster.ask(2, 1, put("a"));
    let (_, _, sound) = cluster.wire.pop_back().expect("it was passed on");
    let bare = Message::bare(sound.raft.clone());
    let mut several = sound.clone();
    let Body::Propose { sizes, .. } = &mut several.raft.body else {
        panic!("a proposal was passed on");
    };
    *sizes = [1, 2].into();
    let mut stray = sound.clone();
    stray.raft.body = Body::TimeoutNow;
    for message in [bare, several, stray] {
        let from = NodeId(2);
        let message = &message;
        cluster.step(NodeId(1), Input::Receive { from, message });
    }
    let missing = |event: &Event| matches!(event, Event::PayloadsMissing { .. });
    let missed = cluster.events.iter().filter(|(_, event)| missing(event));
    assert_eq!(missed.count(), 3);
    assert_eq!(cluster.node(1).raft().log().last_index(), Index(1));
}

#[test]
fn a_size_that_a_message_claims_is_not_believed() {
    let mut cluster = led();
    cluster.ask(2, 1, put("a"));
    let (_, _, mut message) = cluster.wire.pop_back().expect("it was passed on");
    if let Body::Propose { sizes, .. } = &mut message.raft.body {
        *sizes = [1 << 40].into();
    }
    let from = NodeId(2);
    let message = &message;
    cluster.step(NodeId(1), Input::Receive { from, message });
    assert!(cluster.node(1).status().raft.uncommitted_bytes < 100);
}
