//! A list of actions may hold impossible ones. The cluster refuses them and stays unchanged.

use proptest::prelude::*;
use simulator::*;

use crate::toy::*;

fn number(random: &mut Stream) -> u32 {
    let small = random.between(0, 9) > 0;
    u32::try_from(random.between(0, if small { 2 } else { u32::MAX.into() })).expect("32 bits")
}

fn endpoint(random: &mut Stream) -> Endpoint {
    let number = number(random);
    if random.between(0, 1) == 0 {
        return NodeId(number).into();
    }
    ClientId(number).into()
}

fn any_action(random: &mut Stream) -> Action<Toy> {
    let message = MessageId {
        from: endpoint(random),
        to: endpoint(random),
        ordinal: random.between(0, 3),
    };
    let (node, client) = (NodeId(number(random)), ClientId(number(random)));
    let (few, any) = (random.between(0, 3), random.word());
    let rate = Rate::new(number(random).max(1), number(random).max(1)).expect("neither is 0");
    match random.between(0, 13) {
        0 => Action::Duplicate(message),
        1 => Action::Drop(message, DropReason::Listed),
        2 => Action::Wake(node),
        3 => Action::Written { node, through: few },
        4 => {
            let parts = number(random);
            Action::Crash {
                node,
                cut: Cut { writes: few, parts },
            }
        }
        5 => Action::Restart(node),
        6 => Action::Clock {
            node,
            rate,
            jump: Span(any),
        },
        7 => Action::Pause(node),
        8 => Action::Resume(node),
        9 => Action::Operator { node, command: few },
        10 => Action::Call {
            client,
            serial: few,
            target: node,
            request: any,
        },
        11 => Action::Retry {
            client,
            serial: few,
            target: node,
        },
        12 => Action::GiveUp {
            client,
            serial: few,
        },
        _ => Action::Deliver(message),
    }
}

proptest! {
    #[test]
    fn no_list_of_actions_breaks_a_cluster(seed: u64) {
        let mut random = Stream::new(seed, Purpose::Scenario, 0);
        let mut cluster = Cluster::<Toy>::new(vec![(PINGING, Counted::default()); 3], 2, 1);
        let mut time = Time::START;
        for _ in 0..300 {
            time = time.after(Span(random.between(0, 10_000_000)));
            let action = any_action(&mut random);
            let before = (cluster.trace_hash(), *cluster.counters(), cluster.now());
            if cluster.apply(time, &action, None, None).is_ok() {
                cluster.dispatch();
            } else {
                let after = (cluster.trace_hash(), *cluster.counters(), cluster.now());
                prop_assert_eq!(before, after);
            }
        }
    }
}

#[test]
fn a_refusal_says_what_is_wrong() {
    let mut cluster = Cluster::<Toy>::new(vec![(PINGING, Counted::default()); 2], 1, 1);
    let message = MessageId {
        from: A.into(),
        to: B.into(),
        ordinal: 1,
    };
    let client = ClientId(0);
    let stranger = NodeId(7);
    let request = 5;
    let call = |serial, target| Action::Call {
        client,
        serial,
        target,
        request,
    };
    let cases = [
        (0, Action::Deliver(message), Err(Refusal::NoSuchMessage)),
        (49, Action::Wake(A), Err(Refusal::NotDue)),
        (50, Action::Wake(A), Ok(())),
        (49, Action::Wake(B), Err(Refusal::Past)),
        (
            50,
            Action::Written {
                node: A,
                through: 1,
            },
            Err(Refusal::NoSuchWrite),
        ),
        (50, Action::Restart(A), Err(Refusal::Up)),
        (50, Action::Restart(stranger), Err(Refusal::NoSuchNode)),
        (50, Action::Resume(B), Err(Refusal::NotPaused)),
        (50, Action::Pause(B), Ok(())),
        (51, Action::Deliver(message), Err(Refusal::Paused)),
        (
            51,
            Action::Crash {
                node: B,
                cut: Cut::LOSE_ALL,
            },
            Ok(()),
        ),
        (51, Action::Deliver(message), Err(Refusal::Down)),
        (51, Action::Restart(B), Ok(())),
        (52, Action::Deliver(message), Ok(())),
        (52, call(1, stranger), Err(Refusal::NoSuchNode)),
        (52, call(2, A), Ok(())),
        (52, call(3, A), Err(Refusal::Busy)),
        (
            52,
            Action::Retry {
                client,
                serial: 1,
                target: A,
            },
            Err(Refusal::NoSuchOperation),
        ),
        (52, Action::GiveUp { client, serial: 2 }, Ok(())),
        (52, call(2, A), Err(Refusal::OldSerial)),
    ];
    for (at, action, expected) in cases {
        let found = cluster
            .apply(ms(at), &action, None, None)
            .map(|_| cluster.dispatch());
        assert_eq!(found, expected);
    }
}
