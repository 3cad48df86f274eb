//! What an expectation that is not met is about: by this, not by its words, a failure is known.

use simulator::FaultKind;

use crate::format::Property;

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
