//! Judges the final state of a run: verdict, counts and history.

use checks::{Broken, Checks, Most, Subject, Violation};
use scenario::{Limits, Metric, Resolved};
use simulator::{Cluster, Count, FaultKind, Time};
use sut::panics::Panic;
use sut::{Property, Server, time_text};

use crate::unmet::{Missed, Unmet};
use crate::verdict::{Outcome, Stop, Verdict};

/// A run that is over.
pub(crate) struct Ended<'w> {
    pub(crate) cluster: &'w Cluster<Server>,
    pub(crate) now: Time,
    /// Every kind of fault, in order.
    pub(crate) faults: Vec<(FaultKind, Count)>,
    /// Messages that a link held up so that later ones could overtake them.
    pub(crate) reordered: u64,
}

pub(crate) fn outcome(
    scenario: &Resolved,
    ended: &Ended<'_>,
    checks: Checks,
    stopped: Result<(), Stop>,
) -> Outcome {
    let (cluster, now) = (ended.cluster, ended.now);
    let metrics = metrics(ended, &checks);
    let mut faults = ended.faults.clone();
    faults.retain(|(_, count)| *count != Count::default());
    let verdict = match stopped {
        Err(Stop::Violation(violation)) => Verdict::Safety(violation),
        Err(Stop::Late(unmet)) => Verdict::Liveness(unmet),
        Err(Stop::Unmet(unmet)) => Verdict::Expectation(unmet),
        Ok(()) => limits(scenario, ended, &checks, &metrics)
            .map(Verdict::Expectation)
            .or_else(|| never_applied(&faults, ended).map(Verdict::Inconclusive))
            .or_else(|| undecided(&checks, ended).map(Verdict::Inconclusive))
            .unwrap_or(Verdict::Ok),
    };
    let server = |id| cluster.node(id).map(|server| server.node().status());
    let servers = match verdict {
        Verdict::Ok => Vec::new(),
        _ => cluster.nodes().map(server).collect(),
    };
    Outcome {
        servers,
        seed: scenario.seed,
        verdict,
        trace_hash: cluster.trace_hash(),
        events: cluster.last_event().0,
        deliveries: cluster.counters().events(),
        sim_ns: now.0,
        metrics,
        faults,
        checks: checks.evaluated(),
        committed: checks.sightings().commits,
        history: checks.into_history(),
    }
}

/// The run tests nothing with a fault that was scheduled and never applied.
fn never_applied(faults: &[(FaultKind, Count)], ended: &Ended<'_>) -> Option<Unmet> {
    let (kind, count) = faults
        .iter()
        .find(|(_, count)| count.scheduled > 0 && count.applied == 0)?;
    let facts = [
        format!(
            "the fault {} was scheduled {} times",
            kind.name(),
            count.scheduled
        ),
        "it never found anything to act on".to_owned(),
    ];
    Some(Unmet {
        missed: Missed::Fault(*kind),
        time: ended.now,
        event: ended.cluster.last_event().0,
        facts,
        step: None,
    })
}

/// A run does not succeed if the checks could not decide a property.
fn undecided(checks: &Checks, ended: &Ended<'_>) -> Option<Unmet> {
    let facts = [
        "the applied order does not explain what clients were told".to_owned(),
        "whether another one does would take too long to find out".to_owned(),
    ];
    checks.undecided().then_some(Unmet {
        missed: Missed::Undecided(Property::Linearizability),
        time: ended.now,
        event: ended.cluster.last_event().0,
        facts,
        step: None,
    })
}

/// The first limit that the run has passed, among the limits that stop it.
#[inline]
pub(crate) fn passed(limits: &Limits, cluster: &Cluster<Server>, now: Time) -> Option<Unmet> {
    let event = cluster.last_event().0;
    let events = limits.events.is_none_or(|limit| limit.holds(event));
    let sim_time = limits.sim_time.is_none_or(|limit| now.0 <= limit.get());
    match events && sim_time {
        true => None,
        false => Some(beyond(limits, event, now)),
    }
}

#[cold]
fn beyond(limits: &Limits, event: u64, now: Time) -> Unmet {
    let (missed, facts) = if let Some(limit) = limits.events.filter(|limit| !limit.holds(event)) {
        let facts = [
            format!("the scenario allows events {limit}"),
            "it was stopped when there were more: it may never have ended".to_owned(),
        ];
        ("events", facts)
    } else {
        let limit = limits.sim_time.expect("one of the two is passed");
        let facts = [
            format!("the scenario allows sim_time {limit}"),
            format!("it was stopped at {}", time_text::show(now.0)),
        ];
        ("sim_time", facts)
    };
    Unmet {
        missed: Missed::Limit(missed),
        time: now,
        event,
        facts,
        step: None,
    }
}

fn metrics(ended: &Ended<'_>, checks: &Checks) -> Vec<(Metric, u64)> {
    let sightings = checks.sightings();
    let count = |kind: FaultKind| ended.faults[kind as usize].1;
    let counters = ended.cluster.counters();
    let history = checks.history();
    let value = |metric| match metric {
        Metric::LeaderChanges => sightings.leaders.saturating_sub(1),
        Metric::Elections => sightings.elections,
        Metric::Commits => sightings.commits,
        Metric::EntriesOverwritten => sightings.overwritten,
        Metric::Snapshots => sightings.snapshots,
        Metric::SnapshotsInstalled => sightings.installs,
        Metric::Configurations => sightings.configurations,
        Metric::LostWrites => count(FaultKind::LostWrites).effective,
        Metric::MessagesDropped => counters.drops,
        Metric::MessagesDuplicated => counters.duplicates,
        Metric::MessagesReordered => ended.reordered,
        Metric::Crashes => count(FaultKind::Crash).applied,
        Metric::Pauses => count(FaultKind::Pause).applied,
        Metric::ClockJumps => count(FaultKind::ClockJump).applied,
        Metric::DiskStalls => count(FaultKind::DiskStall).applied,
        Metric::OpsOk => history.answered(),
        Metric::OpsUnknown => history.unanswered(),
        Metric::OpsExpired => history.expired(),
    };
    Metric::ALL
        .iter()
        .map(|metric| (*metric, value(*metric)))
        .collect()
}

fn limits(
    scenario: &Resolved,
    ended: &Ended<'_>,
    checks: &Checks,
    metrics: &[(Metric, u64)],
) -> Option<Unmet> {
    let limits = &scenario.expect.limits;
    let value = |wanted| {
        metrics
            .iter()
            .find(|(metric, _)| *metric == wanted)
            .map_or(0, |(_, value)| *value)
    };
    let messages = ended.cluster.counters().messages;
    let stored = checks.stored();
    let counts = [
        ("messages", limits.messages, messages),
        ("bytes", limits.bytes, checks.meter().bytes),
        ("log_bytes", limits.log_bytes, stored.log.bytes),
        (
            "snapshot_bytes",
            limits.snapshot_bytes,
            stored.snapshot.bytes,
        ),
        ("elections", limits.elections, value(Metric::Elections)),
        ("ops_unknown", limits.ops_unknown, value(Metric::OpsUnknown)),
    ];
    let answered = value(Metric::OpsOk);
    let per_op = limits.messages_per_op;
    let per_op = per_op.filter(|limit| !limit.holds_per(messages, answered));
    let mut passed = counts.into_iter().filter_map(|(name, limit, was)| {
        let limit = limit.filter(|limit| !limit.holds(was))?;
        Some((name, limit, was))
    });
    let (name, limit, was) = passed.next().or_else(|| {
        let was = messages / answered.max(1);
        Some(("messages_per_op", per_op?, was))
    })?;
    let facts = [
        format!("the scenario allows {name} {limit}"),
        match name {
            "log_bytes" => format!("it was {was}{}", whose(scenario, stored.log)),
            "snapshot_bytes" => format!("it was {was}{}", whose(scenario, stored.snapshot)),
            _ => format!("it was {was}"),
        },
    ];
    Some(Unmet {
        missed: Missed::Limit(name),
        time: ended.now,
        event: ended.cluster.last_event().0,
        facts,
        step: None,
    })
}

/// The node with the largest disk content, and the time when it first had it.
fn whose(scenario: &Resolved, most: Most) -> String {
    most.first.map_or_else(String::new, |(node, time)| {
        let name = &scenario.nodes[node.0 as usize];
        format!(", on the disk of {name} at {}", time_text::show(time.0))
    })
}

/// The reason why a run stopped, including failed assertions. A run that was not stopped is checked
/// as a whole.
pub(crate) fn settle(
    scenario: &Resolved,
    run: Result<Result<(), Stop>, Panic>,
    cluster: &Cluster<Server>,
    checks: &mut Checks,
) -> Result<(), Stop> {
    match run {
        Ok(Ok(())) => checks.finish(cluster).map_err(Stop::Violation),
        Ok(Err(stop)) => Err(stop),
        Err(panic) if panic.is_the_tools() => {
            panic!(
                "{} at {} (scenario {}, seed {})",
                panic.message, panic.place, scenario.name, scenario.seed
            )
        }
        Err(panic) => Err(Stop::Violation(Box::new(assertion(&panic, cluster)))),
    }
}

fn assertion(panic: &Panic, cluster: &Cluster<Server>) -> Violation {
    Violation {
        broken: Broken::CoreAssertion,
        event: cluster.last_event(),
        time: cluster.now(),
        node: None,
        subject: Subject::Whole,
        facts: [
            format!("an assertion failed: {}", panic.message),
            format!("at {}", panic.place),
        ],
    }
}
