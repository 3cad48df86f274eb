//! One run: a scenario and a seed become a verdict.

use kv::Duties;
use raft_core::{Configuration, Rules};
use simulator::{Cluster, Count, FaultKind, Node, NodeId, Observer, Plan, Time, World};

use crate::caught::{self, Panic};
use crate::check::{Broken, Checks, History, Subject, Violation};
use crate::director::{Director, KvWorld, Watch, pace, quality, settings, spans};
use crate::format::{Metric, Property, Resolved};
use crate::server::{Config, Image, Server, raft_id};
use crate::vigil::{Unmet, Vigil};
use crate::workload::KvWorkload;

/// Changes whenever the same scenario and seed may give another run than before.
pub const TRACE_VERSION: u32 = 1;

/// What became of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Whether all went as expected.
    pub verdict: Verdict,
    /// The hash of everything that was done.
    pub trace_hash: u64,
    /// Actions performed.
    pub events: u64,
    /// Messages and timers, the events that a simulator is measured by.
    pub deliveries: u64,
    /// Simulated nanoseconds.
    pub sim_ns: u64,
    /// What was counted, by metric.
    pub metrics: Vec<(Metric, u64)>,
    /// What became of the faults, by kind; kinds that never came up are left out.
    pub faults: Vec<(FaultKind, Count)>,
    /// How often each property was evaluated.
    pub checks: Vec<(Property, u64)>,
    /// What clients did and saw.
    pub history: History,
    /// The committed log ended here.
    pub committed: u64,
}

impl Outcome {
    /// What was counted of this.
    #[must_use]
    pub fn metric(&self, wanted: Metric) -> u64 {
        let found = self.metrics.iter().find(|(metric, _)| *metric == wanted);
        found.expect("a run counts every metric").1
    }
}

/// Whether all went as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Ok,
    /// A property does not hold.
    Safety(Box<Violation>),
    /// A limit was passed.
    Expectation(Unmet),
    /// Something did not come true in time.
    Liveness(Unmet),
    /// The run did not show what it is about.
    Inconclusive(Unmet),
}

impl Verdict {
    /// Its name in reports.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Safety(_) => "safety",
            Self::Expectation(_) => "expectation",
            Self::Liveness(_) => "liveness",
            Self::Inconclusive(_) => "inconclusive",
        }
    }
}

/// What stops a run before its end.
enum Stop {
    Violation(Box<Violation>),
    Unmet(Unmet),
}

impl From<Box<Violation>> for Stop {
    fn from(violation: Box<Violation>) -> Self {
        Self::Violation(violation)
    }
}

/// Runs a scenario with the algorithm as published.
///
/// # Panics
/// When the tool itself is broken; never because of the scenario or of what runs in it.
#[must_use]
pub fn run(scenario: &Resolved) -> Outcome {
    run_observed(scenario, raft_core::Standard, kv::Standard, &mut Unobserved)
}

/// Nobody watches besides the checks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl<N: Node> Observer<N> for Unobserved {
    const EVENTS: bool = false;
    type Violation = Box<Violation>;

    #[inline]
    fn after(&mut self, _: &Cluster<N>, _: &simulator::Step<'_, N>) -> Result<(), Box<Violation>> {
        Ok(())
    }
}

/// Watches a run: every action, and what is done to the world beside them.
pub trait Spectator<R: Rules + Clone, D: Duties>:
    Observer<Server<R, D>, Violation = Box<Violation>>
{
    /// Something was done that is no action: a phase began, links were cut, a disk stalled. It is
    /// told after the actions that came with it.
    fn told(&mut self, time: Time, deed: &str) {
        let _ = (time, deed);
    }
}

impl<R: Rules + Clone, D: Duties> Spectator<R, D> for Unobserved {}

/// Runs a scenario with these rules and duties, and lets `observer` watch. The observer sees each
/// action before the checks do; it may end the run by objecting.
///
/// # Panics
/// As [`run`].
pub fn run_observed<R, D, O>(scenario: &Resolved, rules: R, duties: D, observer: &mut O) -> Outcome
where
    R: Rules + Clone,
    D: Duties,
    O: Spectator<R, D>,
{
    run_cast(scenario, |_| (rules.clone(), duties.clone()), observer)
}

/// Runs a scenario in which `cast` gives each server its rules and duties.
///
/// # Panics
/// As [`run`].
pub fn run_cast<R, D, O>(
    scenario: &Resolved,
    cast: impl Fn(NodeId) -> (R, D),
    observer: &mut O,
) -> Outcome
where
    R: Rules + Clone,
    D: Duties,
    O: Spectator<R, D>,
{
    let names: Vec<String> = scenario.nodes.iter().map(|name| name.0.clone()).collect();
    let mut checks = Checks::new(names.clone(), &scenario.expect.properties());
    let mut world = build(scenario, cast);
    let mut runner = Runner {
        director: Director::new(scenario),
        names: &names,
        end: Time(scenario.length().get()),
    };
    let stopped = caught::catch(|| runner.go(scenario, &mut world, &mut checks, observer));
    let stopped = match stopped {
        Ok(Ok(())) => checks.finish(world.cluster()).map_err(Stop::Violation),
        Ok(Err(stop)) => Err(stop),
        Err(panic) if panic.is_the_tools() => {
            panic!(
                "{} at {} (scenario {}, seed {})",
                panic.message, panic.place, scenario.name, scenario.seed
            )
        }
        Err(panic) => Err(Stop::Violation(Box::new(assertion(
            &panic,
            world.cluster(),
        )))),
    };
    outcome(scenario, &world, checks, stopped)
}

/// The world at time 0; `cast` gives each server its rules and duties.
///
/// # Panics
/// When a checked scenario turns out not to be one.
#[must_use]
pub fn build<R: Rules + Clone, D: Duties>(
    scenario: &Resolved,
    cast: impl Fn(NodeId) -> (R, D),
) -> KvWorld<R, D> {
    let count = u32::try_from(scenario.nodes.len()).expect("a checked scenario has few nodes");
    let voters: Vec<_> = (0..count).map(|place| raft_id(NodeId(place))).collect();
    let configuration =
        Configuration::of_voters(&voters).expect("a checked scenario has at least one node");
    let member = |place| {
        let (rules, duties) = cast(NodeId(place));
        let config = Config {
            rules,
            duties,
            settings: settings(&scenario.raft),
            configuration: configuration.clone(),
        };
        (config, Image::default())
    };
    let members = (0..count).map(member).collect();
    let plan = Plan {
        seed: scenario.seed,
        links: quality(&scenario.network),
        client_links: quality(&scenario.client_network),
        sync: spans(scenario.disk.sync),
        clients: vec![pace(&scenario.clients); scenario.clients.count as usize],
    };
    World::new(&plan, members, KvWorkload::new(&scenario.clients))
}

struct Runner<'s> {
    director: Director<'s>,
    names: &'s [String],
    end: Time,
}

impl<'s> Runner<'s> {
    fn go<R, D, O>(
        &mut self,
        scenario: &'s Resolved,
        world: &mut KvWorld<R, D>,
        checks: &mut Checks,
        observer: &mut O,
    ) -> Result<(), Stop>
    where
        R: Rules + Clone,
        D: Duties,
        O: Spectator<R, D>,
    {
        let mut vigil = Vigil::new(scenario, &self.director);
        let mut watch = Watch::new(self.names.len());
        let waits = self.director.waits();
        loop {
            let agenda = world.next_time().unwrap_or(self.end);
            let looks = vigil.next_time().unwrap_or(self.end);
            let acts = self.director.next_time().unwrap_or(self.end);
            let next = agenda.min(looks).min(acts);
            if next >= self.end {
                world.advance_to(self.end.max(world.now()));
                return vigil
                    .look(self.end, world.cluster(), checks, self.names)
                    .map_err(Stop::Unmet);
            }
            if acts == next {
                world.advance_to(next);
                let mut all = (&mut *observer, (&mut *checks, &mut watch));
                let acted = self.director.act(world, &mut all);
                for deed in self.director.take_deeds() {
                    observer.told(next, &deed);
                }
                acted?;
            } else if looks == next {
                world.advance_to(next);
                vigil
                    .look(next, world.cluster(), checks, self.names)
                    .map_err(Stop::Unmet)?;
            } else if waits {
                world.step(&mut (&mut *observer, (&mut *checks, &mut watch)))?;
            } else {
                world.step(&mut (&mut *observer, &mut *checks))?;
            }
            let now = world.now();
            for trigger in watch.seen.drain(..) {
                self.director.notice(trigger, now);
            }
        }
    }
}

fn assertion<N: Node>(panic: &Panic, cluster: &Cluster<N>) -> Violation {
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

fn outcome<R: Rules + Clone, D: Duties>(
    scenario: &Resolved,
    world: &KvWorld<R, D>,
    checks: Checks,
    stopped: Result<(), Stop>,
) -> Outcome {
    let cluster = world.cluster();
    let faults: Vec<_> = world
        .ledger()
        .iter()
        .filter(|(_, count)| *count != Count::default())
        .collect();
    let metrics = metrics(world, &checks);
    let verdict = match stopped {
        Err(Stop::Violation(violation)) => Verdict::Safety(violation),
        Err(Stop::Unmet(unmet)) => Verdict::Liveness(unmet),
        Ok(()) => limits(scenario, world, &metrics)
            .map(Verdict::Expectation)
            .or_else(|| never_applied(&faults, world.now()).map(Verdict::Inconclusive))
            .unwrap_or(Verdict::Ok),
    };
    Outcome {
        seed: scenario.seed,
        verdict,
        trace_hash: cluster.trace_hash(),
        events: cluster.last_event().0,
        deliveries: cluster.counters().events(),
        sim_ns: world.now().0,
        metrics,
        faults,
        checks: checks.evaluated(),
        committed: checks.sightings().commits,
        history: checks.into_history(),
    }
}

/// A fault that was scheduled and never applied proves nothing.
fn never_applied(faults: &[(FaultKind, Count)], time: Time) -> Option<Unmet> {
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
    Some(Unmet { time, facts })
}

fn metrics<R: Rules + Clone, D: Duties>(
    world: &KvWorld<R, D>,
    checks: &Checks,
) -> Vec<(Metric, u64)> {
    let sightings = checks.sightings();
    let ledger = world.ledger();
    let count = |kind| ledger.count(kind);
    let counters = world.cluster().counters();
    let history = checks.history();
    let value = |metric| match metric {
        Metric::LeaderChanges => sightings.leaders.saturating_sub(1),
        Metric::Elections => sightings.elections,
        Metric::Commits => sightings.commits,
        Metric::EntriesOverwritten => sightings.overwritten,
        Metric::LostWrites => count(FaultKind::LostWrites).effective,
        Metric::MessagesDropped => counters.drops,
        Metric::MessagesDuplicated => counters.duplicates,
        Metric::MessagesReordered => ledger.reordered(),
        Metric::Crashes => count(FaultKind::Crash).applied,
        Metric::Pauses => count(FaultKind::Pause).applied,
        Metric::ClockJumps => count(FaultKind::ClockJump).applied,
        Metric::DiskStalls => count(FaultKind::DiskStall).applied,
        Metric::OpsOk => history.answered(),
        Metric::OpsUnknown => history.operations().len() as u64 - history.answered(),
    };
    Metric::ALL
        .iter()
        .map(|metric| (*metric, value(*metric)))
        .collect()
}

fn limits<R: Rules + Clone, D: Duties>(
    scenario: &Resolved,
    world: &KvWorld<R, D>,
    metrics: &[(Metric, u64)],
) -> Option<Unmet> {
    let limits = &scenario.expect.limits;
    let value = |wanted| {
        metrics
            .iter()
            .find(|(metric, _)| *metric == wanted)
            .map_or(0, |(_, value)| *value)
    };
    let messages = world.cluster().counters().messages;
    let (answered, elections) = (value(Metric::OpsOk), value(Metric::Elections));
    let unknown = value(Metric::OpsUnknown);
    let passed = [
        (
            "elections",
            limits.elections,
            limits.elections.is_none_or(|l| l.holds(elections)),
            elections,
        ),
        (
            "ops_unknown",
            limits.ops_unknown,
            limits.ops_unknown.is_none_or(|l| l.holds(unknown)),
            unknown,
        ),
        (
            "messages_per_op",
            limits.messages_per_op,
            limits
                .messages_per_op
                .is_none_or(|l| l.holds_per(messages, answered)),
            messages / answered.max(1),
        ),
    ];
    let (name, limit, _, was) = passed.into_iter().find(|(_, _, holds, _)| !holds)?;
    let limit = limit.map(|limit| limit.to_string()).unwrap_or_default();
    let facts = [
        format!("the scenario allows {name} {limit}"),
        format!("it was {was}"),
    ];
    Some(Unmet {
        time: world.now(),
        facts,
    })
}
