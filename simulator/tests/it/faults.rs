//! Each fault of network, clock and process has its named effect, affects nobody else, and is
//! counted.

use proptest::prelude::*;
use simulator::*;

use crate::toy::*;

#[test]
fn a_sound_link_delivers_each_message_once_after_its_latency() {
    let mut world = pair(false);
    ping(&mut world, A, 3);
    run(&mut world, 0);
    assert_eq!(toy(&world, B).pings, 0);
    let actions = record(&mut world, 100);
    let expected = (1..=3).map(|ordinal| (ms(1), A, ordinal));
    let expected: Vec<_> = expected
        .chain((1..=3).map(|ordinal| (ms(2), B, ordinal)))
        .collect();
    let found = actions.iter().map(|stamped| match &stamped.action {
        Action::Deliver(MessageId {
            from: Endpoint::Node(from),
            ordinal,
            ..
        }) => (stamped.time, *from, *ordinal),
        _ => panic!("only deliveries happen"),
    });
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn a_cut_link_delivers_nothing() {
    let mut world = pair(false);
    let both = world.cluster().topology().between(&[A], &[B]);
    world.cut(&both);
    ping(&mut world, A, 2);
    ping(&mut world, B, 1);
    let dropped = record(&mut world, 50);
    assert!(
        dropped
            .iter()
            .all(|stamped| matches!(stamped.action, Action::Drop(_, DropReason::Cut)))
    );
    assert_eq!(
        (dropped.len(), toy(&world, A).pings, toy(&world, B).pings),
        (3, 0, 0)
    );
    assert_eq!(faults(&world, FaultKind::Cut), (1, 1));

    world.heal(&both);
    ping(&mut world, A, 1);
    run(&mut world, 100);
    assert_eq!((toy(&world, A).pongs, toy(&world, B).pings), (1, 1));
}

#[test]
fn a_one_way_cut_leaves_the_way_back_open() {
    let mut world = pair(false);
    world.cut(&[one_way(A, B)]);
    ping(&mut world, A, 1);
    ping(&mut world, B, 1);
    run(&mut world, 50);
    let (a, b) = (toy(&world, A), toy(&world, B));
    assert_eq!((a.pings, a.pongs, b.pings, b.pongs), (1, 0, 0, 0));
    assert_eq!(faults(&world, FaultKind::OneWayCut), (1, 1));
    assert_eq!(faults(&world, FaultKind::Cut), (0, 0));
}

#[test]
fn a_message_under_way_is_lost_if_the_link_is_cut_when_it_arrives_and_only_then() {
    for (heal_before_arrival, pings) in [(true, 1), (false, 0)] {
        let mut world = pair(false);
        ping(&mut world, A, 1);
        world.cut(&[one_way(A, B)]);
        if heal_before_arrival {
            world.heal(&[one_way(A, B)]);
        }
        run(&mut world, 50);
        assert_eq!(toy(&world, B).pings, pings);
    }
}

#[test]
fn a_cut_that_no_message_meets_has_no_effect() {
    let mut world = pair(false);
    world.ledger_mut().schedule(FaultKind::Cut);
    world.cut(&world.cluster().topology().between(&[A], &[B]));
    run(&mut world, 50);
    let expected = Count {
        scheduled: 1,
        applied: 1,
        effective: 0,
    };
    assert_eq!(world.ledger().count(FaultKind::Cut), expected);
}

#[test]
fn a_held_link_delivers_later_in_order() {
    let mut world = pair(false);
    world.hold(&[one_way(A, B)]);
    ping(&mut world, A, 2);
    run(&mut world, 50);
    assert_eq!(toy(&world, B).pings, 0);
    assert_eq!(world.cluster().in_flight().count(), 2);
    world.release(&[one_way(A, B)]);
    let delivered = record(&mut world, 50);
    let ordinals = delivered.iter().map(|stamped| match stamped.action {
        Action::Deliver(id) => id.ordinal,
        _ => panic!("only deliveries happen"),
    });
    assert_eq!(ordinals.collect::<Vec<_>>(), [1, 2]);
    assert_eq!(faults(&world, FaultKind::Hold), (1, 1));
}

/// Two nodes on links whose quality `harm` changes.
fn harmed(harm: impl FnOnce(&mut Quality)) -> Toys {
    let mut world = pair(false);
    let mut quality = sound(1, 1);
    harm(&mut quality);
    let links = world.cluster().topology().node_links();
    world.set_links(&links, quality);
    world
}

#[test]
fn a_lossy_link_loses() {
    let mut world = harmed(|quality| quality.loss = Ratio::ONE);
    ping(&mut world, A, 2);
    let dropped = record(&mut world, 50);
    assert!(
        dropped
            .iter()
            .all(|s| matches!(s.action, Action::Drop(_, DropReason::Loss)))
    );
    assert_eq!((dropped.len(), world.cluster().in_flight().count()), (2, 0));
    assert_eq!(faults(&world, FaultKind::Loss), (1, 1));
}

#[test]
fn a_duplicating_link_delivers_twice() {
    let mut world = harmed(|quality| quality.duplicate = Ratio::ONE);
    ping(&mut world, A, 1);
    run(&mut world, 50);
    assert_eq!((toy(&world, B).pings, toy(&world, A).pongs), (2, 4));
    assert_eq!(world.cluster().counters().duplicates, 3);
    assert_eq!(world.cluster().in_flight().count(), 0);
    assert_eq!(faults(&world, FaultKind::Duplicate), (1, 1));
}

#[test]
fn a_copy_may_be_lost_to_a_cut_while_the_other_gets_through() {
    let mut world = harmed(|quality| {
        quality.duplicate = Ratio::ONE;
        quality.reorder = Ratio::ONE;
        quality.reorder_delay = range(20, 20);
    });
    ping(&mut world, A, 1);
    world.cut(&[one_way(A, B)]);
    run(&mut world, 10);
    assert_eq!(
        (toy(&world, B).pings, world.cluster().in_flight().count()),
        (0, 1)
    );
    world.heal(&[one_way(A, B)]);
    run(&mut world, 22);
    assert_eq!(toy(&world, B).pings, 1);
    assert_eq!(world.cluster().counters().drops, 0);
}

#[test]
fn a_reordering_link_lets_later_messages_overtake() {
    let mut world = harmed(|quality| {
        quality.reorder = Ratio::ONE;
        quality.reorder_delay = range(20, 20);
    });
    ping(&mut world, A, 1);
    world.set_links(&[one_way(A, B)], sound(1, 1));
    ping(&mut world, A, 1);
    let first = record(&mut world, 5);
    assert!(matches!(
        first[0].action,
        Action::Deliver(MessageId { ordinal: 2, .. })
    ));
    assert_eq!(faults(&world, FaultKind::Reorder), (1, 1));
}

#[test]
fn a_paused_node_catches_up_in_order_when_it_is_resumed() {
    let mut world = world(&plan(1, 0), 2, PINGING);
    world.set_disk(B, range(100, 100));
    run(&mut world, 80);
    let Ok(paused) = world.pause(B, &mut ());
    assert!(paused && world.cluster().is_paused(B));
    let meanwhile = record(&mut world, 500);
    assert!(
        meanwhile
            .iter()
            .all(|stamped| stamped.action.node() != Some(B))
    );
    let Ok(_) = world.resume(B, &mut ());
    let caught_up = record(&mut world, 500);
    let kinds: Vec<_> = caught_up
        .iter()
        .filter(|s| s.action.node() == Some(B))
        .collect();
    assert!(kinds.len() > 8, "{} things waited", kinds.len());
    assert!(
        kinds
            .iter()
            .any(|s| matches!(s.action, Action::Written { .. }))
    );
    let wakes = kinds.iter().filter(|s| matches!(s.action, Action::Wake(_)));
    assert_eq!(
        wakes.count(),
        1,
        "a timer that was due several times over fires once"
    );
    let ordinals = kinds.iter().filter_map(|stamped| match stamped.action {
        Action::Deliver(id) => Some(id.ordinal),
        _ => None,
    });
    assert!(ordinals.is_sorted());
    assert_eq!(faults(&world, FaultKind::Pause), (1, 1));
}

#[test]
fn a_crash_ends_a_pause_and_what_waited_is_lost() {
    let mut world = pair(true);
    let Ok(_) = world.pause(B, &mut ());
    ping(&mut world, A, 2);
    run(&mut world, 10);
    let Ok(_) = world.crash(B, Unsynced::Lose, &mut ());
    assert!(!world.cluster().is_paused(B));
    let dropped = record(&mut world, 10);
    assert!(
        dropped
            .iter()
            .all(|s| matches!(s.action, Action::Drop(_, DropReason::Down)))
    );
    assert_eq!(dropped.len(), 2);
}

#[test]
fn a_fast_clock_wakes_its_node_early_and_a_jump_wakes_it_now() {
    let mut world = world(&plan(1, 0), 2, PINGING);
    let double = Rate::new(2, 1).expect("not 0");
    let Ok(()) = world.set_clock(A, double, Span::ZERO, &mut ());
    let woken = |actions: Vec<Stamped<Toy>>, node: NodeId| -> Vec<(Time, Option<Local>)> {
        let wakes = actions
            .into_iter()
            .filter(|s| matches!(s.action, Action::Wake(n) if n == node));
        wakes.map(|stamped| (stamped.time, stamped.local)).collect()
    };
    let wakes = woken(record(&mut world, 40), A);
    assert_eq!(wakes, [(ms(25), Some(Local(50_000_000)))]);
    let Ok(()) = world.set_clock(A, Rate::REAL, Span::millis(1_000), &mut ());
    let wakes = woken(record(&mut world, 40), A);
    assert_eq!(wakes, [(ms(40), Some(Local(1_080_000_000)))]);
    assert_eq!(world.cluster().local_now(B), Local(40_000_000));
    assert_eq!(faults(&world, FaultKind::ClockRate), (2, 2));
    assert_eq!(faults(&world, FaultKind::ClockJump), (1, 1));
}

#[test]
fn a_slow_clock_wakes_its_node_late() {
    let mut world = world(&plan(1, 0), 2, PINGING);
    run(&mut world, 40);
    let Ok(()) = world.set_clock(A, Rate::new(1, 10).expect("not 0"), Span::ZERO, &mut ());
    run(&mut world, 139);
    assert_eq!(toy(&world, A).rounds, 0);
    run(&mut world, 140);
    assert_eq!(toy(&world, A).rounds, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_fault_on_one_link_leaves_the_draws_of_all_others(seed: u64) {
        let arrivals = |harm: Ratio| {
            let mut world = world(&plan(seed, 0), 3, Config { writes: false, ..PINGING });
            world.set_links(&[one_way(A, B)], Quality { loss: harm, ..sound(1, 10) });
            let actions = record(&mut world, 400);
            let times = actions.into_iter().filter_map(|stamped| match stamped.action {
                Action::Deliver(id) if id.from != A.into() && id.to != A.into() => {
                    Some((stamped.time, id))
                }
                Action::Deliver(id) if (id.from, id.to) == one_way(A, NodeId(2)) => {
                    Some((stamped.time, id))
                }
                _ => None,
            });
            let pings = times.filter(|(_, id)| id.from != B.into());
            pings.collect::<Vec<_>>()
        };
        // The messages between A and C do not depend on whether B hears A.
        let (sound, lossy) = (arrivals(Ratio::ZERO), arrivals(Ratio::ONE));
        let to_c = |all: &[(Time, MessageId)]| -> Vec<(Time, MessageId)> {
            all.iter().filter(|(_, id)| id.to == NodeId(2).into()).copied().collect()
        };
        prop_assert!(!to_c(&sound).is_empty());
        prop_assert_eq!(to_c(&sound), to_c(&lossy));
    }
}
