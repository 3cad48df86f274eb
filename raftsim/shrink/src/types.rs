//! The budget, the result, and the kinds of failures.

use std::ops::ControlFlow;

use checks::Broken;
use runner::{Missed, Outcome, Verdict};
use scenario::Resolved;
use sut::bugs::Bug;

/// The limit of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The largest number of replays.
    pub replays: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { replays: 20_000 }
    }
}

/// How a run fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A property does not hold.
    Broken(Broken),
    /// This expectation was not met in time.
    NotLive(Missed),
    /// This limit was exceeded, or a step did not find what it expects.
    Limit(Missed),
}

impl Failure {
    /// The failure of a run, if it failed.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Option<Failure> {
        match &outcome.verdict {
            Verdict::Safety(violation) => Some(Failure::Broken(violation.broken)),
            Verdict::Liveness(unmet) => Some(Failure::NotLive(unmet.missed.clone())),
            Verdict::Expectation(unmet) => Some(Failure::Limit(unmet.missed.clone())),
            Verdict::Ok | Verdict::Inconclusive(_) => None,
        }
    }

    /// Its name in reports: the property or the verdict.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Failure::Broken(broken) => broken.name(),
            Failure::NotLive(_) => "liveness",
            Failure::Limit(_) => "expectation",
        }
    }
}

/// The small form of a failing run.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The failure of the run and of its small form.
    pub failure: Failure,
    /// The bug in the servers.
    pub bug: Option<Bug>,
    /// The small form. A stepped scenario, if a property is broken; else a timed one.
    pub scenario: Resolved,
    /// The actions of the run.
    pub actions: u64,
    /// The remaining moves; 0 in a timed scenario.
    pub moves: u64,
    /// The steps of the scenario, and in a timed one its faults.
    pub steps: u64,
    /// The number of replays.
    pub replays: u64,
    /// Whether correct servers pass the small form. `None` if the published code itself fails: then there
    /// are no correct servers.
    pub passes: Option<bool>,
}

/// The progress of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Replays so far.
    pub replays: u64,
    /// The remaining moves; in a timed scenario the phases, faults and steps.
    pub left: u64,
}

/// Is called for every replay and decides whether to continue.
pub type Watch<'w> = &'w mut dyn FnMut(Progress) -> ControlFlow<()>;

/// The outcome of a run that does not fail.
#[derive(Clone, Debug)]
pub struct NotFailing(pub Box<Outcome>);
