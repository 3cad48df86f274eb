//! What an expectation that is not met is about: by this, not by its words, a failure is known.

use scenario::Place;
use simulator::{FaultKind, Time};
use sut::Property;

/// An expectation that did not come true in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// Which expectation.
    pub missed: Missed,
    /// When it should have been true at the latest.
    pub time: Time,
    /// The last event before it was seen: what came later did not lead to it.
    pub event: u64,
    /// What was asked, and what was the case.
    pub facts: [String; 2],
    /// The step that asked, in a stepped run.
    pub step: Option<Box<Place>>,
}

impl Unmet {
    /// Whether a step is not as it says, of a stepped run or of a script.
    #[must_use]
    pub fn is_about_a_step(&self) -> bool {
        self.step.is_some() || matches!(self.missed, Missed::Script { .. })
    }
}

/// What did not come about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missed {
    /// A part of what must come true in a phase.
    Clause {
        /// The phase, by name.
        phase: Box<str>,
        /// Which part.
        clause: Clause,
    },
    /// A limit, by its name in scenarios.
    Limit(&'static str),
    /// A step that cannot be done, or that expects something else.
    Step,
    /// A step of a script.
    Script {
        /// The phase, by name.
        phase: Box<str>,
        /// Where the step stands in it.
        step: Box<str>,
    },
    /// A fault that never found anything to act on.
    Fault(FaultKind),
    /// A property of which is not known whether it holds.
    Undecided(Property),
}

/// A part of what must come true in a phase.
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

    /// A part of what must come true in this phase.
    pub(crate) fn of(phase: &str, clause: Clause) -> Self {
        Missed::Clause {
            phase: phase.into(),
            clause,
        }
    }
}
