//! One run of a scenario with a seed, to its verdict.

use checks::Checks;
use scenario::{Course, Resolved};
use simulator::Time;
use sut::bugs::Bug;
use sut::{Variant, panics};

use crate::director::{Director, Watch};
use crate::judge::{Ended, outcome, passed, settle};
use crate::liveness::LivenessMonitor;
use crate::plant::prepare;
use crate::spectator::{Spectator, Unobserved, Watching};
use crate::stepped::{self, Insist};
use crate::verdict::{Outcome, Stop};
use crate::world::{KvWorld, build};

/// Changes whenever the same scenario and seed may give a different run than before.
pub const TRACE_VERSION: u32 = 5;

/// Runs a scenario with the algorithm as published.
///
/// # Panics
/// When the tool itself is broken, but never because of the scenario or the servers.
#[must_use]
pub fn run(scenario: &Resolved) -> Outcome {
    run_variant(scenario, &Variant::published(), &mut Unobserved)
}

/// Runs a scenario on servers with these rules and duties, and lets `observer` watch. The observer
/// sees each action before the checks do. It may end the run by objecting.
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
        director: Director::new(scenario, observer.takes_announcements()),
        names: &names,
        end: Time(scenario.length().get()),
    };
    let run = panics::catch(|| runner.go(scenario, &mut world, &mut checks, observer));
    let stopped = settle(scenario, run, world.cluster(), &mut checks);
    let ended = Ended {
        cluster: world.cluster(),
        now: world.now(),
        faults: world.ledger().iter().collect(),
        reordered: world.ledger().reordered(),
    };
    outcome(scenario, &ended, checks, stopped)
}

/// Runs a scenario on servers that all have this bug, or none, and lets `observer` watch.
///
/// # Panics
/// As [`run`].
pub fn run_with_bug(
    scenario: &Resolved,
    bug: Option<Bug>,
    observer: &mut dyn Spectator,
) -> Outcome {
    let Some(bug) = bug else {
        return run_variant(scenario, &Variant::published(), observer);
    };
    let mut scenario = scenario.clone();
    prepare(bug, &mut scenario);
    let variant = bug.variant();
    match scenario.script() {
        // A step may expect something that the bug breaks. Only the property counts.
        Some(script) => stepped::play(&scenario, script, &variant, Insist::No, observer).outcome,
        None => run_variant(&scenario, &variant, observer),
    }
}

/// Whether the run is within the limits that stop it.
#[inline]
fn within_limits(scenario: &Resolved, world: &KvWorld) -> Result<(), Stop> {
    let limits = &scenario.expect.limits;
    match passed(limits, world.cluster(), world.now()) {
        Some(unmet) => Err(Stop::Unmet(unmet)),
        None => Ok(()),
    }
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
        let mut liveness = LivenessMonitor::new(scenario);
        let mut watch = Watch::new(self.names.len());
        let waits = self.director.waits();
        loop {
            let looks = liveness.next_time().unwrap_or(self.end);
            let acts = self.director.next_time().unwrap_or(self.end);
            let next = looks.min(acts).min(self.end);
            // Until then only the world acts, unless an event occurs that a fault waits for.
            while world.next_time().is_some_and(|agenda| agenda < next) && watch.seen.is_empty() {
                within_limits(scenario, world)?;
                let triggers = waits.then_some(&mut watch);
                let mut all = (&mut *observer, (&mut *checks, triggers));
                world.step::<Watching>(&mut all)?;
                if observer.has_seen_enough() {
                    return Ok(());
                }
            }
            if !watch.seen.is_empty() {
                self.notice(&mut watch, world.now());
                continue;
            }
            within_limits(scenario, world)?;
            if next >= self.end {
                world.advance_to(self.end.max(world.now()));
                self.director.overdue(world).map_or(Ok(()), Err)?;
                return liveness
                    .ends(self.end, world.cluster(), checks, self.names)
                    .map_err(Stop::Late);
            }
            if acts == next {
                world.advance_to(next);
                self.act(world, &mut liveness, checks, &mut watch, observer)?;
            } else {
                world.advance_to(next);
                liveness
                    .look(next, world.cluster(), checks, self.names)
                    .map_err(Stop::Late)?;
            }
            if liveness.is_met() && self.director.may_end_early() {
                let saved = self.director.end_phase(next);
                self.end = Time(self.end.0 - saved.0);
            }
            if observer.has_seen_enough() {
                return Ok(());
            }
            self.notice(&mut watch, world.now());
        }
    }

    /// Tells the director about events that faults may wait for.
    fn notice(&mut self, watch: &mut Watch, now: Time) {
        for trigger in watch.seen.drain(..) {
            self.director.notice(trigger, now);
        }
    }

    /// Lets the director act. If a phase begins, the phase before it is judged first.
    fn act(
        &mut self,
        world: &mut KvWorld,
        liveness: &mut LivenessMonitor<'s>,
        checks: &mut Checks,
        watch: &mut Watch,
        observer: &mut dyn Spectator,
    ) -> Result<(), Stop> {
        let now = world.now();
        if let Some(phase) = self.director.next_phase() {
            self.director.overdue(world).map_or(Ok(()), Err)?;
            liveness
                .ends(now, world.cluster(), checks, self.names)
                .map_err(Stop::Late)?;
            liveness.begins(phase, now);
            observer.phase(now, phase);
        }
        self.director.learn(checks);
        let mut all = (&mut *observer, (checks, watch));
        let acted = self.director.act(world, &mut all);
        for announcement in self.director.take_announcements() {
            observer.told(now, &announcement);
        }
        acted?;
        self.director.take_failure().map_or(Ok(()), Err)
    }
}
