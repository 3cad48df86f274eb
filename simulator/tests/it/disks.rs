//! Disks finish writes in order and with their own latency. A crash leaves a prefix of them.

use std::convert::Infallible;

use proptest::prelude::*;
use simulator::*;

use crate::toy::*;

/// Records the time and the number of each completion.
#[derive(Default)]
struct Completions(Vec<(Time, u64)>);

impl Observer<Toy> for Completions {
    type Violation = Infallible;

    fn after(&mut self, _: &Cluster<Toy>, step: &Step<'_, Toy>) -> Result<(), Infallible> {
        if let Action::Written { through, .. } = step.action {
            self.0.push((step.time, *through));
        }
        Ok(())
    }
}

fn completions(world: &mut Toys, until: u64) -> Vec<(Time, u64)> {
    let mut completions = Completions::default();
    let Ok(()) = world.run_until(ms(until), &mut completions);
    completions.0
}

#[test]
fn one_sync_covers_what_was_handed_over_before_it_began() {
    let mut world = pair(true);
    world.set_disk(A, range(10, 10));
    ping(&mut world, A, 1);
    run(&mut world, 1);
    ping(&mut world, A, 2);
    // The first pong comes at 2 ms, the others at 3 ms, during the sync of the first.
    assert_eq!(completions(&mut world, 50), [(ms(12), 1), (ms(22), 3)]);
    assert_eq!(world.cluster().disk(A).whole, 3);
}

#[test]
fn a_stalled_disk_finishes_when_it_is_restored() {
    let mut world = pair(true);
    world.stall_disk(A);
    ping(&mut world, A, 1);
    assert_eq!(completions(&mut world, 100), []);
    assert_eq!(
        (
            world.cluster().disk(A).whole,
            world.cluster().pending_writes(A).len()
        ),
        (0, 1)
    );
    world.restore_disk(A);
    assert_eq!(completions(&mut world, 200), [(ms(100), 1)]);
    assert_eq!(faults(&world, FaultKind::DiskStall), (1, 1));
}

#[test]
fn a_stall_and_a_pause_both_have_to_end() {
    let mut world = pair(true);
    world.stall_disk(A);
    ping(&mut world, A, 1);
    run(&mut world, 50);
    let Ok(_) = world.pause(A, &mut ());
    world.restore_disk(A);
    assert_eq!(completions(&mut world, 60), []);
    world.stall_disk(A);
    let Ok(_) = world.resume(A, &mut ());
    assert_eq!(completions(&mut world, 70), []);
    world.restore_disk(A);
    assert_eq!(completions(&mut world, 80), [(ms(70), 1)]);
}

#[test]
fn a_slow_disk_takes_its_own_time_until_it_is_restored() {
    let mut world = pair(true);
    world.set_disk(A, range(5, 5));
    world.slow_disk(A, range(40, 40));
    ping(&mut world, A, 1);
    assert_eq!(completions(&mut world, 60), [(ms(42), 1)]);
    world.restore_disk(A);
    ping(&mut world, A, 1);
    assert_eq!(completions(&mut world, 100), [(ms(67), 2)]);
    assert_eq!(faults(&world, FaultKind::DiskSlow), (1, 1));
}

/// A world in which A has `reported` durable writes and `more` on their way.
fn writing(seed: u64, reported: u64, more: u64) -> Toys {
    let plan = Plan {
        links: sound(1, 1),
        ..plan(seed, 0)
    };
    let mut world = world(&plan, 2, STILL);
    ping(&mut world, A, reported);
    run(&mut world, 20);
    world.stall_disk(A);
    ping(&mut world, A, more);
    run(&mut world, 40);
    assert_eq!(world.cluster().disk(A).whole, reported);
    assert_eq!(world.cluster().pending_writes(A).len() as u64, more);
    world
}

#[test]
fn a_crash_may_lose_or_keep_all_that_was_not_reported() {
    for (unsynced, whole, lost) in [(Unsynced::Lose, 2, (1, 1)), (Unsynced::Keep, 5, (0, 0))] {
        let mut world = writing(1, 2, 3);
        let Ok(crashed) = world.crash(A, unsynced, &mut ());
        assert!(crashed && world.cluster().node(A).is_none());
        assert_eq!(*world.cluster().disk(A), Counted { whole, torn: None });
        assert_eq!(faults(&world, FaultKind::Crash), (1, 1));
        assert_eq!(faults(&world, FaultKind::LostWrites), lost);
    }
}

#[test]
fn a_restarted_node_boots_from_its_disk_as_the_next_incarnation() {
    let mut world = writing(1, 2, 3);
    let Ok(again) = world.restart(A, &mut ());
    assert!(!again, "a node that is up does not restart");
    let Ok(_) = world.crash(A, Unsynced::Lose, &mut ());
    let Ok(again) = world.crash(A, Unsynced::Lose, &mut ());
    assert!(!again, "a node that is down does not crash");
    run(&mut world, 50);
    let Ok(restarted) = world.restart(A, &mut ());
    assert!(restarted);
    let node = toy(&world, A);
    assert_eq!(
        (node.incarnation, node.pongs, node.last_seen),
        (1, 0, Local(50_000_000))
    );
    assert_eq!(
        (
            world.cluster().incarnation(A),
            world.cluster().incarnation(B)
        ),
        (1, 0)
    );
    world.restore_disk(A);
    ping(&mut world, A, 1);
    assert_eq!(completions(&mut world, 100).len(), 1);
    assert_eq!(world.cluster().disk(A).whole, 3);
}

#[test]
fn a_sync_that_a_crash_cut_off_never_completes() {
    let mut world = pair(true);
    world.set_disk(A, range(20, 20));
    ping(&mut world, A, 1);
    run(&mut world, 10);
    let Ok(_) = world.crash(A, Unsynced::Lose, &mut ());
    let Ok(_) = world.restart(A, &mut ());
    ping(&mut world, A, 2);
    // Nothing completes at 22 ms, when the sync of the first incarnation would have ended.
    assert_eq!(completions(&mut world, 100), [(ms(32), 1), (ms(52), 2)]);
}

#[test]
fn crashes_that_draw_tear_writes_now_and_then() {
    let mut torn = 0;
    for seed in 0..50 {
        let mut world = writing(seed, 1, 3);
        let Ok(_) = world.crash(A, Unsynced::Draw, &mut ());
        let (applied, effective) = faults(&world, FaultKind::TornWrite);
        assert_eq!(applied, effective);
        assert_eq!(world.cluster().disk(A).torn.is_some(), applied == 1);
        torn += applied;
    }
    assert!(
        (10..40).contains(&torn),
        "{torn} of 50 crashes tore a write"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_drawn_crash_keeps_what_was_reported_and_a_prefix(
        seed: u64, reported in 0u64..4, more in 0u64..5
    ) {
        let mut world = writing(seed, reported, more);
        let Ok(_) = world.crash(A, Unsynced::Draw, &mut ());
        let Counted { whole, torn } = *world.cluster().disk(A);
        prop_assert!((reported..=reported + more).contains(&whole));
        if let Some((write, _)) = torn {
            prop_assert_eq!(write, whole + 1);
        }
        let complete = whole == reported + more;
        prop_assert_eq!(faults(&world, FaultKind::LostWrites), (1, u64::from(!complete)));
    }
}
