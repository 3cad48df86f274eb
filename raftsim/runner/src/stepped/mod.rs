//! Plays a stepped scenario: performs its steps one after the other while the checks watch.

mod ballot;
mod expect;
mod faults;
mod gates;
mod kinds;
mod observers;
mod raw;
mod replicate;
mod step_failure;

use checks::Checks;
use scenario::{Ask, Completions, Impossible, Resolved, Script, ScriptStep, Verb, Who, shown_step};
use simulator::{Action, Applied, Cluster, NodeId, Span, Stepped, Time};
use sut::members::{self, Rank, leader};
use sut::{Server, Variant, panics};

use crate::judge;
use crate::judge::{Ended, outcome, passed};
use crate::link_text;
use crate::liveness::LivenessMonitor;
use crate::spectator::Spectator;
use crate::unmet::{Missed, Unmet};
use crate::verdict::{Outcome, Stop};
use crate::world::members;

use faults::Faults;
use observers::{Halt, Observers};
use step_failure::StepFailure;

/// The maximal number of actions of one `settle`.
const ACTION_LIMIT: u64 = 1_000_000;

/// Whether a step that cannot be done, or whose expectation is not met, ends the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insist {
    /// It does.
    Yes,
    /// The run continues without it. The verdict is about the first such step only if no property
    /// is violated.
    No,
}

/// A stepped run that is over.
#[derive(Clone, Debug)]
pub struct Played {
    /// The outcome.
    pub outcome: Outcome,
    /// For each step that was reached, in order, whether it could be done.
    pub done: Vec<bool>,
}

/// Plays a script on a cluster of a scenario's servers, and lets `observer` watch. Branches are
/// ignored.
///
/// # Panics
/// When the tool itself is broken, but never because of the scenario or the servers.
pub fn play(
    scenario: &Resolved,
    script: &Script,
    variant: &Variant,
    insist: Insist,
    observer: &mut dyn Spectator,
) -> Played {
    let names: Vec<String> = scenario.nodes.iter().map(|name| name.0.clone()).collect();
    let cluster = Cluster::new(
        members(scenario, variant),
        scenario.clients.count,
        scenario.seed,
    );
    let completions = match scenario.disk.completions {
        Completions::AtOnce => simulator::Completions::AtOnce,
        Completions::Listed => simulator::Completions::Listed,
    };
    let mut player = Player {
        scenario,
        world: Stepped::new(cluster, completions),
        serials: vec![0; scenario.clients.count as usize],
        observers: Observers {
            observer,
            checks: Checks::new(
                names.clone(),
                scenario.founders(),
                &scenario.expect.properties(),
            ),
            liveness: LivenessMonitor::new(scenario),
            faults: Faults::default(),
            names: &names,
        },
    };
    let mut done = Vec::with_capacity(script.steps.len());
    let mut first = None;
    let run = panics::catch(|| player.script(script, insist, &mut done, &mut first));
    let Player {
        world,
        mut observers,
        ..
    } = player;
    let mut stopped = judge::settle(scenario, run, world.cluster(), &mut observers.checks);
    if let (Ok(()) | Err(Stop::Unmet(_)), Some(unmet)) = (&stopped, first) {
        stopped = Err(Stop::Unmet(unmet));
    }
    let recorded = script.recorded.as_ref();
    let ended = Ended {
        cluster: world.cluster(),
        now: world.now(),
        faults: match recorded {
            Some(recorded) => faults::of(recorded),
            None => observers.faults.counts(),
        },
        reordered: recorded.map_or(0, |recorded| recorded.reordered),
    };
    let outcome = outcome(scenario, &ended, observers.checks, stopped);
    Played { outcome, done }
}

/// Plays one script on one world.
struct Player<'p> {
    scenario: &'p Resolved,
    world: Stepped<Server>,
    /// The last serial of each client.
    serials: Vec<u64>,
    observers: Observers<'p>,
}

/// Whether the script continues without a step that failed in this way.
fn skips(script: &Script, miss: &StepFailure) -> bool {
    script.impossible == Impossible::Skip && !matches!(miss, StepFailure::Differs { .. })
}

impl Player<'_> {
    fn script(
        &mut self,
        script: &Script,
        insist: Insist,
        done: &mut Vec<bool>,
        first: &mut Option<Unmet>,
    ) -> Result<(), Stop> {
        // A recorded run was stopped after it passed a limit, but it still performed the
        // completions of that moment.
        let limited = script.recorded.is_none();
        let insist = match script.impossible {
            Impossible::Fail => insist,
            Impossible::Skip => Insist::No,
        };
        for step in &script.steps {
            let result = self.step(step, insist);
            done.push(!matches!(result, Err(Halt::StepFailure(_))));
            match result {
                Ok(()) => {}
                Err(Halt::Violation(violation)) => return Err(Stop::Violation(violation)),
                Err(Halt::Late(unmet)) => return Err(Stop::Late(unmet)),
                Err(Halt::StepFailure(miss)) if skips(script, &miss) => {}
                Err(Halt::StepFailure(miss)) => match insist {
                    Insist::Yes => return Err(Stop::Unmet(self.unmet(step, &miss))),
                    Insist::No => {
                        // The text is built only for an observer that takes it.
                        if self.observers.observer.wants_events() {
                            let [what, why] = self.unmet(step, &miss).facts;
                            self.announce(&format!("{what} cannot be done: {why}"));
                        }
                        if first.is_none() {
                            *first = Some(self.unmet(step, &miss));
                        }
                    }
                },
            }
            if limited {
                self.within_limits()?;
            }
        }
        let now = self.world.now();
        let end = script.recorded.as_ref();
        let end = end.map_or(now, |recorded| now.max(Time(recorded.end.get())));
        let moved = self.world.advance_to(end);
        moved.expect("the end is not in the past");
        self.within_limits()?;
        let ended = self.observers.phase_ends(self.world.cluster(), end);
        ended.map_err(Stop::Late)
    }

    fn within_limits(&self) -> Result<(), Stop> {
        let limits = &self.scenario.expect.limits;
        match passed(limits, self.world.cluster(), self.world.now()) {
            Some(unmet) => Err(Stop::Unmet(unmet)),
            None => Ok(()),
        }
    }

    fn step(&mut self, step: &ScriptStep, insist: Insist) -> Result<(), Halt> {
        if let Some(at) = step.at {
            let at = Time(at.get());
            match insist {
                // If steps were removed from a list, time may be later than the list says.
                Insist::No => self.to(at.max(self.world.now()))?,
                Insist::Yes => self.to(at)?,
            }
        }
        if let Some(say) = &step.say {
            self.announce(say);
        }
        match &step.verb {
            Some(verb) => self.verb(verb),
            None => Ok(()),
        }
    }

    fn verb(&mut self, verb: &Verb) -> Result<(), Halt> {
        match verb {
            Verb::Settle(span) => {
                let span = Span(span.get());
                Ok(self.world.settle(span, ACTION_LIMIT, &mut self.observers)?)
            }
            Verb::Advance(span) => {
                let span = Span(span.get());
                self.to(self.world.now().after(span))
            }
            Verb::Elect { node, votes } => self.elect(*node, *votes),
            Verb::Campaign {
                node,
                granted_by,
                refused_by,
            } => self.campaign(*node, *granted_by, *refused_by),
            Verb::Replicate { from, to, through } => self.replicate(*from, *to, *through),
            Verb::Expect(expected) => {
                self.observers.observer.expected(self.world.now(), expected);
                self.expect(expected)
            }
            Verb::Ask(question) => {
                self.ask(question);
                Ok(())
            }
            Verb::Phase(name) => {
                let now = self.world.now();
                let ended = self.observers.phase_ends(self.world.cluster(), now);
                ended.map_err(Halt::Late)?;
                self.observers.liveness.begins(name, now);
                self.observers.observer.phase(now, name);
                self.announce(&format!("phase {name} begins"));
                Ok(())
            }
            Verb::Hold(_)
            | Verb::Release(_)
            | Verb::Cut(_)
            | Verb::Isolate(_)
            | Verb::Partition(_)
            | Verb::Heal(_) => self.gates(verb),
            _ => self.raw(verb),
        }
    }

    fn ask(
        &mut self,
        Ask {
            q,
            choices,
            answer,
            because,
        }: &Ask,
    ) {
        self.announce(&format!("question: {q} ({})", choices.join(" / ")));
        let because = because.as_deref().map(|why| format!(": {why}"));
        self.announce(&format!("answer: {answer}{}", because.unwrap_or_default()));
    }

    /// Performs one action now.
    fn act(&mut self, action: &Action<Server>) -> Result<Applied, Halt> {
        Ok(self.world.perform(action, None, &mut self.observers)?)
    }

    /// Moves time forward.
    fn to(&mut self, time: Time) -> Result<(), Halt> {
        let now = self.world.now();
        if time < now {
            return Err(StepFailure::Late { time, now }.into());
        }
        Ok(self.world.advance_to(time)?)
    }

    fn announce(&mut self, announcement: &str) {
        let now = self.world.now();
        self.observers.observer.told(now, announcement);
    }

    fn announce_nodes(&mut self, announcement: &str, nodes: &[NodeId]) {
        let nodes = link_text::list(nodes, &self.scenario.nodes);
        self.announce(&format!("{announcement} {nodes}"));
    }

    /// The selected nodes. The step fails if there are none.
    fn who(&self, who: Who) -> Result<Vec<NodeId>, Halt> {
        let cluster = self.world.cluster();
        let down = |node: &NodeId| cluster.node(*node).is_none();
        let up = |node: &NodeId| !down(node) && !cluster.is_paused(*node);
        let leader = || leader(cluster);
        let found: Vec<_> = match who {
            Who::These(nodes) => nodes.iter().collect(),
            Who::All => cluster.nodes().collect(),
            Who::Leader => leader().into_iter().collect(),
            Who::Followers => {
                let leader = leader();
                let others = cluster.nodes().filter(|node| Some(*node) != leader);
                others.filter(up).collect()
            }
            Who::Down => cluster.nodes().filter(down).collect(),
            Who::Up => cluster.nodes().filter(up).collect(),
            Who::Voters => members::of_rank(cluster, Rank::Voter),
            Who::Learners => members::of_rank(cluster, Rank::Learner),
            Who::Witnesses => members::witnesses(cluster),
            Who::Removed => members::of_rank(cluster, Rank::Removed),
        };
        if found.is_empty() {
            return Err(StepFailure::Nobody.into());
        }
        Ok(found)
    }

    fn unmet(&self, step: &ScriptStep, miss: &StepFailure) -> Unmet {
        let names = &self.scenario.nodes;
        let facts = [
            format!("{}: {}", step.place, shown_step(step, names)),
            miss.says(self.observers.names),
        ];
        Unmet {
            missed: Missed::Step,
            time: self.world.now(),
            event: self.world.cluster().last_event().0,
            facts,
            step: Some(Box::new(step.place.clone())),
        }
    }
}
