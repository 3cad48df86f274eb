//! Draws scenarios from a profile: a proptest strategy for swarm testing. Each feature and each kind of
//! fault is on or off, and its amount varies by orders of magnitude.

use std::collections::BTreeMap;

use proptest::prelude::*;
use scenario::{
    Clients, Clock, ClockRate, Comparison, Counts, Course, Disk, DurationRange, Expect, Limits,
    Machine, Mix, Nanos, Network, NodeName, OnCrash, Operator, Phase, Raft, Ratio, Reads, Resolved,
    Selector, Size, SnapshotPolicy, Values, Window,
};

use super::calm::{self, CalmDrawn, Surroundings};
use super::draw::{
    chance, clock_rate, count, duration, fraction, hit, log_scale, nanos, network, scale, size,
    sometimes, up_to,
};
use super::profile::{ClientRanges, ClockRanges, DiskRanges, MachineRanges, Profile, RaftRanges};
use super::storm::{self, StormDrawn};

/// The most nodes of a scenario.
const MOST_NODES: usize = 9;

/// The scenarios of a profile as a proptest strategy. Values shrink to fewer faults, fewer nodes and
/// smaller numbers.
pub fn scenarios(profile: &Profile) -> BoxedStrategy<Resolved> {
    let settings = (
        raft(&profile.raft),
        network(&profile.network),
        network(&profile.client_network),
        disk(&profile.disk),
        prop::collection::vec(drift(&profile.clocks), MOST_NODES),
        priorities(profile.raft.priority),
        clients(&profile.clients),
        machine(&profile.machine),
    );
    let phases = profile.storm.phases;
    let storms = (phases.low() as usize)..=(phases.high() as usize);
    let storms = prop::collection::vec(storm::drawn(profile), storms);
    let drawn = (
        any::<u64>(),
        (nodes(profile.nodes), count(profile.spares)),
        settings,
        storms,
        calm::drawn(&profile.calm),
        sometimes(profile.witnesses, fraction()),
    );
    let name = profile.name.clone();
    drawn
        .prop_map(
            move |(seed, (founders, spares), settings, storms, calm, witnesses)| {
                let nodes = NodesDrawn {
                    founders,
                    spares,
                    witnesses,
                };
                assemble(&name, seed, nodes, settings, &storms, &calm)
            },
        )
        .boxed()
}

/// The most actions of a run. A seed takes some ten thousands; the limit ends runs in which servers send
/// each other messages without end.
fn most_events() -> Comparison {
    Comparison {
        operator: Operator::AtMost,
        value: 2_000_000,
    }
}

type Settings = (
    Raft,
    Network,
    Network,
    Disk,
    Vec<Option<ClockRate>>,
    Option<Vec<u32>>,
    Clients,
    Machine,
);

/// The drawn numbers of nodes.
struct NodesDrawn {
    founders: u32,
    spares: u32,
    /// The share of founders without data, if there are any.
    witnesses: Option<u32>,
}

impl NodesDrawn {
    /// The last founders; those with data stay a majority.
    fn witnesses(&self, founders: &[NodeName]) -> Vec<NodeName> {
        let most = (founders.len() as u64).saturating_sub(1) / 2;
        let Some(fraction) = self.witnesses.filter(|_| most > 0) else {
            return Vec::new();
        };
        let some = usize::try_from(log_scale(fraction, 1, most)).expect("at most nine nodes");
        founders[founders.len() - some..].to_vec()
    }
}

fn assemble(
    name: &str,
    seed: u64,
    drawn: NodesDrawn,
    (mut raft, network, client_network, disk, drifts, priorities, mut clients, mut machine): Settings,
    storms: &[StormDrawn],
    calm: &CalmDrawn,
) -> Resolved {
    let change = storms.iter().any(StormDrawn::changes_members);
    // Without changes of members, spares are never added.
    let spares = if change { drawn.spares } else { 0 };
    let most = u32::try_from(MOST_NODES).expect("a small number");
    let all = (drawn.founders + spares).min(most);
    let nodes: Vec<_> = (1..=all).map(|n| NodeName(format!("S{n}"))).collect();
    let founders: Vec<_> = nodes
        .iter()
        .take(drawn.founders as usize)
        .cloned()
        .collect();
    let witnesses = drawn.witnesses(&founders);
    // A removed server that does not know of its removal would depose every leader for ever.
    raft.pre_vote |= change && !raft.stickiness;
    let clocks = drifts.into_iter().zip(&nodes).filter_map(|(rate, name)| {
        let node = Selector::Nodes(vec![name.clone()]);
        let note = None;
        Some(Clock {
            node,
            rate: rate?,
            note,
        })
    });
    let clocks: Vec<Clock> = clocks.collect();
    let ranked = nodes.iter().cloned().zip(priorities.into_iter().flatten());
    raft.priority = ranked.filter(|(_, priority)| *priority > 0).collect();
    let leases = clients.reads.lease > 0 && raft.stickiness;
    if leases {
        raft.clock_error = Some(clock_error(&raft, &clocks));
    } else {
        clients.reads = without_leases(&clients.reads);
    }
    let surroundings = Surroundings {
        network: &network,
        client_network: &client_network,
        disk: &disk,
        machine: &machine,
        // A server that is lost for good may be the only one with the data.
        members_change: change || !witnesses.is_empty(),
        slowest_sync: storms.iter().map(StormDrawn::slowest_sync).max(),
    };
    let ending = calm::ending(calm, &nodes, &raft, &surroundings, &mut clients);
    let timeout = machine.session_timeout;
    machine.session_timeout = timeout.map(|timeout| timeout.max(ending.between_requests));
    let some_lack_data = !witnesses.is_empty() || storms.iter().any(StormDrawn::adds_witnesses);
    let besides = (leases, some_lack_data);
    let mut phases: Vec<Phase> = Vec::new();
    for (position, storm) in storms.iter().enumerate() {
        phases.push(storm::phase(position + 1, storm, nodes.len(), besides));
    }
    phases.extend(ending.phases);
    Resolved {
        format: 1,
        name: name.to_owned(),
        title: None,
        source: None,
        note: None,
        seed,
        params: Vec::new(),
        founders,
        witnesses,
        nodes,
        raft,
        machine,
        network,
        links: Vec::new(),
        client_network,
        disk,
        clocks,
        clients,
        course: Course::Timed(phases),
        expect: Expect {
            eventually: ending.eventually,
            limits: Limits {
                events: Some(most_events()),
                ..Limits::default()
            },
            ..Expect::default()
        },
    }
}

/// The number of nodes: in half of the seeds 3 or 5, else any number of the range.
fn nodes(range: Counts) -> impl Strategy<Value = u32> {
    let usual = prop_oneof![Just(3), Just(5)]
        .prop_map(move |usual: u32| usual.clamp(range.low(), range.high()));
    prop_oneof![range.low()..=range.high(), usual]
}

fn raft(ranges: &RaftRanges) -> impl Strategy<Value = Raft> + use<> {
    let switches = (
        hit(ranges.pre_vote),
        hit(ranges.stickiness),
        hit(ranges.check_quorum),
        hit(ranges.eager_commit),
        hit(ranges.forward_proposals),
        hit(ranges.quiescence),
    );
    let times = (
        duration(ranges.election_timeout),
        count(ranges.spread_percent),
        count(ranges.heartbeats),
    );
    let sizes = (
        count(ranges.window_messages),
        size(ranges.max_message),
        1_u64..=4,
        size(ranges.snapshot_piece),
    );
    let bounds = (
        size(ranges.uncommitted),
        count(ranges.reads_waiting),
        count(ranges.disk_timeouts),
    );
    (switches, times, sizes, bounds).prop_map(|(switches, times, sizes, bounds)| {
        let (pre_vote, stickiness, check_quorum, eager_commit, forward_proposals, quiescence) =
            switches;
        let (shortest, percent, heartbeats) = times;
        let (messages, max_message, times_message, snapshot_piece) = sizes;
        let longest = nanos(shortest.get() / 100 * u64::from(100 + percent));
        let (uncommitted, reads_waiting, disk_timeouts) = bounds;
        let bytes = Size::new(max_message.get() * times_message).unwrap_or(Size::MAX);
        Raft {
            election_timeout: DurationRange::new(shortest, longest),
            heartbeat: nanos(shortest.get() / u64::from(heartbeats)),
            pre_vote,
            stickiness,
            priority: BTreeMap::new(),
            forward_proposals,
            quiescence: quiescence && pre_vote,
            check_quorum,
            eager_commit,
            max_message,
            snapshot_piece,
            window: Window { messages, bytes },
            uncommitted,
            reads_waiting,
            clock_error: None,
            disk_timeout: Some(nanos(longest.get() * u64::from(disk_timeouts))),
        }
    })
}

/// The largest error between two of these clocks in the shortest election timeout, and a little more. A
/// voter with a fast clock waits less than that timeout, and a leader with a slow clock waits longer.
fn clock_error(raft: &Raft, clocks: &[Clock]) -> Nanos {
    let shortest = u128::from(raft.election_timeout.low().get());
    let rates = || {
        clocks
            .iter()
            .map(|clock| clock.rate)
            .chain([ClockRate::TRUE])
    };
    let less = |a: &ClockRate, b: &ClockRate| {
        (u64::from(a.num()) * u64::from(b.den())).cmp(&(u64::from(b.num()) * u64::from(a.den())))
    };
    let slowest = rates().min_by(less).expect("there is one at least");
    let fastest = rates().max_by(less).expect("there is one at least");
    // The time on the slowest clock when the fastest has shown the whole timeout.
    let shown = shortest * u128::from(slowest.num()) * u128::from(fastest.den())
        / (u128::from(slowest.den()) * u128::from(fastest.num()));
    let error = shortest - shown + shortest / 100 + 1;
    nanos(u64::try_from(error).expect("less than a timeout"))
}

fn without_leases(reads: &Reads) -> Reads {
    let others = Reads {
        lease: 0,
        ..reads.clone()
    };
    match others.weights().iter().any(|(_, weight)| *weight > 0) {
        true => others,
        false => Reads::default(),
    }
}

fn machine(ranges: &MachineRanges) -> impl Strategy<Value = Machine> + use<> {
    let late = sometimes(ranges.late, duration(ranges.apply_after));
    let policy = (
        0..3,
        count(ranges.snapshot_entries),
        size(ranges.snapshot_bytes),
        count(ranges.snapshot_keep),
    );
    let policy = policy.prop_map(|(form, entries, bytes, keep)| SnapshotPolicy {
        entries: (form < 2).then_some(entries),
        bytes: (form > 0).then_some(bytes),
        keep,
    });
    let sessions = sometimes(ranges.sessions, duration(ranges.session_timeout));
    let drawn = (late, sometimes(ranges.snapshots, policy), sessions);
    drawn.prop_map(|(after, snapshot, session_timeout)| Machine {
        apply_after: after.unwrap_or(Nanos::ZERO),
        snapshot,
        session_timeout,
    })
}

fn disk(ranges: &DiskRanges) -> impl Strategy<Value = Disk> + use<> {
    let on_crash = (hit(ranges.keep_unsynced), hit(ranges.lose_all));
    (up_to(ranges.sync), on_crash).prop_map(|(sync, fate)| {
        let on_crash = match fate {
            (true, _) => OnCrash::KeepUnsynced,
            (false, true) => OnCrash::LoseAll,
            (false, false) => OnCrash::LoseUnsynced,
        };
        Disk {
            sync,
            on_crash,
            ..Disk::default()
        }
    })
}

/// A priority for each node: few different values, so that some nodes have the same.
fn priorities(chance: Ratio) -> impl Strategy<Value = Option<Vec<u32>>> {
    sometimes(chance, prop::collection::vec(0..4_u32, MOST_NODES))
}

fn drift(ranges: &ClockRanges) -> impl Strategy<Value = Option<ClockRate>> + use<> {
    let by = (chance(ranges.drift.of), any::<bool>());
    sometimes(ranges.drift.chance, by).prop_map(|drift| {
        let (by, fast) = drift.filter(|(by, _)| by.num() > 0)?;
        let rate = if fast {
            by.den() + by.num()
        } else {
            by.den() - by.num()
        };
        Some(clock_rate(rate, by.den()))
    })
}

fn clients(ranges: &ClientRanges) -> impl Strategy<Value = Clients> + use<> {
    let who = (
        count(ranges.count),
        count(ranges.per_second),
        count(ranges.keys),
    );
    let values = (hit(ranges.few_values), size(ranges.value_size));
    let patience = (duration(ranges.request_timeout), count(ranges.patience));
    let reads = sometimes(ranges.reads, reads(ranges.leases));
    (who, mix(), reads, values, patience).prop_map(|(who, mix, reads, values, patience)| {
        let (few, value_size) = values;
        let (count, per_second, keys) = who;
        let (request_timeout, times) = patience;
        let rate = format!("{per_second}/s");
        Clients {
            count,
            rate: rate.parse().expect("the profile's bounds keep it a rate"),
            keys,
            mix,
            reads: reads.unwrap_or_default(),
            values: if few { Values::Few } else { Values::Unique },
            value_size,
            request_timeout,
            give_up: nanos(request_timeout.get() * u64::from(times)),
        }
    })
}

/// Any mix of reads, with leases or without.
fn reads(leases: Ratio) -> impl Strategy<Value = Reads> + use<> {
    let weight = || fraction().prop_map(|fraction| scale(fraction, 0, 6).saturating_sub(2));
    let weights = [weight(), weight(), weight(), weight()];
    (weights, sometimes(leases, fraction())).prop_map(|(weights, lease)| {
        let lease = lease.map_or(0, |lease| scale(lease, 1, 6));
        let small = |weight: u64| u32::try_from(weight).expect("at most 6");
        let [log, read_index, follower, stale] = weights.map(small);
        let reads = Reads {
            log,
            read_index,
            lease: small(lease),
            follower,
            stale,
        };
        match reads.weights().iter().any(|(_, weight)| *weight > 0) {
            true => reads,
            false => Reads::default(),
        }
    })
}

/// Any mix of requests, also without some kinds.
fn mix() -> impl Strategy<Value = Mix> {
    let weight = || fraction().prop_map(|fraction| scale(fraction, 0, 6).saturating_sub(2));
    let weights = [weight(), weight(), weight(), weight(), weight()];
    weights.prop_map(|weights| {
        let [put, append, get, cas, delete] =
            weights.map(|weight| u32::try_from(weight).expect("at most 4"));
        let mix = Mix {
            put,
            append,
            get,
            cas,
            delete,
        };
        if mix.total() == 0 {
            Mix::default()
        } else {
            mix
        }
    })
}
