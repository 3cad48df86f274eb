//! The subject of an expectation that is not met. Failures are identified by it, not by their text.

use scenario::Place;
use simulator::{FaultKind, Time};
use sut::Property;

/// An expectation that did not come true in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// The kind of expectation.
    pub missed: Missed,
    /// The latest time at which it should have been true.
    pub time: Time,
    /// The last event before the failure was seen. Later events did not lead to it.
    pub event: u64,
    /// The expectation and the actual state, as text.
    pub facts: [String; 2],
    /// The step with the expectation, in a stepped run.
    pub step: Option<Box<Place>>,
}

impl Unmet {
    /// Whether a step of a stepped run or of a script failed.
    #[must_use]
    pub fn is_about_a_step(&self) -> bool {
        self.step.is_some() || matches!(self.missed, Missed::Script { .. })
    }
}

/// The part of the scenario that was not fulfilled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missed {
    /// A clause of an expectation of a phase.
    Clause {
        /// The phase, by name.
        phase: Box<str>,
        /// The clause.
        clause: Clause,
    },
    /// A limit, by its name in scenarios.
    Limit(&'static str),
    /// A step that cannot be done, or whose expectation is not met.
    Step,
    /// A step of a script.
    Script {
        /// The phase, by name.
        phase: Box<str>,
        /// The position of the step in the phase.
        step: Box<str>,
    },
    /// A fault that never found a target.
    Fault(FaultKind),
    /// A property that the checks could not decide.
    Undecided(Property),
}

/// A clause of an expectation of a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clause {
    /// `one_leader`
    OneLeader,
    /// `led_by`
    LedBy,
    /// `stays`
    Stays,
    /// `all_committed`
    AllCommitted,
    /// `all_applied_equal`
    AllAppliedEqual,
    /// `all_served`
    AllServed,
    /// `members`
    Members,
}

impl Missed {
    /// A step of the script of this phase.
    pub(crate) fn script(phase: &str, step: &str) -> Self {
        Missed::Script {
            phase: phase.into(),
            step: step.into(),
        }
    }

    /// A clause of an expectation of this phase.
    pub(crate) fn of(phase: &str, clause: Clause) -> Self {
        Missed::Clause {
            phase: phase.into(),
            clause,
        }
    }
}
