//! What became of a run.

use checks::{History, Violation};
use scenario::Metric;
use simulator::{Count, FaultKind};
use sut::Property;

use crate::unmet::Unmet;

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
