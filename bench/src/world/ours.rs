//! Our subject: the engine with the replicated store, as scenarios run it.

use checks::Checks;
use raft_core::{Configuration, Settings};
use runner::KvWorkload;
use scenario::{Clients, Mix, Size, Values};
use simulator::{NodeId, Observer, Pace, Quality, Span, SpanRange, Time, World};
use sut::{Config, Image, NodeSet, Property, Server, Variant, raft_id};

use super::{ELECTION_NS, HEARTBEAT_NS, Happened, KEYS, LATENCY_NS, NODES, Plan, VALUE_BYTES};

type KvWorld = World<Server, KvWorkload>;

/// One run without checks.
pub(super) fn run(plan: Plan) -> Happened {
    let mut world = world(plan);
    until_end(plan, &mut world, &mut ());
    happened(&world)
}

/// One run with every check after every event, and the checks at the end.
pub(super) fn run_checked(plan: Plan) -> Happened {
    let mut world = world(plan);
    let names = (1..=NODES).map(|number| format!("S{number}")).collect();
    let (founders, all) = (
        NodeSet::first(NODES),
        Property::SINGLE.into_iter().collect(),
    );
    let mut checks = Checks::new(names, founders, &all);
    until_end(plan, &mut world, &mut checks);
    if let Err(violation) = checks.finish(world.cluster()) {
        panic!("nothing is wrong with this run: {violation:?}");
    }
    happened(&world)
}

fn until_end<O>(plan: Plan, world: &mut KvWorld, observer: &mut O)
where
    O: Observer<Server>,
    O::Violation: std::fmt::Debug,
{
    let end = Time::START.after(Span::millis(plan.simulated_ms));
    if let Err(violation) = world.run_until(end, observer) {
        panic!("nothing is wrong with this run: {violation:?}");
    }
}

fn world(plan: Plan) -> KvWorld {
    let voters: Vec<_> = (0..NODES).map(|place| raft_id(NodeId(place))).collect();
    let config = Config {
        options: kv::Options::default(),
        variant: Variant::published(),
        settings: Settings {
            election_timeout_min: raft_core::Span(ELECTION_NS.0),
            election_timeout_max: raft_core::Span(ELECTION_NS.1),
            heartbeat: raft_core::Span(HEARTBEAT_NS),
            ..Settings::default()
        },
        configuration: Configuration::of_voters(&voters).expect("servers are numbered"),
    };
    let members = voters.iter().map(|_| (config.clone(), Image::default()));
    let links = Quality {
        latency: range(LATENCY_NS),
        ..Quality::default()
    };
    let pace = Pace {
        think: SpanRange::exactly(Span::ZERO),
        attempt: Span::millis(500),
        retry: range((5_000_000, 15_000_000)),
        give_up: Span::millis(3_000),
    };
    let engine = simulator::Plan {
        seed: 1,
        links,
        client_links: links,
        // The peer's disks are also instant.
        sync: SpanRange::exactly(Span::ZERO),
        clients: vec![pace; plan.clients as usize],
    };
    World::new(&engine, members.collect(), workload(plan.clients))
}

fn range((min, max): (u64, u64)) -> SpanRange {
    SpanRange::new(Span(min), Span(max)).expect("the range is not empty")
}

fn workload(count: u32) -> KvWorkload {
    let clients = Clients {
        count,
        keys: KEYS,
        mix: Mix {
            put: 1,
            append: 0,
            get: 0,
            cas: 0,
            delete: 0,
        },
        values: Values::Unique,
        value_size: Size::new(VALUE_BYTES).expect("values are small"),
        ..Clients::default()
    };
    KvWorkload::new(&clients, false)
}

fn happened(world: &KvWorld) -> Happened {
    let cluster = world.cluster();
    let counters = cluster.counters();
    let applied = cluster.nodes().filter_map(|id| {
        let server = cluster.node(id)?;
        let opened = server.node().raft().current_term().0.min(1);
        Some(server.node().applied().saturating_sub(opened))
    });
    Happened {
        events: counters.events(),
        client_messages: counters.client_messages,
        completions: counters.completions,
        operations: applied.max().unwrap_or(0),
    }
}
