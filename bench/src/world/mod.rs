//! The simulated world: five servers, messages of 1 to 10 ms, heartbeats of 50 ms; with four clients
//! that put 24 bytes, wait for the answer and go on at once, or idle. Beside it the peer in the
//! least that could be called a simulator.

mod bare;
mod ours;

use std::io;

use crate::figure::{Figure, Form, Unit, print};
use crate::measure::{Milli, Work, ns_per_unit};

/// Servers.
const NODES: u32 = 5;
/// Clients under load.
const CLIENTS: u32 = 4;
/// Keys they share.
const KEYS: u32 = 100;
/// Bytes of a value.
const VALUE_BYTES: u64 = 24;
/// Shortest and longest way of a message, in nanoseconds.
const LATENCY_NS: (u64, u64) = (1_000_000, 10_000_000);
const HEARTBEAT_NS: u64 = 50_000_000;
/// Shortest and longest election timeout, in nanoseconds.
const ELECTION_NS: (u64, u64) = (200_000_000, 400_000_000);

/// What is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    clients: u32,
    /// How long, in simulated milliseconds.
    simulated_ms: u64,
}

const LOADED: Plan = Plan {
    clients: CLIENTS,
    simulated_ms: 30_000,
};
const IDLE: Plan = Plan {
    clients: 0,
    simulated_ms: 300_000,
};

/// What happened in one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Happened {
    /// Messages delivered between servers, and timers fired.
    events: u64,
    /// Requests and replies of clients delivered.
    client_messages: u64,
    /// Writes reported durable.
    completions: u64,
    /// Operations applied by the server that is ahead.
    operations: u64,
}

/// Measures both.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(form: Form) -> io::Result<()> {
    let loaded = Costs::measure(LOADED);
    let count = |what: fn(Happened) -> u64| what;
    let mut figures = Vec::new();
    for (checks, ours) in [("off", 0), ("all on", 1)] {
        let mut add = |what, unit, [ours, peer]: [Option<Milli>; 2]| {
            let ours = ours.expect("ours has every figure");
            let name = format!("world kv, checks {checks}: {what}");
            figures.push(Figure {
                name,
                ours,
                peer,
                unit,
            });
        };
        let of = |what: fn(Happened) -> u64| {
            [Some(loaded.rate(ours, what)), Some(loaded.rate(PEER, what))]
        };
        let alone = |what: fn(Happened) -> u64| [Some(loaded.rate(ours, what)), None];
        let (events, operations) = (count(|h| h.events), count(|h| h.operations));
        add(
            "events (messages, timers)",
            Unit::EventsPerSecond,
            of(events),
        );
        add(
            "client messages, besides",
            Unit::EventsPerSecond,
            of(|h| h.client_messages),
        );
        add(
            "disk completions, besides",
            Unit::EventsPerSecond,
            alone(|h| h.completions),
        );
        let per = [ours, PEER].map(|place| Some(loaded.ns_per(place, operations)));
        add("operation", Unit::NsPerOperation, per);
    }
    let idle = Costs::measure(IDLE);
    for (checks, ours) in [("off", 0), ("all on", 1)] {
        figures.push(Figure {
            name: format!("world idle, checks {checks}: simulated time"),
            ours: idle.simulated(ours),
            peer: Some(idle.simulated(PEER)),
            unit: Unit::SimulatedSeconds,
        });
    }
    print(
        "the world, 5 servers; raft-rs in a bare loop",
        &figures,
        form,
    )
}

/// The peer's place, after ours without and with checks.
const PEER: usize = 2;

struct Costs {
    plan: Plan,
    happened: [Happened; 3],
    /// Nanoseconds of one simulated millisecond.
    ns: Vec<Milli>,
}

impl Costs {
    fn measure(plan: Plan) -> Self {
        let runs: [fn(Plan) -> Happened; 3] = [ours::run, ours::run_checked, bare::run];
        let mut works = runs.map(|run| -> Work<'_> {
            Box::new(move || {
                run(plan);
                plan.simulated_ms
            })
        });
        Self {
            plan,
            happened: runs.map(|run| run(plan)),
            ns: ns_per_unit(&mut works),
        }
    }

    /// Nanoseconds of a whole run.
    fn run_ns(&self, place: usize) -> u64 {
        let thousandths = u128::from(self.ns[place].0) * u128::from(self.plan.simulated_ms);
        u64::try_from(thousandths / 1000).expect("a run takes seconds, not centuries")
    }

    fn ns_per(&self, place: usize, what: fn(Happened) -> u64) -> Milli {
        Milli::ratio(self.run_ns(place), what(self.happened[place]))
    }

    fn rate(&self, place: usize, what: fn(Happened) -> u64) -> Milli {
        let amount = what(self.happened[place]).saturating_mul(1_000_000_000);
        Milli::ratio(amount, self.run_ns(place))
    }

    /// Simulated seconds for one of the processor.
    fn simulated(&self, place: usize) -> Milli {
        Milli::ratio(self.plan.simulated_ms * 1_000_000, self.run_ns(place))
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
