//! From a profile to scenarios: a proptest strategy, swarm style. Each feature and each kind of
//! fault is on or off, and how much of it there is differs by orders of magnitude.

use proptest::prelude::*;

use super::calm::{self, CalmDrawn};
use super::draw::{chance, count, duration, hit, log_scale, nanos, place, scale, size, sometimes};
use super::profile::{
    ClientRanges, ClockRanges, DiskRanges, Dose, NetworkRanges, Profile, RaftRanges,
};
use super::storm::{self, StormDrawn};
use crate::format::{
    Clients, Clock, ClockRate, Comparison, Counts, Course, Disk, DurationRange, Expect, Limits,
    Mix, Nanos, Network, NodeName, OnCrash, Operator, Phase, Raft, Ratio, Reorder, Resolved,
    Selector, Size, Values, Window,
};

/// The most nodes of a scenario.
const MOST_NODES: usize = 9;

/// Scenarios of a profile, as values of a proptest strategy: they shrink towards fewer faults,
/// fewer nodes and smaller numbers.
pub fn scenarios(profile: &Profile) -> BoxedStrategy<Resolved> {
    let settings = (
        raft(&profile.raft),
        network(&profile.network),
        network(&profile.client_network),
        disk(&profile.disk),
        prop::collection::vec(drift(&profile.clocks), MOST_NODES),
        clients(&profile.clients),
    );
    let phases = profile.storm.phases;
    let storms = (phases.low() as usize)..=(phases.high() as usize);
    let storms = prop::collection::vec(storm::drawn(profile), storms);
    let drawn = (
        any::<u64>(),
        nodes(profile.nodes),
        settings,
        storms,
        calm::drawn(&profile.calm),
    );
    let name = profile.name.clone();
    drawn
        .prop_map(move |(seed, nodes, settings, storms, calm)| {
            assemble(&name, seed, nodes, settings, &storms, &calm)
        })
        .boxed()
}

/// The most actions of a run. Seeds take some ten thousands; servers that answer each other without
/// end must not take the fuzzer with them.
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
    Clients,
);

fn assemble(
    name: &str,
    seed: u64,
    nodes: u32,
    (raft, network, client_network, disk, drifts, mut clients): Settings,
    storms: &[StormDrawn],
    calm: &CalmDrawn,
) -> Resolved {
    let nodes: Vec<_> = (1..=nodes).map(|n| NodeName(format!("S{n}"))).collect();
    let clocks = drifts.into_iter().zip(&nodes).filter_map(|(rate, name)| {
        let node = Selector::Nodes(vec![name.clone()]);
        let note = None;
        Some(Clock {
            node,
            rate: rate?,
            note,
        })
    });
    let clocks = clocks.collect();
    let ending = calm::ending(
        calm,
        &nodes,
        &raft,
        &network,
        &disk,
        &client_network,
        &mut clients,
    );
    let mut phases: Vec<Phase> = Vec::new();
    for (place, storm) in storms.iter().enumerate() {
        phases.push(storm::phase(place + 1, storm, nodes.len()));
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
        nodes,
        raft,
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

/// How many nodes: half of the time one of the sizes that people run, else any.
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
    );
    (switches, times, sizes).prop_map(|(switches, times, sizes)| {
        let (pre_vote, stickiness, check_quorum, eager_commit) = switches;
        let (shortest, percent, heartbeats) = times;
        let (messages, max_message, times_message) = sizes;
        let longest = nanos(shortest.get() / 100 * u64::from(100 + percent));
        let bytes = Size::new(max_message.get() * times_message).unwrap_or(Size::MAX);
        Raft {
            election_timeout: DurationRange::new(shortest, longest),
            heartbeat: nanos(shortest.get() / u64::from(heartbeats)),
            pre_vote,
            stickiness,
            check_quorum,
            eager_commit,
            max_message,
            window: Window { messages, bytes },
        }
    })
}

fn dose(dose: &Dose) -> impl Strategy<Value = Ratio> + use<> {
    sometimes(dose.chance, chance(dose.of)).prop_map(Option::unwrap_or_default)
}

/// A range of durations up to a drawn one.
pub(super) fn up_to(longest: DurationRange) -> impl Strategy<Value = DurationRange> + use<> {
    (duration(longest), place()).prop_map(|(high, low)| {
        let low = log_scale(low, high.get() / 16, high.get());
        DurationRange::new(nanos(low), high)
    })
}

pub(super) fn network(ranges: &NetworkRanges) -> impl Strategy<Value = Network> + use<> {
    let reorder = (dose(&ranges.reorder), up_to(ranges.reorder_delay));
    let parts = (
        up_to(ranges.delay),
        dose(&ranges.drop),
        dose(&ranges.duplicate),
        reorder,
    );
    parts.prop_map(|(delay, drop, duplicate, (chance, late))| {
        let reorder = Reorder {
            chance,
            delay: late,
            ..Reorder::default()
        };
        Network {
            delay,
            drop,
            duplicate,
            reorder,
        }
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

pub(super) fn clock_rate(num: u32, den: u32) -> ClockRate {
    let text = format!("{num}/{den}");
    text.parse()
        .unwrap_or_else(|error| panic!("the profile's bounds keep {text} a clock rate: {error}"))
}

fn clients(ranges: &ClientRanges) -> impl Strategy<Value = Clients> + use<> {
    let who = (
        count(ranges.count),
        count(ranges.per_second),
        count(ranges.keys),
    );
    let values = (hit(ranges.few_values), size(ranges.value_size));
    let patience = (duration(ranges.request_timeout), count(ranges.patience));
    (who, mix(), values, patience).prop_map(|(who, mix, (few, value_size), patience)| {
        let (count, per_second, keys) = who;
        let (request_timeout, times) = patience;
        let rate = format!("{per_second}/s");
        Clients {
            count,
            rate: rate.parse().expect("the profile's bounds keep it a rate"),
            keys,
            mix,
            values: if few { Values::Few } else { Values::Unique },
            value_size,
            request_timeout,
            give_up: nanos(request_timeout.get() * u64::from(times)),
        }
    })
}

/// Any mix, extreme ones too: some kinds of requests are often left out.
fn mix() -> impl Strategy<Value = Mix> {
    let weight = || place().prop_map(|place| scale(place, 0, 6).saturating_sub(2));
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

/// The middle of a range of strikes: from half of it to one and a half times it.
pub(super) fn around(middle: Nanos, at_least: Nanos) -> DurationRange {
    let half = middle.get() / 2;
    let low = nanos(half).max(at_least);
    DurationRange::new(low, nanos(middle.get() + half).max(low))
}
