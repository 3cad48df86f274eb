//! The simulated world: five servers, messages of 1 to 10 ms, heartbeats of 50 ms. It has four
//! clients that put 24 bytes, wait for the answer and continue at once, or none. The peer runs
//! beside it in a minimal simulator.

mod bare;
mod ours;

use std::io;

use clap::ValueEnum;

use crate::figure::{Figure, Form, Unit, print};
use crate::instructions::Counter;
use crate::measure::{Milli, Work, ns_per_unit};

const NODES: u32 = 5;
/// Clients under load.
const CLIENTS: u32 = 4;
/// The number of keys that the clients share.
const KEYS: u32 = 100;
/// Bytes of a value.
const VALUE_BYTES: u64 = 24;
/// Shortest and longest latency of a message, in nanoseconds.
const LATENCY_NS: (u64, u64) = (1_000_000, 10_000_000);
const HEARTBEAT_NS: u64 = 50_000_000;
/// Shortest and longest election timeout, in nanoseconds.
const ELECTION_NS: (u64, u64) = (200_000_000, 400_000_000);

/// The parameters of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) clients: u32,
    /// The duration, in simulated milliseconds.
    pub(crate) simulated_ms: u64,
}

const LOADED: Plan = Plan {
    clients: CLIENTS,
    simulated_ms: 30_000,
};
const IDLE: Plan = Plan {
    clients: 0,
    simulated_ms: 300_000,
};

/// The counts of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Happened {
    /// Messages delivered between servers, and timers fired.
    events: u64,
    /// Requests and replies of clients delivered.
    client_messages: u64,
    /// Writes reported durable.
    completions: u64,
    /// Operations applied by the server that has applied most.
    operations: u64,
}

/// The subject in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum World {
    /// Ours without checks.
    Ours,
    /// Ours with every check.
    Checked,
    /// The peer in a bare loop.
    Bare,
}

impl World {
    pub(crate) fn run(self, plan: Plan) -> Happened {
        match self {
            Self::Ours => ours::run(plan),
            Self::Checked => ours::run_checked(plan),
            Self::Bare => bare::run(plan),
        }
    }

    /// Its name on a command line.
    pub(crate) fn name(self) -> String {
        let value = self
            .to_possible_value()
            .expect("no world is hidden from the command line");
        value.get_name().to_owned()
    }
}

/// Measures ours, without checks and with all of them, beside the peer.
///
/// # Errors
/// If standard output cannot be written, or valgrind fails.
pub(crate) fn run(form: Form, counter: Option<&Counter>) -> io::Result<()> {
    let mut figures = Vec::new();
    let [ours, checked, bare] = measure(LOADED);
    for (name, ours) in [("kv, checks off", &ours), ("kv, all checks on", &checked)] {
        let mut add = |what, unit, of: &dyn Fn(&Cost) -> Milli, beside: bool| {
            figures.push(Figure {
                name: format!("world {name}: {what}"),
                ours: of(ours),
                peer: beside.then(|| of(&bare)),
                unit,
            });
        };
        let second = Unit::PerSecond;
        let events = |it: &Cost| it.rate(it.happened.events + it.happened.client_messages);
        add("events (messages and timers)", second, &events, true);
        let clients = |it: &Cost| it.rate(it.happened.client_messages);
        add("of these, clients' messages", second, &clients, true);
        let completions = |it: &Cost| it.rate(it.happened.completions);
        add("disk completions, besides", second, &completions, false);
        let per_operation = |it: &Cost| Milli::ratio(it.ns, it.happened.operations);
        add("operations", Unit::NsPerOperation, &per_operation, true);
    }
    if let Some(counter) = counter {
        let [ours, checked, bare] = [ours, checked, bare].map(|cost| cost.instructions(counter));
        let peer = bare?;
        for (name, ours) in [("kv, checks off", ours?), ("kv, all checks on", checked?)] {
            figures.push(Figure {
                name: format!("world {name}: operations"),
                ours,
                peer: Some(peer),
                unit: Unit::InstructionsPerOperation,
            });
        }
    }
    let [ours, checked, bare] = measure(IDLE).map(|cost| cost.simulated());
    for (name, ours) in [("idle, checks off", ours), ("idle, all checks on", checked)] {
        figures.push(Figure {
            name: format!("world {name}: simulated time"),
            ours,
            peer: Some(bare),
            unit: Unit::SimulatedSeconds,
        });
    }
    let title = "the world, 5 servers; raft-rs in a bare loop";
    print(title, "raft-rs", &figures, form)
}

/// The counts of a run and its cost.
#[derive(Clone, Copy, Debug)]
struct Cost {
    world: World,
    plan: Plan,
    happened: Happened,
    /// Nanoseconds of the whole run.
    ns: u64,
}

fn measure(plan: Plan) -> [Cost; 3] {
    let worlds = [World::Ours, World::Checked, World::Bare];
    let mut works = worlds.map(|world| -> Work<'_> {
        Box::new(move || {
            world.run(plan);
            1
        })
    });
    let ns = ns_per_unit(&mut works);
    let mut ns = ns.into_iter().map(|ns| ns.0 / 1000);
    worlds.map(|world| Cost {
        world,
        plan,
        happened: world.run(plan),
        ns: ns.next().expect("each world has its cost"),
    })
}

impl Cost {
    /// The number of these events for each second of processor time.
    fn rate(&self, count: u64) -> Milli {
        Milli::ratio(count.saturating_mul(1_000_000_000), self.ns)
    }

    /// Simulated seconds for each second of processor time.
    fn simulated(&self) -> Milli {
        Milli::ratio(self.plan.simulated_ms * 1_000_000, self.ns)
    }

    fn instructions(&self, counter: &Counter) -> io::Result<Milli> {
        let second = counter.per_simulated_second(self.world, self.plan.clients)?;
        let run = second.saturating_mul(self.plan.simulated_ms) / 1000;
        Ok(Milli::ratio(run, self.happened.operations))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Plan = Plan {
        clients: CLIENTS,
        simulated_ms: 3_000,
    };

    #[test]
    fn both_serve_their_clients_at_a_like_pace() {
        let [ours, peer] = [ours::run(SHORT), bare::run(SHORT)].map(|run| run.operations);
        assert!(ours > 300 && peer > 300, "{ours} and {peer}");
        assert!(ours < 2 * peer && peer < 2 * ours, "{ours} and {peer}");
    }

    #[test]
    fn checks_change_nothing_but_the_cost() {
        assert_eq!(ours::run(SHORT), ours::run_checked(SHORT));
    }

    #[test]
    fn an_idle_world_has_heartbeats_and_nothing_else() {
        let idle = Plan {
            clients: 0,
            simulated_ms: 10_000,
        };
        let happened = ours::run(idle);
        assert_eq!((happened.client_messages, happened.operations), (0, 0));
        // 20 heartbeats a second, to four servers and back, and the leader's timer.
        assert!((1_500..2_500).contains(&happened.events), "{happened:?}");
    }
}
