//! How a run ends: faults end, a drawn core of servers stays up, and it must serve.
//!
//! What may be asked of the core rests on the dissertation's timing requirement (chapter 3):
//! messages and disks that are much faster than election timeouts. So the calm phases have such
//! messages and disks, and the time they get is counted in election timeouts.

use proptest::prelude::*;
use scenario::{
    Action, Clients, Disk, DiskChange, DurationRange, Eventually, Machine, Nanos, Network,
    NetworkChange, NodeName, Phase, Raft, Ratio, Reorder, Route, Selector, Step,
};

use super::draw::{hit, nanos, place, scale, sometimes};
use super::profile::CalmRanges;

/// So many of the longest election timeouts a cluster gets to elect a leader. Each attempt has an
/// even chance at least: thirty failing in a row is a bug.
const ELECTION: u64 = 30;

/// So many more where nodes have priorities: for so long one that cannot win puts off the others.
const PATIENCE: u64 = 4;

/// So many of the longest election timeouts clients and followers get beyond their own delays.
const SLACK: u64 = 10;

/// After so many of the longest election timeouts, nothing that happens comes of faults any more: a
/// follower that last heard of its leader before a cut ended has heard of it again, or stood.
const SETTLE: u64 = 2;

/// A second, in nanoseconds, on top of what is counted in timeouts.
const SECOND: u64 = 1_000_000_000;

/// What is drawn for the end of a run.
#[derive(Clone, Debug)]
pub(super) struct CalmDrawn {
    outsiders: bool,
    clients: bool,
    /// How large the core is, who is in it, and what becomes of the others.
    size: u32,
    lots: Vec<u32>,
    fate: u32,
    /// Who leads in the end, if leadership is handed over.
    handover: Option<u32>,
}

pub(super) fn drawn(ranges: &CalmRanges) -> impl Strategy<Value = CalmDrawn> + use<> {
    let switches = (hit(ranges.outsiders), hit(ranges.clients));
    let core = (place(), prop::collection::vec(place(), 9), place());
    let handover = sometimes(ranges.handover, place());
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

/// The phases that end a run, and what is expected in them.
pub(super) struct Ending {
    pub(super) phases: Vec<Phase>,
    pub(super) eventually: Vec<Eventually>,
    /// By the fastest of usual clocks, no more passes from one request of a client that is served to
    /// its next: a session that lasted less would be over each time.
    pub(super) between_requests: Nanos,
}

/// What a cluster has around it.
pub(super) struct Surroundings<'a> {
    pub(super) network: &'a Network,
    pub(super) client_network: &'a Network,
    pub(super) disk: &'a Disk,
    pub(super) machine: &'a Machine,
    /// Whether members came and went: then nobody can say beforehand who must serve.
    pub(super) members_change: bool,
    /// The longest that a sync takes which a slow disk began before all was well again.
    pub(super) slowest_sync: Option<Nanos>,
}

/// How fast everything is when it is calm.
struct ProgressState {
    nodes: NetworkChange,
    clients: NetworkChange,
    disk: DiskChange,
    /// A message, a sync, a state machine, an answer.
    round: u64,
}

impl ProgressState {
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

/// A calm phase, and what is expected of it.
struct Stage {
    phase: Phase,
    wants: Vec<Eventually>,
}

/// How long things may take.
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
        pace: &ProgressState,
        nodes: &[NodeName],
        clients: &Clients,
    ) -> Self {
        let longest = raft.election_timeout.high().get();
        let attempts = clients.request_timeout.get() * 2 * (nodes.len() as u64 + 1);
        let think = clients.rate.spread().high().get();
        let patience = match raft.priority.is_empty() {
            true => 0,
            false => PATIENCE,
        };
        // Servers that were taken out and know nothing of it stand, too, where nobody asks before:
        // then an attempt is only as likely to be that of one who can win as they are many.
        let rivals = match around.members_change && !raft.pre_vote {
            true => nodes.len() as u64,
            false => 1,
        };
        // A client whose session has expired hears of it, opens one, and only then is served.
        let requests = around.machine.session_timeout.map_or(1, |_| 3);
        let between = attempts + 2 * think + 8 * pace.round;
        Self {
            longest,
            election: whole((ELECTION * rivals + patience) * longest + SECOND),
            service: whole(SLACK * longest + requests * (attempts + 2 * think) + SECOND),
            between_requests: whole(2 * between),
        }
    }
}

/// What the end of a run is made of.
struct Calm<'a> {
    drawn: &'a CalmDrawn,
    raft: &'a Raft,
    around: &'a Surroundings<'a>,
    pace: ProgressState,
    bounds: Bounds,
    /// Whether clients ask for something before they must be served.
    asking: bool,
    /// Who must serve, and who is kept out. Where members change, all servers are given back first.
    core: Vec<NodeName>,
    outsiders: Vec<NodeName>,
    /// Whether members crash for a while. Who that is where members change is known only when the
    /// time has come.
    fewer: bool,
}

/// The end of a run. Clients that give up before they have asked each outsider once, and then had
/// time for an answer, become more patient: they might never ask the leader.
pub(super) fn ending(
    drawn: &CalmDrawn,
    nodes: &[NodeName],
    raft: &Raft,
    around: &Surroundings<'_>,
    clients: &mut Clients,
) -> Ending {
    let pace = ProgressState::of(raft, around);
    // Nobody misses a leader that went in its sleep, unless somebody asks for something: what servers
    // answer by themselves asks nobody.
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
        // A leader leaves a disk that is slow for too long, also when the disk was slow before.
        let slowest_sync = self.around.slowest_sync.unwrap_or_default().get();
        let lasts = whole(SETTLE * self.bounds.longest + slowest_sync);
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

    /// There is a leader, and everything commits.
    fn recovery(&self) -> Stage {
        let election = self.bounds.election;
        let commit = whole(SLACK * self.bounds.longest + 100 * self.pace.round);
        let lasts = whole(election.get() + commit.get());
        let phase = self.phase("recovery", lasts, self.asking);
        let mut elected = self.wants(&phase, election);
        elected.one_leader = true;
        let mut committed = self.wants(&phase, lasts);
        committed.all_committed = true;
        // Clients who go on writing hardly ever leave everything committed, nor would they let it be
        // seen who commits nothing without them.
        let wants = match self.asking {
            true => vec![elected],
            false => vec![elected, committed],
        };
        Stage { phase, wants }
    }

    /// As many members crash as the others can do without.
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
        // A leader may still be on its way out.
        steady.stays = self.raft.pre_vote && self.raft.stickiness && !self.around.members_change;
        phase.until_met = !steady.stays;
        if steady.stays && self.drawn.handover.is_some() {
            // Late enough that there is a leader: it obeys nobody.
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

    /// Everybody has applied the same.
    fn rest(&self) -> Stage {
        // Who comes back may unseat the leader once, where it need not ask before.
        let again = match self.fewer {
            true => self.bounds.election.get(),
            false => 0,
        };
        let lasts = whole(again + SLACK * self.bounds.longest + 100 * self.pace.round + SECOND);
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

/// What a phase begins with.
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

    /// Who is to lead in the end. Without pre-vote and stickiness others may come in between, and a
    /// server alone has nobody to hand over to.
    fn successor(&self, raft: &Raft, core: &[NodeName]) -> Option<Selector> {
        let place = self.handover?;
        if core.len() < 2 || !(raft.pre_vote && raft.stickiness) {
            return None;
        }
        let last = core.len() as u64 - 1;
        let place = usize::try_from(scale(place, 0, last)).expect("at most nine nodes");
        Some(Selector::Nodes(vec![core[place].clone()]))
    }

    /// What keeps the outsiders out. A server that is heard but hears nobody would unseat every
    /// leader without pre-vote, and as a leader itself would never notice without check-quorum:
    /// no majority can serve beside it then.
    fn fate(&self, raft: &Raft, core: &[NodeName], outsiders: &[NodeName]) -> Action {
        let core = Selector::Nodes(core.to_vec());
        let out = Selector::Nodes(outsiders.to_vec());
        let bearable = raft.pre_vote && raft.check_quorum;
        // Where the core sleeps, a leader that only hears it and never doubts itself would keep the
        // clients to itself, and nobody else would ever miss it.
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
