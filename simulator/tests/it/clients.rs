//! Clients keep one operation open, retry it under its serial, and stop in time.

use std::collections::BTreeMap;
use std::convert::Infallible;

use simulator::*;

use crate::toy::*;

const C: ClientId = ClientId(0);

fn led_by(leader: NodeId, hint: bool) -> Config {
    Config {
        leader: Some(leader),
        hint,
        ..STILL
    }
}

/// The actions of the only client: time, kind, serial and target.
fn asked(actions: &[Stamped<Toy>]) -> Vec<(Time, &'static str, u64, Option<NodeId>)> {
    let asked = actions.iter().filter_map(|stamped| match stamped.action {
        Action::Call { serial, target, .. } => Some((stamped.time, "call", serial, Some(target))),
        Action::Retry { serial, target, .. } => Some((stamped.time, "retry", serial, Some(target))),
        Action::GiveUp { serial, .. } => Some((stamped.time, "give up", serial, None)),
        _ => None,
    });
    asked.collect()
}

/// One client whose waiting times are exact: think 20 ms, attempt 100 ms, retry 5 ms, give up 350
/// ms.
fn exact(nodes: usize, config: Config) -> Toys {
    let pace = Pace {
        think: range(20, 20),
        attempt: Span::millis(100),
        retry: range(5, 5),
        give_up: Span::millis(350),
    };
    let plan = Plan {
        clients: vec![pace],
        client_links: sound(1, 1),
        sync: range(3, 3),
        ..plan(1, 0)
    };
    world(&plan, nodes, config)
}

#[test]
fn a_client_thinks_calls_and_waits_for_its_answer() {
    let mut world = exact(1, STILL);
    let actions = record(&mut world, 65);
    // Each operation takes two messages and a sync: 5 ms.
    let expected = [(ms(20), "call", 1, Some(A)), (ms(45), "call", 2, Some(A))];
    assert_eq!(asked(&actions), expected);
    assert_eq!(world.cluster().disk(A).whole, 2);
    assert_eq!(world.cluster().open_operation(C), None);
}

#[test]
fn a_client_follows_the_hint_and_stays_with_the_leader() {
    let mut world = exact(3, led_by(NodeId(2), true));
    let actions = record(&mut world, 60);
    let expected = [
        (ms(20), "call", 1, Some(A)),
        (ms(27), "retry", 1, Some(NodeId(2))),
        (ms(52), "call", 2, Some(NodeId(2))),
    ];
    assert_eq!(asked(&actions), expected);
}

#[test]
fn what_a_client_does_is_caused_by_the_last_thing_that_happened_to_it() {
    let mut world = exact(2, led_by(B, true));
    let actions = record(&mut world, 55);
    let of_client = actions.iter().filter(|stamped| match stamped.action {
        Action::Deliver(id) => id.to == C.into(),
        Action::Call { .. } | Action::Retry { .. } => true,
        _ => false,
    });
    let of_client: Vec<_> = of_client.collect();
    // Call, refusal, retry, answer, call.
    let ids: Vec<_> = of_client.iter().map(|stamped| stamped.id).collect();
    assert_eq!(ids.len(), 5);
    assert_eq!(of_client[0].cause, EventId::OUTSIDE);
    assert_eq!((of_client[2].cause, of_client[4].cause), (ids[1], ids[3]));
}

#[test]
fn a_client_without_a_hint_asks_one_node_after_the_other() {
    let mut world = exact(3, led_by(NodeId(2), false));
    let expected = [
        (ms(20), "call", 1, Some(A)),
        (ms(27), "retry", 1, Some(B)),
        (ms(34), "retry", 1, Some(NodeId(2))),
    ];
    assert_eq!(asked(&record(&mut world, 50)), expected);
}

#[test]
fn a_hint_to_a_stranger_is_no_hint() {
    let mut world = exact(2, led_by(NodeId(9), true));
    let targets = asked(&record(&mut world, 40))
        .into_iter()
        .map(|(.., target)| target);
    assert_eq!(targets.collect::<Vec<_>>(), [Some(A), Some(B), Some(A)]);
}

#[test]
fn a_client_that_hears_nothing_retries_the_same_serial_and_gives_up_in_the_end() {
    let mut world = exact(3, STILL);
    for node in world.cluster().nodes() {
        let Ok(_) = world.crash(node, Unsynced::Lose, &mut ());
    }
    let expected = [
        (ms(20), "call", 1, Some(A)),
        (ms(120), "retry", 1, Some(B)),
        (ms(220), "retry", 1, Some(NodeId(2))),
        (ms(320), "retry", 1, Some(A)),
        (ms(370), "give up", 1, None),
        (ms(390), "call", 2, Some(B)),
    ];
    let actions = record(&mut world, 400);
    assert_eq!(asked(&actions), expected);
    let own = actions
        .iter()
        .filter(|stamped| !matches!(stamped.action, Action::Drop(..)));
    let own: Vec<_> = own.map(|stamped| (stamped.id, stamped.cause)).collect();
    for pair in own.windows(2) {
        assert_eq!(
            pair[1].1, pair[0].0,
            "each attempt is caused by the one before"
        );
    }
}

/// Keeps every reply that reaches a client.
#[derive(Default)]
struct Replies(Vec<(u64, Reply, bool)>);

impl Observer<Toy> for Replies {
    type Violation = Infallible;

    fn after(&mut self, _: &Cluster<Toy>, step: &Step<'_, Toy>) -> Result<(), Infallible> {
        if let Some(received) = step.received {
            self.0
                .push((received.serial, received.reply, received.accepted));
        }
        Ok(())
    }
}

#[test]
fn a_reply_to_an_operation_that_ended_is_ignored() {
    let mut world = exact(1, STILL);
    let answers = [(Endpoint::from(A), Endpoint::from(C))];
    world.hold(&answers);
    let mut replies = Replies::default();
    let Ok(()) = world.run_until(ms(392), &mut replies);
    assert_eq!(replies.0, []);
    assert_eq!(
        world.cluster().open_operation(C).map(|(serial, _)| serial),
        Some(2)
    );
    world.release(&answers);
    let Ok(()) = world.run_until(ms(394), &mut replies);
    assert!(
        replies.0.len() >= 4,
        "each attempt of serial 1 was answered"
    );
    assert!(
        replies
            .0
            .iter()
            .all(|(serial, _, accepted)| *serial == 1 && !accepted)
    );
    assert_eq!(
        world.cluster().open_operation(C).map(|(serial, _)| serial),
        Some(2)
    );
}

#[test]
fn a_late_answer_of_an_earlier_attempt_still_counts() {
    let mut world = exact(1, STILL);
    let answers = [(Endpoint::from(A), Endpoint::from(C))];
    world.hold(&answers);
    run(&mut world, 130);
    assert_eq!(toy(&world, A).asked, 2);
    world.release(&answers);
    let mut replies = Replies::default();
    let Ok(()) = world.run_until(ms(131), &mut replies);
    let accepted: Vec<_> = replies
        .0
        .iter()
        .map(|(serial, _, accepted)| (*serial, *accepted))
        .collect();
    assert_eq!(accepted, [(1, true), (1, false)]);
}

#[test]
fn a_late_refusal_from_a_node_it_no_longer_waits_for_is_ignored() {
    let mut world = exact(3, led_by(A, false));
    let from_b = [(Endpoint::from(B), Endpoint::from(C))];
    world.cut(&[(Endpoint::from(A), Endpoint::from(C))]);
    world.hold(&from_b);
    // A's messages are lost and B's refusal is held, so the client waits for the third node's
    // answer.
    let third = (Endpoint::from(C), Endpoint::from(NodeId(2)));
    world.hold(&[third]);
    run(&mut world, 225);
    world.release(&from_b);
    assert_eq!(asked(&record(&mut world, 319)), []);
    assert_eq!(
        asked(&record(&mut world, 320)),
        [(ms(320), "retry", 1, Some(A))]
    );
}

#[test]
fn stopped_clients_end_what_they_began_and_start_again_on_demand() {
    let mut world = exact(1, STILL);
    run(&mut world, 21);
    world.stop_clients();
    assert_eq!(asked(&record(&mut world, 500)), []);
    assert_eq!(
        (
            world.cluster().open_operation(C),
            world.cluster().disk(A).whole
        ),
        (None, 1)
    );
    world.start_clients();
    assert_eq!(
        asked(&record(&mut world, 521)),
        [(ms(520), "call", 2, Some(A))]
    );
}

#[test]
fn a_client_stopped_while_thinking_calls_once_after_it_is_started_again() {
    let mut world = exact(1, STILL);
    run(&mut world, 10);
    world.stop_clients();
    world.start_clients();
    assert_eq!(
        asked(&record(&mut world, 40)),
        [(ms(30), "call", 1, Some(A))]
    );
}

#[test]
fn clients_begin_at_different_nodes() {
    let mut world = world(&plan(1, 5), 3, STILL);
    let mut first = BTreeMap::new();
    for stamped in record(&mut world, 100) {
        if let Action::Call { client, target, .. } = stamped.action {
            first.entry(client.0).or_insert(target.0);
        }
    }
    assert_eq!(
        first.into_iter().collect::<Vec<_>>(),
        [(0, 0), (1, 1), (2, 2), (3, 0), (4, 1)]
    );
}

#[test]
fn in_any_run_a_client_has_one_operation_at_a_time_and_serials_count_up() {
    for seed in 0..20 {
        let mut world = chaos(seed);
        let mut recorder = Recorder::default();
        let Ok(()) = torment(&mut world, &mut recorder);
        let mut last = BTreeMap::new();
        for stamped in &recorder.actions {
            match stamped.action {
                Action::Call { client, serial, .. } => {
                    let before = last.insert(client, serial).unwrap_or(0);
                    assert_eq!(serial, before + 1);
                }
                Action::Retry { client, serial, .. } | Action::GiveUp { client, serial } => {
                    assert_eq!(last.get(&client), Some(&serial));
                }
                _ => {}
            }
        }
    }
}
