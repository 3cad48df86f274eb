//! A list of actions decides: time moves only for timers, disks complete at once or on demand, and
//! messages that are not held or cut settle by themselves.

use simulator::*;

use crate::toy::*;

const A: NodeId = NodeId(0);
const B: NodeId = NodeId(1);
const C: NodeId = NodeId(2);
const LIMIT: u64 = 10_000;

fn world(config: Config, completions: Completions) -> Stepped<Toy> {
    let members = vec![(config, Counted::default()); 3];
    Stepped::new(Cluster::new(members, 1, 7), completions)
}

fn wake(world: &mut Stepped<Toy>, node: NodeId) {
    let woken = world.perform(&Action::Wake(node), None, &mut ());
    woken.expect("a pinging node has a deadline");
}

fn deliver(world: &mut Stepped<Toy>, from: NodeId, to: NodeId) {
    let (message, slot) = world
        .oldest((from.into(), to.into()), |_| true)
        .expect("a message is in flight");
    let delivered = world.perform(&Action::Deliver(message), Some(slot), &mut ());
    delivered.expect("the receiver is up");
}

#[test]
fn a_timer_moves_time_to_its_deadline_and_leaves_the_others_waiting() {
    let mut world = world(PINGING, Completions::AtOnce);
    wake(&mut world, B);
    assert_eq!(world.now(), Time(50_000_000));
    assert_eq!(world.cluster().due(A), Some(Time(50_000_000)), "A waits");
    wake(&mut world, B);
    wake(&mut world, A);
    assert_eq!(world.now(), Time(100_000_000), "an overdue timer fires now");
}

#[test]
fn the_oldest_message_of_a_link_comes_first_and_a_filter_can_pass_it_over() {
    let mut world = world(PINGING, Completions::AtOnce);
    wake(&mut world, A);
    wake(&mut world, A);
    let link = (A.into(), B.into());
    let oldest = world.oldest(link, |_| true).expect("two pings").0;
    assert_eq!(oldest.ordinal, 1);
    let second = world.oldest(link, |flight| flight.id.ordinal > 1);
    assert_eq!(second.expect("two pings").0.ordinal, 2);
    assert!(world.oldest((B.into(), A.into()), |_| true).is_none());
}

#[test]
fn writes_complete_at_once_unless_the_disk_is_stalled() {
    let mut world = world(PINGING, Completions::AtOnce);
    wake(&mut world, A);
    deliver(&mut world, A, B);
    deliver(&mut world, B, A);
    assert_eq!(world.cluster().disk(A).whole, 1);
    world.stall_disk(A);
    wake(&mut world, A);
    deliver(&mut world, A, B);
    deliver(&mut world, B, A);
    assert_eq!(world.cluster().disk(A).whole, 1);
    world.restore_disk(A);
    world.complete(A, &mut ()).expect("nobody objects");
    assert_eq!(world.cluster().disk(A).whole, 2);
}

#[test]
fn listed_completions_wait_for_the_list() {
    let mut world = world(PINGING, Completions::Listed);
    wake(&mut world, A);
    deliver(&mut world, A, B);
    deliver(&mut world, B, A);
    assert_eq!(world.cluster().pending_writes(A).len(), 1);
    let written = Action::Written {
        node: A,
        through: 1,
    };
    world
        .perform(&written, None, &mut ())
        .expect("it is on its way");
    assert_eq!(world.cluster().disk(A).whole, 1);
}

#[test]
fn what_settles_arrives_in_the_order_it_was_sent() {
    let mut world = world(PINGING, Completions::AtOnce);
    world.set_gates(&[(A.into(), B.into())], Gate::Held);
    world.set_gates(&[(A.into(), C.into())], Gate::Cut);
    world
        .settle(Span::millis(120), LIMIT, &mut ())
        .expect("nobody objects");
    assert_eq!(world.now(), Time(120_000_000));
    let cluster = world.cluster();
    let node = |id| cluster.node(id).expect("all are up");
    assert_eq!(node(A).rounds, 2);
    assert_eq!((node(B).pings, node(C).pings), (2, 2), "nothing from A");
    assert_eq!(
        cluster.in_flight().count(),
        4,
        "pings and pongs to B are held"
    );
    assert_eq!(cluster.counters().drops, 4, "those to C are lost");
    world.set_gates(&[(A.into(), B.into())], Gate::Open);
    world
        .settle(Span(0), LIMIT, &mut ())
        .expect("nobody objects");
    assert_eq!(world.cluster().node(B).expect("it is up").pings, 4);
}

#[test]
fn paused_nodes_keep_their_messages_and_crashed_ones_lose_them() {
    let mut world = world(PINGING, Completions::AtOnce);
    wake(&mut world, A);
    for action in [
        Action::Pause(B),
        Action::Crash {
            node: C,
            cut: Cut::LOSE_ALL,
        },
    ] {
        world.perform(&action, None, &mut ()).expect("both are up");
    }
    world
        .settle(Span(0), LIMIT, &mut ())
        .expect("nobody objects");
    assert_eq!(world.cluster().in_flight().count(), 1);
    assert_eq!(world.cluster().counters().drops, 1);
}

#[test]
fn a_world_that_never_rests_is_stopped() {
    let mut world = world(PINGING, Completions::AtOnce);
    let restless = world.settle(Span::millis(60_000), 50, &mut ());
    assert_eq!(restless, Err(Stopped::ActionLimit));
}

#[test]
fn an_impossible_action_is_refused_and_changes_nothing() {
    let mut world = world(STILL, Completions::AtOnce);
    let before = world.cluster().trace_hash();
    let still = world.perform(&Action::Wake(A), None, &mut ());
    assert_eq!(still, Err(Stopped::Refused(Refusal::NotDue)));
    let nobody = world.perform(&Action::Wake(NodeId(9)), None, &mut ());
    assert_eq!(nobody, Err(Stopped::Refused(Refusal::NoSuchNode)));
    let up = world.perform(&Action::Restart(A), None, &mut ());
    assert_eq!(up, Err(Stopped::Refused(Refusal::Up)));
    assert_eq!(world.cluster().trace_hash(), before);
    assert_eq!(world.now(), Time::START);
}
