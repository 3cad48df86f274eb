//! Writes down the actions of a run and the expectations of its steps as a stepped scenario that
//! repeats the run.

use std::collections::BTreeMap;

use checks::{Broken, Violation};
use scenario::{
    Call, ClockRate, Completions, Course, Expected, FaultCounts, Keep, Letters, Metric, Nanos,
    Recorded, Resolved, Script, ScriptStep, Verb,
};
use simulator::{Action, Cluster, Endpoint, MessageId, Observer, Step, Time};
use sut::Server;
use sut::bugs::Bug;

use crate::run::TRACE_VERSION;
use crate::spectator::Spectator;
use crate::verdict::{Outcome, Verdict};

/// Keeps every action of a run, one step for each, and passes all calls on to another observer.
pub struct Recording<'o> {
    observer: &'o mut dyn Spectator,
    steps: Vec<ScriptStep>,
    /// The last action tried. A run may end during an action.
    tried: Option<ScriptStep>,
}

impl<'o> Recording<'o> {
    /// A recording of a run that `observer` watches.
    pub fn new(observer: &'o mut dyn Spectator) -> Self {
        Self {
            observer,
            steps: Vec::new(),
            tried: None,
        }
    }

    /// The run as a stepped scenario. `scenario` and `bug` are the inputs of the run, and `outcome`
    /// is its result.
    #[must_use]
    pub fn into_scenario(
        mut self,
        scenario: &Resolved,
        bug: Option<Bug>,
        outcome: &Outcome,
    ) -> Resolved {
        let asserted = matches!(&outcome.verdict,
            Verdict::Safety(violation) if violation.broken == Broken::CoreAssertion);
        if asserted {
            self.steps.extend(self.tried.take());
        }
        let faults = outcome.faults.iter().map(|(kind, count)| {
            let counts = FaultCounts {
                scheduled: count.scheduled,
                applied: count.applied,
                effective: count.effective,
            };
            (kind.name().to_owned(), counts)
        });
        let recorded = Recorded {
            trace_version: TRACE_VERSION,
            trace_hash: format!("{:016x}", outcome.trace_hash),
            verdict: outcome.verdict.name().to_owned(),
            bug: bug.map(|bug| bug.id().to_owned()),
            end: nanos(Time(outcome.sim_ns)),
            faults: faults.collect::<BTreeMap<_, _>>(),
            reordered: outcome.metric(Metric::MessagesReordered),
        };
        let impossible = scenario.script().map(|script| script.impossible);
        let mut run = scenario.clone();
        run.disk.completions = Completions::Listed;
        run.params.clear();
        run.expect.caught_by.clear();
        run.course = Course::Stepped(Script {
            steps: self.steps,
            recorded: Some(recorded),
            impossible: impossible.unwrap_or_default(),
            ..Script::default()
        });
        run
    }
}

impl Observer<Server> for Recording<'_> {
    type Violation = Box<Violation>;

    fn wants_events(&self) -> bool {
        self.observer.wants_events()
    }

    fn before(
        &mut self,
        cluster: &Cluster<Server>,
        time: Time,
        action: &Action<Server>,
    ) -> Result<(), Box<Violation>> {
        self.tried = Some(ScriptStep::from(verb(action)).at(nanos(time)));
        self.observer.before(cluster, time, action)
    }

    fn after(
        &mut self,
        cluster: &Cluster<Server>,
        step: &Step<'_, Server>,
    ) -> Result<(), Box<Violation>> {
        self.steps.extend(self.tried.take());
        self.observer.after(cluster, step)
    }
}

impl Spectator for Recording<'_> {
    fn phase(&mut self, time: Time, name: &str) {
        let mark = ScriptStep::from(Verb::Phase(name.to_owned()));
        self.steps.push(mark.at(nanos(time)));
        self.observer.phase(time, name);
    }

    fn told(&mut self, time: Time, announcement: &str) {
        self.observer.told(time, announcement);
    }

    fn expected(&mut self, time: Time, expected: &Expected) {
        let step = ScriptStep::from(Verb::Expect(Box::new(expected.clone())));
        self.steps.push(step.at(nanos(time)));
        self.observer.expected(time, expected);
    }
}

fn nanos(time: Time) -> Nanos {
    Nanos::new(time.0).unwrap_or(Nanos::MAX)
}

/// The verb that repeats an action.
///
/// # Panics
/// If no scenario can express the rate of the clock.
#[must_use]
pub fn verb(action: &Action<Server>) -> Verb {
    match action {
        Action::Deliver(id) => Verb::Deliver(letter(*id)),
        Action::Duplicate(id) => Verb::Duplicate(letter(*id)),
        Action::Drop(id, _) => Verb::Drop(letter(*id)),
        Action::Wake(node) => Verb::Timeout(*node),
        Action::Written { node, through } => Verb::Written {
            node: *node,
            through: Some(*through),
        },
        Action::Crash { node, cut } => Verb::Crash {
            who: (*node).into(),
            keep: Keep {
                writes: cut.writes,
                parts: cut.parts,
            },
        },
        Action::Restart(node) => Verb::Restart((*node).into()),
        Action::Clock { node, rate, jump } => Verb::Clock {
            who: (*node).into(),
            rate: Some(
                ClockRate::new(rate.num(), rate.den()).expect("only rates of files are ever set"),
            ),
            jump: Nanos::new(jump.0).unwrap_or(Nanos::MAX),
        },
        Action::Pause(node) => Verb::Pause((*node).into()),
        Action::Resume(node) => Verb::Resume((*node).into()),
        Action::Operator { node, command } => Verb::Operator {
            node: *node,
            command: command.clone(),
        },
        Action::Call {
            client,
            serial,
            target,
            request,
        } => Verb::Call(Box::new(Call {
            client: *client,
            serial: Some(*serial),
            to: *target,
            request: request.clone(),
        })),
        Action::Retry { client, target, .. } => Verb::Retry {
            client: *client,
            to: *target,
        },
        Action::GiveUp { client, .. } => Verb::GiveUp { client: *client },
    }
}

fn letter(id: MessageId) -> Letters {
    let end = |end: Endpoint| end.into();
    Letters {
        from: end(id.from),
        to: end(id.to),
        kind: None,
        ordinal: Some(id.ordinal),
        all: false,
    }
}
