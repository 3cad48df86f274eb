//! One run: a scenario and a seed become a verdict.

use simulator::{Cluster, Count, FaultKind, NodeId, Plan, Time, World};

use crate::caught::{self, Panic};
use crate::check::{Broken, Checks, History, Subject, Violation};
use crate::director::{Director, KvWorld, Watch, options, pace, quality, settings, spans};
use crate::ended::{Ended, outcome, passed};
use crate::format::{Course, Metric, Property, Resolved};
use crate::server::{Config, Image, Server};
use crate::spectator::Watching;
pub use crate::spectator::{Spectator, Unobserved};
use crate::stepped::{self, Insist};
use crate::variant::Variant;
use crate::vigil::{Unmet, Vigil};
use crate::workload::KvWorkload;

/// Changes whenever the same scenario and seed may give another run than before.
pub const TRACE_VERSION: u32 = 5;

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
    /// The servers as they were when the run ended, by node; those that were down are absent. Kept
    /// of runs alone that did not end well.
    pub servers: Vec<Option<kv::Status>>,
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
pub(crate) enum Stop {
    /// A property does not hold.
    Violation(Box<Violation>),
    /// Something did not come true in time.
    Late(Unmet),
    /// A step cannot be done, the cluster is not as it expects, or a limit was passed.
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
    run_variant(scenario, &Variant::published(), &mut Unobserved)
}

/// Runs a scenario on servers with these rules and duties, and lets `observer` watch. The observer
/// sees each action before the checks do; it may end the run by objecting.
///
/// # Panics
/// As [`run`].
pub fn run_variant(
    scenario: &Resolved,
    variant: &Variant,
    observer: &mut dyn Spectator,
) -> Outcome {
    if let Course::Stepped(script) = &scenario.course {
        return stepped::play(scenario, script, variant, Insist::Yes, observer).outcome;
    }
    let names: Vec<String> = scenario.nodes.iter().map(|name| name.0.clone()).collect();
    let mut checks = Checks::new(
        names.clone(),
        scenario.founders(),
        &scenario.expect.properties(),
    );
    let mut world = build(scenario, variant);
    let mut runner = Runner {
        director: Director::new(scenario),
        names: &names,
        end: Time(scenario.length().get()),
    };
    let run = caught::catch(|| runner.go(scenario, &mut world, &mut checks, observer));
    let stopped = settle(scenario, run, world.cluster(), &mut checks);
    let ended = Ended {
        cluster: world.cluster(),
        now: world.now(),
        faults: world.ledger().iter().collect(),
        reordered: world.ledger().reordered(),
    };
    outcome(scenario, &ended, checks, stopped)
}

/// What stopped a run, assertions inside included; one that nothing stopped is looked at as a
/// whole.
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

/// The world at time 0.
///
/// # Panics
/// When a checked scenario turns out not to be one.
#[must_use]
pub fn build(scenario: &Resolved, variant: &Variant) -> KvWorld {
    let plan = Plan {
        seed: scenario.seed,
        links: quality(&scenario.network),
        client_links: quality(&scenario.client_network),
        sync: spans(scenario.disk.sync),
        clients: vec![pace(&scenario.clients); scenario.clients.count as usize],
    };
    let workload = KvWorkload::new(
        &scenario.clients,
        scenario.machine.session_timeout.is_some(),
    );
    World::new(&plan, members(scenario, variant), workload)
}

/// The servers at time 0, each with its disk.
pub(crate) fn members(scenario: &Resolved, variant: &Variant) -> Vec<(Config, Image)> {
    let count = u32::try_from(scenario.nodes.len()).expect("a checked scenario has few nodes");
    let founders = scenario.founders();
    let member = |place| {
        let config = Config {
            options: options(&scenario.machine),
            variant: variant.clone(),
            settings: settings(&scenario.raft, &scenario.nodes[place as usize]),
            configuration: founders.known_to(NodeId(place)),
        };
        (config, Image::default())
    };
    (0..count).map(member).collect()
}

struct Runner<'s> {
    director: Director<'s>,
    names: &'s [String],
    end: Time,
}

impl<'s> Runner<'s> {
    fn go(
        &mut self,
        scenario: &'s Resolved,
        world: &mut KvWorld,
        checks: &mut Checks,
        observer: &mut dyn Spectator,
    ) -> Result<(), Stop> {
        let mut vigil = Vigil::new(scenario);
        let mut watch = Watch::new(self.names.len());
        let waits = self.director.waits();
        loop {
            if let Some(unmet) = passed(&scenario.expect.limits, world.cluster(), world.now()) {
                return Err(Stop::Unmet(unmet));
            }
            let agenda = world.next_time().unwrap_or(self.end);
            let looks = vigil.next_time().unwrap_or(self.end);
            let acts = self.director.next_time().unwrap_or(self.end);
            let next = agenda.min(looks).min(acts);
            if next >= self.end {
                world.advance_to(self.end.max(world.now()));
                self.director.overdue(world).map_or(Ok(()), Err)?;
                return vigil
                    .ends(self.end, world.cluster(), checks, self.names)
                    .map_err(Stop::Late);
            }
            if acts == next {
                world.advance_to(next);
                self.act(world, &mut vigil, checks, &mut watch, observer)?;
            } else if looks == next {
                world.advance_to(next);
                vigil
                    .look(next, world.cluster(), checks, self.names)
                    .map_err(Stop::Late)?;
            } else {
                let triggers = waits.then_some(&mut watch);
                let mut all = (&mut *observer, (&mut *checks, triggers));
                world.step::<Watching>(&mut all)?;
            }
            let planned = acts == next || looks == next;
            if planned && vigil.is_met() && self.director.may_end_early() {
                let saved = self.director.end_phase(next);
                self.end = Time(self.end.0 - saved.0);
            }
            if observer.has_seen_enough() {
                return Ok(());
            }
            let now = world.now();
            for trigger in watch.seen.drain(..) {
                self.director.notice(trigger, now);
            }
        }
    }
}

impl<'s> Runner<'s> {
    /// The director acts. Where a phase begins, the one before it is judged first.
    fn act(
        &mut self,
        world: &mut KvWorld,
        vigil: &mut Vigil<'s>,
        checks: &mut Checks,
        watch: &mut Watch,
        observer: &mut dyn Spectator,
    ) -> Result<(), Stop> {
        let now = world.now();
        if let Some(phase) = self.director.next_phase() {
            self.director.overdue(world).map_or(Ok(()), Err)?;
            vigil
                .ends(now, world.cluster(), checks, self.names)
                .map_err(Stop::Late)?;
            vigil.begins(phase, now);
            observer.phase(now, phase);
        }
        self.director.learn(checks);
        let mut all = (&mut *observer, (checks, watch));
        let acted = self.director.act(world, &mut all);
        for deed in self.director.take_deeds() {
            observer.told(now, &deed);
        }
        acted?;
        self.director.take_failure().map_or(Ok(()), Err)
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
