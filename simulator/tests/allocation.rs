//! In the steady state the engine allocates nothing, because it reuses its buffers.

#[path = "it/toy/mod.rs"]
mod toy;

use simulator::*;
use toy::*;

fn allocations(mut world: Toys) -> (u64, u64) {
    run(&mut world, 20_000);
    let before = *world.cluster().counters();
    let allocations = allocation_counter::measure(|| run(&mut world, 40_000)).count_total;
    (
        world.cluster().counters().events() - before.events(),
        allocations,
    )
}

#[test]
fn messages_timers_and_disks_allocate_nothing() {
    let (events, allocations) = allocations(world(&plan(1, 0), 5, PINGING));
    assert!(events > 10_000, "{events} events are too few to tell");
    assert_eq!(allocations, 0, "allocations in {events} events");
}

#[test]
fn clients_and_harm_on_the_links_allocate_next_to_nothing() {
    let harm = Ratio::new(1, 10).expect("a tenth is a probability");
    let bad = Quality {
        loss: harm,
        duplicate: harm,
        reorder: harm,
        reorder_delay: range(20, 100),
        ..sound(1, 10)
    };
    let plan = Plan {
        links: bad,
        client_links: bad,
        ..plan(1, 5)
    };
    let (events, allocations) = allocations(world(&plan, 5, PINGING));
    // More messages than before may be in flight by chance. The buffers then grow once more.
    assert!(
        allocations < 10,
        "{allocations} allocations in {events} events"
    );
}
