//! The result of a run.

use checks::{History, Violation};
use scenario::Metric;
use simulator::{Count, FaultKind};
use sut::Property;

use crate::unmet::Unmet;

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Whether the run met all expectations.
    pub verdict: Verdict,
    /// The hash of all actions.
    pub trace_hash: u64,
    /// Actions performed.
    pub events: u64,
    /// Messages and timers. The speed of simulators is given in these events.
    pub deliveries: u64,
    /// Simulated nanoseconds.
    pub sim_ns: u64,
    /// The counts, by metric.
    pub metrics: Vec<(Metric, u64)>,
    /// The counts of faults, by kind. Kinds that never occurred are left out.
    pub faults: Vec<(FaultKind, Count)>,
    /// How often each property was evaluated.
    pub checks: Vec<(Property, u64)>,
    /// The calls of clients and their results.
    pub history: History,
    /// The last committed index.
    pub committed: u64,
    /// The servers at the end of the run, by node; absent for nodes that were down. They are kept
    /// only for runs that failed.
    pub servers: Vec<Option<kv::Status>>,
}

impl Outcome {
    /// The count of this metric.
    #[must_use]
    pub fn metric(&self, wanted: Metric) -> u64 {
        let found = self.metrics.iter().find(|(metric, _)| *metric == wanted);
        found.expect("a run counts every metric").1
    }
}

/// Whether the run met all expectations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It did.
    Ok,
    /// A property does not hold.
    Safety(Box<Violation>),
    /// A limit was passed.
    Expectation(Unmet),
    /// An expectation did not come true in time.
    Liveness(Unmet),
    /// The run did not reach the situation that it tests.
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

/// The reason why a run stops before its end.
pub(crate) enum Stop {
    /// A property does not hold.
    Violation(Box<Violation>),
    /// An expectation did not come true in time.
    Late(Unmet),
    /// A step cannot be done, a step's expectation is not met, or a limit was passed.
    Unmet(Unmet),
}

impl From<Box<Violation>> for Stop {
    fn from(violation: Box<Violation>) -> Self {
        Self::Violation(violation)
    }
}
