//! What may be spent, what came of it, and how a run fails.

use std::ops::ControlFlow;

use checks::Broken;
use runner::{Missed, Outcome, Verdict};
use scenario::Resolved;
use sut::bugs::Bug;

/// How much work may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The most replays.
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
    /// This did not come true in time.
    NotLive(Missed),
    /// This limit was passed, or a step found something else than it expects.
    Limit(Missed),
}

impl Failure {
    /// How a run failed, if it did.
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

/// What a failing run came down to.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// How the run fails, and its small form.
    pub failure: Failure,
    /// The bug that the servers have.
    pub bug: Option<Bug>,
    /// The small form. A stepped scenario, if a property is broken; else a timed one.
    pub scenario: Resolved,
    /// The actions of the run.
    pub actions: u64,
    /// The moves that are left of them; 0 in a timed scenario.
    pub moves: u64,
    /// The steps of the scenario, and in a timed one its faults.
    pub steps: u64,
    /// The replays it took.
    pub replays: u64,
    /// Whether correct servers pass the small form. `None` if the published code itself fails: then
    /// nobody knows what correct is.
    pub passes: Option<bool>,
}

/// How far the work has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Replays so far.
    pub replays: u64,
    /// Moves that are left; of a timed scenario, its phases, faults and steps.
    pub left: u64,
}

/// Hears of every replay, and says whether to go on.
pub type Watch<'w> = &'w mut dyn FnMut(Progress) -> ControlFlow<()>;

/// A run that does not fail, and what became of it instead.
#[derive(Clone, Debug)]
pub struct NotFailing(pub Box<Outcome>);
