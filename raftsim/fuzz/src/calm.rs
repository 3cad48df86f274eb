//! The end of a run: faults end, a drawn core of servers stays up, and the core must serve clients.
//!
//! The core can be expected to serve only under the dissertation's timing requirement (chapter 3):
//! messages and disks must be much faster than election timeouts. The calm phases have such messages and
//! disks, and their lengths are multiples of the longest election timeout.

use proptest::prelude::*;
use scenario::{
    Action, Clients, Disk, DiskChange, DurationRange, Eventually, Machine, Nanos, Network,
    NetworkChange, NodeName, Phase, Raft, Ratio, Reorder, Route, Selector, Step,
};

use super::draw::{fraction, hit, nanos, scale, sometimes};
use super::profile::CalmRanges;

/// The time to elect a leader, in longest election timeouts. Each attempt succeeds with a chance of at
/// least one half, so thirty failures in a row are a bug.
const ELECTION_TIMEOUTS: u64 = 30;

/// The additional time where nodes have priorities: for this long a preferred node that cannot win may
/// delay the others.
const PRIORITY_TIMEOUTS: u64 = 4;

/// The time for clients and followers beyond their own delays, in longest election timeouts.
const SLACK_TIMEOUTS: u64 = 10;

/// The time, in longest election timeouts, after which faults have no more effect: a follower that was
/// cut off has heard from its leader again, or has stood for election.
const SETTLE_TIMEOUTS: u64 = 2;

/// A second, in nanoseconds, which is added to multiples of timeouts.
const SECOND: u64 = 1_000_000_000;

/// The draws for the end of a run.
#[derive(Clone, Debug)]
pub(super) struct CalmDrawn {
    outsiders: bool,
    clients: bool,
    /// The size of the core, its members, and the fault that keeps the others out.
    size: u32,
    lots: Vec<u32>,
    fate: u32,
    /// The last leader, if leadership is handed over.
    handover: Option<u32>,
}

pub(super) fn drawn(ranges: &CalmRanges) -> impl Strategy<Value = CalmDrawn> + use<> {
    let switches = (hit(ranges.outsiders), hit(ranges.clients));
    let core = (fraction(), prop::collection::vec(fraction(), 9), fraction());
    let handover = sometimes(ranges.handover, fraction());
    (switches, core, handover).prop_map(|((outsiders, clients), (size, lots, fate), handover)| {
        CalmDrawn {
            outsiders,
            clients,
            size,
            lots,
            fate,
            handover,
        }
    })
}

/// The phases that end a run, and the expectations of them.
pub(super) struct Ending {
    pub(super) phases: Vec<Phase>,
    pub(super) eventually: Vec<Eventually>,
    /// The longest time, by the fastest of usual clocks, between two requests of a client that is served.
    /// A shorter session would expire before each request.
    pub(super) between_requests: Nanos,
}

/// The surroundings of a cluster.
pub(super) struct Surroundings<'a> {
    pub(super) network: &'a Network,
    pub(super) client_network: &'a Network,
    pub(super) disk: &'a Disk,
    pub(super) machine: &'a Machine,
    /// Whether members change: then the servers that must serve are unknown beforehand.
    pub(super) members_change: bool,
    /// The longest sync that a slow disk may still have in progress when faults end.
    pub(super) slowest_sync: Option<Nanos>,
}

/// The speed of messages and disks in calm phases.
struct CalmTimings {
    nodes: NetworkChange,
    clients: NetworkChange,
    disk: DiskChange,
    /// The time of a message, a sync, the state machine and a response.
    round: u64,
}

impl CalmTimings {
    fn of(raft: &Raft, around: &Surroundings<'_>) -> Self {
        let (shortest, longest) = (raft.election_timeout.low(), raft.election_timeout.high());
        // Candidates that begin within a twentieth of the spread of each other split the vote.
        let spread = longest.get() - shortest.get();
        let most = spread.min(shortest.get()) / 20;
        let delay = capped(around.network.delay, most);
        let sync = capped(around.disk.sync, most);
        let at_clients = capped(around.client_network.delay, shortest.get());
        let nothing = |delay| NetworkChange {
            delay: Some(delay),
            drop: Some(Ratio::NEVER),
            duplicate: Some(Ratio::NEVER),
            reorder: Some(Reorder {
                chance: Ratio::NEVER,
                ..Reorder::default()
            }),
        };
        Self {
            nodes: nothing(delay),
            clients: nothing(at_clients),
            disk: DiskChange {
                sync: Some(sync),
                on_crash: None,
            },
            round: 2
                * (delay.high().get()
                    + sync.high().get()
                    + at_clients.high().get()
                    + around.machine.apply_after.get()),
        }
    }
}

fn capped(range: DurationRange, most: u64) -> DurationRange {
    let cap = |end: Nanos| end.min(nanos(most));
    DurationRange::new(cap(range.low()), cap(range.high()))
}

/// A calm phase and its expectations.
struct Stage {
    phase: Phase,
    wants: Vec<Eventually>,
}

/// The longest durations that the expectations allow.
struct Bounds {
    /// The longest election timeout, of which the others are made.
    longest: u64,
    /// Until there is a leader.
    election: Nanos,
    /// Until each client is served.
    service: Nanos,
    /// From one request of a client to its next.
    between_requests: Nanos,
}

impl Bounds {
    fn of(
        raft: &Raft,
        around: &Surroundings<'_>,
        pace: &CalmTimings,
        nodes: &[NodeName],
        clients: &Clients,
    ) -> Self {
        let longest = raft.election_timeout.high().get();
        let attempts = clients.request_timeout.get() * 2 * (nodes.len() as u64 + 1);
        let think = clients.rate.spread().high().get();
        let patience = match raft.priority.is_empty() {
            true => 0,
            false => PRIORITY_TIMEOUTS,
        };
        // Without pre-votes, removed servers that do not know of their removal stand for election, too.
        // The more servers stand, the rarer is an attempt of a server that can win.
        let rivals = match around.members_change && !raft.pre_vote {
            true => nodes.len() as u64,
            false => 1,
        };
        // A client with an expired session learns that, opens a new one, and is served after that.
        let requests = around.machine.session_timeout.map_or(1, |_| 3);
        let between = attempts + 2 * think + 8 * pace.round;
        Self {
            longest,
            election: whole((ELECTION_TIMEOUTS * rivals + patience) * longest + SECOND),
            service: whole(SLACK_TIMEOUTS * longest + requests * (attempts + 2 * think) + SECOND),
            between_requests: whole(2 * between),
        }
    }
}

/// The parts of the end of a run.
struct Calm<'a> {
    drawn: &'a CalmDrawn,
    raft: &'a Raft,
    around: &'a Surroundings<'a>,
    pace: CalmTimings,
    bounds: Bounds,
    /// Whether clients send requests before they must be served.
    asking: bool,
    /// The servers that must serve, and those that are kept out. Where members change, no server is.
    core: Vec<NodeName>,
    outsiders: Vec<NodeName>,
    /// Whether some members crash for one phase. Where members change, the run chooses them.
    fewer: bool,
}

/// The end of a run. Each client must have time to ask each outsider once and then get a response, or it
/// might never ask the leader. A client that gives up earlier waits longer.
pub(super) fn ending(
    drawn: &CalmDrawn,
    nodes: &[NodeName],
    raft: &Raft,
    around: &Surroundings<'_>,
    clients: &mut Clients,
) -> Ending {
    let pace = CalmTimings::of(raft, around);
    // While a cluster is quiescent, only a request lets servers notice that the leader is gone. A stale
    // read does not: servers answer it alone.
    let missed = !raft.quiescence || clients.reads.stale == 0 || clients.mix.get == 0;
    let leaves_out = drawn.outsiders && missed;
    let (core, outsiders) = match leaves_out && !around.members_change {
        true => drawn.core(nodes),
        false => (nodes.to_vec(), Vec::new()),
    };
    let fewer = around.members_change && leaves_out;
    let absent = match fewer {
        true => nodes.len() / 2,
        false => outsiders.len(),
    };
    let in_vain = absent as u64 * clients.request_timeout.get();
    let least = nanos(in_vain + 8 * pace.round + Nanos::millis(100).get());
    clients.give_up = clients.give_up.max(least);
    let calm = Calm {
        bounds: Bounds::of(raft, around, &pace, nodes, clients),
        asking: drawn.clients || raft.quiescence,
        drawn,
        raft,
        around,
        pace,
        core,
        outsiders,
        fewer,
    };
    let between_requests = calm.bounds.between_requests;
    let stages = [
        Some(calm.settle()),
        Some(calm.recovery()),
        fewer.then(|| calm.fewer()),
        Some(calm.service()),
        Some(calm.rest()),
        calm.handover(),
    ];
    let (phases, wants): (Vec<_>, Vec<_>) = stages
        .into_iter()
        .flatten()
        .map(|stage| (stage.phase, stage.wants))
        .unzip();
    Ending {
        phases,
        between_requests,
        eventually: wants.into_iter().flatten().collect(),
    }
}

impl Calm<'_> {
    fn phase(&self, name: &str, lasts: Nanos, clients: bool) -> Phase {
        Phase {
            name: name.to_owned(),
            lasts,
            until_met: true,
            clients,
            heal: false,
            network: Some(self.pace.nodes.clone()),
            client_network: Some(self.pace.clients.clone()),
            disk: Some(self.pace.disk.clone()),
            script: Vec::new(),
            steps: Vec::new(),
            faults: Vec::new(),
            note: None,
        }
    }

    fn wants(&self, phase: &Phase, within: Nanos) -> Eventually {
        let among = !self.outsiders.is_empty();
        Eventually {
            phase: phase.name.clone(),
            within,
            among: among.then(|| Selector::Nodes(self.core.clone())),
            one_leader: false,
            stays: false,
            all_committed: false,
            all_applied_equal: false,
            all_served: false,
            members: None,
            led_by: None,
        }
    }

    /// Faults end.
    fn settle(&self) -> Stage {
        // A leader also leaves a disk whose slow sync began before this phase.
        let slowest_sync = self.around.slowest_sync.unwrap_or_default().get();
        let lasts = whole(SETTLE_TIMEOUTS * self.bounds.longest + slowest_sync);
        let mut phase = self.phase("settle", lasts, self.asking);
        phase.until_met = false;
        phase.heal = true;
        if !self.outsiders.is_empty() {
            let fate = self.drawn.fate(self.raft, &self.core, &self.outsiders);
            phase.steps = vec![first(fate)];
        }
        Stage {
            phase,
            wants: Vec::new(),
        }
    }

    /// A leader is elected, and everything commits.
    fn recovery(&self) -> Stage {
        let election = self.bounds.election;
        let commit = whole(SLACK_TIMEOUTS * self.bounds.longest + 100 * self.pace.round);
        let lasts = whole(election.get() + commit.get());
        let phase = self.phase("recovery", lasts, self.asking);
        let mut elected = self.wants(&phase, election);
        elected.one_leader = true;
        let mut committed = self.wants(&phase, lasts);
        committed.all_committed = true;
        // While clients write, hardly ever is everything committed, and a leader that commits nothing
        // without new requests would go unnoticed.
        let wants = match self.asking {
            true => vec![elected],
            false => vec![elected, committed],
        };
        Stage { phase, wants }
    }

    /// As many members crash as the cluster can lose.
    fn fewer(&self) -> Stage {
        let mut phase = self.phase("fewer", self.bounds.election, self.asking);
        phase.steps = vec![first(Action::Crash(Selector::Dispensable))];
        let mut elected = self.wants(&phase, self.bounds.election);
        elected.one_leader = true;
        Stage {
            phase,
            wants: vec![elected],
        }
    }

    /// Every client is served.
    fn service(&self) -> Stage {
        let service = self.bounds.service;
        let mut phase = self.phase("service", service, true);
        let mut steady = self.wants(&phase, service);
        steady.one_leader = true;
        // Where members change, a leader may still be about to step down.
        steady.stays = self.raft.pre_vote && self.raft.stickiness && !self.around.members_change;
        phase.until_met = !steady.stays;
        if steady.stays && self.drawn.handover.is_some() {
            // Late enough that there is a leader. A leader ignores this command.
            phase.steps = vec![Step {
                at: nanos(service.get() / 2),
                ..first(Action::Campaign(Selector::Leader))
            }];
        }
        let mut served = self.wants(&phase, service);
        served.all_served = true;
        Stage {
            phase,
            wants: vec![steady, served],
        }
    }

    /// All servers have applied the same entries.
    fn rest(&self) -> Stage {
        // Without pre-votes, a server that returns may depose the leader once.
        let again = match self.fewer {
            true => self.bounds.election.get(),
            false => 0,
        };
        let lasts =
            whole(again + SLACK_TIMEOUTS * self.bounds.longest + 100 * self.pace.round + SECOND);
        let mut phase = self.phase("rest", lasts, false);
        phase.heal = self.fewer;
        let mut equal = self.wants(&phase, lasts);
        equal.all_applied_equal = true;
        Stage {
            phase,
            wants: vec![equal],
        }
    }

    /// Leadership is handed over.
    fn handover(&self) -> Option<Stage> {
        let successor = self.drawn.successor(self.raft, &self.core);
        let successor = successor.filter(|_| !self.around.members_change)?;
        let lasts = whole(4 * self.bounds.longest + 20 * self.pace.round + SECOND);
        let mut phase = self.phase("handover", lasts, false);
        phase.steps = vec![first(Action::Transfer(successor.clone()))];
        let mut handed = self.wants(&phase, lasts);
        handed.one_leader = true;
        handed.led_by = Some(successor);
        Some(Stage {
            phase,
            wants: vec![handed],
        })
    }
}

/// The first step of a phase.
fn first(action: Action) -> Step {
    Step {
        at: Nanos::ZERO,
        action,
        note: None,
        say: None,
    }
}

/// Rounded up to a tenth of a second, for readers.
fn whole(length: u64) -> Nanos {
    nanos(length.next_multiple_of(Nanos::millis(100).get()))
}

impl CalmDrawn {
    /// The core, a majority, and those outside of it.
    fn core(&self, nodes: &[NodeName]) -> (Vec<NodeName>, Vec<NodeName>) {
        let all = nodes.len();
        let size = scale(self.size, all as u64 / 2 + 1, all as u64);
        let mut by_lot: Vec<_> = nodes.iter().zip(&self.lots).collect();
        by_lot.sort_by_key(|(name, lot)| (*lot, *name));
        let mut names: Vec<_> = by_lot.into_iter().map(|(name, _)| name.clone()).collect();
        let size = usize::try_from(size).expect("at most nine nodes");
        let mut outsiders = names.split_off(size);
        names.sort();
        outsiders.sort();
        (names, outsiders)
    }

    /// The server that gets leadership in the end. Without pre-vote and stickiness another server may
    /// win, and a single server has no successor.
    fn successor(&self, raft: &Raft, core: &[NodeName]) -> Option<Selector> {
        let fraction = self.handover?;
        if core.len() < 2 || !(raft.pre_vote && raft.stickiness) {
            return None;
        }
        let last = core.len() as u64 - 1;
        let index = usize::try_from(scale(fraction, 0, last)).expect("at most nine nodes");
        Some(Selector::Nodes(vec![core[index].clone()]))
    }

    /// The fault that keeps the outsiders out. A server that is heard but hears no other server would,
    /// without pre-vote, depose every leader. As a leader it would, without check-quorum, never step
    /// down. In both cases no majority could serve.
    fn fate(&self, raft: &Raft, core: &[NodeName], outsiders: &[NodeName]) -> Action {
        let core = Selector::Nodes(core.to_vec());
        let out = Selector::Nodes(outsiders.to_vec());
        let bearable = raft.pre_vote && raft.check_quorum;
        // If the core is quiescent, an outside leader without check-quorum would keep its clients
        // waiting, and the core would not notice that it has no leader.
        let unmissed = raft.quiescence && !raft.check_quorum;
        let last = match (bearable, unmissed) {
            (true, _) => 4,
            (false, false) => 3,
            (false, true) => 2,
        };
        match scale(self.fate, 0, last) {
            0 => Action::Crash(out),
            1 => Action::Isolate(out),
            2 => Action::Pause(out),
            3 => Action::Cut(Route {
                from: out,
                to: core,
            }),
            _ => Action::Cut(Route {
                from: core,
                to: out,
            }),
        }
    }
}
