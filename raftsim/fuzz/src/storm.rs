//! Phases with faults: their kinds, intervals, targets and durations.

use proptest::prelude::*;
use scenario::{
    Action, ApplyChange, ClockChange, Comparison, Condition, DiskFault, DurationRange, Fault,
    Gauge, LinkChange, MembersChange, Nanos, Network, NetworkChange, Operator, Partition, Phase,
    Replacement, Route, Selector, Trigger, When,
};

use super::draw::{
    around, clock_rate, count, duration, fraction, hit, log_scale, nanos, network, of_ten, scale,
    sometimes, up_to,
};
use super::kinds::{Kind, Pattern};
use super::profile::Profile;

/// The draws for one phase.
#[derive(Clone, Debug)]
pub(super) struct StormDrawn {
    lasts: Nanos,
    faults: Vec<Option<DrawnFault>>,
    clients: bool,
    /// The quality of links with a fault.
    flaky: Network,
    weather: Network,
    jump: Nanos,
    percent: u32,
    slow: DurationRange,
    /// The delay of state machines that apply late.
    behind: Nanos,
}

/// How one kind of fault strikes in one phase.
#[derive(Clone, Debug)]
struct DrawnFault {
    kind: Kind,
    every: Nanos,
    lasts: Nanos,
    chance: u32,
    after: u32,
    scope: u32,
    form: u32,
    guarded: bool,
}

/// Draws one phase.
pub(super) fn drawn(profile: &Profile) -> impl Strategy<Value = StormDrawn> + use<> {
    let patterns = profile.faults.patterns().into_iter();
    let faults: Vec<_> = patterns
        .map(|(kind, _, pattern)| sometimes(pattern.chance, fault(kind, pattern)))
        .collect();
    let phase = (duration(profile.storm.lasts), faults, hit(of_ten(9)));
    let links = (network(&profile.network), network(&profile.network));
    let extremes = (
        duration(profile.clocks.jump),
        count(profile.clocks.speed_percent),
        up_to(profile.disk.slow_sync),
        duration(profile.machine.apply_late),
    );
    (phase, links, extremes).prop_map(|((lasts, faults, clients), (flaky, weather), extremes)| {
        let (jump, percent, slow, behind) = extremes;
        StormDrawn {
            lasts,
            faults,
            clients,
            flaky,
            weather,
            jump,
            percent,
            slow,
            behind,
        }
    })
}

fn fault(kind: Kind, pattern: &Pattern) -> impl Strategy<Value = DrawnFault> + use<> {
    let times = (duration(pattern.every), duration(pattern.lasts));
    let draws = (
        1_u32..=10,
        fraction(),
        fraction(),
        fraction(),
        hit(of_ten(7)),
    );
    (times, draws).prop_map(
        move |((every, lasts), (chance, after, scope, form, guarded))| DrawnFault {
            kind,
            every,
            lasts,
            chance,
            after,
            scope,
            form,
            guarded,
        },
    )
}

/// The phase for a cluster of `nodes`.
///
/// With reads by lease, clocks must keep their bounds, so the phase has no clock faults. With witnesses,
/// the phase forces no change of members.
pub(super) fn phase(
    position: usize,
    drawn: &StormDrawn,
    nodes: usize,
    (leases, witnesses): (bool, bool),
) -> Phase {
    let nodes = u32::try_from(nodes).expect("a cluster has at most nine nodes");
    let clock = |fault: &&DrawnFault| matches!(fault.kind, Kind::ClockJump | Kind::ClockSpeed);
    let drawn_faults = drawn.faults.iter().flatten();
    let drawn_faults = drawn_faults.filter(|fault| !(leases && clock(fault)));
    let faults = drawn_faults
        .filter_map(|fault| fault.fault(drawn, nodes))
        .map(|fault| if witnesses { unforced(fault) } else { fault })
        .collect();
    Phase {
        name: format!("storm-{position}"),
        lasts: drawn.lasts,
        until_met: false,
        clients: drawn.clients,
        heal: false,
        network: None,
        client_network: None,
        disk: None,
        script: Vec::new(),
        steps: Vec::new(),
        faults,
        note: None,
    }
}

/// A forced change does not wait for newcomers. A former witness may never catch up, and once its vote
/// counts the cluster could not recover.
fn unforced(mut fault: Fault) -> Fault {
    if let Action::Members(change) = &mut fault.action {
        change.forced = false;
    }
    fault
}

impl StormDrawn {
    /// Whether this phase adds witnesses.
    pub(super) fn adds_witnesses(&self) -> bool {
        let mut drawn_faults = self.faults.iter().flatten();
        drawn_faults.any(|fault| fault.kind == Kind::AddWitness)
    }

    /// Whether this phase changes the members.
    pub(super) fn changes_members(&self) -> bool {
        let mut drawn_faults = self.faults.iter().flatten();
        drawn_faults.any(|fault| fault.kind.changes_members())
    }

    /// The longest sync of a slow disk in this phase.
    pub(super) fn slowest_sync(&self) -> Nanos {
        let mut drawn_faults = self.faults.iter().flatten();
        match drawn_faults.any(|fault| fault.kind == Kind::DiskSlow) {
            true => self.slow.high(),
            false => Nanos::ZERO,
        }
    }
}

impl DrawnFault {
    /// The fault, unless the cluster has no target for it.
    fn fault(&self, storm: &StormDrawn, nodes: u32) -> Option<Fault> {
        let action = self.action(storm, nodes)?;
        let (when, after) = self.when();
        let guarded = self.guarded && nodes > 1 && self.is_crash();
        let lasts = action
            .can_be_undone()
            .then(|| around(self.lasts, Nanos::ZERO));
        Some(Fault {
            when,
            chance: of_ten(self.chance),
            after,
            lasts,
            unless: guarded.then(|| minority_is_down(nodes)),
            only_if: None,
            action,
            note: None,
        })
    }

    fn when(&self) -> (When, DurationRange) {
        let at_once = DurationRange::new(Nanos::ZERO, Nanos::ZERO);
        let soon = || {
            let high = nanos(log_scale(self.after, 0, 300_000_000));
            DurationRange::new(Nanos::ZERO, high)
        };
        match self.kind {
            Kind::CrashNewLeader | Kind::IsolateNewLeader => {
                (When::On(Trigger::LeaderElected), soon())
            }
            Kind::CrashAgain => (When::On(Trigger::Restart), soon()),
            _ => (When::Every(around(self.every, Nanos::millis(1))), at_once),
        }
    }

    fn is_crash(&self) -> bool {
        matches!(
            self.kind,
            Kind::Crash | Kind::CrashLeader | Kind::CrashNewLeader | Kind::CrashAgain
        )
    }

    fn action(&self, storm: &StormDrawn, nodes: u32) -> Option<Action> {
        let some = || Selector::Random(self.some_of(nodes));
        let action = match self.kind {
            Kind::Crash => Action::Crash(some()),
            Kind::CrashAgain => Action::Crash(Selector::Random(1)),
            Kind::CrashLeader | Kind::CrashNewLeader => Action::Crash(Selector::Leader),
            Kind::CrashMajority => Action::Crash(Selector::Majority),
            Kind::CrashAll => Action::Crash(Selector::All),
            Kind::Pause => Action::Pause(some()),
            Kind::PauseLeader => Action::Pause(Selector::Leader),
            Kind::ClockJump => Action::Clock(ClockChange {
                node: some(),
                rate: None,
                jump: Some(DurationRange::new(nanos(storm.jump.get() / 2), storm.jump)),
            }),
            Kind::ClockSpeed => Action::Clock(ClockChange {
                node: some(),
                rate: Some(clock_rate(storm.percent, 100)),
                jump: None,
            }),
            Kind::DiskStall => self.disk(some(), Some(true), None),
            Kind::DiskStallLeader => self.disk(Selector::Leader, Some(true), None),
            Kind::DiskSlow => self.disk(some(), None, Some(storm.slow)),
            Kind::Campaign => Action::Campaign(some()),
            Kind::StepDown => Action::StepDown(Selector::Leader),
            Kind::ApplyLate => Action::Apply(ApplyChange {
                node: some(),
                after: storm.behind,
            }),
            Kind::Snapshot => Action::Snapshot(some()),
            Kind::Compact => Action::Compact(some()),
            // A single node has no links.
            _ if nodes < 2 => return None,
            Kind::Isolate => Action::Isolate(some()),
            Kind::IsolateLeader | Kind::IsolateNewLeader => Action::Isolate(Selector::Leader),
            Kind::Partition => Action::Partition(self.partition(nodes)),
            Kind::Cut => Action::Cut(self.route(nodes)),
            Kind::CutLeader => Action::Cut(self.leaders_route()),
            Kind::Hold => Action::Hold(self.route(nodes)),
            Kind::HoldLeader => Action::Hold(self.leaders_route()),
            Kind::Link => Action::Link(self.link(&storm.flaky, nodes)),
            Kind::Weather => Action::Network(change(&storm.weather)),
            Kind::Transfer => Action::Transfer(Selector::Random(1)),
            Kind::RequestSnapshot => Action::RequestSnapshot(some()),
            Kind::AddServer => Action::AddServer(Selector::Random(1)),
            Kind::AddAgain => Action::AddServer(Selector::Learners),
            Kind::AddWitness => Action::AddWitness(Selector::Random(1)),
            Kind::Join => Action::Join(Selector::Random(1)),
            Kind::Promote => Action::Promote(Selector::Random(1)),
            Kind::Demote => Action::Demote(Selector::Random(1)),
            Kind::RemoveServer => Action::RemoveServer(Selector::Random(1)),
            Kind::RemoveLeader => Action::RemoveServer(Selector::Leader),
            Kind::Replace => Action::Replace(Replacement {
                old: Selector::Random(1),
                new: Selector::Random(1),
            }),
            Kind::Members => Action::Members(self.members(nodes)),
            Kind::LeaveJoint => Action::LeaveJoint(Selector::All),
        };
        Some(action)
    }

    /// Some servers, sometimes with learners, sometimes forced.
    fn members(&self, nodes: u32) -> MembersChange {
        let form = scale(self.form, 0, 7);
        let learners = nodes - nodes.min(2);
        MembersChange {
            voters: Selector::Random(self.some_of(nodes)),
            learners: (form & 1 == 1 && learners > 0).then_some(Selector::Random(learners)),
            forced: form & 6 == 2,
            stays_joint: form & 4 == 4,
        }
    }

    fn disk(&self, node: Selector, stall: Option<bool>, sync: Option<DurationRange>) -> Action {
        Action::Disk(DiskFault { node, stall, sync })
    }

    /// A number of nodes; small numbers are more likely.
    fn some_of(&self, nodes: u32) -> u32 {
        let some = log_scale(self.scope, 1, u64::from(nodes));
        u32::try_from(some).expect("at most the nodes there are")
    }

    fn partition(&self, nodes: u32) -> Partition {
        // Two nodes have no minority and no bridge.
        match scale(self.form, 0, if nodes < 3 { 1 } else { 4 }) {
            0 => Partition::Halves,
            1 => Partition::Random,
            2 => Partition::Minority,
            3 => Partition::MinorityWithLeader,
            _ => Partition::Bridge,
        }
    }

    /// Directed links between some nodes and others.
    fn route(&self, nodes: u32) -> Route {
        let one = || Selector::Random(1);
        let some = || Selector::Random(self.some_of(nodes));
        let (from, to) = match scale(self.form, 0, 3) {
            0 => (one(), one()),
            1 => (one(), some()),
            2 => (some(), one()),
            _ => (one(), Selector::All),
        };
        Route { from, to }
    }

    /// The links from the leader, or the links to it.
    fn leaders_route(&self) -> Route {
        let (from, to) = (Selector::Leader, Selector::Followers);
        match scale(self.form, 0, 1) {
            0 => Route { from, to },
            _ => Route { from: to, to: from },
        }
    }

    fn link(&self, flaky: &Network, nodes: u32) -> LinkChange {
        let Route { from, to } = self.route(nodes);
        let change = change(flaky);
        LinkChange {
            from,
            to,
            delay: change.delay,
            drop: change.drop,
            duplicate: change.duplicate,
            reorder: change.reorder,
        }
    }
}

fn change(network: &Network) -> NetworkChange {
    NetworkChange {
        delay: Some(network.delay),
        drop: Some(network.drop),
        duplicate: Some(network.duplicate),
        reorder: Some(network.reorder.clone()),
    }
}

/// As many nodes are down as the cluster can lose.
fn minority_is_down(nodes: u32) -> Condition {
    Condition {
        gauge: Gauge::Down,
        comparison: Comparison {
            operator: Operator::AtLeast,
            value: ((nodes - 1) / 2).max(1),
        },
    }
}
